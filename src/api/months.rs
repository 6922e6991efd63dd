//! A month's figures of a site.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use desserte_domain::agreement::Agreement;
use desserte_domain::decimal::Fraction;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{Day, Interval, Month, MonthOutage, Ratio};
use super::{query, time};
use crate::app::App;
use crate::assess::months::{MonthError, MonthRequest, MonthResult};

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
    State(app): State<Arc<App>>,
    Path((id, month)): Path<(String, String)>,
    asked: Result<Query<MonthQuery>, QueryRejection>,
) -> Answer<Json<Month>> {
    let asked = query(asked)?;
    let month = time::parse_month(&month)?;
    let directory = app.directory();
    let agreement = match &asked.agreement {
        Some(name) => directory.agreement(name),
        None => directory.agreements_of(&id).next(),
    };
    let names_site = |agreement: &Agreement| agreement.sites.contains(&id);
    let stored = agreement
        .filter(|stored| names_site(&stored.agreement))
        .ok_or_else(|| match &asked.agreement {
            Some(name) => Refusal::not_found("agreement of this site", name),
            None => Refusal::not_found("agreement of site", &id),
        })?;
    let figures = of_site(&app, &id, &stored.agreement, month).await?;
    Ok(Json(figures))
}

/// The figures of one site.
pub(crate) async fn of_site(
    app: &Arc<App>,
    site: &str,
    agreement: &Agreement,
    month: (i16, i8),
) -> Answer<Month> {
    let (site_id, judged) = (site.to_owned(), agreement.clone());
    let result = app
        .blocking("computing a month's figures", move |app| {
            let request = MonthRequest {
                agreement: &judged,
                month,
                now_unix_ms: app.now_unix_ms(),
            };
            let span = match request.span() {
                Ok(span) => span,
                Err(error) => return Ok(Err(error)),
            };
            let samples = app.source().judged_samples(&site_id, &judged, span)?;
            let exclusions = app.source().exclusions(&judged.id, &site_id)?;
            Ok(request.figures(&samples, &exclusions))
        })
        .await?;
    match result {
        Ok(result) => {
            let directory = app.directory();
            let simulated = directory.site(site).is_some_and(|one| one.simulated);
            Ok(Month {
                simulated,
                ..shown(site, agreement, month, result)
            })
        }
        Err(MonthError::Future) => Err(Refusal::parameter("month", "has not begun")),
        Err(error) => Err(Refusal::internal("computing a month's figures", error)),
    }
}

/// The figures as every answer shows them; whether they are simulated is for the caller to say.
pub(crate) fn shown(
    site: &str,
    agreement: &Agreement,
    (year, month): (i16, i8),
    result: MonthResult,
) -> Month {
    let figures = result.figures;
    let counts = figures.counts;
    let text = |fraction: Option<Fraction>| fraction.map(Fraction::six_decimals_half_even);
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
        availability: figures.availability.map(ratio),
        unknown_interval: figures.unknown_interval.map(|[minimum, maximum]| Interval {
            minimum_percent: minimum.percent_six_decimals_half_even(),
            maximum_percent: maximum.percent_six_decimals_half_even(),
        }),
        coverage: figures.coverage.map(ratio),
        billable: figures.billable,
        outage_count: figures.outages.len() as u64,
        mttr_minutes: text(figures.mean_time_to_repair_minutes),
        mtbf_minutes: text(figures.mean_time_between_failures_minutes),
        outages: figures
            .outages
            .iter()
            .zip(&result.causes)
            .map(|(outage, cause)| MonthOutage {
                start: time::text_or_epoch(outage.start_unix_ms),
                end: time::text_or_epoch(outage.end_unix_ms),
                down_slots: outage.down_slots,
                cause: cause.map(|cause| cause.identifier().to_owned()),
            })
            .collect(),
        days: figures
            .days
            .iter()
            .filter(|day| day.counts.period_slots > 0)
            .map(|day| Day {
                date: day.day.to_string(),
                up_slots: day.counts.up_slots,
                down_slots: day.counts.down_slots,
                unknown_slots: day.counts.unknown_slots,
                excluded_slots: day.counts.excluded_slots,
            })
            .collect(),
        revision: REVISION_UNFIXED,
        is_final: result.is_final,
        target_availability_percent: Some(agreement.objective.availability_percent.to_string()),
        target_met: agreement.keeps_promise(&figures),
    }
}

fn ratio(fraction: Fraction) -> Ratio {
    Ratio {
        numerator: fraction.numerator,
        denominator: fraction.denominator,
        percent: fraction.percent_six_decimals_half_even(),
    }
}
