//! A plan in the making: what is taken, the routes to it, and greedy growth by benefit per price.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of items, nodes and edges are those of the problem at hand"
)]

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::relaxed::{Price, Relaxed};
use super::{Budgeted, Ceiling, NONE};

/// What growth may use.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    /// By item; `None`: all.
    items: Option<Vec<bool>>,
    /// By edge; `None`: all.
    edges: Option<Vec<bool>>,
}

impl Allowed {
    pub(super) fn all() -> Self {
        Self::default()
    }

    /// Items and routes of a relaxation.
    pub(super) fn only(problem: &Budgeted, relaxed: &Relaxed) -> Self {
        let mut items = vec![false; problem.items.len()];
        for item in &relaxed.items {
            items[*item] = true;
        }
        let mut edges = vec![false; problem.graph.edges().len()];
        for edge in &relaxed.edges {
            edges[*edge as usize] = true;
        }
        Self {
            items: Some(items),
            edges: Some(edges),
        }
    }

    /// All but these items.
    pub(super) fn without(problem: &Budgeted, banned: &[usize]) -> Self {
        let mut items = vec![true; problem.items.len()];
        for item in banned {
            items[*item] = false;
        }
        Self {
            items: Some(items),
            edges: None,
        }
    }

    /// These items alone.
    fn these(problem: &Budgeted, list: &[usize]) -> Self {
        let mut items = vec![false; problem.items.len()];
        for item in list {
            items[*item] = true;
        }
        Self {
            items: Some(items),
            edges: None,
        }
    }

    fn item(&self, number: usize) -> bool {
        self.items.as_ref().is_none_or(|items| items[number])
    }

    fn edge(&self, number: u32) -> bool {
        self.edges
            .as_ref()
            .is_none_or(|edges| edges[number as usize])
    }
}

/// A plan in the making.
#[derive(Debug, Clone)]
pub(super) struct Grown<'p> {
    pub(super) problem: &'p Budgeted,
    /// By item.
    pub(super) taken: Vec<bool>,
    /// By node: reached by a route.
    pub(super) inside: Vec<bool>,
    /// By edge: part of a route.
    pub(super) used: Vec<bool>,
    /// By item, by node: of a phase before, or ordered; stays.
    pub(super) locked_items: Vec<bool>,
    pub(super) locked_nodes: Vec<bool>,
    pub(super) capex: u64,
    pub(super) yearly: u64,
    pub(super) benefit: u64,
}

/// The way to a node: its price, capex and yearly cost, and the edge by which it is reached.
#[derive(Debug, Clone, Copy)]
struct Way {
    price: u128,
    capex: u64,
    yearly: u64,
    edge: u32,
}

const NO_WAY: Way = Way {
    price: u128::MAX,
    capex: 0,
    yearly: 0,
    edge: NONE,
};

/// An item that could be next, by benefit per price; of equals the smaller number.
#[derive(Debug, Clone, Copy)]
struct Offer {
    benefit: u64,
    price: u128,
    item: usize,
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

impl<'p> Grown<'p> {
    pub(super) fn new(problem: &'p Budgeted) -> Self {
        let nodes = problem.graph.nodes();
        let mut inside = vec![false; nodes];
        inside[problem.root as usize] = true;
        Self {
            problem,
            taken: vec![false; problem.items.len()],
            locked_nodes: inside.clone(),
            inside,
            used: vec![false; problem.graph.edges().len()],
            locked_items: vec![false; problem.items.len()],
            capex: 0,
            yearly: 0,
            benefit: 0,
        }
    }

    pub(super) fn fits(&self, ceiling: Ceiling) -> bool {
        self.capex <= ceiling.capex && ceiling.yearly.is_none_or(|most| self.yearly <= most)
    }

    /// More benefit, or the same for less.
    pub(super) fn better_than(&self, other: &Self) -> bool {
        (self.benefit, Reverse(self.capex), Reverse(self.yearly))
            > (other.benefit, Reverse(other.capex), Reverse(other.yearly))
    }

    /// Nothing of what is taken goes any more.
    pub(super) fn lock(&mut self) {
        self.locked_items.clone_from(&self.taken);
        self.locked_nodes.clone_from(&self.inside);
    }

    /// Items and edges, ascending.
    pub(super) fn lists(&self) -> (Vec<usize>, Vec<u32>) {
        let items = self.taken.iter().enumerate().filter(|(_, taken)| **taken);
        let edges = (0_u32..).zip(&self.used).filter(|(_, used)| **used);
        (
            items.map(|(item, _)| item).collect(),
            edges.map(|(edge, _)| edge).collect(),
        )
    }

    fn take_item(&mut self, number: usize) {
        let item = self.problem.items[number];
        if !std::mem::replace(&mut self.taken[number], true) {
            self.capex += item.capex;
            self.yearly += item.yearly;
            self.benefit += item.benefit;
        }
    }

    pub(super) fn leave_item(&mut self, number: usize) {
        let item = self.problem.items[number];
        if std::mem::replace(&mut self.taken[number], false) {
            self.capex -= item.capex;
            self.yearly -= item.yearly;
            self.benefit -= item.benefit;
        }
    }

    pub(super) fn use_edge(&mut self, edge: u32) {
        if !std::mem::replace(&mut self.used[edge as usize], true) {
            self.capex += self.problem.graph.weight(edge);
            self.yearly += self.problem.yearly[edge as usize];
            for node in self.problem.graph.edges()[edge as usize].ends {
                self.inside[node as usize] = true;
            }
        }
    }

    pub(super) fn drop_edge(&mut self, edge: u32) {
        if std::mem::replace(&mut self.used[edge as usize], false) {
            self.capex -= self.problem.graph.weight(edge);
            self.yearly -= self.problem.yearly[edge as usize];
        }
    }

    /// Routes that lead to nothing taken go, from their ends; what is locked stays. Looks at `nodes`
    /// and whatever becomes an end.
    pub(super) fn prune(&mut self, nodes: impl Iterator<Item = u32>, item_at: &[u32]) {
        let mut open: Vec<u32> = nodes.collect();
        while let Some(node) = open.pop() {
            let at = node as usize;
            let held = item_at[at] != NONE && self.taken[item_at[at] as usize];
            if !self.inside[at] || self.locked_nodes[at] || held {
                continue;
            }
            let mut around = self.problem.graph.around(node).iter();
            let mut used = around
                .by_ref()
                .filter(|(_, edge)| self.used[*edge as usize]);
            let (first, second) = (used.next().copied(), used.next());
            if second.is_some() {
                continue;
            }
            self.inside[at] = false;
            if let Some((to, edge)) = first {
                self.drop_edge(edge);
                open.push(to);
            }
        }
    }

    /// Takes an item whatever it costs, over the cheapest way.
    pub(super) fn connect(&mut self, item: usize, price: Price, item_at: &[u32]) {
        if self.taken[item] {
            return;
        }
        if let Some(node) = self.problem.items[item]
            .node
            .filter(|node| !self.inside[*node as usize])
        {
            let mut growth = Growth::new(
                self,
                price,
                u128::MAX,
                Allowed::these(self.problem, &[item]),
            );
            growth.spread(self, item_at);
            if growth.way[node as usize].edge == NONE {
                return; // no route leads there: it cannot be built
            }
            growth.walk(self, node);
        }
        self.take_item(item);
    }

    /// Takes at least `count` of these items, the most benefit per price first; gives how many are
    /// missing because the ceiling leaves no room or no route leads there.
    pub(super) fn fill_quota(
        &mut self,
        list: &[usize],
        count: usize,
        ceiling: Ceiling,
        item_at: &[u32],
    ) -> usize {
        let have = list.iter().filter(|item| self.taken[**item]).count();
        let wanted = count.saturating_sub(have);
        let allowed = Allowed::these(self.problem, list);
        let took = self.grow(ceiling, Price::CAPEX, &allowed, item_at, wanted);
        wanted - took
    }

    /// Takes what fits, the most benefit per price first.
    pub(super) fn fill(
        &mut self,
        ceiling: Ceiling,
        price: Price,
        allowed: &Allowed,
        item_at: &[u32],
    ) {
        self.grow(ceiling, price, allowed, item_at, usize::MAX);
    }

    /// Takes at most `most` items; gives how many.
    fn grow(
        &mut self,
        ceiling: Ceiling,
        price: Price,
        allowed: &Allowed,
        item_at: &[u32],
        most: usize,
    ) -> usize {
        let mut took = 0;
        if most == 0 || !self.fits(ceiling) {
            return took;
        }
        let room = price
            .limit(ceiling)
            .saturating_sub(price.of(self.capex, self.yearly));
        let room = if price.limit(ceiling) == 0 && ceiling.capex > 0 {
            u128::MAX
        } else {
            room
        };
        let mut growth = Growth::new(self, price, room, allowed.clone());
        for (number, item) in self.problem.items.iter().enumerate() {
            if item.node.is_none() {
                growth.offer(self, number, 0);
            }
        }
        growth.spread(self, item_at);
        while let Some(offer) = growth.offers.pop() {
            let item = self.problem.items[offer.item];
            if self.taken[offer.item] {
                continue;
            }
            let way = item
                .node
                .map_or(Way { price: 0, ..NO_WAY }, |node| growth.way[node as usize]);
            let now = way.price.saturating_add(price.of(item.capex, item.yearly));
            let capex = self.capex + way.capex + item.capex;
            let yearly = self.yearly + way.yearly + item.yearly;
            let fits = capex <= ceiling.capex && ceiling.yearly.is_none_or(|most| yearly <= most);
            if now != offer.price || !fits {
                continue; // a nearer way was offered since, or there is no room for it
            }
            if let Some(node) = item.node {
                growth.walk(self, node);
            }
            self.take_item(offer.item);
            took += 1;
            if took >= most {
                break;
            }
            growth.spread(self, item_at);
        }
        took
    }

    /// Takes all of a relaxation that does not fit, and gives up ends of it, the least benefit per
    /// price first, until it does.
    pub(super) fn adopt(
        &mut self,
        relaxed: &Relaxed,
        ceiling: Ceiling,
        price: Price,
        item_at: &[u32],
    ) {
        // Its tree and what is built already may close a ring: only edges that join something are used.
        let allowed = Allowed::only(self.problem, relaxed);
        let endless = Ceiling {
            capex: u64::MAX / 4,
            yearly: None,
        };
        self.grow(endless, price, &allowed, item_at, usize::MAX);
        super::polish::trim(self, ceiling, price, item_at);
    }
}

/// Ways from what is reached to everything else, kept while it grows.
struct Growth {
    price: Price,
    /// Ways dearer than this are not followed.
    room: u128,
    allowed: Allowed,
    way: Vec<Way>,
    queue: BinaryHeap<Reverse<(u128, u32)>>,
    offers: BinaryHeap<Offer>,
}

impl Growth {
    fn new(grown: &Grown<'_>, price: Price, room: u128, allowed: Allowed) -> Self {
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

    fn offer(&mut self, grown: &Grown<'_>, number: usize, way: u128) {
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

    fn spread(&mut self, grown: &Grown<'_>, item_at: &[u32]) {
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
    fn walk(&mut self, grown: &mut Grown<'_>, node: u32) {
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
