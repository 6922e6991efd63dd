//! What agents saw of their box and their line, as events: agents repeat each minute how things are,
//! people ask when they changed.

use std::collections::HashMap;

use desserte_probe::report::{Fact, Neighbour};
use serde::Serialize;

use super::evidence::{EvidenceRow, LAG_MS_MIN};

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// When, Unix milliseconds, corrected.
    pub at_unix_ms: i64,
    /// The agent that saw it.
    pub agent: String,
    /// Name of the line that it concerns.
    pub line: Option<String>,
    /// What.
    pub seen: Seen,
}

/// What changed. Closed list; the codes are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Seen {
    /// The agent started for the first time.
    FirstStart,
    /// The machine restarted.
    MachineRestarted {
        /// Whether it had been shut down; `None`: not known.
        clean: Option<bool>,
    },
    /// The agent's process was replaced, the machine ran on.
    AgentRestarted {
        /// Whether it had been told to stop; `None`: not known.
        clean: Option<bool>,
    },
    /// The agent was told to stop.
    Stopping {
        /// Whether the whole machine stops; `None`: not known.
        machine: Option<bool>,
    },
    /// The machine slept.
    Suspended {
        /// For so long.
        milliseconds: u64,
    },
    /// Mains power went.
    MainsLost {
        /// Charge of the battery.
        battery_percent: Option<u8>,
    },
    /// Mains power is back.
    MainsBack,
    /// The interface lost its carrier.
    CarrierLost,
    /// The carrier is back.
    CarrierBack,
    /// Wi-Fi lost its access point.
    WifiLost,
    /// Wi-Fi is associated again.
    WifiBack,
    /// No default route any more.
    RouteLost,
    /// A default route again.
    RouteBack,
    /// The gateway answers neither ARP nor NDP.
    GatewayLost,
    /// The gateway answers again.
    GatewayBack,
    /// The gateway answers no ping.
    GatewaySilent,
    /// The gateway answers pings again.
    GatewayAnswers,
    /// The gateway restarted.
    GatewayRestarted {
        /// Its uptime then.
        uptime_seconds: u64,
    },
    /// The operator's first hop answers no ping.
    FirstHopSilent,
    /// The first hop answers again.
    FirstHopAnswers,
    /// The resolver answers nothing.
    ResolverSilent,
    /// The resolver answers again.
    ResolverAnswers,
    /// Answers are intercepted: a captive portal.
    Intercepted,
    /// No interception any more.
    InterceptionOver,
    /// The agent cannot reach the collector.
    CollectorLost,
    /// The agent reaches the collector again.
    CollectorBack,
    /// The wall clock was stepped.
    ClockStepped {
        /// New minus expected.
        milliseconds: i64,
    },
    /// The machine began to run late.
    HostLagging {
        /// By how much at most.
        milliseconds: u64,
    },
}

/// What is either well or not, and said again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Aspect {
    Mains,
    Carrier,
    Wifi,
    Route,
    Neighbour,
    Gateway,
    FirstHop,
    Resolver,
    Portal,
    Collector,
}

/// Of whom an aspect is said: agent, line.
type Subject<'a> = (&'a str, Option<&'a str>, Aspect);

#[derive(Default)]
struct Reader<'a> {
    well: HashMap<Subject<'a>, bool>,
    gateway_uptime: HashMap<&'a str, u64>,
    events: Vec<TimelineEvent>,
}

/// The events in evidence that lies in the order of time. What is amiss from the first moment is an
/// event of that moment; what is well then is none.
#[must_use]
pub fn timeline(evidence: &[EvidenceRow]) -> Vec<TimelineEvent> {
    let mut reader = Reader::default();
    for row in evidence {
        reader.read(row);
    }
    reader.events
}

impl<'a> Reader<'a> {
    fn read(&mut self, row: &'a EvidenceRow) {
        match &row.fact {
            Fact::Started {
                clean_stop,
                previous_boot,
                ..
            } => {
                let seen = match previous_boot {
                    None => Seen::FirstStart,
                    Some(boot) if boot.to_string() == row.boot => {
                        Seen::AgentRestarted { clean: *clean_stop }
                    }
                    Some(_) => Seen::MachineRestarted { clean: *clean_stop },
                };
                self.tell(row, seen);
            }
            Fact::Stopping { machine } => self.tell(row, Seen::Stopping { machine: *machine }),
            Fact::Suspended { milliseconds } => self.tell(
                row,
                Seen::Suspended {
                    milliseconds: *milliseconds,
                },
            ),
            Fact::ClockStep { milliseconds } => self.tell(
                row,
                Seen::ClockStepped {
                    milliseconds: *milliseconds,
                },
            ),
            Fact::GatewayUptime { seconds } => self.uptime(row, *seconds),
            _ => self.states(row),
        }
    }

    /// Facts that say how something is.
    fn states(&mut self, row: &'a EvidenceRow) {
        match &row.fact {
            Fact::Gateway { sent, received, .. } => {
                let both = [Seen::GatewaySilent, Seen::GatewayAnswers];
                self.is(row, Aspect::Gateway, answers(*sent, *received), both);
            }
            Fact::FirstHop { sent, received, .. } => {
                let both = [Seen::FirstHopSilent, Seen::FirstHopAnswers];
                self.is(row, Aspect::FirstHop, answers(*sent, *received), both);
            }
            Fact::Resolver { sent, received, .. } => {
                let both = [Seen::ResolverSilent, Seen::ResolverAnswers];
                self.is(row, Aspect::Resolver, answers(*sent, *received), both);
            }
            Fact::Collector { attempts, answered } => {
                let both = [Seen::CollectorLost, Seen::CollectorBack];
                self.is(row, Aspect::Collector, answers(*attempts, *answered), both);
            }
            Fact::Captive { intercepted } => {
                let both = [Seen::Intercepted, Seen::InterceptionOver];
                self.is(row, Aspect::Portal, Some(!*intercepted), both);
            }
            Fact::Power {
                mains,
                battery_percent,
            } => {
                let battery_percent = *battery_percent;
                let both = [Seen::MainsLost { battery_percent }, Seen::MainsBack];
                self.is(row, Aspect::Mains, *mains, both);
            }
            Fact::Lag { milliseconds } if *milliseconds >= LAG_MS_MIN => {
                let milliseconds = *milliseconds;
                self.tell(row, Seen::HostLagging { milliseconds });
            }
            _ => self.link(row),
        }
    }

    /// The state of a line.
    fn link(&mut self, row: &'a EvidenceRow) {
        let Fact::Line {
            carrier,
            associated,
            route,
            gateway,
            ..
        } = &row.fact
        else {
            return;
        };
        let neighbour = match gateway {
            Neighbour::Reachable => Some(true),
            Neighbour::Failed => Some(false),
            Neighbour::NotKnown => None,
        };
        for (aspect, well, both) in [
            (
                Aspect::Carrier,
                *carrier,
                [Seen::CarrierLost, Seen::CarrierBack],
            ),
            (Aspect::Wifi, *associated, [Seen::WifiLost, Seen::WifiBack]),
            (Aspect::Route, *route, [Seen::RouteLost, Seen::RouteBack]),
            (
                Aspect::Neighbour,
                neighbour,
                [Seen::GatewayLost, Seen::GatewayBack],
            ),
        ] {
            self.is(row, aspect, well, both);
        }
    }

    /// Tells of a change; `both` are what is amiss and what is well again.
    fn is(&mut self, row: &'a EvidenceRow, aspect: Aspect, well: Option<bool>, both: [Seen; 2]) {
        let Some(well) = well else { return };
        let subject = (row.agent.as_str(), row.line.as_deref(), aspect);
        let before = self.well.insert(subject, well).unwrap_or(true);
        if before != well {
            let [amiss, again] = both;
            self.tell(row, if well { again } else { amiss });
        }
    }

    /// An uptime that is smaller than the last one.
    fn uptime(&mut self, row: &'a EvidenceRow, seconds: u64) {
        let before = self.gateway_uptime.insert(&row.agent, seconds);
        if before.is_some_and(|before| seconds < before) {
            self.tell(
                row,
                Seen::GatewayRestarted {
                    uptime_seconds: seconds,
                },
            );
        }
    }

    fn tell(&mut self, row: &EvidenceRow, seen: Seen) {
        self.events.push(TimelineEvent {
            at_unix_ms: row.at_unix_ms,
            agent: row.agent.clone(),
            line: row.line.clone(),
            seen,
        });
    }
}

/// Whether anything was answered; `None` when nothing was asked.
fn answers(sent: u16, received: u16) -> Option<bool> {
    (sent > 0).then_some(received > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_probe::wire::id::BootId;

    fn row(minute: i64, line: Option<&str>, fact: Fact) -> EvidenceRow {
        EvidenceRow {
            at_unix_ms: minute * 60_000,
            agent: "a".to_owned(),
            boot: BootId([1; 16]).to_string(),
            line: line.map(str::to_owned),
            fact,
        }
    }

    fn link(minute: i64, carrier: bool) -> EvidenceRow {
        let fact = Fact::Line {
            line: 0,
            carrier: Some(carrier),
            associated: None,
            route: Some(carrier),
            gateway: Neighbour::NotKnown,
        };
        row(minute, Some("eth0"), fact)
    }

    #[test]
    fn what_is_repeated_each_minute_is_told_when_it_changes() {
        let rows: Vec<EvidenceRow> = (0..20)
            .map(|minute| link(minute, !(5..9).contains(&minute)))
            .collect();
        let seen: Vec<(i64, Seen)> = timeline(&rows)
            .into_iter()
            .map(|event| (event.at_unix_ms / 60_000, event.seen))
            .collect();
        assert_eq!(
            seen,
            [
                (5, Seen::CarrierLost),
                (5, Seen::RouteLost),
                (9, Seen::CarrierBack),
                (9, Seen::RouteBack),
            ]
        );
    }

    #[test]
    fn restarts_of_the_machine_and_of_the_agent_are_two_things() {
        let started = |minute, previous: Option<u8>, clean_stop| {
            let fact = Fact::Started {
                clean_stop,
                previous_boot: previous.map(|byte| BootId([byte; 16])),
                previous_written_boottime_ms: None,
            };
            row(minute, None, fact)
        };
        let rows = [
            started(0, None, None),
            started(1, Some(1), Some(false)),
            started(2, Some(9), Some(true)),
        ];
        let seen: Vec<Seen> = timeline(&rows)
            .into_iter()
            .map(|event| event.seen)
            .collect();
        assert_eq!(
            seen,
            [
                Seen::FirstStart,
                Seen::AgentRestarted { clean: Some(false) },
                Seen::MachineRestarted { clean: Some(true) },
            ]
        );
    }

    #[test]
    fn amiss_from_the_start_is_told_and_probes_that_were_not_sent_say_nothing() {
        let probe = |minute, sent, received| {
            let fact = Fact::Gateway {
                line: 0,
                sent,
                received,
            };
            row(minute, Some("eth0"), fact)
        };
        let rows = [probe(0, 5, 0), probe(1, 0, 0), probe(2, 5, 1)];
        let seen: Vec<Seen> = timeline(&rows)
            .into_iter()
            .map(|event| event.seen)
            .collect();
        assert_eq!(seen, [Seen::GatewaySilent, Seen::GatewayAnswers]);
        let uptime = |minute, seconds| row(minute, None, Fact::GatewayUptime { seconds });
        let rows = [uptime(0, 900), uptime(1, 960), uptime(2, 30)];
        assert_eq!(timeline(&rows).len(), 1);
    }
}
