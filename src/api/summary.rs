//! Counts of the whole.

use axum::Json;

use super::model::{AgentCounts, Summary};
use super::seen::View;
use super::{overview, time};
use crate::app::{App, Counts};

/// Counts by state, and the availability of the last 24 hours over all measured sites.
#[utoipa::path(get, path = "/api/v1/summary", tag = "sites", responses((status = 200, body = Summary)))]
pub(crate) async fn summary(View(app): View) -> Json<Summary> {
    Json(now(&app))
}

/// The summary of this moment.
pub(crate) fn now(app: &App) -> Summary {
    of(app, &app.counts())
}

/// The summary that all readers of a scope are told at once.
pub(crate) fn told(app: &App) -> Summary {
    of(app, &app.told_counts())
}

/// The summary of these counts.
pub(crate) fn of(app: &App, counts: &Counts) -> Summary {
    Summary {
        as_of: time::text_or_epoch(app.now_unix_ms()),
        sites: overview::counts(&counts.sites),
        agents: AgentCounts {
            total: counts.agents,
            silent: counts.silent_agents,
        },
        measured_sites: counts.sites.measured,
        simulated_sites: counts.sites.simulated,
        availability_24_hours: overview::availability(&counts.sites),
    }
}
