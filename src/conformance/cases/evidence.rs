//! How much samples say.

use desserte_domain::decimal::Decimal;
use desserte_domain::sufficiency::{
    Correlation, effective_samples_hundredths, hundredths_text, lower_bound_without_failure,
    percent_six_decimals, rule_of_three, samples_needed, wilson,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Found, named, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZeroCase {
    n: u64,
    conf: Decimal,
}

pub(super) fn ci_zero(input: &Value) -> Found {
    let case: ZeroCase = read(input)?;
    let percent = |share: Option<f64>| json!(share.map(percent_six_decimals));
    named(vec![
        (
            "lower_pct_6dp",
            percent(lower_bound_without_failure(case.n, case.conf)),
        ),
        ("rule_of_three_pct_6dp", percent(rule_of_three(case.n))),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeededCase {
    target: Decimal,
    conf: Decimal,
}

pub(super) fn ci_n_needed(input: &Value) -> Found {
    let case: NeededCase = read(input)?;
    named(vec![("n", json!(samples_needed(case.target, case.conf)))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WilsonCase {
    n: u32,
    good: u32,
    /// More digits than a contract's decimal has.
    z: String,
}

pub(super) fn wilson_interval(input: &Value) -> Found {
    let case: WilsonCase = read(input)?;
    let z: f64 = case
        .z
        .parse()
        .map_err(|_| format!("input.z: {:?} is not a number", case.z))?;
    let bounds = wilson(f64::from(case.n), f64::from(case.good), z)
        .ok_or("input: no interval of these numbers")?;
    let [low, high] = bounds.map(percent_six_decimals);
    named(vec![
        ("low_pct_6dp", json!(low)),
        ("high_pct_6dp", json!(high)),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectiveCase {
    n: u64,
    rho: String,
}

pub(super) fn n_eff(input: &Value) -> Found {
    let case: EffectiveCase = read(input)?;
    let (negative, digits) = match case.rho.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, case.rho.as_str()),
    };
    let rho: Decimal = digits
        .parse()
        .map_err(|error| format!("input.rho: {error}"))?;
    let share = rho.fraction();
    let numerator = i128::from(share.numerator);
    let rho = Correlation {
        numerator: if negative { -numerator } else { numerator },
        denominator: i128::from(share.denominator),
    };
    let found =
        effective_samples_hundredths(case.n, rho).ok_or("input.rho: not above -1 and at most 1")?;
    named(vec![("n_eff_2dp", json!(hundredths_text(found)))])
}
