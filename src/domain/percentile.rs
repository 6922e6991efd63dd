//! Percentiles by nearest rank over integers: the value shown was really measured, and spreadsheet
//! interpolation cannot change a contract's figure.

use crate::decimal::Fraction;

/// The smallest value such that at least `share` of all values are no larger (nearest rank,
/// ISO 3534's inverse of the distribution function). `None` when there is no value or when
/// `share` lies outside 0 to 1. The order of `values` is changed.
#[must_use]
pub fn nearest_rank<T: Copy + Ord>(values: &mut [T], share: Fraction) -> Option<T> {
    if values.is_empty() || share.numerator > share.denominator {
        return None;
    }
    let count = u128::try_from(values.len()).ok()?;
    let rank = (count * u128::from(share.numerator)).div_ceil(u128::from(share.denominator));
    let index = usize::try_from(rank.max(1) - 1).ok()?;
    let (_, value, _) = values.select_nth_unstable(index);
    Some(*value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(values: &[u32], percent: u64) -> Option<u32> {
        nearest_rank(&mut values.to_vec(), Fraction::of(percent, 100).unwrap())
    }

    #[test]
    fn nearest_rank_of_one_to_hundred() {
        let values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(
            [50, 95, 99, 100].map(|p| at(&values, p).unwrap()),
            [50, 95, 99, 100]
        );
    }

    #[test]
    fn edges() {
        assert_eq!(at(&[], 50), None);
        assert_eq!(at(&[7], 0), Some(7));
        assert_eq!(at(&[1, 2, 3], 101), None);
        assert_eq!(at(&[10, 20], 50), Some(10));
        assert_eq!(at(&[10, 20], 51), Some(20));
    }
}
