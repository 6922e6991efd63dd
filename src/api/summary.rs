//! Counts of the whole.

use std::sync::Arc;

use axum::{Json, extract::State};
use desserte_domain::decimal::Fraction;
use desserte_domain::live::SiteState;

use super::model::{AgentCounts, Availability24Hours, SiteCounts, Summary};
use super::time;
use crate::app::App;

/// Counts by state, and the availability of the last 24 hours over all measured sites.
#[utoipa::path(get, path = "/api/v1/summary", tag = "sites", responses((status = 200, body = Summary)))]
pub(crate) async fn summary(State(app): State<Arc<App>>) -> Json<Summary> {
    Json(now(&app))
}

/// The summary of this moment.
pub(crate) fn now(app: &App) -> Summary {
    let directory = app.directory();
    let live = app.live.read();
    let mut sites = SiteCounts::default();
    let (mut up_slots, mut measured_slots) = (0, 0);
    for site in directory.sites() {
        let now = live.get(&site.id);
        sites.total += 1;
        *match now.map_or(SiteState::Unknown, |now| now.state) {
            SiteState::Up => &mut sites.up,
            SiteState::Degraded => &mut sites.degraded,
            SiteState::Down => &mut sites.down,
            SiteState::Unknown => &mut sites.unknown,
            SiteState::Excluded => &mut sites.excluded,
        } += 1;
        let (up, measured) = now.map_or((0, 0), |now| now.last_day);
        up_slots += up;
        measured_slots += measured;
    }
    let (total, silent) = app.agent_counts();
    Summary {
        as_of: time::text_or_epoch(app.now_unix_ms()),
        sites,
        agents: AgentCounts { total, silent },
        measured_sites: directory.measured().count() as u64,
        simulated_sites: directory.simulated().count() as u64,
        availability_24_hours: Fraction::of(up_slots, measured_slots).map(|share| {
            Availability24Hours {
                up_slots,
                measured_slots,
                percent: share.percent_six_decimals_half_even(),
            }
        }),
    }
}
