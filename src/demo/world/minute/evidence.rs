//! What the agent sees of its box and its line.

use desserte_probe::report::{Evidence, Fact, Neighbour};

use super::Life;
use crate::demo::world::boots::{Boot, restart};
use crate::demo::world::fault::{Fault, FaultKind};
use crate::demo::world::{MINUTE_MS, draw::below};

/// Echo requests to gateway and first hop in a minute.
const PROBES: u16 = 4;
/// The process starts so late in its first minute, milliseconds.
const STARTED_MS: i64 = 4_000;
/// A gateway that ran on through it all, seconds: some weeks.
const GATEWAY_RAN_ON_SECONDS: u64 = 31 * 86_400;
/// A gateway that came up with the box.
const GATEWAY_STARTED_SECONDS: u64 = 62;
/// Lateness of an overloaded box, milliseconds.
const LAG_MS: u64 = 9_000;

impl Life<'_> {
    /// What is seen in a minute.
    pub(super) fn evidence(
        &self,
        minute: i64,
        boot: &Boot,
        before: Option<&Boot>,
    ) -> Vec<Evidence> {
        let mut seen = Vec::new();
        let last = self.fault(minute - 1).filter(|fault| fault.to == minute);
        if let Some(over) = last {
            self.back(over, minute, (boot, before), &mut seen);
        }
        let next = self
            .fault(minute + 1)
            .filter(|next| next.from == minute + 1);
        if let Some(next) = next {
            going(next, &mut seen);
        }
        let fault = self.fault(minute);
        let told = fault.is_some() || self.just_over(minute).is_some();
        let hour = i64::try_from(below(self.site.draw(self.seed, &[61]), 60)).unwrap_or(0);
        let hourly = minute.rem_euclid(60) == hour;
        if told || hourly {
            self.line(fault, minute, &mut seen);
        }
        if hourly && fault.is_none() {
            seen.push(self.volume(minute));
        }
        let at = |offset| boot.boottime_ms(minute * MINUTE_MS + offset);
        (0_i64..)
            .zip(seen)
            .map(|(order, fact)| Evidence {
                boottime_ms: at(STARTED_MS + 100 * order),
                fact,
            })
            .collect()
    }

    /// The box is back: what it says first.
    fn back(
        &self,
        over: &Fault,
        minute: i64,
        (boot, before): (&Boot, Option<&Boot>),
        seen: &mut Vec<Fact>,
    ) {
        if over.kind == FaultKind::Suspended {
            let minutes = u64::try_from(over.to - over.from).unwrap_or(0);
            seen.push(Fact::Suspended {
                milliseconds: minutes * 60_000,
            });
        }
        let Some((clean, booted)) = restart(over.kind) else {
            return;
        };
        let earlier = if booted { before } else { Some(boot) };
        seen.push(Fact::Started {
            clean_stop: earlier.map(|_| clean),
            previous_boot: earlier.map(|earlier| earlier.id),
            previous_written_boottime_ms: earlier
                .map(|earlier| earlier.boottime_ms(over.from * MINUTE_MS)),
        });
        match over.kind {
            FaultKind::PowerSensed => seen.push(mains(true)),
            FaultKind::PowerGateway => seen.push(Fact::GatewayUptime {
                seconds: GATEWAY_STARTED_SECONDS,
            }),
            FaultKind::Unplugged => seen.push(Fact::GatewayUptime {
                seconds: GATEWAY_RAN_ON_SECONDS + below(self.drawn(minute, &[5]), 9_999_999),
            }),
            _ => {}
        }
    }

    /// State of the line and what its probes gave.
    fn line(&self, fault: Option<&Fault>, minute: i64, seen: &mut Vec<Fact>) {
        use FaultKind as Kind;
        let kind = fault.map(|fault| fault.kind);
        if kind == Some(Kind::WithoutEvidence) {
            return;
        }
        let out = kind == Some(Kind::CarrierDown);
        let silent = kind == Some(Kind::GatewaySilent);
        seen.push(Fact::Line {
            line: 0,
            carrier: Some(!out),
            associated: None,
            route: Some(!out),
            gateway: match (out, silent) {
                (true, _) => Neighbour::NotKnown,
                (_, true) => Neighbour::Failed,
                _ => Neighbour::Reachable,
            },
        });
        if !out {
            let answered = if silent { 0 } else { PROBES };
            seen.push(probe(answered, |line, sent, received| Fact::Gateway {
                line,
                sent,
                received,
            }));
            let beyond = match kind {
                Some(Kind::LastMile | Kind::GatewaySilent | Kind::Lagging) => 0,
                Some(Kind::Lossy) => PROBES / 2,
                _ => PROBES,
            };
            seen.push(probe(beyond, |line, sent, received| Fact::FirstHop {
                line,
                sent,
                received,
            }));
        }
        match kind {
            Some(Kind::ResolverOfLine) => seen.push(resolver(true)),
            Some(Kind::ResolverOfSite) => seen.push(resolver(false)),
            Some(Kind::CaptivePortal) => seen.push(Fact::Captive { intercepted: true }),
            Some(Kind::Lagging) => seen.push(Fact::Lag {
                milliseconds: LAG_MS,
            }),
            _ => {}
        }
        seen.push(Fact::Collector {
            attempts: 1,
            answered: u16::from(self.reaches_collector(minute)),
        });
    }

    /// Bytes of the month so far: some hundred a minute.
    fn volume(&self, minute: i64) -> Fact {
        let day = minute.div_euclid(crate::demo::world::DAY);
        let since = u64::try_from(minute - day.div_euclid(30) * 30 * crate::demo::world::DAY);
        let minutes = since.unwrap_or(0);
        let own = 640 + u64::from(self.site.number % 37);
        Fact::Volume {
            sent_bytes: minutes * own,
            received_bytes: minutes * (own + 210),
        }
    }
}

/// What is said just before the box goes.
fn going(next: &Fault, seen: &mut Vec<Fact>) {
    match next.kind {
        FaultKind::PowerSensed => seen.push(mains(false)),
        FaultKind::PlannedStop => seen.push(Fact::Stopping {
            machine: Some(true),
        }),
        _ => {}
    }
}

fn mains(on: bool) -> Fact {
    Fact::Power {
        mains: Some(on),
        battery_percent: None,
    }
}

fn resolver(on_line: bool) -> Fact {
    Fact::Resolver {
        on_line: Some(on_line),
        sent: 2,
        received: 0,
    }
}

fn probe(received: u16, fact: impl Fn(u16, u16, u16) -> Fact) -> Fact {
    fact(0, PROBES, received)
}
