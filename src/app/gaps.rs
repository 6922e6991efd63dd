//! The gap analysis, by the running collector and by a command on its data folder.

use std::collections::HashMap;
use std::sync::Arc;

use desserte_planning::gap::{AreasAsked, Gap};
use desserte_planning::gaps::{GapReport, SiteAreas};
use desserte_planning::layer::Layers;
use desserte_planning::plan::{MeasuredSites, PlanSite};
use desserte_planning::ranking::MeasuredAvailability;

use super::{App, PLAN_DAYS, Source, SourceError, availability, plan_site};
use crate::assess::long::{DAY_MS, slots_between};

/// A site, the area in which it stands, and its gap.
pub type SiteGap = (PlanSite, Option<String>, Gap);

impl App {
    /// What was measured at each site of the last days, as it is known now.
    fn measured_now(&self) -> impl Fn(&PlanSite) -> Option<MeasuredAvailability> + use<> {
        let live: HashMap<String, (u64, u64, u64)> = self
            .live
            .read()
            .iter()
            .map(|(site, now)| (site.clone(), now.last_month))
            .collect();
        move |site| availability(format!("P{PLAN_DAYS}D"), *live.get(&site.id)?)
    }

    /// The gaps of all sites and areas. `None`: there is no layer of regions with the name asked for.
    #[must_use]
    pub fn gaps(&self, asked: AreasAsked<'_>) -> Option<GapReport> {
        let (sites, layers) = self.sites_with_layers();
        sites.gaps(self.measured_now(), &layers, asked)
    }

    /// The gaps of some sites, by identifier: those that a test passes, after one, so many at most.
    #[must_use]
    pub fn some_gaps(
        &self,
        passes: impl Fn(&PlanSite) -> bool,
        after: Option<&str>,
        count: usize,
    ) -> Vec<SiteGap> {
        let (sites, layers) = self.sites_with_layers();
        let areas = SiteAreas::new(&layers);
        let measured = self.measured_now();
        let all = sites.sites();
        let start = after.map_or(0, |after| {
            all.partition_point(|(site, _)| site.id.as_str() <= after)
        });
        let rest = all.get(start..).unwrap_or_default();
        let passing = rest.iter().filter(|(site, _)| passes(site));
        passing
            .take(count)
            .map(|(site, gap)| {
                let site = PlanSite {
                    availability: measured(site),
                    ..site.clone()
                };
                let area = areas.of(&site);
                (site, area, gap.clone())
            })
            .collect()
    }

    /// Every site with its gap, and the layers that they were measured against.
    #[must_use]
    pub fn all_gaps(&self) -> (Arc<MeasuredSites>, Arc<Layers>) {
        self.sites_with_layers()
    }

    fn sites_with_layers(&self) -> (Arc<MeasuredSites>, Arc<Layers>) {
        // The layers first: sites measured against newer ones are measured again when these change.
        let layers = self.layers();
        (self.measured_sites(), layers)
    }
}

/// The sites of a data folder with what was measured of them in the last days, read from the store.
pub fn stored_sites(source: &Source) -> Result<Vec<PlanSite>, SourceError> {
    let directory = source.directory(1)?;
    let now = source.now_unix_ms();
    let span = (now - PLAN_DAYS * DAY_MS, now);
    let sites = directory.sites().iter();
    sites
        .map(|site| {
            if site.agents == 0 {
                return Ok(plan_site(site, None));
            }
            let test = directory.test(&site.id);
            let slots = slots_between(source, &site.id, &test, span)?;
            Ok(plan_site(site, Some((format!("P{PLAN_DAYS}D"), slots))))
        })
        .collect()
}
