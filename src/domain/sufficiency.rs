//! How much a month's slots say: intervals and numbers of samples for the note on evidence.
//!
//! A month is a sample of how a line behaves. These figures tell a reader how far such a sample can
//! be trusted; none of them decides what is paid. They are computed in floating point by functions
//! that are the same on every machine (`libm`), and shown with six decimals.

use crate::decimal::{Decimal, Fraction};
use crate::slot::SlotState;

/// Quantile of the normal distribution that leaves 2.5 % on either side.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Most samples that are asked for before a target counts as beyond proof: ten thousand years of
/// minutes.
const SAMPLES_NEEDED_MAX: f64 = 5.3e9;

/// How far two logarithms of the same number may be apart, relatively.
const LAST_DIGITS: f64 = 1e-13;

/// Interval of a share, Wilson's score (E. B. Wilson, 1927): lowest and highest, 0 to 1. `good` of `n`
/// samples, which need not be whole numbers; `None` without a sample.
#[must_use]
pub fn wilson(n: f64, good: f64, z: f64) -> Option<[f64; 2]> {
    if !(n > 0.0 && (0.0..=n).contains(&good) && z.is_finite()) {
        return None;
    }
    let (share, z2) = (good / n, z * z);
    let centre = share + z2 / (2.0 * n);
    let half = z.abs() * libm::sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n));
    let scale = 1.0 + z2 / n;
    let clamp = |bound: f64| (bound / scale).clamp(0.0, 1.0);
    Some([clamp(centre - half), clamp(centre + half)])
}

/// One-sided lower bound of a share when none of `n` samples failed, (1 − confidence)^(1/n)
/// (Clopper and Pearson, 1934). `None` without a sample or with a confidence outside (0, 1).
#[must_use]
pub fn lower_bound_without_failure(n: u64, confidence: Decimal) -> Option<f64> {
    let doubt = doubt(confidence)?;
    (n > 0).then(|| libm::pow(doubt, 1.0 / float(n)))
}

/// The same by the rule of three, 1 − 3/n: what fits on the back of an envelope.
#[must_use]
pub fn rule_of_three(n: u64) -> Option<f64> {
    (n > 0).then(|| (1.0 - 3.0 / float(n)).max(0.0))
}

/// Samples without any failure that prove a share of at least `target`, the smallest n with
/// target^n ≤ 1 − confidence. `None` when no number does: a target of 1, or beyond reason.
#[must_use]
pub fn samples_needed(target: Decimal, confidence: Decimal) -> Option<u64> {
    let doubt = libm::log(doubt(confidence)?);
    if target >= Decimal::ONE {
        return None;
    }
    // The logarithm of the target, from what is missing to 1: exact also where that is very little.
    let Fraction {
        numerator,
        denominator,
    } = target.fraction();
    let each = libm::log1p(-(float(denominator - numerator) / float(denominator)));
    let near = libm::ceil(doubt / each).max(1.0);
    if near > SAMPLES_NEEDED_MAX {
        return None;
    }
    // The logarithms may be off by a last digit where the number is whole: its neighbour is tried.
    let proves = |n: f64| n * each <= doubt * (1.0 - LAST_DIGITS);
    let fewer = Some(near - 1.0).filter(|n| *n >= 1.0 && proves(*n));
    Some(whole(fewer.unwrap_or(near)))
}

fn doubt(confidence: Decimal) -> Option<f64> {
    let inside = !confidence.is_zero() && confidence < Decimal::ONE;
    // Subtracted before it is rounded: 1 − 0.9 is 0.1, and not a last digit below it.
    let Fraction {
        numerator,
        denominator,
    } = confidence.fraction();
    inside.then(|| float(denominator.saturating_sub(numerator)) / float(denominator))
}

/// A correlation, exact: `numerator / denominator`, between −1 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    /// Upper part; its sign is the correlation's.
    pub numerator: i128,
    /// Lower part, above 0.
    pub denominator: i128,
}

/// Correlation of each slot with the next one, good against bad: near 1 where bad slots come in long
/// runs. Slots without data are left out, and make no pair. `None` when all known slots are alike.
#[must_use]
pub fn autocorrelation(slots: &[SlotState]) -> Option<Correlation> {
    let value = |slot: &SlotState| match slot {
        SlotState::Good => Some(1_i128),
        SlotState::Bad => Some(0),
        SlotState::Unknown => None,
    };
    let (mut n, mut good) = (0_i128, 0_i128);
    let (mut pairs, mut both, mut sum) = (0_i128, 0_i128, 0_i128);
    let mut before = None;
    for slot in slots {
        let here = value(slot);
        if let Some(here) = here {
            n += 1;
            good += here;
            if let Some(before) = before {
                pairs += 1;
                both += before * here;
                sum += before + here;
            }
        }
        before = here;
    }
    // Σ (x − m)(y − m) over pairs and Σ (x − m)² over slots with m = good / n, both times n².
    let numerator = n * n * both - good * n * sum + pairs * good * good;
    let denominator = n * good * (n - good);
    (denominator > 0).then_some(Correlation {
        numerator,
        denominator,
    })
}

/// Independent samples that weigh as much as `n` correlated ones, n (1 − ρ) / (1 + ρ), in
/// hundredths, half to even; `None` where ρ is not inside (−1, 1].
#[must_use]
pub fn effective_samples_hundredths(n: u64, rho: Correlation) -> Option<u128> {
    let less = rho.denominator.checked_sub(rho.numerator)?;
    let more = rho.denominator.checked_add(rho.numerator)?;
    let (less, more) = (u128::try_from(less).ok()?, u128::try_from(more).ok()?);
    let scaled = (u128::from(n) * 100).checked_mul(less)?;
    let quotient = scaled.checked_div(more)?;
    let twice = (scaled % more).checked_mul(2)?;
    let up = twice > more || (twice == more && quotient % 2 == 1);
    Some(quotient + u128::from(up))
}

/// A share as a percentage with six decimals.
#[must_use]
pub fn percent_six_decimals(share: f64) -> String {
    format!("{:.6}", 100.0 * share)
}

/// Hundredths as text: `227368` is `"2273.68"`.
#[must_use]
pub fn hundredths_text(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of samples are far below 2⁵³"
)]
fn float(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number between 1 and SAMPLES_NEEDED_MAX + 1"
)]
fn whole(n: f64) -> u64 {
    n as u64
}

/// What a month's slots say of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceNote {
    /// Slots with data.
    pub samples: u64,
    /// Good ones among them, by their own samples.
    pub good: u64,
    /// Correlation of a slot with the next one, six decimals; `None` when all are alike.
    pub autocorrelation: Option<String>,
    /// Independent slots that weigh as much, two decimals; `None` without a slot.
    pub effective_samples: Option<String>,
    /// 95 % interval of the share of good slots, by the effective samples, percent with six decimals.
    pub interval_percent: Option<[String; 2]>,
    /// Where none was bad: 95 % sure that the share is at least this, percent with six decimals.
    pub lower_bound_percent: Option<String>,
    /// The same by the rule of three.
    pub rule_of_three_percent: Option<String>,
    /// Slots without a bad one that would prove the promise; `None`: no number does.
    pub samples_needed: Option<u64>,
    /// Whether at least so many were measured.
    pub enough: Option<bool>,
}

/// The confidence of every note, 95 %.
#[must_use]
pub fn confidence() -> Decimal {
    Decimal::new(95, 2).unwrap_or(Decimal::ZERO)
}

/// The note on a month's slots under a promise in percent.
#[must_use]
pub fn note(slots: &[SlotState], promised_percent: Decimal) -> EvidenceNote {
    let count = |state| slots.iter().filter(|one| **one == state).count() as u64;
    let (good, bad) = (count(SlotState::Good), count(SlotState::Bad));
    let samples = good + bad;
    let rho = autocorrelation(slots);
    // Slots that repel each other would weigh more than they are: they count as independent.
    let weighing = rho.filter(|rho| rho.numerator > 0);
    let hundredths = match weighing {
        Some(rho) => effective_samples_hundredths(samples, rho),
        None => Some(u128::from(samples) * 100),
    }
    .filter(|_| samples > 0);
    let effective = hundredths
        .and_then(|one| u64::try_from(one).ok())
        .map(|one| float(one) / 100.0);
    let interval = effective.and_then(|n| wilson(n, n * float(good) / float(samples), Z_95));
    let percent = |share: Option<f64>| share.filter(|_| bad == 0).map(percent_six_decimals);
    let needed = promised_percent
        .hundredth()
        .and_then(|target| samples_needed(target, confidence()));
    EvidenceNote {
        samples,
        good,
        autocorrelation: rho.map(Correlation::six_decimals),
        effective_samples: hundredths.map(hundredths_text),
        interval_percent: interval.map(|bounds| bounds.map(percent_six_decimals)),
        lower_bound_percent: percent(lower_bound_without_failure(samples, confidence())),
        rule_of_three_percent: percent(rule_of_three(samples)),
        samples_needed: needed,
        enough: needed.map(|needed| samples >= needed),
    }
}

impl Correlation {
    /// The correlation with six decimals, toward nought.
    #[must_use]
    pub fn six_decimals(self) -> String {
        let millionths = self.numerator.saturating_mul(1_000_000) / self.denominator.max(1);
        let sign = if millionths < 0 { "-" } else { "" };
        let millionths = millionths.unsigned_abs();
        format!(
            "{sign}{}.{:06}",
            millionths / 1_000_000,
            millionths % 1_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Bad, Good, Unknown};

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn rho(numerator: i128, denominator: i128) -> Correlation {
        Correlation {
            numerator,
            denominator,
        }
    }

    #[test]
    fn wilson_of_a_day() {
        let [low, high] = wilson(1_440.0, 1_437.0, Z_95).unwrap();
        assert_eq!(percent_six_decimals(low), "99.389261");
        assert_eq!(percent_six_decimals(high), "99.929123");
        let [low, high] = wilson(1_440.0, 1_437.0, -Z_95).unwrap();
        assert!(low < high);
        let none = wilson(10.0, 0.0, Z_95).unwrap().map(percent_six_decimals);
        let all = wilson(10.0, 10.0, Z_95).unwrap().map(percent_six_decimals);
        assert_eq!(none, ["0.000000", "27.753280"]);
        assert_eq!(all, ["72.246720", "100.000000"]);
        for (n, good) in [(0.0, 0.0), (10.0, 11.0), (10.0, -1.0), (f64::NAN, 1.0)] {
            assert_eq!(wilson(n, good, Z_95), None, "{n} {good}");
        }
        assert_eq!(wilson(10.0, 5.0, f64::INFINITY), None);
    }

    #[test]
    fn a_perfect_day_proves_less_than_it_seems() {
        let bound = lower_bound_without_failure(1_440, decimal("0.95")).unwrap();
        assert_eq!(percent_six_decimals(bound), "99.792179");
        assert_eq!(
            percent_six_decimals(rule_of_three(1_440).unwrap()),
            "99.791667"
        );
        assert_eq!(percent_six_decimals(rule_of_three(2).unwrap()), "0.000000");
        assert_eq!(rule_of_three(0), None);
        assert_eq!(lower_bound_without_failure(0, decimal("0.95")), None);
        for confidence in ["0", "1", "1.5"] {
            assert_eq!(lower_bound_without_failure(9, decimal(confidence)), None);
        }
    }

    #[test]
    fn samples_that_prove_a_target() {
        let needed =
            |target: &str, confidence: &str| samples_needed(decimal(target), decimal(confidence));
        assert_eq!(needed("0.999", "0.95"), Some(2_995));
        assert_eq!(needed("0.5", "0.75"), Some(2));
        assert_eq!(needed("0.5", "0.76"), Some(3));
        assert_eq!(needed("0.1", "0.9"), Some(1));
        assert_eq!(needed("0.1", "0.5"), Some(1));
        assert_eq!(needed("0", "0.95"), Some(1));
        for (target, confidence) in [("1", "0.95"), ("1.1", "0.95"), ("0.9", "1"), ("0.9", "0")] {
            assert_eq!(needed(target, confidence), None, "{target} {confidence}");
        }
        assert_eq!(needed("0.999999999", "0.95"), Some(2_995_732_273));
        assert_eq!(needed("0.999999999", "0.999999999"), None);
    }

    #[test]
    fn correlated_samples_weigh_less() {
        let shown = |n, rho| effective_samples_hundredths(n, rho).map(hundredths_text);
        assert_eq!(shown(43_200, rho(9, 10)).unwrap(), "2273.68");
        assert_eq!(shown(100, rho(0, 1)).unwrap(), "100.00");
        assert_eq!(shown(100, rho(-1, 3)).unwrap(), "200.00");
        assert_eq!(shown(100, rho(1, 1)).unwrap(), "0.00");
        // 1 × (1 − ρ) / (1 + ρ) of 0.005 and 0.015: half to even.
        assert_eq!(shown(1, rho(199, 201)).unwrap(), "0.00");
        assert_eq!(shown(1, rho(197, 203)).unwrap(), "0.02");
        assert_eq!(shown(1, rho(2, 3)).unwrap(), "0.20");
        for wrong in [rho(-1, 1), rho(2, 1), rho(-2, 1)] {
            assert_eq!(shown(1, wrong), None);
        }
    }

    #[test]
    fn correlation_of_runs_and_of_what_alternates() {
        assert_eq!(autocorrelation(&[Good; 9]), None);
        assert_eq!(autocorrelation(&[Bad, Unknown]), None);
        // x = 1 1 0 0, m = 1/2: (1/4 − 1/4 + 1/4) / 1 = 1/4.
        let runs = autocorrelation(&[Good, Good, Bad, Bad]).unwrap();
        assert_eq!(runs.six_decimals(), "0.250000");
        // Pairs are only neighbours: over the gap there is none, (1/4 + 1/4) / 1 = 1/2.
        let gap = autocorrelation(&[Good, Good, Unknown, Bad, Bad]).unwrap();
        assert_eq!(gap.six_decimals(), "0.500000");
        let alternating = autocorrelation(&[Good, Bad, Good, Bad]).unwrap();
        assert_eq!(alternating.six_decimals(), "-0.750000");
    }

    #[test]
    fn the_note_says_what_a_month_proves() {
        let perfect = note(&[Good; 3_000], decimal("99.9"));
        assert_eq!((perfect.samples, perfect.good), (3_000, 3_000));
        assert_eq!(perfect.samples_needed, Some(2_995));
        assert_eq!(perfect.enough, Some(true));
        assert_eq!(perfect.effective_samples.as_deref(), Some("3000.00"));
        assert_eq!(perfect.lower_bound_percent.as_deref(), Some("99.900192"));
        assert_eq!(perfect.rule_of_three_percent.as_deref(), Some("99.900000"));
        assert_eq!(note(&[Good; 2_994], decimal("99.9")).enough, Some(false));
        assert_eq!(note(&[Good; 2_995], decimal("99.9")).enough, Some(true));
        let mut slots = vec![Good; 1_000];
        slots[100..200].fill(Bad);
        let note = note(&slots, decimal("100"));
        assert_eq!((note.samples, note.good), (1_000, 900));
        assert_eq!(note.samples_needed, None);
        assert_eq!(note.lower_bound_percent, None);
        assert_eq!(note.rule_of_three_percent, None);
        assert_eq!(note.autocorrelation.as_deref(), Some("0.988777"));
        assert_eq!(note.effective_samples.as_deref(), Some("5.64"));
        let [low, high] = note.interval_percent.unwrap();
        assert!(low.as_str() < "60" && high.as_str() > "98", "{low} {high}");
    }

    #[test]
    fn slots_that_repel_each_other_count_as_independent_and_none_say_nothing() {
        let alternating: Vec<_> = [Good, Bad].into_iter().cycle().take(100).collect();
        let found = note(&alternating, decimal("50"));
        assert_eq!(found.effective_samples.as_deref(), Some("100.00"));
        let nothing = note(&[Unknown; 9], decimal("99"));
        assert_eq!(nothing.effective_samples, None);
        assert_eq!(nothing.interval_percent, None);
        assert_eq!(nothing.lower_bound_percent, None);
        assert_eq!((nothing.samples, nothing.enough), (0, Some(false)));
    }
}
