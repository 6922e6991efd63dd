//! Counts of the whole.

use axum::Json;

use super::model::{AgentCounts, Summary};
use super::seen::View;
use super::{overview, time};
use crate::app::{App, Tally};

/// Counts by state, and the availability of the last 24 hours over all measured sites.
#[utoipa::path(get, path = "/api/v1/summary", tag = "sites", responses((status = 200, body = Summary)))]
pub(crate) async fn summary(View(app): View) -> Json<Summary> {
    Json(now(&app))
}

/// The summary of this moment.
pub(crate) fn now(app: &App) -> Summary {
    of(app, &app.tally())
}

/// The summary of these counts.
pub(crate) fn of(app: &App, tally: &Tally) -> Summary {
    let (total, silent) = app.agent_counts();
    Summary {
        as_of: time::text_or_epoch(app.now_unix_ms()),
        sites: overview::counts(tally),
        agents: AgentCounts { total, silent },
        measured_sites: tally.measured,
        simulated_sites: tally.simulated,
        availability_24_hours: overview::availability(tally),
    }
}
