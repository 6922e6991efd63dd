//! One site's samples in a window, judged.

use desserte_domain::cause::{Verdict, combine, decide};
use desserte_domain::machine::{Availability, MachineRun, run};
use desserte_domain::observation::Observation;
use desserte_domain::outage::{Outage, outages};
use desserte_domain::quality::Rate;
use desserte_domain::slot::SlotState;
use desserte_probe::report::Kind;
use desserte_probe::wire::id::AgentId;

use super::{NeighboursSeen, SiteTest, evidence};
use crate::registry::Anchor;

/// Everything that was measured at a site in a window, by target.
#[derive(Debug, Clone, Default)]
pub struct SiteSamples {
    /// One entry a target, each in the order of time.
    pub targets: Vec<TargetSamples>,
    /// Rates that were measured, by target; only where an agreement promises one.
    pub rates: Vec<(String, Vec<Rate>)>,
    /// What the agents saw, in the order of time.
    pub evidence: Vec<super::EvidenceRow>,
    /// When batches of the site's agents arrived, Unix milliseconds, ascending.
    pub received_unix_ms: Vec<i64>,
    /// When this collector did not run, half-open, ascending.
    pub collector_down: Vec<(i64, i64)>,
    /// What sites nearby did while this one was silent and then restarted.
    pub neighbours: Vec<NeighboursSeen>,
}

/// The samples of one target.
#[derive(Debug, Clone)]
pub struct TargetSamples {
    /// Identifier of the target.
    pub id: String,
    /// Kind of measurement.
    pub kind: Kind,
    /// Where it lies, when it stands for a part of the path.
    pub anchor: Option<Anchor>,
    /// Start of the first sample of it that there is, in or before the window, Unix milliseconds:
    /// before it the target did not exist at the site, and decides nothing.
    pub first_unix_ms: Option<i64>,
    /// The samples, in the order of time.
    pub observations: Vec<Observation>,
    /// Start of each sample that lost something, Unix milliseconds, and the agent that took it; in
    /// any order.
    pub lost_by: Vec<(i64, AgentId)>,
}

impl TargetSamples {
    /// Samples of one agent: those that lost something are remembered with it.
    pub fn add(&mut self, agent: AgentId, mut observations: Vec<Observation>) {
        let lost = observations.iter().filter(|one| one.received < one.sent);
        self.lost_by
            .extend(lost.map(|one| (one.start_unix_ms, agent)));
        self.observations.append(&mut observations);
    }
}

/// A run of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Start of the first slot, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Length of a slot, milliseconds.
    pub slot_ms: i64,
    /// Number of slots.
    pub slots: usize,
}

/// Most slots judged at once: a year of minutes. A longer window is cut at its old end.
pub const SLOTS_MAX: usize = 366 * 24 * 60;

impl Window {
    /// The whole slots from the one that holds `from` to the last one over at `to`.
    #[must_use]
    pub fn between(from_unix_ms: i64, to_unix_ms: i64, slot_seconds: u32) -> Self {
        let slot_ms = i64::from(slot_seconds.max(1)) * 1_000;
        let end = to_unix_ms - to_unix_ms.rem_euclid(slot_ms);
        let longest = i64::try_from(SLOTS_MAX).unwrap_or(i64::MAX) * slot_ms;
        let start = (from_unix_ms - from_unix_ms.rem_euclid(slot_ms)).max(end - longest);
        let slots = usize::try_from((end - start) / slot_ms).unwrap_or(0);
        Self {
            start_unix_ms: start.min(end),
            slot_ms,
            slots,
        }
    }

    /// Start of a slot.
    #[must_use]
    pub fn at(&self, slot: usize) -> i64 {
        let slot = i64::try_from(slot).unwrap_or(i64::MAX);
        self.start_unix_ms
            .saturating_add(slot.saturating_mul(self.slot_ms))
    }

    /// End of the last slot.
    #[must_use]
    pub fn end_unix_ms(&self) -> i64 {
        self.at(self.slots)
    }
}

/// What a window's samples say.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The window.
    pub window: Window,
    /// One state a slot.
    pub slots: Vec<SlotState>,
    /// The machine's run.
    pub run: MachineRun,
    /// Outages, the last one perhaps still open.
    pub outages: Vec<Outage>,
    /// For each outage the agent whose samples showed it; `None` when several agents' did, or none
    /// was lost (an agreement may count slots without data as down).
    pub agents: Vec<Option<AgentId>>,
}

/// Slots of a window that begins in `carry_in`, and the machine's run over them: enough for sums.
#[must_use]
pub fn run_slots(
    test: &SiteTest,
    targets: &[TargetSamples],
    window: Window,
    carry_in: Availability,
) -> (Vec<SlotState>, MachineRun) {
    let slots = test.slots(window.start_unix_ms, window.slots, &test.counted(targets));
    let machine = run(test.machine, carry_in, &slots, &[]);
    (slots, machine)
}

/// Judges a window that begins in `carry_in`.
#[must_use]
pub fn judge(
    test: &SiteTest,
    samples: &SiteSamples,
    window: Window,
    carry_in: Availability,
) -> Judgement {
    let counted: Vec<&TargetSamples> = samples
        .targets
        .iter()
        .filter(|target| test.counts(&target.id, target.kind))
        .collect();
    let (slots, machine) = run_slots(test, &samples.targets, window, carry_in);
    let found = outages(
        &machine,
        &slots,
        window.start_unix_ms,
        window.slot_ms,
        |range| verdict(test, samples, &slots, range, window),
    );
    let agents = found
        .iter()
        .map(|outage| only_agent(&counted, outage, window.end_unix_ms()))
        .collect();
    Judgement {
        agents,
        window,
        slots,
        run: machine,
        outages: found,
    }
}

/// The one agent whose samples lost something during an outage.
pub(super) fn only_agent(
    counted: &[&TargetSamples],
    outage: &Outage,
    now_unix_ms: i64,
) -> Option<AgentId> {
    let during = outage.start_unix_ms..outage.end_unix_ms.unwrap_or(now_unix_ms);
    let mut agents = counted
        .iter()
        .flat_map(|target| &target.lost_by)
        .filter(|(at, _)| during.contains(at))
        .map(|(_, agent)| *agent);
    let first = agents.next()?;
    agents.all(|other| other == first).then_some(first)
}

/// The verdict of an outage: its bad slots are decided one by one, then together. Slots without
/// data are decided only where the agreement counts them as down and nothing else is there.
pub(crate) fn verdict(
    test: &SiteTest,
    samples: &SiteSamples,
    slots: &[SlotState],
    range: std::ops::Range<usize>,
    window: Window,
) -> Verdict {
    let decide_slot = |slot: usize| {
        let (from, to) = (window.at(slot), window.at(slot + 1));
        decide(&evidence::gather(test, samples, from, to))
    };
    let of_state = |state: SlotState| -> Vec<Verdict> {
        range
            .clone()
            .filter(|slot| slots.get(*slot) == Some(&state))
            .map(decide_slot)
            .collect()
    };
    combine(&of_state(SlotState::Bad))
        .or_else(|| combine(&of_state(SlotState::Unknown)))
        .unwrap_or_else(|| decide(&desserte_domain::cause::CauseEvidence::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_domain::cause::Cause;
    use desserte_domain::machine::MachineParameters;
    use desserte_domain::observation::Outcome;
    use desserte_domain::slot::SlotRule;

    const SLOT_MS: i64 = 2_000;

    fn test() -> SiteTest {
        SiteTest {
            rule: SlotRule {
                slot_seconds: 2,
                packets_per_slot: 1,
                minimum_sent: 1,
                ..SlotRule::default()
            },
            machine: MachineParameters {
                n_enter: 3,
                n_exit: 3,
                ..MachineParameters::default()
            },
            ..SiteTest::default()
        }
    }

    /// One request a slot: `g` answered, `b` refused, `.` nothing measured.
    fn samples(pattern: &str) -> SiteSamples {
        let observations: Vec<Observation> = pattern
            .bytes()
            .enumerate()
            .filter(|(_, letter)| *letter != b'.')
            .map(|(slot, letter)| Observation {
                start_unix_ms: i64::try_from(slot).unwrap() * SLOT_MS + 400,
                uncertainty_ms: 5,
                sequence: slot as u64,
                sent: 1,
                received: u16::from(letter == b'g'),
                rtt_us_min: None,
                rtt_us_median: None,
                rtt_us_max: None,
                rtt_us_mean_successive_difference: None,
                coarse: false,
                line: None,
                outcome: if letter == b'g' {
                    Outcome::Ok
                } else {
                    Outcome::Refused
                },
            })
            .collect();
        SiteSamples {
            targets: vec![TargetSamples {
                id: "portal".to_owned(),
                kind: Kind::Http,
                anchor: None,
                first_unix_ms: None,
                lost_by: observations
                    .iter()
                    .filter(|one| one.received < one.sent)
                    .map(|one| (one.start_unix_ms, AgentId([1; 16])))
                    .collect(),
                observations,
            }],
            ..SiteSamples::default()
        }
    }

    fn judged(samples: &SiteSamples, slots: usize) -> Judgement {
        let window = Window {
            start_unix_ms: 0,
            slot_ms: SLOT_MS,
            slots,
        };
        judge(&test(), samples, window, Availability::Available)
    }

    #[test]
    fn a_dead_target_over_a_working_line_is_the_destination() {
        let mut seen = samples("gggbbbbggg");
        seen.received_unix_ms = vec![7_000, 9_000, 11_000, 13_000];
        let judgement = judged(&seen, 10);
        let [outage] = judgement.outages.as_slice() else {
            panic!("{:?}", judgement.outages)
        };
        assert_eq!(
            (outage.start_unix_ms, outage.end_unix_ms),
            (6_000, Some(14_000))
        );
        assert_eq!(outage.down_slots, 4);
        assert_eq!(outage.cause.cause, Cause::Destination);
    }

    #[test]
    fn an_outage_names_the_agent_that_showed_it_and_none_of_several() {
        let agent = AgentId([1; 16]);
        let mut seen = samples("gggbbbbggg");
        assert_eq!(judged(&seen, 10).agents, [Some(agent)]);
        // A loss of another agent outside the outage says nothing of it; one inside does.
        let other = AgentId([2; 16]);
        seen.targets[0].lost_by.push((1_000, other));
        assert_eq!(judged(&seen, 10).agents, [Some(agent)]);
        seen.targets[0].lost_by.push((7_000, other));
        assert_eq!(judged(&seen, 10).agents, [None]);
    }

    #[test]
    fn without_evidence_nobody_is_blamed() {
        let judgement = judged(&samples("gggbbbbggg"), 10);
        assert_eq!(judgement.outages[0].cause.cause, Cause::Undetermined);
    }

    #[test]
    fn an_outage_lasts_while_nothing_says_otherwise() {
        let judgement = judged(&samples("gggbbbb..."), 10);
        assert_eq!(judgement.outages.len(), 1);
        assert_eq!(judgement.outages[0].end_unix_ms, None);
        assert!(judged(&samples("gggbb....."), 10).outages.is_empty());
        assert!(judged(&samples(".........."), 10).outages.is_empty());
    }

    #[test]
    fn windows_are_whole_slots() {
        let window = Window::between(2_500, 9_999, 2);
        assert_eq!((window.start_unix_ms, window.slots), (2_000, 3));
        assert_eq!(window.end_unix_ms(), 8_000);
        assert_eq!(Window::between(9_000, 1_000, 60).slots, 0);
    }
}
