//! Ways from a plan in the making to what it does not reach yet, kept up to date while it grows.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of items, nodes and edges are those of the problem at hand"
)]

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::NONE;
use super::grow::{Allowed, Grown};
use super::relaxed::Price;

/// The way to a node: its price, capex and yearly cost, and the edge by which it is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) price: u128,
    pub(super) capex: u64,
    pub(super) yearly: u64,
    pub(super) edge: u32,
}

pub(super) const NO_WAY: Way = Way {
    price: u128::MAX,
    capex: 0,
    yearly: 0,
    edge: NONE,
};

/// An item that could be next, by benefit per price; of equals the smaller number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    benefit: u64,
    pub(super) price: u128,
    pub(super) item: usize,
}

impl Ord for Offer {
    fn cmp(&self, other: &Self) -> Ordering {
        // benefit / price compared without dividing; a price of 0 is above all.
        let (mine, theirs) = (
            u128::from(self.benefit).saturating_mul(other.price),
            u128::from(other.benefit).saturating_mul(self.price),
        );
        mine.cmp(&theirs)
            .then_with(|| other.price.cmp(&self.price))
            .then_with(|| other.item.cmp(&self.item))
    }
}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Offer {}

/// Ways from what is reached to everything else, kept while it grows.
pub(super) struct Growth {
    price: Price,
    /// Ways dearer than this are not followed.
    room: u128,
    allowed: Allowed,
    pub(super) way: Vec<Way>,
    queue: BinaryHeap<Reverse<(u128, u32)>>,
    pub(super) offers: BinaryHeap<Offer>,
}

impl Growth {
    pub(super) fn new(grown: &Grown<'_>, price: Price, room: u128, allowed: Allowed) -> Self {
        let mut growth = Self {
            price,
            room,
            allowed,
            way: vec![NO_WAY; grown.inside.len()],
            queue: BinaryHeap::new(),
            offers: BinaryHeap::new(),
        };
        for (node, _) in (0_u32..).zip(&grown.inside).filter(|(_, inside)| **inside) {
            growth.reach(node);
        }
        growth
    }

    fn reach(&mut self, node: u32) {
        self.way[node as usize] = Way { price: 0, ..NO_WAY };
        self.queue.push(Reverse((0, node)));
    }

    pub(super) fn offer(&mut self, grown: &Grown<'_>, number: usize, way: u128) {
        let item = grown.problem.items[number];
        if grown.taken[number] || item.benefit == 0 || !self.allowed.item(number) {
            return;
        }
        self.offers.push(Offer {
            benefit: item.benefit,
            price: way.saturating_add(self.price.of(item.capex, item.yearly)),
            item: number,
        });
    }

    pub(super) fn spread(&mut self, grown: &Grown<'_>, item_at: &[u32]) {
        let graph = &grown.problem.graph;
        while let Some(Reverse((distance, node))) = self.queue.pop() {
            let here = self.way[node as usize];
            if distance > here.price {
                continue;
            }
            let item = item_at[node as usize];
            if item != NONE {
                self.offer(grown, item as usize, distance);
            }
            for &(to, edge) in graph.around(node) {
                if !self.allowed.edge(edge) || grown.inside[to as usize] {
                    continue;
                }
                let (capex, yearly) = (graph.weight(edge), grown.problem.yearly[edge as usize]);
                let longer = distance + self.price.of(capex, yearly);
                if longer < self.way[to as usize].price && longer <= self.room {
                    self.way[to as usize] = Way {
                        price: longer,
                        capex: here.capex + capex,
                        yearly: here.yearly + yearly,
                        edge,
                    };
                    self.queue.push(Reverse((longer, to)));
                }
            }
        }
    }

    /// Uses the way to a node; what lies on it is reached from now on.
    pub(super) fn walk(&mut self, grown: &mut Grown<'_>, node: u32) {
        let mut at = node;
        while !grown.inside[at as usize] {
            let edge = self.way[at as usize].edge;
            if edge == NONE {
                return;
            }
            let [a, b] = grown.problem.graph.edges()[edge as usize].ends;
            let before = if a == at { b } else { a };
            let was_inside = grown.inside[before as usize];
            grown.use_edge(edge);
            // `use_edge` marks both ends; the one before is not walked from yet.
            grown.inside[before as usize] = was_inside;
            self.reach(at);
            at = before;
        }
    }
}
