//! One verdict for an outage of many slots.

use super::{Cause, Verdict};

/// The verdict that most slots of an outage share, with the facts of its first slot; a tie goes to
/// the cause that came first. A decided cause goes before `undetermined`, however few its slots:
/// the slots without evidence say nothing against it. `None` for an outage without a verdict.
#[must_use]
pub fn combine(verdicts: &[Verdict]) -> Option<Verdict> {
    let count = |cause: Cause| verdicts.iter().filter(|one| one.cause == cause).count();
    let mut best: Option<(&Verdict, usize)> = None;
    for verdict in verdicts {
        let slots = count(verdict.cause);
        let better = best.is_none_or(|(held, most)| {
            let decides = verdict.cause != Cause::Undetermined;
            match (decides, held.cause != Cause::Undetermined) {
                (true, false) => true,
                (false, true) => false,
                _ => slots > most,
            }
        });
        if better {
            best = Some((verdict, slots));
        }
    }
    best.map(|(verdict, _)| verdict.clone())
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
}
