//! The gaps of an area: its sites, and its people without service within reach.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CoverageIndex, Gap, GapIndex};
use crate::area::AreaIndex;
use crate::finding::Finding;
use crate::layer::{Generation, Layer, Layers, Place, Region};
use crate::position::Position;
use crate::ranking::MeasuredAvailability;

/// What counts as service within reach of a place: a network of this generation or a newer one, or
/// fibre or a mast no farther than this.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reach {
    /// Geodesic metres.
    pub metres: f64,
    /// The oldest generation that counts.
    pub generation: Generation,
}

impl Default for Reach {
    /// Five kilometres, an hour's walk; 3G, the first on which a form can be filled in.
    fn default() -> Self {
        Self {
            metres: 5_000.0,
            generation: Generation::G3,
        }
    }
}

/// How areas are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct AreasAsked<'a> {
    /// What counts as service within reach.
    pub reach: Reach,
    /// The layer of regions; the first one when left out.
    pub regions: Option<&'a str>,
}

/// A site as areas need it.
#[derive(Debug, Clone, Copy)]
pub struct AreaSite<'s> {
    /// Where it stands, where that is known.
    pub position: Option<Position>,
    /// Its area in the registry: counts where no layer of regions was imported.
    pub region: Option<&'s str>,
    /// What was measured there.
    pub availability: Option<&'s MeasuredAvailability>,
    /// Its distances.
    pub gap: &'s Gap,
}

/// One area. A figure that needs a layer which was not imported is `None`, never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AreaGap {
    /// Its name; `None`: what lies in no named area.
    pub area: Option<String>,
    /// Sites in it.
    pub sites: u64,
    /// Sites without a position, of which no distance is known.
    pub sites_without_position: u64,
    /// Sites by the newest generation that covers them.
    pub sites_by_generation: Option<BTreeMap<&'static str, u64>>,
    /// Sites that no imported network of the generation asked for covers.
    pub sites_without_coverage: Option<u64>,
    /// Sites with fibre, a route or a node, within reach.
    pub sites_near_fibre: Option<u64>,
    /// Median of the sites' distances to fibre, metres (the lower one of two in the middle).
    pub fibre_metres_median: Option<f64>,
    /// Sites where something was measured.
    pub sites_measured: u64,
    /// Their slots up, as a share of the slots up and down.
    pub availability_share: Option<f64>,
    /// Places in it.
    pub places: Option<u64>,
    /// Places of which nobody knows how many live there: they are in no sum below.
    pub places_without_population: Option<u64>,
    /// Inhabitants of its places.
    pub population: Option<u64>,
    /// … of places that a network of the generation asked for covers.
    pub population_covered: Option<u64>,
    /// … of places with fibre within reach.
    pub population_near_fibre: Option<u64>,
    /// … of places with a mast within reach.
    pub population_near_mast: Option<u64>,
    /// … of places that none of the imported layers of coverage, fibre and masts reaches.
    pub population_beyond_reach: Option<u64>,
}

/// All areas, and what they were made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AreaReport {
    /// What counted as service within reach.
    pub reach: Reach,
    /// The layer of regions; `None`: the regions of the registry.
    pub regions: Option<String>,
    /// The layer of places ([`Layers::counted_places`]).
    pub places: Option<String>,
    /// By name; last what lies in no named area.
    pub rows: Vec<AreaGap>,
    /// The area of each site, in the order in which they were given.
    pub site_areas: Vec<Option<String>>,
}

/// The gaps of all areas. `None`: there is no layer of regions with the name asked for.
#[must_use]
pub fn areas<'s>(
    sites: impl Iterator<Item = AreaSite<'s>>,
    layers: &Layers,
    asked: AreasAsked<'_>,
) -> Option<AreaReport> {
    let regions = match asked.regions {
        None => layers.regions.first(),
        Some(name) => {
            let mut named = layers.regions.iter();
            Some(named.find(|layer| layer.provenance.layer == name)?)
        }
    };
    let index = regions.map(|layer| AreaIndex::new(&layer.features));
    let area = |position: Option<Position>| {
        let number = index.as_ref()?.at(position?)?;
        regions?.features.get(number)?.name.clone()
    };
    let mut tallies = Tallies::new(regions, layers, asked.reach);
    let mut site_areas = Vec::new();
    for site in sites {
        let name = match regions {
            Some(_) => area(site.position),
            None => site.region.map(str::to_owned),
        };
        tallies.add_site(name.clone(), site);
        site_areas.push(name);
    }
    let places = layers.counted_places();
    if let Some(places) = places {
        tallies.add_places(places, |position| area(Some(position)));
    }
    Some(AreaReport {
        reach: asked.reach,
        regions: regions.map(|layer| layer.provenance.layer.clone()),
        places: places.map(|layer| layer.provenance.layer.clone()),
        rows: tallies.rows(),
        site_areas,
    })
}

/// An area while it is counted.
#[derive(Default)]
struct Tally {
    row: AreaGap,
    fibre_metres: Vec<f64>,
    up_slots: u64,
    known_slots: u64,
}

struct Tallies<'l> {
    reach: Reach,
    layers: &'l Layers,
    /// Named areas first, by name; `None` sorts last by the flag.
    areas: BTreeMap<(bool, Option<String>), Tally>,
}

impl<'l> Tallies<'l> {
    /// Every region has a row, also one without a site.
    fn new(regions: Option<&Layer<Region>>, layers: &'l Layers, reach: Reach) -> Self {
        let mut tallies = Self {
            reach,
            layers,
            areas: BTreeMap::new(),
        };
        let regions = regions.into_iter().flat_map(|layer| &layer.features);
        for name in regions.filter_map(|region| region.name.clone()) {
            tallies.of(Some(name));
        }
        tallies
    }

    fn of(&mut self, area: Option<String>) -> &mut Tally {
        let layers = self.layers;
        let key = (area.is_none(), area);
        self.areas.entry(key.clone()).or_insert_with(|| Tally {
            row: empty_row(key.1, layers),
            ..Tally::default()
        })
    }

    fn add_site(&mut self, area: Option<String>, site: AreaSite<'_>) {
        let reach = self.reach;
        let tally = self.of(area);
        let row = &mut tally.row;
        row.sites += 1;
        row.sites_without_position += u64::from(site.position.is_none());
        if let Finding::Known(covered) = &site.gap.coverage {
            let newest = covered.iter().filter_map(|one| one.generation).max();
            if let (Some(counts), Some(newest)) = (&mut row.sites_by_generation, newest) {
                *counts.entry(newest.code()).or_default() += 1;
            }
            add_if(
                &mut row.sites_without_coverage,
                newest.is_none_or(|newest| newest < reach.generation),
                1,
            );
        }
        if let Some(metres) = site.gap.fibre_metres() {
            tally.fibre_metres.push(metres);
            add_if(&mut row.sites_near_fibre, metres <= reach.metres, 1);
        }
        if let Some(measured) = site.availability {
            row.sites_measured += 1;
            tally.up_slots += measured.up_slots;
            tally.known_slots += measured.up_slots + measured.down_slots;
        }
    }

    fn add_places(&mut self, places: &Layer<Place>, area: impl Fn(Position) -> Option<String>) {
        // Only what decides whether a place is reached: roads and electricity are not asked.
        let asked = Layers {
            fibre_lines: self.layers.fibre_lines.clone(),
            fibre_nodes: self.layers.fibre_nodes.clone(),
            masts: self.layers.masts.clone(),
            ..Layers::default()
        };
        let index = GapIndex::new(&asked);
        let coverage = CoverageIndex::new(&self.layers.coverage);
        let reach = self.reach;
        for place in &places.features {
            let row = &mut self.of(area(place.position)).row;
            add_if(&mut row.places, true, 1);
            let Some(inhabitants) = place.population else {
                add_if(&mut row.places_without_population, true, 1);
                continue;
            };
            let gap = index.gap(Some(place.position));
            let covered = coverage.at(place.position);
            let covered = covered.known().map(|networks| {
                let mut generations = networks.iter().filter_map(|one| one.generation);
                generations.any(|one| one >= reach.generation)
            });
            let near_fibre = gap.fibre_metres().map(|metres| metres <= reach.metres);
            let near_mast = gap.mast.known().map(|mast| mast.metres <= reach.metres);
            let said = [covered, near_fibre, near_mast];
            add_if(&mut row.population, true, inhabitants);
            add_if(
                &mut row.population_covered,
                covered == Some(true),
                inhabitants,
            );
            add_if(
                &mut row.population_near_fibre,
                near_fibre == Some(true),
                inhabitants,
            );
            add_if(
                &mut row.population_near_mast,
                near_mast == Some(true),
                inhabitants,
            );
            let beyond = !said.contains(&Some(true)) && said.contains(&Some(false));
            add_if(&mut row.population_beyond_reach, beyond, inhabitants);
        }
    }

    fn rows(self) -> Vec<AreaGap> {
        let tallies = self.areas.into_values();
        tallies.map(Tally::closed).collect()
    }
}

impl Tally {
    #[expect(
        clippy::cast_precision_loss,
        reason = "slots of a few thousand sites and months are far below 2⁵³"
    )]
    fn closed(mut self) -> AreaGap {
        self.fibre_metres.sort_by(f64::total_cmp);
        let middle = self.fibre_metres.len().saturating_sub(1) / 2;
        self.row.fibre_metres_median = self.fibre_metres.get(middle).copied();
        self.row.availability_share =
            (self.known_slots > 0).then(|| self.up_slots as f64 / self.known_slots as f64);
        self.row
    }
}

/// A row that counts from zero what the layers can say, and leaves the rest unknown.
fn empty_row(area: Option<String>, layers: &Layers) -> AreaGap {
    let zero = |known: bool| known.then_some(0);
    let coverage = !layers.coverage.is_empty();
    let fibre = holds(&layers.fibre_lines) || holds(&layers.fibre_nodes);
    let (masts, places) = (holds(&layers.masts), !layers.places.is_empty());
    AreaGap {
        area,
        sites_by_generation: coverage.then(BTreeMap::new),
        sites_without_coverage: zero(coverage),
        sites_near_fibre: zero(fibre),
        places: zero(places),
        places_without_population: zero(places),
        population: zero(places),
        population_covered: zero(places && coverage),
        population_near_fibre: zero(places && fibre),
        population_near_mast: zero(places && masts),
        population_beyond_reach: zero(places && (coverage || fibre || masts)),
        ..AreaGap::default()
    }
}

/// An empty layer says nothing about distances.
fn holds<F>(layers: &[Layer<F>]) -> bool {
    layers.iter().any(|layer| !layer.features.is_empty())
}

fn add_if(count: &mut Option<u64>, is: bool, more: u64) {
    if let Some(count) = count.as_mut().filter(|_| is) {
        *count += more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{CoverageArea, Extent, Mast, Point, Provenance, UncertaintyClass};

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    fn layer<F>(name: &str, features: Vec<F>) -> Layer<F> {
        Layer {
            provenance: Provenance {
                layer: name.to_owned(),
                source: "synthetic, for tests".to_owned(),
                licence: "none".to_owned(),
                date: "2026".to_owned(),
                uncertainty: "invented".to_owned(),
                uncertainty_class: UncertaintyClass::Unknown,
            },
            features,
        }
    }

    fn region(name: &str, west: f64, east: f64) -> Region {
        Region {
            name: Some(name.to_owned()),
            rings: vec![vec![
                at(0.0, west),
                at(0.0, east),
                at(10.0, east),
                at(10.0, west),
            ]],
        }
    }

    fn place(longitude: f64, population: Option<u64>) -> Place {
        Place {
            name: None,
            position: at(5.0, longitude),
            population,
        }
    }

    /// West: a town at a mast, a town under 4G, a village far from all. East: nothing but a village
    /// of which nobody knows the size.
    fn country() -> Layers {
        Layers {
            masts: vec![layer(
                "masts",
                vec![Mast {
                    name: None,
                    position: at(5.0, 1.01),
                    operator: None,
                    generation: None,
                }],
            )],
            coverage: vec![layer(
                "4G",
                vec![CoverageArea {
                    name: None,
                    operator: Some("A".to_owned()),
                    generation: Some(Generation::G4),
                    extent: Extent::Disc {
                        centre: at(5.0, 3.0),
                        radius_metres: 2_000.0,
                    },
                }],
            )],
            places: vec![
                layer("few", vec![place(1.0, Some(9))]),
                layer(
                    "many",
                    vec![
                        place(1.0, Some(1_000)),
                        place(3.0, Some(200)),
                        place(5.0, Some(30)),
                        place(15.0, None),
                    ],
                ),
            ],
            regions: vec![layer(
                "r",
                vec![region("West", 0.0, 10.0), region("East", 10.0, 20.0)],
            )],
            ..Layers::default()
        }
    }

    fn report(
        layers: &Layers,
        positions: &[Option<Position>],
        asked: AreasAsked<'_>,
    ) -> AreaReport {
        let index = GapIndex::new(layers);
        let gaps: Vec<Gap> = positions.iter().map(|at| index.gap(*at)).collect();
        let sites = positions.iter().zip(&gaps).map(|(position, gap)| AreaSite {
            position: *position,
            region: Some("registry"),
            availability: None,
            gap,
        });
        areas(sites, layers, asked).unwrap()
    }

    #[test]
    fn people_beyond_every_layer_are_counted_and_absent_layers_stay_unknown() {
        let layers = country();
        let sites = [
            Some(at(5.0, 3.0)),
            Some(at(5.0, 5.0)),
            Some(at(-5.0, 5.0)),
            None,
        ];
        let report = report(&layers, &sites, AreasAsked::default());
        assert_eq!(report.places.as_deref(), Some("many"));
        let names: Vec<Option<&str>> = report.rows.iter().map(|row| row.area.as_deref()).collect();
        assert_eq!(names, [Some("East"), Some("West"), None]);
        let [east, west, outside] = &report.rows[..] else {
            panic!("{:?}", report.rows)
        };
        assert_eq!((west.sites, outside.sites, east.sites), (2, 2, 0));
        assert_eq!(outside.sites_without_position, 1);
        assert_eq!(west.population, Some(1_230));
        assert_eq!(west.population_covered, Some(200));
        assert_eq!(west.population_near_mast, Some(1_000));
        assert_eq!(west.population_near_fibre, None, "no fibre was imported");
        assert_eq!(west.population_beyond_reach, Some(30));
        assert_eq!(west.sites_by_generation.as_ref().unwrap()["4g"], 1);
        assert_eq!(west.sites_without_coverage, Some(1));
        assert_eq!(
            (west.sites_near_fibre, west.fibre_metres_median),
            (None, None)
        );
        assert_eq!(
            (east.population, east.places_without_population),
            (Some(0), Some(1))
        );
        assert_eq!(
            report.site_areas,
            [Some("West".to_owned()), Some("West".to_owned()), None, None]
        );
    }

    #[test]
    fn a_stricter_reach_leaves_more_people_beyond_it() {
        let layers = country();
        let strict = AreasAsked {
            reach: Reach {
                metres: 500.0,
                generation: Generation::G5,
            },
            regions: Some("r"),
        };
        let west = &report(&layers, &[], strict).rows[1];
        assert_eq!(west.population_beyond_reach, Some(1_230));
        assert!(
            areas(
                std::iter::empty(),
                &layers,
                AreasAsked {
                    regions: Some("x"),
                    ..strict
                }
            )
            .is_none()
        );
    }

    #[test]
    fn without_layers_the_registry_names_the_areas_and_people_are_unknown() {
        let report = report(
            &Layers::default(),
            &[Some(at(5.0, 3.0))],
            AreasAsked::default(),
        );
        let row = &report.rows[0];
        assert_eq!(row.area.as_deref(), Some("registry"));
        assert_eq!((row.population, row.population_beyond_reach), (None, None));
        assert_eq!(row.sites_without_coverage, None);
    }

    #[test]
    fn the_median_is_that_of_the_sites_with_a_distance() {
        let layers = Layers {
            fibre_nodes: vec![layer(
                "pop",
                vec![Point {
                    name: None,
                    position: at(5.0, 1.0),
                }],
            )],
            ..Layers::default()
        };
        let sites = [1.0, 1.01, 2.0].map(|longitude| Some(at(5.0, longitude)));
        let row = report(&layers, &sites, AreasAsked::default())
            .rows
            .remove(0);
        assert_eq!(row.sites_near_fibre, Some(2));
        let median = row.fibre_metres_median.unwrap();
        assert!((median - 1_109.0).abs() < 5.0, "{median}");
    }
}
