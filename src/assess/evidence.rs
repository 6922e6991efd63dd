//! What the evidence says of one slot, in the words of the domain.

use desserte_domain::cause::{CauseEvidence, Share};
use desserte_domain::observation::{Observation, Outcome};
use desserte_domain::slot::SlotState;
use desserte_probe::report::{Fact, Kind};

use super::anchors::Anchors;
use super::lines::Lines;
use super::{SiteSamples, SiteTest};

/// How long the last thing said of a link (carrier, route, gateway, mains) holds, milliseconds: an
/// agent repeats it each minute, and a half more covers its lateness.
const LINK_STATE_HOLDS_MS: i64 = 90_000;
/// An agent reports its attempts to reach the collector with the entry that follows them, at most
/// so much later, milliseconds.
const ATTEMPTS_REPORTED_WITHIN_MS: i64 = 60_000;
/// A host that ran later than this has probes not to be trusted, milliseconds.
pub(super) const LAG_MS_MIN: u64 = 1_000;
/// What an agent says of its own silence is among the first things that it says afterwards: within so
/// much of the first one, milliseconds.
const RETURN_SAID_WITHIN_MS: i64 = 2_000;
/// After its return an agent has the gateway's uptime within this, milliseconds: gateways start slowly.
const UPTIME_SAID_WITHIN_MS: i64 = 600_000;

/// A fact that an agent saw.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceRow {
    /// When, corrected.
    pub at_unix_ms: i64,
    /// The agent.
    pub agent: String,
    /// Its boot.
    pub boot: String,
    /// Name of the line that it concerns, where it concerns one.
    pub line: Option<String>,
    /// What it saw.
    pub fact: Fact,
}

/// Gathers what is known of `[from, to)` at a site.
#[must_use]
pub fn gather(test: &SiteTest, samples: &SiteSamples, from: i64, to: i64) -> CauseEvidence {
    let mut evidence = CauseEvidence::default();
    targets(test, samples, from, to, &mut evidence);
    let rows = rows_between(&samples.evidence, from - LINK_STATE_HOLDS_MS, to);
    let mut lines = Lines::default();
    for row in rows {
        lines.take(row, row.at_unix_ms >= from);
        if let Fact::Power { mains, .. } = &row.fact {
            evidence.power.mains_lost = mains.map(|on| !on);
        }
        if row.at_unix_ms >= from {
            seen(row, &mut evidence);
        }
    }
    lines.tell(&mut evidence);
    if evidence.agent.silent == Some(true) {
        returned(samples, to, &mut evidence);
        evidence.power.mains_lost = evidence
            .power
            .mains_lost
            .or_else(|| mains_lost_before(&samples.evidence, from));
        evidence.power.neighbours_down = neighbours_down(samples, from, to);
        let gateway = gateway_restarted(&samples.evidence, from, to);
        evidence.power.gateway_uptime_reset = gateway.or(evidence.power.gateway_uptime_reset);
    }
    evidence.collector.reachable = reachable(samples, from, to);
    evidence.collector.own_heartbeat = Some(
        !samples
            .collector_down
            .iter()
            .any(|(down, up)| *down < to && from < *up),
    );
    evidence
}

/// An agent that was silent explains it when it is back: by another boot, another process, or sleep;
/// and its gateway says whether it came up with it or ran on.
/// Only the very next that it said counts; a restart hours later explains nothing here.
fn returned(samples: &SiteSamples, to: i64, evidence: &mut CauseEvidence) {
    let after = samples.evidence.partition_point(|row| row.at_unix_ms < to);
    let rows = samples.evidence.get(after..).unwrap_or_default();
    let Some(first) = rows.first() else { return };
    let until = first.at_unix_ms + RETURN_SAID_WITHIN_MS;
    for row in rows.iter().take_while(|row| row.at_unix_ms <= until) {
        let explains = matches!(
            row.fact,
            Fact::Started { .. } | Fact::Suspended { .. } | Fact::GatewayUptime { .. }
        );
        if explains {
            seen(row, evidence);
        }
    }
}

/// What was last said of the mains before a silence holds through it: nothing was heard since.
fn mains_lost_before(rows: &[EvidenceRow], from: i64) -> Option<bool> {
    let end = rows.partition_point(|row| row.at_unix_ms < from);
    let said = rows.get(..end)?;
    let since = said.last()?.at_unix_ms - LINK_STATE_HOLDS_MS;
    let mut recent = said.iter().rev().take_while(|row| row.at_unix_ms >= since);
    recent.find_map(|row| match row.fact {
        Fact::Power { mains, .. } => Some(mains.map(|on| !on)),
        _ => None,
    })?
}

/// Whether the gateway started anew between the last sign of life before a silence and the return: its
/// uptime, told soon after, goes back to a moment in it. Two gateways of one site are not told apart.
fn gateway_restarted(rows: &[EvidenceRow], from: i64, to: i64) -> Option<bool> {
    let before = rows.partition_point(|row| row.at_unix_ms < from);
    let fell_silent = rows.get(..before)?.last()?.at_unix_ms;
    let after = rows.partition_point(|row| row.at_unix_ms < to);
    let back = rows.get(after..)?;
    let until = back
        .first()?
        .at_unix_ms
        .saturating_add(UPTIME_SAID_WITHIN_MS);
    let mut soon = back.iter().take_while(|row| row.at_unix_ms <= until);
    soon.find_map(|row| match row.fact {
        Fact::GatewayUptime { seconds } => {
            let lived_ms = i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000);
            Some(row.at_unix_ms.saturating_sub(lived_ms) > fell_silent)
        }
        _ => None,
    })
}

/// What sites nearby did in the silence that the slot lies in.
fn neighbours_down(samples: &SiteSamples, from: i64, to: i64) -> Option<Share> {
    let seen = samples.neighbours.iter().find(|seen| {
        let silence = seen.silence;
        silence.from_unix_ms < to && from < silence.to_unix_ms
    })?;
    (seen.down.total > 0).then_some(seen.down)
}

fn rows_between(rows: &[EvidenceRow], from: i64, to: i64) -> &[EvidenceRow] {
    let first = rows.partition_point(|row| row.at_unix_ms < from);
    let end = rows.partition_point(|row| row.at_unix_ms < to);
    rows.get(first..end).unwrap_or_default()
}

/// Facts of the slot itself.
fn seen(row: &EvidenceRow, evidence: &mut CauseEvidence) {
    match &row.fact {
        Fact::Started {
            clean_stop,
            previous_boot: Some(previous),
            ..
        } => {
            let same_boot = previous.to_string() == row.boot;
            if same_boot {
                // A process that was told to stop is no failing agent.
                evidence.agent.process_restarted = clean_stop.map(|clean| !clean);
            } else {
                evidence.agent.boot_changed = Some(true);
                evidence.agent.clean_stop_mark = *clean_stop;
            }
        }
        Fact::Suspended { milliseconds } => {
            let before = evidence.agent.suspended_ms.unwrap_or(0);
            evidence.agent.suspended_ms = Some(before.saturating_add(*milliseconds));
        }
        Fact::Lag { milliseconds } => evidence.agent.lagging = Some(*milliseconds >= LAG_MS_MIN),
        Fact::Resolver {
            on_line,
            sent,
            received,
        } => {
            evidence.names.resolver_on_judged_line = *on_line;
            if *sent > 0 && *received == 0 {
                evidence.names.resolve = Some(false);
            }
        }
        Fact::Captive { intercepted } => evidence.path.intercepted = Some(*intercepted),
        Fact::GatewayUptime { seconds } => gateway_uptime(*seconds, evidence),
        _ => {}
    }
}

/// A gateway that has been up for less than two minutes restarted about now.
fn gateway_uptime(seconds: u64, evidence: &mut CauseEvidence) {
    const RESTARTED_WITHIN_SECONDS: u64 = 120;
    evidence.power.gateway_uptime_reset = Some(seconds < RESTARTED_WITHIN_SECONDS);
}

/// What the site's targets did in the slot.
fn targets(
    test: &SiteTest,
    samples: &SiteSamples,
    from: i64,
    to: i64,
    evidence: &mut CauseEvidence,
) {
    let (mut measured, mut failing, mut lossy) = (0_u32, 0_u32, 0_u32);
    let (mut names, mut names_failed, mut intercepted) = (0_u32, 0_u32, false);
    let (mut any, mut anchors) = (false, Anchors::default());
    for target in &samples.targets {
        let inside = between(&target.observations, from, to);
        any |= !inside.is_empty();
        // How fast a line is and which way it goes are no answers to whether it works.
        if inside.is_empty() || matches!(target.kind, Kind::Throughput | Kind::Path) {
            continue;
        }
        let (sent, received) = sums(inside);
        intercepted |= inside
            .iter()
            .any(|one| one.outcome == Outcome::CaptivePortal);
        evidence.lan.route = route(inside).or(evidence.lan.route);
        if matches!(target.kind, Kind::Http | Kind::Dns) {
            names += 1;
            names_failed += u32::from(inside.iter().all(name_failed));
        }
        match test.rule_of(target.kind).decide_target(sent, received) {
            SlotState::Unknown => continue,
            SlotState::Bad if received == 0 => failing += 1,
            SlotState::Bad => lossy += 1,
            SlotState::Good => {}
        }
        measured += 1;
        anchors.take(target, inside);
    }
    evidence.agent.silent = Some(!any);
    if measured > 0 {
        evidence.targets.measured = Some(measured);
        evidence.targets.failing = Some(failing);
        evidence.targets.lossy = Some(lossy);
    }
    anchors.tell(&mut evidence.path);
    if intercepted {
        evidence.path.intercepted = Some(true);
    }
    if names_failed > 0 && names == names_failed {
        evidence.names.resolve = Some(false);
    }
}

/// The samples that start in `[from, to)`.
pub(crate) fn between(observations: &[Observation], from: i64, to: i64) -> &[Observation] {
    let first = observations.partition_point(|one| one.start_unix_ms < from);
    let end = observations.partition_point(|one| one.start_unix_ms < to);
    observations.get(first..end).unwrap_or_default()
}

fn sums(observations: &[Observation]) -> (u64, u64) {
    observations.iter().fold((0, 0), |(sent, received), one| {
        (
            sent + u64::from(one.sent),
            received + u64::from(one.received),
        )
    })
}

fn route(observations: &[Observation]) -> Option<bool> {
    let none = observations
        .iter()
        .any(|one| one.outcome == Outcome::NoRoute);
    none.then_some(false)
}

pub(super) fn name_failed(observation: &Observation) -> bool {
    matches!(
        observation.outcome,
        Outcome::DnsNxDomain
            | Outcome::DnsNoData
            | Outcome::DnsServFail
            | Outcome::DnsRefused
            | Outcome::DnsTimeout
            | Outcome::DnsTruncated
    )
}

/// Whether the collector was reached during the slot: a batch arrived in it, or the agent says so.
fn reachable(samples: &SiteSamples, from: i64, to: i64) -> Option<bool> {
    let received = &samples.received_unix_ms;
    let first = received.partition_point(|at| *at < from);
    if received.get(first).is_some_and(|at| *at < to) {
        return Some(true);
    }
    let mut tried = false;
    for row in rows_between(&samples.evidence, from, to + ATTEMPTS_REPORTED_WITHIN_MS) {
        if let Fact::Collector { attempts, answered } = row.fact {
            if answered > 0 {
                return Some(true);
            }
            tried |= attempts > 0;
        }
    }
    tried.then_some(false)
}

#[cfg(test)]
mod tests {
    use desserte_domain::cause::{Cause, decide};

    use super::*;
    use crate::assess::TargetSamples;
    use crate::registry::Anchor;

    const BEFORE: &str = "11111111-1111-1111-1111-111111111111";
    const AFTER: &str = "22222222-2222-2222-2222-222222222222";

    fn row(at_unix_ms: i64, fact: Fact) -> EvidenceRow {
        EvidenceRow {
            at_unix_ms,
            agent: "a".to_owned(),
            boot: AFTER.to_owned(),
            line: None,
            fact,
        }
    }

    fn started(at_unix_ms: i64, clean: bool) -> EvidenceRow {
        let fact = Fact::Started {
            clean_stop: Some(clean),
            previous_boot: Some(BEFORE.parse().unwrap()),
            previous_written_boottime_ms: None,
        };
        row(at_unix_ms, fact)
    }

    /// The cause of a silent slot `[60 s, 120 s)` when the agent later says this.
    fn cause(rows: Vec<EvidenceRow>) -> Cause {
        let samples = SiteSamples {
            evidence: rows,
            ..SiteSamples::default()
        };
        decide(&gather(&SiteTest::default(), &samples, 60_000, 120_000)).cause
    }

    #[test]
    fn a_silence_is_explained_when_the_agent_is_back() {
        assert_eq!(cause(Vec::new()), Cause::Undetermined);
        assert_eq!(
            cause(vec![started(900_000, false)]),
            Cause::RestartedUnproven
        );
        assert_eq!(cause(vec![started(900_000, true)]), Cause::PlannedStop);
        let asleep = Fact::Suspended {
            milliseconds: 600_000,
        };
        assert_eq!(cause(vec![row(900_000, asleep)]), Cause::HostSuspended);
    }

    fn measured(kind: Kind, anchor: Option<Anchor>, answers: bool) -> TargetSamples {
        let observation = Observation {
            start_unix_ms: 70_000,
            uncertainty_ms: 0,
            sequence: 1,
            sent: 5,
            received: if answers { 5 } else { 0 },
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            line: None,
            outcome: if answers {
                Outcome::Ok
            } else {
                Outcome::Timeout
            },
        };
        TargetSamples {
            id: String::new(),
            kind,
            anchor,
            first_unix_ms: None,
            observations: vec![observation],
            lost_by: Vec::new(),
        }
    }

    const NATIONAL: Option<Anchor> = Some(Anchor::National);
    const ABROAD: Option<Anchor> = Some(Anchor::International);

    /// The cause of a slot with these pinged targets, whether each answered, and this evidence.
    fn cause_of(targets: &[(Option<Anchor>, bool)], evidence: Vec<EvidenceRow>) -> Cause {
        let targets = targets.iter();
        let samples = SiteSamples {
            targets: targets
                .map(|(anchor, answers)| measured(Kind::Icmp, *anchor, *answers))
                .collect(),
            evidence,
            ..SiteSamples::default()
        };
        decide(&gather(&SiteTest::default(), &samples, 60_000, 120_000)).cause
    }

    fn first_hop(received: u16) -> EvidenceRow {
        let fact = Fact::FirstHop {
            line: 0,
            sent: 2,
            received,
        };
        row(80_000, fact)
    }

    #[test]
    fn anchors_tell_transit_from_the_operator_and_from_the_last_mile() {
        let abroad_dead = [(NATIONAL, true), (ABROAD, false), (ABROAD, false)];
        assert_eq!(cause_of(&abroad_dead, vec![first_hop(2)]), Cause::Transit);
        let all_dead = [(NATIONAL, false), (ABROAD, false)];
        assert_eq!(cause_of(&all_dead, vec![first_hop(2)]), Cause::Upstream);
        let gateway = Fact::Gateway {
            line: 0,
            sent: 2,
            received: 2,
        };
        let silent_hop = vec![row(79_000, gateway), first_hop(0)];
        assert_eq!(cause_of(&all_dead, silent_hop), Cause::LastMile);
        // One host abroad may be down itself.
        let one_dead = [(NATIONAL, true), (ABROAD, false)];
        assert_eq!(cause_of(&one_dead, vec![first_hop(2)]), Cause::Destination);
    }

    #[test]
    fn a_portal_is_told_whatever_else_is_dead() {
        let portal = row(90_000, Fact::Captive { intercepted: true });
        let all_dead = [(NATIONAL, false), (ABROAD, false)];
        let evidence = vec![first_hop(2), portal];
        assert_eq!(cause_of(&all_dead, evidence), Cause::CaptivePortal);
    }

    #[test]
    fn throughput_and_path_say_nothing_of_whether_the_line_works() {
        let samples = SiteSamples {
            targets: vec![
                measured(Kind::Throughput, None, false),
                measured(Kind::Path, None, false),
            ],
            ..SiteSamples::default()
        };
        let found = gather(&SiteTest::default(), &samples, 60_000, 120_000);
        assert_eq!(found.targets.measured, None);
        assert_eq!(found.agent.silent, Some(false));
    }

    fn mains(at_unix_ms: i64, on: bool) -> EvidenceRow {
        let fact = Fact::Power {
            mains: Some(on),
            battery_percent: Some(5),
        };
        row(at_unix_ms, fact)
    }

    /// Silent for hours before and after the slot.
    const LONG_AGO_MS: i64 = -3_600_000;

    #[test]
    fn mains_that_failed_before_a_silence_prove_it_to_its_end() {
        let rows = |on| vec![mains(LONG_AGO_MS, on), started(900_000, false)];
        assert_eq!(cause(rows(false)), Cause::Power);
        assert_eq!(cause(rows(true)), Cause::RestartedUnproven);
        // Mains that were off long before it fell silent prove nothing.
        let captive = Fact::Captive { intercepted: false };
        let mut stale = rows(false);
        stale.insert(1, row(LONG_AGO_MS + 600_000, captive));
        assert_eq!(cause(stale), Cause::RestartedUnproven);
    }

    #[test]
    fn a_gateway_that_restarted_too_proves_a_power_cut_and_one_that_ran_on_disproves_it() {
        let told = |seconds| {
            let uptime = Fact::GatewayUptime { seconds };
            let rows = vec![
                mains(LONG_AGO_MS, true),
                started(900_000, false),
                row(960_000, uptime),
            ];
            let samples = SiteSamples {
                evidence: rows,
                ..SiteSamples::default()
            };
            gather(&SiteTest::default(), &samples, 60_000, 120_000)
        };
        assert_eq!(decide(&told(300)).cause, Cause::Power);
        let ran_on = told(86_400);
        assert_eq!(ran_on.power.gateway_uptime_reset, Some(false));
        assert_eq!(decide(&ran_on).cause, Cause::RestartedUnproven);
    }

    #[test]
    fn neighbours_that_restarted_too_prove_a_power_cut() {
        let with = |count, total| {
            let silence = crate::assess::neighbours::Silence {
                from_unix_ms: LONG_AGO_MS,
                to_unix_ms: 900_000,
            };
            let samples = SiteSamples {
                evidence: vec![started(900_000, false)],
                neighbours: vec![crate::assess::NeighboursSeen {
                    silence,
                    down: Share { count, total },
                }],
                ..SiteSamples::default()
            };
            decide(&gather(&SiteTest::default(), &samples, 60_000, 120_000)).cause
        };
        assert_eq!(with(3, 4), Cause::Power);
        assert_eq!(with(1, 4), Cause::RestartedUnproven);
        assert_eq!(with(0, 0), Cause::RestartedUnproven);
    }

    #[test]
    fn a_restart_after_it_was_back_explains_nothing() {
        let mains = Fact::Power {
            mains: Some(true),
            battery_percent: None,
        };
        let rows = vec![row(130_000, mains), started(900_000, false)];
        assert_eq!(cause(rows), Cause::Undetermined);
    }
}
