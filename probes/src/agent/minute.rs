//! The minute being filled: samples and evidence with the tables that they refer to.

use super::line_probes::{Part, Probed};
use crate::{
    evidence::SeenLine,
    kinds::Measured,
    report::{
        Content, Evidence, Fact, Family, Kind, Line, Minute, Outcome, ReportedTarget, Sample,
        TimeExchange,
    },
    spool::Draft,
    wire::{
        id::BootId,
        schedule::{Profile, Target},
    },
};

/// Samples and evidence since the entry before.
#[derive(Debug, Default)]
pub(super) struct Filling {
    targets: Vec<ReportedTarget>,
    lines: Vec<Line>,
    minute: Minute,
}

/// Whether a slot counts as failing, for "immediate upload on a change of state": `None` when nothing
/// was learnt about the target. How fast the line is and which way it goes are no state of it: a server
/// of tests may be busy, a router silent.
pub(super) fn failing(target: &Target, measured: &Measured) -> Option<bool> {
    if matches!(target.measure.kind(), Kind::Throughput | Kind::Path) {
        return None;
    }
    match measured.outcome {
        Outcome::NotSent | Outcome::OverBudget => None,
        outcome => Some(outcome != Outcome::Ok),
    }
}

impl Filling {
    pub(super) fn sample(&mut self, target: &Target, measured: &Measured, lines: &[SeenLine]) {
        let reported = ReportedTarget {
            id: target.id.clone(),
            kind: target.measure.kind(),
            slot_seconds: target.slot_seconds,
        };
        let target = index_of(&mut self.targets, reported);
        let line = line_of(measured, lines).map(|line| index_of(&mut self.lines, line));
        let times = measured.times;
        self.minute.samples.push(Sample {
            target,
            line,
            start_boottime_ms: measured.start_boottime_ms,
            outcome: measured.outcome,
            sent: measured.sent,
            received: measured.received,
            rtt_us_min: times.map(|t| t.min),
            rtt_us_median: times.map(|t| t.median),
            rtt_us_max: times.map(|t| t.max),
            rtt_us_mean_successive_difference: times.and_then(|t| t.mean_successive_difference),
            coarse: measured.coarse,
            detail: measured.detail.clone(),
        });
        for (icmp_type, icmp_code, count) in &measured.icmp_errors {
            let fact = Fact::IcmpError {
                target,
                icmp_type: *icmp_type,
                icmp_code: *icmp_code,
                count: *count,
            };
            self.fact(measured.start_boottime_ms, fact);
        }
    }

    pub(super) fn fact(&mut self, boottime_ms: u64, fact: Fact) {
        self.minute.evidence.push(Evidence { boottime_ms, fact });
    }

    /// Rounds of one entry are added up: a gateway is asked every ten seconds on a metered line.
    pub(super) fn probed(&mut self, probed: &Probed) {
        let (sent, received) = (probed.sent, probed.received);
        let fact = match &probed.what {
            Part::Gateway(line) => Fact::Gateway {
                line: self.line(line),
                sent,
                received,
            },
            Part::FirstHop(line) => Fact::FirstHop {
                line: self.line(line),
                sent,
                received,
            },
            Part::Resolver { on_line } => Fact::Resolver {
                on_line: *on_line,
                sent,
                received,
            },
            Part::Uptime(seconds) => Fact::GatewayUptime { seconds: *seconds },
        };
        let mut facts = self.minute.evidence.iter_mut();
        if !facts.any(|earlier| add_up(&mut earlier.fact, &fact)) {
            self.fact(probed.boottime_ms, fact);
        }
    }

    /// Index of a line in this minute's table.
    fn line(&mut self, line: &Line) -> u16 {
        index_of(&mut self.lines, line.clone())
    }

    pub(super) fn line_state(&mut self, boottime_ms: u64, seen: &SeenLine) {
        let line = self.line(&seen.line);
        let fact = Fact::Line {
            line,
            carrier: seen.carrier,
            associated: seen.associated,
            route: Some(seen.route),
            gateway: seen.neighbour,
        };
        self.fact(boottime_ms, fact);
    }

    /// Turns it into a draft and starts anew.
    pub(super) fn take(
        &mut self,
        (boot, profile): (BootId, Profile),
        (written_boottime_ms, wall_unix_ms): (u64, i64),
        exchanges: Vec<TimeExchange>,
    ) -> Draft {
        let filled = std::mem::take(self);
        Draft {
            boot,
            written_boottime_ms,
            wall_unix_ms: Some(wall_unix_ms),
            profile,
            targets: filled.targets,
            lines: filled.lines,
            exchanges,
            content: Content::Minute(filled.minute),
        }
    }
}

/// Adds the counts of a probe to those of an earlier one of the same part; `false` for any other fact.
fn add_up(earlier: &mut Fact, fact: &Fact) -> bool {
    let (counts, more) = match (earlier, fact) {
        (
            Fact::Gateway {
                line,
                sent,
                received,
            },
            Fact::Gateway {
                line: of,
                sent: s,
                received: r,
            },
        )
        | (
            Fact::FirstHop {
                line,
                sent,
                received,
            },
            Fact::FirstHop {
                line: of,
                sent: s,
                received: r,
            },
        ) if line == of => ((sent, received), (*s, *r)),
        _ => return false,
    };
    *counts.0 = counts.0.saturating_add(more.0);
    *counts.1 = counts.1.saturating_add(more.1);
    true
}

fn index_of<T: PartialEq>(table: &mut Vec<T>, item: T) -> u16 {
    let index = table.iter().position(|t| *t == item).unwrap_or_else(|| {
        table.push(item);
        table.len() - 1
    });
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The line that a measurement went over: loopback for the machine itself, else the preferred line
/// of its family with a route. Without any route it is the line that had the last one: that nothing
/// leaves the machine is said of the line that failed, not of no line.
fn line_of(measured: &Measured, lines: &[SeenLine]) -> Option<Line> {
    let address = measured.address?;
    let family = if address.is_ipv6() {
        Family::Ipv6
    } else {
        Family::Ipv4
    };
    if address.is_loopback() {
        return Some(Line {
            interface: "lo".to_owned(),
            gateway: None,
            family,
        });
    }
    let mut of_family = lines.iter().filter(|l| l.line.family == family);
    let routed = of_family.clone().find(|l| l.route);
    routed.or_else(|| of_family.next()).map(|l| l.line.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Neighbour, Outcome};

    fn seen(interface: &str, family: Family, route: bool) -> SeenLine {
        SeenLine {
            line: Line {
                interface: interface.to_owned(),
                gateway: None,
                family,
            },
            gateway: None,
            route,
            carrier: None,
            associated: None,
            neighbour: Neighbour::NotKnown,
        }
    }

    #[test]
    fn rounds_of_one_minute_are_added_up_by_line_and_part() {
        let line = |interface: &str| seen(interface, Family::Ipv4, true).line;
        let mut filling = Filling::default();
        let probed = |what, received| Probed {
            boottime_ms: 1,
            what,
            sent: 1,
            received,
        };
        filling.probed(&probed(Part::Gateway(line("eth0")), 1));
        filling.probed(&probed(Part::Gateway(line("eth0")), 0));
        filling.probed(&probed(Part::Gateway(line("ppp0")), 1));
        filling.probed(&probed(Part::FirstHop(line("eth0")), 1));
        let facts: Vec<Fact> = filling
            .minute
            .evidence
            .into_iter()
            .map(|e| e.fact)
            .collect();
        let gateway = |line, sent, received| Fact::Gateway {
            line,
            sent,
            received,
        };
        let hop = Fact::FirstHop {
            line: 0,
            sent: 1,
            received: 1,
        };
        assert_eq!(facts, [gateway(0, 2, 1), gateway(1, 1, 1), hop]);
    }

    #[test]
    fn without_any_route_the_line_that_failed_is_named() {
        let mut measured = Measured::nothing(0, Outcome::NoRoute);
        measured.address = Some([192, 0, 2, 9].into());
        let of = |lines: &[SeenLine]| line_of(&measured, lines).map(|line| line.interface);
        let (ppp, eth) = (
            seen("ppp0", Family::Ipv4, false),
            seen("eth0", Family::Ipv4, true),
        );
        assert_eq!(of(&[ppp.clone(), eth]).as_deref(), Some("eth0"));
        assert_eq!(of(&[ppp]).as_deref(), Some("ppp0"));
        assert_eq!(of(&[seen("eth0", Family::Ipv6, true)]), None);
    }
}
