//! Making a plan fit: ends are given up, the least benefit per price first.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of items, nodes and edges are those of the problem at hand"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::grow::Grown;
use super::relaxed::Price;
use super::{Ceiling, NONE};

/// Parts of the benefit per price by which ends are compared.
const RATIO: u128 = 1 << 40;

/// Takes out ends, the least benefit per price first, until the plan fits.
pub(super) fn trim(grown: &mut Grown<'_>, ceiling: Ceiling, price: Price, item_at: &[u32]) {
    let mut ends: BinaryHeap<Reverse<(u128, usize)>> = BinaryHeap::new();
    let items = grown.problem.items.len();
    for item in (0..items).filter(|item| grown.taken[*item] && !grown.locked_items[*item]) {
        if let Some(ratio) = end_ratio(grown, item, price, item_at) {
            ends.push(Reverse((ratio, item)));
        }
    }
    while !grown.fits(ceiling) {
        let Some(Reverse((ratio, item))) = ends.pop() else {
            return; // only what is locked is left
        };
        if !grown.taken[item] {
            continue;
        }
        // Its way may have become longer or shorter since.
        match end_ratio(grown, item, price, item_at) {
            None => {}
            Some(now) if now != ratio => ends.push(Reverse((now, item))),
            Some(_) => {
                let node = grown.problem.items[item].node;
                let next = node.and_then(|node| beyond(grown, node, item_at));
                grown.leave_item(item);
                grown.prune(node.into_iter(), item_at);
                // What was behind it may be an end now.
                let next = next
                    .map(|node| item_at[node as usize])
                    .filter(|item| *item != NONE);
                if let Some(next) = next
                    && let Some(ratio) = end_ratio(grown, next as usize, price, item_at)
                {
                    ends.push(Reverse((ratio, next as usize)));
                }
            }
        }
    }
}

/// Benefit per price of an item that stands at an end of the routes (or alone), with the way that
/// goes with it; `None` for one that others are reached through, or that is locked.
fn end_ratio(grown: &Grown<'_>, item: usize, price: Price, item_at: &[u32]) -> Option<u128> {
    if grown.locked_items[item] || !grown.taken[item] {
        return None;
    }
    let own = grown.problem.items[item];
    let (mut capex, mut yearly) = (own.capex, own.yearly);
    if let Some(node) = own.node {
        let (way_capex, way_yearly, _) = way_back(grown, node, item_at)?;
        capex += way_capex;
        yearly += way_yearly;
    }
    let price = price.of(capex, yearly).max(1);
    Some(u128::from(own.benefit) * RATIO / price)
}

/// The first node behind the way that goes with an end.
fn beyond(grown: &Grown<'_>, node: u32, item_at: &[u32]) -> Option<u32> {
    way_back(grown, node, item_at).and_then(|(_, _, end)| end)
}

/// From an end back to the first node that stays: capex, yearly cost, that node. `None` when the node
/// is no end.
fn way_back(grown: &Grown<'_>, node: u32, item_at: &[u32]) -> Option<(u64, u64, Option<u32>)> {
    let graph = &grown.problem.graph;
    let (mut capex, mut yearly) = (0, 0);
    let (mut at, mut came) = (node, NONE);
    loop {
        let mut used = graph
            .around(at)
            .iter()
            .filter(|(_, edge)| grown.used[*edge as usize] && *edge != came);
        let (first, second) = (used.next(), used.next());
        if at != node {
            let held = item_at[at as usize];
            let stays = grown.locked_nodes[at as usize]
                || (held != NONE && grown.taken[held as usize])
                || second.is_some();
            if stays {
                return Some((capex, yearly, Some(at)));
            }
        } else if second.is_some() || (grown.locked_nodes[at as usize] && first.is_some()) {
            return if grown.locked_nodes[at as usize] {
                Some((0, 0, None))
            } else {
                None
            };
        }
        let Some(&(to, edge)) = first else {
            return Some((capex, yearly, None));
        };
        capex += graph.weight(edge);
        yearly += grown.problem.yearly[edge as usize];
        (at, came) = (to, edge);
    }
}
