//! Trees: the cheapest over given nodes, without its useless branches.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Problem;
use crate::graph::{Graph, Joined};

/// No node, or no edge.
pub(super) const NONE: u32 = u32::MAX;

/// A queue of (distance, node), the nearest first.
pub(super) type Queue = BinaryHeap<Reverse<(u64, u32)>>;

/// A tree in a problem's graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tree {
    pub(super) edges: Vec<u32>,
    pub(super) nodes: Vec<u32>,
    /// Edges plus the prizes of the nodes outside.
    pub(super) cost: u64,
}

/// A tree with a direction: for each node the one above it and the edge there.
#[derive(Debug, Clone)]
pub(super) struct Rooted {
    /// By node: the node above; `NONE` at the top and outside.
    pub(super) above: Vec<u32>,
    /// By node: the edge to the node above.
    pub(super) edge: Vec<u32>,
    /// The nodes, each after the one above it.
    pub(super) order: Vec<u32>,
}

impl Rooted {
    fn empty(nodes: usize) -> Self {
        Self {
            above: vec![NONE; nodes],
            edge: vec![NONE; nodes],
            order: Vec::new(),
        }
    }

    /// A tree of at least one node, seen from `top`.
    pub(super) fn of(problem: &Problem, tree: &Tree, top: u32) -> Self {
        let nodes = problem.graph.nodes();
        let mut around: Vec<Vec<(u32, u32)>> = vec![Vec::new(); nodes];
        for &edge in &tree.edges {
            let [a, b] = problem.graph.edges()[edge as usize].ends;
            around[a as usize].push((b, edge));
            around[b as usize].push((a, edge));
        }
        let mut rooted = Self::empty(nodes);
        rooted.order.push(top);
        let mut next = 0;
        while let Some(&node) = rooted.order.get(next) {
            next += 1;
            for &(to, edge) in &around[node as usize] {
                if to != rooted.above[node as usize] {
                    rooted.above[to as usize] = node;
                    rooted.edge[to as usize] = edge;
                    rooted.order.push(to);
                }
            }
        }
        rooted
    }
}

/// The best tree within the nodes of `inside`: the cheapest spanning tree of the part that contains
/// `top`, without the branches that cost more than they bring.
pub(super) fn span(problem: &Problem, inside: &[bool], top: u32) -> Tree {
    let rooted = spanning(problem, inside, top);
    prune(problem, &rooted)
}

/// Prim's cheapest spanning tree of the part of `inside` that contains `top`.
fn spanning(problem: &Problem, inside: &[bool], top: u32) -> Rooted {
    let graph = &problem.graph;
    let mut rooted = Rooted::empty(graph.nodes());
    let mut best = vec![u64::MAX; graph.nodes()];
    let mut done = vec![false; graph.nodes()];
    let mut queue = Queue::from([Reverse((0, top))]);
    while let Some(Reverse((_, node))) = queue.pop() {
        if done[node as usize] {
            continue;
        }
        done[node as usize] = true;
        rooted.order.push(node);
        for &(to, edge) in graph.around(node) {
            let weight = graph.weight(edge);
            if inside[to as usize] && !done[to as usize] && weight < best[to as usize] {
                best[to as usize] = weight;
                rooted.above[to as usize] = node;
                rooted.edge[to as usize] = edge;
                queue.push(Reverse((weight, to)));
            }
        }
    }
    rooted
}

/// The best subtree of a tree: it keeps what is required, and each branch that brings more prizes
/// than its edges cost. Without a required node, the best node is the top.
fn prune(problem: &Problem, rooted: &Rooted) -> Tree {
    let graph = &problem.graph;
    let mut value = vec![0_u64; graph.nodes()];
    let mut must = vec![false; graph.nodes()];
    let mut kept = vec![false; graph.nodes()];
    for &node in rooted.order.iter().rev() {
        let at = node as usize;
        if problem.required[at] {
            must[at] = true;
        } else {
            value[at] += problem.prizes[at];
        }
        let (above, edge) = (rooted.above[at], rooted.edge[at]);
        if above == NONE {
            continue;
        }
        let weight = graph.weight(edge);
        if must[at] {
            // A required branch stays whatever it costs, so its value decides nothing above.
            must[above as usize] = true;
            kept[at] = true;
        } else if value[at] > weight {
            kept[at] = true;
            value[above as usize] += value[at] - weight;
        }
    }
    let Some(&first) = rooted.order.first() else {
        return Tree::default();
    };
    let top = if must[first as usize] {
        let tree = Pruned {
            rooted,
            must: &must,
            kept: &kept,
            value: &value,
        };
        tree.lowest_top(problem, first)
    } else {
        let best = rooted.order.iter().copied();
        best.max_by_key(|node| (value[*node as usize], Reverse(*node)))
            .unwrap_or(first)
    };
    collect(problem, rooted, &kept, top)
}

/// A tree on which it is decided which branches stay.
struct Pruned<'a> {
    rooted: &'a Rooted,
    /// By node: something required hangs on it.
    must: &'a [bool],
    kept: &'a [bool],
    /// By node: what its kept branches without required nodes bring, and its own prize.
    value: &'a [u64],
}

impl Pruned<'_> {
    /// The top moves down while it is not required itself, holds only one required branch, and
    /// brings less than the edge to that branch costs.
    fn lowest_top(&self, problem: &Problem, first: u32) -> u32 {
        let mut branches = vec![(0_u32, NONE); problem.graph.nodes()];
        for &node in &self.rooted.order {
            let above = self.rooted.above[node as usize];
            if above != NONE && self.must[node as usize] && self.kept[node as usize] {
                let (count, _) = branches[above as usize];
                branches[above as usize] = (count + 1, node);
            }
        }
        let mut top = first;
        while let (1, below) = branches[top as usize] {
            let weight = problem.graph.weight(self.rooted.edge[below as usize]);
            if problem.required[top as usize] || self.value[top as usize] > weight {
                break;
            }
            top = below;
        }
        top
    }
}

/// The kept branches below `top`.
fn collect(problem: &Problem, rooted: &Rooted, kept: &[bool], top: u32) -> Tree {
    let mut inside = vec![false; problem.graph.nodes()];
    let mut tree = Tree::default();
    inside[top as usize] = true;
    tree.nodes.push(top);
    for &node in &rooted.order {
        let at = node as usize;
        let above = rooted.above[at];
        if node != top && above != NONE && kept[at] && inside[above as usize] {
            inside[at] = true;
            tree.nodes.push(node);
            tree.edges.push(rooted.edge[at]);
        }
    }
    price(problem, &mut tree);
    tree
}

/// Puts a tree in order and works out its cost.
pub(super) fn price(problem: &Problem, tree: &mut Tree) {
    tree.edges.sort_unstable();
    tree.nodes.sort_unstable();
    let edges: u64 = tree.edges.iter().map(|e| problem.graph.weight(*e)).sum();
    let nodes = tree.nodes.iter().map(|node| *node as usize);
    let taken: u64 = nodes
        .filter(|node| !problem.required[*node])
        .map(|node| problem.prizes[node])
        .sum();
    tree.cost = edges + problem.prizes_total() - taken;
}

/// The node from which a tree is looked at: a required one when there is one.
pub(super) fn top_of(problem: &Problem, tree: &Tree) -> Option<u32> {
    let mut nodes = tree.nodes.iter().copied();
    let required = nodes.find(|node| problem.required[*node as usize]);
    required.or_else(|| tree.nodes.first().copied())
}

/// A mark for each node of a tree.
pub(super) fn marks(problem: &Problem, tree: &Tree) -> Vec<bool> {
    let mut inside = vec![false; problem.graph.nodes()];
    for &node in &tree.nodes {
        inside[node as usize] = true;
    }
    inside
}

/// The nearest of several nodes, from everywhere: (distance, that node, edge towards it) by node.
pub(super) fn nearest(graph: &Graph, from: &[u32]) -> Vec<(u64, u32, u32)> {
    let mut found = vec![(u64::MAX, NONE, NONE); graph.nodes()];
    let mut queue = Queue::new();
    for &node in from {
        found[node as usize] = (0, node, NONE);
        queue.push(Reverse((0, node)));
    }
    while let Some(Reverse((distance, node))) = queue.pop() {
        let (best, base, _) = found[node as usize];
        if distance > best {
            continue;
        }
        for &(to, edge) in graph.around(node) {
            let longer = distance + graph.weight(edge);
            if longer < found[to as usize].0 {
                found[to as usize] = (longer, base, edge);
                queue.push(Reverse((longer, to)));
            }
        }
    }
    found
}

/// The peer of our own trees: the cheapest spanning tree of the terminals' distances, its paths laid
/// into the graph (Kou, Markowsky and Berman 1981; Mehlhorn 1988). It costs at most twice the
/// optimum; connectivity planners route fibre this way. The edges, and what they cost.
#[must_use]
pub fn terminal_spanning_tree(problem: &Problem) -> (Vec<u32>, u64) {
    let graph = &problem.graph;
    let terminals: Vec<u32> = graph
        .numbers()
        .filter(|node| problem.required[*node as usize])
        .collect();
    let near = nearest(graph, &terminals);
    let mut bridges: Vec<(u64, u32)> = (0_u32..)
        .zip(graph.edges())
        .filter_map(|(number, edge)| {
            let [a, b] = edge.ends.map(|node| near[node as usize]);
            let apart = a.1 != b.1 && a.1 != NONE && b.1 != NONE;
            apart.then(|| (a.0 + edge.weight + b.0, number))
        })
        .collect();
    bridges.sort_unstable();
    let mut joined = Joined::new(graph.nodes());
    let mut inside = vec![false; graph.nodes()];
    for terminal in &terminals {
        inside[*terminal as usize] = true;
    }
    for (_, bridge) in bridges {
        let ends = graph.edges()[bridge as usize].ends;
        let bases = ends.map(|node| near[node as usize].1);
        if !joined.join(bases[0], bases[1]) {
            continue;
        }
        for mut node in ends {
            while !inside[node as usize] {
                inside[node as usize] = true;
                let edge = near[node as usize].2;
                let [a, b] = graph.edges()[edge as usize].ends;
                node = if a == node { b } else { a };
            }
        }
    }
    let Some(&top) = terminals.first() else {
        return (Vec::new(), 0);
    };
    let tree = span(problem, &inside, top);
    let cost = tree.edges.iter().map(|edge| graph.weight(*edge)).sum();
    (tree.edges, cost)
}
