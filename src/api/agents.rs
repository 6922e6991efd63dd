//! Agents: the list, enrolment codes, lines, revocation.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use super::error::{Answer, Code, Refusal};
use super::model::{AgentItem, CodeCreated, Confirmation, Confirmed, Revoked, SiteLine};
use super::paging::{Page, Paging, page};
use super::{query, time};
use crate::app::{AgentEntry, App, LineEntry};

/// Longest author or reason, bytes.
const TEXT_BYTES_MAX: usize = 500;

/// Agents, by identifier; revoked ones included.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", params(Paging), responses(
    (status = 200, body = Page<AgentItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn agents(
    State(app): State<Arc<App>>,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<AgentItem>>> {
    let paging = query(asked)?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let mut found = app
        .blocking("reading agents", |app| app.source().agents())
        .await?;
    found.sort_by(|left, right| left.id.cmp(&right.id));
    let items = found
        .into_iter()
        .filter(|agent| after.as_ref().is_none_or(|after| agent.id > *after))
        .take(limit + 1)
        .map(|agent| item(&app, agent))
        .collect();
    Ok(Json(page(items, limit, |item: &AgentItem| item.id.clone())))
}

/// Makes an enrolment code for a site: worth one enrolment, for a day, shown once.
#[utoipa::path(post, path = "/api/v1/sites/{id}/codes", tag = "agents",
    params(("id" = String, Path, description = "identifier of the site")),
    request_body = Object,
    responses(
        (status = 201, body = CodeCreated),
        (status = 403, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn create_code(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<CodeCreated>)> {
    let _: serde_json::Map<String, serde_json::Value> = read(body)?;
    if app.directory().site(&id).is_none() {
        return Err(Refusal::not_found("site", &id));
    }
    let site = id.clone();
    let (code, expires_unix_ms) = app
        .blocking("making an enrolment code", move |app| {
            app.source().create_code(&site, app.key_sha256)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(CodeCreated {
            code,
            collector: app.agents_url.clone(),
            site: id,
            expires_at: time::text_or_epoch(expires_unix_ms),
        }),
    ))
}

/// Confirms that a line is the site's own: its samples count for agreements from now on.
#[utoipa::path(post, path = "/api/v1/agents/{id}/lines/{key}/confirm", tag = "agents",
    params(
        ("id" = String, Path, description = "identifier of the agent"),
        ("key" = String, Path, description = "key of the line"),
    ),
    request_body = Confirmation,
    responses(
        (status = 200, body = Confirmed),
        (status = 403, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn confirm_line(
    State(app): State<Arc<App>>,
    Path((agent, line)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<Confirmed>> {
    let confirmation: Confirmation = read(body)?;
    check_text("author", &confirmation.author)?;
    check_text("reason", &confirmation.reason)?;
    let (id, key) = (agent.clone(), line.clone());
    let known = app
        .blocking("confirming a line", move |app| {
            app.source()
                .confirm_line(&id, &key, &confirmation.author, &confirmation.reason)
        })
        .await?;
    if !known {
        return Err(Refusal::not_found("line", &line));
    }
    app.registry_changed().await;
    Ok(Json(Confirmed {
        agent,
        line,
        confirmed: true,
    }))
}

/// Revokes an agent: nothing of it is accepted any more.
#[utoipa::path(post, path = "/api/v1/agents/{id}/revoke", tag = "agents",
    params(("id" = String, Path, description = "identifier of the agent")),
    request_body = Object,
    responses(
        (status = 200, body = Revoked),
        (status = 403, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Path(agent): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<Revoked>> {
    let _: serde_json::Map<String, serde_json::Value> = read(body)?;
    let id = agent.clone();
    let known = app
        .blocking("revoking an agent", move |app| app.source().revoke(&id))
        .await?;
    if !known {
        return Err(Refusal::not_found("agent", &agent));
    }
    app.registry_changed().await;
    Ok(Json(Revoked {
        agent,
        revoked: true,
    }))
}

fn item(app: &App, agent: AgentEntry) -> AgentItem {
    let directory = app.directory();
    AgentItem {
        state: state(app, &agent),
        simulated: agent.simulated,
        site_name: agent
            .site
            .as_deref()
            .and_then(|site| directory.site(site)?.name.clone()),
        site: agent.site,
        enrolled_at: time::text_or_epoch(agent.enrolled_unix_ms),
        last_batch_at: agent.last_batch_unix_ms.map(time::text_or_epoch),
        last_heartbeat_at: agent.last_heartbeat_unix_ms.map(time::text_or_epoch),
        software: agent.software,
        spool_records: agent.spool_records,
        spool_dropped: agent.spool_dropped,
        unconfirmed_lines: agent.lines.iter().filter(|line| !line.confirmed).count() as u64,
        id: agent.id,
    }
}

/// `reporting`, `silent` or `revoked`.
pub(crate) fn state(app: &App, agent: &AgentEntry) -> String {
    let name = if agent.revoked {
        "revoked"
    } else if app.is_silent(agent) {
        "silent"
    } else {
        "reporting"
    };
    name.to_owned()
}

/// A line as every answer shows it.
pub(crate) fn line(line: LineEntry) -> SiteLine {
    SiteLine {
        key: line.key,
        interface: line.interface,
        gateway: line.gateway,
        family: line.family,
        public_address: line.public_address,
        confirmed: line.confirmed,
        first_seen_at: time::text_or_epoch(line.first_seen_unix_ms),
    }
}

fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Answer<T> {
    let body = body.map_err(|rejection| Refusal::new(Code::TooLarge, rejection.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| Refusal::parameter("body", error))
}

fn check_text(name: &str, text: &str) -> Answer<()> {
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::parameter(
            name,
            format!("must have from 1 to {TEXT_BYTES_MAX} bytes"),
        ));
    }
    Ok(())
}
