//! Errors of what goes beyond availability: classes of exclusion, quality, repairs, money, acceptance.

use super::{Found, MAX_REPAIR_MINUTES, Reason, service_hours};
use crate::acceptance::MAX_ACCEPTANCE_DAYS;
use crate::agreement::Agreement;
use crate::credit::{CreditRule, FeePer, MAX_RULES, Promised, Tier};
use crate::decimal::Decimal;
use crate::money::MAX_CURRENCY_DECIMALS;
use crate::quality::Statistic;

/// Hours before an exclusion: a quarter of a year.
const MAX_NOTICE_HOURS: u32 = 92 * 24;
/// Longest response time that is promised, microseconds: a minute.
const MAX_LATENCY_US: u32 = 60_000_000;
/// Largest block, minutes: a month.
const MAX_BLOCK_MINUTES: u32 = 31 * 1_440;
/// Days in a row without connection, at most.
const MAX_UNCONNECTED_DAYS: u32 = 31;

pub(super) fn class_rules(found: &mut Found, agreement: &Agreement) {
    let terms = &agreement.exclusions;
    found.count("exclusions.rules", terms.rules.len());
    for (number, rule) in terms.rules.iter().enumerate() {
        let field = format!("exclusions.rules[{number}]");
        if !terms.classes.contains(&rule.class) {
            found.add(
                format!("{field}.class"),
                Reason::NotListed {
                    entry: rule.class.clone(),
                    list: "exclusions.classes",
                },
            );
        }
        let before = terms.rules.iter().take(number);
        if before.clone().any(|one| one.class == rule.class) {
            let entry = rule.class.clone();
            found.add(format!("{field}.class"), Reason::Duplicate { entry });
        }
        found.names(&format!("{field}.requested_by"), &rule.requested_by, false);
        found.names(&format!("{field}.approved_by"), &rule.approved_by, false);
        found.range(
            &format!("{field}.notice_hours"),
            rule.notice_hours,
            0,
            MAX_NOTICE_HOURS,
        );
    }
}

pub(super) fn quality(found: &mut Found, agreement: &Agreement) {
    let objective = &agreement.objective;
    if let Some(latency) = &objective.latency {
        found.names("objective.latency.targets", &latency.targets, false);
        statistic(found, "objective.latency.statistic", latency.statistic);
        let field = "objective.latency.at_most_us";
        found.range(field, latency.at_most_us, 1, MAX_LATENCY_US);
    }
    if let Some(loss) = &objective.loss {
        found.names("objective.loss.targets", &loss.targets, false);
        statistic(found, "objective.loss.statistic", loss.statistic);
        found.decimal("objective.loss.at_most_share", loss.at_most_share, 1);
    }
    if let Some(throughput) = &objective.throughput {
        found.names("objective.throughput.targets", &throughput.targets, false);
        statistic(
            found,
            "objective.throughput.statistic",
            throughput.statistic,
        );
        let share = throughput.at_least_share;
        found.decimal("objective.throughput.at_least_share", share, 1);
        let rates = [
            throughput.download_bits_per_second,
            throughput.upload_bits_per_second,
        ];
        if rates.iter().flatten().all(|rate| *rate == 0) {
            found.add("objective.throughput", Reason::NothingPromised);
        }
    }
}

/// A percentile lies above 0 and at most at 1.
fn statistic(found: &mut Found, field: &str, statistic: Statistic) {
    let Statistic::Percentile(share) = statistic else {
        return;
    };
    if share.is_zero() || !share.at_most(1) {
        let (least, most) = ("0.000000001".to_owned(), "1".to_owned());
        found.add(
            format!("{field}.percentile"),
            Reason::OutOfRange { least, most },
        );
    }
}

pub(super) fn repair(found: &mut Found, agreement: &Agreement) {
    let Some(repair) = &agreement.repair else {
        return;
    };
    if repair.restore_within_minutes.is_none() && repair.mean_at_most_minutes.is_none() {
        found.add("repair", Reason::NothingPromised);
    }
    for (field, minutes) in [
        (
            "repair.restore_within_minutes",
            repair.restore_within_minutes,
        ),
        ("repair.mean_at_most_minutes", repair.mean_at_most_minutes),
    ] {
        if let Some(minutes) = minutes {
            found.range(field, minutes, 1, MAX_REPAIR_MINUTES);
        }
    }
    if let Some(hours) = &repair.hours {
        service_hours(found, "repair.hours", hours);
    }
}

pub(super) fn money(found: &mut Found, agreement: &Agreement) {
    let Some(money) = &agreement.money else {
        return;
    };
    let code = &money.currency;
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let (least, most) = ("AAA".to_owned(), "ZZZ".to_owned());
        found.add("money.currency", Reason::OutOfRange { least, most });
    } else if money.decimals().is_none() {
        found.add("money.currency", Reason::UnknownCurrency);
    }
    if let Some(decimals) = money.currency_decimals {
        let field = "money.currency_decimals";
        found.range(field, decimals, 0, MAX_CURRENCY_DECIMALS);
    }
    if let Some(decimals) = money
        .decimals()
        .filter(|_| money.monthly_fee_minor().is_none())
    {
        found.add("money.monthly_fee", Reason::FinerThanCurrency { decimals });
    }
    if let Some(cap) = money.cap_percent {
        found.decimal("money.cap_percent", cap, 100);
    }
    if money.credits.len() > MAX_RULES {
        found.add("money.credits", Reason::TooMany { limit: MAX_RULES });
    }
    for (number, rule) in money.credits.iter().enumerate() {
        let field = format!("money.credits[{number}]");
        if money.fee_per == FeePer::Agreement && !rule.of_availability_alone() {
            found.add(field.clone(), Reason::NotForAgreementFee);
        }
        credit(found, &field, rule);
        needed(found, &field, agreement, rule);
    }
}

fn credit(found: &mut Found, field: &str, rule: &CreditRule) {
    let mut percent = |value: Decimal| {
        found.decimal(&format!("{field}.credit_percent"), value, 100);
    };
    match rule {
        CreditRule::Tiers { tiers } => ladder(found, field, tiers),
        CreditRule::PerHourBeyondTarget { credit_percent, .. }
        | CreditRule::PerHourOfLateRepair { credit_percent, .. }
        | CreditRule::MissedObjective { credit_percent, .. } => percent(*credit_percent),
        CreditRule::PerBlock {
            block_minutes,
            credit_percent,
            most_blocks_per_day,
        } => {
            percent(*credit_percent);
            let name = format!("{field}.block_minutes");
            found.range(&name, *block_minutes, 1, MAX_BLOCK_MINUTES);
            if let Some(most) = most_blocks_per_day {
                found.range(&format!("{field}.most_blocks_per_day"), *most, 1, 1_440);
            }
        }
        CreditRule::UnconnectedDays {
            days,
            credit_percent,
        } => {
            percent(*credit_percent);
            let name = format!("{field}.days");
            found.range(&name, *days, 1, MAX_UNCONNECTED_DAYS);
        }
    }
}

fn ladder(found: &mut Found, field: &str, tiers: &[Tier]) {
    let name = format!("{field}.tiers");
    if tiers.len() > MAX_RULES {
        found.add(name.clone(), Reason::TooMany { limit: MAX_RULES });
    }
    if !tiers.iter().any(|tier| tier.from_percent.is_zero()) {
        found.add(name.clone(), Reason::LadderOpenBelow);
    }
    for (number, tier) in tiers.iter().enumerate() {
        found.decimal(
            &format!("{name}[{number}].from_percent"),
            tier.from_percent,
            100,
        );
        found.decimal(
            &format!("{name}[{number}].credit_percent"),
            tier.credit_percent,
            100,
        );
        let mut before = tiers.iter().take(number);
        if before.any(|one| one.from_percent == tier.from_percent) {
            let entry = tier.from_percent.to_string();
            found.add(
                format!("{name}[{number}].from_percent"),
                Reason::Duplicate { entry },
            );
        }
    }
}

/// What a rule follows from must be promised.
fn needed(found: &mut Found, field: &str, agreement: &Agreement, rule: &CreditRule) {
    let repair = agreement.repair.as_ref();
    let objective = &agreement.objective;
    let term = match rule {
        CreditRule::PerHourOfLateRepair { .. }
            if repair.and_then(|one| one.restore_within_minutes).is_none() =>
        {
            "repair.restore_within_minutes"
        }
        CreditRule::UnconnectedDays { .. } if agreement.service_hours.is_none() => "service_hours",
        CreditRule::MissedObjective {
            objective: named, ..
        } => match named {
            Promised::Latency if objective.latency.is_none() => "objective.latency",
            Promised::Loss if objective.loss.is_none() => "objective.loss",
            Promised::Throughput if objective.throughput.is_none() => "objective.throughput",
            Promised::MeanTimeToRepair
                if repair.and_then(|one| one.mean_at_most_minutes).is_none() =>
            {
                "repair.mean_at_most_minutes"
            }
            _ => return,
        },
        _ => return,
    };
    found.add(field, Reason::NeedsTerm { term });
}

pub(super) fn acceptance(found: &mut Found, agreement: &Agreement) {
    let Some(acceptance) = &agreement.acceptance else {
        return;
    };
    found.range("acceptance.days", acceptance.days, 1, MAX_ACCEPTANCE_DAYS);
    found.decimal(
        "acceptance.availability_percent",
        acceptance.availability_percent,
        100,
    );
    found.decimal(
        "acceptance.minimum_measured_share",
        acceptance.minimum_measured_share,
        1,
    );
}
