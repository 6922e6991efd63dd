//! Measuring: one task a target, slot after slot.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::pace;
use crate::{
    clock::Clock,
    evidence::Roots,
    identity::Identity,
    kinds::{Measured, dns, http, icmp, path, tcp, throughput},
    report::{Detail, Outcome},
    schedule::{Place, hash},
    upload::{KnownTime, lock},
    volume::Volume,
    wire::{
        id::AgentId,
        schedule::{Measure, Profile, Target},
    },
};

/// Longest sleep before the clocks are looked at again: after a suspend, or when the time becomes
/// known, a longer one would end in the wrong place.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// All that a measurement needs.
#[derive(Debug)]
pub(super) struct Measurer {
    pub(super) agent: AgentId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) time: Arc<Mutex<KnownTime>>,
    pub(super) icmp: Option<icmp::Icmp>,
    pub(super) http: http::Bench,
    pub(super) throughput: throughput::Bench,
    pub(super) roots: Roots,
    pub(super) volume: Arc<Volume>,
    pub(super) over_budget: AtomicBool,
    /// Bytes that may still be sent and received this month.
    pub(super) budget_left: AtomicU64,
    /// Something fails: a metered line is measured every minute.
    pub(super) hurry: AtomicBool,
    /// A portal answers in others' place.
    pub(super) intercepted: AtomicBool,
    /// Addresses that names had last: a ping goes on when the resolver is cut off with the line.
    last_addresses: Mutex<HashMap<String, Vec<IpAddr>>>,
}

/// A target and what its slot gave.
#[derive(Debug)]
pub(super) struct SlotResult {
    pub(super) target: Target,
    pub(super) measured: Measured,
}

impl Measurer {
    /// Measures with these parts; nothing is known yet.
    pub(super) fn new(
        identity: &Arc<Identity>,
        time: &Arc<Mutex<KnownTime>>,
        icmp: Option<icmp::Icmp>,
        (http, roots): (http::Bench, Roots),
    ) -> Self {
        Self {
            agent: identity.enrolment.agent,
            clock: Arc::clone(&http.clock),
            time: Arc::clone(time),
            icmp,
            throughput: throughput::Bench {
                http: http.clone(),
                identity: Arc::clone(identity),
            },
            volume: Arc::clone(&http.volume),
            http,
            roots,
            over_budget: AtomicBool::new(false),
            budget_left: AtomicU64::new(u64::MAX),
            hurry: AtomicBool::new(false),
            intercepted: AtomicBool::new(false),
            last_addresses: Mutex::default(),
        }
    }

    /// Corrected Unix time; `None` while it is not known.
    pub(super) fn unix_ms(&self) -> Option<i64> {
        let map = lock(&self.time).map()?;
        Some(map.corrected_unix_ms(self.clock.boottime_ms()).0)
    }

    /// Measures a target slot after slot until its task is ended.
    pub(super) async fn follow(
        self: Arc<Self>,
        target: Target,
        profile: Profile,
        results: mpsc::Sender<SlotResult>,
    ) {
        let place = Place::of(self.agent, &target);
        let phase = hash(self.agent, &target.id);
        let (mut last, mut time_was_known) = (None, false);
        loop {
            let known = self.unix_ms();
            if known.is_some() != time_was_known {
                (last, time_was_known) = (None, known.is_some());
            }
            let boottime = i64::try_from(self.clock.boottime_ms()).unwrap_or(i64::MAX);
            let (wait, slot) = place.next(known.unwrap_or(boottime), last);
            tokio::time::sleep(wait.min(SLEEP_MAX)).await;
            if wait > SLEEP_MAX {
                continue;
            }
            last = Some(slot);
            if !pace::is_due(profile, self.hurry.load(Relaxed), &target, phase, slot) {
                continue;
            }
            let measured = Arc::clone(&self).guarded(target.clone(), place).await;
            if results
                .send(SlotResult {
                    target: target.clone(),
                    measured,
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// A panic in a measurement is that measurement's failure.
    pub(super) async fn guarded(self: Arc<Self>, target: Target, place: Place) -> Measured {
        let start = self.clock.boottime_ms();
        let id = target.id.clone();
        let work = tokio::spawn(async move { self.measure(&target, place).await });
        let guard = AbortOnDrop(work.abort_handle());
        let measured = work.await.unwrap_or_else(|error| {
            tracing::error!(%error, target = id, "measurement of {id} failed");
            Measured::nothing(start, Outcome::NotSent)
        });
        drop(guard);
        measured
    }

    /// Addresses of a host: those of its name now, else those it had last. A line that is cut takes
    /// the resolver with it, and must still show as lost packets.
    async fn addresses(&self, host: &str, timeout: Duration) -> Result<Vec<IpAddr>, Outcome> {
        let found = self.http.names.addresses(host, timeout).await;
        let mut last = lock(&self.last_addresses);
        match found {
            Ok(addresses) => {
                last.insert(host.to_owned(), addresses.clone());
                Ok(addresses)
            }
            Err(outcome) => last.get(host).cloned().ok_or(outcome),
        }
    }

    async fn measure(&self, target: &Target, place: Place) -> Measured {
        if self.over_budget.load(Relaxed) {
            return Measured::nothing(self.clock.boottime_ms(), Outcome::OverBudget);
        }
        match &target.measure {
            Measure::Icmp { host, .. } | Measure::Tcp { host, .. } | Measure::Path { host, .. } => {
                let start = self.clock.boottime_ms();
                match self.addresses(host, place.timeout).await {
                    Ok(addresses) => self.at(&addresses, &target.measure, place).await,
                    Err(outcome) => Measured::nothing(start, outcome),
                }
            }
            Measure::Http {
                url,
                status_from,
                status_to,
                body_bytes_max,
                ..
            } => {
                let spec = http::Spec {
                    url: url.clone(),
                    statuses: (*status_from, *status_to),
                    timeout: place.timeout,
                    body_bytes_max: *body_bytes_max,
                };
                let measured = self.http.measure(&spec, self.unix_ms()).await;
                doubted(measured, self.intercepted.load(Relaxed))
            }
            Measure::Dns {
                name,
                record,
                resolver,
                expected,
                ..
            } => {
                let spec = dns::Spec {
                    name: name.clone(),
                    record: *record,
                    resolver: resolver.clone(),
                    expected: *expected,
                    timeout: place.timeout,
                };
                let system = (&self.http.names, self.roots.resolver());
                dns::measure(&spec, system, &self.clock, &self.volume).await
            }
            Measure::Throughput {
                server,
                download,
                upload,
                seconds_max,
                bytes_max,
            } => {
                let spec = throughput::Spec {
                    server: server.clone(),
                    download: *download,
                    upload: *upload,
                    time_max: Duration::from_secs(u64::from(*seconds_max)),
                    bytes_max: *bytes_max,
                };
                self.rate(&spec).await
            }
        }
    }

    /// Throughput, where the month's budget has room for all that it may cost.
    async fn rate(&self, spec: &throughput::Spec) -> Measured {
        let directions = u64::from(spec.download) + u64::from(spec.upload);
        let cost = spec.bytes_max.saturating_mul(directions);
        if cost > self.budget_left.load(Relaxed) {
            return Measured::nothing(self.clock.boottime_ms(), Outcome::OverBudget);
        }
        self.throughput.measure(spec, self.unix_ms()).await
    }

    /// Measures what has an address, at the first one.
    async fn at(&self, addresses: &[IpAddr], measure: &Measure, place: Place) -> Measured {
        let Some(address) = addresses.first().copied() else {
            return Measured::nothing(self.clock.boottime_ms(), Outcome::DnsNoData);
        };
        match measure {
            Measure::Icmp {
                packets,
                payload_bytes,
                ..
            } => self.echo(address, (*packets, *payload_bytes), place).await,
            Measure::Tcp { port, .. } => {
                let spec = tcp::Spec {
                    address: SocketAddr::new(address, *port),
                    timeout: place.timeout,
                };
                tcp::measure(&spec, &self.clock, &self.volume).await
            }
            Measure::Path { hops_max, .. } => {
                let spec = path::Spec {
                    address,
                    hops_max: *hops_max,
                    timeout: place.timeout,
                    key: self.throughput.identity.line_key,
                };
                path::measure(&spec, &self.clock, &self.volume).await
            }
            Measure::Http { .. } | Measure::Dns { .. } | Measure::Throughput { .. } => {
                Measured::nothing(self.clock.boottime_ms(), Outcome::NotSent)
            }
        }
    }

    async fn echo(
        &self,
        address: IpAddr,
        (packets, payload_bytes): (u16, u16),
        place: Place,
    ) -> Measured {
        let Some(icmp) = &self.icmp else {
            return Measured::nothing(self.clock.boottime_ms(), Outcome::NotSent);
        };
        let spec = icmp::Spec {
            address,
            packets,
            payload_bytes,
            timeout: place.timeout,
            gap: place.gap,
            hop_limit: None,
        };
        icmp.measure(spec).await
    }
}

/// While a portal answers in others' place, an answer counts only from a server that proved its name.
fn doubted(measured: Measured, intercepted: bool) -> Measured {
    let proven = matches!(
        measured.detail,
        Some(Detail::Http {
            certificate_valid: Some(true),
            ..
        })
    );
    let answered = matches!(measured.outcome, Outcome::Ok | Outcome::HttpStatus);
    if !intercepted || proven || !answered {
        return measured;
    }
    Measured {
        outcome: Outcome::Intercepted,
        received: 0,
        times: None,
        ..measured
    }
}

/// A task ends with whoever waits for it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
