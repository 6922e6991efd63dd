//! From stored samples to what a site's line did: glue around the pure rules of `desserte-domain`.
//!
//! [`judge()`] is a function from values to values; [`crate::app::Source`] fetches those values from the store, and
//! [`worker`] runs both whenever samples come or time passes.

pub mod evidence;
pub mod history;
pub mod judge;
pub mod months;
mod test;
pub mod worker;

pub use evidence::EvidenceRow;
pub use judge::{Judgement, SiteSamples, TargetSamples, Window, judge};
pub use test::SiteTest;
