//! Active probes of the line, only where the schedule asks for them: the gateway, the first hop
//! beyond it, the resolver. They tell on which side of the gateway a line broke.
//!
//! The first hop is the router that ends an echo request with a hop limit of 2 and says so (RFC 792
//! "time exceeded"). The request goes towards a target of the schedule, or the resolver: to an
//! address that is reached over the line's own gateway, and never to the gateway itself, whose
//! answer would tell nothing of what lies behind it. What could not be sent is no probe.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    evidence::{Community, Roots, SeenLine, gateway_uptime},
    kinds::{Measured, icmp, names::Names},
    report::{Line, Outcome},
    volume::Volume,
    wire::schedule::{Measure, Schedule},
};

/// How long the gateway or the first hop may take.
const ECHO_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the resolver may take: as long as the stub resolvers of most systems wait.
const RESOLVER_TIMEOUT: Duration = Duration::from_secs(5);
/// Through the gateway, and no further than the router behind it.
const FIRST_HOP_LIMIT: u8 = 2;

/// What a round probes, and with how many echo requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    /// Requests to each gateway; 0: none.
    pub(super) gateway: u16,
    /// Requests towards each first hop; 0: none.
    pub(super) first_hop: u16,
    /// Whether the resolver is asked.
    pub(super) resolver: bool,
    /// Whether the gateway is asked how long it has been running.
    pub(super) uptime: bool,
}

impl Parts {
    /// Everything; two requests each, because one lost packet is no outage.
    pub(super) const ALL: Self = Self {
        gateway: 2,
        first_hop: 2,
        resolver: true,
        uptime: false,
    };
    /// The gateway alone, once: it is asked often.
    pub(super) const GATEWAY: Self = Self {
        gateway: 1,
        first_hop: 0,
        resolver: false,
        uptime: false,
    };
}

/// What was probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Gateway(Line),
    FirstHop(Line),
    Resolver {
        on_line: Option<bool>,
    },
    /// Seconds since the gateway started.
    Uptime(u64),
}

/// What a probe gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probed {
    pub(super) boottime_ms: u64,
    pub(super) what: Part,
    pub(super) sent: u16,
    pub(super) received: u16,
}

/// All that one round of probes needs.
pub(super) struct Round {
    pub(super) parts: Parts,
    pub(super) icmp: icmp::Icmp,
    pub(super) roots: Roots,
    pub(super) lines: Vec<SeenLine>,
    /// Addresses of targets, in the order of the schedule.
    pub(super) destinations: Vec<IpAddr>,
    /// Nothing that leaves the site is sent then.
    pub(super) over_budget: bool,
    /// With which the gateway tells its uptime.
    pub(super) community: Option<Community>,
    pub(super) volume: Arc<Volume>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Addresses of the targets: literal, or as they were last measured. No name is asked for.
pub(super) fn destinations(schedule: &Schedule, measured: &HashMap<String, IpAddr>) -> Vec<IpAddr> {
    let literal = |measure: &Measure| match measure {
        Measure::Icmp { host, .. } | Measure::Tcp { host, .. } | Measure::Path { host, .. } => {
            host.trim_matches(['[', ']']).parse().ok()
        }
        Measure::Http { .. } | Measure::Dns { .. } | Measure::Throughput { .. } => None,
    };
    let targets = schedule.targets.iter();
    targets
        .filter_map(|t| measured.get(&t.id).copied().or_else(|| literal(&t.measure)))
        .collect()
}

impl Round {
    /// Probes each line's gateway and first hop, and the resolver meanwhile.
    pub(super) async fn run(self) -> Vec<Probed> {
        let resolver = self.roots.resolver();
        let (mut found, names) = tokio::join!(self.lines(resolver), async {
            match resolver.filter(|_| self.parts.resolver && !self.over_budget) {
                Some(address) => Some(self.resolver(address).await),
                None => None,
            }
        });
        found.extend(names);
        if self.parts.uptime {
            found.extend(self.uptime().await);
        }
        found
    }

    /// The uptime of the gateway in use.
    async fn uptime(&self) -> Option<Probed> {
        let community = self.community.as_ref()?;
        let in_use = self.lines.iter().filter(|seen| seen.route);
        let gateway = in_use
            .filter_map(|seen| seen.gateway)
            .find(|g| can_be_asked(*g))?;
        let seconds = gateway_uptime::ask(gateway, community, &self.volume).await?;
        Some(Probed {
            boottime_ms: self.clock.boottime_ms(),
            what: Part::Uptime(seconds),
            sent: 1,
            received: 1,
        })
    }

    async fn lines(&self, resolver: Option<IpAddr>) -> Vec<Probed> {
        let mut found = Vec::new();
        for seen in &self.lines {
            let Some(gateway) = seen.gateway.filter(|g| can_be_asked(*g)) else {
                continue;
            };
            if self.parts.gateway > 0 {
                found.extend(self.gateway(&seen.line, gateway).await);
            }
            if self.parts.first_hop > 0
                && !self.over_budget
                && let Some(beyond) = self.beyond(seen, gateway, resolver)
            {
                found.extend(self.first_hop(&seen.line, beyond).await);
            }
        }
        found
    }

    async fn gateway(&self, line: &Line, gateway: IpAddr) -> Option<Probed> {
        let measured = self.echo(gateway, self.parts.gateway, None).await;
        let (sent, received) = (measured.sent, measured.received);
        (sent > 0).then(|| Probed {
            boottime_ms: measured.start_boottime_ms,
            what: Part::Gateway(line.clone()),
            sent,
            received,
        })
    }

    /// Where to send so that the packet leaves by this line's gateway; `None` when nothing does.
    fn beyond(&self, seen: &SeenLine, gateway: IpAddr, resolver: Option<IpAddr>) -> Option<IpAddr> {
        let candidates = self.destinations.iter().copied().chain(resolver);
        candidates
            .filter(|address| !address.is_loopback())
            .find(|address| {
                self.roots.route_to(*address).is_some_and(|route| {
                    route.gateway == Some(gateway) && route.interface == seen.line.interface
                })
            })
    }

    /// A request each, so that every "time exceeded" is told from an error of an earlier one.
    async fn first_hop(&self, line: &Line, beyond: IpAddr) -> Option<Probed> {
        let boottime_ms = self.clock.boottime_ms();
        let (mut sent, mut received) = (0, 0);
        for _ in 0..self.parts.first_hop {
            let measured = self.echo(beyond, 1, Some(FIRST_HOP_LIMIT)).await;
            if matches!(measured.outcome, Outcome::NoRoute | Outcome::NotSent) {
                continue;
            }
            sent += measured.sent;
            let answered = matches!(measured.outcome, Outcome::Ok | Outcome::TimeExceeded);
            received += u16::from(answered);
        }
        (sent > 0).then(|| Probed {
            boottime_ms,
            what: Part::FirstHop(line.clone()),
            sent,
            received,
        })
    }

    async fn resolver(&self, address: IpAddr) -> Probed {
        let boottime_ms = self.clock.boottime_ms();
        let answered = Names::at(address).answers(RESOLVER_TIMEOUT).await;
        Probed {
            boottime_ms,
            what: Part::Resolver {
                on_line: self.is_on_line(address),
            },
            sent: 1,
            received: u16::from(answered),
        }
    }

    /// Whether the resolver lies beyond the line. One in a network of the site does not; of the
    /// gateway nobody knows whether it asks the contractor's resolver for us.
    fn is_on_line(&self, resolver: IpAddr) -> Option<bool> {
        if resolver.is_loopback() {
            return Some(false);
        }
        if self.lines.iter().any(|l| l.gateway == Some(resolver)) {
            return None;
        }
        let route = self.roots.route_to(resolver)?;
        // A default route without a gateway is a point-to-point line: everything lies beyond it.
        Some(route.gateway.is_some() || route.prefix_bits == 0)
    }

    async fn echo(&self, address: IpAddr, packets: u16, hop_limit: Option<u8>) -> Measured {
        let spec = icmp::Spec {
            address,
            packets,
            payload_bytes: 0,
            timeout: ECHO_TIMEOUT,
            gap: Duration::ZERO,
            hop_limit,
        };
        self.icmp.measure(spec).await
    }
}

/// An address that is valid on one link only would need the link's zone, which echoes here have not.
fn can_be_asked(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_literal_or_measured_and_no_name_is_asked_for() {
        let icmp = |host: &str| Measure::Icmp {
            host: host.to_owned(),
            packets: 1,
            payload_bytes: 0,
            timeout_ms: 500,
        };
        let target = |id: &str, host: &str| crate::wire::schedule::Target {
            id: id.to_owned(),
            slot_seconds: 60,
            measure: icmp(host),
        };
        let schedule = Schedule {
            revision: 1,
            profile: crate::wire::schedule::Profile::Full,
            targets: vec![
                target("unmeasured", "anchor.example"),
                target("named", "anchor.example"),
                target("literal", "[2001:db8::5]"),
            ],
            record_seconds: 60,
            upload_seconds: 60,
            heartbeat_seconds: 0,
            active_line_probes: true,
            captive: None,
            monthly_volume_bytes_max: None,
        };
        let named: IpAddr = [198, 51, 100, 9].into();
        let measured = HashMap::from([("named".to_owned(), named)]);
        assert_eq!(
            destinations(&schedule, &measured),
            [named, "2001:db8::5".parse().unwrap()]
        );
    }

    #[test]
    fn an_address_of_one_link_is_not_asked() {
        assert!(can_be_asked("2001:db8::1".parse().unwrap()));
        assert!(!can_be_asked("fe80::1".parse().unwrap()));
    }
}
