//! The hash that tells whether two entries under one identity are the same.
//!
//! A report names targets and lines by index into tables of its own, and two reports may order them
//! differently. So indices are first renumbered in the order in which the entry uses them, and the
//! targets and lines themselves are hashed with the entry.

use desserte_probe::{
    report::{Content, Entry, Fact, Line, Report, ReportedTarget},
    wire::sha256,
};
use serde::Serialize;

#[derive(Default, Serialize)]
struct Canonical<'a> {
    targets: Vec<&'a ReportedTarget>,
    lines: Vec<&'a Line>,
    entry: Option<&'a Entry>,
}

#[derive(Default)]
struct Renumber {
    /// Index in the report of each target used, in the order of first use.
    targets: Vec<u16>,
    lines: Vec<u16>,
}

/// Hash of an entry; `None` when it cannot be written, which plain data always can.
pub(crate) fn entry_hash(report: &Report, entry: &Entry) -> Option<[u8; 32]> {
    let mut renumber = Renumber::default();
    let mut entry = entry.clone();
    renumber.entry(&mut entry);
    let canonical = Canonical {
        targets: used(&renumber.targets, &report.targets),
        lines: used(&renumber.lines, &report.lines),
        entry: Some(&entry),
    };
    postcard::to_stdvec(&canonical)
        .ok()
        .map(|bytes| sha256(&bytes))
}

impl Renumber {
    fn entry(&mut self, entry: &mut Entry) {
        match &mut entry.content {
            Content::Minute(minute) => {
                for sample in &mut minute.samples {
                    position(&mut self.targets, &mut sample.target);
                    if let Some(line) = &mut sample.line {
                        position(&mut self.lines, line);
                    }
                }
                for evidence in &mut minute.evidence {
                    self.fact(&mut evidence.fact);
                }
            }
            Content::Summary(summary) => {
                for run in &mut summary.runs {
                    position(&mut self.targets, &mut run.target);
                    if let Some(line) = &mut run.line {
                        position(&mut self.lines, line);
                    }
                }
            }
        }
    }

    fn fact(&mut self, fact: &mut Fact) {
        match fact {
            Fact::Line { line, .. } | Fact::Gateway { line, .. } | Fact::FirstHop { line, .. } => {
                position(&mut self.lines, line);
            }
            Fact::IcmpError { target, .. } => position(&mut self.targets, target),
            _ => {}
        }
    }
}

fn used<'a, T>(indices: &[u16], table: &'a [T]) -> Vec<&'a T> {
    indices
        .iter()
        .filter_map(|index| table.get(usize::from(*index)))
        .collect()
}

/// Replaces an index by its place in the list of those used so far, adding it when it is new.
fn position(used: &mut Vec<u16>, index: &mut u16) {
    let place = used.iter().position(|one| one == index).unwrap_or_else(|| {
        used.push(*index);
        used.len() - 1
    });
    *index = u16::try_from(place).unwrap_or(u16::MAX);
}

#[cfg(test)]
mod tests {
    use desserte_probe::report::{Family, Kind, Minute, Outcome, Sample};
    use desserte_probe::wire::{
        VERSION,
        id::{AgentId, BootId},
        schedule::Profile,
    };

    use super::*;

    fn target(id: &str) -> ReportedTarget {
        ReportedTarget {
            id: id.into(),
            kind: Kind::Icmp,
            slot_seconds: 60,
        }
    }

    fn report(targets: Vec<ReportedTarget>, target: u16) -> Report {
        Report {
            version: VERSION,
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            software: "test".into(),
            profile: Profile::Full,
            sealed_boottime_ms: 9,
            sealed_wall_unix_ms: None,
            time_exchanges: vec![],
            targets,
            lines: vec![Line {
                interface: "eth0".into(),
                gateway: None,
                family: Family::Ipv4,
            }],
            entries: vec![Entry {
                sequence: 7,
                written_boottime_ms: 8,
                content: Content::Minute(Minute {
                    samples: vec![Sample {
                        target,
                        line: Some(0),
                        start_boottime_ms: 5,
                        outcome: Outcome::Timeout,
                        sent: 5,
                        received: 0,
                        rtt_us_min: None,
                        rtt_us_median: None,
                        rtt_us_max: None,
                        rtt_us_mean_successive_difference: None,
                        coarse: false,
                        detail: None,
                    }],
                    evidence: vec![],
                }),
            }],
        }
    }

    fn hash(report: &Report) -> [u8; 32] {
        entry_hash(report, &report.entries[0]).unwrap()
    }

    #[test]
    fn the_order_of_tables_does_not_matter_and_their_content_does() {
        let one = report(vec![target("a"), target("b")], 1);
        let other = report(vec![target("b"), target("a")], 0);
        assert_eq!(hash(&one), hash(&other));
        assert_ne!(hash(&one), hash(&report(vec![target("b"), target("a")], 1)));
        let mut moved = one.clone();
        moved.lines[0].interface = "eth1".into();
        assert_ne!(hash(&one), hash(&moved));
    }
}
