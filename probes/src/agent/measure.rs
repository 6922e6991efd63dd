//! Measuring: one task a target, slot after slot.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use crate::{
    clock::Clock,
    kinds::{Measured, http, icmp},
    report::Outcome,
    schedule::Place,
    upload::{KnownTime, lock},
    wire::{
        id::AgentId,
        schedule::{Measure, Target},
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
    pub(super) over_budget: AtomicBool,
    /// Addresses that names had last: a ping goes on when the resolver is cut off with the line.
    pub(super) last_addresses: Mutex<HashMap<String, Vec<IpAddr>>>,
}

/// A target and what its slot gave.
#[derive(Debug)]
pub(super) struct SlotResult {
    pub(super) target: Target,
    pub(super) measured: Measured,
}

impl Measurer {
    /// Corrected Unix time; `None` while it is not known.
    pub(super) fn unix_ms(&self) -> Option<i64> {
        let map = lock(&self.time).map()?;
        Some(map.corrected_unix_ms(self.clock.boottime_ms()).0)
    }

    /// Measures a target slot after slot until its task is ended.
    pub(super) async fn follow(self: Arc<Self>, target: Target, results: mpsc::Sender<SlotResult>) {
        let place = Place::of(self.agent, &target);
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
            Measure::Icmp {
                host,
                packets,
                payload_bytes,
                ..
            } => {
                let start = self.clock.boottime_ms();
                match self.addresses(host, place.timeout).await {
                    Ok(addresses) => {
                        self.echo(&addresses, (*packets, *payload_bytes), place)
                            .await
                    }
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
                self.http.measure(&spec, self.unix_ms()).await
            }
        }
    }

    async fn echo(
        &self,
        addresses: &[IpAddr],
        (packets, payload_bytes): (u16, u16),
        place: Place,
    ) -> Measured {
        let (Some(icmp), Some(address)) = (&self.icmp, addresses.first()) else {
            return Measured::nothing(self.clock.boottime_ms(), Outcome::NotSent);
        };
        let spec = icmp::Spec {
            address: *address,
            packets,
            payload_bytes,
            timeout: place.timeout,
            gap: place.gap,
            hop_limit: None,
        };
        icmp.measure(spec).await
    }
}

/// A task ends with whoever waits for it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
