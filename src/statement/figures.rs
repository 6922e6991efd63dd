//! The domain's figures in the shapes of a statement. Nothing is computed here.

use desserte_domain::account::DayFigures;
use desserte_domain::agreement::Agreement;
use desserte_domain::cause::{CAUSES, Cause};
use desserte_domain::decimal::Fraction;
use desserte_domain::detection::bounds_seconds;
use desserte_domain::period::day_of;
use desserte_domain::promise::{ChargedSlots, Margin, PromiseVerdict};

use super::model::{
    Day, ExclusionItem, Interval, Method, MonthOutage, MonthPromise, Ratio, SiteMonth, Total,
};
use super::{MODEL, beyond};
use crate::assess::months::MonthResult;
use crate::registry::ExclusionRecord;
use crate::text::{moment, moment_or_epoch};

/// The figures of one site.
#[must_use]
pub fn site_month(
    site: &str,
    agreement: &Agreement,
    ((year, month), revision): ((i16, i8), u32),
    result: &MonthResult,
) -> SiteMonth {
    let figures = &result.figures;
    let counts = figures.counts;
    let settled = &result.settlement;
    SiteMonth {
        site: site.to_owned(),
        agreement: agreement.id.clone(),
        month: format!("{year:04}-{month:02}"),
        period_start: moment_or_epoch(result.period.start_unix_ms),
        period_end: moment_or_epoch(result.period.end_unix_ms),
        slot_seconds: result.period.slot_seconds,
        period_slots: counts.period_slots,
        excluded_slots: counts.excluded_slots,
        unknown_slots: counts.unknown_slots,
        measured_slots: counts.measured_slots,
        down_slots: counts.down_slots,
        up_slots: counts.up_slots,
        raw_good_slots: counts.raw_good_slots,
        stopped_slots: figures.stopped_slots,
        availability: figures.availability.map(ratio),
        unknown_interval: figures.unknown_interval.map(|[minimum, maximum]| Interval {
            minimum_percent: minimum.percent_six_decimals_half_even(),
            maximum_percent: maximum.percent_six_decimals_half_even(),
        }),
        coverage: figures.coverage.map(ratio),
        billable: figures.billable,
        outage_count: figures.outages.len() as u64,
        mttr_minutes: minutes(figures.mean_time_to_repair_minutes),
        mtbf_minutes: minutes(figures.mean_time_between_failures_minutes),
        outages: outages(agreement, result),
        days: days(&figures.days),
        revision,
        is_final: result.is_final,
        target_availability_percent: Some(agreement.objective.availability_percent.to_string()),
        target_met: result.promise.verdict.kept(),
        promise: promise(
            agreement,
            result.promise.charged,
            result.promise.judged,
            (result.promise.verdict, Some(result.promise.margin)),
        ),
        closes_at: result.closes_unix_ms.and_then(moment),
        latency: settled.quality.latency.as_ref().map(beyond::latency),
        loss: settled.quality.loss.as_ref().and_then(beyond::loss),
        quality: settled
            .quality
            .promises
            .iter()
            .map(beyond::promise)
            .collect(),
        repair: beyond::repair(agreement, settled, result.period.slot_seconds),
        evidence: beyond::evidence(&settled.evidence),
        money: agreement
            .money
            .as_ref()
            .zip(settled.money.as_ref())
            .map(|(terms, money)| beyond::money(terms, money)),
    }
}

fn outages(agreement: &Agreement, result: &MonthResult) -> Vec<MonthOutage> {
    let outages = result.figures.outages.iter().zip(&result.causes);
    outages
        .map(|(outage, cause)| MonthOutage {
            start: moment_or_epoch(outage.start_unix_ms),
            end: moment_or_epoch(outage.end_unix_ms),
            down_slots: outage.down_slots,
            stopped_slots: outage.stopped_slots,
            cause: cause.map(|cause| cause.identifier().to_owned()),
            liability: agreement
                .liability(cause.unwrap_or(Cause::Undetermined))
                .identifier()
                .to_owned(),
            reaches_period_end: outage.reaches_period_end,
        })
        .collect()
}

/// The figures of all sites of an agreement, in its order.
#[must_use]
pub fn total(agreement: &Agreement, month: (i16, i8), results: &[&MonthResult]) -> Total {
    let sites: Vec<_> = results
        .iter()
        .map(|result| (&result.figures, &result.promise))
        .collect();
    let total = agreement.total(&sites);
    let [pooled, mean, worst] = total.availability.map(|(_, figure)| figure.map(ratio));
    let worst_site = total.worst_site;
    Total {
        rtt_us_p95_estimate: beyond::rtt_us_p95_estimate(results),
        money: beyond::money_total(agreement, month, (&total, results)),
        period_slots: total.counts.period_slots,
        excluded_slots: total.counts.excluded_slots,
        unknown_slots: total.counts.unknown_slots,
        measured_slots: total.counts.measured_slots,
        down_slots: total.counts.down_slots,
        up_slots: total.counts.up_slots,
        stopped_slots: total.stopped_slots,
        aggregation: agreement.objective.aggregation.identifier().to_owned(),
        pooled,
        mean,
        worst,
        coverage: total.coverage.map(ratio),
        billable: total.billable,
        outage_count: total.outages,
        mttr_minutes: minutes(total.mean_time_to_repair_minutes),
        mtbf_minutes: minutes(total.mean_time_between_failures_minutes),
        promise: promise(
            agreement,
            total.charged,
            total.judged,
            (total.verdict, total.margin),
        ),
        sites_kept: total.sites.kept,
        sites_missed: total.sites.missed,
        sites_needing_decision: total.sites.needs_decision,
        sites_without_verdict: total.sites.without_verdict,
        worst_site: worst_site.and_then(|position| agreement.sites.get(position).cloned()),
        is_final: results.iter().all(|result| result.is_final),
        target_availability_percent: Some(agreement.objective.availability_percent.to_string()),
        days: days(&total.days),
    }
}

/// The parameters that figures follow from.
pub(super) fn method(agreement: &Agreement) -> Method {
    let test = &agreement.test;
    let liability = CAUSES.map(|cause| {
        let held = agreement.liability(cause).identifier();
        (cause.identifier().to_owned(), held.to_owned())
    });
    let [unseen_up_to_seconds, seen_from_seconds] =
        bounds_seconds(test.slot_seconds, agreement.machine);
    Method {
        unseen_up_to_seconds,
        seen_from_seconds,
        model: MODEL.to_owned(),
        slot_seconds: test.slot_seconds,
        targets: test.targets.clone(),
        packets_per_slot: test.packets_per_slot,
        minimum_sent: test.minimum_sent,
        loss_threshold: test.loss_threshold.to_string(),
        n_enter: agreement.machine.n_enter,
        n_exit: agreement.machine.n_exit,
        missing: agreement.machine.missing.identifier().to_owned(),
        exclusion_mode: agreement.exclusions.mode.identifier().to_owned(),
        service_hours: agreement.service_hours.is_some(),
        minimum_measured_share: agreement
            .objective
            .minimum_measured_share
            .map(|share| share.to_string()),
        liability: liability.into_iter().collect(),
    }
}

/// Days that have a slot.
#[must_use]
pub fn days(days: &[DayFigures]) -> Vec<Day> {
    let percent =
        |fraction: Option<Fraction>| fraction.map(Fraction::percent_six_decimals_half_even);
    let shown = |day: &DayFigures| Day {
        date: day.day.to_string(),
        up_slots: day.counts.up_slots,
        down_slots: day.counts.down_slots,
        unknown_slots: day.counts.unknown_slots,
        excluded_slots: day.counts.excluded_slots,
        availability_percent: percent(day.counts.availability()),
        coverage_percent: percent(day.counts.coverage()),
    };
    days.iter()
        .filter(|day| day.counts.period_slots > 0)
        .map(shown)
        .collect()
}

/// What the downtime means for the promise.
#[must_use]
pub fn promise(
    agreement: &Agreement,
    charged: ChargedSlots,
    [lowest, highest]: [Option<Fraction>; 2],
    (verdict, margin): (PromiseVerdict, Option<Margin>),
) -> MonthPromise {
    let in_minutes = |slots: i64| Margin::minutes(slots, agreement.test.slot_seconds);
    let allowed = margin.map(|margin| i64::try_from(margin.allowed_slots).unwrap_or(i64::MAX));
    MonthPromise {
        verdict: verdict.identifier().to_owned(),
        charged_slots: charged.charged_slots,
        not_charged_slots: charged.not_charged_slots,
        needs_decision_slots: charged.needs_decision_slots,
        lowest: lowest.map(ratio),
        highest: highest.map(ratio),
        misleading_percent: lowest.and_then(|one| agreement.misleading_rounding(one)),
        allowed_slots: margin.map(|margin| margin.allowed_slots),
        margin_slots_lowest: margin.map(|margin| margin.lowest_slots),
        margin_slots_highest: margin.map(|margin| margin.highest_slots),
        allowed_minutes: allowed.map(in_minutes),
        margin_minutes_lowest: margin.map(|margin| in_minutes(margin.lowest_slots)),
        margin_minutes_highest: margin.map(|margin| in_minutes(margin.highest_slots)),
    }
}

/// An exclusion and what became of it.
#[must_use]
pub fn exclusion_item(agreement: &Agreement, record: &ExclusionRecord) -> ExclusionItem {
    let state = match (&record.approved, record.withdrawn_at_unix_ms) {
        (_, Some(_)) => "withdrawn",
        (Some(_), None) => "approved",
        (None, None) => "requested",
    };
    let (approved_by, approved_at) = record.approved.clone().unzip();
    let (withdrawn_by, withdrawn_reason) = record.withdrawn.clone().unzip();
    let exclusion = &record.exclusion;
    let closes = day_of(&agreement.time_zone, exclusion.from_unix_ms)
        .and_then(|day| agreement.closes_unix_ms(day.year(), day.month()));
    ExclusionItem {
        id: record.id,
        agreement: exclusion.agreement.clone(),
        site: exclusion.site.clone(),
        from: moment_or_epoch(exclusion.from_unix_ms),
        to: moment_or_epoch(exclusion.to_unix_ms),
        class: exclusion.class.clone(),
        kind: exclusion.kind.identifier().to_owned(),
        reason: record.reason.clone(),
        requested_by: exclusion.requested_by.clone(),
        entered_at: moment_or_epoch(record.entered_at_unix_ms),
        approved_by,
        approved_at: approved_at.map(moment_or_epoch),
        withdrawn_by,
        withdrawn_at: record.withdrawn_at_unix_ms.map(moment_or_epoch),
        withdrawn_reason,
        state: state.to_owned(),
        closes_at: closes.and_then(moment),
    }
}

/// Minutes with six decimals, half to even.
#[must_use]
pub fn minutes(fraction: Option<Fraction>) -> Option<String> {
    fraction.map(Fraction::six_decimals_half_even)
}

/// A fraction as counted, with the percentage that is shown.
#[must_use]
pub fn ratio(fraction: Fraction) -> Ratio {
    Ratio {
        numerator: fraction.numerator,
        denominator: fraction.denominator,
        percent: fraction.percent_six_decimals_half_even(),
    }
}
