//! Starting rounds of line probes and taking what they gave.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::task::{JoinError, JoinSet};

use super::{
    super::{
        line_probes::{self, Part, Parts, Probed, Round},
        pace::{GATEWAY, Hurry},
    },
    Recorder,
    telling::NEVER,
};
use crate::wire::schedule::Profile;

/// On a metered line the resolver is asked with every so many entries while all is well.
const RESOLVER_EVERY: u64 = 5;
/// The gateway's uptime is asked for with every so many entries, and with the first ones: what it was
/// when the box came back tells whether both had lost their power. Gateways start slowly.
const UPTIME_EVERY: u64 = 15;
const UPTIME_FIRST: u64 = 4;

/// Rounds under way, and what the last ones said of the line.
#[derive(Debug, Default)]
pub(super) struct Probing {
    pub(super) rounds: JoinSet<Vec<Probed>>,
    /// Parts that did not answer when they were last asked.
    dead: Vec<Part>,
    hurry: Hurry,
}

impl Recorder {
    fn is_metered(&self) -> bool {
        self.schedule.profile == Profile::Metered
    }

    /// Between two probes of the gateway alone: on a metered line it is watched closely, so that
    /// everything else can be asked seldom.
    pub(super) fn gateway_period(&self) -> Duration {
        if self.is_metered() { GATEWAY } else { NEVER }
    }

    /// What goes with an entry.
    pub(super) fn parts(&self) -> Parts {
        let uptime = self.config.gateway_snmp_community.is_some()
            && (self.records <= UPTIME_FIRST || self.records.is_multiple_of(UPTIME_EVERY));
        if !self.is_metered() {
            return Parts {
                uptime,
                ..Parts::ALL
            };
        }
        let hurry = self.measurer.hurry.load(Relaxed);
        Parts {
            gateway: 0, // asked every ten seconds
            first_hop: 1,
            resolver: hurry || self.records.is_multiple_of(RESOLVER_EVERY),
            uptime,
        }
    }

    /// Off unless the schedule asks for it. A round that is still under way is not doubled; on a
    /// metered line the gateway is asked beside the round of an entry, which may wait for a dead hop.
    pub(super) fn probe_lines(&mut self, parts: Parts) {
        let Some(icmp) = self.measurer.icmp.clone() else {
            return;
        };
        let most = if self.is_metered() && parts.gateway > 0 {
            2
        } else {
            1
        };
        if !self.schedule.active_line_probes || self.probing.rounds.len() >= most {
            return;
        }
        let round = Round {
            parts,
            icmp,
            roots: self.roots.clone(),
            lines: self.seen.clone(),
            destinations: line_probes::destinations(&self.schedule, &self.addresses),
            over_budget: self.measurer.over_budget.load(Relaxed),
            clock: Arc::clone(&self.shared.clock),
            community: self.config.gateway_snmp_community.clone(),
            volume: Arc::clone(&self.shared.volume),
        };
        self.probing.rounds.spawn(round.run());
    }

    pub(super) fn take_probed(&mut self, round: Result<Vec<Probed>, JoinError>) {
        let probed = match round {
            Ok(probed) => probed,
            Err(error) => return tracing::error!(%error, "probes of the lines failed"),
        };
        let dead_before = !self.probing.dead.is_empty();
        for one in probed {
            self.filling.probed(&one);
            self.probing.dead.retain(|part| *part != one.what);
            if one.received == 0 {
                self.probing.dead.push(one.what);
            }
        }
        self.look_for_hurry();
        // Where targets are asked seldom, the line tells first.
        if self.is_metered() && dead_before == self.probing.dead.is_empty() {
            self.record();
            self.orders.wake.notify_one();
        }
    }

    /// Whether a metered line is to be measured every minute now.
    pub(super) fn look_for_hurry(&mut self) {
        let failing: Vec<bool> = self.failing.values().copied().collect();
        let now = self.shared.clock.monotonic();
        let line_fails = !self.probing.dead.is_empty();
        let hurry = self.probing.hurry.look(now, &failing, line_fails);
        self.measurer.hurry.store(hurry, Relaxed);
    }
}
