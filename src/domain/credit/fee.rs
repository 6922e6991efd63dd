//! The fee of a statement's period.

use crate::agreement::Agreement;
use crate::decimal::Fraction;
use crate::period::{Period, PeriodError};

use super::MoneyTerms;

/// The fee of a period: that of its month, in proportion to its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// Fee of the whole month, minor units.
    pub month_minor: u64,
    /// Slots of the period, and of the whole month.
    pub share: Fraction,
    /// Fee of the period, minor units, rounded as the agreement says.
    pub period_minor: u64,
}

/// The fee of the part of a month in which an agreement holds (of the whole part, whether it has
/// passed or not). `None` when its terms name no amount.
pub fn fee(
    agreement: &Agreement,
    terms: &MoneyTerms,
    (year, month): (i16, i8),
) -> Result<Option<Fee>, PeriodError> {
    let slot_seconds = agreement.test.slot_seconds;
    let whole = Period::month(&agreement.time_zone, year, month, slot_seconds)?;
    let held = agreement.month(year, month)?;
    let slots = |period: &Period| period.slot_count() as u64;
    let Some(share) = Fraction::of(slots(&held), slots(&whole)) else {
        return Ok(None);
    };
    Ok(terms.monthly_fee_minor().map(|month_minor| {
        let numerator = u128::from(month_minor) * u128::from(share.numerator);
        Fee {
            month_minor,
            share,
            period_minor: terms
                .rounding
                .divide(numerator, u128::from(share.denominator)),
        }
    }))
}
