//! From observations to slots: good, bad or unknown.

use serde::{Deserialize, Serialize};

use crate::observation::{Observation, Outcome};

/// What is known of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// Enough was sent and enough came back.
    Good,
    /// Enough was sent and too much was lost.
    Bad,
    /// No trusted sample: neither up nor down.
    Unknown,
}

/// How the targets of an availability test are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Good when one target is good.
    Any,
    /// Good when at least this many targets are good.
    Quorum(u16),
    /// Good when every target is good.
    All,
    /// Bad when strictly more than half of those that could tell are bad; a tie is good.
    Majority,
}

/// An agreement's availability test: what decides a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRule {
    /// Combination of the targets.
    pub rule: Rule,
    /// Packets that the schedule sends to one target in one slot.
    pub packets_per_slot: u16,
    /// A target to which fewer packets went in a slot is unknown there.
    pub minimum_sent: u16,
    /// Bad when the share lost is *strictly* greater than this, in millionths.
    pub loss_threshold_parts_per_million: u32,
    /// Length of a slot, seconds, at least 1.
    pub slot_seconds: u32,
}

impl Default for SlotRule {
    /// Any target, 5 packets, 3 sent at least, 20 % loss, slots of 60 s.
    fn default() -> Self {
        Self {
            rule: Rule::Any,
            packets_per_slot: 5,
            minimum_sent: 3,
            loss_threshold_parts_per_million: 200_000,
            slot_seconds: 60,
        }
    }
}

impl SlotRule {
    /// Length of a slot, milliseconds.
    #[must_use]
    pub fn slot_ms(&self) -> i64 {
        i64::from(self.slot_seconds.max(1)) * 1_000
    }

    /// One target in one slot, from all that was sent and received there. Integers are compared:
    /// 2 lost of 10 is exactly 20 % and good at a threshold of 20 %.
    #[must_use]
    pub fn decide_target(&self, sent: u64, received: u64) -> SlotState {
        if sent == 0 || sent < u64::from(self.minimum_sent) {
            return SlotState::Unknown;
        }
        let lost = u128::from(sent.saturating_sub(received)) * 1_000_000;
        let allowed = u128::from(sent) * u128::from(self.loss_threshold_parts_per_million);
        if lost > allowed {
            SlotState::Bad
        } else {
            SlotState::Good
        }
    }

    /// The slot, from what its targets say. With `need` good targets asked for (1 for any, all of
    /// them for all): good when so many are good, bad when so many cannot be reached even if every
    /// unknown target were good, else unknown. Fewer targets than asked for: unknown. A majority is
    /// one of the targets that are not unknown.
    #[must_use]
    pub fn decide_slot(&self, targets: &[SlotState]) -> SlotState {
        let count = |state| targets.iter().filter(|one| **one == state).count();
        let (good, unknown) = (count(SlotState::Good), count(SlotState::Unknown));
        let need = match self.rule {
            Rule::Any => 1,
            Rule::Quorum(count) => usize::from(count.max(1)),
            Rule::All => targets.len(),
            Rule::Majority => return majority(good, targets.len() - unknown),
        };
        if targets.is_empty() || targets.len() < need {
            return SlotState::Unknown;
        }
        if good >= need {
            SlotState::Good
        } else if good + unknown < need {
            SlotState::Bad
        } else {
            SlotState::Unknown
        }
    }

    /// Number of the slot that an observation decides, from the period's start; `None` when it lies
    /// before it or is no trusted sample: its uncertainty is more than half a slot.
    #[must_use]
    pub fn slot_of(&self, observation: &Observation, period_start_unix_ms: i64) -> Option<usize> {
        if i64::from(observation.uncertainty_ms) * 2 > self.slot_ms() {
            return None;
        }
        let start = observation.start_unix_ms;
        let offset_ms = start.saturating_sub(period_start_unix_ms);
        usize::try_from(offset_ms.div_euclid(self.slot_ms())).ok()
    }

    /// Packets of an observation that prove something. An agent without a route sends nothing and
    /// knows all the same that nothing can pass: as many lost packets as the schedule asked for.
    /// An agent that failed to send for a reason of its own has proven nothing.
    fn proven(&self, observation: &Observation) -> (u64, u64) {
        match (observation.outcome, observation.sent) {
            (Outcome::NotSent, _) => (0, 0),
            (Outcome::NoRoute, 0) => (u64::from(self.packets_per_slot.max(self.minimum_sent)), 0),
            _ => (u64::from(observation.sent), u64::from(observation.received)),
        }
    }
}

/// A vote of `known` targets, of which `good` are good.
fn majority(good: usize, known: usize) -> SlotState {
    if known == 0 {
        SlotState::Unknown
    } else if (known - good) * 2 > known {
        SlotState::Bad
    } else {
        SlotState::Good
    }
}

/// Slots of a period, from the observations of each target of the test.
///
/// * The slot holding an observation's corrected start is decided by it: `[slot, slot + length)`.
/// * Several observations of one target in a slot are summed, whatever their order.
/// * An observation whose uncertainty is more than half a slot is no trusted sample (it could lie
///   in three slots) and is left out; below that the corrected time decides, even when the
///   uncertainty reaches over a boundary: each sample still counts once, in its slot or the next.
/// * Observations outside the period are ignored.
///
/// `targets` holds one slice per target of the test; which line and which targets count is the
/// caller's choice. Returns `slot_count` states.
#[must_use]
pub fn form_slots(
    rule: &SlotRule,
    period_start_unix_ms: i64,
    slot_count: usize,
    targets: &[&[Observation]],
) -> Vec<SlotState> {
    let per_target: Vec<Vec<SlotState>> = targets
        .iter()
        .map(|observations| target_slots(rule, period_start_unix_ms, slot_count, observations))
        .collect();
    if let [only] = per_target.as_slice() {
        return only
            .iter()
            .map(|state| rule.decide_slot(&[*state]))
            .collect();
    }
    let mut row = Vec::with_capacity(per_target.len());
    (0..slot_count)
        .map(|slot| {
            row.clear();
            row.extend(
                per_target
                    .iter()
                    .filter_map(|states| states.get(slot).copied()),
            );
            rule.decide_slot(&row)
        })
        .collect()
}

fn target_slots(
    rule: &SlotRule,
    period_start_unix_ms: i64,
    slot_count: usize,
    observations: &[Observation],
) -> Vec<SlotState> {
    let mut sums = vec![(0_u64, 0_u64); slot_count];
    for observation in observations {
        let slot = rule.slot_of(observation, period_start_unix_ms);
        if let Some(sum) = slot.and_then(|slot| sums.get_mut(slot)) {
            let (sent, received) = rule.proven(observation);
            *sum = (sum.0 + sent, sum.1 + received);
        }
    }
    sums.into_iter()
        .map(|(sent, received)| rule.decide_target(sent, received))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Bad, Good, Unknown};

    fn observation(start_unix_ms: i64, sent: u16, received: u16) -> Observation {
        Observation {
            start_unix_ms,
            uncertainty_ms: 20,
            sequence: 1,
            sent,
            received,
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            line: None,
            outcome: if received > 0 {
                Outcome::Ok
            } else {
                Outcome::Timeout
            },
        }
    }

    fn form(observations: &[Observation]) -> Vec<SlotState> {
        form_slots(&SlotRule::default(), 600_000, 3, &[observations])
    }

    #[test]
    fn exactly_the_threshold_is_good() {
        let rule = SlotRule::default();
        let states = [10, 9, 8, 7, 0].map(|received| rule.decide_target(10, received));
        assert_eq!(states, [Good, Good, Good, Bad, Bad]);
        assert_eq!(rule.decide_target(2, 0), Unknown);
        assert_eq!(rule.decide_target(0, 0), Unknown);
        // More received than sent (duplicates) is no loss and no overflow.
        assert_eq!(rule.decide_target(5, 9), Good);
        let free = SlotRule {
            minimum_sent: 0,
            ..rule
        };
        assert_eq!(free.decide_target(0, 0), Unknown);
    }

    #[test]
    fn the_slot_holding_the_start_is_decided() {
        let at = |ms| form(&[observation(ms, 5, 5)]);
        assert_eq!(at(599_999), [Unknown, Unknown, Unknown]);
        assert_eq!(at(600_000), [Good, Unknown, Unknown]);
        assert_eq!(at(659_999), [Good, Unknown, Unknown]);
        assert_eq!(at(660_000), [Unknown, Good, Unknown]);
        assert_eq!(at(779_999), [Unknown, Unknown, Good]);
        assert_eq!(at(780_000), [Unknown, Unknown, Unknown]);
        assert_eq!(at(i64::MIN), [Unknown, Unknown, Unknown]);
        assert_eq!(at(i64::MAX), [Unknown, Unknown, Unknown]);
    }

    #[test]
    fn several_observations_of_a_target_are_summed() {
        assert_eq!(
            form(&[observation(600_000, 2, 2)]),
            [Unknown, Unknown, Unknown]
        );
        let two = [observation(600_000, 2, 2), observation(630_000, 2, 1)];
        assert_eq!(form(&two), [Bad, Unknown, Unknown]);
    }

    #[test]
    fn a_sample_that_may_lie_in_three_slots_is_not_trusted() {
        let with = |uncertainty_ms| {
            form(&[Observation {
                uncertainty_ms,
                ..observation(630_000, 5, 5)
            }])
        };
        assert_eq!(with(30_000), [Good, Unknown, Unknown]);
        assert_eq!(with(30_001), [Unknown, Unknown, Unknown]);
    }

    #[test]
    fn no_route_is_bad_and_not_sent_is_unknown() {
        let with = |outcome, sent| {
            form(&[Observation {
                outcome,
                ..observation(600_000, sent, 0)
            }])
        };
        assert_eq!(with(Outcome::NoRoute, 0), [Bad, Unknown, Unknown]);
        assert_eq!(with(Outcome::NoRoute, 5), [Bad, Unknown, Unknown]);
        assert_eq!(with(Outcome::NotSent, 5), [Unknown, Unknown, Unknown]);
    }

    #[test]
    fn targets_combine_with_unknowns_left_open() {
        let decide = |rule, targets: &[SlotState]| {
            SlotRule {
                rule,
                ..SlotRule::default()
            }
            .decide_slot(targets)
        };
        assert_eq!(decide(Rule::Any, &[Bad, Unknown, Good]), Good);
        assert_eq!(decide(Rule::Any, &[Bad, Unknown]), Unknown);
        assert_eq!(decide(Rule::Any, &[Bad, Bad]), Bad);
        assert_eq!(decide(Rule::All, &[Good, Good]), Good);
        assert_eq!(decide(Rule::All, &[Good, Unknown]), Unknown);
        assert_eq!(decide(Rule::All, &[Bad, Unknown]), Bad);
        assert_eq!(decide(Rule::Quorum(2), &[Good, Good, Bad]), Good);
        assert_eq!(decide(Rule::Quorum(2), &[Good, Unknown, Bad]), Unknown);
        assert_eq!(decide(Rule::Quorum(2), &[Good, Bad, Bad]), Bad);
        assert_eq!(decide(Rule::Quorum(2), &[Good]), Unknown);
        assert_eq!(decide(Rule::Quorum(0), &[Bad]), Bad);
        for rule in [Rule::Any, Rule::All, Rule::Quorum(1)] {
            assert_eq!(decide(rule, &[]), Unknown);
        }
    }

    #[test]
    fn a_majority_is_one_of_those_that_could_tell() {
        let rule = SlotRule {
            rule: Rule::Majority,
            ..SlotRule::default()
        };
        let votes = |text: &str| {
            let states: Vec<SlotState> = text
                .chars()
                .map(|vote| match vote {
                    'G' => Good,
                    'B' => Bad,
                    _ => Unknown,
                })
                .collect();
            rule.decide_slot(&states)
        };
        let all = ["GGG", "GGB", "GBB", "BBB", "GB-", "B--", "---", ""];
        assert_eq!(
            all.map(votes),
            [Good, Good, Bad, Bad, Good, Bad, Unknown, Unknown]
        );
    }

    #[test]
    fn slots_of_several_targets_line_up() {
        let (one, other) = ([observation(600_000, 5, 0)], [observation(660_000, 5, 5)]);
        let of = |rule| {
            let rule = SlotRule {
                rule,
                ..SlotRule::default()
            };
            form_slots(&rule, 600_000, 2, &[&one, &other])
        };
        assert_eq!(of(Rule::Any), [Unknown, Good]);
        assert_eq!(of(Rule::All), [Bad, Unknown]);
        assert_eq!(
            form_slots(&SlotRule::default(), 0, 2, &[]),
            [Unknown, Unknown]
        );
    }
}
