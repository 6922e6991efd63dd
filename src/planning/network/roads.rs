//! Stretches along roads. Two roads meet where they share a position; a road is cut where it meets
//! another one, and at least once a kilometre, so that a site or a line of fibre beside it is joined
//! to it near where it passes.

use std::collections::HashMap;

use super::{Lengths, ROOT, RouteNetwork};
use crate::geodesy::metres_between;
use crate::index::NearestIndex;
use crate::position::Position;

/// Longest piece of a road between two nodes, metres.
const PIECE_METRES: f64 = 1_000.0;
/// A road that passes a line of fibre no farther than this may be joined to it, metres.
const TAP_METRES: f64 = 2_000.0;
/// Positions are the same when they are within a hundred-millionth of a degree: a millimetre.
const SAME_DEGREES: f64 = 1e8;

/// Lays roads and joins sites and fibre to them.
pub(super) fn lay(
    network: &mut RouteNetwork,
    roads: &[&[Position]],
    placed: &[(u32, Position)],
    fibre: &NearestIndex,
    lengths: Lengths,
) {
    let mut uses: HashMap<(i64, i64), u32> = HashMap::new();
    for road in roads {
        for (number, position) in road.iter().enumerate() {
            // An end counts twice: it is a node whether or not another road meets it.
            let end = number == 0 || number + 1 == road.len();
            *uses.entry(key(*position)).or_default() += 1 + u32::from(end);
        }
    }
    let mut nodes: HashMap<(i64, i64), u32> = HashMap::new();
    let mut met: Vec<(u32, Position)> = Vec::new();
    for road in roads {
        let mut piece: Vec<Position> = Vec::new();
        let mut length = 0.0;
        for position in road.windows(2).flat_map(cut).chain(road.last().copied()) {
            if let Some(last) = piece.last() {
                length += metres_between(*last, position);
            }
            piece.push(position);
            let junction = uses.get(&key(position)).is_some_and(|uses| *uses > 1);
            if !junction && length < PIECE_METRES {
                continue;
            }
            let node = *nodes.entry(key(position)).or_insert_with(|| {
                let node = network.node();
                met.push((node, position));
                node
            });
            let from = piece.first().and_then(|first| nodes.get(&key(*first)));
            if let Some(&from) = from
                && from != node
                && piece.len() > 1
            {
                network.add([from, node], length, 100, std::mem::take(&mut piece));
            }
            piece = vec![position];
            length = 0.0;
        }
    }
    let longer = f64::from(lengths.detour_percent) / 100.0;
    for &(node, position) in &met {
        if let Some(hit) = fibre
            .nearest(position)
            .filter(|hit| hit.metres <= TAP_METRES)
        {
            let path = vec![hit.at, position];
            network.add(
                [ROOT, node],
                hit.metres * longer,
                lengths.off_road_percent,
                path,
            );
        }
    }
    let index = NearestIndex::of_points(met.iter().map(|(_, position)| *position));
    for &(site, position) in placed {
        let Some(hit) = index.nearest(position) else {
            continue;
        };
        if let Some(&(node, there)) = met.get(hit.feature) {
            let path = vec![there, position];
            network.add(
                [node, site],
                hit.metres * longer,
                lengths.off_road_percent,
                path,
            );
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "180 degrees are 18 thousand millions of these units"
)]
fn key(position: Position) -> (i64, i64) {
    let units = |degrees: f64| (degrees * SAME_DEGREES).round() as i64;
    (units(position.latitude()), units(position.longitude()))
}

/// The first position of a segment, and those that cut it into pieces that are short enough.
fn cut(pair: &[Position]) -> Vec<Position> {
    let [start, end] = *pair else {
        return Vec::new();
    };
    let mut pieces = 1_u32;
    let metres = metres_between(start, end);
    while metres > PIECE_METRES * f64::from(pieces) && pieces < 10_000 {
        pieces += 1;
    }
    let segment = crate::geodesy::Segment { start, end };
    let inner = (1..pieces).map(|number| segment.at(f64::from(number) / f64::from(pieces)));
    std::iter::once(start).chain(inner).collect()
}
