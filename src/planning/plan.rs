//! The plan: every site with its gap, ranked, beside the assumptions that it rests on.

use rayon::prelude::*;
use rstar::RTree;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, UnknownReason};
use crate::gap::{Gap, GapIndex};
use crate::geodesy::earth_centred;
use crate::layer::{LayerUse, Layers};
use crate::position::Position;
use crate::programme::Programme;
use crate::ranking::{
    COUNTED_MAX, MeasuredAvailability, REACH_METRES, RankedSite, RankingError, SiteFacts, rank,
};
use crate::robustness::{Stay, robustness};
use crate::scenario::Scenario;

/// A site as a plan needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSite {
    /// The stable identifier.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The identifier of its kind (`hospital`).
    pub kind: String,
    /// Where it stands, where that is known.
    pub position: Option<Position>,
    /// The administrative area, where it is known.
    pub region: Option<String>,
    /// True for a site of a demonstration: said wherever it shows.
    pub invented: bool,
    /// True where a demonstration made the measurements up: said wherever they show.
    #[serde(default)]
    pub simulated: bool,
    /// What was measured there in the period; `None`: nothing.
    pub availability: Option<MeasuredAvailability>,
}

/// One line of the plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanRow {
    /// The site.
    pub site: PlanSite,
    /// Its distances.
    pub gap: Gap,
    /// Its place in the list, and why.
    pub ranked: RankedSite,
}

/// A plan and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The decisions it was made with.
    pub scenario: Scenario,
    /// The layers used, absent ones named.
    pub layers: Vec<LayerUse>,
    /// The sites, first rank first.
    pub rows: Vec<PlanRow>,
    /// What is to be built, where costs are known.
    pub programme: Option<Programme>,
}

impl Plan {
    /// How much the top of the list hangs on the weights.
    #[must_use]
    pub fn robustness(&self, top: usize) -> Vec<Stay> {
        robustness(self.rows.iter().map(|row| &row.ranked), top)
    }
}

/// Sites with their gaps: what takes time in a plan, and stays while sites and layers do.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSites {
    /// By identifier.
    sites: Vec<(PlanSite, Gap)>,
    /// In their order: other sites near.
    neighbours: Vec<Finding<u32>>,
    layers: Vec<LayerUse>,
}

impl MeasuredSites {
    /// Measures every site's gap. Identifiers must differ from site to site, as the registry
    /// guarantees.
    #[must_use]
    pub fn new(sites: Vec<PlanSite>, layers: &Layers) -> Self {
        let index = GapIndex::new(layers);
        let mut sites: Vec<(PlanSite, Gap)> = sites
            .into_par_iter()
            .map(|site| {
                let gap = index.gap(site.position);
                (site, gap)
            })
            .collect();
        sites.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        Self {
            neighbours: neighbours(&sites),
            sites,
            layers: layers.uses(),
        }
    }

    /// The sites with their gaps, by identifier.
    #[must_use]
    pub fn sites(&self) -> &[(PlanSite, Gap)] {
        &self.sites
    }

    /// Ranks the sites by what was measured at each of them up to now.
    pub fn plan(
        &self,
        availability: impl Fn(&PlanSite) -> Option<MeasuredAvailability>,
        scenario: Scenario,
    ) -> Result<Plan, RankingError> {
        let sites: Vec<(PlanSite, Gap)> = self
            .sites
            .iter()
            .map(|(site, gap)| {
                let site = PlanSite {
                    availability: availability(site),
                    ..site.clone()
                };
                (site, gap.clone())
            })
            .collect();
        let facts: Vec<SiteFacts> = sites
            .iter()
            .zip(&self.neighbours)
            .map(|((site, gap), neighbours)| SiteFacts {
                site: site.id.clone(),
                kind: site.kind.clone(),
                gap: gap.clone(),
                neighbours: *neighbours,
                availability: site.availability.clone(),
            })
            .collect();
        // Sites lie in the order of identifiers: the ranks are brought into it once, and back.
        let mut by_id = rank(&facts, &scenario.ranking)?;
        by_id.sort_by(|a, b| a.site.cmp(&b.site).then(a.rank.cmp(&b.rank)));
        let mut rows: Vec<PlanRow> = sites
            .into_iter()
            .zip(by_id)
            .map(|((site, gap), ranked)| PlanRow { site, gap, ranked })
            .collect();
        rows.sort_by_key(|row| row.ranked.rank);
        Ok(Plan {
            scenario,
            layers: self.layers.clone(),
            rows,
            programme: None,
        })
    }
}

/// By site: how many others stand within reach.
fn neighbours(sites: &[(PlanSite, Gap)]) -> Vec<Finding<u32>> {
    let placed = sites.iter().filter_map(|(site, _)| site.position);
    let tree = RTree::bulk_load(placed.map(earth_centred).collect());
    let count = |position: Option<Position>| {
        let Some(position) = position else {
            return Finding::Unknown(UnknownReason::PositionMissing);
        };
        let centre = earth_centred(position);
        let near = tree.locate_within_distance(centre, REACH_METRES * REACH_METRES);
        // The site itself is one of them.
        let near = near
            .take(COUNTED_MAX as usize + 1)
            .count()
            .saturating_sub(1);
        Finding::Known(u32::try_from(near).unwrap_or(COUNTED_MAX))
    };
    sites
        .par_iter()
        .map(|(site, _)| count(site.position))
        .collect()
}

/// Measures every site's gap and ranks the sites. Identifiers must differ from site to site, as the
/// registry guarantees.
pub fn plan(
    sites: Vec<PlanSite>,
    layers: &Layers,
    scenario: Scenario,
) -> Result<Plan, RankingError> {
    MeasuredSites::new(sites, layers).plan(|site| site.availability.clone(), scenario)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, UnknownReason};
    use crate::layer::{Layer, LayerKind, Line, Provenance};

    fn site(id: &str, latitude: f64) -> PlanSite {
        PlanSite {
            id: id.to_owned(),
            name: None,
            kind: "school".to_owned(),
            position: Position::new(latitude, 15.0).ok(),
            region: None,
            invented: true,
            simulated: false,
            availability: None,
        }
    }

    #[test]
    fn rows_keep_site_gap_and_rank_together() {
        let route = |longitude| Position::new(0.0, longitude).unwrap();
        let layers = Layers {
            fibre_lines: vec![Layer {
                provenance: Provenance {
                    layer: "synthetic".to_owned(),
                    source: "synthetic, for tests".to_owned(),
                    licence: "none".to_owned(),
                    date: "2026".to_owned(),
                    uncertainty: "invented".to_owned(),
                    uncertainty_class: crate::layer::UncertaintyClass::Unknown,
                },
                features: vec![Line {
                    name: None,
                    positions: vec![route(14.0), route(16.0)],
                }],
            }],
            ..Layers::default()
        };
        let sites = vec![
            site("b-far", 0.3),
            site("c-near", 0.1),
            site("a-nowhere", f64::NAN),
        ];
        let plan = plan(sites, &layers, Scenario::default()).unwrap();
        let order: Vec<&str> = plan.rows.iter().map(|row| row.site.id.as_str()).collect();
        assert_eq!(order, ["c-near", "b-far", "a-nowhere"]);
        for row in &plan.rows {
            assert_eq!(row.site.id, row.ranked.site);
        }
        let metres = plan.rows[0].gap.fibre_line.known().unwrap().metres;
        assert!((metres - 11_057.4).abs() < 5.0, "{metres}");
        assert_eq!(
            plan.rows[2].gap.fibre_line,
            Finding::Unknown(UnknownReason::PositionMissing)
        );
        let absent: Vec<LayerKind> = plan
            .layers
            .iter()
            .filter(|layer| layer.provenance.is_none())
            .map(|layer| layer.kind)
            .collect();
        assert_eq!(
            absent,
            [
                LayerKind::FibreNodes,
                LayerKind::Masts,
                LayerKind::Coverage,
                LayerKind::Roads,
                LayerKind::Terrain,
                LayerKind::PowerLines,
                LayerKind::PowerNodes,
                LayerKind::Places,
                LayerKind::Regions
            ]
        );
    }
}
