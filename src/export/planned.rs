//! A plan for other programs and for paper: as tables of features (GeoPackage, KML), as a network of
//! the Open Fibre Data Standard, and as a brief to print.

mod brief;
mod ofds;
mod tables;

use desserte_planning::Position;
use desserte_planning::layer::{LayerUse, Layers};
use desserte_planning::plan::Plan;
use desserte_planning::programme::{Limit, PhaseReport, Programme, RoutePlan, SitePlan};

use super::{ExportError, Language, map};
use crate::plans::{KeptPlan, KeptSite};

pub use brief::write as write_brief;
pub use ofds::write as write_ofds;
pub use tables::tables;

/// A format of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedFormat {
    /// OGC GeoPackage.
    Geopackage,
    /// OGC KML.
    Kml,
    /// The Open Fibre Data Standard.
    Ofds,
    /// A page to print.
    Brief,
}

/// Writes what is planned as of a time, Unix milliseconds; `layers` draw the country in the brief.
/// `None`: a network is asked for, and no route is planned.
pub fn write(
    format: PlannedFormat,
    (planned, layers): (&Planned<'_>, &Layers),
    (now_unix_ms, language): (i64, Language),
) -> Result<Option<Vec<u8>>, ExportError> {
    let mut bytes = Vec::new();
    match format {
        PlannedFormat::Geopackage => {
            map::write_geopackage(&tables(planned, language), now_unix_ms, &mut bytes)?;
        }
        PlannedFormat::Kml => {
            map::kml::write(planned.title, &tables(planned, language), &mut bytes)?;
        }
        PlannedFormat::Ofds => {
            if !write_ofds(planned, language, &mut bytes)? {
                return Ok(None);
            }
        }
        PlannedFormat::Brief => {
            let day = jiff::Timestamp::from_millisecond(now_unix_ms).unwrap_or_default();
            let day = day.strftime("%Y-%m-%d").to_string();
            write_brief(planned, layers, (&day, language), &mut bytes)?;
        }
    }
    Ok(Some(bytes))
}

/// What is planned, as these formats need it.
#[derive(Debug, Clone)]
pub struct Planned<'p> {
    /// Name of the scenario.
    pub title: &'p str,
    /// Layers used, absent ones named; empty for a kept plan, whose limits name what was absent.
    pub layers: &'p [LayerUse],
    /// The sites, first rank first.
    pub sites: Vec<PlannedSite<'p>>,
    /// Routes of fibre; empty without costs.
    pub routes: &'p [RoutePlan],
    /// Phases, in order.
    pub phases: Vec<PhaseReport>,
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
            phases: programme.map_or_else(Vec::new, |programme| programme.phases.clone()),
            currency: programme.map(|programme| programme.costs.currency.as_str()),
            limits: programme.map_or_else(Vec::new, |programme| said(&programme.limits)),
        }
    }

    /// A plan that was kept, with its sites and routes.
    pub fn kept(
        plan: &'p KeptPlan,
        sites: &'p [KeptSite],
        routes: &'p [RoutePlan],
    ) -> Result<Self, serde_json::Error> {
        let part = |name: &str| plan.summary.get(name).cloned().unwrap_or_default();
        let limits: Vec<Limit> = serde_json::from_value(part("limits"))?;
        let sites = sites.iter().map(|site| PlannedSite {
            id: &site.plan.site,
            name: site.name.as_deref(),
            kind: &site.kind,
            region: site.region.as_deref(),
            position: site
                .latitude
                .zip(site.longitude)
                .and_then(|(latitude, longitude)| Position::new(latitude, longitude).ok()),
            invented: site.invented,
            simulated: site.simulated,
            rank: u64::from(site.rank),
            score_millionths: site.score_millionths,
            known_weight_millionths: site.known_weight_millionths,
            fibre_metres: site.plan.around.fibre_metres.known().copied(),
            plan: Some(&site.plan),
        });
        Ok(Self {
            title: &plan.name,
            layers: &[],
            sites: sites.collect(),
            routes,
            phases: serde_json::from_value(part("phases"))?,
            currency: plan
                .summary
                .pointer("/costs/currency")
                .and_then(serde_json::Value::as_str),
            limits: said(&limits),
        })
    }

    /// Routes that a phase lays, or that belong to what costs least for all sites.
    fn laid(&self) -> impl Iterator<Item = &'p RoutePlan> {
        let routes = self.routes.iter();
        routes.filter(|route| (route.phase.is_some() || route.target) && route.path.len() > 1)
    }
}

fn said(limits: &[Limit]) -> Vec<(String, String)> {
    let limits = limits.iter();
    limits
        .map(|limit| (limit.text_fr(), limit.text_en()))
        .collect()
}

#[cfg(test)]
mod tests;
