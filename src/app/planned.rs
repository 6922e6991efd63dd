//! The open sites as the planner needs them.

use std::collections::HashMap;
use std::sync::Arc;

use desserte_planning::Position;
use desserte_planning::plan::{MeasuredSites, Plan, PlanSite};
use desserte_planning::ranking::{MeasuredAvailability, RankingError};
use desserte_planning::scenario::Scenario;

use super::{App, PLAN_DAYS, SiteEntry};

impl App {
    /// Ranks the open sites. Their distances are measured once; what was measured of their lines
    /// changes by the minute.
    pub fn plan(&self, scenario: Scenario) -> Result<Plan, RankingError> {
        let sites = self.measured_sites();
        let live: HashMap<String, (u64, u64, u64)> = self
            .live
            .read()
            .iter()
            .map(|(site, now)| (site.clone(), now.last_month))
            .collect();
        sites.plan(
            |site| availability(format!("P{PLAN_DAYS}D"), *live.get(&site.id)?),
            scenario,
        )
    }

    pub(super) fn measured_sites(&self) -> Arc<MeasuredSites> {
        let directory = self.directory();
        self.planned.of(&self.viewer.scope, directory.version, || {
            let sites = directory.sites().iter();
            let sites = sites.map(|site| plan_site(site, None)).collect();
            MeasuredSites::new(sites, &self.layers())
        })
    }
}

/// A site as the planner needs it, with the period that was looked at and its slots up, down and
/// unknown there. A site of which nothing was measured in it has no availability.
#[must_use]
pub fn plan_site(site: &SiteEntry, measured: Option<(String, (u64, u64, u64))>) -> PlanSite {
    PlanSite {
        id: site.id.clone(),
        name: site.name.clone(),
        kind: site.kind.clone(),
        position: Position::new(site.latitude, site.longitude).ok(),
        region: site.region.clone(),
        invented: site.invented,
        simulated: site.simulated,
        availability: measured.and_then(|(period, slots)| availability(period, slots)),
    }
}

/// Slots up, down and unknown of a period; `None` when nothing was measured in it.
pub(super) fn availability(
    period: String,
    (up_slots, down_slots, unknown_slots): (u64, u64, u64),
) -> Option<MeasuredAvailability> {
    (up_slots + down_slots > 0).then_some(MeasuredAvailability {
        period,
        up_slots,
        down_slots,
        unknown_slots,
    })
}
