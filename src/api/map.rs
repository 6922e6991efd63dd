//! All open sites at once: in JSON columns, or as the page's compact map (`docs/map.md`).

use axum::extract::{Query, rejection::QueryRejection};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::{Json, response::Response};
use desserte_domain::live::SiteState;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Code, Refusal};
use super::model::{MapColumns, MapSite, MapSites};
use super::seen::View;
use super::{conditional, query};
use crate::app::{App, Directory, SiteMap};
use crate::live::identifier;

/// Media type of the compact map.
const COMPACT: &str = "application/vnd.desserte.map";
/// Sites named in one answer.
const SITES_MAX: usize = 200;
/// Longest list of rows or identifiers, bytes: keeps an address within what browsers send.
const LIST_BYTES_MAX: usize = 16 * 1024;

/// All open sites in columns. With `Accept: application/vnd.desserte.map` places, kinds and regions
/// as compact binary columns without identifiers, names and states.
#[utoipa::path(get, path = "/api/v1/map", tag = "sites", responses(
    (status = 200, content(
        (MapColumns = "application/json"),
        (Vec<u8> = "application/vnd.desserte.map"),
    )),
    (status = 304, description = "nothing changed since the ETag given"),
))]
pub(crate) async fn map(View(app): View, headers: HeaderMap) -> Answer<Response> {
    let mut response = if accepts_compact(&headers) {
        let map = app
            .blocking("drawing the map", |app| Ok(app.site_map().1))
            .await?;
        conditional::answer(&headers, COMPACT, map.places.clone())
    } else {
        let columns = columns(&app);
        let bytes = serde_json::to_vec(&columns)
            .map_err(|error| Refusal::internal("writing the map", error))?;
        conditional::answer(&headers, "application/json", bytes.into())
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    Ok(response)
}

/// State of each row of the compact map, one byte a site.
#[utoipa::path(get, path = "/api/v1/map/states", tag = "sites", responses(
    (status = 200, content_type = "application/vnd.desserte.map", body = Vec<u8>),
    (status = 304, description = "nothing changed since the ETag given"),
))]
pub(crate) async fn states(View(app): View, headers: HeaderMap) -> Answer<Response> {
    let bytes = app
        .blocking("writing the states", |app| {
            let (directory, map) = app.site_map();
            let live = app.live.read();
            let sites = directory.sites();
            Ok(map.states(|position| {
                let now = sites.get(position).and_then(|site| live.get(&site.id));
                code(now.map_or(SiteState::Unknown, |now| now.state))
            }))
        })
        .await?;
    Ok(conditional::answer(&headers, COMPACT, bytes))
}

/// Which sites.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MapQuery {
    /// Version of the map whose rows are meant; needed with `rows`.
    version: Option<String>,
    /// Rows, with commas between them; at most 200.
    rows: Option<String>,
    /// Identifiers, as a JSON list; at most 200.
    ids: Option<String>,
}

/// Identifiers, names and states of some sites of the compact map, by row or by identifier.
#[utoipa::path(get, path = "/api/v1/map/sites", tag = "sites", params(MapQuery), responses(
    (status = 200, body = MapSites),
    (status = 400, body = super::error::Problem),
    (status = 409, description = "the map has another version by now", body = super::error::Problem),
))]
pub(crate) async fn sites(
    View(app): View,
    asked: Result<Query<MapQuery>, QueryRejection>,
) -> Answer<Json<MapSites>> {
    let asked = query(asked)?;
    let (directory, map) = app
        .blocking("drawing the map", |app| Ok(app.site_map()))
        .await?;
    if asked.rows.is_some() && asked.version.as_deref() != Some(map.version.as_str()) {
        return Err(Refusal::new(
            Code::Conflict,
            "the map has another version by now; read it anew",
        ));
    }
    let mut positions = rows(asked.rows.as_deref())?
        .into_iter()
        .filter_map(|row| map.position(row))
        .collect::<Vec<_>>();
    let ids = ids(asked.ids.as_deref())?;
    positions.extend(ids.iter().filter_map(|id| directory.position(id)));
    Ok(Json(named(&app, &directory, &map, &positions)))
}

fn named(app: &App, directory: &Directory, map: &SiteMap, positions: &[usize]) -> MapSites {
    let live = app.live.read();
    let item = |position: &usize| {
        let site = directory.sites().get(*position)?;
        let now = live.get(&site.id);
        Some(MapSite {
            row: map.row(*position)?,
            id: site.id.clone(),
            name: site.name.clone(),
            state: identifier(now.map_or(SiteState::Unknown, |now| now.state)).to_owned(),
            sensitive: app.config.sites.is_sensitive(&site.kind),
            simulated: site.simulated,
        })
    };
    MapSites {
        version: map.version.clone(),
        items: positions.iter().filter_map(item).collect(),
    }
}

fn rows(text: Option<&str>) -> Answer<Vec<u32>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let refused = || {
        Refusal::parameter(
            "rows",
            format!("not at most {SITES_MAX} numbers with commas between them"),
        )
    };
    if text.len() > LIST_BYTES_MAX {
        return Err(refused());
    }
    let found: Vec<u32> = text
        .split(',')
        .map(|row| row.parse().map_err(|_| refused()))
        .collect::<Answer<_>>()?;
    if found.len() > SITES_MAX {
        return Err(refused());
    }
    Ok(found)
}

fn ids(text: Option<&str>) -> Answer<Vec<String>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let found: Option<Vec<String>> = (text.len() <= LIST_BYTES_MAX)
        .then(|| serde_json::from_str(text).ok())
        .flatten();
    match found {
        Some(ids) if ids.len() <= SITES_MAX => Ok(ids),
        _ => Err(Refusal::parameter(
            "ids",
            format!("not a JSON list of at most {SITES_MAX} identifiers"),
        )),
    }
}

/// The code of a state in the compact map.
fn code(state: SiteState) -> u8 {
    match state {
        SiteState::Up => 0,
        SiteState::Degraded => 1,
        SiteState::Down => 2,
        SiteState::Excluded => 3,
        SiteState::Unknown => 4,
    }
}

fn accepts_compact(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|accepted| accepted.to_str().ok())
        .flat_map(|accepted| accepted.split(','))
        .any(|one| one.split(';').next().map(str::trim) == Some(COMPACT))
}

fn columns(app: &App) -> MapColumns {
    let directory = app.directory();
    let live = app.live.read();
    let mut columns = MapColumns::default();
    for site in directory.sites() {
        let state = live
            .get(&site.id)
            .map_or("unknown", |now| identifier(now.state));
        columns.id.push(site.id.clone());
        columns.name.push(site.name.clone());
        columns.kind.push(site.kind.clone());
        columns.latitude.push(site.latitude);
        columns.longitude.push(site.longitude);
        columns.state.push(state.to_owned());
        columns.region.push(site.region.clone());
        columns.invented |= site.invented;
        columns.simulated |= site.simulated;
    }
    columns
}
