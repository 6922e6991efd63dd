//! What is known of each line of a site: an agent may have several (IPv4 and IPv6, two uplinks), and
//! what it says of one is nothing said of another.

use desserte_domain::cause::{CauseEvidence, NeighbourState, ProbeCount};
use desserte_probe::report::{Fact, Neighbour};

use super::EvidenceRow;

/// Facts by line, in the order in which the lines were first named.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(Option<String>, LineFacts)>);

/// What is known of one line.
#[derive(Debug, Clone, Copy, Default)]
struct LineFacts {
    carrier: Option<bool>,
    associated: Option<bool>,
    route: Option<bool>,
    gateway: Option<NeighbourState>,
    gateway_probe: Option<ProbeCount>,
    first_hop_probe: Option<ProbeCount>,
}

impl Lines {
    /// Takes a fact: the state of a link holds until the next one, probes count in their own slot.
    pub(super) fn take(&mut self, row: &EvidenceRow, in_slot: bool) {
        match &row.fact {
            Fact::Line {
                carrier,
                associated,
                route,
                gateway,
                ..
            } => {
                let facts = self.of(row);
                facts.carrier = *carrier;
                facts.associated = *associated;
                facts.route = *route;
                facts.gateway = match gateway {
                    Neighbour::Reachable => Some(NeighbourState::Reachable),
                    Neighbour::Failed => Some(NeighbourState::Failed),
                    Neighbour::NotKnown => None,
                };
            }
            Fact::Gateway { sent, received, .. } if in_slot => {
                add(&mut self.of(row).gateway_probe, *sent, *received);
            }
            Fact::FirstHop { sent, received, .. } if in_slot => {
                add(&mut self.of(row).first_hop_probe, *sent, *received);
            }
            _ => {}
        }
    }

    /// Says what is known of the line in use: of those with a route the one whose gateway says
    /// most, without any route the first. Nothing is said when no line was named.
    pub(super) fn tell(&self, evidence: &mut CauseEvidence) {
        let worth = |facts: &LineFacts| {
            let routed = facts.route == Some(true);
            (
                routed,
                routed && facts.gateway_probe.is_some(),
                routed && facts.gateway.is_some(),
            )
        };
        // Of equals the first: `max_by_key` would take the last.
        let Some((_, facts)) = self.0.iter().rev().max_by_key(|(_, facts)| worth(facts)) else {
            return;
        };
        evidence.lan.carrier = facts.carrier;
        evidence.lan.wifi_associated = facts.associated;
        evidence.lan.route = facts.route.or(evidence.lan.route);
        evidence.lan.gateway_neighbour = facts.gateway;
        evidence.lan.gateway = facts.gateway_probe;
        evidence.path.first_hop = facts.first_hop_probe;
    }

    fn of(&mut self, row: &EvidenceRow) -> &mut LineFacts {
        let known = self.0.iter().position(|(line, _)| *line == row.line);
        let index = known.unwrap_or_else(|| {
            self.0.push((row.line.clone(), LineFacts::default()));
            self.0.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        &mut self.0[index].1
    }
}

fn add(count: &mut Option<ProbeCount>, sent: u16, received: u16) {
    let before = count.unwrap_or(ProbeCount {
        sent: 0,
        received: 0,
    });
    *count = Some(ProbeCount {
        sent: before.sent.saturating_add(u32::from(sent)),
        received: before.received.saturating_add(u32::from(received)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str, fact: Fact) -> EvidenceRow {
        EvidenceRow {
            at_unix_ms: 0,
            agent: String::new(),
            boot: String::new(),
            line: Some(line.to_owned()),
            fact,
        }
    }

    fn link(line: &str, route: bool, gateway: Neighbour) -> EvidenceRow {
        let fact = Fact::Line {
            line: 0,
            carrier: Some(route),
            associated: None,
            route: Some(route),
            gateway,
        };
        row(line, fact)
    }

    fn told(rows: &[EvidenceRow]) -> CauseEvidence {
        let (mut lines, mut evidence) = (Lines::default(), CauseEvidence::default());
        for row in rows {
            lines.take(row, true);
        }
        lines.tell(&mut evidence);
        evidence
    }

    #[test]
    fn a_line_that_is_gone_says_nothing_of_the_one_in_use() {
        let rows = [
            link("in use", true, Neighbour::Reachable),
            link("ipv6", true, Neighbour::NotKnown),
            link("gone", false, Neighbour::NotKnown),
        ];
        let evidence = told(&rows);
        assert_eq!(evidence.lan.route, Some(true));
        assert_eq!(evidence.lan.carrier, Some(true));
        let reachable = Some(NeighbourState::Reachable);
        assert_eq!(evidence.lan.gateway_neighbour, reachable);
    }

    #[test]
    fn probes_of_two_lines_are_not_added_up() {
        let probe = |line, received| {
            let fact = Fact::Gateway {
                line: 0,
                sent: 5,
                received,
            };
            row(line, fact)
        };
        let rows = [
            link("a", true, Neighbour::NotKnown),
            link("b", false, Neighbour::NotKnown),
            probe("a", 5),
            probe("b", 0),
        ];
        let count = told(&rows).lan.gateway.unwrap();
        assert_eq!((count.sent, count.received), (5, 5));
    }

    #[test]
    fn without_any_route_the_first_line_tells() {
        let rows = [
            link("a", false, Neighbour::Failed),
            link("b", false, Neighbour::NotKnown),
        ];
        let evidence = told(&rows);
        assert_eq!(evidence.lan.route, Some(false));
        assert_eq!(evidence.lan.gateway_neighbour, Some(NeighbourState::Failed));
        assert_eq!(told(&[]).lan.route, None);
    }
}
