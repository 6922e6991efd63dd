//! One verdict for an outage of many slots.

use super::{Cause, Verdict};

/// The verdict that most slots of an outage share, with the facts of its first slot; a tie goes to
/// the cause that came first. A decided cause of the line goes before `undetermined`, however few
/// its slots: the slots without evidence say nothing against it. A cause of the measuring host
/// (power, restart, stop, agent, sleep) explains only the slots it fills, so it needs more than half
/// of them: one reboot during a long outage does not explain the outage. `None` for an outage
/// without a verdict.
#[must_use]
pub fn combine(verdicts: &[Verdict]) -> Option<Verdict> {
    let count = |cause: Cause| verdicts.iter().filter(|one| one.cause == cause).count();
    // Decided, then undetermined, then a cause of the host that explains too little.
    let rank = |cause: Cause| match cause {
        Cause::Undetermined => 1,
        host if of_the_host(host) && 2 * count(host) <= verdicts.len() => 0,
        _ => 2,
    };
    let mut best: Option<(&Verdict, (u8, usize))> = None;
    for verdict in verdicts {
        let worth = (rank(verdict.cause), count(verdict.cause));
        if best.is_none_or(|(_, most)| worth > most) {
            best = Some((verdict, worth));
        }
    }
    best.map(|(verdict, _)| verdict.clone())
}

/// Causes that lie in the box that measures.
fn of_the_host(cause: Cause) -> bool {
    use Cause::{Agent, HostSuspended, PlannedStop, Power, RestartedUnproven};
    matches!(
        cause,
        Power | RestartedUnproven | PlannedStop | Agent | HostSuspended
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(causes: &[Cause]) -> Vec<Verdict> {
        causes
            .iter()
            .map(|cause| Verdict::new(*cause, Vec::new()))
            .collect()
    }

    #[test]
    fn most_slots_win_and_the_undetermined_ones_say_nothing() {
        use Cause::{Lan, LastMile, Undetermined};
        let of = |causes: &[Cause]| combine(&verdicts(causes)).map(|verdict| verdict.cause);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Undetermined, Undetermined, Lan]), Some(Lan));
        assert_eq!(of(&[Lan, LastMile, LastMile]), Some(LastMile));
        assert_eq!(of(&[Lan, LastMile]), Some(Lan));
        assert_eq!(of(&[Undetermined]), Some(Undetermined));
    }

    #[test]
    fn one_reboot_does_not_explain_a_long_outage() {
        use Cause::{LastMile, PlannedStop, RestartedUnproven, Undetermined};
        let of = |causes: &[Cause]| combine(&verdicts(causes)).map(|verdict| verdict.cause);
        let unexplained = [Undetermined, Undetermined, PlannedStop, Undetermined];
        assert_eq!(of(&unexplained), Some(Undetermined));
        assert_eq!(
            of(&[LastMile, PlannedStop, PlannedStop, Undetermined]),
            Some(LastMile)
        );
        assert_eq!(
            of(&[RestartedUnproven, Undetermined, RestartedUnproven]),
            Some(RestartedUnproven)
        );
        assert_eq!(of(&[PlannedStop]), Some(PlannedStop));
    }
}
