//! Nearest feature of a layer, exactly: an R-tree in earth-centred metres proposes candidates by a
//! lower bound, the ellipsoid decides.

use rstar::{AABB, PointDistance, RTree, RTreeObject};

use crate::Position;
use crate::geodesy::{Segment, earth_centred};

/// Segments are cut into pieces no longer than this, so that their boxes stay small and the bow of
/// a piece over its chord (at most 50 m here) stays far below the distances that matter.
const PIECE_METRES: f64 = 50_000.0;
/// No degree on WGS84, of latitude or of longitude, is longer.
const LONGEST_DEGREE_METRES: f64 = 111_700.0;
/// Smallest radius of curvature of WGS84, metres: the bow is widest with it.
const SMALLEST_RADIUS_METRES: f64 = 6_335_000.0;
/// Largest radius of curvature of WGS84, metres (that of the poles), rounded up.
const LARGEST_RADIUS_METRES: f64 = 6_400_000.0;
/// Boxes near the poles would grow without end; beyond this cosine a piece is as wide as it is.
const SMALLEST_COSINE: f64 = 0.01;

/// The nearest feature found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its number in the layer, from 0.
    pub feature: usize,
    /// Its nearest position.
    pub at: Position,
    /// Geodesic metres to it.
    pub metres: f64,
}

struct Piece {
    feature: usize,
    segment: Segment,
    bounds: AABB<[f64; 3]>,
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 3]>;

    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, point: &[f64; 3]) -> f64 {
        self.bounds.distance_2(point)
    }
}

/// An index over the features of one layer.
pub struct NearestIndex {
    tree: RTree<Piece>,
}

impl NearestIndex {
    /// Indexes points, numbered in their order.
    #[must_use]
    pub fn of_points(points: impl Iterator<Item = Position>) -> Self {
        let pieces = points
            .enumerate()
            .map(|(feature, at)| piece(feature, Segment { start: at, end: at }))
            .collect();
        Self {
            tree: RTree::bulk_load(pieces),
        }
    }

    /// Indexes lines, numbered in their order.
    #[must_use]
    pub fn of_lines<'l>(lines: impl Iterator<Item = &'l [Position]>) -> Self {
        let mut pieces = Vec::new();
        for (feature, positions) in lines.enumerate() {
            for pair in positions.windows(2) {
                if let [start, end] = *pair {
                    cut(feature, Segment { start, end }, &mut pieces);
                }
            }
        }
        Self {
            tree: RTree::bulk_load(pieces),
        }
    }

    /// The nearest feature of each position, in their order, on all cores at hand.
    #[must_use]
    pub fn nearest_of_all(&self, from: &[Position]) -> Vec<Option<Hit>> {
        use rayon::prelude::*;
        from.par_iter().map(|from| self.nearest(*from)).collect()
    }

    /// The nearest feature; of two at the same distance the one that comes first in the layer.
    #[must_use]
    pub fn nearest(&self, from: Position) -> Option<Hit> {
        let centre = earth_centred(from);
        let mut best: Option<Hit> = None;
        for (piece, bound_squared) in self.tree.nearest_neighbor_iter_with_distance_2(&centre) {
            // The way over the surface is longer than the straight one through the earth: far from
            // everything this ends the search thousands of pieces earlier.
            if best.is_some_and(|hit| shortest_arc_metres(bound_squared.sqrt()) > hit.metres) {
                break;
            }
            let limit = best.map_or(f64::INFINITY, |hit| hit.metres);
            let Some((at, metres)) = piece.segment.nearest(from, &centre, limit) else {
                continue;
            };
            let better = best.is_none_or(|hit| {
                metres
                    .total_cmp(&hit.metres)
                    .then(piece.feature.cmp(&hit.feature))
                    .is_lt()
            });
            if better {
                best = Some(Hit {
                    feature: piece.feature,
                    at,
                    metres,
                });
            }
        }
        best
    }
}

/// No way over WGS84 between two positions so far apart through the earth is shorter, metres: nowhere
/// is the ellipsoid flatter than a sphere of this radius.
fn shortest_arc_metres(chord: f64) -> f64 {
    2.0 * LARGEST_RADIUS_METRES * (chord / (2.0 * LARGEST_RADIUS_METRES)).min(1.0).asin()
}

fn cut(feature: usize, segment: Segment, pieces: &mut Vec<Piece>) {
    let (start, end) = (segment.start, segment.end);
    let degrees = (end.latitude() - start.latitude()).hypot(end.longitude() - start.longitude());
    let mut count = 1_u32;
    while degrees * LONGEST_DEGREE_METRES > PIECE_METRES * f64::from(count) {
        count += 1;
    }
    for number in 0..count {
        let share = |number: u32| f64::from(number) / f64::from(count);
        let part = Segment {
            start: segment.at(share(number)),
            end: segment.at(share(number + 1)),
        };
        pieces.push(piece(feature, part));
    }
}

/// A piece with a box that surely holds it: the box of its chord, widened by the most that a path
/// straight in longitude and latitude can bow (length² × curvature / 8, the curvature of a parallel
/// being 1 / (radius × cos latitude)).
fn piece(feature: usize, segment: Segment) -> Piece {
    let (start, end) = (earth_centred(segment.start), earth_centred(segment.end));
    let (a, b) = (segment.start, segment.end);
    let degrees = (b.latitude() - a.latitude()).hypot(b.longitude() - a.longitude());
    let length = degrees * LONGEST_DEGREE_METRES;
    let cosine = a
        .latitude()
        .abs()
        .max(b.latitude().abs())
        .to_radians()
        .cos();
    let radius = SMALLEST_RADIUS_METRES * cosine.max(SMALLEST_COSINE);
    let bow = length * length / (8.0 * radius);
    let lower = [0, 1, 2].map(|axis| edge(&start, &end, axis, f64::min) - bow);
    let upper = [0, 1, 2].map(|axis| edge(&start, &end, axis, f64::max) + bow);
    Piece {
        feature,
        segment,
        bounds: AABB::from_corners(lower, upper),
    }
}

fn edge(start: &[f64; 3], end: &[f64; 3], axis: usize, pick: fn(f64, f64) -> f64) -> f64 {
    match (start.get(axis), end.get(axis)) {
        (Some(a), Some(b)) => pick(*a, *b),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geodesy::metres_between;

    fn anywhere() -> impl Strategy<Value = Position> {
        (-35.0..35.0_f64, -20.0..50.0_f64)
            .prop_map(|(latitude, longitude)| Position::new(latitude, longitude).unwrap())
    }

    /// The whole segment in coarse steps, then ever finer ones around the best: it knows neither
    /// pieces nor boxes nor planes.
    fn brute_force(segment: Segment, from: Position) -> f64 {
        let metres = |share: f64| metres_between(from, segment.at(share.clamp(0.0, 1.0)));
        let (mut best, mut width) = (0.5, 0.5);
        for steps in [200, 20, 20, 20, 20] {
            let centre = best;
            for step in -steps..=steps {
                let share = centre + width * f64::from(step) / f64::from(steps);
                if metres(share) < metres(best) {
                    best = share;
                }
            }
            width /= f64::from(steps) / 2.0;
        }
        metres(best)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn points_agree_with_brute_force(
            points in prop::collection::vec(anywhere(), 1..80), from in anywhere(),
        ) {
            let hit = NearestIndex::of_points(points.iter().copied()).nearest(from).unwrap();
            let expected =
                points.iter().map(|to| metres_between(from, *to)).fold(f64::INFINITY, f64::min);
            prop_assert!((hit.metres - expected).abs() < 1e-6, "{} {expected}", hit.metres);
        }

        #[test]
        fn lines_agree_with_brute_force(
            lines in prop::collection::vec(prop::collection::vec(anywhere(), 2..5), 1..8),
            from in anywhere(),
        ) {
            let index = NearestIndex::of_lines(lines.iter().map(Vec::as_slice));
            let metres = index.nearest(from).unwrap().metres;
            let expected = lines
                .iter()
                .flat_map(|line| line.windows(2))
                .map(|pair| brute_force(Segment { start: pair[0], end: pair[1] }, from))
                .fold(f64::INFINITY, f64::min);
            prop_assert!((metres - expected).abs() <= expected * 0.001 + 0.5, "{metres} {expected}");
        }
    }

    #[test]
    fn nothing_to_find_is_nothing() {
        let from = Position::new(0.0, 0.0).unwrap();
        assert!(
            NearestIndex::of_points(std::iter::empty())
                .nearest(from)
                .is_none()
        );
        let lone = [from];
        assert!(
            NearestIndex::of_lines([lone.as_slice()].into_iter())
                .nearest(from)
                .is_none()
        );
    }
}
