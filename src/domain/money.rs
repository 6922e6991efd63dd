//! Money: whole minor units of a currency, never a binary fraction of one.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// Decimals of currencies by their ISO 4217 codes: those of the countries that Desserte is made for,
/// their neighbours, and those in which lines are bought. Another one says its decimals itself.
const DECIMALS: [(&str, u32); 27] = [
    ("AOA", 2),
    ("BIF", 0),
    ("BWP", 2),
    ("CDF", 2),
    ("CHF", 2),
    ("DJF", 0),
    ("DZD", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("GHS", 2),
    ("GNF", 0),
    ("KES", 2),
    ("KMF", 0),
    ("LSL", 2),
    ("LYD", 3),
    ("MAD", 2),
    ("MRU", 2),
    ("NGN", 2),
    ("RWF", 0),
    ("TND", 3),
    ("TZS", 2),
    ("UGX", 0),
    ("USD", 2),
    ("XAF", 0),
    ("XOF", 0),
    ("ZAR", 2),
    ("ZMW", 2),
];

/// Decimals that a currency may have.
pub const MAX_CURRENCY_DECIMALS: u32 = 4;

/// Decimals of a currency, by its code; `None` when it is not among those known here.
#[must_use]
pub fn decimals_of(currency: &str) -> Option<u32> {
    let known = DECIMALS.iter().find(|(code, _)| *code == currency);
    known.map(|(_, decimals)| *decimals)
}

/// How an amount that is no whole number of minor units becomes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the next lower one.
    #[default]
    Down,
    /// To the nearest, a half to the higher one.
    HalfUp,
    /// To the nearest, a half to the even one.
    HalfEven,
    /// To the next higher one.
    Up,
}

impl Rounding {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::HalfUp => "half_up",
            Self::HalfEven => "half_even",
            Self::Up => "up",
        }
    }

    /// `numerator / denominator` as a whole number; the denominator is at least 1, and what does not
    /// fit is the largest number.
    #[must_use]
    pub fn divide(self, numerator: u128, denominator: u128) -> u64 {
        let denominator = denominator.max(1);
        let (quotient, remainder) = (numerator / denominator, numerator % denominator);
        let beside = (remainder * 2).cmp(&denominator);
        let up = match self {
            Self::Down => false,
            Self::Up => remainder > 0,
            Self::HalfUp => beside.is_ge(),
            Self::HalfEven => beside.is_gt() || (beside.is_eq() && quotient % 2 == 1),
        };
        u64::try_from(quotient + u128::from(up)).unwrap_or(u64::MAX)
    }

    /// A percentage of an amount, in whole minor units.
    #[must_use]
    pub fn percent_of(self, amount_minor: u64, percent: Decimal) -> u64 {
        let share = percent.fraction();
        let numerator = u128::from(amount_minor) * u128::from(share.numerator);
        self.divide(numerator, u128::from(share.denominator) * 100)
    }
}

/// Minor units as a person writes the amount: 61728 with 2 decimals is `"617.28"`.
#[must_use]
pub fn amount_text(minor: u64, decimals: u32) -> String {
    let scale = 10_u64.pow(decimals.min(MAX_CURRENCY_DECIMALS));
    if scale == 1 {
        return minor.to_string();
    }
    let width = usize::try_from(decimals).unwrap_or(0);
    format!("{}.{:0width$}", minor / scale, minor % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_has_its_decimals() {
        let known = ["XAF", "XOF", "TND", "LSL", "EUR", "XXX"].map(decimals_of);
        assert_eq!(known, [Some(0), Some(0), Some(3), Some(2), Some(2), None]);
        assert!(DECIMALS.is_sorted());
    }

    #[test]
    fn four_ways_to_round() {
        let ways = [
            Rounding::Down,
            Rounding::HalfUp,
            Rounding::HalfEven,
            Rounding::Up,
        ];
        let all = |numerator| ways.map(|way| way.divide(numerator, 4));
        assert_eq!(all(8), [2, 2, 2, 2]);
        assert_eq!(all(9), [2, 2, 2, 3]);
        assert_eq!(all(10), [2, 3, 2, 3]);
        assert_eq!(all(14), [3, 4, 4, 4]);
        assert_eq!(all(11), [2, 3, 3, 3]);
        assert_eq!(Rounding::Up.divide(5, 0), 5);
        assert_eq!(Rounding::Down.divide(u128::MAX, 1), u64::MAX);
        for way in ways {
            assert_eq!(
                serde_json::to_value(way).unwrap(),
                serde_json::json!(way.identifier())
            );
        }
    }

    #[test]
    fn percentages_of_a_fee() {
        let percent = |text: &str| Rounding::Down.percent_of(1_234_567, text.parse().unwrap());
        assert_eq!(
            [percent("5"), percent("10"), percent("25")],
            [61_728, 123_456, 308_641]
        );
        assert_eq!(percent("0.1"), 1_234);
        assert_eq!(Rounding::Up.percent_of(1, "0.000001".parse().unwrap()), 1);
    }

    #[test]
    fn amounts_as_people_write_them() {
        assert_eq!(amount_text(61_728, 0), "61728");
        assert_eq!(amount_text(61_728, 2), "617.28");
        assert_eq!(amount_text(5, 3), "0.005");
    }
}
