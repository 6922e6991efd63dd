//! Agents: the list, enrolment codes, lines, revocation.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::cmp::Reverse;
use utoipa::IntoParams;

use super::error::{Answer, Code, Refusal};
use super::model::{
    AgentClock, AgentItem, AgentVolume, CodeCreated, Confirmation, Confirmed, Revoked, SiteLine,
};
use super::paging::{Page, Paging};
use super::seen::View;
use super::{query, time};
use crate::app::{AgentEntry, App, LineEntry};
use crate::registry::fold;

/// `yyyy-mm` of a moment.
const MONTH_CHARACTERS: usize = 7;
/// Longest author or reason, bytes.
const TEXT_BYTES_MAX: usize = 500;

/// Longest text searched for, bytes.
const QUERY_BYTES_MAX: usize = 200;

/// Which agents, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentQuery {
    /// `reporting`, `silent`, `revoked`, or `present` for all that are not revoked.
    state: Option<String>,
    /// Words of the site's name, place or region, or of the agent's identifier; accents and case do
    /// not matter.
    query: Option<String>,
    /// `id` (default), `site`, `silent` (the longest silent first), `spool`, `volume`, `clock`
    /// (the furthest off first) or `software` (the oldest first).
    sort: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Agents; revoked ones included.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", params(AgentQuery), responses(
    (status = 200, body = Page<AgentItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn agents(
    View(app): View,
    asked: Result<Query<AgentQuery>, QueryRejection>,
) -> Answer<Json<Page<AgentItem>>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let limit = paging.limit()?;
    // Lists in the order of a figure that changes have no key to go on from: their pages are counted.
    let first: usize = match paging.after()? {
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::parameter("cursor", "not a cursor of this list"))?,
        None => 0,
    };
    let words = words(&asked)?;
    if let Some(state) = &asked.state
        && !["present", "reporting", "silent", "revoked"].contains(&state.as_str())
    {
        return Err(Refusal::parameter(
            "state",
            format!("{state:?} is not a state of an agent"),
        ));
    }
    let found = app.blocking("reading agents", App::agents).await?;
    let mut items: Vec<AgentItem> = found
        .into_iter()
        .map(|agent| item(&app, agent))
        .filter(|item| match asked.state.as_deref() {
            None => true,
            Some("present") => item.state != "revoked",
            Some(state) => item.state == state,
        })
        .filter(|item| speaks_of(&app, item, &words))
        .collect();
    sort(&mut items, asked.sort.as_deref())?;
    let more = items.len() > first.saturating_add(limit);
    let items = items.into_iter().skip(first).take(limit).collect();
    let next = more.then(|| super::paging::cursor(&(first + limit).to_string()));
    Ok(Json(Page { items, next }))
}

fn words(asked: &AgentQuery) -> Answer<Vec<String>> {
    let text = asked.query.as_deref().unwrap_or_default();
    if text.len() > QUERY_BYTES_MAX {
        return Err(Refusal::parameter(
            "query",
            format!("longer than {QUERY_BYTES_MAX} bytes"),
        ));
    }
    Ok(fold(text).split_whitespace().map(str::to_owned).collect())
}

fn speaks_of(app: &App, item: &AgentItem, words: &[String]) -> bool {
    let directory = app.directory();
    let site = item.site.as_deref().and_then(|site| directory.site(site));
    words
        .iter()
        .all(|word| item.id.contains(word) || site.is_some_and(|site| site.folded.contains(word)))
}

/// Brings agents into the order asked for; of equals, and of those of which nothing is known, the
/// identifier decides, and they come last.
fn sort(items: &mut [AgentItem], order: Option<&str>) -> Answer<()> {
    items.sort_by(|left, right| left.id.cmp(&right.id));
    match order {
        None | Some("id") => {}
        Some("site") => items.sort_by_key(|item| {
            let name = item.site_name.as_deref().or(item.site.as_deref());
            (name.is_none(), name.map(fold))
        }),
        Some("silent") => items.sort_by_key(|item| {
            let since = item.silent_since.clone();
            (since.is_none(), since)
        }),
        Some("spool") => items.sort_by_key(|item| Reverse(item.spool_records)),
        Some("volume") => items.sort_by_key(|item| {
            let said = item.volume.as_ref();
            Reverse(said.map(|said| said.sent_bytes.saturating_add(said.received_bytes)))
        }),
        Some("clock") => items.sort_by_key(|item| {
            let offset = item.clock.as_ref().and_then(|clock| clock.offset_ms);
            Reverse(offset.map(i64::unsigned_abs))
        }),
        Some("software") => items.sort_by_key(|item| {
            let software = item.software.clone();
            (software.is_none(), software)
        }),
        Some(other) => {
            return Err(Refusal::parameter(
                "sort",
                format!("{other:?} is not an order of agents"),
            ));
        }
    }
    Ok(())
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
    View(app): View,
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
            app.source()
                .create_code(&site, app.key_sha256, &app.viewer().author())
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
    View(app): View,
    Path((agent, line)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<Confirmed>> {
    let confirmation: Confirmation = read(body)?;
    let author = signer(&app, confirmation.author);
    check_text("author", &author)?;
    check_text("reason", &confirmation.reason)?;
    let (id, key) = (agent.clone(), line.clone());
    let known = app
        .blocking("confirming a line", move |app| {
            app.source()
                .confirm_line(&id, &key, &author, &confirmation.reason)
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
    View(app): View,
    Path(agent): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<Revoked>> {
    let _: serde_json::Map<String, serde_json::Value> = read(body)?;
    let id = agent.clone();
    let known = app
        .blocking("revoking an agent", move |app| {
            app.source().revoke(&id, &app.viewer().author())
        })
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
    let site = agent.site.as_deref().and_then(|site| directory.site(site));
    let state = state(app, &agent);
    let heard = agent.last_batch_unix_ms.unwrap_or(agent.enrolled_unix_ms);
    // Of lines named by the same batch the one that leads somewhere.
    let newest = agent
        .lines
        .iter()
        .max_by_key(|line| (line.last_seen_unix_ms, line.gateway.is_some()));
    AgentItem {
        silent_since: (state == "silent").then(|| time::text_or_epoch(heard)),
        state,
        site_name: site.and_then(|site| site.name.clone()),
        site_kind: site.map(|site| site.kind.clone()),
        region: site.and_then(|site| site.region.clone()),
        invented: site.is_some_and(|site| site.invented),
        simulated: agent.simulated,
        enrolled_at: time::text_or_epoch(agent.enrolled_unix_ms),
        last_batch_at: agent.last_batch_unix_ms.map(time::text_or_epoch),
        last_heartbeat_at: agent.last_heartbeat_unix_ms.map(time::text_or_epoch),
        software: agent.software,
        boot: agent.boot,
        uptime_seconds: agent.uptime_seconds,
        spool_records: agent.spool_records,
        spool_bytes: agent.spool_bytes,
        spool_dropped: agent.spool_dropped,
        unconfirmed_lines: agent.lines.iter().filter(|line| !line.confirmed).count() as u64,
        line: newest.cloned().map(line),
        lines: agent.lines.len() as u64,
        clock: agent.clock.map(|clock| AgentClock {
            offset_ms: clock.offset_ms,
            uncertainty_ms: clock.uncertainty_ms,
            at: time::text_or_epoch(clock.at_unix_ms),
        }),
        monthly_volume_bytes_max: agent.monthly_volume_bytes_max,
        volume: agent.volume.map(|volume| {
            let at = time::text_or_epoch(volume.at_unix_ms);
            AgentVolume {
                month: at.chars().take(MONTH_CHARACTERS).collect(),
                sent_bytes: volume.sent_bytes,
                received_bytes: volume.received_bytes,
                at,
            }
        }),
        site: agent.site,
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
        last_seen_at: time::text_or_epoch(line.last_seen_unix_ms),
    }
}

/// Reads a JSON body.
pub(super) fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Answer<T> {
    let body = body.map_err(|rejection| Refusal::new(Code::TooLarge, rejection.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| Refusal::parameter("body", error))
}

/// Who signs: the person who is signed in; the name that was typed only where there are no accounts.
pub(super) fn signer(app: &App, typed: String) -> String {
    app.viewer().person().unwrap_or(typed)
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
