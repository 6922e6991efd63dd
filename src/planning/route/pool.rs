//! Many trees: grown from different starts over slightly changed weights, each improved, and joined
//! in pairs: the best tree within the edges of two good trees is often better than both.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use super::branch::Search;
use super::build::{Appetite, Ground, extend, grow};
use super::exchange::exchange_paths;
use super::insert::insert_nodes;
use super::network::Network;
use super::tree::{Tree, price};
use super::{Problem, Work};

/// Trees kept to be joined.
const KEPT: usize = 10;
/// Weights are changed by at most this share.
const CHANGE_PERCENT: u64 = 35;

/// Numbers that look drawn by chance, the same in every run (`SplitMix64`, Steele and others 2014).
#[derive(Debug, Clone)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// A number below `below`.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }
}

/// A tree after all moves of local search, until none pays or no steps are left.
pub(super) fn improve(problem: &Problem, mut tree: Tree, work: &mut Work<'_>) -> Tree {
    let weights: Vec<u64> = problem.graph.edges().iter().map(|e| e.weight).collect();
    let prizes = problem.prizes.iter().any(|prize| *prize > 0);
    loop {
        let before = tree.cost;
        if prizes && work.spend(problem.graph.nodes()) {
            let longer = extend(problem, &weights, &tree);
            if longer.cost < tree.cost {
                tree = longer;
            }
        }
        while let Some(better) = insert_nodes(problem, &tree, work) {
            tree = better;
        }
        if let Some(better) = exchange_paths(problem, &tree, work) {
            tree = better;
        }
        if tree.cost >= before || !work.goes_on() {
            return tree;
        }
    }
}

/// Nodes from which to grow: required ones, else those with the largest prizes.
fn starts(problem: &Problem) -> Vec<u32> {
    let numbers = problem.graph.numbers();
    let required: Vec<u32> = numbers
        .clone()
        .filter(|node| problem.required[*node as usize])
        .collect();
    if !required.is_empty() {
        return required;
    }
    let mut prized: Vec<u32> = numbers
        .filter(|node| problem.prizes[*node as usize] > 0)
        .collect();
    prized.sort_by_key(|node| (std::cmp::Reverse(problem.prizes[*node as usize]), *node));
    prized.truncate(30);
    prized
}

/// Whether a tree contains everything required.
pub(super) fn complete(problem: &Problem, tree: &Tree) -> bool {
    let has = |node: &&u32| problem.required[**node as usize];
    let required = problem.required.iter().filter(|is| **is).count();
    tree.nodes.iter().filter(has).count() == required && !tree.nodes.is_empty()
}

impl Search<'_> {
    /// Grows and improves `count` trees, then joins them in pairs; reports each to the search.
    pub(super) fn many(
        &mut self,
        network: &Network,
        problem: &Problem,
        count: usize,
        first: Vec<Tree>,
        work: &mut Work<'_>,
    ) {
        let starts = starts(problem);
        if starts.is_empty() {
            return;
        }
        let mut kept: Vec<Tree> = Vec::new();
        for tree in first {
            keep(&mut kept, tree);
        }
        for turn in 0..count {
            if !work.spend(problem.graph.nodes() + problem.graph.edges().len()) {
                break;
            }
            let tree = improve(problem, self.grown(problem, &starts, turn), work);
            if complete(problem, &tree) {
                self.report(network, &tree);
                keep(&mut kept, tree);
            }
        }
        self.pairs(network, problem, kept, work);
    }

    fn grown(&mut self, problem: &Problem, starts: &[u32], turn: usize) -> Tree {
        let vary = |drawn: &mut Chance, weight: u64| {
            let percent = drawn.below(CHANGE_PERCENT + 1);
            weight + weight / 100 * percent + weight % 100 * percent / 100
        };
        let chance = &mut self.chance;
        let edges = problem.graph.edges().iter();
        let weights: Vec<u64> = if turn < 2 {
            edges.map(|edge| edge.weight).collect()
        } else {
            edges.map(|edge| vary(chance, edge.weight)).collect()
        };
        let which = usize::try_from(chance.below(starts.len() as u64)).unwrap_or(0);
        let ground = Ground {
            problem,
            weights: &weights,
            appetite: if turn.is_multiple_of(2) {
                Appetite::All
            } else {
                Appetite::Paying
            },
        };
        grow(ground, starts[if turn < 2 { 0 } else { which }])
    }

    /// Joins trees that were kept, until several pairs in a row give nothing new.
    fn pairs(
        &mut self,
        network: &Network,
        problem: &Problem,
        mut kept: Vec<Tree>,
        work: &mut Work<'_>,
    ) {
        let mut idle = 0;
        while kept.len() > 1 && idle < 2 * KEPT && work.spend(problem.graph.edges().len()) {
            let count = kept.len() as u64;
            let a = usize::try_from(self.chance.below(count)).unwrap_or(0);
            let step = 1 + usize::try_from(self.chance.below(count - 1)).unwrap_or(0);
            let b = (a + step) % kept.len();
            idle += 1;
            let Some(joined) = join(problem, [&kept[a], &kept[b]], work) else {
                continue;
            };
            let joined = improve(problem, joined, work);
            let better = joined.cost < kept[a].cost.min(kept[b].cost);
            self.report(network, &joined);
            if keep(&mut kept, joined) && better {
                idle = 0;
            }
        }
    }
}

/// Keeps a tree when it is not there and among the best; whether it was kept.
fn keep(kept: &mut Vec<Tree>, tree: Tree) -> bool {
    if kept.contains(&tree) {
        return false;
    }
    let place = kept.partition_point(|other| other.cost <= tree.cost);
    kept.insert(place, tree);
    let stays = place < KEPT;
    kept.truncate(KEPT);
    stays
}

/// The best tree that a short search finds within the edges of two.
fn join(problem: &Problem, trees: [&Tree; 2], work: &mut Work<'_>) -> Option<Tree> {
    let mut network = Network::of(problem);
    let mut inside = vec![false; network.ends.len()];
    // Loops have no place in a network, so numbers differ: the origin is the problem's number.
    let mut wanted = vec![false; problem.graph.edges().len()];
    for edge in trees.iter().flat_map(|tree| &tree.edges) {
        wanted[*edge as usize] = true;
    }
    for (edge, origin) in network.origin.iter().enumerate() {
        inside[edge] = wanted[*origin as usize];
    }
    for (edge, inside) in inside.iter().enumerate() {
        network.edge_gone[edge] |= !inside;
    }
    let best = trees.iter().min_by_key(|tree| tree.cost)?;
    let share = work.left() / 50;
    let found = work.part(share, |work| Search::within(problem, network, best, work))?;
    let mut nodes: Vec<u32> = found
        .edges
        .iter()
        .flat_map(|edge| problem.graph.edges()[*edge as usize].ends)
        .chain([found.node])
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut tree = Tree {
        edges: found.edges,
        nodes,
        cost: 0,
    };
    price(problem, &mut tree);
    Some(tree)
}
