//! All open sites at once, in columns.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};

use super::conditional;
use super::error::{Answer, Refusal};
use super::model::MapColumns;
use crate::app::App;
use crate::live::identifier;

/// All open sites in columns.
#[utoipa::path(get, path = "/api/v1/map", tag = "sites", responses(
    (status = 200, body = MapColumns),
    (status = 304, description = "nothing changed since the ETag given"),
))]
pub(crate) async fn map(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer<Response> {
    let columns = columns(&app);
    let bytes = serde_json::to_vec(&columns)
        .map_err(|error| Refusal::internal("writing the map", error))?;
    Ok(conditional::answer(
        &headers,
        "application/json",
        bytes.into(),
    ))
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
