//! A report in corrected time: rows for the sample store. The one conversion from what an agent sent
//! to what the domain reasons about.
//!
//! A summary's run becomes its samples again: `slots` of them, `interval_ms` apart, each answered in
//! full. Each carries the run's median, and the run's minimum and maximum as the bounds that they are
//! of every slot in it.

use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasher,
    sync::Arc,
};

use desserte_domain::observation::Outcome as Observed;
use desserte_probe::{
    clock::TimeMap,
    report::{Content, Detail, Entry, Fact, Outcome, Report, ReportedTarget, Sample, SummaryRun},
};

use crate::{
    registry::{Assignment, line_key, site_at},
    store::{
        journal::JournaledBatch,
        samples::{EvidenceRow, SampleRow, SeriesKey},
    },
};

/// Why a journaled batch has no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// An index points to nothing; [`desserte_probe::report::validate`] refuses such reports.
    #[error("batch {position}: entry {sequence}: {what} {index} does not exist")]
    Index {
        /// Position of the batch.
        position: u64,
        /// Entry.
        sequence: u64,
        /// `target` or `line`.
        what: &'static str,
        /// The index.
        index: u16,
    },
    /// Nobody knows where the agent was.
    #[error("batch {position}: its agent was never assigned to a site")]
    Unassigned {
        /// Position of the batch.
        position: u64,
    },
}

/// Rows of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Samples.
    pub samples: Vec<SampleRow>,
    /// Evidence.
    pub evidence: Vec<EvidenceRow>,
    /// First and last corrected time of each site concerned, Unix milliseconds.
    pub spans: HashMap<String, (i64, i64)>,
}

/// Samples of a report with its summaries spelt out.
pub(crate) fn expanded_samples(report: &Report) -> u64 {
    let of_entry = |entry: &Entry| match &entry.content {
        Content::Minute(minute) => u64::try_from(minute.samples.len()).unwrap_or(u64::MAX),
        Content::Summary(summary) => summary.runs.iter().map(|run| u64::from(run.slots)).sum(),
    };
    report.entries.iter().map(of_entry).sum()
}

/// Boot time of the last sample of a run.
pub(crate) fn last_start(run: &SummaryRun) -> u64 {
    let steps = u64::from(run.slots.saturating_sub(1));
    run.first_start_boottime_ms
        .saturating_add(steps.saturating_mul(u64::from(run.interval_ms)))
}

/// Spells a batch out. Only the entries in `owned` count: the others were accepted with an earlier
/// batch, and are kept once.
pub fn rows(
    batch: &JournaledBatch,
    report: &Report,
    map: &TimeMap,
    assignments: &[Assignment],
    owned: &HashSet<u64, impl BuildHasher>,
) -> Result<Rows, ExpandError> {
    let mut expander = Expander {
        batch,
        report,
        map,
        assignments,
        lines: report.lines.iter().map(line_key).collect(),
        series: HashMap::new(),
        rows: Rows::default(),
    };
    for entry in &report.entries {
        if owned.contains(&entry.sequence) {
            expander.entry(entry)?;
        }
    }
    Ok(expander.rows)
}

struct Expander<'a> {
    batch: &'a JournaledBatch,
    report: &'a Report,
    map: &'a TimeMap,
    assignments: &'a [Assignment],
    lines: Vec<String>,
    /// The series last used for each target and line.
    series: HashMap<(u16, Option<u16>), Arc<SeriesKey>>,
    rows: Rows,
}

impl<'a> Expander<'a> {
    fn entry(&mut self, entry: &Entry) -> Result<(), ExpandError> {
        match &entry.content {
            Content::Minute(minute) => {
                for sample in &minute.samples {
                    self.sample(entry.sequence, sample)?;
                }
                for (ordinal, evidence) in (0_u32..).zip(&minute.evidence) {
                    let (line, target) = self.named(entry.sequence, &evidence.fact)?;
                    let (site, time_unix_ms, uncertainty_ms) = self.place(evidence.boottime_ms)?;
                    self.rows.evidence.push(EvidenceRow {
                        site: site.to_owned(),
                        agent: self.batch.envelope.agent,
                        boot: self.batch.envelope.boot,
                        time_unix_ms,
                        uncertainty_ms,
                        sequence: entry.sequence,
                        ordinal,
                        line,
                        target,
                        fact: evidence.fact.clone(),
                    });
                }
            }
            Content::Summary(summary) => {
                for run in &summary.runs {
                    self.run(entry.sequence, run)?;
                }
            }
        }
        Ok(())
    }

    fn sample(&mut self, sequence: u64, sample: &Sample) -> Result<(), ExpandError> {
        let (site, time_unix_ms, uncertainty_ms) = self.place(sample.start_boottime_ms)?;
        let series = self.series(sequence, site, (sample.target, sample.line))?;
        self.rows.samples.push(SampleRow {
            series,
            time_unix_ms,
            uncertainty_ms,
            sequence,
            outcome: observed(sample),
            sent: sample.sent,
            received: sample.received,
            rtt_us_min: sample.rtt_us_min,
            rtt_us_median: sample.rtt_us_median,
            rtt_us_max: sample.rtt_us_max,
            rtt_us_mean_successive_difference: sample.rtt_us_mean_successive_difference,
            coarse: sample.coarse,
            detail: sample.detail.clone(),
            summary_spacing_ms: None,
        });
        Ok(())
    }

    fn run(&mut self, sequence: u64, run: &SummaryRun) -> Result<(), ExpandError> {
        let mut at = run.first_start_boottime_ms;
        for _ in 0..run.slots {
            let (site, time_unix_ms, uncertainty_ms) = self.place(at)?;
            let series = self.series(sequence, site, (run.target, run.line))?;
            self.rows.samples.push(SampleRow {
                series,
                time_unix_ms,
                uncertainty_ms,
                sequence,
                outcome: Observed::Ok,
                sent: run.sent_per_slot,
                received: run.sent_per_slot,
                rtt_us_min: Some(run.rtt_us_min),
                rtt_us_median: Some(run.rtt_us_median),
                rtt_us_max: Some(run.rtt_us_max),
                rtt_us_mean_successive_difference: None,
                coarse: false,
                detail: None,
                summary_spacing_ms: Some(run.interval_ms),
            });
            at = at.saturating_add(u64::from(run.interval_ms));
        }
        Ok(())
    }

    /// Site, corrected time and uncertainty of a boot time; remembers the site's span.
    fn place(&mut self, boottime_ms: u64) -> Result<(&'a str, i64, u32), ExpandError> {
        let (unix_ms, uncertainty) = self.map.corrected_unix_ms(boottime_ms);
        let site = site_at(self.assignments, unix_ms).ok_or(ExpandError::Unassigned {
            position: self.batch.position,
        })?;
        if !self.rows.spans.contains_key(site) {
            self.rows.spans.insert(site.to_owned(), (unix_ms, unix_ms));
        }
        if let Some((first, last)) = self.rows.spans.get_mut(site) {
            (*first, *last) = ((*first).min(unix_ms), (*last).max(unix_ms));
        }
        let uncertainty = u32::try_from(uncertainty).unwrap_or(u32::MAX);
        Ok((site, unix_ms, uncertainty))
    }

    fn series(
        &mut self,
        sequence: u64,
        site: &str,
        (target, line): (u16, Option<u16>),
    ) -> Result<Arc<SeriesKey>, ExpandError> {
        if let Some(series) = self.series.get(&(target, line))
            && series.site == site
        {
            return Ok(Arc::clone(series));
        }
        let family = line.and_then(|line| self.report.lines.get(usize::from(line)));
        let reported = self.target(sequence, target)?;
        let series = Arc::new(SeriesKey {
            site: site.to_owned(),
            agent: self.batch.envelope.agent,
            target: reported.id.clone(),
            kind: reported.kind,
            slot_seconds: reported.slot_seconds,
            line: line.map(|line| self.line(sequence, line)).transpose()?,
            family: family.map(|line| line.family),
        });
        self.series.insert((target, line), Arc::clone(&series));
        Ok(series)
    }

    fn target(&self, sequence: u64, index: u16) -> Result<&ReportedTarget, ExpandError> {
        let target = self.report.targets.get(usize::from(index));
        target.ok_or_else(|| self.no_such(sequence, "target", index))
    }

    fn line(&self, sequence: u64, index: u16) -> Result<String, ExpandError> {
        let line = self.lines.get(usize::from(index)).cloned();
        line.ok_or_else(|| self.no_such(sequence, "line", index))
    }

    fn no_such(&self, sequence: u64, what: &'static str, index: u16) -> ExpandError {
        ExpandError::Index {
            position: self.batch.position,
            sequence,
            what,
            index,
        }
    }

    /// What a fact's index stands for: line, target.
    fn named(
        &self,
        sequence: u64,
        fact: &Fact,
    ) -> Result<(Option<String>, Option<String>), ExpandError> {
        Ok(match fact {
            Fact::Line { line, .. } | Fact::Gateway { line, .. } | Fact::FirstHop { line, .. } => {
                (Some(self.line(sequence, *line)?), None)
            }
            Fact::IcmpError { target, .. } => {
                (None, Some(self.target(sequence, *target)?.id.clone()))
            }
            _ => (None, None),
        })
    }
}

/// An outcome in the domain's words.
fn observed(sample: &Sample) -> Observed {
    match sample.outcome {
        Outcome::Ok => Observed::Ok,
        Outcome::Timeout => Observed::Timeout,
        Outcome::Unreachable => Observed::UnreachableHost,
        Outcome::TimeExceeded => Observed::TimeExceeded,
        Outcome::NoRoute => Observed::NoRoute,
        Outcome::Refused | Outcome::Reset => Observed::Refused,
        Outcome::DnsNxDomain => Observed::DnsNxDomain,
        Outcome::DnsNoData => Observed::DnsNoData,
        Outcome::DnsServFail => Observed::DnsServFail,
        Outcome::DnsRefused => Observed::DnsRefused,
        Outcome::DnsTimeout => Observed::DnsTimeout,
        Outcome::DnsTruncated => Observed::DnsTruncated,
        Outcome::TlsFailed => Observed::TlsFailed,
        Outcome::HttpStatus => match &sample.detail {
            Some(Detail::Http {
                status: Some(status),
                ..
            }) => Observed::HttpStatus(*status),
            _ => Observed::HttpMalformed,
        },
        Outcome::HttpMalformed => Observed::HttpMalformed,
        Outcome::Intercepted => Observed::CaptivePortal,
        Outcome::OverBudget | Outcome::NotSent => Observed::NotSent,
    }
}
