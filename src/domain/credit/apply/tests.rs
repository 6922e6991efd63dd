use super::*;
use crate::credit::MoneyTerms;

fn terms(rules: &str) -> MoneyTerms {
    toml::from_str(&format!(
        "currency = 'XAF'\nmonthly_fee = '300000'\n{rules}"
    ))
    .unwrap()
}

fn basis() -> CreditBasis {
    CreditBasis {
        fee_minor: 300_000,
        slot_seconds: 60,
        ..CreditBasis::default()
    }
}

fn one(rule: &str, basis: &CreditBasis) -> (String, u64) {
    let credits = terms(&format!("[[credits]]\n{rule}")).apply(basis);
    let step = &credits.steps[0];
    assert_eq!(credits.steps.len(), 1);
    assert_eq!(credits.sum_minor, step.amount_minor);
    (step.quantity.to_string(), step.amount_minor)
}

#[test]
fn a_tier_applies_once_and_nothing_measured_reaches_none() {
    let rule = "rule = 'tiers'\ntiers = [{ from_percent = '99', credit_percent = '0' }, \
        { from_percent = '0', credit_percent = '10' }]";
    let at = |availability| {
        let found = terms(&format!("[[credits]]\n{rule}")).apply(&CreditBasis {
            availability,
            ..basis()
        });
        (found.steps[0].reason, found.credit_minor)
    };
    let from = |text: &str| StepReason::Tier {
        from_percent: text.parse().unwrap(),
    };
    assert_eq!(at(Fraction::of(99, 100)), (from("99"), 0));
    assert_eq!(at(Fraction::of(98, 100)), (from("0"), 30_000));
    assert_eq!(at(None), (StepReason::NothingMeasured, 0));
}

#[test]
fn hours_beyond_the_target_are_begun_full_or_exact() {
    let basis = CreditBasis {
        slots_beyond_target: 90,
        ..basis()
    };
    let by = |counting: &str| {
        let rule = format!(
            "rule = 'per_hour_beyond_target'\ncredit_percent = '5'\ncounting = '{counting}'"
        );
        one(&rule, &basis)
    };
    assert_eq!(by("begun"), ("2/1".to_owned(), 30_000));
    assert_eq!(by("full"), ("1/1".to_owned(), 15_000));
    assert_eq!(by("exact"), ("5400/3600".to_owned(), 22_500));
}

#[test]
fn blocks_are_full_and_at_most_so_many_a_day() {
    let basis = CreditBasis {
        outages: vec![(239, 1), (240, 1), (1_440, 2), (10, 1)],
        ..basis()
    };
    let rule = "rule = 'per_block'\nblock_minutes = 240\ncredit_percent = '1'\n";
    assert_eq!(one(rule, &basis), ("7/1".to_owned(), 21_000));
    let rule = format!("{rule}most_blocks_per_day = 1");
    assert_eq!(one(&rule, &basis), ("3/1".to_owned(), 9_000));
}

#[test]
fn each_late_incident_counts_its_own_hours() {
    let basis = CreditBasis {
        late_slots: vec![1, 61],
        ..basis()
    };
    let rule = |counting: &str| {
        format!("rule = 'per_hour_of_late_repair'\ncredit_percent = '2'\ncounting = '{counting}'")
    };
    assert_eq!(one(&rule("begun"), &basis), ("3/1".to_owned(), 18_000));
    assert_eq!(one(&rule("full"), &basis), ("1/1".to_owned(), 6_000));
    assert_eq!(one(&rule("exact"), &basis), ("3720/3600".to_owned(), 6_200));
}

#[test]
fn every_full_run_of_days_counts() {
    let basis = CreditBasis {
        unconnected_runs: vec![2, 3, 7],
        ..basis()
    };
    let rule = "rule = 'unconnected_days'\ndays = 3\ncredit_percent = '10'";
    assert_eq!(one(rule, &basis), ("3/1".to_owned(), 90_000));
}

#[test]
fn another_promise_counts_when_it_was_missed() {
    let rule = "rule = 'missed_objective'\nobjective = 'throughput'\ncredit_percent = '5'";
    assert_eq!(one(rule, &basis()), ("0/1".to_owned(), 0));
    let missed = CreditBasis {
        missed: [Promised::Throughput].into(),
        ..basis()
    };
    assert_eq!(one(rule, &missed), ("1/1".to_owned(), 15_000));
}

#[test]
fn steps_add_up_to_the_cap_and_never_above_the_fee() {
    let rules = "[[credits]]\nrule = 'missed_objective'\nobjective = 'loss'\ncredit_percent = '40'\n\
        [[credits]]\nrule = 'missed_objective'\nobjective = 'latency'\ncredit_percent = '80'\n";
    let missed = CreditBasis {
        missed: [Promised::Loss, Promised::Latency].into(),
        ..basis()
    };
    let all = terms(rules).apply(&missed);
    assert_eq!(
        (all.sum_minor, all.cap_minor, all.credit_minor),
        (360_000, 300_000, 300_000)
    );
    let half = terms(&format!("cap_percent = '50'\n{rules}")).apply(&missed);
    assert_eq!(
        (half.sum_minor, half.cap_minor, half.credit_minor),
        (360_000, 150_000, 150_000)
    );
    let above = terms(&format!("cap_percent = '150'\n{rules}")).apply(&missed);
    assert_eq!(above.credit_minor, 300_000);
    let one = CreditBasis {
        missed: [Promised::Loss].into(),
        ..basis()
    };
    assert_eq!(terms(rules).apply(&one).credit_minor, 120_000);
}
