//! A problem that is being made smaller: edges and nodes go, paths become edges, nodes become one;
//! each thing that is left remembers the edges of the graph as given that it stands for.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the network at hand"
)]

use super::Problem;
use super::tree::{NONE, Tree};
use crate::graph::{Edge, Graph};

/// What edges stand for: an edge of the given graph, or two of these. Only ever longer, so that all
/// networks of one search share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins {
    pairs: Vec<[u32; 2]>,
    given: u32,
}

impl Origins {
    pub(super) fn new(edges: usize) -> Self {
        Self {
            pairs: Vec::new(),
            given: u32::try_from(edges).unwrap_or(NONE),
        }
    }

    /// Both of two, either of which may be nothing (`NONE`).
    pub(super) fn both(&mut self, a: u32, b: u32) -> u32 {
        if a == NONE || b == NONE {
            return a.min(b);
        }
        self.pairs.push([a, b]);
        self.given + u32::try_from(self.pairs.len() - 1).unwrap_or(0)
    }

    fn expand(&self, origin: u32, into: &mut Vec<u32>) {
        let mut open = vec![origin];
        while let Some(origin) = open.pop() {
            if origin == NONE {
                continue;
            }
            match origin.checked_sub(self.given) {
                Some(pair) => open.extend(self.pairs[pair as usize]),
                None => into.push(origin),
            }
        }
    }
}

/// A tree in the graph as given: its edges, a node of it, its cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) edges: Vec<u32>,
    pub(super) node: u32,
    pub(super) cost: u64,
}

/// The smaller problem.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    pub(super) ends: Vec<[u32; 2]>,
    pub(super) weight: Vec<u64>,
    pub(super) origin: Vec<u32>,
    pub(super) edge_gone: Vec<bool>,
    /// By node: its edges; some may be gone.
    pub(super) around: Vec<Vec<u32>>,
    pub(super) prize: Vec<u64>,
    pub(super) required: Vec<bool>,
    pub(super) node_gone: Vec<bool>,
    /// By node: what comes with it when the tree contains it.
    pub(super) attached: Vec<u32>,
    /// By node: a node of the given graph that it stands for.
    pub(super) label: Vec<u32>,
    /// What every tree costs, beside what is left.
    pub(super) offset: u64,
}

impl Network {
    pub(super) fn of(problem: &Problem) -> Self {
        let nodes = problem.graph.nodes();
        let mut network = Self {
            prize: problem.prizes.clone(),
            required: problem.required.clone(),
            node_gone: vec![false; nodes],
            attached: vec![NONE; nodes],
            label: problem.graph.numbers().collect(),
            around: vec![Vec::new(); nodes],
            ..Self::default()
        };
        for (prize, required) in network.prize.iter_mut().zip(&network.required) {
            if *required {
                *prize = 0;
            }
        }
        for (origin, edge) in (0_u32..).zip(problem.graph.edges()) {
            if edge.ends[0] != edge.ends[1] {
                network.add(edge.ends, edge.weight, origin);
            }
        }
        network
    }

    /// Adds an edge, unless one between the same nodes costs no more; the dearer one goes.
    pub(super) fn add(&mut self, ends: [u32; 2], weight: u64, origin: u32) {
        if let Some(edge) = self.between(ends) {
            if self.weight[edge as usize] <= weight {
                return;
            }
            self.edge_gone[edge as usize] = true;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(NONE);
        self.ends.push(ends);
        self.weight.push(weight);
        self.origin.push(origin);
        self.edge_gone.push(false);
        for node in ends {
            self.around[node as usize].push(number);
        }
    }

    /// The edge between two nodes.
    fn between(&self, [a, b]: [u32; 2]) -> Option<u32> {
        let few = self.around[a as usize].len() <= self.around[b as usize].len();
        let (from, to) = if few { (a, b) } else { (b, a) };
        let around = self.around[from as usize].iter().copied();
        around
            .filter(|edge| !self.edge_gone[*edge as usize])
            .find(|edge| self.other(*edge, from) == to)
    }

    pub(super) fn other(&self, edge: u32, node: u32) -> u32 {
        let [a, b] = self.ends[edge as usize];
        if a == node { b } else { a }
    }

    /// The edges at a node that are left.
    pub(super) fn edges_at(&mut self, node: u32) -> Vec<u32> {
        let gone = &self.edge_gone;
        self.around[node as usize].retain(|edge| !gone[*edge as usize]);
        self.around[node as usize].clone()
    }

    pub(super) fn degree(&self, node: u32) -> usize {
        let around = self.around[node as usize].iter();
        around
            .filter(|edge| !self.edge_gone[**edge as usize])
            .count()
    }

    /// Takes a node out for good; its prize is lost.
    pub(super) fn leave(&mut self, node: u32) {
        self.offset += self.prize[node as usize];
        self.take_out(node);
    }

    /// Takes a node out whose prize is accounted for elsewhere.
    pub(super) fn take_out(&mut self, node: u32) {
        self.prize[node as usize] = 0;
        self.node_gone[node as usize] = true;
        for edge in std::mem::take(&mut self.around[node as usize]) {
            self.edge_gone[edge as usize] = true;
        }
    }

    /// A node becomes required.
    pub(super) fn require(&mut self, node: u32) {
        self.required[node as usize] = true;
        self.prize[node as usize] = 0;
    }

    /// Nodes that are left and required.
    pub(super) fn required_count(&self) -> usize {
        self.required.iter().filter(|is| **is).count()
    }

    /// Two nodes joined by `edge`, of which `node` is required, become one: `into`, required too.
    pub(super) fn contract(&mut self, edge: u32, node: u32, origins: &mut Origins) {
        let into = self.other(edge, node);
        self.require(into);
        self.offset += self.weight[edge as usize];
        self.attach(into, self.origin[edge as usize], origins);
        self.attach(into, self.attached[node as usize], origins);
        let moved: Vec<(u32, u64, u32)> = self
            .edges_at(node)
            .into_iter()
            .map(|e| {
                (
                    self.other(e, node),
                    self.weight[e as usize],
                    self.origin[e as usize],
                )
            })
            .collect();
        self.required[node as usize] = false;
        self.take_out(node);
        for (to, weight, origin) in moved {
            if to != into {
                self.add([into, to], weight, origin);
            }
        }
    }

    pub(super) fn attach(&mut self, node: u32, origin: u32, origins: &mut Origins) {
        self.attached[node as usize] = origins.both(self.attached[node as usize], origin);
    }

    /// The same without what is gone, and how its nodes are numbered now.
    pub(super) fn compact(&self) -> Self {
        let mut number = vec![NONE; self.node_gone.len()];
        let mut smaller = Self {
            offset: self.offset,
            ..Self::default()
        };
        for (node, _) in self
            .node_gone
            .iter()
            .enumerate()
            .filter(|(_, gone)| !**gone)
        {
            number[node] = u32::try_from(smaller.prize.len()).unwrap_or(NONE);
            smaller.prize.push(self.prize[node]);
            smaller.required.push(self.required[node]);
            smaller.attached.push(self.attached[node]);
            smaller.label.push(self.label[node]);
        }
        smaller.node_gone = vec![false; smaller.prize.len()];
        smaller.around = vec![Vec::new(); smaller.prize.len()];
        for (edge, _) in self
            .edge_gone
            .iter()
            .enumerate()
            .filter(|(_, gone)| !**gone)
        {
            let ends = self.ends[edge].map(|node| number[node as usize]);
            let added = u32::try_from(smaller.ends.len()).unwrap_or(NONE);
            smaller.ends.push(ends);
            smaller.weight.push(self.weight[edge]);
            smaller.origin.push(self.origin[edge]);
            for node in ends {
                smaller.around[node as usize].push(added);
            }
        }
        smaller.edge_gone = vec![false; smaller.ends.len()];
        smaller
    }

    /// A network that has nothing gone, as a problem with the same numbers.
    pub(super) fn problem(&self) -> Problem {
        let edges = self.ends.iter().zip(&self.weight);
        let edges = edges.map(|(ends, weight)| Edge {
            ends: *ends,
            weight: *weight,
        });
        // It is no larger than the graph it came from, so it fits.
        let graph = Graph::new(self.prize.len(), edges.collect()).unwrap_or_default();
        Problem {
            graph,
            prizes: self.prize.clone(),
            required: self.required.clone(),
        }
    }

    /// A tree of this network in the graph as given.
    pub(super) fn found(&self, tree: &Tree, origins: &Origins) -> Option<Found> {
        let node = self.label[*tree.nodes.first()? as usize];
        let mut edges = Vec::new();
        for &edge in &tree.edges {
            origins.expand(self.origin[edge as usize], &mut edges);
        }
        for &node in &tree.nodes {
            origins.expand(self.attached[node as usize], &mut edges);
        }
        edges.sort_unstable();
        edges.dedup();
        let cost = tree.cost + self.offset;
        Some(Found { edges, node, cost })
    }

    /// The cost of the tree of one node and what comes with it; only without a required node.
    pub(super) fn alone(&self, node: u32) -> Tree {
        let total: u64 = self.prize.iter().sum();
        Tree {
            edges: Vec::new(),
            nodes: vec![node],
            cost: total - self.prize[node as usize],
        }
    }
}
