//! A plan for other programs and for paper: as tables of features (GeoPackage, KML), as a network of
//! the Open Fibre Data Standard, and as a brief to print.

mod brief;
mod ofds;
mod tables;

use desserte_planning::Position;
use desserte_planning::layer::LayerUse;
use desserte_planning::plan::Plan;
use desserte_planning::programme::{PhaseReport, Programme, RoutePlan, SitePlan};

pub use brief::write as write_brief;
pub use ofds::write as write_ofds;
pub use tables::tables;

/// What is planned, as these formats need it.
#[derive(Debug, Clone)]
pub struct Planned<'p> {
    /// Name of the scenario.
    pub title: &'p str,
    /// Layers used, absent ones named.
    pub layers: &'p [LayerUse],
    /// The sites, first rank first.
    pub sites: Vec<PlannedSite<'p>>,
    /// Routes of fibre; empty without costs.
    pub routes: &'p [RoutePlan],
    /// Phases, in order.
    pub phases: &'p [PhaseReport],
    /// Currency of every amount; `None` without costs.
    pub currency: Option<&'p str>,
    /// What the plan could not know, in French and English.
    pub limits: Vec<(String, String)>,
}

/// A site of it.
#[derive(Debug, Clone)]
pub struct PlannedSite<'p> {
    /// Its identifier.
    pub id: &'p str,
    /// Its name.
    pub name: Option<&'p str>,
    /// Its kind.
    pub kind: &'p str,
    /// Its region.
    pub region: Option<&'p str>,
    /// Where it stands.
    pub position: Option<Position>,
    /// A demonstration invented it.
    pub invented: bool,
    /// A demonstration made its measurements up.
    pub simulated: bool,
    /// Its rank by need.
    pub rank: u64,
    /// Its score, millionths.
    pub score_millionths: u32,
    /// Share of the weights that is known of it, millionths.
    pub known_weight_millionths: u32,
    /// Nearest fibre, geodesic metres.
    pub fibre_metres: Option<f64>,
    /// What is planned for it.
    pub plan: Option<&'p SitePlan>,
}

impl<'p> Planned<'p> {
    /// A ranked plan, with what is to be built where it was computed.
    #[must_use]
    pub fn new(plan: &'p Plan, programme: Option<&'p Programme>) -> Self {
        let of_sites = programme.map(|programme| programme.sites.as_slice());
        let rows = plan.rows.iter().enumerate();
        let sites = rows.map(|(number, row)| PlannedSite {
            id: &row.site.id,
            name: row.site.name.as_deref(),
            kind: &row.site.kind,
            region: row.site.region.as_deref(),
            position: row.site.position,
            invented: row.site.invented,
            simulated: row.site.simulated,
            rank: row.ranked.rank as u64,
            score_millionths: row.ranked.score_millionths,
            known_weight_millionths: row.ranked.known_weight_millionths,
            fibre_metres: row.gap.fibre_metres(),
            plan: of_sites.and_then(|sites| sites.get(number)),
        });
        Self {
            title: &plan.scenario.name,
            layers: &plan.layers,
            sites: sites.collect(),
            routes: programme.map_or(&[], |programme| programme.routes.as_slice()),
            phases: programme.map_or(&[], |programme| programme.phases.as_slice()),
            currency: programme.map(|programme| programme.costs.currency.as_str()),
            limits: programme.map_or_else(Vec::new, |programme| {
                let limits = programme.limits.iter();
                limits
                    .map(|limit| (limit.text_fr(), limit.text_en()))
                    .collect()
            }),
        }
    }

    /// Routes that a phase lays, or that belong to what costs least for all sites.
    fn laid(&self) -> impl Iterator<Item = &'p RoutePlan> {
        let routes = self.routes.iter();
        routes.filter(|route| (route.phase.is_some() || route.target) && route.path.len() > 1)
    }
}

#[cfg(test)]
mod tests;
