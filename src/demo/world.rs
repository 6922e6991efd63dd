//! The seeded world: what each invented site lives through, minute by minute. Pure: the same seed,
//! sites and starts give the same minutes, whenever they are asked for.
//!
//! | part | says |
//! |---|---|
//! | [`site`] | who a site is: technology of its line, operator, terms that judge it |
//! | [`fault`] | what can happen to it, and which cause must be found |
//! | [`script`] | what happens to it, and when |
//! | [`boots`] | how its box starts again |
//! | [`minute`] | what its agent measures and sees in a minute |

pub mod boots;
pub mod draw;
pub mod fault;
pub mod minute;
pub mod script;
pub mod site;

/// A minute, milliseconds. Slots of the fleet are minutes since the Unix epoch.
pub const MINUTE_MS: i64 = 60_000;
/// Minutes of a day.
pub const DAY: i64 = 1_440;

/// The minute that holds a moment.
#[must_use]
pub fn minute_of(unix_ms: i64) -> i64 {
    unix_ms.div_euclid(MINUTE_MS)
}
