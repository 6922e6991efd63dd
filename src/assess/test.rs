//! What decides a site's slots: its first valid agreement, or the defaults.

use desserte_domain::agreement::Agreement;
use desserte_domain::machine::MachineParameters;
use desserte_domain::observation::Observation;
use desserte_domain::slot::{SlotRule, SlotState, form_slots};
use desserte_probe::report::Kind;

use super::judge::TargetSamples;

/// A target that counts.
#[derive(Debug, Clone, Copy)]
pub struct Column<'s> {
    /// Kind of measurement.
    pub kind: Kind,
    /// Start of its first sample, Unix milliseconds; `None`: it takes part in every slot.
    pub first_unix_ms: Option<i64>,
    /// Its samples, in the order of time.
    pub observations: &'s [Observation],
}

/// The availability test of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteTest {
    /// The agreement that names it; `None`: the defaults.
    pub agreement: Option<String>,
    /// What makes a slot good or bad.
    pub rule: SlotRule,
    /// What makes an outage.
    pub machine: MachineParameters,
    /// Targets that count; `None`: every ICMP, HTTP and TCP target of the site.
    pub targets: Option<Vec<String>>,
}

impl Default for SiteTest {
    /// Any of the site's targets, slots of 60 s, an outage from 5 bad slots.
    fn default() -> Self {
        Self {
            agreement: None,
            rule: SlotRule::default(),
            machine: MachineParameters::default(),
            targets: None,
        }
    }
}

impl SiteTest {
    /// The test that an agreement names.
    #[must_use]
    pub fn of(agreement: &Agreement) -> Self {
        Self {
            agreement: Some(agreement.id.clone()),
            rule: agreement.slot_rule(),
            machine: agreement.machine,
            targets: Some(agreement.test.targets.clone()),
        }
    }

    /// Whether a target counts.
    #[must_use]
    pub fn counts(&self, target: &str, kind: Kind) -> bool {
        match &self.targets {
            Some(named) => named.iter().any(|one| one == target),
            None => matches!(kind, Kind::Icmp | Kind::Http | Kind::Tcp),
        }
    }

    /// The targets that count.
    #[must_use]
    pub fn counted<'s>(&self, targets: &'s [TargetSamples]) -> Vec<Column<'s>> {
        let counted = targets.iter();
        counted
            .filter(|target| self.counts(&target.id, target.kind))
            .map(|target| Column {
                kind: target.kind,
                first_unix_ms: target.first_unix_ms,
                observations: &target.observations,
            })
            .collect()
    }

    /// The slots from the observations of each target, in the order of time.
    ///
    /// A target takes part from the slot of its first sample on: one that was added later makes no
    /// earlier slot unknown. Without an agreement nobody promised which targets are measured how often:
    /// there a slot is decided by the targets that say something in it, so that one which is measured
    /// more rarely, or no longer, hides no outage and delays none.
    ///
    /// A kind that makes one request in a slot is judged on that request: for it `minimum_sent` and
    /// `packets_per_slot` are 1, whatever an agreement says of packets.
    #[must_use]
    pub fn slots(
        &self,
        start_unix_ms: i64,
        count: usize,
        targets: &[Column<'_>],
    ) -> Vec<SlotState> {
        let columns: Vec<(usize, Vec<SlotState>)> = targets
            .iter()
            .map(|target| {
                let rule = SlotRule {
                    rule: desserte_domain::slot::Rule::Any,
                    ..self.rule_of(target.kind)
                };
                let states = form_slots(&rule, start_unix_ms, count, &[target.observations]);
                let first = target.first_unix_ms.unwrap_or(start_unix_ms);
                let slot = first.saturating_sub(start_unix_ms) / self.rule.slot_ms();
                (usize::try_from(slot).unwrap_or(0), states)
            })
            .collect();
        let mut row = Vec::with_capacity(columns.len());
        (0..count)
            .map(|slot| {
                row.clear();
                row.extend(
                    columns
                        .iter()
                        .filter(|(first, _)| *first <= slot)
                        .filter_map(|(_, column)| column.get(slot).copied())
                        .filter(|state| self.targets.is_some() || *state != SlotState::Unknown),
                );
                self.rule.decide_slot(&row)
            })
            .collect()
    }

    /// The rule for one kind of measurement.
    #[must_use]
    pub fn rule_of(&self, kind: Kind) -> SlotRule {
        if kind == Kind::Icmp {
            return self.rule;
        }
        SlotRule {
            packets_per_slot: 1,
            minimum_sent: self.rule.minimum_sent.min(1),
            ..self.rule
        }
    }

    /// Slots of a run that may turn the machine, at most.
    #[must_use]
    pub fn longest_run(&self) -> u32 {
        self.machine.n_enter.max(self.machine.n_exit).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_domain::observation::Outcome;

    fn observation(start_unix_ms: i64, sent: u16, received: u16) -> Observation {
        Observation {
            start_unix_ms,
            uncertainty_ms: 0,
            sequence: 1,
            sent,
            received,
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            line: None,
            outcome: Outcome::Ok,
        }
    }

    fn column(kind: Kind, observations: &[Observation]) -> Column<'_> {
        Column {
            kind,
            first_unix_ms: None,
            observations,
        }
    }

    #[test]
    fn a_target_that_did_not_exist_yet_takes_no_part() {
        use desserte_domain::slot::Rule;
        const SLOT_MS: i64 = 60_000;
        let bad: Vec<_> = (0..4)
            .map(|slot| observation(slot * SLOT_MS, 5, 0))
            .collect();
        let later = [observation(2 * SLOT_MS + 9_000, 5, 5)];
        let slots = |rule, first_unix_ms| {
            let mut test = SiteTest {
                targets: Some(vec!["bad".to_owned(), "later".to_owned()]),
                ..SiteTest::default()
            };
            test.rule.rule = rule;
            let added = Column {
                first_unix_ms,
                ..column(Kind::Icmp, &later)
            };
            test.slots(0, 4, &[column(Kind::Icmp, &bad), added])
        };
        let (good, bad, unknown) = (SlotState::Good, SlotState::Bad, SlotState::Unknown);
        let first = Some(2 * SLOT_MS + 9_000);
        assert_eq!(slots(Rule::Any, first), [bad, bad, good, unknown]);
        assert_eq!(slots(Rule::Any, None), [unknown, unknown, good, unknown]);
        assert_eq!(slots(Rule::All, first), [bad; 4]);
        // Two of one target cannot be had.
        assert_eq!(slots(Rule::Quorum(2), first), [unknown, unknown, bad, bad]);
    }

    #[test]
    fn without_an_agreement_a_rare_or_removed_target_hides_no_outage() {
        const SLOT_MS: i64 = 60_000;
        let every_minute: Vec<_> = (0..12)
            .map(|slot| observation(slot * SLOT_MS, 5, if slot < 2 { 5 } else { 0 }))
            .collect();
        let every_five: Vec<_> = (0..3)
            .map(|step| observation(step * 5 * SLOT_MS, 5, if step == 0 { 5 } else { 0 }))
            .collect();
        let removed = [observation(0, 5, 5)];
        let columns = [
            column(Kind::Icmp, &every_minute),
            Column {
                first_unix_ms: Some(0),
                ..column(Kind::Icmp, &every_five)
            },
            Column {
                first_unix_ms: Some(0),
                ..column(Kind::Icmp, &removed)
            },
        ];
        let mut expected = [SlotState::Bad; 12];
        expected[..2].fill(SlotState::Good);
        let free = SiteTest::default();
        assert_eq!(free.slots(0, 12, &columns), expected);
        // Where an agreement names the targets, what is missing stays unknown.
        let promised = SiteTest {
            targets: Some(Vec::new()),
            ..SiteTest::default()
        };
        let unknown = promised.slots(0, 12, &columns);
        assert!(unknown[2..].iter().all(|slot| *slot == SlotState::Unknown));
    }

    #[test]
    fn one_request_decides_a_slot_of_http_and_not_one_of_icmp() {
        let test = SiteTest::default();
        let one = [observation(1_000, 1, 1)];
        let slots = |kind| test.slots(0, 2, &[column(kind, &one)]);
        assert_eq!(slots(Kind::Http), [SlotState::Good, SlotState::Unknown]);
        assert_eq!(slots(Kind::Icmp), [SlotState::Unknown, SlotState::Unknown]);
    }

    #[test]
    fn any_of_the_targets_keeps_a_slot_good() {
        let test = SiteTest::default();
        let (good, bad) = ([observation(0, 5, 5)], [observation(0, 5, 0)]);
        let both = [column(Kind::Icmp, &good), column(Kind::Icmp, &bad)];
        assert_eq!(test.slots(0, 1, &both), [SlotState::Good]);
        assert_eq!(test.slots(0, 1, &both[1..]), [SlotState::Bad]);
        assert_eq!(test.slots(0, 1, &[]), [SlotState::Unknown]);
    }
}
