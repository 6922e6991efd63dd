//! What a site's month means beyond its availability, in the shapes of a statement.

use desserte_domain::agreement::Agreement;
use desserte_domain::credit::{CreditStep, Credits, MoneyTerms, StepReason};
use desserte_domain::decimal::Fraction;
use desserte_domain::money::MAX_CURRENCY_DECIMALS;
use desserte_domain::quality::{Direction, JudgedPromise, LatencyFigures, Limit, LossFigures};
use desserte_domain::repair::{Incident, RepairSummary, RepairTerms};
use desserte_domain::settlement::{Settlement, SiteSettlement};
use desserte_domain::sketch::Sketch;
use desserte_domain::statement::Total;
use desserte_domain::sufficiency::EvidenceNote;

use super::figures::ratio;
use super::model::{
    CreditItem, CreditMonth, EvidenceMonth, IncidentItem, LatencyMonth, LossMonth, MoneyMonth,
    MoneyTotal, QualityPromise, RepairFigures, RepairMonth,
};
use crate::assess::months::MonthResult;
use crate::text::{moment, moment_or_epoch};

pub(super) fn latency(figures: &LatencyFigures) -> LatencyMonth {
    let [p50, p95, p99] = figures.percentiles;
    LatencyMonth {
        samples: figures.samples,
        rtt_us_mean: figures.mean.six_decimals_half_even(),
        rtt_us_p50: p50,
        rtt_us_p95: p95,
        rtt_us_p99: p99,
        rtt_us_longest: figures.longest,
    }
}

pub(super) fn loss(figures: &LossFigures) -> Option<LossMonth> {
    Some(LossMonth {
        samples: figures.slots,
        lost: ratio(Fraction::of(figures.lost, figures.sent)?),
        share_p95: ratio(figures.percentile_95),
    })
}

pub(super) fn promise(promise: &JudgedPromise) -> QualityPromise {
    let (unit, limit, direction, contracted) = match promise.limit {
        Limit::AtMostMicroseconds(limit) => ("microseconds", limit.to_string(), None, None),
        Limit::AtMostShare(limit) => ("share", limit.to_string(), None, None),
        Limit::AtLeastShareOf {
            share,
            bits_per_second,
            direction,
        } => {
            let share = share.fraction();
            let limit = u128::from(share.numerator) * u128::from(bits_per_second);
            // The whole rate that must be reached: a part of a bit counts as one.
            let limit = limit.div_ceil(u128::from(share.denominator.max(1)));
            let direction = match direction {
                Direction::Download => "download",
                Direction::Upload => "upload",
            };
            (
                "bits_per_second",
                limit.to_string(),
                Some(direction),
                Some(bits_per_second),
            )
        }
    };
    let figure = promise.judged.figure;
    QualityPromise {
        objective: promise.promised.identifier().to_owned(),
        direction: direction.map(str::to_owned),
        statistic: promise.statistic.name(),
        unit: unit.to_owned(),
        limit,
        contracted_bits_per_second: contracted,
        samples: figure.map_or(0, |one| one.samples),
        value: figure.map(|one| one.value.decimal_text()),
        spreadsheet_value: figure
            .and_then(|one| one.spreadsheet)
            .map(Fraction::decimal_text),
        share_of_contract: promise.share_of_contract().map(ratio),
        verdict: promise.judged.verdict.identifier().to_owned(),
    }
}

/// The clock of repairs, where there is an incident or a promise.
pub(super) fn repair(
    agreement: &Agreement,
    settlement: &SiteSettlement,
    slot_seconds: u32,
) -> RepairMonth {
    let none = RepairTerms::default();
    let terms = agreement.repair.as_ref().unwrap_or(&none);
    let figures = |summary: &RepairSummary| RepairFigures {
        in_time: summary.in_time_share().map(ratio),
        mean_minutes: summary
            .mean_minutes(slot_seconds)
            .map(Fraction::six_decimals_half_even),
        mean_kept: terms.keeps_mean(summary, slot_seconds),
    };
    let [if_charged, if_not_charged] = settlement.repair.each_ref().map(figures);
    RepairMonth {
        restore_within_minutes: terms.restore_within_minutes,
        mean_at_most_minutes: terms.mean_at_most_minutes,
        working_hours: terms.hours.is_some(),
        if_charged,
        if_not_charged,
        incidents: settlement
            .incidents
            .iter()
            .map(|one| incident(one, slot_seconds))
            .collect(),
    }
}

fn incident(one: &Incident, slot_seconds: u32) -> IncidentItem {
    let minutes = |slots: u64| {
        let seconds = slots.saturating_mul(u64::from(slot_seconds));
        let minutes = Fraction::of(seconds, 60).map(Fraction::six_decimals_half_even);
        minutes.unwrap_or_default()
    };
    let what = one.occurrence;
    IncidentItem {
        start: moment_or_epoch(what.start_unix_ms),
        end: moment(what.end_unix_ms).filter(|_| !what.open),
        elapsed_slots: one.elapsed_slots,
        clock_slots: one.clock_slots,
        clock_minutes: minutes(one.clock_slots),
        late_minutes: minutes(one.late_slots),
        liability: what.liability.identifier().to_owned(),
        verdict: one.verdict.identifier().to_owned(),
    }
}

pub(super) fn evidence(note: &EvidenceNote) -> EvidenceMonth {
    let (low, high) = match &note.interval_percent {
        Some([low, high]) => (Some(low.clone()), Some(high.clone())),
        None => (None, None),
    };
    EvidenceMonth {
        samples: note.samples,
        good: note.good,
        autocorrelation: note.autocorrelation.clone(),
        effective_samples: note.effective_samples.clone(),
        interval_low_percent: low,
        interval_high_percent: high,
        lower_bound_percent: note.lower_bound_percent.clone(),
        rule_of_three_percent: note.rule_of_three_percent.clone(),
        samples_needed: note.samples_needed,
        enough: note.enough,
    }
}

pub(super) fn money(terms: &MoneyTerms, settled: &Settlement) -> MoneyMonth {
    let fee = settled.fee;
    let side = |place: usize| {
        let credits = settled.credits.as_ref()?.get(place)?;
        Some(credit(credits, fee.period_minor))
    };
    MoneyMonth {
        currency: terms.currency.clone(),
        decimals: decimals(terms),
        rounding: terms.rounding.identifier().to_owned(),
        fee_month_minor: fee.month_minor,
        fee_share: ratio(fee.share),
        fee_period_minor: fee.period_minor,
        billable: settled.credits.is_some(),
        if_charged: side(0),
        if_not_charged: side(1),
    }
}

/// A valid agreement's currency has decimals.
fn decimals(terms: &MoneyTerms) -> u32 {
    terms.decimals().unwrap_or(0).min(MAX_CURRENCY_DECIMALS)
}

fn credit(credits: &Credits, fee_minor: u64) -> CreditMonth {
    CreditMonth {
        steps: credits.steps.iter().map(step).collect(),
        sum_minor: credits.sum_minor,
        cap_minor: credits.cap_minor,
        credit_minor: credits.credit_minor,
        payable_minor: fee_minor.saturating_sub(credits.credit_minor),
    }
}

fn step(step: &CreditStep) -> CreditItem {
    let mut item = CreditItem {
        rule: step.rule.to_owned(),
        tier_from_percent: None,
        slots: None,
        occurrences: None,
        objective: None,
        quantity: ratio(step.quantity),
        credit_percent: step.credit_percent.to_string(),
        amount_minor: step.amount_minor,
    };
    match step.reason {
        StepReason::Tier { from_percent } => {
            item.tier_from_percent = Some(from_percent.to_string());
        }
        StepReason::NothingMeasured => {}
        StepReason::Hours { slots } => item.slots = Some(slots),
        StepReason::Blocks { outages } => item.occurrences = Some(outages),
        StepReason::Days { runs } => item.occurrences = Some(runs),
        StepReason::Objective { objective, .. } => {
            item.objective = Some(objective.identifier().to_owned());
        }
    }
    item
}

/// What all sites together cost; `None` when the agreement has no money, or no calendar for it.
pub(super) fn money_total(
    agreement: &Agreement,
    month: (i16, i8),
    (total, results): (&Total, &[&MonthResult]),
) -> Option<MoneyTotal> {
    let terms = agreement.money.as_ref()?;
    let together = agreement.settle_total(month, total).ok()?;
    let of_sites = results
        .iter()
        .filter_map(|one| one.settlement.money.as_ref());
    let all: Vec<&Settlement> = of_sites.chain(together.as_ref()).collect();
    let credits = |place: usize| {
        let sides = all
            .iter()
            .filter_map(|one| one.credits.as_ref()?.get(place));
        sides.map(|one| one.credit_minor).sum()
    };
    Some(MoneyTotal {
        currency: terms.currency.clone(),
        decimals: decimals(terms),
        fee_per: terms.fee_per.identifier().to_owned(),
        fee_period_minor: all.iter().map(|one| one.fee.period_minor).sum(),
        credit_if_charged_minor: credits(0),
        credit_if_not_charged_minor: credits(1),
        not_billable: all.iter().filter(|one| one.credits.is_none()).count() as u64,
        together: together.as_ref().map(|one| money(terms, one)),
    })
}

/// Response time of all sites together at 95 %, microseconds, within 1 % (a merged sketch): for
/// screens, because it needs no value twice. `None` without a measurement.
pub(super) fn rtt_us_p95_estimate(results: &[&MonthResult]) -> Option<u64> {
    let mut merged = Sketch::default();
    for latency in results
        .iter()
        .filter_map(|one| one.settlement.quality.latency.as_ref())
    {
        merged.merge(&latency.sketch);
    }
    let estimate = merged.quantile(Fraction::of(95, 100)?)?;
    format!("{estimate:.0}").parse().ok()
}
