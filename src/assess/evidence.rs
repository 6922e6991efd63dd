//! What the evidence says of one slot, in the words of the domain.

use desserte_domain::cause::{CauseEvidence, ProbeCount};
use desserte_domain::observation::{Observation, Outcome};
use desserte_domain::slot::SlotState;
use desserte_probe::report::{Fact, Kind};

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
/// Pinged targets from which their common silence says something of the path: one alone may be
/// down itself.
const ANCHORS_MIN: usize = 2;

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

/// An agent that was silent explains it when it is back: by another boot, another process, or sleep.
/// Only the very next that it said counts; a restart hours later explains nothing here.
fn returned(samples: &SiteSamples, to: i64, evidence: &mut CauseEvidence) {
    let after = samples.evidence.partition_point(|row| row.at_unix_ms < to);
    let rows = samples.evidence.get(after..).unwrap_or_default();
    let Some(first) = rows.first() else { return };
    let until = first.at_unix_ms + RETURN_SAID_WITHIN_MS;
    for row in rows.iter().take_while(|row| row.at_unix_ms <= until) {
        if matches!(row.fact, Fact::Started { .. } | Fact::Suspended { .. }) {
            seen(row, evidence);
        }
    }
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
    let (mut pinged, mut echoes) = (
        0_usize,
        ProbeCount {
            sent: 0,
            received: 0,
        },
    );
    let (mut names, mut names_failed, mut intercepted) = (0_u32, 0_u32, false);
    let mut any = false;
    for target in &samples.targets {
        let inside = between(&target.observations, from, to);
        any |= !inside.is_empty();
        let (sent, received) = sums(inside);
        intercepted |= inside
            .iter()
            .any(|one| one.outcome == Outcome::CaptivePortal);
        evidence.lan.route = route(inside).or(evidence.lan.route);
        if target.kind == Kind::Http {
            names += u32::from(!inside.is_empty());
            names_failed += u32::from(!inside.is_empty() && inside.iter().all(name_failed));
        }
        match test.rule_of(target.kind).decide_target(sent, received) {
            SlotState::Unknown => continue,
            SlotState::Bad if received == 0 => failing += 1,
            SlotState::Bad => lossy += 1,
            SlotState::Good => {}
        }
        measured += 1;
        if target.kind == Kind::Icmp {
            pinged += 1;
            echoes.sent = echoes.sent.saturating_add(clamp(sent));
            echoes.received = echoes.received.saturating_add(clamp(received));
        }
    }
    evidence.agent.silent = Some(!any);
    if measured > 0 {
        evidence.targets.measured = Some(measured);
        evidence.targets.failing = Some(failing);
        evidence.targets.lossy = Some(lossy);
    }
    if pinged >= ANCHORS_MIN {
        evidence.path.other_anchors = Some(echoes);
    }
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

fn clamp(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn route(observations: &[Observation]) -> Option<bool> {
    let none = observations
        .iter()
        .any(|one| one.outcome == Outcome::NoRoute);
    none.then_some(false)
}

fn name_failed(observation: &Observation) -> bool {
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
