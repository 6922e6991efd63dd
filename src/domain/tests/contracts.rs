//! Contracts replaced in mid-month: one statement a version, the fee in proportion, no slot twice.

#![expect(
    clippy::indexing_slicing,
    reason = "helpers of tests: a panic is the test's failure"
)]

use desserte_domain::account::account;
use desserte_domain::agreement::{Agreement, in_force};
use desserte_domain::cause::Cause;
use desserte_domain::machine::Availability;
use desserte_domain::period::Period;
use desserte_domain::quality::QualityMonth;
use desserte_domain::settlement::SiteInput;
use desserte_domain::slot::SlotState;
use desserte_domain::sufficiency::note;
use serde::Deserialize;

use crate::root;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    month: String,
    bad: Vec<[usize; 2]>,
    cause: Cause,
    version: Vec<Version>,
    statement: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    terms: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    version: u32,
    days: usize,
    period_slots: u64,
    down_slots: u64,
    verdict: String,
    fee_minor: u64,
    credit_minor: u64,
}

fn found(
    terms: &Agreement,
    month: (i16, i8),
    whole: &Period,
    slots: &[SlotState],
    cause: Cause,
) -> Expected {
    let period = terms.month(month.0, month.1).unwrap();
    let first = whole.slots_starting_in(period.start_unix_ms, period.end_unix_ms);
    let (inside, ahead) = (&slots[first.clone()], &slots[first.end..]);
    let carry_in = match first.start.checked_sub(1).map(|last| slots[last]) {
        Some(SlotState::Bad) => Availability::Unavailable,
        _ => Availability::Available,
    };
    let figures = account(&terms.account_input(&period, (inside, ahead), carry_in, &[])).unwrap();
    let causes = vec![Some(cause); figures.outages.len()];
    let promise = terms.promise(&figures, &causes, 0);
    let input = SiteInput {
        month,
        period: &period,
        figures: &figures,
        causes: &causes,
        promise: &promise,
        exclusions: &[],
        carried_in_since_unix_ms: None,
    };
    let evidence = note(inside, terms.objective.availability_percent);
    let settled = terms
        .settle(&input, QualityMonth::default(), evidence)
        .unwrap();
    let money = settled.money.unwrap();
    Expected {
        version: terms.version,
        days: figures.days.len(),
        period_slots: figures.counts.period_slots,
        down_slots: figures.counts.down_slots,
        verdict: promise.verdict.identifier().to_owned(),
        fee_minor: money.fee.period_minor,
        credit_minor: money.credits.unwrap()[0].credit_minor,
    }
}

fn run(name: &str) {
    let path = root().join("tests/scenarios/contracts").join(name);
    let scenario: Scenario = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let versions: Vec<Agreement> = scenario
        .version
        .iter()
        .map(|one| toml::from_str(&one.terms).unwrap())
        .collect();
    for terms in &versions {
        assert_eq!(terms.validate(), [], "{name}");
    }
    let (year, number) = scenario.month.split_once('-').unwrap();
    let month = (year.parse().unwrap(), number.parse().unwrap());
    let first = &versions[0];
    let whole = Period::month(&first.time_zone, month.0, month.1, first.test.slot_seconds).unwrap();
    let mut slots = vec![SlotState::Good; whole.slot_count()];
    for [from, to] in &scenario.bad {
        slots[*from..*to].fill(SlotState::Bad);
    }
    let parts = in_force(&versions, month);
    let statements: Vec<Expected> = parts
        .iter()
        .map(|terms| found(terms, month, &whole, &slots, scenario.cause))
        .collect();
    assert_eq!(statements, scenario.statement, "{name}");
    let sum: u64 = statements.iter().map(|one| one.period_slots).sum();
    assert_eq!(usize::try_from(sum).unwrap(), whole.slot_count(), "{name}");
    let down: u64 = statements.iter().map(|one| one.down_slots).sum();
    let bad: usize = scenario.bad.iter().map(|[from, to]| to - from).sum();
    assert_eq!(usize::try_from(down).unwrap(), bad, "{name}");
}

#[test]
fn replaced_in_mid_month() {
    run("replaced_in_mid_month.toml");
}

#[test]
fn replaced_over_a_clock_change() {
    run("replaced_over_a_clock_change.toml");
}

#[test]
fn every_template_is_valid_and_named_as_its_file_says() {
    let folder = root().join("demo/examples/agreements");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let terms: Agreement = toml::from_str(&text).unwrap();
        assert_eq!(terms.validate(), [], "{}", path.display());
        assert!(terms.money.is_some(), "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 3);
}
