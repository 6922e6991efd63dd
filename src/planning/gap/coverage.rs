//! Inside which networks a position is.

use std::sync::Arc;

use rstar::{AABB, RTree, RTreeObject};
use serde::Serialize;

use super::as_value;
use crate::area::Rings;
use crate::finding::{Finding, UnknownReason};
use crate::geodesy::{chord_metres, earth_centred, metres_between};
use crate::layer::{CoverageArea, Extent, Generation, Layer, LayerKind, Polygon, Provenance};
use crate::position::Position;

/// Smallest radius of curvature of WGS84, metres: over it a chord has its longest arc.
const SMALLEST_RADIUS_METRES: f64 = 6_335_000.0;
/// No degree of latitude on WGS84 is shorter, metres.
const SHORTEST_DEGREE_METRES: f64 = 110_570.0;
/// Near the poles a disc is as wide as the world; beyond this cosine its box is.
const SMALLEST_COSINE: f64 = 0.01;
/// A chord's arc is longer than the chord by less than this share of (chord / radius)²: the first
/// term of its series, 1/24, with room for the rest at the sizes of cells.
const ARC_SHARE: f64 = 1.0 / 20.0;

/// A network that reaches a position.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Covered {
    /// Whose it is, where the source says.
    pub operator: Option<String>,
    /// Which generation, where the source says.
    pub generation: Option<Generation>,
    /// The layer's source, licence, date and uncertainty.
    #[serde(serialize_with = "as_value")]
    pub provenance: Arc<Provenance>,
}

/// Coverage layers, indexed once and then asked for any number of positions.
pub struct CoverageIndex<'l> {
    layers: &'l [Layer<CoverageArea>],
    provenances: Vec<Arc<Provenance>>,
    tree: RTree<Part>,
}

struct Part {
    layer: usize,
    feature: usize,
    shape: Shape,
    bounds: AABB<[f64; 2]>,
}

enum Shape {
    Polygon(Rings),
    Disc {
        centre: Position,
        earth_centred: [f64; 3],
        radius_metres: f64,
    },
}

impl RTreeObject for Part {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl Shape {
    fn contains(&self, at: Position, centred: &[f64; 3]) -> bool {
        match self {
            Self::Polygon(rings) => rings.contain(at),
            Self::Disc {
                centre,
                earth_centred,
                radius_metres,
            } => {
                // The chord decides almost every case, a hundred times faster than the geodesic.
                let chord = chord_metres(earth_centred, centred);
                let curved = chord / SMALLEST_RADIUS_METRES;
                if chord > *radius_metres {
                    false
                } else if chord * (1.0 + ARC_SHARE * curved * curved) <= *radius_metres {
                    true
                } else {
                    metres_between(*centre, at) <= *radius_metres
                }
            }
        }
    }
}

impl<'l> CoverageIndex<'l> {
    /// Indexes the layers.
    #[must_use]
    pub fn new(layers: &'l [Layer<CoverageArea>]) -> Self {
        let mut parts = Vec::new();
        for (layer, one) in layers.iter().enumerate() {
            for (feature, area) in one.features.iter().enumerate() {
                add(&mut parts, (layer, feature), &area.extent);
            }
        }
        let provenances = layers.iter();
        Self {
            layers,
            provenances: provenances
                .map(|layer| Arc::new(layer.provenance.clone()))
                .collect(),
            tree: RTree::bulk_load(parts),
        }
    }

    /// The networks at a position: the newest generation first, then by operator; of one layer each
    /// once. An empty list says that no imported layer covers it, which a network without a layer
    /// may still do.
    #[must_use]
    pub fn at(&self, position: Position) -> Finding<Vec<Covered>> {
        if self.layers.is_empty() {
            return Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::Coverage));
        }
        let mut found: Vec<(usize, usize)> = self
            .parts_at(position)
            .map(|part| (part.layer, part.feature))
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut covered: Vec<(usize, Covered)> = Vec::new();
        for (layer, feature) in found {
            let area = self.layers.get(layer);
            let area = area.and_then(|one| one.features.get(feature));
            let (Some(area), Some(provenance)) = (area, self.provenances.get(layer)) else {
                continue;
            };
            let known = covered.iter().any(|(of, one)| {
                (*of, &one.operator, one.generation) == (layer, &area.operator, area.generation)
            });
            if !known {
                let one = Covered {
                    operator: area.operator.clone(),
                    generation: area.generation,
                    provenance: Arc::clone(provenance),
                };
                covered.push((layer, one));
            }
        }
        covered.sort_by(|(_, a), (_, b)| {
            let newest_first = b.generation.cmp(&a.generation);
            newest_first.then_with(|| a.operator.cmp(&b.operator))
        });
        Finding::Known(covered.into_iter().map(|(_, one)| one).collect())
    }

    fn parts_at(&self, position: Position) -> impl Iterator<Item = &Part> {
        let here = AABB::from_point([position.longitude(), position.latitude()]);
        let centred = earth_centred(position);
        let near = self.tree.locate_in_envelope_intersecting(&here);
        near.filter(move |part| part.shape.contains(position, &centred))
    }
}

fn add(parts: &mut Vec<Part>, (layer, feature): (usize, usize), extent: &Extent) {
    let mut put = |shape, [west, south, east, north]: [f64; 4]| {
        parts.push(Part {
            layer,
            feature,
            shape,
            bounds: AABB::from_corners([west, south], [east, north]),
        });
    };
    match extent {
        Extent::Polygons(polygons) => {
            for Polygon { outer, holes } in polygons {
                let rings = std::iter::once(outer).chain(holes).map(Vec::as_slice);
                if let Some(rings) = Rings::new(rings) {
                    let bounds = rings.bounds();
                    put(Shape::Polygon(rings), bounds);
                }
            }
        }
        Extent::Disc {
            centre,
            radius_metres,
        } => {
            for bounds in around(*centre, *radius_metres) {
                let shape = Shape::Disc {
                    centre: *centre,
                    earth_centred: earth_centred(*centre),
                    radius_metres: *radius_metres,
                };
                put(shape, bounds);
            }
        }
    }
}

/// Boxes of longitude and latitude that surely hold a disc; two where it crosses the date line.
fn around(centre: Position, radius_metres: f64) -> Vec<[f64; 4]> {
    let high = radius_metres / SHORTEST_DEGREE_METRES;
    let (south, north) = (centre.latitude() - high, centre.latitude() + high);
    let cosine = south.abs().max(north.abs()).min(90.0).to_radians().cos();
    if cosine < SMALLEST_COSINE {
        return vec![[-180.0, south, 180.0, north]];
    }
    let wide = high / cosine;
    let (west, east) = (centre.longitude() - wide, centre.longitude() + wide);
    let mut boxes = vec![[west, south, east, north]];
    if west < -180.0 {
        boxes.push([west + 360.0, south, 180.0, north]);
    }
    if east > 180.0 {
        boxes.push([-180.0, south, east - 360.0, north]);
    }
    boxes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layer::UncertaintyClass;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    fn layer(features: Vec<CoverageArea>) -> Layer<CoverageArea> {
        Layer {
            provenance: Provenance {
                layer: "synthetic".to_owned(),
                source: "synthetic, for tests".to_owned(),
                licence: "none".to_owned(),
                date: "2026".to_owned(),
                uncertainty: "invented".to_owned(),
                uncertainty_class: UncertaintyClass::Unknown,
            },
            features,
        }
    }

    fn area(operator: &str, generation: Generation, extent: Extent) -> CoverageArea {
        CoverageArea {
            name: None,
            operator: Some(operator.to_owned()),
            generation: Some(generation),
            extent,
        }
    }

    fn square(from: f64, to: f64) -> Vec<Position> {
        vec![at(from, from), at(from, to), at(to, to), at(to, from)]
    }

    #[test]
    fn networks_are_listed_once_newest_first_and_absent_layers_are_unknown() {
        let none: [Layer<CoverageArea>; 0] = [];
        let unknown = Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::Coverage));
        assert_eq!(CoverageIndex::new(&none).at(at(1.0, 1.0)), unknown);
        let ring = Extent::Polygons(vec![Polygon {
            outer: square(0.0, 10.0),
            holes: vec![square(4.0, 6.0)],
        }]);
        let disc = |latitude, longitude, radius_metres| Extent::Disc {
            centre: at(latitude, longitude),
            radius_metres,
        };
        let layers = [layer(vec![
            area("A", Generation::G2, ring),
            area("B", Generation::G4, disc(1.0, 1.0, 5_000.0)),
            area("B", Generation::G4, disc(1.01, 1.0, 5_000.0)),
        ])];
        let index = CoverageIndex::new(&layers);
        let names = |position| -> Vec<(String, &str)> {
            let covered = index.at(position);
            let covered = covered.known().unwrap().iter();
            covered
                .map(|one| {
                    (
                        one.operator.clone().unwrap(),
                        one.generation.unwrap().code(),
                    )
                })
                .collect()
        };
        assert_eq!(
            names(at(1.0, 1.0)),
            [("B".to_owned(), "4g"), ("A".to_owned(), "2g")]
        );
        assert_eq!(names(at(5.0, 5.0)), [], "the hole");
        assert_eq!(names(at(2.0, 2.0)), [("A".to_owned(), "2g")]);
        assert_eq!(names(at(-20.0, 2.0)), []);
    }

    #[test]
    fn a_disc_reaches_over_the_date_line_and_the_pole() {
        let disc = |latitude, longitude| Extent::Disc {
            centre: at(latitude, longitude),
            radius_metres: 50_000.0,
        };
        let layers = [layer(vec![
            area("A", Generation::G4, disc(0.0, 179.9)),
            area("P", Generation::G4, disc(89.9, 0.0)),
        ])];
        let index = CoverageIndex::new(&layers);
        let count = |position| index.at(position).known().unwrap().len();
        assert_eq!(count(at(0.0, -179.8)), 1);
        assert_eq!(count(at(89.9, 180.0)), 1);
        assert_eq!(count(at(0.0, -179.0)), 0);
    }

    proptest! {
        #[test]
        fn discs_agree_with_geodesics(
            cells in prop::collection::vec((-35.0..35.0_f64, 10.0..20.0_f64, 100.0..60_000.0_f64), 1..60),
            sites in prop::collection::vec((-35.0..35.0_f64, 10.0..20.0_f64), 30),
        ) {
            let areas = cells.iter().enumerate().map(|(number, (latitude, longitude, radius))| {
                let extent = Extent::Disc {
                    centre: at(*latitude, *longitude),
                    radius_metres: *radius,
                };
                area(&number.to_string(), Generation::G4, extent)
            });
            let layers = [layer(areas.collect())];
            let index = CoverageIndex::new(&layers);
            // Every site, and one just inside and outside of the first cells' edge.
            let edges = cells.iter().take(5).flat_map(|(latitude, longitude, radius)| {
                let degrees = radius / 111_320.0;
                [0.99, 1.0, 1.01].map(|share| (latitude + degrees * share, *longitude))
            });
            for (latitude, longitude) in sites.iter().copied().chain(edges) {
                let site = at(latitude, longitude);
                let expected = cells.iter().filter(|(latitude, longitude, radius)| {
                    metres_between(at(*latitude, *longitude), site) <= *radius
                }).count();
                prop_assert_eq!(index.at(site).known().unwrap().len(), expected);
            }
        }
    }
}
