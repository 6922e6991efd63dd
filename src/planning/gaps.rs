//! The gap analysis: every site with its gap, and the areas that they lie in.

use serde::Serialize;

use crate::area::AreaIndex;
use crate::gap::{AreaReport, AreaSite, AreasAsked, Gap, areas};
use crate::layer::{LayerUse, Layers};
use crate::plan::{MeasuredSites, PlanSite};
use crate::ranking::MeasuredAvailability;

/// A site with its gap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapRow {
    /// The site, with what was measured at it.
    pub site: PlanSite,
    /// The area in which it stands.
    pub area: Option<String>,
    /// Its distances, and the networks that reach it.
    pub gap: Gap,
}

/// The gaps of all sites and areas, and what they rest on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapReport {
    /// The layers used, absent ones named.
    pub layers: Vec<LayerUse>,
    /// Area by area.
    pub areas: AreaReport,
    /// Site by site, by identifier.
    pub sites: Vec<GapRow>,
}

impl MeasuredSites {
    /// The gaps of all sites and areas, with what was measured up to now. `layers` are those that the
    /// sites were measured against. `None`: there is no layer of regions with the name asked for.
    #[must_use]
    pub fn gaps(
        &self,
        availability: impl Fn(&PlanSite) -> Option<MeasuredAvailability>,
        layers: &Layers,
        asked: AreasAsked<'_>,
    ) -> Option<GapReport> {
        let mut sites: Vec<GapRow> = self
            .sites()
            .iter()
            .map(|(site, gap)| GapRow {
                site: PlanSite {
                    availability: availability(site),
                    ..site.clone()
                },
                area: None,
                gap: gap.clone(),
            })
            .collect();
        let of_areas = sites.iter().map(|row| AreaSite {
            position: row.site.position,
            region: row.site.region.as_deref(),
            availability: row.site.availability.as_ref(),
            gap: &row.gap,
        });
        let areas = areas(of_areas, layers, asked)?;
        for (row, area) in sites.iter_mut().zip(&areas.site_areas) {
            row.area.clone_from(area);
        }
        Some(GapReport {
            layers: layers.uses(),
            areas,
            sites,
        })
    }
}

/// In which area of the first layer of regions a site stands; without one, what the registry says.
pub struct SiteAreas<'l> {
    layers: &'l Layers,
    index: Option<AreaIndex>,
}

impl<'l> SiteAreas<'l> {
    /// Indexes the first layer of regions.
    #[must_use]
    pub fn new(layers: &'l Layers) -> Self {
        let first = layers.regions.first();
        Self {
            layers,
            index: first.map(|layer| AreaIndex::new(&layer.features)),
        }
    }

    /// The area of a site.
    #[must_use]
    pub fn of(&self, site: &PlanSite) -> Option<String> {
        let Some(index) = &self.index else {
            return site.region.clone();
        };
        let region = index.at(site.position?)?;
        self.layers
            .regions
            .first()?
            .features
            .get(region)?
            .name
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;
    use crate::layer::{Layer, Provenance, Region, UncertaintyClass};

    #[test]
    fn rows_carry_their_area_and_what_was_measured() {
        let at = |latitude, longitude| Position::new(latitude, longitude).unwrap();
        let layers = Layers {
            regions: vec![Layer {
                provenance: Provenance {
                    layer: "regions".to_owned(),
                    source: "synthetic, for tests".to_owned(),
                    licence: "none".to_owned(),
                    date: "2026".to_owned(),
                    uncertainty: "invented".to_owned(),
                    uncertainty_class: UncertaintyClass::Unknown,
                },
                features: vec![Region {
                    name: Some("R".to_owned()),
                    rings: vec![vec![at(0.0, 0.0), at(0.0, 9.0), at(9.0, 9.0), at(9.0, 0.0)]],
                }],
            }],
            ..Layers::default()
        };
        let site = |id: &str, position| PlanSite {
            id: id.to_owned(),
            name: None,
            kind: "school".to_owned(),
            position,
            region: Some("registry".to_owned()),
            invented: true,
            simulated: false,
            availability: None,
        };
        let sites = vec![site("b", Some(at(1.0, 1.0))), site("a", None)];
        let measured = MeasuredSites::new(sites, &layers);
        let slots = |site: &PlanSite| {
            (site.id == "b").then(|| MeasuredAvailability {
                period: "P30D".to_owned(),
                up_slots: 3,
                down_slots: 1,
                unknown_slots: 9,
            })
        };
        let report = measured
            .gaps(slots, &layers, AreasAsked::default())
            .unwrap();
        let areas: Vec<(&str, Option<&str>)> = report
            .sites
            .iter()
            .map(|row| (row.site.id.as_str(), row.area.as_deref()))
            .collect();
        assert_eq!(areas, [("a", None), ("b", Some("R"))]);
        assert_eq!(report.areas.rows[0].availability_share, Some(0.75));
        let of = SiteAreas::new(&layers);
        assert_eq!(of.of(&report.sites[1].site).as_deref(), Some("R"));
        let none = Layers::default();
        assert_eq!(
            SiteAreas::new(&none).of(&report.sites[0].site).as_deref(),
            Some("registry")
        );
    }
}
