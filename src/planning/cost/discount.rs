//! What money of a later year is worth today.

#![expect(
    clippy::indexing_slicing,
    reason = "a factor is made for every year up to the last"
)]

use super::flows::CashFlows;

/// One, in the unit of discount factors.
const UNIT: i128 = 1_000_000_000_000;
/// A rate of one (100 %), in basis points.
const BASIS_POINTS: i128 = 10_000;

/// Discount factors of a plan's years.
///
/// Factor 0 is 10¹²; each next one is the one before × 10,000 / (10,000 + rate in basis points),
/// rounded half up. A flow of year t is worth flow × factor t / 10¹², rounded half away from zero to a
/// whole minor unit. All in integers: a spreadsheet with the same rounding gives the same figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    factors: Vec<i128>,
}

impl Discount {
    /// Factors of years 0 to `years`.
    #[must_use]
    pub fn new(years: u16, rate_basis_points: u32) -> Self {
        let divisor = BASIS_POINTS + i128::from(rate_basis_points);
        let factors = std::iter::successors(Some(UNIT), |factor| {
            Some(rounded(factor * BASIS_POINTS, divisor))
        });
        Self {
            factors: factors.take(usize::from(years) + 1).collect(),
        }
    }

    /// The factor of a year, in millionths of a millionth; that of the last year for later ones.
    #[must_use]
    pub fn factor(&self, year: u16) -> i128 {
        self.factors[usize::from(year).min(self.factors.len() - 1)]
    }

    /// Present value of a flow of a year, minor units.
    #[must_use]
    pub fn present(&self, year: u16, minor: i64) -> i64 {
        narrowed(rounded(i128::from(minor) * self.factor(year), UNIT))
    }

    /// Net present value of all flows, minor units: a cost is positive.
    #[must_use]
    pub fn net_present(&self, flows: &CashFlows) -> i64 {
        let years = flows.years.iter();
        years
            .map(|flow| self.present(flow.year, flow.total()))
            .sum()
    }

    /// The same amount in each of the years 1 to the last that is worth as much today, minor units;
    /// the amount itself when the plan has no year 1.
    #[must_use]
    pub fn annuity(&self, net_present_minor: i64) -> i64 {
        let sum: i128 = self.factors.iter().skip(1).sum();
        if sum == 0 {
            return net_present_minor;
        }
        narrowed(rounded(i128::from(net_present_minor) * UNIT, sum))
    }
}

/// A quotient, rounded half away from zero; the divisor is positive.
pub(super) fn rounded(dividend: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    if dividend >= 0 {
        (dividend + half) / divisor
    } else {
        (dividend - half) / divisor
    }
}

/// Amounts are bounded when parameters are read ([`super::MONEY_MAX`]); beyond, the largest stands.
pub(super) fn narrowed(minor: i128) -> i64 {
    i64::try_from(minor).unwrap_or(if minor > 0 { i64::MAX } else { i64::MIN })
}
