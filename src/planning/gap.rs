//! The gap of a site: how far it is from what exists.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::finding::{Finding, UnknownReason};
use crate::index::{Hit, NearestIndex};
use crate::layer::{Layer, LayerKind, Layers, Provenance};
use crate::position::Position;

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
    /// The nearest place.
    pub place: Finding<NearestPlace>,
}

/// The layers, indexed once and then asked for any number of sites.
pub struct GapIndex<'l> {
    layers: &'l Layers,
    fibre_lines: Vec<Indexed>,
    fibre_nodes: Vec<Indexed>,
    masts: Vec<Indexed>,
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
            fibre_lines: indexed(&layers.fibre_lines, |lines| {
                NearestIndex::of_lines(lines.iter().map(|line| line.positions.as_slice()))
            }),
            fibre_nodes: indexed(&layers.fibre_nodes, |points| {
                NearestIndex::of_points(points.iter().map(|point| point.position))
            }),
            masts: indexed(&layers.masts, |points| {
                NearestIndex::of_points(points.iter().map(|point| point.position))
            }),
            places: indexed(&layers.places, |places| {
                NearestIndex::of_points(places.iter().map(|place| place.position))
            }),
        }
    }

    /// The gap of a site at this position; without one everything is unknown.
    #[must_use]
    pub fn gap(&self, position: Option<Position>) -> Gap {
        let Some(from) = position else {
            return Gap {
                fibre_line: Finding::Unknown(UnknownReason::PositionMissing),
                fibre_node: Finding::Unknown(UnknownReason::PositionMissing),
                mast: Finding::Unknown(UnknownReason::PositionMissing),
                place: Finding::Unknown(UnknownReason::PositionMissing),
            };
        };
        let layers = self.layers;
        Gap {
            fibre_line: found(
                &self.fibre_lines,
                LayerKind::FibreLines,
                from,
                |layer, feature| {
                    layers
                        .fibre_lines
                        .get(layer)?
                        .features
                        .get(feature)?
                        .name
                        .clone()
                },
            ),
            fibre_node: found(
                &self.fibre_nodes,
                LayerKind::FibreNodes,
                from,
                |layer, feature| {
                    layers
                        .fibre_nodes
                        .get(layer)?
                        .features
                        .get(feature)?
                        .name
                        .clone()
                },
            ),
            mast: found(&self.masts, LayerKind::Masts, from, |layer, feature| {
                layers.masts.get(layer)?.features.get(feature)?.name.clone()
            }),
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

fn found(
    layers: &[Indexed],
    kind: LayerKind,
    from: Position,
    name: impl Fn(usize, usize) -> Option<String>,
) -> Finding<Nearest> {
    match nearest_of(layers, kind, from) {
        Err(reason) => Finding::Unknown(reason),
        Ok((layer, hit, provenance)) => Finding::Known(Nearest {
            metres: hit.metres,
            at: hit.at,
            name: name(layer, hit.feature),
            provenance,
        }),
    }
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
