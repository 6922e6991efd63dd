//! Percentiles: exact ones, of sites together, and of a sketch.

use std::collections::BTreeMap;

use desserte_domain::decimal::{Decimal, Fraction};
use desserte_domain::percentile::{interpolated, mean, nearest_rank};
use desserte_domain::sketch::Sketch;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Found, named, read};

/// Values that one case may have.
const MAX_VALUES: u32 = 1_000_000;
/// Parts into which a case may cut its values.
const MAX_PARTS: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PercentileCase {
    values: Vec<u64>,
    p: Vec<Decimal>,
}

pub(super) fn percentile(input: &Value) -> Found {
    let mut case: PercentileCase = read(input)?;
    let shares: Vec<Fraction> = case.p.iter().map(|p| p.fraction()).collect();
    let nearest: Vec<Option<u64>> = shares
        .iter()
        .map(|share| nearest_rank(&mut case.values, *share))
        .collect();
    let between: Vec<Option<String>> = shares
        .iter()
        .map(|share| interpolated(&mut case.values, *share).map(Fraction::decimal_text))
        .collect();
    named(vec![
        ("nearest_rank", json!(nearest)),
        ("type7", json!(between)),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeCase {
    sites: BTreeMap<String, Vec<u64>>,
    p: Decimal,
}

/// The percentile of all sites' values together, and the mean of the sites' percentiles, which is
/// another figure; both at the share asked for and, by name, at every whole percent.
pub(super) fn percentile_merge(input: &Value) -> Found {
    let mut case: MergeCase = read(input)?;
    let mut all: Vec<u64> = case.sites.values().flatten().copied().collect();
    let mut found = vec![(
        "pooled".to_owned(),
        json!(nearest_rank(&mut all, case.p.fraction())),
    )];
    for hundredths in 1..=100 {
        let share = Fraction::of(hundredths, 100).ok_or("a share of nothing")?;
        let each: Option<Vec<u64>> = case
            .sites
            .values_mut()
            .map(|values| nearest_rank(values, share))
            .collect();
        let mean = each
            .and_then(|each| mean(&each))
            .map(Fraction::decimal_text);
        let pooled = nearest_rank(&mut all, share);
        found.push((format!("pooled_p{hundredths}"), json!(pooled)));
        found.push((format!("mean_of_p{hundredths}"), json!(mean)));
    }
    Ok(found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SketchCase {
    range: [u32; 2],
    alpha: Decimal,
    p: Decimal,
    merge_parts: u32,
}

/// Every whole number of a range: merged from parts the sketch must be the same bin for bin, and its
/// percentile must lie within the relative error around the exact one.
pub(super) fn sketch(input: &Value) -> Found {
    let case: SketchCase = read(input)?;
    let [first, last] = case.range;
    let values = last.checked_sub(first).filter(|count| *count < MAX_VALUES);
    values
        .ok_or_else(|| format!("input.range: from the first to the last, at most {MAX_VALUES}"))?;
    if case.alpha.is_zero() || case.alpha >= Decimal::ONE {
        return Err("input.alpha: between 0 and 1".to_owned());
    }
    if !(1..=MAX_PARTS).contains(&case.merge_parts) {
        return Err(format!("input.merge_parts: from 1 to {MAX_PARTS}"));
    }
    let empty = || Sketch::new(case.alpha.approximate());
    let mut whole = empty();
    let mut parts: Vec<Sketch> = (0..case.merge_parts).map(|_| empty()).collect();
    for (value, place) in (first..=last).zip((0..case.merge_parts).cycle()) {
        whole.add(value);
        let part = usize::try_from(place)
            .ok()
            .and_then(|place| parts.get_mut(place));
        part.ok_or("a part too few")?.add(value);
    }
    let mut merged = empty();
    for part in &parts {
        merged.merge(part);
    }
    if merged != whole {
        return Err(format!(
            "merge: {merged:?} from parts differs from {whole:?}"
        ));
    }
    let mut values: Vec<u64> = (first..=last).map(u64::from).collect();
    let exact = nearest_rank(&mut values, case.p.fraction()).ok_or("input.p: from 0 to 1")?;
    let around = |alpha: u64, denominator: u64| {
        Fraction::of(exact * alpha, denominator).map(Fraction::decimal_text)
    };
    let alpha = case.alpha.fraction();
    let allowed = [
        around(alpha.denominator - alpha.numerator, alpha.denominator),
        around(alpha.denominator + alpha.numerator, alpha.denominator),
    ];
    let estimate = merged
        .quantile(case.p.fraction())
        .ok_or("the sketch holds nothing")?;
    let bound = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    let inside = allowed
        .each_ref()
        .map(bound)
        .iter()
        .zip([1.0, -1.0])
        .all(|(bound, side)| bound.is_some_and(|bound| (estimate - bound) * side >= 0.0));
    if !inside {
        return Err(format!("quantile: {estimate} is not within {allowed:?}"));
    }
    named(vec![("exact", json!(exact)), ("allowed", json!(allowed))])
}
