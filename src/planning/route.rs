//! Which edges to build so that what must be connected is, and what pays for its connection too: the
//! Steiner tree in a graph, and the prize-collecting Steiner tree with or without a root.
//!
//! Both are one problem here. Every node is *required*, or has a *prize* that is lost when the tree
//! leaves it out (0 for most); the cost of a tree is its edges plus the prizes it leaves. A Steiner
//! tree has only required nodes; a rooted prize-collecting tree has one; an unrooted one has none.
//!
//! The way to the answer (each part is a file of `route/`): the graph is made smaller without losing
//! the optimum (`reduce`); a dual ascent gives a lower bound, shows which edges no better tree can
//! use, and leaves a small graph of good edges (`ascent`); trees are grown there and elsewhere
//! (`build`), exchanged piece by piece (`exchange`), joined in pairs (`pool`); what then still is open
//! is branched on (`branch`). Every answer carries its bound, so its distance from the optimum is
//! known, and it says when it is proved.
//!
//! Limits count work, not seconds: the same input gives the same answer on every machine.

mod ascent;
mod branch;
mod build;
mod exchange;
mod fix;
mod insert;
mod network;
mod pool;
mod reduce;
#[cfg(test)]
mod tests;
mod tree;
mod work;

pub use ascent::lower_bound;
pub use tree::terminal_spanning_tree;
pub use work::{WORK_PER_SECOND, Work};

use crate::graph::{Graph, Joined, TOTAL_MAX};

/// What is to be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The graph; weights in any one unit.
    pub graph: Graph,
    /// What is lost by leaving a node out, by node, in the unit of the weights.
    pub prizes: Vec<u64>,
    /// Whether the tree must contain a node, by node.
    pub required: Vec<bool>,
}

/// Why a problem has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No path joins two nodes that the tree must contain.
    #[error("no path joins the required nodes {0} and {1} (counted from 0)")]
    Apart(u32, u32),
    /// The lists of prizes and required nodes are not as long as the graph has nodes.
    #[error("prizes and required nodes are not given for every node")]
    Lengths,
    /// All weights and prizes together are above [`TOTAL_MAX`].
    #[error("the weights and prizes add up to more than {TOTAL_MAX}")]
    TooHeavy,
}

/// A tree and how good it is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Edges of the tree, by number, ascending.
    pub edges: Vec<u32>,
    /// Nodes of the tree, ascending; empty only when the graph has no node worth taking.
    pub nodes: Vec<u32>,
    /// Edges of the tree plus the prizes of the nodes outside.
    pub objective: u64,
    /// No tree costs less.
    pub lower_bound: u64,
}

impl Route {
    /// Whether the tree is proved to be the cheapest.
    #[must_use]
    pub const fn proved(&self) -> bool {
        self.lower_bound >= self.objective
    }

    /// How far, at most, the tree is above the cheapest, as a share of the objective; 0 when proved.
    #[must_use]
    pub fn gap(&self) -> f64 {
        gap(self.lower_bound, self.objective)
    }
}

/// Distance of two bounds as a share of the larger.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a share needs no more than the 53 bits of a float"
)]
pub fn gap(lower: u64, upper: u64) -> f64 {
    if upper <= lower {
        return 0.0;
    }
    (upper - lower) as f64 / upper as f64
}

impl Problem {
    /// The cheapest tree that contains all of `terminals`.
    #[must_use]
    pub fn steiner(graph: Graph, terminals: &[u32]) -> Self {
        let prizes = vec![0; graph.nodes()];
        let mut required = vec![false; graph.nodes()];
        for &node in terminals {
            if let Some(required) = required.get_mut(node as usize) {
                *required = true;
            }
        }
        Self {
            graph,
            prizes,
            required,
        }
    }

    /// The tree that costs least with the prizes it leaves; it contains `root` when there is one.
    #[must_use]
    pub fn prize_collecting(graph: Graph, prizes: Vec<u64>, root: Option<u32>) -> Self {
        let mut required = vec![false; graph.nodes()];
        if let Some(required) = root.and_then(|root| required.get_mut(root as usize)) {
            *required = true;
        }
        Self {
            graph,
            prizes,
            required,
        }
    }

    /// Sum of all prizes that a tree may lose: those of nodes that are not required.
    fn prizes_total(&self) -> u64 {
        let open = self.prizes.iter().zip(&self.required);
        open.filter(|(_, required)| !**required)
            .map(|(prize, _)| prize)
            .sum()
    }

    fn check(&self) -> Result<(), RouteError> {
        let nodes = self.graph.nodes();
        if self.prizes.len() != nodes || self.required.len() != nodes {
            return Err(RouteError::Lengths);
        }
        let weights = self.graph.edges().iter().map(|edge| edge.weight);
        weights
            .chain(self.prizes.iter().copied())
            .try_fold(0_u64, u64::checked_add)
            .filter(|total| *total <= TOTAL_MAX)
            .ok_or(RouteError::TooHeavy)?;
        let mut joined = Joined::new(nodes);
        for edge in self.graph.edges() {
            joined.join(edge.ends[0], edge.ends[1]);
        }
        let mut required = (0_u32..).zip(&self.required).filter(|(_, is)| **is);
        let Some((first, _)) = required.next() else {
            return Ok(());
        };
        let top = joined.top(first);
        match required.find(|(node, _)| joined.top(*node) != top) {
            Some((apart, _)) => Err(RouteError::Apart(first, apart)),
            None => Ok(()),
        }
    }
}

/// The best tree found within the limit, with its bound.
pub fn solve(problem: &Problem, work: &mut Work<'_>) -> Result<Route, RouteError> {
    problem.check()?;
    Ok(branch::solve(problem, work))
}
