//! Sites: the list, and one of them.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use desserte_domain::observation::{Observation, Outcome};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{
    Facets, LatestSample, SiteAgent, SiteChange, SiteDetail, SiteFacts, SiteItem, SiteTarget,
    SiteVersion,
};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::{agents, query, time};
use crate::app::{App, SiteEntry, SiteRecord};
use crate::config::Sites;
use crate::live::{SiteLive, identifier};
use crate::registry::fold;

/// Longest text searched for, bytes.
const QUERY_BYTES_MAX: usize = 200;

/// Which sites.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SiteQuery {
    /// Words of the name, place, region, operator or identifier; accents and case do not matter.
    query: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// In this state.
    state: Option<String>,
    /// In this region.
    region: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Open sites, by identifier.
#[utoipa::path(get, path = "/api/v1/sites", tag = "sites", params(SiteQuery), responses(
    (status = 200, body = Page<SiteItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn sites(
    View(app): View,
    asked: Result<Query<SiteQuery>, QueryRejection>,
) -> Answer<Json<Page<SiteItem>>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let (limit, after) = (paging.limit()?, paging.after()?);
    let words = words(asked.query.as_deref())?;
    if let Some(state) = &asked.state {
        check_state(state)?;
    }
    let directory = app.directory();
    let live = app.live.read();
    let found = directory
        .sites()
        .iter()
        .filter(|site| after.as_ref().is_none_or(|after| site.id > *after))
        .filter(|site| asked.kind.as_ref().is_none_or(|kind| site.kind == *kind))
        .filter(|site| asked.region.is_none() || site.region == asked.region)
        .filter(|site| words.iter().all(|word| site.folded.contains(word)))
        .map(|site| (site, live.get(&site.id).cloned().unwrap_or_default()))
        .filter(|(_, now)| {
            let state = identifier(now.state);
            asked.state.as_ref().is_none_or(|asked| asked == state)
        })
        .take(limit + 1)
        .map(|(site, now)| item(&app.config.sites, site, &now))
        .collect();
    Ok(Json(page(found, limit, |item: &SiteItem| {
        item.site.id.clone()
    })))
}

/// What sites can be filtered by: the values that there are.
#[utoipa::path(get, path = "/api/v1/facets", tag = "sites", responses(
    (status = 200, body = Facets),
))]
pub(crate) async fn facets(View(app): View) -> Json<Facets> {
    let directory = app.directory();
    let sites = directory.sites();
    let all = |of: fn(&SiteEntry) -> Option<&String>| {
        let values: BTreeSet<&String> = sites.iter().filter_map(of).collect();
        values.into_iter().cloned().collect()
    };
    Json(Facets {
        regions: all(|site| site.region.as_ref()),
        operators: all(|site| site.operator.as_ref()),
        kinds: all(|site| Some(&site.kind)),
    })
}

/// One site, with its past, its agents and the last samples.
#[utoipa::path(get, path = "/api/v1/sites/{id}", tag = "sites",
    params(("id" = String, Path, description = "identifier of the site")),
    responses((status = 200, body = SiteDetail), (status = 404, body = super::error::Problem)))]
pub(crate) async fn site(View(app): View, Path(id): Path<String>) -> Answer<Json<SiteDetail>> {
    let wanted = id.clone();
    let record = app
        .blocking("reading a site", move |app| app.source().site(&wanted))
        .await?
        .ok_or_else(|| Refusal::not_found("site", &id))?;
    Ok(Json(detail(&app, &id, record)))
}

fn detail(app: &App, id: &str, record: SiteRecord) -> SiteDetail {
    let directory = app.directory();
    let now = app.live.of(id);
    // A site that is closed or merged is in no list, and still has a page.
    let entry = directory.site(id).cloned().unwrap_or(record.entry);
    SiteDetail {
        site: facts(&app.config.sites, &entry, &now),
        aliases: record.aliases,
        versions: record.versions.into_iter().map(version).collect(),
        agents: record
            .agents
            .into_iter()
            .map(|agent| SiteAgent {
                state: agents::state(app, &agent),
                assigned_from: agent
                    .assigned_unix_ms
                    .map(|(from, _)| time::text_or_epoch(from)),
                assigned_to: agent
                    .assigned_unix_ms
                    .and_then(|(_, to)| to)
                    .map(time::text_or_epoch),
                simulated: agent.simulated,
                last_batch_at: agent.last_batch_unix_ms.map(time::text_or_epoch),
                last_heartbeat_at: agent.last_heartbeat_unix_ms.map(time::text_or_epoch),
                software: agent.software,
                boot: agent.boot,
                spool_records: agent.spool_records,
                lines: agent.lines.into_iter().map(agents::line).collect(),
                id: agent.id,
            })
            .collect(),
        targets: record
            .targets
            .into_iter()
            .map(|target| SiteTarget {
                name: target.name.unwrap_or_else(|| target.id.clone()),
                id: target.id,
                kind: target.kind,
                address: target.address,
                anchor: target.anchor,
            })
            .collect(),
        agreements: directory
            .agreements_of(id)
            .map(|one| one.agreement.id.clone())
            .collect(),
        latest: record
            .latest
            .iter()
            .map(|(target, sample)| latest(target, sample))
            .collect(),
    }
}

/// The last sample of a target.
pub(crate) fn latest(target: &str, sample: &Observation) -> LatestSample {
    LatestSample {
        target: target.to_owned(),
        at: time::text_or_epoch(sample.start_unix_ms),
        sent: sample.sent,
        received: sample.received,
        rtt_us_median: sample.rtt_us_median,
        outcome: outcome(sample.outcome),
    }
}

fn version(version: crate::app::VersionEntry) -> SiteVersion {
    SiteVersion {
        valid_from: time::text_or_epoch(version.valid_from_unix_ms),
        valid_to: version.valid_to_unix_ms.map(time::text_or_epoch),
        name: version.name,
        kind: version.kind,
        latitude: version.latitude,
        longitude: version.longitude,
        operator: version.operator,
        status: version.status,
    }
}

/// An outcome by its name; an HTTP status with its number.
fn outcome(outcome: Outcome) -> String {
    match serde_json::to_value(outcome) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(members)) => members
            .into_iter()
            .next()
            .map_or_else(String::new, |(name, value)| format!("{name}:{value}")),
        _ => String::new(),
    }
}

/// A site as every list shows it.
pub(crate) fn item(sites: &Sites, site: &SiteEntry, now: &SiteLive) -> SiteItem {
    SiteItem {
        site: facts(sites, site, now),
        agents: site.agents as u64,
    }
}

fn facts(sites: &Sites, site: &SiteEntry, now: &SiteLive) -> SiteFacts {
    SiteFacts {
        id: site.id.clone(),
        name: site.name.clone(),
        kind: site.kind.clone(),
        latitude: site.latitude,
        longitude: site.longitude,
        place: site.place.clone(),
        region: site.region.clone(),
        operator: site.operator.clone(),
        state: identifier(now.state).to_owned(),
        since: now.since_unix_ms.map(time::text_or_epoch),
        cause: now.cause.map(|cause| cause.identifier().to_owned()),
        invented: site.invented,
        sensitive: sites.is_sensitive(&site.kind),
        simulated: site.simulated,
    }
}

/// A change of a site, as an event.
pub(crate) fn change(site: &str, now: &SiteLive) -> SiteChange {
    SiteChange {
        id: site.to_owned(),
        state: identifier(now.state).to_owned(),
        since: now.since_unix_ms.map(time::text_or_epoch),
        cause: now.cause.map(|cause| cause.identifier().to_owned()),
    }
}

fn words(text: Option<&str>) -> Answer<Vec<String>> {
    let text = text.unwrap_or_default();
    if text.len() > QUERY_BYTES_MAX {
        return Err(Refusal::parameter(
            "query",
            format!("longer than {QUERY_BYTES_MAX} bytes"),
        ));
    }
    Ok(fold(text).split_whitespace().map(str::to_owned).collect())
}

fn check_state(state: &str) -> Answer<()> {
    if matches!(state, "up" | "degraded" | "down" | "unknown" | "excluded") {
        return Ok(());
    }
    Err(Refusal::parameter(
        "state",
        format!("{state:?} is not a state"),
    ))
}
