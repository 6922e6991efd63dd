//! Exact numbers: decimals as a contract writes them, and fractions of slots.
//!
//! Contract figures are compared as integers and rounded only to be shown, so nothing here is a
//! binary floating-point number.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Digits after the point that a decimal may have: finer than any contract writes, and small
/// enough that every product below stays within 128 bits.
pub const MAX_DECIMAL_PLACES: u32 = 9;

/// Digits before the point that a decimal may have.
pub const MAX_INTEGER_DIGITS: usize = 9;

/// A non-negative decimal number, exactly as written: `units / 10^places`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    units: u64,
    places: u32,
}

/// Why a text is not a decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read decimal {text:?}: write digits with at most one point, no sign, no exponent, \
     at most {MAX_INTEGER_DIGITS} digits before and {MAX_DECIMAL_PLACES} after it"
)]
pub struct DecimalError {
    text: String,
}

impl Decimal {
    /// Nought.
    pub const ZERO: Self = Self {
        units: 0,
        places: 0,
    };

    /// One.
    pub const ONE: Self = Self {
        units: 1,
        places: 0,
    };

    /// `units / 10^places`; `None` beyond [`MAX_DECIMAL_PLACES`].
    #[must_use]
    pub fn new(units: u64, places: u32) -> Option<Self> {
        (places <= MAX_DECIMAL_PLACES).then_some(Self { units, places })
    }

    /// The number in millionths; `None` when it is finer than that or does not fit.
    #[must_use]
    pub fn parts_per_million(self) -> Option<u32> {
        let scaled = u128::from(self.units) * 1_000_000;
        let divisor = u128::from(self.divisor());
        (scaled % divisor == 0).then_some(())?;
        u32::try_from(scaled / divisor).ok()
    }

    /// Compares `fraction` with this number, exactly.
    #[must_use]
    pub fn compare_fraction(self, fraction: Fraction) -> Ordering {
        let left = u128::from(fraction.numerator) * u128::from(self.divisor());
        left.cmp(&(u128::from(self.units) * u128::from(fraction.denominator)))
    }

    /// Compares 100 × `fraction` with this number read as a percentage, exactly.
    #[must_use]
    pub fn compare_percentage(self, fraction: Fraction) -> Ordering {
        let left = u128::from(fraction.numerator) * 100 * u128::from(self.divisor());
        left.cmp(&(u128::from(self.units) * u128::from(fraction.denominator)))
    }

    /// Of `whole` parts, how many may be missing so that the rest still reaches this number read as
    /// a percentage; 0 when it is above 100.
    #[must_use]
    pub fn percentage_allows(self, whole: u64) -> u64 {
        let hundred = 100 * u128::from(self.divisor());
        let spare = hundred.saturating_sub(u128::from(self.units));
        u64::try_from(u128::from(whole) * spare / hundred).unwrap_or(u64::MAX)
    }

    /// Whether the number lies in [0, `limit`].
    #[must_use]
    pub fn at_most(self, limit: u32) -> bool {
        self.units <= u64::from(limit) * self.divisor()
    }

    /// Whether the number is exactly zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    /// The number as a fraction.
    #[must_use]
    pub fn fraction(self) -> Fraction {
        Fraction {
            numerator: self.units,
            denominator: self.divisor(),
        }
    }

    /// A percentage as a share: 99.9 is 0.999. `None` when it has too many decimals for that.
    #[must_use]
    pub fn hundredth(self) -> Option<Self> {
        Self::new(self.units, self.places + 2)
    }

    /// The number in units of its `places`-th decimal: 12.5 at 2 is 1250. `None` when it is finer, or
    /// does not fit.
    #[must_use]
    pub fn scaled(self, places: u32) -> Option<u64> {
        if let Some(missing) = places.checked_sub(self.places) {
            return self.units.checked_mul(10_u64.checked_pow(missing)?);
        }
        let finer = 10_u64.pow(self.places - places);
        let whole = self.units.is_multiple_of(finer);
        whole.then_some(self.units / finer)
    }

    /// The nearest floating-point number: for notes and charts, never for a comparison.
    #[must_use]
    pub fn approximate(self) -> f64 {
        self.fraction().approximate()
    }

    fn divisor(self) -> u64 {
        10_u64.pow(self.places)
    }
}

impl PartialEq for Decimal {
    /// By value: `99.90` is `99.9`.
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.units) * u128::from(other.divisor());
        left.cmp(&(u128::from(other.units) * u128::from(self.divisor())))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let error = || DecimalError {
            text: text.chars().take(40).collect(),
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let point_without_digits = part.is_empty() && text.contains('.');
        if whole.is_empty() || point_without_digits || !digits(whole) || !digits(part) {
            return Err(error());
        }
        let places = u32::try_from(part.len()).map_err(|_| error())?;
        if whole.len() > MAX_INTEGER_DIGITS || places > MAX_DECIMAL_PLACES {
            return Err(error());
        }
        let units = format!("{whole}{part}").parse().map_err(|_| error())?;
        Ok(Self { units, places })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.units / self.divisor(), self.units % self.divisor());
        if self.places == 0 {
            return write!(f, "{whole}");
        }
        write!(
            f,
            "{whole}.{part:0width$}",
            width = usize::try_from(self.places).unwrap_or(0)
        )
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl de::Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a decimal, best as a string such as \"99.9\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
        value.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
        value.to_string().parse().map_err(E::custom)
    }

    /// Rust writes a float as the shortest text that reads back to it, which is the text a person
    /// wrote up to 15 digits: `99.9` becomes 999/10, not the binary number beside it.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
        value.to_string().parse().map_err(E::custom)
    }
}

/// A fraction, kept as counted (never reduced): `up_slots / measured_slots`.
///
/// The denominator is never 0: there is no fraction of nothing, see [`Fraction::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fraction {
    /// Upper part.
    pub numerator: u64,
    /// Lower part, not 0.
    pub denominator: u64,
}

impl Fraction {
    /// The fraction, or `None` when the denominator is 0: nothing measured has no availability.
    #[must_use]
    pub fn of(numerator: u64, denominator: u64) -> Option<Self> {
        (denominator != 0).then_some(Self {
            numerator,
            denominator,
        })
    }

    /// 100 × the fraction with six decimals, half to even: `"99.988426"`.
    #[must_use]
    pub fn percent_six_decimals_half_even(self) -> String {
        half_even(u128::from(self.numerator) * 100, self.denominator, 6)
    }

    /// The fraction itself with six decimals, half to even: `"43195.000000"`.
    #[must_use]
    pub fn six_decimals_half_even(self) -> String {
        half_even(u128::from(self.numerator), self.denominator, 6)
    }

    /// The fraction with at most six decimals, half to even, without noughts at the end: `"50.5"`,
    /// `"255"`.
    #[must_use]
    pub fn decimal_text(self) -> String {
        let text = self.six_decimals_half_even();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// 100 × the fraction rounded *down*, so that what is shown never passes a limit that the
    /// exact figure misses: 99.898 is shown as `"99.89"`, never as `"99.90"`.
    #[must_use]
    pub fn percent_two_decimals_floor(self) -> String {
        let hundredths = u128::from(self.numerator) * 10_000 / u128::from(self.denominator.max(1));
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// 100 × the fraction rounded to two decimals, half *up*: what a person with a spreadsheet reads,
    /// and what no limit is compared with.
    #[must_use]
    pub fn percent_two_decimals_half_up(self) -> String {
        let denominator = u128::from(self.denominator.max(1));
        let doubled = u128::from(self.numerator) * 20_000 + denominator;
        let hundredths = doubled / (2 * denominator);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// The nearest floating-point number: for charts, never for a comparison with a contract.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a chart needs no more than 53 bits"
    )]
    pub fn approximate(self) -> f64 {
        self.numerator as f64 / self.denominator.max(1) as f64
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// `numerator / denominator` with `places` decimals, ties to the even digit.
fn half_even(numerator: u128, denominator: u64, places: u32) -> String {
    let (scale, denominator) = (10_u128.pow(places), u128::from(denominator.max(1)));
    let scaled = numerator * scale;
    let (quotient, remainder) = (scaled / denominator, scaled % denominator);
    let up = match (remainder * 2).cmp(&denominator) {
        Ordering::Greater => true,
        Ordering::Equal => quotient % 2 == 1,
        Ordering::Less => false,
    };
    let rounded = quotient + u128::from(up);
    let width = usize::try_from(places).unwrap_or(0);
    format!("{}.{:0width$}", rounded / scale, rounded % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_decimal_is_exact_and_equal_by_value() {
        assert_eq!(decimal("99.90"), decimal("99.9"));
        assert_eq!(decimal("0.20").parts_per_million(), Some(200_000));
        assert_eq!(decimal("0.0000001").parts_per_million(), None);
        assert_eq!(decimal("99.90").to_string(), "99.90");
        assert_eq!(decimal("7").to_string(), "7");
        assert!(decimal("0.1") < decimal("0.11"));
        assert!(decimal("100.0").at_most(100));
        assert!(!decimal("100.000000001").at_most(100));
    }

    #[test]
    fn a_decimal_as_a_fraction_a_share_and_minor_units() {
        assert_eq!(decimal("0.95").fraction().to_string(), "95/100");
        assert_eq!(decimal("99.9").hundredth(), Some(decimal("0.999")));
        assert_eq!(decimal("1.12345678").hundredth(), None);
        assert_eq!(decimal("12.5").scaled(2), Some(1_250));
        assert_eq!(decimal("12.50").scaled(1), Some(125));
        assert_eq!(decimal("12.5").scaled(1), Some(125));
        assert_eq!(decimal("12.5").scaled(0), None);
        assert_eq!(decimal("999999999").scaled(19), None);
        assert!((decimal("0.25").approximate() - 0.25).abs() < 1e-12);
        assert_eq!(Decimal::ONE, decimal("1.0"));
    }

    #[test]
    fn a_fraction_without_noughts_at_the_end() {
        let text = |upper, lower| Fraction::of(upper, lower).unwrap().decimal_text();
        assert_eq!(text(101, 2), "50.5");
        assert_eq!(text(510, 2), "255");
        assert_eq!(text(1_000, 1), "1000");
        assert_eq!(text(1, 3), "0.333333");
        assert_eq!(text(0, 3), "0");
    }

    #[test]
    fn texts_that_are_no_decimals_are_refused_by_name() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1.2.3",
            "0.0000000001",
            "NaN",
        ] {
            let error = text.parse::<Decimal>().unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("read decimal {text:?}")),
                "{error}"
            );
        }
        assert!("1234567890".parse::<Decimal>().is_err());
    }

    #[test]
    fn toml_strings_and_numbers_give_the_same_decimal() {
        #[derive(Deserialize)]
        struct Row {
            a: Decimal,
            b: Decimal,
            c: Decimal,
        }
        let row: Row = toml::from_str("a = \"99.9\"\nb = 99.9\nc = 99").unwrap();
        assert_eq!(row.a, row.b);
        assert_eq!(row.b.to_string(), "99.9");
        assert_eq!(row.c.to_string(), "99");
        assert!(toml::from_str::<Row>("a = \"x\"\nb = 1\nc = 1").is_err());
        assert!(toml::from_str::<Row>("a = \"1\"\nb = -1.5\nc = 1").is_err());
        assert!(toml::from_str::<Row>("a = \"1\"\nb = 1\nc = -1").is_err());
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        let shown = |n, d| Fraction::of(n, d).unwrap().six_decimals_half_even();
        assert_eq!(shown(1, 2_000_000), "0.000000");
        assert_eq!(shown(3, 2_000_000), "0.000002");
        assert_eq!(shown(2, 3), "0.666667");
        assert_eq!(shown(43_195, 1), "43195.000000");
        assert_eq!(Fraction::of(0, 0), None);
    }

    #[test]
    fn a_breach_is_never_shown_as_met() {
        let target = decimal("99.9");
        let of = |up| Fraction::of(up, 43_200).unwrap();
        assert_eq!(target.compare_percentage(of(43_157)), Ordering::Greater);
        assert_eq!(target.compare_percentage(of(43_156)), Ordering::Less);
        assert_eq!(
            target.compare_percentage(Fraction::of(999, 1000).unwrap()),
            Ordering::Equal
        );
        assert_eq!(of(43_156).percent_two_decimals_floor(), "99.89");
        assert_eq!(
            decimal("0.9").compare_fraction(Fraction::of(9, 10).unwrap()),
            Ordering::Equal
        );
    }
}
