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

/// The percentile as spreadsheets compute it (type 7 of R. J. Hyndman and Y. Fan, 1996): between the
/// two values beside (n − 1) · share, in proportion. Shown beside the contract's figure for whoever
/// checks with a spreadsheet, and decides nothing. Exact; `None` like [`nearest_rank`], or when a
/// number does not fit. The order of `values` is changed.
#[must_use]
pub fn interpolated(values: &mut [u64], share: Fraction) -> Option<Fraction> {
    if values.is_empty() || share.numerator > share.denominator {
        return None;
    }
    let last = u128::try_from(values.len() - 1).ok()?;
    let place = last * u128::from(share.numerator);
    let parts = u128::from(share.denominator);
    let index = usize::try_from(place / parts).ok()?;
    let (_, low, above) = values.select_nth_unstable(index);
    let low = u128::from(*low);
    let high = above.iter().min().map_or(low, |high| u128::from(*high));
    let numerator = low * parts + (high - low) * (place % parts);
    Fraction::of(u64::try_from(numerator).ok()?, share.denominator)
}

/// The mean, exact: sum over number; `None` without a value.
#[must_use]
pub fn mean(values: &[u64]) -> Option<Fraction> {
    let sum = values
        .iter()
        .try_fold(0_u64, |sum, one| sum.checked_add(*one))?;
    Fraction::of(sum, values.len() as u64)
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

    fn spreadsheet(values: &[u64], hundredths: u64) -> Option<String> {
        let share = Fraction::of(hundredths, 100).unwrap();
        interpolated(&mut values.to_vec(), share).map(Fraction::decimal_text)
    }

    #[test]
    fn spreadsheets_interpolate() {
        let values: Vec<u64> = (1..=100).rev().collect();
        let found = [50, 95, 99, 100].map(|p| spreadsheet(&values, p).unwrap());
        assert_eq!(found, ["50.5", "95.05", "99.01", "100"]);
        assert_eq!(spreadsheet(&[7], 0).as_deref(), Some("7"));
        assert_eq!(spreadsheet(&[20, 10], 25).as_deref(), Some("12.5"));
        assert_eq!(spreadsheet(&[], 50), None);
        assert_eq!(spreadsheet(&[1], 101), None);
        assert_eq!(spreadsheet(&[u64::MAX, u64::MAX], 50), None);
    }

    #[test]
    fn means_are_exact() {
        assert_eq!(mean(&[1, 2, 4]).unwrap().to_string(), "7/3");
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[u64::MAX, 1]), None);
    }
}
