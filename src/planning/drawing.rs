//! Layers thinned for drawing: a country's routes on a screen, not their survey.

use crate::layer::{Extent, Generation, Layers, Line};
use crate::position::Position;

/// A position closer than this to the one drawn before is left out, degrees: a screen's point of a
/// country, some 200 m.
const STEP_DEGREES: f64 = 0.002;

/// Where one network can be received, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnCoverage {
    /// Which generation, where the source says.
    pub generation: Option<Generation>,
    /// Rings by the even-odd rule; none of a disc.
    pub rings: Vec<Vec<Position>>,
    /// Centre and radius in metres; `None` of polygons.
    pub disc: Option<(Position, f64)>,
}

/// The layers that say what is within reach.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawing {
    /// Routes of fibre.
    pub fibre: Vec<Vec<Position>>,
    /// Fibre nodes.
    pub nodes: Vec<Position>,
    /// Masts.
    pub masts: Vec<Position>,
    /// Coverage.
    pub coverage: Vec<DrawnCoverage>,
}

impl Drawing {
    /// Draws the layers.
    #[must_use]
    pub fn of(layers: &Layers) -> Self {
        let lines = layers.fibre_lines.iter().flat_map(|layer| &layer.features);
        let nodes = layers.fibre_nodes.iter().flat_map(|layer| &layer.features);
        let masts = layers.masts.iter().flat_map(|layer| &layer.features);
        let areas = layers.coverage.iter().flat_map(|layer| &layer.features);
        Self {
            fibre: lines
                .map(|line: &Line| thinned(&line.positions))
                .filter(|path| path.len() > 1)
                .collect(),
            nodes: nodes.map(|node| node.position).collect(),
            masts: apart(masts.map(|mast| mast.position)),
            coverage: areas
                .map(|area| {
                    let (rings, disc) = match &area.extent {
                        Extent::Disc {
                            centre,
                            radius_metres,
                        } => (Vec::new(), Some((*centre, *radius_metres))),
                        Extent::Polygons(polygons) => {
                            let rings = polygons
                                .iter()
                                .flat_map(|one| std::iter::once(&one.outer).chain(&one.holes));
                            let drawn = rings.map(|ring| thinned(ring));
                            (drawn.filter(|ring| ring.len() > 2).collect(), None)
                        }
                    };
                    DrawnCoverage {
                        generation: area.generation,
                        rings,
                        disc,
                    }
                })
                .collect(),
        }
    }
}

/// The first and the last position, and between them those that a screen can tell apart.
fn thinned(path: &[Position]) -> Vec<Position> {
    let mut drawn: Vec<Position> = Vec::new();
    let last = path.len().saturating_sub(1);
    for (number, at) in path.iter().enumerate() {
        let far = drawn.last().is_none_or(|before| {
            (before.latitude() - at.latitude()).abs() >= STEP_DEGREES
                || (before.longitude() - at.longitude()).abs() >= STEP_DEGREES
        });
        if far || number == last {
            drawn.push(*at);
        }
    }
    drawn
}

/// One position of those that fall on the same point of a screen.
fn apart(positions: impl Iterator<Item = Position>) -> Vec<Position> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees are within 180, their cells within 90,000"
    )]
    let cell = |degrees: f64| (degrees / STEP_DEGREES).floor() as i32;
    let mut seen = std::collections::BTreeSet::new();
    positions
        .filter(|at| seen.insert((cell(at.latitude()), cell(at.longitude()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{CoverageArea, Layer, Mast, Polygon, Provenance};

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    fn layer<F>(features: Vec<F>) -> Layer<F> {
        let provenance: Provenance = serde_json::from_str(
            r#"{"layer":"l","source":"invented","licence":"none","date":"2026","uncertainty":"none"}"#,
        )
        .unwrap();
        Layer {
            provenance,
            features,
        }
    }

    #[test]
    fn ends_stay_and_what_a_screen_cannot_tell_apart_goes() {
        let path: Vec<Position> = (0..=1_000)
            .map(|number| at(0.0, f64::from(number) * 1e-4))
            .collect();
        let drawn = thinned(&path);
        assert_eq!(
            (drawn.first(), drawn.last()),
            (path.first(), path.last()),
            "from end to end"
        );
        assert!((45..=60).contains(&drawn.len()), "{}", drawn.len());
        assert_eq!(thinned(&[at(1.0, 1.0), at(1.0, 1.0001)]).len(), 2);
        assert!(thinned(&[]).is_empty());
    }

    #[test]
    fn layers_are_drawn_with_their_holes_and_discs() {
        let mast = |longitude| Mast {
            name: None,
            operator: None,
            generation: None,
            position: at(0.0, longitude),
        };
        let square =
            |from: f64, to: f64| vec![at(from, from), at(from, to), at(to, to), at(to, from)];
        let area = |extent| CoverageArea {
            name: None,
            operator: None,
            generation: Some(Generation::G4),
            extent,
        };
        let layers = Layers {
            masts: vec![layer(vec![mast(1.0), mast(1.0005), mast(2.0)])],
            coverage: vec![layer(vec![
                area(Extent::Polygons(vec![Polygon {
                    outer: square(0.0, 3.0),
                    holes: vec![square(1.0, 2.0)],
                }])),
                area(Extent::Disc {
                    centre: at(5.0, 5.0),
                    radius_metres: 900.0,
                }),
            ])],
            ..Layers::default()
        };
        let drawing = Drawing::of(&layers);
        assert_eq!(drawing.masts.len(), 2);
        assert_eq!(drawing.coverage[0].rings.len(), 2);
        assert_eq!(drawing.coverage[1].disc, Some((at(5.0, 5.0), 900.0)));
        assert!(drawing.fibre.is_empty() && drawing.nodes.is_empty());
    }
}
