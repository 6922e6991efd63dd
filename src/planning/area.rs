//! Which area a position lies in: rings cut into bands of latitude, so that a border of a hundred
//! thousand vertices is asked in microseconds.

use rstar::{AABB, RTree, RTreeObject};

use crate::Position;
use crate::layer::Region;

/// Edges of a band on average: fewer make more bands than rings have corners.
const EDGES_PER_BAND: usize = 8;
/// Most bands of a ring.
const BANDS_MAX: usize = 4_096;

/// An edge, longitude first.
type Edge = ([f64; 2], [f64; 2]);

/// Rings that are asked together by the even-odd rule: an outer one and its holes, or one alone.
/// Between two positions an edge runs straight in longitude and latitude (RFC 7946, 3.1.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Rings {
    /// West, south, east, north.
    bounds: [f64; 4],
    bands: Vec<Vec<Edge>>,
}

impl Rings {
    /// Indexes rings, closed or not; `None` without an edge.
    #[must_use]
    pub fn new<'r>(rings: impl Iterator<Item = &'r [Position]>) -> Option<Self> {
        let mut edges: Vec<Edge> = Vec::new();
        for ring in rings {
            let next = ring.iter().cycle().skip(1);
            let pairs = ring.iter().zip(next).map(|(a, b)| (pair(*a), pair(*b)));
            // A ring that is closed ends with an edge of no length.
            edges.extend(pairs.filter(|([x1, y1], [x2, y2])| {
                x1.to_bits() != x2.to_bits() || y1.to_bits() != y2.to_bits()
            }));
        }
        let bounds = edges.iter().map(|([x, y], _)| [*x, *y, *x, *y]);
        let bounds = bounds.reduce(|a, b| {
            let [west, south, east, north] = a;
            let [x, y, ..] = b;
            [west.min(x), south.min(y), east.max(x), north.max(y)]
        })?;
        let count = (edges.len() / EDGES_PER_BAND).clamp(1, BANDS_MAX);
        let mut rings = Self {
            bounds,
            bands: vec![Vec::new(); count],
        };
        for edge in edges {
            let (low, high) = (edge.0[1].min(edge.1[1]), edge.0[1].max(edge.1[1]));
            let (first, last) = (rings.band(low), rings.band(high));
            for band in rings.bands.iter_mut().take(last + 1).skip(first) {
                band.push(edge);
            }
        }
        Some(rings)
    }

    /// West, south, east, north, degrees.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        self.bounds
    }

    /// Whether a position is inside.
    #[must_use]
    pub fn contain(&self, at: Position) -> bool {
        let [x, y] = pair(at);
        let [west, south, east, north] = self.bounds;
        if x < west || x > east || y < south || y > north {
            return false;
        }
        let crossed = |edge: &&Edge| {
            let ([x1, y1], [x2, y2]) = **edge;
            (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        };
        let band = self.bands.get(self.band(y));
        band.is_some_and(|band| band.iter().filter(crossed).count() % 2 == 1)
    }

    /// The band of a latitude within the bounds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share from 0 to 1 of at most BANDS_MAX"
    )]
    fn band(&self, latitude: f64) -> usize {
        let [_, south, _, north] = self.bounds;
        let count = self.bands.len();
        let share = (latitude - south) / (north - south).max(f64::MIN_POSITIVE);
        ((share * count as f64) as usize).min(count - 1)
    }
}

fn pair(at: Position) -> [f64; 2] {
    [at.longitude(), at.latitude()]
}

/// The regions of one layer, asked for the region of a position.
pub struct AreaIndex {
    tree: RTree<Part>,
}

struct Part {
    feature: usize,
    rings: Rings,
}

impl RTreeObject for Part {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        let [west, south, east, north] = self.rings.bounds();
        AABB::from_corners([west, south], [east, north])
    }
}

impl AreaIndex {
    /// Indexes regions, numbered in their order.
    #[must_use]
    pub fn new(regions: &[Region]) -> Self {
        let mut parts = Vec::new();
        for (feature, region) in regions.iter().enumerate() {
            let rings = region.rings.iter();
            let rings = rings.filter_map(|ring| Rings::new(std::iter::once(ring.as_slice())));
            parts.extend(rings.map(|rings| Part { feature, rings }));
        }
        Self {
            tree: RTree::bulk_load(parts),
        }
    }

    /// The first region, in the order of the layer, in which a position lies.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<usize> {
        let here = AABB::from_point(pair(position));
        let parts = self.tree.locate_in_envelope_intersecting(&here);
        parts
            .filter(|part| part.rings.contain(position))
            .map(|part| part.feature)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    /// Every edge of every ring: it knows no bands.
    fn brute_force(rings: &[Vec<Position>], position: Position) -> bool {
        let [x, y] = pair(position);
        let mut inside = false;
        for ring in rings {
            for number in 0..ring.len() {
                let ([x1, y1], [x2, y2]) =
                    (pair(ring[number]), pair(ring[(number + 1) % ring.len()]));
                if (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1) {
                    inside = !inside;
                }
            }
        }
        inside
    }

    fn anywhere() -> impl Strategy<Value = Position> {
        (-5.0..5.0_f64, 10.0..20.0_f64).prop_map(|(latitude, longitude)| at(latitude, longitude))
    }

    proptest! {
        #[test]
        fn bands_agree_with_brute_force(
            rings in prop::collection::vec(prop::collection::vec(anywhere(), 3..60), 1..4),
            positions in prop::collection::vec(anywhere(), 20),
        ) {
            let indexed = Rings::new(rings.iter().map(Vec::as_slice)).unwrap();
            for position in positions {
                prop_assert_eq!(indexed.contain(position), brute_force(&rings, position));
            }
        }
    }

    #[test]
    fn a_hole_is_outside_and_the_first_region_wins() {
        let square =
            |from: f64, to: f64| vec![at(from, from), at(from, to), at(to, to), at(to, from)];
        let (outer, hole) = (square(0.0, 10.0), square(4.0, 6.0));
        let rings = Rings::new([outer.as_slice(), hole.as_slice()].into_iter()).unwrap();
        assert!(rings.contain(at(1.0, 1.0)));
        assert!(!rings.contain(at(5.0, 5.0)));
        let region = |name: &str, ring| Region {
            name: Some(name.to_owned()),
            rings: vec![ring],
        };
        let index = AreaIndex::new(&[region("all", outer), region("inner", hole)]);
        assert_eq!(index.at(at(5.0, 5.0)), Some(0));
        assert_eq!(index.at(at(11.0, 5.0)), None);
        assert_eq!(Rings::new(std::iter::empty()), None);
    }
}
