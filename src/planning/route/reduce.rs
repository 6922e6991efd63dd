//! Smaller problems with the same optimum: dead ends and paths go, edges beside a cheaper way go,
//! terminals are joined where some best tree joins them (Duin and Volgenant 1989; Polzin and Vahdati
//! Daneshmand 2001; with prizes: Uchoa 2006, Rehfeldt and Koch 2021).

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the network at hand"
)]

use std::cmp::Reverse;

use super::Work;
use super::network::{Found, Network, Origins};
use super::tree::Queue;

/// Edges looked at in the search for one cheaper way.
const DETOUR_EDGES_MAX: usize = 300;

/// A network, what its edges stand for, and the best tree of a single node seen on the way.
#[derive(Debug)]
pub(super) struct Reducer<'a> {
    pub(super) network: &'a mut Network,
    pub(super) origins: &'a mut Origins,
    /// The best tree of one node (with what is attached to it) that was taken out.
    pub(super) alone: Option<Found>,
    marks: Marks,
}

/// Distances of a search that looks at few nodes of many: those of an earlier round count as none.
#[derive(Debug)]
struct Marks {
    round: u32,
    /// By node: the round it was reached in, its distance, the round it was done in.
    label: Vec<(u32, u64, u32)>,
}

impl Marks {
    fn begin(&mut self) {
        self.round += 1;
    }

    /// Takes in a distance; false when the node is done or has one that is no longer.
    fn reach(&mut self, node: u32, distance: u64) -> bool {
        let (round, best, done) = &mut self.label[node as usize];
        let shorter = *round != self.round || distance < *best;
        if *done == self.round || !shorter {
            return false;
        }
        (*round, *best) = (self.round, distance);
        true
    }

    fn is_done(&self, node: u32) -> bool {
        self.label[node as usize].2 == self.round
    }

    /// A node is done; false when it was.
    fn finish(&mut self, node: u32) -> bool {
        let done = &mut self.label[node as usize].2;
        std::mem::replace(done, self.round) != self.round
    }
}

impl<'a> Reducer<'a> {
    pub(super) fn new(network: &'a mut Network, origins: &'a mut Origins) -> Self {
        let marks = Marks {
            round: 0,
            label: vec![(0, 0, 0); network.node_gone.len()],
        };
        Self {
            network,
            origins,
            alone: None,
            marks,
        }
    }

    /// Every test, until nothing changes any more or no steps are left.
    pub(super) fn run(&mut self, work: &mut Work<'_>) {
        loop {
            self.degrees(work);
            let before = self.network.edge_gone.iter().filter(|gone| !**gone).count();
            let gone = self.detours(work);
            self.join_terminals(work);
            self.degrees(work);
            // A round that takes out few edges is not worth another one.
            if gone * 50 < before.max(1) || !work.goes_on() {
                return;
            }
        }
    }

    /// Nodes with few edges: dead ends without use, dead ends of use, and paths.
    pub(super) fn degrees(&mut self, work: &mut Work<'_>) {
        let count = u32::try_from(self.network.node_gone.len()).unwrap_or(0);
        let mut open: Vec<u32> = (0..count).rev().collect();
        while let Some(node) = open.pop() {
            if self.network.node_gone[node as usize] || !work.spend(1) {
                continue;
            }
            if self.network.degree(node) > 2 {
                continue;
            }
            let edges = self.network.edges_at(node);
            let others: Vec<u32> = edges.iter().map(|e| self.network.other(*e, node)).collect();
            let changed = match edges[..] {
                [] => self.lonely(node),
                [edge] => self.dead_end(node, edge),
                [a, b] => self.path(node, a, b),
                _ => false,
            };
            if changed {
                open.extend(others);
            }
        }
    }

    /// Remembers the tree of this node alone, which a reduction is about to lose.
    fn remember(&mut self, node: u32) {
        let network = &*self.network;
        if network.prize[node as usize] == 0 || network.required.contains(&true) {
            return;
        }
        let found = network.found(&network.alone(node), self.origins);
        let better = |found: &Found| {
            self.alone
                .as_ref()
                .is_none_or(|best| found.cost < best.cost)
        };
        if let Some(found) = found.filter(better) {
            self.alone = Some(found);
        }
    }

    fn lonely(&mut self, node: u32) -> bool {
        if self.network.required[node as usize] {
            return false;
        }
        self.remember(node);
        self.network.leave(node);
        true
    }

    fn dead_end(&mut self, node: u32, edge: u32) -> bool {
        let network = &mut *self.network;
        let (prize, weight) = (network.prize[node as usize], network.weight[edge as usize]);
        if network.required[node as usize] {
            // A single required node may stay alone.
            if network.required_count() < 2 {
                return false;
            }
            network.contract(edge, node, self.origins);
            return true;
        }
        self.remember(node);
        if prize <= weight {
            self.network.leave(node);
            return true;
        }
        let network = &mut *self.network;
        let to = network.other(edge, node);
        network.offset += weight;
        let with = network.attached[node as usize];
        network.attach(to, network.origin[edge as usize], self.origins);
        network.attach(to, with, self.origins);
        if !network.required[to as usize] {
            network.prize[to as usize] += prize - weight;
        }
        network.take_out(node);
        true
    }

    /// A node between two edges, which no best tree ends at, becomes an edge.
    fn path(&mut self, node: u32, a: u32, b: u32) -> bool {
        let network = &*self.network;
        let prize = network.prize[node as usize];
        let weights = [network.weight[a as usize], network.weight[b as usize]];
        if network.required[node as usize] || prize > weights[0].min(weights[1]) {
            return false;
        }
        self.remember(node);
        let network = &mut *self.network;
        let ends = [network.other(a, node), network.other(b, node)];
        let with = network.attached[node as usize];
        let origin = self
            .origins
            .both(network.origin[a as usize], network.origin[b as usize]);
        let origin = self.origins.both(origin, with);
        network.leave(node);
        network.add(ends, weights[0] + weights[1] - prize, origin);
        true
    }

    /// Takes out each edge beside which a walk leads whose dearest part between two terminals costs
    /// no more. The number of edges that went.
    fn detours(&mut self, work: &mut Work<'_>) -> usize {
        let count = self.network.ends.len();
        let mut edges: Vec<u32> = (0_u32..).take(count).collect();
        edges.retain(|edge| !self.network.edge_gone[*edge as usize]);
        edges.sort_by_key(|edge| Reverse((self.network.weight[*edge as usize], *edge)));
        let mut gone = 0;
        for edge in edges {
            if !work.goes_on() {
                break;
            }
            if self.detour(edge, work) {
                self.network.edge_gone[edge as usize] = true;
                gone += 1;
            }
        }
        gone
    }

    /// Whether a walk from one end of an edge to the other, without it, never costs more than it
    /// between two terminals; a prize shortens the walk through its node by as much.
    fn detour(&mut self, edge: u32, work: &mut Work<'_>) -> bool {
        let (network, marks) = (&*self.network, &mut self.marks);
        let ([start, goal], most) = (network.ends[edge as usize], network.weight[edge as usize]);
        marks.begin();
        marks.reach(start, 0);
        let mut queue = Queue::from([Reverse((0, start))]);
        let mut seen = 0;
        while let Some(Reverse((distance, node))) = queue.pop() {
            if !marks.finish(node) {
                continue;
            }
            for &next in &network.around[node as usize] {
                if network.edge_gone[next as usize] || next == edge {
                    continue;
                }
                seen += 1;
                let to = network.other(next, node);
                let longer = distance + network.weight[next as usize];
                if longer > most || marks.is_done(to) {
                    continue;
                }
                if to == goal {
                    work.spend(seen * 2);
                    return true;
                }
                let from = if network.required[to as usize] {
                    0
                } else {
                    longer.saturating_sub(network.prize[to as usize])
                };
                if marks.reach(to, from) {
                    queue.push(Reverse((from, to)));
                }
            }
            if seen > DETOUR_EDGES_MAX {
                break;
            }
        }
        work.spend(seen * 2 + 1);
        false
    }

    /// Joins a terminal with the other end of its cheapest edge where some best tree has this edge:
    /// the next edge costs no less than going over it to another terminal.
    fn join_terminals(&mut self, work: &mut Work<'_>) {
        let count = self.network.required.len();
        for node in (0_u32..).take(count) {
            let terminal = self.network.required[node as usize];
            if !terminal || self.network.required_count() < 2 || !work.spend(10) {
                continue;
            }
            let mut edges = self.network.edges_at(node);
            edges.sort_by_key(|edge| (self.network.weight[*edge as usize], *edge));
            let [first, second] = match edges[..] {
                [first] => [first, first],
                [first, second, ..] => [first, second],
                [] => continue,
            };
            let network = &*self.network;
            let to = network.other(first, node);
            let weight = network.weight[first as usize];
            let over = if first == second {
                u64::MAX
            } else {
                network.weight[second as usize] - weight
            };
            let sure = network.required[to as usize] || self.terminal_within(to, node, over, work);
            if sure {
                self.network.contract(first, node, self.origins);
            }
        }
    }

    /// Whether a required node lies within `most` of `from`, on a way that avoids `without`.
    fn terminal_within(&mut self, from: u32, without: u32, most: u64, work: &mut Work<'_>) -> bool {
        let (network, marks) = (&*self.network, &mut self.marks);
        marks.begin();
        marks.reach(from, 0);
        let mut queue = Queue::from([Reverse((0, from))]);
        let mut seen = 0;
        while let Some(Reverse((distance, node))) = queue.pop() {
            if network.required[node as usize] {
                return true;
            }
            if seen > DETOUR_EDGES_MAX {
                break;
            }
            for &edge in &network.around[node as usize] {
                let to = network.other(edge, node);
                if network.edge_gone[edge as usize] || to == without {
                    continue;
                }
                seen += 1;
                let longer = distance + network.weight[edge as usize];
                if longer <= most && marks.reach(to, longer) {
                    queue.push(Reverse((longer, to)));
                }
            }
        }
        work.spend(seen * 2);
        false
    }
}
