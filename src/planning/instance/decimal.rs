//! Decimal numbers, exactly.

use super::Reason;

/// Most digits behind the point.
pub const DECIMALS_MAX: u32 = 9;

/// A number as written: its digits, and how many of them stand behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: u64,
    decimals: u32,
}

impl Decimal {
    /// Reads `12`, `12.50`, `1.25e3`, `+0.5`; nothing negative, no more than 18 digits.
    pub(super) fn read(field: &'static str, text: &str) -> Result<Self, Reason> {
        Self::parse(text).ok_or_else(|| Reason::Number {
            field,
            given: text.chars().take(40).collect(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let part = part.trim_end_matches('0');
        let digits: String = [whole, part].concat();
        let valid = !whole.is_empty() || !part.is_empty();
        if !valid || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self {
                digits: 0,
                decimals: 0,
            });
        }
        if significant.len() > 18 || exponent.abs() > 40 {
            return None;
        }
        let digits: u64 = significant.parse().ok()?;
        let decimals = i32::try_from(part.len()).ok()? - exponent;
        Self::shift(digits, decimals)
    }

    /// The number with no needless zeros behind the point and none before it left out.
    fn shift(mut digits: u64, mut decimals: i32) -> Option<Self> {
        while decimals < 0 {
            digits = digits.checked_mul(10)?;
            decimals += 1;
        }
        while decimals > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            decimals -= 1;
        }
        let decimals = u32::try_from(decimals).ok()?;
        (decimals <= DECIMALS_MAX).then_some(Self { digits, decimals })
    }

    pub(super) const fn decimals(self) -> u32 {
        self.decimals
    }

    /// The number in units of so many decimals, at least its own.
    pub(super) fn units(self, decimals: u32) -> Option<u64> {
        let factor = 10_u64.checked_pow(decimals.checked_sub(self.decimals)?)?;
        self.digits.checked_mul(factor)
    }

    /// The number as a float.
    #[expect(clippy::cast_precision_loss, reason = "coordinates are floats anyway")]
    pub(super) fn float(self) -> f64 {
        self.digits as f64 / 10_f64.powi(i32::try_from(self.decimals).unwrap_or(0))
    }
}

/// The unit of a problem's whole numbers: so many digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unit {
    pub(super) decimals: u32,
}

impl Unit {
    /// A whole number of this unit as the file would write it.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a whole number of less than 2^53 units is exact, a larger one is rounded once"
    )]
    pub fn value(self, units: u64) -> f64 {
        units as f64 / 10_f64.powi(i32::try_from(self.decimals).unwrap_or(0))
    }

    /// Digits behind the point.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_bad_ones_are_refused() {
        let read = |text| Decimal::read("weight", text).ok();
        let of = |digits, decimals| Some(Decimal { digits, decimals });
        assert_eq!(read("12"), of(12, 0));
        assert_eq!(read("12.500"), of(125, 1));
        assert_eq!(read("+0.25"), of(25, 2));
        assert_eq!(read("1.25e2"), of(125, 0));
        assert_eq!(read("3E-2"), of(3, 2));
        assert_eq!(read("000.0"), of(0, 0));
        assert_eq!(read("5."), of(5, 0));
        for bad in [
            "",
            ".",
            "-1",
            "1,5",
            "1e",
            "1.0000000001",
            "9e40",
            "1234567890123456789",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read("1.5").unwrap().units(3), Some(1_500));
        assert_eq!(read("1.25").unwrap().units(1), None);
    }
}
