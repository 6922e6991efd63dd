//! Exclusions: intervals that both sides agreed to leave out, whatever happened in them.

use serde::{Deserialize, Serialize};

use crate::period::Period;

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
}

/// For every slot of the period, whether its start lies in an exclusion.
#[must_use]
pub fn excluded_slots(period: &Period, exclusions: &[Exclusion]) -> Vec<bool> {
    let mut excluded = vec![false; period.slot_count()];
    for exclusion in exclusions {
        let slots = period.slots_starting_in(exclusion.from_unix_ms, exclusion.to_unix_ms);
        if let Some(range) = excluded.get_mut(slots) {
            range.fill(true);
        }
    }
    excluded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclusion(from_unix_ms: i64, to_unix_ms: i64) -> Exclusion {
        Exclusion {
            from_unix_ms,
            to_unix_ms,
            class: "maintenance".to_owned(),
        }
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
