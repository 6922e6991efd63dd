//! The log of decisions, and of who signed in.

use axum::Json;
use axum::extract::{Query, rejection::QueryRejection};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Problem, Refusal};
use super::model::{AuditItem, SignInItem};
use super::paging::{Page, Paging, page};
use super::seen::Door;
use super::{query, time};

/// Longest text searched for, bytes.
const QUERY_BYTES_MAX: usize = 200;

/// Which decisions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Those whose author, action or subject holds this text.
    query: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Decisions, the newest first: who, when, what, and from where. Nothing is ever taken out.
#[utoipa::path(get, path = "/api/v1/audit", tag = "doors", params(AuditQuery), responses(
    (status = 200, body = Page<AuditItem>),
    (status = 400, body = Problem),
))]
pub(crate) async fn audit(
    door: Door,
    asked: Result<Query<AuditQuery>, QueryRejection>,
) -> Answer<Json<Page<AuditItem>>> {
    let asked = query(asked)?;
    let text = asked.query.clone().unwrap_or_default();
    if text.len() > QUERY_BYTES_MAX {
        let reason = format!("longer than {QUERY_BYTES_MAX} bytes");
        return Err(Refusal::parameter("query", reason));
    }
    let (limit, before) = bounds(&Paging::new(asked.limit, asked.cursor))?;
    let found = door
        .blocking("reading the log", move |_, registry, _| {
            registry.audit_before(before, &text, wanted(limit))
        })
        .await?;
    let items = found.into_iter().map(|one| AuditItem {
        position: one.position,
        at: time::text_or_epoch(one.at_unix_ms),
        author: one.author,
        action: one.action,
        subject: one.subject,
        detail: serde_json::from_str(&one.detail).unwrap_or_default(),
        peer: one.peer,
    });
    Ok(Json(page(items.collect(), limit, |item: &AuditItem| {
        item.position.to_string()
    })))
}

/// Tries to sign in, the newest first.
#[utoipa::path(get, path = "/api/v1/sign-ins", tag = "doors", params(Paging), responses(
    (status = 200, body = Page<SignInItem>),
    (status = 400, body = Problem),
))]
pub(crate) async fn sign_ins(
    door: Door,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<SignInItem>>> {
    let (limit, before) = bounds(&query(asked)?)?;
    let found = door
        .blocking("reading the log of sign-ins", move |_, registry, _| {
            registry.sign_ins(before, wanted(limit))
        })
        .await?;
    let items = found.into_iter().map(|one| SignInItem {
        id: one.id,
        at: time::text_or_epoch(one.at_unix_ms),
        person: one.person,
        outcome: one.outcome,
        peer: one.peer,
        known_browser: one.device,
    });
    Ok(Json(page(items.collect(), limit, |item: &SignInItem| {
        item.id.to_string()
    })))
}

/// Items of the page, and the number before which it begins.
fn bounds(paging: &Paging) -> Answer<(usize, i64)> {
    let wrong = |_| Refusal::parameter("cursor", "not a cursor of this list");
    let before = paging
        .after()?
        .map(|text| text.parse().map_err(wrong))
        .transpose()?;
    Ok((paging.limit()?, before.unwrap_or(i64::MAX)))
}

fn wanted(limit: usize) -> u32 {
    u32::try_from(limit + 1).unwrap_or(u32::MAX)
}
