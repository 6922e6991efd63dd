//! Exclusions of an agreement: asked for by one person, approved by another, withdrawn.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
};
use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::exclusion::entry::EntryError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::agents::{read, signer};
use super::error::{Answer, Code, Refusal};
use super::model::{Approval, ExclusionItem, ExclusionRequest, Withdrawal};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::{query, time};
use crate::app::App;
use crate::registry::{Decision, ExclusionChange, ExclusionRecord, NewExclusion, RegistryError};
use crate::statement::exclusion_item as item;

/// Which part of the time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanQuery {
    /// Those that last beyond this moment.
    from: Option<String>,
    /// Those that begin before this moment.
    to: Option<String>,
}

/// Exclusions of an agreement by start, whatever became of them.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/exclusions", tag = "agreements",
    params(("id" = String, Path, description = "identifier of the agreement"), Paging),
    responses(
        (status = 200, body = Page<ExclusionItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn exclusions(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<ExclusionItem>>> {
    let paging = query(asked)?;
    let limit = paging.limit()?;
    let unreadable = || Refusal::parameter("cursor", "not a cursor of this list");
    let after = match paging.after()? {
        None => None,
        Some(text) => Some(cursor(&text).ok_or_else(unreadable)?),
    };
    let agreement = agreement(&app, &id)?;
    let records = records(&app, &id).await?;
    let items: Vec<_> = records
        .into_iter()
        .filter(|one| after.is_none_or(|after| position(one) > after))
        .take(limit + 1)
        .map(|one| (position(&one), item(&agreement, &one)))
        .collect();
    let paged = page(items, limit, |((start, number), _)| {
        format!("{start}.{number}")
    });
    Ok(Json(Page {
        items: paged.items.into_iter().map(|(_, item)| item).collect(),
        next: paged.next,
    }))
}

fn cursor(text: &str) -> Option<(i64, i64)> {
    let (start, number) = text.split_once('.')?;
    Some((start.parse().ok()?, number.parse().ok()?))
}

fn position(record: &ExclusionRecord) -> (i64, i64) {
    (record.exclusion.from_unix_ms, record.id)
}

/// Asks for an exclusion. It counts once another person approved it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/exclusions", tag = "agreements",
    params(("id" = String, Path, description = "identifier of the agreement")),
    request_body = ExclusionRequest,
    responses(
        (status = 201, body = ExclusionItem),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
        (status = 409, body = super::error::Problem),
    ))]
pub(crate) async fn add(
    View(app): View,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<ExclusionItem>)> {
    let asked: ExclusionRequest = read(body)?;
    let agreement = agreement(&app, &id)?;
    let new = NewExclusion {
        agreement: id.clone(),
        site: asked.site.clone(),
        from_unix_ms: time::parse("from", &asked.from)?,
        to_unix_ms: time::parse("to", &asked.to)?,
        class: asked.class.clone(),
        kind: ExclusionKind::named(&asked.kind)
            .ok_or_else(|| Refusal::parameter("kind", "planned_works, stop_clock or other"))?,
        requested_by: signer(&app, asked.requested_by.clone()),
    };
    let number = app
        .blocking("entering an exclusion", move |app| {
            let author = app.viewer().author();
            let decision = decision(app, &author, &asked.reason);
            Ok(app.source().registry().add_exclusion(&new, decision))
        })
        .await?
        .map_err(refused)?;
    app.registry_changed().await;
    let held = records(&app, &id).await?;
    let record = held.into_iter().find(|one| one.id == number);
    let record = record.ok_or_else(|| Refusal::not_found("exclusion", &number.to_string()))?;
    Ok((StatusCode::CREATED, Json(item(&agreement, &record))))
}

/// Approves an exclusion: it counts from now on. Not the person who asked for it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/exclusions/{exclusion}/approve",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("exclusion" = i64, Path, description = "number of the exclusion"),
    ),
    request_body = Approval,
    responses(
        (status = 200, body = ExclusionItem),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
        (status = 409, body = super::error::Problem),
    ))]
pub(crate) async fn approve(
    View(app): View,
    Path((id, exclusion)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<ExclusionItem>> {
    let asked: Approval = read(body)?;
    change(
        &app,
        (id, exclusion),
        ExclusionChange::Approve,
        (signer(&app, asked.approved_by), String::new()),
    )
    .await
}

/// Withdraws an exclusion: it stays on record and counts no more.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/exclusions/{exclusion}/withdraw",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("exclusion" = i64, Path, description = "number of the exclusion"),
    ),
    request_body = Withdrawal,
    responses(
        (status = 200, body = ExclusionItem),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
        (status = 409, body = super::error::Problem),
    ))]
pub(crate) async fn withdraw(
    View(app): View,
    Path((id, exclusion)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<ExclusionItem>> {
    let asked: Withdrawal = read(body)?;
    change(
        &app,
        (id, exclusion),
        ExclusionChange::Withdraw,
        (signer(&app, asked.withdrawn_by), asked.reason),
    )
    .await
}

/// Exclusions that count at a site, of all its agreements, by start: for its timeline.
#[utoipa::path(get, path = "/api/v1/sites/{id}/exclusions", tag = "sites",
    params(("id" = String, Path, description = "identifier of the site"), SpanQuery),
    responses(
        (status = 200, body = Page<ExclusionItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn of_site(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<SpanQuery>, QueryRejection>,
) -> Answer<Json<Page<ExclusionItem>>> {
    let asked = query(asked)?;
    let moment = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| time::parse(name, text))
            .transpose()
    };
    let from = moment("from", &asked.from)?.unwrap_or(i64::MIN);
    let to = moment("to", &asked.to)?.unwrap_or(i64::MAX);
    let directory = app.directory();
    if directory.site(&id).is_none() {
        return Err(Refusal::not_found("site", &id));
    }
    let mut found = Vec::new();
    for stored in directory.agreements_of(&id) {
        let agreement = &stored.agreement;
        let records = records(&app, &agreement.id).await?.into_iter();
        let counting = records
            .filter(|one| one.counts() && one.concerns(&id))
            .filter(|one| one.touches((from, to)));
        found.extend(counting.map(|one| (position(&one), item(agreement, &one))));
    }
    found.sort_by_key(|(position, _)| *position);
    Ok(Json(Page {
        items: found.into_iter().map(|(_, item)| item).collect(),
        next: None,
    }))
}

async fn change(
    app: &Arc<App>,
    (id, exclusion): (String, String),
    change: ExclusionChange,
    (person, reason): (String, String),
) -> Answer<Json<ExclusionItem>> {
    let agreement = agreement(app, &id)?;
    let unknown = || Refusal::not_found("exclusion", &exclusion);
    let number: i64 = exclusion.parse().map_err(|_| unknown())?;
    let record = app
        .blocking("changing an exclusion", move |app| {
            let author = app.viewer().author();
            let decision = decision(app, &author, &reason);
            let registry = app.source().registry();
            Ok(registry.change_exclusion((&id, number), change, &person, decision))
        })
        .await?
        .map_err(refused)?;
    app.registry_changed().await;
    Ok(Json(item(&agreement, &record)))
}

fn decision<'a>(app: &App, author: &'a str, reason: &'a str) -> Decision<'a> {
    Decision {
        author,
        at_unix_ms: app.now_unix_ms(),
        reason,
    }
}

pub(super) fn agreement(app: &App, id: &str) -> Answer<Agreement> {
    let directory = app.directory();
    let stored = directory.agreement(id);
    stored
        .map(|stored| stored.agreement.clone())
        .ok_or_else(|| Refusal::not_found("agreement", id))
}

/// Every exclusion of an agreement, whatever became of it.
pub(super) async fn records(app: &Arc<App>, agreement: &str) -> Answer<Vec<ExclusionRecord>> {
    let agreement = agreement.to_owned();
    app.blocking("reading exclusions", move |app| {
        Ok(app.source().registry().exclusions(&agreement)?)
    })
    .await
}

/// What the registry refused, as this interface says it.
pub(super) fn refused(error: RegistryError) -> Refusal {
    match error {
        RegistryError::Exclusion(error) => {
            let code = match &error {
                EntryError::SamePerson(_) => Code::SamePerson,
                EntryError::Closed { .. } => Code::MonthClosed,
                _ => Code::InvalidParameter,
            };
            Refusal::new(code, error.to_string())
        }
        RegistryError::Missing { what, id } => Refusal::not_found(what, &id),
        RegistryError::Conflict { what, id, reason } => {
            Refusal::new(Code::Conflict, format!("{what} {id}: {reason}"))
        }
        error => Refusal::internal("changing an exclusion", error),
    }
}
