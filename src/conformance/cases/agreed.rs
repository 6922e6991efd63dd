//! Promises, sites together, and money.

use desserte_domain::aggregate::Aggregation;
use desserte_domain::credit::{CreditBasis, CreditRule, FeePer, MoneyTerms, Tier};
use desserte_domain::decimal::{Decimal, Fraction};
use desserte_domain::detection::chance;
use desserte_domain::money::Rounding;
use desserte_domain::promise::keeps;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Found, named, read};

/// The slots of a month or of a site, counted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    measured: u64,
    down: u64,
}

impl Counted {
    fn availability(&self) -> Result<Fraction, String> {
        let up = self.measured.checked_sub(self.down);
        up.and_then(|up| Fraction::of(up, self.measured))
            .ok_or_else(|| "input: more is down than measured, or nothing is".to_owned())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComplianceCase {
    target: Decimal,
    items: Vec<Counted>,
}

pub(super) fn compliance(input: &Value) -> Found {
    let case: ComplianceCase = read(input)?;
    let mut results = Vec::new();
    for item in &case.items {
        let availability = item.availability()?;
        results.push(json!({
            "compliant": keeps(case.target, availability),
            "pct_2dp_floor": availability.percent_two_decimals_floor(),
            "pct_2dp_half_up": availability.percent_two_decimals_half_up(),
        }));
    }
    named(vec![("results", json!(results))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AggregateCase {
    sites: Vec<Counted>,
}

pub(super) fn aggregate(input: &Value) -> Found {
    let case: AggregateCase = read(input)?;
    let sites = case.sites.iter().map(Counted::availability);
    let sites = sites.collect::<Result<Vec<Fraction>, String>>()?;
    let percent = |way: Aggregation| {
        let figure = way.of(&sites);
        json!(figure.map(Fraction::percent_six_decimals_half_even))
    };
    let pooled = Aggregation::Pooled.of(&sites);
    named(vec![
        ("pooled_fraction", json!(pooled.map(|one| one.to_string()))),
        ("pooled_pct_6dp", percent(Aggregation::Pooled)),
        ("mean_pct_6dp", percent(Aggregation::Mean)),
        ("worst_pct_6dp", percent(Aggregation::Worst)),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PenaltyCase {
    /// Availability from which, and percent of the fee.
    ladder: Vec<(Decimal, Decimal)>,
    fee_minor: u64,
    items: Vec<Counted>,
}

pub(super) fn penalty(input: &Value) -> Found {
    let case: PenaltyCase = read(input)?;
    let tiers = case.ladder.into_iter();
    let terms = MoneyTerms {
        // The cases count in minor units, of whatever currency.
        currency: "XXX".to_owned(),
        currency_decimals: Some(0),
        monthly_fee: Decimal::ZERO,
        fee_per: FeePer::Site,
        rounding: Rounding::Down,
        cap_percent: None,
        credits: vec![CreditRule::Tiers {
            tiers: tiers
                .map(|(from_percent, credit_percent)| Tier {
                    from_percent,
                    credit_percent,
                })
                .collect(),
        }],
    };
    let mut penalties = Vec::new();
    for item in &case.items {
        let credits = terms.apply(&CreditBasis {
            fee_minor: case.fee_minor,
            slot_seconds: 60,
            availability: Some(item.availability()?),
            ..CreditBasis::default()
        });
        penalties.push(credits.credit_minor);
    }
    named(vec![("penalty_minor", json!(penalties))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectCase {
    slot_s: u32,
    n: u32,
    #[serde(rename = "L")]
    lengths: Vec<u64>,
}

pub(super) fn detect(input: &Value) -> Found {
    let case: DetectCase = read(input)?;
    if case.slot_s == 0 || case.n == 0 {
        return Err("input: slot_s and n are at least 1".to_owned());
    }
    let chances: Vec<String> = case
        .lengths
        .iter()
        .map(|length| chance(*length, case.slot_s, case.n).decimal_text())
        .collect();
    named(vec![("p", json!(chances))])
}
