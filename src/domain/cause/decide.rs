//! The table of causes: rules in order, the first that matches wins.

use super::evidence::{CauseEvidence, ProbeCount};
use super::fact::Fact;
use super::rules;
use super::{Cause, Verdict};

/// What counts as a failing part in one pass over the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// Nothing comes back.
    Dead,
    /// More is lost than a good slot may lose.
    Lossy,
}

impl Failing {
    /// Whether a part fails; a part that was not measured does not.
    pub(super) fn fails(self, probe: Option<ProbeCount>) -> bool {
        probe.is_some_and(|probe| match self {
            Self::Dead => probe.dead(),
            Self::Lossy => probe.lossy(),
        })
    }
}

type Rule = fn(&CauseEvidence) -> Option<Verdict>;
type PathRule = fn(&CauseEvidence, Failing) -> Option<Verdict>;

/// Rules about the box itself and what it sees without probes, in order.
const HOST_RULES: [Rule; 6] = [
    rules::restarted,
    rules::process_restarted,
    rules::suspended,
    rules::silent,
    rules::contradiction_or_lag,
    rules::no_link,
];

/// Rules about the path, in order. Interception goes before the last mile and upstream, unlike a
/// plain reading of the table: an answer given in another's place proves that the line carries
/// packets, even where the portal drops the pings of every anchor.
const PATH_RULES: [PathRule; 7] = [
    rules::gateway_silent,
    rules::captive_portal,
    rules::last_mile,
    rules::upstream_or_transit,
    rules::names,
    rules::destination,
    rules::only_collector,
];

/// The cause of an unreachable interval.
///
/// First what the box says of itself; then the path with dead parts; then the path again with lossy
/// parts (a *degraded* verdict with the same locus); else undetermined, with what was missing.
#[must_use]
pub fn decide(evidence: &CauseEvidence) -> Verdict {
    if let Some(verdict) = HOST_RULES.iter().find_map(|rule| rule(evidence)) {
        return verdict;
    }
    let pass = |failing| PATH_RULES.iter().find_map(|rule| rule(evidence, failing));
    if let Some(verdict) = pass(Failing::Dead) {
        return verdict;
    }
    if let Some(verdict) = pass(Failing::Lossy) {
        return Verdict {
            degraded: true,
            ..verdict
        };
    }
    undetermined(evidence)
}

/// What is known and what is missing when no rule matches.
fn undetermined(evidence: &CauseEvidence) -> Verdict {
    let mut facts = vec![Fact::EvidenceInsufficient];
    let beyond_fails = evidence
        .first_hop_or_anchors()
        .any(|probe| Failing::Lossy.fails(Some(probe)));
    let targets_fail = evidence
        .failing_share()
        .is_some_and(|share| share.count > 0);
    if (beyond_fails || targets_fail) && !evidence.gateway_answers() {
        facts.push(match evidence.lan.gateway {
            Some(probe) => Fact::GatewayProbe(probe),
            None => Fact::GatewayNotMeasured,
        });
    }
    if (beyond_fails || targets_fail) && evidence.path.first_hop.is_none() {
        facts.push(Fact::FirstHopNotMeasured);
    }
    facts.extend(evidence.path_facts());
    facts.extend(evidence.failing_share().map(Fact::TargetsFailing));
    Verdict::new(Cause::Undetermined, facts)
}
