//! Making a plan fit, and making it better: a site or a branch is taken out, and the room filled
//! again.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of items, nodes and edges are those of the problem at hand"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::grow::{Allowed, Grown};
use super::relaxed::Price;
use super::{Ceiling, NONE};
use crate::graph::{Edge, Graph};
use crate::route::{Problem, Work, solve};

/// Largest number of edges on which the routes to what was chosen are solved anew.
const SPAN_EDGES_MAX: usize = 40_000;
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

/// Kicks without a better plan after which the search goes back to the best one.
const KICKS_BACK: u32 = 40;
/// A plan after a kick is gone on with when it brings no less than this share of the one before.
const KEEP_PERCENT: u64 = 97;

/// The best plan found by taking out and filling again, within `steps`: first while single changes
/// bring more, then from plans that several changes at once lead to.
pub(super) fn polish<'p>(
    start: &Grown<'p>,
    ceiling: Ceiling,
    prices: &[Price],
    item_at: &[u32],
    steps: u64,
) -> Grown<'p> {
    let one_try = (start.inside.len() + start.used.len() + start.taken.len()) as u64 * 4;
    let mut search = Search {
        ceiling,
        prices,
        item_at,
        left: steps / one_try.max(1),
        chance: Chance(1),
    };
    let mut best = search.settled(start.clone());
    let mut current = best.clone();
    let mut since = 0;
    while search.left > 0 {
        let Some(kicked) = search.kicked(&current) else {
            break;
        };
        let mut next = search.descended(kicked);
        if next.better_than(&best) {
            next = search.settled(next);
            best = next.clone();
            current = next;
            since = 0;
            continue;
        }
        since += 1;
        if since % KICKS_BACK == 0 {
            current = best.clone();
        } else if next.benefit * 100 >= current.benefit * KEEP_PERCENT {
            current = next;
        }
    }
    best
}

/// `SplitMix64` (Steele, Lea and Flood 2014): the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = (mixed ^ (mixed >> 31)) % below.max(1) as u64;
        usize::try_from(drawn).unwrap_or(0)
    }
}

struct Search<'s> {
    ceiling: Ceiling,
    prices: &'s [Price],
    item_at: &'s [u32],
    /// Plans that may still be tried.
    left: u64,
    chance: Chance,
}

impl Search<'_> {
    /// Single changes and cheaper routes, in turn, while they bring more.
    fn settled<'p>(&mut self, mut grown: Grown<'p>) -> Grown<'p> {
        loop {
            grown = self.descended(grown);
            let shorter = spanned(&grown, self.ceiling, self.prices, self.item_at);
            match shorter.filter(|shorter| shorter.better_than(&grown)) {
                Some(shorter) => grown = shorter,
                None => return grown,
            }
        }
    }

    /// Single changes while they bring more.
    fn descended<'p>(&mut self, mut grown: Grown<'p>) -> Grown<'p> {
        'again: loop {
            for out in outs(&grown, self.item_at) {
                for price in self.prices {
                    if self.left == 0 {
                        return grown;
                    }
                    self.left -= 1;
                    let next = self.without(&grown, &out, *price);
                    if next.better_than(&grown) {
                        grown = next;
                        continue 'again;
                    }
                }
            }
            for item in (0..grown.taken.len()).filter(|item| !grown.taken[*item]) {
                for price in self.prices {
                    if self.left == 0 {
                        return grown;
                    }
                    self.left -= 1;
                    let next = self.with(&grown, item, *price);
                    if let Some(next) = next.filter(|next| next.better_than(&grown)) {
                        grown = next;
                        continue 'again;
                    }
                }
            }
            return grown;
        }
    }

    /// Without some items, and the room filled with others first.
    fn without<'p>(&self, grown: &Grown<'p>, out: &[usize], price: Price) -> Grown<'p> {
        let mut next = grown.clone();
        for item in out {
            next.leave_item(*item);
        }
        let nodes = out.iter().filter_map(|item| next.problem.items[*item].node);
        let nodes: Vec<u32> = nodes.collect();
        next.prune(nodes.into_iter(), self.item_at);
        let banned = Allowed::without(next.problem, out);
        next.fill(self.ceiling, price, &banned, self.item_at);
        next.fill(self.ceiling, price, &Allowed::all(), self.item_at);
        next
    }

    /// With an item whatever it costs, and ends given up for it until the plan fits; `None` when it
    /// never does.
    fn with<'p>(&self, grown: &Grown<'p>, item: usize, price: Price) -> Option<Grown<'p>> {
        let mut next = grown.clone();
        next.connect(item, price, self.item_at);
        if !next.taken[item] {
            return None;
        }
        next.locked_items[item] = true;
        trim(&mut next, self.ceiling, price, self.item_at);
        if !next.fits(self.ceiling) {
            return None;
        }
        next.locked_items[item] = false;
        next.fill(self.ceiling, price, &Allowed::all(), self.item_at);
        Some(next)
    }

    /// After a few changes drawn by chance; `None` when nothing may be changed.
    fn kicked<'p>(&mut self, grown: &Grown<'p>) -> Option<Grown<'p>> {
        let price = self.prices[self.chance.below(self.prices.len())];
        let outs = outs(grown, self.item_at);
        let mut out: Vec<usize> = Vec::new();
        if outs.is_empty() {
            return None;
        }
        for _ in 0..=self.chance.below(3) {
            out.extend(&outs[self.chance.below(outs.len())]);
        }
        out.sort_unstable();
        out.dedup();
        self.left = self.left.saturating_sub(1);
        let mut next = self.without(grown, &out, price);
        let open: Vec<usize> = (0..next.taken.len())
            .filter(|item| !next.taken[*item])
            .collect();
        if !open.is_empty() && self.chance.below(2) == 0 {
            let item = open[self.chance.below(open.len())];
            if let Some(with) = self.with(&next, item, price) {
                next = with;
            }
        }
        Some(next)
    }
}

/// What may be taken out: each item alone, each branch whole; the least benefit first.
fn outs(grown: &Grown<'_>, item_at: &[u32]) -> Vec<Vec<usize>> {
    let problem = grown.problem;
    let loose = |item: &usize| grown.taken[*item] && !grown.locked_items[*item];
    let mut outs: Vec<(u64, Vec<usize>)> = (0..problem.items.len())
        .filter(loose)
        .map(|item| (problem.items[item].benefit, vec![item]))
        .collect();
    outs.extend(branches(grown, item_at));
    outs.sort();
    outs.dedup();
    outs.into_iter().map(|(_, items)| items).collect()
}

/// Below each node that is not locked: all items behind it, seen from what is locked.
fn branches(grown: &Grown<'_>, item_at: &[u32]) -> Vec<(u64, Vec<usize>)> {
    /// Branches larger than this are not taken out whole.
    const ITEMS_MAX: usize = 64;
    let graph = &grown.problem.graph;
    let nodes = graph.nodes();
    let mut before = vec![NONE; nodes];
    let mut order: Vec<u32> = graph
        .numbers()
        .filter(|n| grown.locked_nodes[*n as usize])
        .collect();
    let mut seen = grown.locked_nodes.clone();
    let mut next = 0;
    while next < order.len() {
        let node = order[next];
        next += 1;
        for &(to, edge) in graph.around(node) {
            if grown.used[edge as usize] && !seen[to as usize] {
                seen[to as usize] = true;
                before[to as usize] = node;
                order.push(to);
            }
        }
    }
    let mut behind: Vec<Option<Vec<usize>>> = vec![Some(Vec::new()); nodes];
    let mut found = Vec::new();
    for node in order
        .iter()
        .rev()
        .filter(|node| before[**node as usize] != NONE)
    {
        let mut items = behind[*node as usize].take();
        if let Some(list) = &mut items {
            let own = item_at[*node as usize];
            if own != NONE && grown.taken[own as usize] && !grown.locked_items[own as usize] {
                list.push(own as usize);
            }
            if list.len() > 1 && list.len() <= ITEMS_MAX {
                let benefit = list
                    .iter()
                    .map(|item| grown.problem.items[*item].benefit)
                    .sum();
                let mut sorted = list.clone();
                sorted.sort_unstable();
                found.push((benefit, sorted));
            }
        }
        let above = &mut behind[before[*node as usize] as usize];
        *above = match (above.take(), items) {
            (Some(mut above), Some(items)) if above.len() + items.len() <= ITEMS_MAX => {
                above.extend(items);
                Some(above)
            }
            _ => None,
        };
    }
    found
}

/// The same items over the cheapest routes that lead to all of them, and what then still fits.
fn spanned<'p>(
    grown: &Grown<'p>,
    ceiling: Ceiling,
    prices: &[Price],
    item_at: &[u32],
) -> Option<Grown<'p>> {
    const STEPS: u64 = 5_000_000;
    let problem = grown.problem;
    let price = *prices.first()?;
    if problem.graph.edges().len() > SPAN_EDGES_MAX {
        return None;
    }
    let edges = problem
        .graph
        .edges()
        .iter()
        .enumerate()
        .map(|(number, edge)| {
            let locked = grown.used[number]
                && edge
                    .ends
                    .iter()
                    .all(|node| grown.locked_nodes[*node as usize]);
            let weight = price.of(edge.weight, problem.yearly[number]);
            Edge {
                ends: edge.ends,
                weight: if locked {
                    0
                } else {
                    u64::try_from(weight).unwrap_or(u64::MAX >> 8)
                },
            }
        });
    let graph = Graph::new(problem.graph.nodes(), edges.collect()).ok()?;
    let mut terminals = vec![problem.root];
    let taken = (0..problem.items.len()).filter(|item| grown.taken[*item]);
    terminals.extend(taken.filter_map(|item| problem.items[item].node));
    let never = || false;
    let route = solve(
        &Problem::steiner(graph, &terminals),
        &mut Work::new(STEPS, &never),
    )
    .ok()?;
    let mut next = grown.clone();
    for edge in 0..next.used.len() {
        let ends = problem.graph.edges()[edge].ends;
        let locked = ends.iter().all(|node| grown.locked_nodes[*node as usize]);
        if next.used[edge] && !locked {
            next.drop_edge(u32::try_from(edge).ok()?);
        }
    }
    next.inside.clone_from(&next.locked_nodes);
    for edge in route.edges {
        let ends = problem.graph.edges()[edge as usize].ends;
        if !ends.iter().all(|node| grown.locked_nodes[*node as usize]) {
            next.use_edge(edge);
        }
    }
    if !next.fits(ceiling) {
        return None;
    }
    next.fill(ceiling, price, &Allowed::all(), item_at);
    Some(next)
}
