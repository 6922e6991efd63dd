//! Whether the collector lives, and its own figures.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::error::{Answer, Refusal};
use super::model::Health;
use super::seen::View;
use super::summary;
use crate::ingest::Counters;
use crate::telemetry::{CodeLabel, Metrics, StateLabel};
use prometheus_client::metrics::counter::Counter;

/// The collector answers.
#[utoipa::path(get, path = "/health", tag = "collector", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The collector's own figures in OpenMetrics 1.0.
#[utoipa::path(get, path = "/metrics", tag = "collector", responses(
    (status = 200, content_type = "application/openmetrics-text", body = String),
))]
pub(crate) async fn metrics(View(app): View) -> Answer<Response> {
    let now = summary::now(&app);
    for (state, count) in [
        ("up", now.sites.up),
        ("degraded", now.sites.degraded),
        ("down", now.sites.down),
        ("unknown", now.sites.unknown),
        ("excluded", now.sites.excluded),
    ] {
        set(&app.metrics.sites, state, count);
    }
    set(&app.metrics.agents, "silent", now.agents.silent);
    set(
        &app.metrics.agents,
        "reporting",
        now.agents.total.saturating_sub(now.agents.silent),
    );
    if let Some(counters) = app.source().counters() {
        count(&app.metrics, &counters);
    }
    if let Some(store) = app.source().store_state() {
        let behind = i64::try_from(store.behind_batches).unwrap_or(i64::MAX);
        app.metrics.store_behind_batches.set(behind);
        app.metrics
            .store_trouble
            .set(store.trouble.is_some().into());
    }
    let text = app
        .metrics
        .text()
        .map_err(|error| Refusal::internal("writing the metrics", error))?;
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}

/// What the agents' listener counted since the start.
fn count(metrics: &Metrics, counters: &Counters) {
    let batches = |code: &str, count: u64| {
        let label = CodeLabel {
            code: code.to_owned(),
        };
        raise(&metrics.batches.get_or_create(&label), count);
    };
    batches("accepted", counters.accepted);
    batches("duplicate", counters.duplicates);
    for (code, refused) in &counters.refused {
        batches(code, *refused);
    }
    let conflicts = counters
        .refused
        .get("sequence_conflict")
        .copied()
        .unwrap_or(0);
    raise(&metrics.conflicts, conflicts);
    raise(&metrics.samples, counters.samples);
    raise(&metrics.journal_commits, counters.commits.0);
    metrics
        .journal_commit_seconds
        .set(counters.commits.1.as_secs_f64());
}

/// Brings a counter to a total that only grows.
fn raise(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

type Gauges = prometheus_client::metrics::family::Family<
    StateLabel,
    prometheus_client::metrics::gauge::Gauge<i64>,
>;

fn set(gauges: &Gauges, state: &str, count: u64) {
    let label = StateLabel {
        state: state.to_owned(),
    };
    gauges
        .get_or_create(&label)
        .set(i64::try_from(count).unwrap_or(i64::MAX));
}
