//! One figure of several sites. The three ways differ by whole points: an agreement names one.

use serde::{Deserialize, Serialize};

use crate::decimal::Fraction;

/// How the sites of an agreement are judged together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Every site must keep the promise: the worst one decides.
    #[default]
    Worst,
    /// The slots of all sites together.
    Pooled,
    /// The mean of the sites' availabilities, each site weighing the same.
    Mean,
}

impl Aggregation {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Pooled => "pooled",
            Self::Mean => "mean",
        }
    }

    /// The figure of these sites; sites of which nothing was measured are not among them. `None`
    /// without any site.
    #[must_use]
    pub fn of(self, sites: &[Fraction]) -> Option<Fraction> {
        match self {
            Self::Worst => worst(sites),
            Self::Pooled => pooled(sites),
            Self::Mean => mean(sites),
        }
    }
}

/// A mean is counted in parts of this: twelve digits of a share, each site rounded to the nearest.
const MEAN_PARTS: u64 = 1_000_000_000_000;

fn worst(sites: &[Fraction]) -> Option<Fraction> {
    let crossed = |left: &Fraction, right: &Fraction| {
        u128::from(left.numerator) * u128::from(right.denominator)
    };
    sites
        .iter()
        .min_by(|left, right| crossed(left, right).cmp(&crossed(right, left)))
        .copied()
}

fn pooled(sites: &[Fraction]) -> Option<Fraction> {
    let sum = |part: fn(&Fraction) -> u64| sites.iter().map(part).sum();
    Fraction::of(sum(|one| one.numerator), sum(|one| one.denominator))
}

fn mean(sites: &[Fraction]) -> Option<Fraction> {
    let parts = |one: &Fraction| {
        let denominator = u128::from(one.denominator.max(1));
        let scaled = u128::from(one.numerator) * u128::from(MEAN_PARTS) + denominator / 2;
        u64::try_from(scaled / denominator).unwrap_or(MEAN_PARTS)
    };
    let count = u64::try_from(sites.len()).ok()?;
    Fraction::of(
        sites.iter().map(parts).sum(),
        count.checked_mul(MEAN_PARTS)?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_figures_of_the_same_sites() {
        let sites = [
            Fraction::of(43_200, 43_200).unwrap(),
            Fraction::of(2_160, 4_320).unwrap(),
        ];
        let percent =
            |way: Aggregation| way.of(&sites).map(Fraction::percent_six_decimals_half_even);
        assert_eq!(percent(Aggregation::Pooled).unwrap(), "95.454545");
        assert_eq!(percent(Aggregation::Mean).unwrap(), "75.000000");
        assert_eq!(percent(Aggregation::Worst).unwrap(), "50.000000");
        for way in [Aggregation::Pooled, Aggregation::Mean, Aggregation::Worst] {
            assert_eq!(way.of(&[]), None);
            assert_eq!(
                serde_json::to_value(way).unwrap(),
                serde_json::json!(way.identifier())
            );
        }
    }

    #[test]
    fn thirds_add_up_to_one() {
        let thirds = [Fraction::of(1, 3).unwrap(), Fraction::of(2, 3).unwrap()];
        let mean = Aggregation::Mean.of(&thirds).unwrap();
        assert_eq!(mean.numerator * 2, mean.denominator);
    }
}
