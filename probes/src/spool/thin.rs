//! Thinning: old minutes in which nothing happened become runs of a summary.

use super::record::{Draft, Record, Tables};
use crate::report::{
    Content, Entry, Evidence, Fact, Minute, Neighbour, Outcome, Sample, Summary, SummaryRun,
};

/// Most minutes in one summary: four hours, so that a damaged record costs no more.
const GROUP_MINUTES_MAX: usize = 240;
/// How far a sample may lie from its place in a run: an eighth of the slot, at most this.
const JITTER_MS_MAX: u64 = 2_000;

/// What became of a segment's records.
#[derive(Debug, Default)]
pub(super) struct Thinned {
    /// To be appended, each under a new sequence.
    pub(super) summaries: Vec<Draft>,
    /// Left as they are.
    pub(super) kept: Vec<Record>,
    /// Minutes that are now in `summaries`.
    pub(super) minutes: u64,
}

/// Whether a minute may be thinned: nothing failed and nothing was seen that explains a failure.
pub(super) fn uneventful(minute: &Minute) -> bool {
    minute
        .samples
        .iter()
        .all(|s| s.outcome == Outcome::Ok && s.rtt_us_min.is_some())
        && minute.evidence.iter().all(routine)
}

fn routine(evidence: &Evidence) -> bool {
    match &evidence.fact {
        Fact::Line {
            carrier,
            associated,
            route,
            gateway,
            ..
        } => {
            *carrier != Some(false)
                && *associated != Some(false)
                && *route != Some(false)
                && *gateway != Neighbour::Failed
        }
        Fact::Gateway { sent, received, .. }
        | Fact::FirstHop { sent, received, .. }
        | Fact::Resolver { sent, received, .. } => sent == received,
        Fact::Captive { intercepted } => !intercepted,
        Fact::Power { mains, .. } => *mains != Some(false),
        Fact::Collector { .. } | Fact::Spool { .. } | Fact::Volume { .. } => true,
        Fact::GatewayUptime { .. }
        | Fact::Started { .. }
        | Fact::Stopping { .. }
        | Fact::Suspended { .. }
        | Fact::IcmpError { .. }
        | Fact::Lag { .. }
        | Fact::ClockStep { .. } => false,
    }
}

/// Splits a segment's records into what stays and what becomes summaries.
pub(super) fn thin(records: Vec<Record>) -> Thinned {
    let mut result = Thinned::default();
    let mut group: Vec<Record> = Vec::new();
    for record in records {
        let thinnable = matches!(&record.draft.content, Content::Minute(m) if uneventful(m));
        let continues = group
            .last()
            .is_none_or(|last| last.draft.boot == record.draft.boot)
            && group.len() < GROUP_MINUTES_MAX;
        if !(thinnable && continues) {
            close(&mut group, &mut result);
        }
        if thinnable {
            group.push(record);
        } else {
            result.kept.push(record);
        }
    }
    close(&mut group, &mut result);
    result
}

/// One minute alone gains nothing.
fn close(group: &mut Vec<Record>, result: &mut Thinned) {
    let group = std::mem::take(group);
    match (group.len() >= 2).then(|| summarise(&group)).flatten() {
        Some(summary) => {
            result.minutes += group.len() as u64;
            result.summaries.push(summary);
        }
        None => result.kept.extend(group),
    }
}

fn summarise(group: &[Record]) -> Option<Draft> {
    let (first, last) = (group.first()?, group.last()?);
    let mut tables = Tables::default();
    let entries: Vec<Entry> = group
        .iter()
        .map(|record| tables.translate(record))
        .collect::<Option<_>>()?;
    let samples = entries.iter().flat_map(|entry| match &entry.content {
        Content::Minute(minute) => minute.samples.as_slice(),
        Content::Summary(_) => &[],
    });
    let mut runs: Vec<OpenRun> = Vec::new();
    for sample in samples {
        let slot_ms =
            u64::from(tables.targets.get(usize::from(sample.target))?.slot_seconds) * 1_000;
        // The newest run of the target first: only that one can go on.
        let newest = runs
            .iter_mut()
            .rev()
            .find(|run| run.target == sample.target);
        match newest {
            Some(run) if run.takes(sample, slot_ms) => run.add(sample),
            _ => runs.push(OpenRun::new(sample)),
        }
    }
    let runs = runs
        .into_iter()
        .map(|run| run.finish(&tables))
        .collect::<Option<Vec<_>>>()?;
    Some(Draft {
        exchanges: group
            .iter()
            .flat_map(|r| r.draft.exchanges.iter().copied())
            .collect(),
        targets: tables.targets,
        lines: tables.lines,
        content: Content::Summary(Summary {
            replaces_first: first.sequence,
            replaces_last: last.sequence,
            runs,
        }),
        ..last.draft.clone()
    })
}

struct OpenRun {
    target: u16,
    line: Option<u16>,
    sent: u16,
    first_start_ms: u64,
    minimum: u32,
    maximum: u32,
    medians: Vec<u32>,
}

impl OpenRun {
    fn new(sample: &Sample) -> Self {
        let mut run = Self {
            target: sample.target,
            line: sample.line,
            sent: sample.sent,
            first_start_ms: sample.start_boottime_ms,
            minimum: u32::MAX,
            maximum: 0,
            medians: Vec::new(),
        };
        run.add(sample);
        run
    }

    fn takes(&self, sample: &Sample, slot_ms: u64) -> bool {
        let expected = self.first_start_ms + slot_ms * self.medians.len() as u64;
        self.line == sample.line
            && self.sent == sample.sent
            && sample.start_boottime_ms.abs_diff(expected) <= (slot_ms / 8).min(JITTER_MS_MAX)
    }

    fn add(&mut self, sample: &Sample) {
        self.minimum = self.minimum.min(sample.rtt_us_min.unwrap_or(u32::MAX));
        self.maximum = self.maximum.max(sample.rtt_us_max.unwrap_or(0));
        self.medians.extend(sample.rtt_us_median);
    }

    fn finish(mut self, tables: &Tables) -> Option<SummaryRun> {
        self.medians.sort_unstable();
        let slots = u32::try_from(self.medians.len()).ok()?;
        let slot_seconds = tables.targets.get(usize::from(self.target))?.slot_seconds;
        Some(SummaryRun {
            target: self.target,
            line: self.line,
            first_start_boottime_ms: self.first_start_ms,
            interval_ms: slot_seconds.saturating_mul(1_000),
            slots,
            sent_per_slot: self.sent,
            rtt_us_min: self.minimum,
            rtt_us_median: *self.medians.get(self.medians.len().div_ceil(2) - 1)?,
            rtt_us_max: self.maximum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_explains_a_failure_is_not_thinned() {
        let telling = [
            Fact::Started {
                clean_stop: None,
                previous_boot: None,
                previous_written_boottime_ms: None,
            },
            Fact::Suspended { milliseconds: 1 },
            Fact::Power {
                mains: Some(false),
                battery_percent: None,
            },
            Fact::Lag { milliseconds: 1 },
        ];
        for fact in telling {
            let minute = Minute {
                samples: vec![],
                evidence: vec![Evidence {
                    boottime_ms: 1,
                    fact,
                }],
            };
            assert!(!uneventful(&minute), "{minute:?}");
        }
    }
}
