//! Distances on the WGS84 ellipsoid.
//!
//! Source of the distances themselves: C. F. F. Karney, "Algorithms for geodesics", Journal of
//! Geodesy 87 (2013), as implemented by the `geo` crate.

use geo::{Destination, Distance, Geodesic};

use crate::Position;

/// Semi-major axis of WGS84, metres.
const SEMI_MAJOR_METRES: f64 = 6_378_137.0;
/// First eccentricity of WGS84, squared.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_316_5;
/// Steps of the plane estimate: each uses the scale at the latitude that the last one found; the
/// third moves by less than a metre at country size.
const PLANE_STEPS: usize = 3;
/// Beyond this distance the plane estimate is not trusted and the foot is searched for instead.
const PLANE_LIMIT_METRES: f64 = 300_000.0;
/// Golden-section steps: each shrinks the interval by 0.618, 32 of them by two million.
const SEARCH_STEPS: usize = 32;

/// Geodesic metres between two positions.
#[must_use]
pub fn metres_between(from: Position, to: Position) -> f64 {
    Geodesic.distance(
        geo::Point::new(from.longitude(), from.latitude()),
        geo::Point::new(to.longitude(), to.latitude()),
    )
}

/// Positions at a distance all around a centre, evenly spread by azimuth from the north.
#[must_use]
pub fn around(centre: Position, radius_metres: f64, count: u32) -> Vec<Position> {
    let from = geo::Point::new(centre.longitude(), centre.latitude());
    (0..count)
        .map(|number| {
            let bearing = 360.0 * f64::from(number) / f64::from(count.max(1));
            let at = Geodesic.destination(from, bearing, radius_metres);
            Position::wrapped(at.y(), at.x())
        })
        .collect()
}

/// A segment that runs straight in longitude and latitude (RFC 7946, 3.1.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

impl Segment {
    /// The position at a share of the way, 0 = start, 1 = end.
    pub(crate) fn at(self, share: f64) -> Position {
        let (start, end) = (self.start, self.end);
        Position::wrapped(
            start.latitude() + share * (end.latitude() - start.latitude()),
            start.longitude() + share * (end.longitude() - start.longitude()),
        )
    }

    /// The nearest position of the segment and the geodesic metres to it, or `None` when it is
    /// surely farther than the limit. `centre` is [`earth_centred`] of `from`.
    pub(crate) fn nearest(
        self,
        from: Position,
        centre: &[f64; 3],
        limit: f64,
    ) -> Option<(Position, f64)> {
        let foot = self.at(self.plane_share(from));
        // The chord is shorter than the way over the surface, and ten times cheaper to know.
        let chord = chord_metres(centre, &earth_centred(foot));
        if chord > limit && chord < PLANE_LIMIT_METRES {
            return None;
        }
        let metres = metres_between(from, foot);
        if metres <= PLANE_LIMIT_METRES {
            return Some((foot, metres));
        }
        let searched = self.at(self.searched_share(from));
        let searched_metres = metres_between(from, searched);
        Some(if searched_metres < metres {
            (searched, searched_metres)
        } else {
            (foot, metres)
        })
    }

    /// The foot's share in a plane whose scales are those of the ellipsoid half-way between the
    /// point and the foot. The distance is stationary at the foot, so a small error of the share
    /// hardly matters: the distance itself is then measured on the ellipsoid.
    fn plane_share(self, from: Position) -> f64 {
        let start_x = wrap_degrees(self.start.longitude() - from.longitude());
        let start_y = self.start.latitude() - from.latitude();
        let run_x = self.end.longitude() - self.start.longitude();
        let run_y = self.end.latitude() - self.start.latitude();
        let mut share = 0.5;
        for _ in 0..PLANE_STEPS {
            let middle = from.latitude() + 0.5 * (start_y + share * run_y);
            let (per_x, per_y) = metres_per_degree(middle);
            let (dx, dy) = (run_x * per_x, run_y * per_y);
            let length_squared = dx * dx + dy * dy;
            if length_squared <= 0.0 {
                return 0.0;
            }
            let along = -(start_x * per_x * dx + start_y * per_y * dy) / length_squared;
            share = along.clamp(0.0, 1.0);
        }
        share
    }

    fn searched_share(self, from: Position) -> f64 {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let metres = |share: f64| metres_between(from, self.at(share));
        let (mut low, mut high) = (0.0, 1.0);
        let (mut left, mut right) = (1.0 - GOLDEN, GOLDEN);
        let (mut at_left, mut at_right) = (metres(left), metres(right));
        for _ in 0..SEARCH_STEPS {
            if at_left < at_right {
                (high, right, at_right) = (right, left, at_left);
                left = high - GOLDEN * (high - low);
                at_left = metres(left);
            } else {
                (low, left, at_left) = (left, right, at_right);
                right = low + GOLDEN * (high - low);
                at_right = metres(right);
            }
        }
        // The ends are no inner points: name them, or a segment's end would be missed by a hair.
        [0.0, f64::midpoint(low, high), 1.0]
            .into_iter()
            .min_by(|a, b| metres(*a).total_cmp(&metres(*b)))
            .unwrap_or(0.0)
    }
}

/// Earth-centred metres of a position on the ellipsoid. The straight line between two such points
/// is never longer than the way over the surface: a safe lower bound for a search.
pub(crate) fn earth_centred(position: Position) -> [f64; 3] {
    let (sin_latitude, cos_latitude) = position.latitude().to_radians().sin_cos();
    let (sin_longitude, cos_longitude) = position.longitude().to_radians().sin_cos();
    let normal =
        SEMI_MAJOR_METRES / (1.0 - ECCENTRICITY_SQUARED * sin_latitude * sin_latitude).sqrt();
    [
        normal * cos_latitude * cos_longitude,
        normal * cos_latitude * sin_longitude,
        normal * (1.0 - ECCENTRICITY_SQUARED) * sin_latitude,
    ]
}

/// Metres of the straight way through the earth between two positions in earth-centred metres.
pub(crate) fn chord_metres(from: &[f64; 3], to: &[f64; 3]) -> f64 {
    from.iter()
        .zip(to)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>()
        .sqrt()
}

/// Metres in a degree of longitude and in a degree of latitude, at a latitude.
fn metres_per_degree(latitude: f64) -> (f64, f64) {
    let (sin, cos) = latitude.to_radians().sin_cos();
    let root = (1.0 - ECCENTRICITY_SQUARED * sin * sin).sqrt();
    let normal = SEMI_MAJOR_METRES / root;
    let meridian = SEMI_MAJOR_METRES * (1.0 - ECCENTRICITY_SQUARED) / (root * root * root);
    ((normal * cos).to_radians(), meridian.to_radians())
}

fn wrap_degrees(degrees: f64) -> f64 {
    if degrees.abs() > 180.0 {
        (degrees + 180.0).rem_euclid(360.0) - 180.0
    } else {
        degrees
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nearest(segment: Segment, from: Position) -> (Position, f64) {
        segment
            .nearest(from, &earth_centred(from), f64::INFINITY)
            .unwrap()
    }

    fn position(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    /// Samples the segment ever finer around its best share: slow, and independent of the plane.
    fn brute_force(segment: Segment, from: Position) -> f64 {
        let (mut centre, mut width, mut best) = (0.5, 0.5, f64::INFINITY);
        for _ in 0..12 {
            let mut best_share = centre;
            for step in -20..=20 {
                let share = (centre + width * f64::from(step) / 20.0).clamp(0.0, 1.0);
                let metres = metres_between(from, segment.at(share));
                if metres < best {
                    (best, best_share) = (metres, share);
                }
            }
            (centre, width) = (best_share, width / 8.0);
        }
        best
    }

    #[test]
    fn a_known_geodesic() {
        // JFK to LHR, the example of GeographicLib's GeodSolve manual: 5551.759400 km.
        let metres = metres_between(position(40.6, -73.8), position(51.6, -0.5));
        assert!((metres - 5_551_759.400).abs() < 0.001, "{metres}");
    }

    #[test]
    fn what_is_around_a_centre_is_at_its_distance() {
        let centre = position(-4.25, 15.25);
        for at in around(centre, 12_345.0, 16) {
            assert!((metres_between(centre, at) - 12_345.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_middle_of_a_segment_counts_not_only_its_ends() {
        let segment = Segment {
            start: position(-1.0, 15.0),
            end: position(-1.0, 17.0),
        };
        let (foot, metres) = nearest(segment, position(-1.1, 16.0));
        assert!((foot.longitude() - 16.0).abs() < 1e-3);
        // A tenth of a degree of latitude near the equator.
        assert!((metres - 11_057.4).abs() < 5.0, "{metres}");
    }

    #[test]
    fn a_segment_across_the_date_line_is_near_from_both_sides() {
        let segment = Segment {
            start: position(0.0, 179.5),
            end: position(1.0, 179.9),
        };
        let (_, metres) = nearest(segment, position(1.0, -179.9));
        assert!(metres < 23_000.0, "{metres}");
    }

    #[test]
    fn what_is_surely_farther_is_not_measured() {
        let segment = Segment {
            start: position(0.0, 15.0),
            end: position(0.0, 16.0),
        };
        let from = position(1.0, 15.5);
        let (_, metres) = nearest(segment, from);
        let within = |limit| segment.nearest(from, &earth_centred(from), limit);
        assert_eq!(within(metres).map(|(_, metres)| metres), Some(metres));
        assert_eq!(within(metres - 1_000.0), None);
    }

    proptest! {
        #[test]
        fn agrees_with_brute_force(
            latitude in -60.0..60.0_f64, longitude in -170.0..170.0_f64,
            start in (-5.0..5.0_f64, -5.0..5.0_f64), run in (-1.0..1.0_f64, -1.0..1.0_f64),
        ) {
            let from = position(latitude, longitude);
            let start = position(latitude + start.0, longitude + start.1);
            let end = position(start.latitude() + run.0, start.longitude() + run.1);
            let segment = Segment { start, end };
            let (_, metres) = nearest(segment, from);
            let expected = brute_force(segment, from);
            prop_assert!((metres - expected).abs() <= expected * 0.001 + 0.5, "{metres} {expected}");
        }
    }
}
