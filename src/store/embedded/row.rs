//! One sample without its series, as it waits in memory.

use std::sync::Arc;

use desserte_domain::observation::Outcome;
use desserte_probe::report::Detail;

use crate::store::samples::{SampleBlock, SampleRow, SeriesKey};

/// A sample of a series that is known from where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time_unix_ms: i64,
    pub(super) sequence: u64,
    pub(super) uncertainty_ms: u32,
    pub(super) rtt_us_min: Option<u32>,
    pub(super) rtt_us_median: Option<u32>,
    pub(super) rtt_us_max: Option<u32>,
    pub(super) rtt_us_mean_successive_difference: Option<u32>,
    pub(super) outcome: Outcome,
    pub(super) sent: u16,
    pub(super) received: u16,
    pub(super) coarse: bool,
    pub(super) detail: Option<Box<Detail>>,
}

impl Row {
    /// The place of a sample within its series.
    pub(super) fn place(&self) -> (i64, u64) {
        (self.time_unix_ms, self.sequence)
    }

    pub(super) fn of(row: &SampleRow) -> Self {
        Self {
            time_unix_ms: row.time_unix_ms,
            sequence: row.sequence,
            uncertainty_ms: row.uncertainty_ms,
            rtt_us_min: row.rtt_us_min,
            rtt_us_median: row.rtt_us_median,
            rtt_us_max: row.rtt_us_max,
            rtt_us_mean_successive_difference: row.rtt_us_mean_successive_difference,
            outcome: row.outcome,
            sent: row.sent,
            received: row.received,
            coarse: row.coarse,
            detail: row.detail.clone().map(Box::new),
        }
    }

    pub(super) fn with(self, series: Arc<SeriesKey>) -> SampleRow {
        SampleRow {
            series,
            time_unix_ms: self.time_unix_ms,
            uncertainty_ms: self.uncertainty_ms,
            sequence: self.sequence,
            outcome: self.outcome,
            sent: self.sent,
            received: self.received,
            rtt_us_min: self.rtt_us_min,
            rtt_us_median: self.rtt_us_median,
            rtt_us_max: self.rtt_us_max,
            rtt_us_mean_successive_difference: self.rtt_us_mean_successive_difference,
            coarse: self.coarse,
            detail: self.detail.map(|detail| *detail),
            summary_spacing_ms: None,
        }
    }

    pub(super) fn push_to(&self, block: &mut SampleBlock) {
        block.time_unix_ms.push(self.time_unix_ms);
        block.uncertainty_ms.push(self.uncertainty_ms);
        block.sequence.push(self.sequence);
        block.outcome.push(self.outcome);
        block.sent.push(self.sent);
        block.received.push(self.received);
        block.rtt_us_min.push(self.rtt_us_min);
        block.rtt_us_median.push(self.rtt_us_median);
        block.rtt_us_max.push(self.rtt_us_max);
        block
            .rtt_us_mean_successive_difference
            .push(self.rtt_us_mean_successive_difference);
        block.coarse.push(self.coarse);
    }
}

/// Rows in the order of their arrival become rows in the order of time; of those at one place the
/// first to arrive stays.
pub(super) fn settle(rows: &mut Vec<Row>) {
    rows.sort_by_key(Row::place);
    rows.dedup_by(|later, first| later.place() == first.place());
}
