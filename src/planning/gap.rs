//! The gap of a site: how far it is from what exists, and inside which networks it lies.

mod areas;
mod coverage;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::finding::{Finding, UnknownReason};
use crate::index::{Hit, NearestIndex};
use crate::layer::{Layer, LayerKind, Layers, Line, Provenance};
use crate::position::Position;

pub use areas::{AreaGap, AreaReport, AreaSite, AreasAsked, Reach, areas};
pub use coverage::{CoverageIndex, Covered};

/// The nearest feature of a kind, with where that knowledge comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    /// Geodesic metres on WGS84.
    pub metres: f64,
    /// The nearest position of the feature (on a line: the foot, not a vertex).
    pub at: Position,
    /// The feature's name in its source.
    pub name: Option<String>,
    /// The layer's source, licence, date and uncertainty.
    #[serde(serialize_with = "as_value")]
    pub provenance: Arc<Provenance>,
}

/// The nearest place and its inhabitants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearestPlace {
    /// Which place, and how far its centre is.
    #[serde(flatten)]
    pub nearest: Nearest,
    /// Inhabitants, where the source knows them.
    pub population: Option<u64>,
}

/// How far a site is from each kind of thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// The nearest route of fibre.
    pub fibre_line: Finding<Nearest>,
    /// The nearest fibre node.
    pub fibre_node: Finding<Nearest>,
    /// The nearest mast (use unproven unless its source says otherwise).
    pub mast: Finding<Nearest>,
    /// Inside which networks it is; an empty list: in none of the imported layers.
    pub coverage: Finding<Vec<Covered>>,
    /// The nearest road.
    pub road: Finding<Nearest>,
    /// The nearest line of the electricity grid.
    pub power_line: Finding<Nearest>,
    /// The nearest node of the electricity grid.
    pub power_node: Finding<Nearest>,
    /// The nearest place.
    pub place: Finding<NearestPlace>,
}

impl Gap {
    /// The gap of a site without a position: nothing of it is known.
    #[must_use]
    pub fn without_position() -> Self {
        let unknown = || Finding::Unknown(UnknownReason::PositionMissing);
        Self {
            fibre_line: unknown(),
            fibre_node: unknown(),
            mast: unknown(),
            coverage: Finding::Unknown(UnknownReason::PositionMissing),
            road: unknown(),
            power_line: unknown(),
            power_node: unknown(),
            place: Finding::Unknown(UnknownReason::PositionMissing),
        }
    }

    /// The nearest fibre of either kind, geodesic metres: a route or a node, whichever is nearer.
    #[must_use]
    pub fn fibre_metres(&self) -> Option<f64> {
        nearer(&self.fibre_line, &self.fibre_node)
    }

    /// The nearest part of the electricity grid of either kind, geodesic metres.
    #[must_use]
    pub fn power_metres(&self) -> Option<f64> {
        nearer(&self.power_line, &self.power_node)
    }
}

fn nearer(a: &Finding<Nearest>, b: &Finding<Nearest>) -> Option<f64> {
    let metres = |one: &Finding<Nearest>| one.known().map(|nearest| nearest.metres);
    match (metres(a), metres(b)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The layers, indexed once and then asked for any number of sites.
pub struct GapIndex<'l> {
    layers: &'l Layers,
    fibre_lines: Vec<Indexed>,
    fibre_nodes: Vec<Indexed>,
    masts: Vec<Indexed>,
    coverage: CoverageIndex<'l>,
    roads: Vec<Indexed>,
    power_lines: Vec<Indexed>,
    power_nodes: Vec<Indexed>,
    places: Vec<Indexed>,
}

struct Indexed {
    index: NearestIndex,
    provenance: Arc<Provenance>,
}

impl<'l> GapIndex<'l> {
    /// Indexes the layers: some microseconds a feature.
    #[must_use]
    pub fn new(layers: &'l Layers) -> Self {
        Self {
            layers,
            fibre_lines: lines(&layers.fibre_lines),
            fibre_nodes: points(&layers.fibre_nodes, |point| point.position),
            masts: points(&layers.masts, |mast| mast.position),
            coverage: CoverageIndex::new(&layers.coverage),
            roads: lines(&layers.roads),
            power_lines: lines(&layers.power_lines),
            power_nodes: points(&layers.power_nodes, |point| point.position),
            places: points(&layers.places, |place| place.position),
        }
    }

    /// The gap of a site at this position; without one everything is unknown.
    #[must_use]
    pub fn gap(&self, position: Option<Position>) -> Gap {
        let Some(from) = position else {
            return Gap::without_position();
        };
        let layers = self.layers;
        Gap {
            fibre_line: found(
                (&self.fibre_lines, LayerKind::FibreLines),
                (&layers.fibre_lines, |line| &line.name),
                from,
            ),
            fibre_node: found(
                (&self.fibre_nodes, LayerKind::FibreNodes),
                (&layers.fibre_nodes, |point| &point.name),
                from,
            ),
            mast: found(
                (&self.masts, LayerKind::Masts),
                (&layers.masts, |mast| &mast.name),
                from,
            ),
            coverage: self.coverage.at(from),
            road: found(
                (&self.roads, LayerKind::Roads),
                (&layers.roads, |line| &line.name),
                from,
            ),
            power_line: found(
                (&self.power_lines, LayerKind::PowerLines),
                (&layers.power_lines, |line| &line.name),
                from,
            ),
            power_node: found(
                (&self.power_nodes, LayerKind::PowerNodes),
                (&layers.power_nodes, |point| &point.name),
                from,
            ),
            place: self.place(from),
        }
    }

    fn place(&self, from: Position) -> Finding<NearestPlace> {
        match nearest_of(&self.places, LayerKind::Places, from) {
            Err(reason) => Finding::Unknown(reason),
            Ok((layer, hit, provenance)) => {
                let place = self
                    .layers
                    .places
                    .get(layer)
                    .and_then(|layer| layer.features.get(hit.feature));
                Finding::Known(NearestPlace {
                    nearest: Nearest {
                        metres: hit.metres,
                        at: hit.at,
                        name: place.and_then(|place| place.name.clone()),
                        provenance,
                    },
                    population: place.and_then(|place| place.population),
                })
            }
        }
    }
}

fn indexed<F>(layers: &[Layer<F>], build: impl Fn(&[F]) -> NearestIndex) -> Vec<Indexed> {
    layers
        .iter()
        .map(|layer| Indexed {
            index: build(&layer.features),
            provenance: Arc::new(layer.provenance.clone()),
        })
        .collect()
}

/// The nearest feature over all layers of a kind: layer number, hit, provenance. Of two at the
/// same distance the layer that was imported first wins.
fn nearest_of(
    layers: &[Indexed],
    kind: LayerKind,
    from: Position,
) -> Result<(usize, Hit, Arc<Provenance>), UnknownReason> {
    if layers.is_empty() {
        return Err(UnknownReason::LayerAbsent(kind));
    }
    layers
        .iter()
        .enumerate()
        .filter_map(|(number, layer)| Some((number, layer.index.nearest(from)?, layer)))
        .min_by(|(_, a, _), (_, b, _)| a.metres.total_cmp(&b.metres))
        .map(|(number, hit, layer)| (number, hit, Arc::clone(&layer.provenance)))
        .ok_or(UnknownReason::LayerEmpty(kind))
}

/// The nearest feature of a kind, and the name that it has in its layer.
fn found<F>(
    (indexed, kind): (&[Indexed], LayerKind),
    (layers, name): (&[Layer<F>], impl Fn(&F) -> &Option<String>),
    from: Position,
) -> Finding<Nearest> {
    match nearest_of(indexed, kind, from) {
        Err(reason) => Finding::Unknown(reason),
        Ok((layer, hit, provenance)) => {
            let layer = layers.get(layer);
            let feature = layer.and_then(|layer| layer.features.get(hit.feature));
            Finding::Known(Nearest {
                metres: hit.metres,
                at: hit.at,
                name: feature.and_then(|feature| name(feature).clone()),
                provenance,
            })
        }
    }
}

fn lines(layers: &[Layer<Line>]) -> Vec<Indexed> {
    indexed(layers, |lines| {
        NearestIndex::of_lines(lines.iter().map(|line| line.positions.as_slice()))
    })
}

fn points<F>(layers: &[Layer<F>], position: impl Fn(&F) -> Position) -> Vec<Indexed> {
    indexed(layers, |points| {
        NearestIndex::of_points(points.iter().map(&position))
    })
}

fn as_value<S: Serializer>(provenance: &Arc<Provenance>, serializer: S) -> Result<S::Ok, S::Error> {
    provenance.as_ref().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Line, Place};

    fn provenance(layer: &str) -> Provenance {
        Provenance {
            layer: layer.to_owned(),
            source: "synthetic, for tests".to_owned(),
            licence: "none".to_owned(),
            date: "2026-01-01".to_owned(),
            uncertainty: "invented".to_owned(),
            uncertainty_class: crate::layer::UncertaintyClass::Unknown,
        }
    }

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    fn two_routes() -> Layers {
        let line = |name: &str, latitude: f64| Line {
            name: Some(name.to_owned()),
            positions: vec![at(latitude, 14.0), at(latitude, 16.0)],
        };
        Layers {
            fibre_lines: vec![
                Layer {
                    provenance: provenance("operator A"),
                    features: vec![line("A1", -1.0)],
                },
                Layer {
                    provenance: provenance("operator B"),
                    features: vec![line("B1", -2.0)],
                },
            ],
            masts: vec![Layer {
                provenance: provenance("masts"),
                features: vec![],
            }],
            places: vec![Layer {
                provenance: provenance("places"),
                features: vec![Place {
                    name: Some("Ville".to_owned()),
                    position: at(-1.5, 15.0),
                    population: None,
                }],
            }],
            ..Layers::default()
        }
    }

    #[test]
    fn the_nearest_layer_wins_and_carries_its_source() {
        let layers = two_routes();
        let gap = GapIndex::new(&layers).gap(Some(at(-1.8, 15.0)));
        let nearest = gap.fibre_line.known().unwrap();
        assert_eq!(nearest.name.as_deref(), Some("B1"));
        assert_eq!(nearest.provenance.layer, "operator B");
        // 0.2 degrees of latitude near the equator; the vertices are 112 km away.
        assert!(
            (nearest.metres - 22_115.0).abs() < 25.0,
            "{}",
            nearest.metres
        );
    }

    #[test]
    fn absent_empty_and_missing_are_three_things() {
        let layers = two_routes();
        let index = GapIndex::new(&layers);
        let gap = index.gap(Some(at(-1.8, 15.0)));
        let absent = UnknownReason::LayerAbsent(LayerKind::FibreNodes);
        assert_eq!(gap.fibre_node, Finding::Unknown(absent));
        assert_eq!(
            gap.mast,
            Finding::Unknown(UnknownReason::LayerEmpty(LayerKind::Masts))
        );
        assert_eq!(gap.place.known().unwrap().population, None);
        let nowhere = index.gap(None);
        assert_eq!(
            nowhere.fibre_line,
            Finding::Unknown(UnknownReason::PositionMissing)
        );
        assert_eq!(
            nowhere.place,
            Finding::Unknown(UnknownReason::PositionMissing)
        );
    }
}
