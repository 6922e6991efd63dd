//! Whether this is a demonstration, and how far it has come.

use axum::Json;

use super::model::{Away, Demonstration};
use super::seen::View;
use super::time;

/// Whether this is a demonstration, and how far its simulated past has been played back.
#[utoipa::path(get, path = "/api/v1/demo", tag = "live", responses((status = 200, body = Demonstration)))]
pub(crate) async fn demo(View(app): View) -> Json<Demonstration> {
    let (phase, begun) = app.demonstration.now();
    let (sites_done, site_days_done) = app.demonstration.done();
    Json(Demonstration {
        simulated: app.directory().simulated().next().is_some(),
        phase: phase.name().to_owned(),
        sites: u64::from(begun.sites),
        sites_done,
        history_days: u64::from(begun.history_days),
        site_days: u64::from(begun.sites) * u64::from(begun.history_days.saturating_sub(1)),
        site_days_done,
        started_at: begun.started_unix_ms.map(time::text_or_epoch),
        away: begun.away_unix_ms.map(|(from, to)| Away {
            from: time::text_or_epoch(from),
            to: time::text_or_epoch(to),
        }),
    })
}
