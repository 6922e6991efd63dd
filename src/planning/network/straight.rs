//! Straight stretches: from each site to the nearest point of existing fibre, and between
//! neighbours.
//!
//! Neighbours are those of the Delaunay triangulation, which holds the shortest tree of all sites
//! (in the plane of the map, where straight lines are a little off), and the few nearest, which the
//! triangulation leaves out among sites that stand at nearly one place.

use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::{Lengths, ROOT, RouteNetwork};
use crate::geodesy::{earth_centred, metres_between};
use crate::index::NearestIndex;
use crate::position::Position;

/// Nearest sites that are neighbours whatever the triangulation says.
const NEAREST: usize = 4;

/// Lays them over sites: (node, position).
pub(super) fn lay(
    network: &mut RouteNetwork,
    placed: &[(u32, Position)],
    fibre: &NearestIndex,
    lengths: Lengths,
    off_road: bool,
) {
    let paid = if off_road {
        lengths.off_road_percent
    } else {
        100
    };
    let longer = f64::from(lengths.detour_percent) / 100.0;
    for &(node, position) in placed {
        if let Some(hit) = fibre.nearest(position) {
            network.add(
                [ROOT, node],
                hit.metres * longer,
                paid,
                vec![hit.at, position],
            );
        }
    }
    let mut pairs = triangulated(placed);
    pairs.extend(nearest(placed));
    pairs.sort_unstable();
    pairs.dedup();
    for [a, b] in pairs {
        if let (Some(&(from, start)), Some(&(to, end))) = (placed.get(a), placed.get(b)) {
            let metres = metres_between(start, end) * longer;
            network.add([from, to], metres, paid, vec![start, end]);
        }
    }
}

/// Pairs of sites, by number in the list, the smaller first.
fn triangulated(placed: &[(u32, Position)]) -> Vec<[usize; 2]> {
    let latitudes = placed.iter().map(|(_, position)| position.latitude());
    let (low, high) = latitudes.fold((f64::MAX, f64::MIN), |(low, high), latitude| {
        (low.min(latitude), high.max(latitude))
    });
    let shrink = f64::midpoint(low, high).to_radians().cos();
    let points: Vec<delaunator::Point> = placed
        .iter()
        .map(|(_, position)| delaunator::Point {
            x: position.longitude() * shrink,
            y: position.latitude(),
        })
        .collect();
    let triangles = delaunator::triangulate(&points).triangles;
    let mut pairs = Vec::with_capacity(triangles.len());
    for corners in triangles.chunks_exact(3) {
        if let [a, b, c] = *corners {
            pairs.extend([ordered(a, b), ordered(b, c), ordered(a, c)]);
        }
    }
    pairs
}

fn nearest(placed: &[(u32, Position)]) -> Vec<[usize; 2]> {
    let points: Vec<_> = placed
        .iter()
        .enumerate()
        .map(|(number, (_, position))| GeomWithData::new(earth_centred(*position), number))
        .collect();
    let tree = RTree::bulk_load(points.clone());
    let mut pairs = Vec::new();
    for point in &points {
        // At equal distances the tree's own order would decide: a few more are looked at, and the
        // smaller numbers are taken.
        let mut around: Vec<(f64, usize)> = tree
            .nearest_neighbor_iter_with_distance_2(point.geom())
            .filter(|(other, _)| other.data != point.data)
            .take(NEAREST * 2)
            .map(|(other, distance)| (distance, other.data))
            .collect();
        around.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let near = around.iter().take(NEAREST);
        pairs.extend(near.map(|(_, other)| ordered(point.data, *other)));
    }
    pairs
}

fn ordered(a: usize, b: usize) -> [usize; 2] {
    [a.min(b), a.max(b)]
}
