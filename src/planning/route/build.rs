//! Trees grown from nothing: from a start, along the shortest path to the next node that is required
//! or pays for its way (Takahashi and Matsuyama 1980, with one queue).

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use std::cmp::Reverse;

use super::Problem;
use super::tree::{NONE, Queue, Tree, marks, span};

/// Which nodes the growth goes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appetite {
    /// All that are required or have a prize; what does not pay is pruned afterwards.
    All,
    /// Those that are required, or whose prize is more than the way there.
    Paying,
}

/// What a growth works with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) problem: &'a Problem,
    /// Weights by edge: the graph's own, or changed ones; `u64::MAX` closes an edge.
    pub(super) weights: &'a [u64],
    pub(super) appetite: Appetite,
}

/// A tree grown from `start`, pruned and priced by the graph's own weights.
pub(super) fn grow(ground: Ground<'_>, start: u32) -> Tree {
    let mut inside = vec![false; ground.problem.graph.nodes()];
    inside[start as usize] = true;
    spread(ground, &mut inside);
    span(ground.problem, &inside, start)
}

/// A tree with the further nodes that pay for their way to it.
pub(super) fn extend(problem: &Problem, weights: &[u64], tree: &Tree) -> Tree {
    let mut inside = marks(problem, tree);
    let appetite = Appetite::Paying;
    let ground = Ground {
        problem,
        weights,
        appetite,
    };
    spread(ground, &mut inside);
    match tree.nodes.first() {
        Some(first) => span(problem, &inside, *first),
        None => tree.clone(),
    }
}

/// Adds to `inside` the way to each node that the growth goes for, nearest first.
///
/// Where only paying nodes count, an edge into a node costs less by that node's prize, down to
/// nothing: a way through several prizes is found although none of them pays alone.
fn spread(ground: Ground<'_>, inside: &mut [bool]) {
    let problem = ground.problem;
    let graph = &problem.graph;
    let paying = ground.appetite == Appetite::Paying;
    // By node: its distance, the same without its own prize taken off, and where it was reached from.
    let mut label = vec![(u64::MAX, u64::MAX, NONE); graph.nodes()];
    let mut queue = Queue::new();
    for node in graph.numbers().filter(|node| inside[*node as usize]) {
        label[node as usize] = (0, 0, NONE);
        queue.push(Reverse((0, node)));
    }
    while let Some(Reverse((distance, node))) = queue.pop() {
        let at = node as usize;
        if distance > label[at].0 {
            continue;
        }
        let prize = problem.prizes[at];
        let pays = if paying {
            prize > label[at].1
        } else {
            prize > 0
        };
        if !inside[at] && (problem.required[at] || pays) {
            let mut way = node;
            while way != NONE && !inside[way as usize] {
                inside[way as usize] = true;
                label[way as usize].0 = 0;
                // The way is looked at again, from distance 0.
                queue.push(Reverse((0, way)));
                way = label[way as usize].2;
            }
            continue;
        }
        for &(to, edge) in graph.around(node) {
            let weight = ground.weights[edge as usize];
            if weight == u64::MAX || inside[to as usize] {
                continue;
            }
            let off = if paying {
                problem.prizes[to as usize].min(weight)
            } else {
                0
            };
            let longer = distance + weight - off;
            if longer < label[to as usize].0 {
                label[to as usize] = (longer, distance + weight, node);
                queue.push(Reverse((longer, to)));
            }
        }
    }
}
