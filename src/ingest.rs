//! From a signed batch to a signed receipt, and from the journal to the sample store.
//!
//! [`accept`] verifies, journals and signs; what a receipt stands for is on disk by then. `apply`
//! follows the journal on a thread of its own: it alone turns a `Sample` into what the domain calls an
//! observation, notes lines, fills the store and says what changed. Started again it goes on where
//! the store's own position says it was.

pub mod accept;
pub mod activity;
mod apply;
mod canonical;
mod letting_go;
mod refill;
pub mod refusal;
mod rows;
mod verify;

pub use accept::BatchRequest;
pub use activity::{Activity, ClockSeen, Counters, SpoolState, VolumeSeen};
pub use apply::IngestEvent;
pub(crate) use apply::{Applier, Following};
pub(crate) use canonical::entry_hash;
pub use refill::{RefillError, refill};
pub use refusal::Refusal;
pub use rows::{ExpandError, Rows, rows};
pub use verify::{Prepared, decode};
pub(crate) use verify::{entries_of, matches_envelope, measured};
