//! A record's payload: one entry with all that is needed to send it, and the way from there into a
//! report, where targets and lines are named once for all entries.

use serde::{Deserialize, Serialize};

use crate::{
    report::{
        Content, Entry, Evidence, Fact, LINES_MAX, Line, Minute, ReportedTarget, Sample, Summary,
        SummaryRun, TimeExchange,
    },
    wire::{
        id::BootId,
        schedule::{Profile, TARGETS_MAX},
    },
};

/// One recording interval on its way into the spool. Samples and evidence refer to `targets` and
/// `lines` of this draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The boot in which it was measured.
    pub boot: BootId,
    /// Boot time now.
    pub written_boottime_ms: u64,
    /// Wall clock now, where there is one.
    pub wall_unix_ms: Option<i64>,
    /// Profile in use.
    pub profile: Profile,
    /// Targets of the samples.
    pub targets: Vec<ReportedTarget>,
    /// Lines of samples and evidence.
    pub lines: Vec<Line>,
    /// Exchanges of time since the draft before.
    pub exchanges: Vec<TimeExchange>,
    /// Measurements and evidence, or a summary of older ones.
    pub content: Content,
}

/// A draft with its sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) sequence: u64,
    pub(super) draft: Draft,
}

/// The two tables of a report, filled as records come in.
#[derive(Debug, Default, Clone)]
pub(super) struct Tables {
    pub(super) targets: Vec<ReportedTarget>,
    pub(super) lines: Vec<Line>,
}

impl Tables {
    /// The record's entry with the indices of these tables; `None`, and the tables unchanged, when
    /// they would grow beyond their limits or the record points outside its own.
    pub(super) fn translate(&mut self, record: &Record) -> Option<Entry> {
        let mut grown = self.clone();
        let draft = &record.draft;
        let targets: Vec<u16> = draft
            .targets
            .iter()
            .map(|t| index_of(&mut grown.targets, t))
            .collect();
        let lines: Vec<u16> = draft
            .lines
            .iter()
            .map(|l| index_of(&mut grown.lines, l))
            .collect();
        if grown.targets.len() > TARGETS_MAX || grown.lines.len() > LINES_MAX {
            return None;
        }
        let content = Map { targets, lines }.content(&draft.content)?;
        *self = grown;
        Some(Entry {
            sequence: record.sequence,
            written_boottime_ms: draft.written_boottime_ms,
            content,
        })
    }
}

fn index_of<T: PartialEq + Clone>(table: &mut Vec<T>, item: &T) -> u16 {
    let index = table.iter().position(|t| t == item).unwrap_or_else(|| {
        table.push(item.clone());
        table.len() - 1
    });
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// An index points outside its table.
struct OutsideTable;

struct Map {
    targets: Vec<u16>,
    lines: Vec<u16>,
}

impl Map {
    fn content(&self, content: &Content) -> Option<Content> {
        Some(match content {
            Content::Minute(minute) => Content::Minute(Minute {
                samples: minute
                    .samples
                    .iter()
                    .map(|s| self.sample(s))
                    .collect::<Option<_>>()?,
                evidence: minute
                    .evidence
                    .iter()
                    .map(|e| self.evidence(e))
                    .collect::<Option<_>>()?,
            }),
            Content::Summary(summary) => Content::Summary(Summary {
                runs: summary
                    .runs
                    .iter()
                    .map(|r| self.run(r))
                    .collect::<Option<_>>()?,
                ..*summary
            }),
        })
    }

    fn target(&self, index: u16) -> Option<u16> {
        self.targets.get(usize::from(index)).copied()
    }

    fn line(&self, index: u16) -> Option<u16> {
        self.lines.get(usize::from(index)).copied()
    }

    /// No line is a line that needs no translation.
    fn known_line(&self, line: Option<u16>) -> Result<Option<u16>, OutsideTable> {
        line.map(|index| self.line(index).ok_or(OutsideTable))
            .transpose()
    }

    fn sample(&self, sample: &Sample) -> Option<Sample> {
        Some(Sample {
            target: self.target(sample.target)?,
            line: self.known_line(sample.line).ok()?,
            ..sample.clone()
        })
    }

    fn run(&self, run: &SummaryRun) -> Option<SummaryRun> {
        Some(SummaryRun {
            target: self.target(run.target)?,
            line: self.known_line(run.line).ok()?,
            ..run.clone()
        })
    }

    fn evidence(&self, evidence: &Evidence) -> Option<Evidence> {
        let mut evidence = evidence.clone();
        match &mut evidence.fact {
            Fact::Line { line, .. } | Fact::Gateway { line, .. } | Fact::FirstHop { line, .. } => {
                *line = self.line(*line)?;
            }
            Fact::IcmpError { target, .. } => *target = self.target(*target)?,
            _ => {}
        }
        Some(evidence)
    }
}
