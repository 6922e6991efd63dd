//! What an ascent's bound shows of every better tree.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the network at hand"
)]

use super::Problem;
use super::ascent::{Ascent, Detour};
use super::network::Network;

/// What every better tree leaves, or takes.
pub(super) struct Fixes {
    node_out: Vec<bool>,
    node_in: Vec<bool>,
    edge_out: Vec<bool>,
}

impl Fixes {
    pub(super) fn none(problem: &Problem) -> Self {
        Self {
            node_out: vec![false; problem.graph.nodes()],
            node_in: vec![false; problem.graph.nodes()],
            edge_out: vec![false; problem.graph.edges().len()],
        }
    }

    /// Adds what an ascent shows: using it costs at least `most` more than the bound.
    pub(super) fn add(&mut self, problem: &Problem, ascent: &Ascent, most: u64) {
        let detour = Detour::of(problem, ascent);
        for node in problem.graph.numbers() {
            let at = node as usize;
            if !problem.required[at] {
                self.node_out[at] |= detour.node(node) >= most;
                self.node_in[at] |= problem.prizes[at] > 0 && ascent.budget[at] >= most;
            }
        }
        for (edge, out) in (0_u32..).zip(&mut self.edge_out) {
            *out |= detour.edge(problem, ascent, edge) >= most;
        }
    }

    /// Applies them to the network; false when they contradict each other, so that no better tree
    /// is there.
    pub(super) fn apply(&self, network: &mut Network) -> bool {
        for (edge, out) in self.edge_out.iter().enumerate() {
            network.edge_gone[edge] |= out;
        }
        for (node, number) in (0_u32..).take(self.node_out.len()).enumerate() {
            match (self.node_out[node], self.node_in[node]) {
                (true, true) => return false,
                (true, false) => network.leave(number),
                (false, true) => network.require(number),
                (false, false) => {}
            }
        }
        true
    }
}
