//! A month's figures of a site.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use desserte_domain::agreement::{Agreement, in_force};
use desserte_domain::period::PeriodError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::Month;
use super::seen::View;
use super::{query, time};
use crate::app::{App, Directory};
use crate::assess::months::{MonthError, MonthResult};
use crate::statement::{FIRST_REVISION, site_month};

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
    let named = agreement_of(&directory, &id, asked.agreement.as_deref())?;
    // The terms in force then, not today's; where they change in the month, its last part.
    let versions = super::agreements::versions(&app, &named.id).await?;
    let holds = |terms: &Agreement| terms.sites.contains(&id);
    let agreement = in_force(&versions, month).into_iter().rfind(holds);
    let agreement = agreement.unwrap_or_else(|| named.clone());
    let (site, judged) = (id.clone(), agreement.clone());
    let figured = app
        .blocking("computing a month's figures", move |app| {
            app.month(&judged, &site, month)
        })
        .await?;
    let result = figured.map_err(refused)?;
    Ok(Json(marked(&app, &id, &agreement, (month, &result))))
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
        figures: site_month(site, agreement, (month, FIRST_REVISION), result),
    }
}
