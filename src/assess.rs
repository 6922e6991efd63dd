//! From stored samples to what a site's line did: glue around the pure rules of `desserte-domain`.
//!
//! [`judge()`] is a function from values to values; [`crate::app::Source`] fetches those values from the store, and
//! [`worker`] runs both whenever samples come or time passes.

mod anchors;
pub mod evidence;
pub mod history;
pub mod judge;
mod lines;
pub mod long;
pub mod months;
pub mod neighbours;
pub mod strip;
mod test;
pub mod timeline;
mod track;
pub mod worker;

pub use evidence::EvidenceRow;
pub use judge::{Judgement, SiteSamples, TargetSamples, Window, judge};
pub use neighbours::NeighboursSeen;
pub use test::{Column, SiteTest};

/// A row of the store as the domain reasons about it.
#[must_use]
pub fn observation(
    row: &crate::store::samples::SampleRow,
) -> desserte_domain::observation::Observation {
    desserte_domain::observation::Observation {
        start_unix_ms: row.time_unix_ms,
        uncertainty_ms: row.uncertainty_ms,
        sequence: row.sequence,
        sent: row.sent,
        received: row.received,
        rtt_us_min: row.rtt_us_min,
        rtt_us_median: row.rtt_us_median,
        rtt_us_max: row.rtt_us_max,
        rtt_us_mean_successive_difference: row.rtt_us_mean_successive_difference,
        coarse: row.coarse,
        line: None,
        outcome: row.outcome,
    }
}

/// What a throughput measurement found; `None` of another kind.
#[must_use]
pub fn rate(
    start_unix_ms: i64,
    detail: &desserte_probe::report::Detail,
) -> Option<desserte_domain::quality::Rate> {
    let desserte_probe::report::Detail::Throughput {
        download_bits_per_second,
        upload_bits_per_second,
        ..
    } = detail
    else {
        return None;
    };
    Some(desserte_domain::quality::Rate {
        start_unix_ms,
        download_bits_per_second: *download_bits_per_second,
        upload_bits_per_second: *upload_bits_per_second,
    })
}
