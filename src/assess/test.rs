//! What decides a site's slots: its first valid agreement, or the defaults.

use desserte_domain::agreement::Agreement;
use desserte_domain::machine::MachineParameters;
use desserte_domain::observation::Observation;
use desserte_domain::slot::{SlotRule, SlotState, form_slots};
use desserte_probe::report::Kind;

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

    /// The slots from the observations of each target, in the order of time.
    ///
    /// A kind that makes one request in a slot is judged on that request: for it `minimum_sent` and
    /// `packets_per_slot` are 1, whatever an agreement says of packets.
    #[must_use]
    pub fn slots(
        &self,
        start_unix_ms: i64,
        count: usize,
        targets: &[(Kind, &[Observation])],
    ) -> Vec<SlotState> {
        let columns: Vec<Vec<SlotState>> = targets
            .iter()
            .map(|(kind, observations)| {
                let rule = SlotRule {
                    rule: desserte_domain::slot::Rule::Any,
                    ..self.rule_of(*kind)
                };
                form_slots(&rule, start_unix_ms, count, &[observations])
            })
            .collect();
        let mut row = Vec::with_capacity(columns.len());
        (0..count)
            .map(|slot| {
                row.clear();
                row.extend(
                    columns
                        .iter()
                        .filter_map(|column| column.get(slot).copied()),
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

    #[test]
    fn one_request_decides_a_slot_of_http_and_not_one_of_icmp() {
        let test = SiteTest::default();
        let one = [observation(1_000, 1, 1)];
        let slots = |kind| test.slots(0, 2, &[(kind, one.as_slice())]);
        assert_eq!(slots(Kind::Http), [SlotState::Good, SlotState::Unknown]);
        assert_eq!(slots(Kind::Icmp), [SlotState::Unknown, SlotState::Unknown]);
    }

    #[test]
    fn any_of_the_targets_keeps_a_slot_good() {
        let test = SiteTest::default();
        let (good, bad) = ([observation(0, 5, 5)], [observation(0, 5, 0)]);
        let both = [(Kind::Icmp, good.as_slice()), (Kind::Icmp, bad.as_slice())];
        assert_eq!(test.slots(0, 1, &both), [SlotState::Good]);
        assert_eq!(test.slots(0, 1, &both[1..]), [SlotState::Bad]);
        assert_eq!(test.slots(0, 1, &[]), [SlotState::Unknown]);
    }
}
