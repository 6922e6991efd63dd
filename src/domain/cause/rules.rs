//! One function per row of the table. Each answers `None` when its row does not match.

use super::decide::Failing;
use super::evidence::{CauseEvidence, NeighbourState, ProbeCount, Share};
use super::fact::Fact;
use super::{Cause, Verdict};

/// A suspension shorter than this does not explain a bad slot, milliseconds.
const SUSPENDED_MIN_MS: u64 = 1_000;

/// Neighbours on the same feeder that must exist before their share says anything.
const NEIGHBOURS_MIN: u32 = 2;

impl CauseEvidence {
    /// First hop and anchors, those that were measured.
    pub(super) fn first_hop_or_anchors(&self) -> impl Iterator<Item = ProbeCount> {
        self.path.first_hop.into_iter().chain(self.anchors())
    }

    fn anchors(&self) -> impl Iterator<Item = ProbeCount> {
        let path = self.path;
        [
            path.national_anchors,
            path.international_anchors,
            path.other_anchors,
        ]
        .into_iter()
        .flatten()
        .filter(|probe| probe.sent > 0)
    }

    fn any_anchor_alive(&self) -> bool {
        self.anchors().any(ProbeCount::alive)
    }

    /// Every anchor measured fails, and there is one.
    fn all_anchors_fail(&self, failing: Failing) -> bool {
        let mut anchors = self.anchors().peekable();
        anchors.peek().is_some() && anchors.all(|probe| failing.fails(Some(probe)))
    }

    /// The gateway answered, by ARP/NDP or by ping.
    pub(super) fn gateway_answers(&self) -> bool {
        self.lan.gateway_neighbour == Some(NeighbourState::Reachable)
            || self.lan.gateway.is_some_and(ProbeCount::alive)
    }

    /// Targets that do not answer, of those measured; `None` when none was.
    pub(super) fn failing_share(&self) -> Option<Share> {
        let total = self.targets.measured.filter(|total| *total > 0)?;
        Some(Share {
            count: self.targets.failing?.min(total),
            total,
        })
    }

    fn some_target_alive(&self) -> bool {
        self.failing_share()
            .is_some_and(|share| share.count < share.total)
    }

    /// Something beyond the gateway's network answered.
    fn something_beyond_answers(&self) -> bool {
        self.any_anchor_alive()
            || self.some_target_alive()
            || self.collector.reachable == Some(true)
    }

    fn gateway_facts(&self) -> impl Iterator<Item = Fact> {
        let neighbour = self.lan.gateway_neighbour.map(|state| match state {
            NeighbourState::Reachable => Fact::GatewayNeighbourReachable,
            NeighbourState::Failed => Fact::GatewayNeighbourFailed,
        });
        neighbour
            .into_iter()
            .chain(self.lan.gateway.map(Fact::GatewayProbe))
    }

    /// Probes of first hop and anchors, as facts.
    pub(super) fn path_facts(&self) -> impl Iterator<Item = Fact> {
        let path = self.path;
        [
            path.first_hop.map(Fact::FirstHopProbe),
            path.national_anchors.map(Fact::NationalAnchorsProbe),
            path.international_anchors
                .map(Fact::InternationalAnchorsProbe),
            path.other_anchors.map(Fact::OtherAnchorsProbe),
        ]
        .into_iter()
        .flatten()
    }
}

/// Another boot: planned stop, power when corroborated, else restarted and unproven.
///
/// Neighbours corroborate nothing when the gateway is known to have run on: then the site had power
/// and the box may have been unplugged.
pub(super) fn restarted(evidence: &CauseEvidence) -> Option<Verdict> {
    if evidence.agent.boot_changed != Some(true) {
        return None;
    }
    if evidence.agent.clean_stop_mark == Some(true) {
        let facts = vec![Fact::CleanStopMark, Fact::BootChanged];
        return Some(Verdict::new(Cause::PlannedStop, facts));
    }
    let power = &evidence.power;
    let mut facts = vec![Fact::BootChanged];
    facts.extend((evidence.agent.clean_stop_mark == Some(false)).then_some(Fact::NoCleanStopMark));
    let own = [
        (power.mains_lost == Some(true)).then_some(Fact::MainsLost),
        (power.gateway_uptime_reset == Some(true)).then_some(Fact::GatewayUptimeReset),
    ];
    let gateway_ran_on = power.gateway_uptime_reset == Some(false);
    let neighbours = power.neighbours_down.filter(|share| {
        share.total >= NEIGHBOURS_MIN && u64::from(share.count) * 2 > u64::from(share.total)
    });
    let corroborated: Vec<Fact> = own
        .into_iter()
        .flatten()
        .chain(
            neighbours
                .filter(|_| !gateway_ran_on)
                .map(Fact::NeighboursDown),
        )
        .collect();
    if corroborated.is_empty() {
        facts.extend(gateway_ran_on.then_some(Fact::GatewayKeptRunning));
        return Some(Verdict::new(Cause::RestartedUnproven, facts));
    }
    facts.extend(corroborated);
    Some(Verdict::new(Cause::Power, facts))
}

/// Same boot, another process.
pub(super) fn process_restarted(evidence: &CauseEvidence) -> Option<Verdict> {
    (evidence.agent.process_restarted == Some(true))
        .then(|| Verdict::new(Cause::Agent, vec![Fact::ProcessRestarted]))
}

/// The host slept.
pub(super) fn suspended(evidence: &CauseEvidence) -> Option<Verdict> {
    let milliseconds = evidence
        .agent
        .suspended_ms
        .filter(|ms| *ms >= SUSPENDED_MIN_MS)?;
    Some(Verdict::new(
        Cause::HostSuspended,
        vec![Fact::HostSuspended { milliseconds }],
    ))
}

/// Nothing heard: the collector's own fault when its heartbeat was missing too, else undetermined
/// until the agent returns.
pub(super) fn silent(evidence: &CauseEvidence) -> Option<Verdict> {
    if evidence.agent.silent != Some(true) {
        return None;
    }
    if evidence.collector.own_heartbeat == Some(false) {
        let facts = vec![Fact::CollectorHeartbeatMissing, Fact::AgentSilent];
        return Some(Verdict::new(Cause::Collector, facts));
    }
    Some(Verdict::new(Cause::Undetermined, vec![Fact::AgentSilent]))
}

/// Evidence that excludes itself, or probes that are not to be trusted: nobody is blamed on it.
/// Partial answers without a link are no contradiction: the link may have gone within the interval.
pub(super) fn contradiction_or_lag(evidence: &CauseEvidence) -> Option<Verdict> {
    let answered = evidence.first_hop_or_anchors().any(ProbeCount::whole);
    if let Some(fact) = link_fact(evidence).filter(|_| answered) {
        let mut facts = vec![Fact::Contradiction, fact];
        facts.extend(evidence.path_facts());
        return Some(Verdict::new(Cause::Undetermined, facts));
    }
    // Without a link the probes do not matter, lag or not.
    (evidence.agent.lagging == Some(true) && link_fact(evidence).is_none())
        .then(|| Verdict::new(Cause::Undetermined, vec![Fact::HostLagging]))
}

fn link_fact(evidence: &CauseEvidence) -> Option<Fact> {
    let lan = &evidence.lan;
    let checks = [
        (lan.carrier, Fact::CarrierDown),
        (lan.wifi_associated, Fact::WifiNotAssociated),
        (lan.route, Fact::NoRoute),
    ];
    checks
        .into_iter()
        .find(|(state, _)| *state == Some(false))
        .map(|(_, fact)| fact)
}

/// No carrier, no Wi-Fi or no route.
pub(super) fn no_link(evidence: &CauseEvidence) -> Option<Verdict> {
    link_fact(evidence).map(|fact| Verdict::new(Cause::Lan, vec![fact]))
}

/// The gateway is silent to ARP and ping, and nothing beyond it answers. A gateway that only
/// ignores pings is not silent: ARP must have failed, or the pings be partly lost. With ARP failed,
/// some answered pings only mean that it went within the interval; all of them, that the entry of
/// the neighbour table is stale.
pub(super) fn gateway_silent(evidence: &CauseEvidence, failing: Failing) -> Option<Verdict> {
    let lan = &evidence.lan;
    let silent = match failing {
        Failing::Dead => {
            lan.gateway_neighbour == Some(NeighbourState::Failed)
                && lan.gateway.is_none_or(|probe| !probe.whole())
                && !evidence.something_beyond_answers()
        }
        Failing::Lossy => lan
            .gateway
            .is_some_and(|probe| probe.alive() && probe.lossy()),
    };
    silent.then(|| Verdict::new(Cause::Lan, evidence.gateway_facts().collect()))
}

/// Somebody answered in another's place.
pub(super) fn captive_portal(evidence: &CauseEvidence, _: Failing) -> Option<Verdict> {
    (evidence.path.intercepted == Some(true))
        .then(|| Verdict::new(Cause::CaptivePortal, vec![Fact::AnswersIntercepted]))
}

/// Gateway fine; first hop and all anchors fail.
pub(super) fn last_mile(evidence: &CauseEvidence, failing: Failing) -> Option<Verdict> {
    let matches = evidence.gateway_answers()
        && failing.fails(evidence.path.first_hop)
        && evidence.all_anchors_fail(failing);
    matches.then(|| {
        let facts = evidence
            .gateway_facts()
            .chain(evidence.path_facts())
            .collect();
        Verdict::new(Cause::LastMile, facts)
    })
}

/// National anchors fine and those abroad fail: transit. First hop fine and all anchors fail:
/// upstream.
pub(super) fn upstream_or_transit(evidence: &CauseEvidence, failing: Failing) -> Option<Verdict> {
    let path = &evidence.path;
    let fine = |probe: Option<ProbeCount>| {
        probe.is_some_and(|probe| probe.alive() && !failing.fails(Some(probe)))
    };
    let verdict = |cause| Some(Verdict::new(cause, evidence.path_facts().collect()));
    if fine(path.national_anchors) && failing.fails(path.international_anchors) {
        return verdict(Cause::Transit);
    }
    if fine(path.first_hop) && evidence.all_anchors_fail(failing) {
        return verdict(Cause::Upstream);
    }
    None
}

/// All names fail while addresses answer. Of a resolver whose owner is not known, only
/// `dns_other` may be said: it charges nobody by itself.
pub(super) fn names(evidence: &CauseEvidence, _: Failing) -> Option<Verdict> {
    let names = &evidence.names;
    let by_address = names
        .addresses_answer
        .unwrap_or_else(|| evidence.any_anchor_alive());
    if names.resolve != Some(false) || !by_address {
        return None;
    }
    let (cause, owner) = match names.resolver_on_judged_line {
        Some(true) => (Cause::DnsLine, Fact::ResolverOnJudgedLine),
        Some(false) => (Cause::DnsOther, Fact::ResolverElsewhere),
        None => (Cause::DnsOther, Fact::ResolverOwnerUnknown),
    };
    Some(Verdict::new(
        cause,
        vec![Fact::NamesFail, Fact::AddressesAnswer, owner],
    ))
}

/// A target fails while the line is known to work: a sibling or an anchor answers, or the site has
/// one target only and the collector was reached over the line meanwhile. (Several targets that all
/// fail while only the collector answers may as well be a fault beyond the collector's network.)
pub(super) fn destination(evidence: &CauseEvidence, failing: Failing) -> Option<Verdict> {
    let dead = evidence.failing_share()?;
    let share = match failing {
        Failing::Dead => dead,
        Failing::Lossy => Share {
            count: evidence.targets.lossy?.min(dead.total),
            ..dead
        },
    };
    let sibling = dead
        .count
        .saturating_add(evidence.targets.lossy.unwrap_or(0))
        < dead.total;
    let anchor = evidence
        .anchors()
        .any(|probe| probe.alive() && !failing.fails(Some(probe)));
    let collector = dead.total == 1 && evidence.collector.reachable == Some(true);
    if share.count == 0 || !(sibling || anchor || collector) {
        return None;
    }
    let mut facts = vec![match failing {
        Failing::Dead => Fact::TargetsFailing(share),
        Failing::Lossy => Fact::TargetsLossy(share),
    }];
    facts.extend(evidence.path_facts().filter(|_| anchor));
    facts.extend((evidence.collector.reachable == Some(true)).then_some(Fact::CollectorReachable));
    Some(Verdict::new(Cause::Destination, facts))
}

/// Only the collector is dead: the line works and every target answers.
pub(super) fn only_collector(evidence: &CauseEvidence, _: Failing) -> Option<Verdict> {
    let line_works = evidence.any_anchor_alive() || evidence.some_target_alive();
    let targets_fine = evidence
        .failing_share()
        .is_none_or(|share| share.count == 0);
    if evidence.collector.reachable != Some(false) || !line_works || !targets_fine {
        return None;
    }
    let mut facts = vec![Fact::CollectorUnreachable];
    facts.extend(
        (evidence.collector.own_heartbeat == Some(false))
            .then_some(Fact::CollectorHeartbeatMissing),
    );
    facts.extend(evidence.path_facts());
    Some(Verdict::new(Cause::Collector, facts))
}
