//! What a replay says.

use desserte_domain::slot::SlotState;
use serde::Serialize;

use crate::api::model::{Month, OutageItem};
use crate::api::time as text;
use crate::assess::months::MonthResult;
use crate::assess::{SiteSamples, SiteTest};

/// What a replay says.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// The agreement.
    pub agreement: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Site by site.
    pub sites: Vec<SiteReplay>,
    /// Reports that were not taken, and why.
    pub refused: Vec<RefusedReport>,
    /// Reports whose boot never learnt the time: nothing of them is slotted.
    pub without_time: usize,
}

/// What a replay says of a site.
#[derive(Debug, Clone, Serialize)]
pub struct SiteReplay {
    /// The site.
    pub site: String,
    /// Runs of equal slots over the period.
    pub slots: Vec<SlotRun>,
    /// Outages that reach into the period, with cause and evidence.
    pub outages: Vec<OutageItem>,
    /// The month's figures.
    pub figures: Month,
}

/// Slots of one state, one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotRun {
    /// Start of the first.
    pub start: String,
    /// How many.
    pub slots: usize,
    /// `good`, `bad` or `unknown`.
    pub state: SlotState,
}

/// A report that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedReport {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Why: `invalid_report`, `sequence_conflict` or `future_dated`.
    pub code: &'static str,
    /// Why, in words.
    pub reason: String,
}

/// The slots of the period, run by run.
pub(super) fn slot_runs(
    test: &SiteTest,
    samples: &SiteSamples,
    result: &MonthResult,
) -> Vec<SlotRun> {
    let columns = test.counted(&samples.targets);
    let period = &result.period;
    let slots = test.slots(period.start_unix_ms, period.slot_count(), &columns);
    let mut start = 0;
    let mut runs = Vec::new();
    for run in slots.chunk_by(|left, right| left == right) {
        if let Some(state) = run.first() {
            runs.push(SlotRun {
                start: text::text_or_epoch(period.slot_start_unix_ms(start)),
                slots: run.len(),
                state: *state,
            });
        }
        start += run.len();
    }
    runs
}
