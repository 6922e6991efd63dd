//! Agreements and their statements.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};

use super::error::{Answer, Refusal};
use super::model::{AgreementDetail, AgreementItem, Statement};
use super::paging::{Page, Paging, page};
use super::{months, query, time};
use crate::app::{App, Directory, StoredAgreement};

/// Agreements, by identifier.
#[utoipa::path(get, path = "/api/v1/agreements", tag = "agreements", params(Paging), responses(
    (status = 200, body = Page<AgreementItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn agreements(
    State(app): State<Arc<App>>,
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
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Answer<Json<AgreementDetail>> {
    let directory = app.directory();
    let stored = directory
        .agreement(&id)
        .ok_or_else(|| Refusal::not_found("agreement", &id))?;
    Ok(Json(AgreementDetail {
        agreement: item(&directory, stored),
        time_zone: stored.agreement.time_zone.clone(),
        text: stored.text.clone(),
    }))
}

/// The figures of an agreement for a month, site by site.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{month}", tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
    ),
    responses(
        (status = 200, body = Statement),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn statement(
    State(app): State<Arc<App>>,
    Path((id, month_text)): Path<(String, String)>,
) -> Answer<Json<Statement>> {
    let month = time::parse_month(&month_text)?;
    let directory = app.directory();
    let stored = directory
        .agreement(&id)
        .ok_or_else(|| Refusal::not_found("agreement", &id))?;
    let mut sites = Vec::with_capacity(stored.agreement.sites.len());
    for site in &stored.agreement.sites {
        sites.push(months::of_site(&app, site, &stored.agreement, month).await?);
    }
    Ok(Json(Statement {
        agreement: id,
        month: month_text,
        simulated: directory.any_simulated(&stored.agreement.sites),
        sites,
    }))
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
        simulated: directory.any_simulated(&agreement.sites),
    }
}
