//! Agreements and their statements.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use desserte_domain::agreement::{Agreement, in_force};
use desserte_domain::period::day_of;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{
    AgreementDetail, AgreementItem, AgreementMonth, AgreementMonths, Statement, StatementPart,
};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::statements::{self, PartQuery};
use super::{exclusions, months, query, time};
use crate::app::{App, Directory, StoredAgreement};
use crate::assess::months::MonthResult;
use crate::statement::{self as documents, FIRST_REVISION, StatementInput};

/// Months answered when none are asked for, and at most.
const MONTHS_DEFAULT: i16 = 6;
const MONTHS_MAX: i16 = 24;

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthsQuery {
    /// Months, the running one included: 6 when left out, at most 24.
    count: Option<String>,
}

/// Agreements, by identifier.
#[utoipa::path(get, path = "/api/v1/agreements", tag = "agreements", params(Paging), responses(
    (status = 200, body = Page<AgreementItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn agreements(
    View(app): View,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<AgreementItem>>> {
    let paging = query(asked)?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let directory = app.directory();
    let items = directory
        .agreements()
        .iter()
        .filter(|one| after.as_ref().is_none_or(|after| one.agreement.id > *after))
        .take(limit + 1)
        .map(|stored| item(&directory, stored))
        .collect();
    Ok(Json(page(items, limit, |item: &AgreementItem| {
        item.id.clone()
    })))
}

/// One agreement, with its text.
#[utoipa::path(get, path = "/api/v1/agreements/{id}", tag = "agreements",
    params(("id" = String, Path, description = "identifier of the agreement")),
    responses((status = 200, body = AgreementDetail), (status = 404, body = super::error::Problem)))]
pub(crate) async fn agreement(
    View(app): View,
    Path(id): Path<String>,
) -> Answer<Json<AgreementDetail>> {
    let directory = app.directory();
    let stored = directory
        .agreement(&id)
        .ok_or_else(|| Refusal::not_found("agreement", &id))?;
    Ok(Json(AgreementDetail {
        agreement: item(&directory, stored),
        text: stored.text.clone(),
    }))
}

/// The last months of an agreement, all its sites together, newest first: only those in which it
/// holds.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/months", tag = "agreements",
    params(("id" = String, Path, description = "identifier of the agreement"), MonthsQuery),
    responses(
        (status = 200, body = AgreementMonths),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn agreement_months(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<MonthsQuery>, QueryRejection>,
) -> Answer<Json<AgreementMonths>> {
    let asked = query(asked)?;
    let count = match asked.count.as_deref() {
        None => MONTHS_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|count| (1..=MONTHS_MAX).contains(count))
            .ok_or_else(|| Refusal::parameter("count", format!("from 1 to {MONTHS_MAX}")))?,
    };
    let agreement = named(&app, &id)?;
    let versions = versions(&app, &id).await?;
    let mut items = Vec::new();
    for month in last_months(&agreement, app.now_unix_ms(), count) {
        // Where the terms change in a month, its last part stands for it.
        let Some(terms) = in_force(&versions, month).pop() else {
            continue;
        };
        let results = results(&app, &terms, month).await?;
        let sites: Vec<&MonthResult> = results.iter().map(Arc::as_ref).collect();
        items.push(AgreementMonth {
            month: format!("{:04}-{:02}", month.0, month.1),
            total: documents::total(&terms, month, &sites),
        });
    }
    Ok(Json(AgreementMonths {
        agreement: id,
        items,
        next: None,
    }))
}

/// The statement of an agreement for a month: all sites together, site by site, and what the
/// figures follow from. Once the month is settled it is the kept one, the revision that is asked for or the
/// last; until then the figures as they are now.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{month}", tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
        PartQuery,
    ),
    responses(
        (status = 200, body = Statement),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn statement(
    View(app): View,
    Path((id, month_text)): Path<(String, String)>,
    asked: Result<Query<PartQuery>, QueryRejection>,
) -> Answer<Json<serde_json::Value>> {
    let asked = query(asked)?;
    let month = time::parse_month(&month_text)?;
    let parts = in_force(&versions(&app, &id).await?, month);
    let agreement = part(&parts, asked.version.as_deref())?.clone();
    let shown_parts: Vec<StatementPart> = parts.iter().map(shown_part).collect();
    let of = (id.as_str(), month_text.as_str(), agreement.version);
    if let Some(kept) = statements::kept(&app, of, asked.revision()?).await? {
        let beside = serde_json::json!({
            "computed_at": time::text_or_epoch(kept.made_unix_ms),
            "program": env!("CARGO_PKG_VERSION"),
            "invented_sites": invented(&app, &agreement),
            "simulated": app.directory().any_simulated(&agreement.sites),
            "parts": shown_parts,
        });
        return statements::shown(&kept, beside);
    }
    let results = results(&app, &agreement, month).await?;
    let exclusions = exclusions::records(&app, &agreement.id).await?;
    let sites: Vec<&MonthResult> = results.iter().map(Arc::as_ref).collect();
    let statement = Statement {
        computed_at: time::text_or_epoch(app.now_unix_ms()),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        invented_sites: invented(&app, &agreement),
        simulated: app.directory().any_simulated(&agreement.sites),
        parts: shown_parts,
        document: documents::statement(&StatementInput {
            agreement: &agreement,
            month,
            revision: FIRST_REVISION,
            sites: &sites,
            exclusions: &exclusions,
        }),
    };
    serde_json::to_value(statement)
        .map(Json)
        .map_err(|error| Refusal::internal("writing a statement", error))
}

/// Every version of an agreement, oldest first.
pub(super) async fn versions(app: &Arc<App>, id: &str) -> Answer<Vec<Agreement>> {
    let asked = id.to_owned();
    let stored = app
        .blocking("reading an agreement's versions", move |app| {
            Ok(app.source().registry().agreement_versions(&asked)?)
        })
        .await?;
    if stored.is_empty() {
        return Err(Refusal::not_found("agreement", id));
    }
    Ok(stored.into_iter().map(|one| one.agreement).collect())
}

/// The part of a month that is asked for: that of a version, or the last one.
pub(super) fn part<'p>(parts: &'p [Agreement], version: Option<&str>) -> Answer<&'p Agreement> {
    let Some(version) = version else {
        let none = "the agreement holds on no day of it";
        return parts
            .last()
            .ok_or_else(|| Refusal::parameter("month", none));
    };
    let found = parts.iter().find(|one| one.version.to_string() == version);
    found.ok_or_else(|| Refusal::parameter("version", "not in force in this month"))
}

fn shown_part(terms: &Agreement) -> StatementPart {
    StatementPart {
        version: terms.version,
        valid_from: terms.valid_from.to_string(),
        valid_to: terms.valid_to.map(|day| day.to_string()),
    }
}

fn named(app: &App, id: &str) -> Answer<Agreement> {
    let directory = app.directory();
    let stored = directory.agreement(id);
    stored
        .map(|stored| stored.agreement.clone())
        .ok_or_else(|| Refusal::not_found("agreement", id))
}

fn invented(app: &App, agreement: &Agreement) -> u64 {
    let directory = app.directory();
    let sites = agreement.sites.iter();
    let invented = |site: &&String| directory.site(site).is_some_and(|entry| entry.invented);
    sites.filter(invented).count() as u64
}

/// The figures of every site of an agreement, in its order.
async fn results(
    app: &Arc<App>,
    agreement: &Agreement,
    month: (i16, i8),
) -> Answer<Vec<Arc<MonthResult>>> {
    let judged = agreement.clone();
    let figured = app
        .blocking("computing an agreement's figures", move |app| {
            app.month_of_all(&judged, month)
        })
        .await?;
    figured
        .into_iter()
        .map(|one| one.map_err(months::refused))
        .collect()
}

/// The months up to now, newest first.
fn last_months(agreement: &Agreement, now_unix_ms: i64, count: i16) -> Vec<(i16, i8)> {
    let Some(today) = day_of(&agreement.time_zone, now_unix_ms) else {
        return Vec::new();
    };
    let this = today.year() * 12 + i16::from(today.month()) - 1;
    let month = |number: i16| {
        let month = i8::try_from(number.rem_euclid(12) + 1).unwrap_or(1);
        (number.div_euclid(12), month)
    };
    (0..count).map(|back| month(this - back)).collect()
}

fn item(directory: &Directory, stored: &StoredAgreement) -> AgreementItem {
    let agreement = &stored.agreement;
    AgreementItem {
        id: agreement.id.clone(),
        title: agreement.title.clone(),
        version: agreement.version,
        valid_from: agreement.valid_from.to_string(),
        valid_to: agreement.valid_to.map(|day| day.to_string()),
        sites: agreement.sites.clone(),
        slot_seconds: agreement.test.slot_seconds,
        target_availability_percent: Some(agreement.objective.availability_percent.to_string()),
        customer: agreement.parties.customer.clone(),
        contractor: agreement.parties.contractor.clone(),
        time_zone: agreement.time_zone.clone(),
        exclusion_classes: agreement.exclusions.classes.clone(),
        simulated: directory.any_simulated(&agreement.sites),
    }
}
