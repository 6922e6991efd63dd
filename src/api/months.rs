//! A month's figures of a site.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use desserte_domain::account::DayFigures;
use desserte_domain::agreement::Agreement;
use desserte_domain::cause::Cause;
use desserte_domain::decimal::Fraction;
use desserte_domain::period::PeriodError;
use desserte_domain::promise::{ChargedSlots, Margin, PromiseVerdict};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{Day, Interval, Month, MonthOutage, MonthPromise, Ratio};
use super::seen::View;
use super::{query, time};
use crate::app::{App, Directory};
use crate::assess::months::{MonthError, MonthResult};

/// Revision of figures that no statement has fixed yet.
const REVISION_UNFIXED: u32 = 1;

/// By which agreement.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthQuery {
    /// Its identifier; the first one that names the site when left out.
    agreement: Option<String>,
}

/// A month's figures of a site under an agreement. For a month that still runs they cover the slots
/// that have passed: `period_end` says until when, and `final` is false.
#[utoipa::path(get, path = "/api/v1/sites/{id}/months/{month}", tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the site"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
        MonthQuery,
    ),
    responses(
        (status = 200, body = Month),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn month(
    View(app): View,
    Path((id, month)): Path<(String, String)>,
    asked: Result<Query<MonthQuery>, QueryRejection>,
) -> Answer<Json<Month>> {
    let asked = query(asked)?;
    let month = time::parse_month(&month)?;
    let directory = app.directory();
    let agreement = agreement_of(&directory, &id, asked.agreement.as_deref())?;
    let (site, judged) = (id.clone(), agreement.clone());
    let figured = app
        .blocking("computing a month's figures", move |app| {
            app.month(&judged, &site, month)
        })
        .await?;
    let result = figured.map_err(refused)?;
    Ok(Json(marked(&app, &id, agreement, (month, &result))))
}

/// Why there are no figures.
pub(crate) fn refused(error: MonthError) -> Refusal {
    match error {
        MonthError::Future => Refusal::parameter("month", "has not begun"),
        MonthError::Period(error @ PeriodError::NotHeld { .. }) => {
            Refusal::parameter("month", error)
        }
        error => Refusal::internal("computing a month's figures", error),
    }
}

/// The agreement of a site that a request names, or the first one that names the site.
pub(crate) fn agreement_of<'d>(
    directory: &'d Directory,
    site: &str,
    named: Option<&str>,
) -> Answer<&'d Agreement> {
    let found = match named {
        Some(name) => directory.agreement(name),
        None => directory.agreements_of(site).next(),
    };
    found
        .map(|stored| &stored.agreement)
        .filter(|agreement| agreement.sites.iter().any(|one| one == site))
        .ok_or_else(|| match named {
            Some(name) => Refusal::not_found("agreement of this site", name),
            None => Refusal::not_found("agreement of site", site),
        })
}

/// The figures, marked when a demonstration made the site's measurements up.
pub(super) fn marked(
    app: &App,
    site: &str,
    agreement: &Agreement,
    (month, result): ((i16, i8), &MonthResult),
) -> Month {
    let directory = app.directory();
    Month {
        simulated: directory.site(site).is_some_and(|one| one.simulated),
        ..shown(site, agreement, month, result)
    }
}

/// The figures as every answer shows them; whether they are simulated is for the caller to say.
pub(crate) fn shown(
    site: &str,
    agreement: &Agreement,
    (year, month): (i16, i8),
    result: &MonthResult,
) -> Month {
    let figures = &result.figures;
    let counts = figures.counts;
    Month {
        site: site.to_owned(),
        agreement: agreement.id.clone(),
        simulated: false,
        month: format!("{year:04}-{month:02}"),
        period_start: time::text_or_epoch(result.period.start_unix_ms),
        period_end: time::text_or_epoch(result.period.end_unix_ms),
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
        revision: REVISION_UNFIXED,
        is_final: result.is_final,
        target_availability_percent: Some(agreement.objective.availability_percent.to_string()),
        target_met: result.promise.verdict.kept(),
        promise: promise(
            agreement,
            result.promise.charged,
            result.promise.judged,
            (result.promise.verdict, Some(result.promise.margin)),
        ),
        closes_at: result.closes_unix_ms.and_then(time::text),
    }
}

fn outages(agreement: &Agreement, result: &MonthResult) -> Vec<MonthOutage> {
    let outages = result.figures.outages.iter().zip(&result.causes);
    outages
        .map(|(outage, cause)| MonthOutage {
            start: time::text_or_epoch(outage.start_unix_ms),
            end: time::text_or_epoch(outage.end_unix_ms),
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

/// Days as every answer shows them.
pub(super) fn days(days: &[DayFigures]) -> Vec<Day> {
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

/// What the downtime means for the promise, as every answer shows it.
pub(super) fn promise(
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

pub(super) fn minutes(fraction: Option<Fraction>) -> Option<String> {
    fraction.map(Fraction::six_decimals_half_even)
}

pub(super) fn ratio(fraction: Fraction) -> Ratio {
    Ratio {
        numerator: fraction.numerator,
        denominator: fraction.denominator,
        percent: fraction.percent_six_decimals_half_even(),
    }
}
