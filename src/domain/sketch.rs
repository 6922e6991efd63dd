//! Percentiles of more values than are kept: a `DDSketch` (C. Masson, J. E. Rim, H. K. Lee, 2019), whose
//! relative error is bounded and which merges without loss. For screens and for many sites together;
//! what is paid is computed from the exact values.

use sketches_ddsketch::{Config, DDSketch};

use crate::decimal::Fraction;

/// Largest relative error of a percentile.
pub const RELATIVE_ERROR: f64 = 0.01;
/// Most bins: with 1 % each they span 17 decimal orders, more than a microsecond to an hour.
const BINS_MAX: u32 = 2_048;
/// Values below this are one bin.
const VALUE_MIN: f64 = 1e-9;

/// A sketch of non-negative values.
#[derive(Clone)]
pub struct Sketch {
    held: DDSketch,
}

impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sketch of {} values", self.held.count())
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new(RELATIVE_ERROR)
    }
}

impl PartialEq for Sketch {
    /// Bin for bin.
    fn eq(&self, other: &Self) -> bool {
        self.held.to_java_bytes() == other.held.to_java_bytes()
    }
}

impl Eq for Sketch {}

impl Sketch {
    /// An empty sketch with a relative error inside (0, 1); others are brought to 1 %.
    #[must_use]
    pub fn new(relative_error: f64) -> Self {
        let inside = relative_error > 0.0 && relative_error < 1.0;
        let error = if inside {
            relative_error
        } else {
            RELATIVE_ERROR
        };
        Self {
            held: DDSketch::new(Config::new(error, BINS_MAX, VALUE_MIN)),
        }
    }

    /// Takes a value.
    pub fn add(&mut self, value: u32) {
        self.held.add(f64::from(value));
    }

    /// Takes all that another sketch of the same relative error holds.
    pub fn merge(&mut self, other: &Self) {
        // Only sketches of another configuration cannot be merged: every sketch of the product has
        // the same one.
        let merged = self.held.merge(&other.held);
        debug_assert!(merged.is_ok(), "sketches of two relative errors");
    }

    /// Values that it was given.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.held.count() as u64
    }

    /// The value at a share of all values, within the relative error of the exact nearest rank;
    /// `None` without a value.
    #[must_use]
    pub fn quantile(&self, share: Fraction) -> Option<f64> {
        self.held.quantile(share.approximate()).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(number: u64) -> Fraction {
        Fraction::of(number, 100).unwrap()
    }

    #[test]
    fn merged_parts_equal_the_whole_and_percentiles_are_within_a_hundredth() {
        let mut whole = Sketch::default();
        let mut parts = vec![Sketch::default(); 7];
        for value in 1..=1_000_u32 {
            whole.add(value);
            parts[(value % 7) as usize].add(value);
        }
        let mut merged = Sketch::default();
        assert_ne!(merged, whole);
        for part in &parts {
            merged.merge(part);
        }
        assert_eq!(merged, whole);
        assert_eq!(merged.count(), 1_000);
        for rank in [1, 50, 95, 99, 100] {
            let exact = f64::from(u32::try_from(rank * 10).unwrap());
            let found = merged.quantile(percent(rank)).unwrap();
            assert!(
                (found - exact).abs() <= exact * 0.0101 + 1.0,
                "{rank}: {found}"
            );
        }
        assert_eq!(format!("{merged:?}"), "Sketch of 1000 values");
    }

    #[test]
    fn nothing_has_no_percentile_and_errors_out_of_range_are_one_percent() {
        assert_eq!(Sketch::default().quantile(percent(50)), None);
        for wrong in [0.0, 1.0, -1.0, f64::NAN] {
            let mut sketch = Sketch::new(wrong);
            let mut usual = Sketch::default();
            sketch.add(7_000);
            usual.add(7_000);
            assert_eq!(sketch.quantile(percent(50)), usual.quantile(percent(50)));
        }
        let mut coarse = Sketch::new(0.5);
        coarse.add(7_000);
        let mut usual = Sketch::default();
        usual.add(7_000);
        assert_ne!(coarse.quantile(percent(50)), usual.quantile(percent(50)));
    }
}
