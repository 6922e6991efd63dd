//! How short an outage a slot model sees: what an agreement's parameters can prove at all.

use crate::decimal::Fraction;
use crate::machine::MachineParameters;

/// The chance that an outage of `length_seconds` makes `n_enter` bad slots in a row, with one
/// instantaneous measurement in each slot and a begin anywhere in a slot:
/// `clamp(length / slot − (n − 1), 0, 1)`.
#[must_use]
pub fn chance(length_seconds: u64, slot_seconds: u32, n_enter: u32) -> Fraction {
    let slot = u64::from(slot_seconds.max(1));
    let before = slot * u64::from(n_enter.max(1) - 1);
    Fraction {
        numerator: length_seconds.saturating_sub(before).min(slot),
        denominator: slot,
    }
}

/// Lengths of outages, seconds, between which the chance rises from nothing to certain.
#[must_use]
pub fn bounds_seconds(slot_seconds: u32, machine: MachineParameters) -> [u64; 2] {
    let slot = u64::from(slot_seconds.max(1));
    let n = u64::from(machine.n_enter.max(1));
    [slot * (n - 1), slot * n]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_rises_over_one_slot() {
        let shown = |length| chance(length, 60, 5).decimal_text();
        assert_eq!(
            [200, 240, 270, 300, 600].map(shown),
            ["0", "0", "0.5", "1", "1"]
        );
        assert_eq!(chance(30, 60, 1).to_string(), "30/60");
        assert_eq!(chance(30, 60, 0).to_string(), "30/60");
        assert_eq!(chance(1, 0, 1).to_string(), "1/1");
    }

    #[test]
    fn nothing_below_the_first_bound_and_all_from_the_second_on() {
        let bounds = bounds_seconds(60, MachineParameters::default());
        assert_eq!(bounds, [240, 300]);
        assert_eq!(
            bounds.map(|one| chance(one, 60, 5).decimal_text()),
            ["0", "1"]
        );
        let single = MachineParameters {
            n_enter: 0,
            ..MachineParameters::default()
        };
        assert_eq!(bounds_seconds(0, single), [0, 1]);
    }
}
