//! Exclusions: intervals that both sides agreed to treat apart, whatever happened in them.
//!
//! Planned works and other agreed causes leave their slots out of the availability. A stop-clock
//! does not: the line was down and counts as down, but the time while the contractor could not work
//! (a locked building, no power) is taken off the repair time (California CALNET; the formulas
//! MTTR = Σ(restore − start − stop-clock) / n). Who may enter and approve one is in [`entry`].

pub mod entry;

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// What an exclusion is for, and so what it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionKind {
    /// Works that were announced: its slots are left out.
    PlannedWorks,
    /// The contractor could not work: off the repair time, and only off that.
    StopClock,
    /// Another agreed cause (force majeure, a closed site): its slots are left out.
    #[default]
    Other,
}

/// Every kind.
pub const EXCLUSION_KINDS: [ExclusionKind; 3] = [
    ExclusionKind::PlannedWorks,
    ExclusionKind::StopClock,
    ExclusionKind::Other,
];

impl ExclusionKind {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::PlannedWorks => "planned_works",
            Self::StopClock => "stop_clock",
            Self::Other => "other",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        EXCLUSION_KINDS
            .into_iter()
            .find(|kind| kind.identifier() == name)
    }

    /// Whether its slots leave the availability (as the agreement's mode says).
    #[must_use]
    pub fn leaves_out(self) -> bool {
        self != Self::StopClock
    }
}

/// How an excluded slot counts. The two give different percentages; an agreement names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionMode {
    /// Out of numerator and denominator.
    #[default]
    Remove,
    /// Counted as up.
    AsUp,
}

impl ExclusionMode {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::AsUp => "as_up",
        }
    }
}

/// One excluded interval, half-open. Kept in UTC and applied when figures are computed, so that
/// no clock change and no midnight can move it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Start, Unix milliseconds.
    pub from_unix_ms: i64,
    /// End (not inside), Unix milliseconds.
    pub to_unix_ms: i64,
    /// Class of the agreement, for example `maintenance`.
    pub class: String,
    /// What it is for.
    #[serde(default)]
    pub kind: ExclusionKind,
}

/// For every slot of the period, whether its start lies in an exclusion that leaves it out.
#[must_use]
pub fn excluded_slots(period: &Period, exclusions: &[Exclusion]) -> Vec<bool> {
    covered(period, exclusions, ExclusionKind::leaves_out)
}

/// For every slot of the period, whether its start lies in a stop-clock.
#[must_use]
pub fn stopped_slots(period: &Period, exclusions: &[Exclusion]) -> Vec<bool> {
    covered(period, exclusions, |kind| !kind.leaves_out())
}

/// The first exclusion of the list that leaves out a slot, and the first that stops its clock.
#[must_use]
pub fn covering(exclusions: &[Exclusion], slot_start_unix_ms: i64) -> [Option<&Exclusion>; 2] {
    let first = |leaves_out: bool| {
        exclusions.iter().find(|one| {
            one.kind.leaves_out() == leaves_out
                && (one.from_unix_ms..one.to_unix_ms).contains(&slot_start_unix_ms)
        })
    };
    [first(true), first(false)]
}

fn covered(
    period: &Period,
    exclusions: &[Exclusion],
    counts: impl Fn(ExclusionKind) -> bool,
) -> Vec<bool> {
    let mut inside = vec![false; period.slot_count()];
    for exclusion in exclusions.iter().filter(|one| counts(one.kind)) {
        let slots = period.slots_starting_in(exclusion.from_unix_ms, exclusion.to_unix_ms);
        if let Some(range) = inside.get_mut(slots) {
            range.fill(true);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclusion(from_unix_ms: i64, to_unix_ms: i64) -> Exclusion {
        Exclusion {
            from_unix_ms,
            to_unix_ms,
            class: "maintenance".to_owned(),
            kind: ExclusionKind::PlannedWorks,
        }
    }

    #[test]
    fn a_stop_clock_leaves_no_slot_out() {
        let june = Period::month("UTC", 2026, 6, 60).unwrap();
        let at = |slot: usize| june.slot_start_unix_ms(slot);
        let list = [
            Exclusion {
                kind: ExclusionKind::StopClock,
                ..exclusion(at(2), at(6))
            },
            exclusion(at(4), at(5)),
        ];
        let count = |slots: Vec<bool>| slots.iter().filter(|one| **one).count();
        assert_eq!(count(excluded_slots(&june, &list)), 1);
        assert_eq!(count(stopped_slots(&june, &list)), 4);
        let kinds = |slot| covering(&list, at(slot)).map(|one| one.map(|one| one.kind));
        assert_eq!(
            kinds(4),
            [
                Some(ExclusionKind::PlannedWorks),
                Some(ExclusionKind::StopClock)
            ]
        );
        assert_eq!(kinds(5), [None, Some(ExclusionKind::StopClock)]);
        assert_eq!(kinds(6), [None, None]);
        for kind in EXCLUSION_KINDS {
            assert_eq!(ExclusionKind::named(kind.identifier()), Some(kind));
        }
        assert_eq!(ExclusionKind::named("works"), None);
    }

    #[test]
    fn a_slot_is_excluded_by_its_start_only() {
        let june = Period::month("UTC", 2026, 6, 60).unwrap();
        let at = |slot: usize, ms: i64| june.slot_start_unix_ms(slot) + ms;
        let excluded = excluded_slots(&june, &[exclusion(at(10, 1), at(12, 1))]);
        let slots: Vec<usize> = (0..excluded.len()).filter(|slot| excluded[*slot]).collect();
        assert_eq!(slots, [11, 12]);
    }

    #[test]
    fn overlapping_reversed_and_outside_intervals() {
        let june = Period::month("UTC", 2026, 6, 60).unwrap();
        let at = |slot: usize| june.slot_start_unix_ms(slot);
        let list = [
            exclusion(at(5), at(8)),
            exclusion(at(7), at(9)),
            exclusion(at(20), at(15)),
            exclusion(0, 1),
            exclusion(i64::MIN, at(1)),
        ];
        assert_eq!(
            excluded_slots(&june, &list)
                .iter()
                .filter(|one| **one)
                .count(),
            5
        );
    }
}
