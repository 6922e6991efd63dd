//! Slots of a site over the days that a plan looks back on.

use desserte_domain::machine::Availability;

use super::judge::{Window, run_slots};
use super::test::SiteTest;
use super::track::sums;
use crate::app::{Source, SourceError};

/// A day, milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// Slots of a site up, down and unknown in `[from, to)`, Unix milliseconds, read from the store: for
/// who has no worker that keeps them.
pub fn slots_between(
    source: &Source,
    site: &str,
    test: &SiteTest,
    (from_unix_ms, to_unix_ms): (i64, i64),
) -> Result<(u64, u64, u64), SourceError> {
    let window = Window::between(from_unix_ms, to_unix_ms, test.rule.slot_seconds);
    let targets = source.measured(site, (window.start_unix_ms, window.end_unix_ms()))?;
    let (slots, run) = run_slots(test, &targets, window, Availability::Available);
    let sums = sums(window, &slots, &run, window.start_unix_ms);
    Ok((sums.up, sums.down, sums.unknown))
}
