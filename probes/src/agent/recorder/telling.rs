//! Telling how the agent fares: to the technician, to the collector's heartbeat port, to systemd.

use std::{sync::Arc, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Recorder, heartbeat};
use crate::{
    SOFTWARE,
    evidence::SeenLine,
    report::Fact,
    status::{LineStatus, Status},
    upload::lock,
    wire::{heartbeat::Heartbeat, parse_hex},
};

/// The period that stands for "not at all": what it ticks does nothing then.
pub(super) const NEVER: Duration = Duration::from_hours(24);

impl Recorder {
    pub(super) fn heartbeat_period(&self) -> Duration {
        match self.schedule.heartbeat_seconds {
            0 => NEVER,
            seconds => Duration::from_secs(u64::from(seconds)),
        }
    }

    pub(super) fn status(&self) -> Status {
        let map = lock(&self.shared.time).map();
        let uncertainty = map
            .as_ref()
            .map(|m| m.corrected_unix_ms(self.shared.clock.boottime_ms()).1);
        let enrolment = &self.shared.identity.enrolment;
        Status {
            written_unix_ms: self.shared.clock.unix_ms(),
            record_seconds: self.schedule.record_seconds,
            software: SOFTWARE.to_owned(),
            agent: enrolment.agent.to_string(),
            site: enrolment.site.clone(),
            site_name: enrolment.site_name.clone(),
            icmp_socket: self
                .measurer
                .icmp
                .as_ref()
                .map(|i| format!("{:?}", i.socket)),
            last_receipt_unix_ms: self.last_receipt_unix_ms,
            upload_error: self.upload_error.clone(),
            time_known: map.is_some(),
            time_uncertainty_ms: uncertainty,
            spool: lock(&self.shared.spool).stats(),
            lines: self.seen.iter().map(line_status).collect(),
            targets: self.targets.values().cloned().collect(),
        }
    }

    pub(super) fn send_heartbeat(&mut self) {
        let enrolment = &self.shared.identity.enrolment;
        let wanted = self.config.heartbeat && self.schedule.heartbeat_seconds > 0;
        let Some(port) = enrolment.heartbeat_port.filter(|_| wanted) else {
            return;
        };
        let counter = match self.counter.next() {
            Ok(counter) => counter,
            Err(error) => return tracing::warn!(%error, "heartbeat not counted"),
        };
        let on_battery = matches!(
            self.roots.power(),
            Some(Fact::Power {
                mains: Some(false),
                ..
            })
        );
        let fails = self.failing.values().any(|failing| *failing);
        let gateway = self
            .seen
            .iter()
            .find(|s| s.route)
            .and_then(|s| s.line.gateway.as_deref());
        let beat = Heartbeat {
            flags: u8::from(fails) | u8::from(on_battery) << 1,
            agent_prefix: prefix(&enrolment.agent.0),
            boot_prefix: prefix(&self.shared.boot.0),
            counter,
            uptime_seconds: u32::try_from(self.shared.clock.boottime_ms() / 1_000)
                .unwrap_or(u32::MAX),
            spool_entries: u32::try_from(lock(&self.shared.spool).stats().entries)
                .unwrap_or(u32::MAX),
            gateway_prefix: gateway
                .and_then(|g| parse_hex::<16>("gateway", g).ok())
                .map_or([0; 4], |hash| prefix(&hash)),
        };
        let to = (self.shared.identity.collector.host.clone(), port);
        let (key, volume) = (
            self.shared.identity.heartbeat_key,
            Arc::clone(&self.shared.volume),
        );
        drop(tokio::spawn(heartbeat::send(to, beat, key, volume)));
    }

    pub(super) fn notify(&self, state: sd_notify::NotifyState<'_>) {
        if self.notify_systemd {
            let _ = sd_notify::notify(&[state]); // not run by systemd
        }
    }
}

fn line_status(seen: &SeenLine) -> LineStatus {
    LineStatus {
        interface: seen.line.interface.clone(),
        carrier: seen.carrier,
        route: seen.route,
        gateway: seen.neighbour,
    }
}

fn prefix<const N: usize>(bytes: &[u8; 16]) -> [u8; N] {
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

/// The first tick comes after one period.
pub(super) fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval.reset();
    interval
}
