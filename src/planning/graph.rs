//! A compact undirected graph with a weight on each edge. Nothing in it depends on addresses or on
//! hashing, so that whatever walks it gives the same answer on every machine.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are checked once, when the graph is made"
)]

/// Most nodes of a graph: a few lists of this length fit into the memory of a small server.
pub const NODES_MAX: usize = 20_000_000;
/// Most edges of a graph: both directions of an edge are numbered in 32 bits.
pub const EDGES_MAX: usize = 100_000_000;
/// Largest sum of all weights and prizes of a problem: sums of a few such sums stay in 64 bits.
pub const TOTAL_MAX: u64 = 1 << 60;

/// Why a graph cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// More nodes than [`NODES_MAX`], or more edges than [`EDGES_MAX`].
    #[error("{nodes} nodes and {edges} edges are more than a graph holds")]
    TooLarge {
        /// Nodes given.
        nodes: usize,
        /// Edges given.
        edges: usize,
    },
    /// An edge ends at a node that is not there.
    #[error("edge {edge} ends at node {node}, there are {nodes} nodes (counted from 0)")]
    NoSuchNode {
        /// The edge, counted from 0.
        edge: usize,
        /// The node that is not there.
        node: u32,
        /// Nodes given.
        nodes: usize,
    },
}

/// An edge of a graph: its two ends and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The two nodes, counted from 0; the same twice is a loop, which no tree uses.
    pub ends: [u32; 2],
    /// What using the edge costs, in the problem's own unit.
    pub weight: u64,
}

/// An undirected weighted graph; nodes and edges are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    edges: Vec<Edge>,
    /// Where the edges of each node begin in `around`; one more than there are nodes.
    first: Vec<u32>,
    /// (other end, edge), by node, then by number of edge.
    around: Vec<(u32, u32)>,
}

impl Graph {
    /// A graph of `nodes` nodes.
    pub fn new(nodes: usize, edges: Vec<Edge>) -> Result<Self, GraphError> {
        if nodes > NODES_MAX || edges.len() > EDGES_MAX {
            let edges = edges.len();
            return Err(GraphError::TooLarge { nodes, edges });
        }
        let mut first = vec![0_u32; nodes + 1];
        for (number, edge) in edges.iter().enumerate() {
            for node in edge.ends {
                let Some(count) = first.get_mut(node as usize + 1) else {
                    let edge = number;
                    return Err(GraphError::NoSuchNode { edge, node, nodes });
                };
                *count += 1;
            }
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut around = vec![(0, 0); edges.len() * 2];
        for (number, edge) in (0_u32..).zip(&edges) {
            let [a, b] = edge.ends;
            for (from, to) in [(a, b), (b, a)] {
                around[next[from as usize] as usize] = (to, number);
                next[from as usize] += 1;
            }
        }
        Ok(Self {
            edges,
            first,
            around,
        })
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// The edges, by number.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edges at a node: (other end, edge), by number of edge.
    #[must_use]
    pub fn around(&self, node: u32) -> &[(u32, u32)] {
        let (from, to) = (self.first[node as usize], self.first[node as usize + 1]);
        &self.around[from as usize..to as usize]
    }

    /// Number of edges at a node.
    #[must_use]
    pub fn degree(&self, node: u32) -> usize {
        self.around(node).len()
    }

    /// Weight of an edge.
    #[must_use]
    pub fn weight(&self, edge: u32) -> u64 {
        self.edges[edge as usize].weight
    }

    /// All node numbers.
    #[must_use]
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.nodes()).unwrap_or(u32::MAX)
    }
}

/// Sets of nodes that are joined step by step (union by halving; the smaller number stays on top,
/// which keeps the answer independent of the order of equal steps).
#[derive(Debug, Clone)]
pub struct Joined(Vec<u32>);

impl Joined {
    /// Every node alone.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self((0_u32..).take(nodes).collect())
    }

    /// The node that stands for the set of `node`.
    pub fn top(&mut self, mut node: u32) -> u32 {
        while self.0[node as usize] != node {
            let above = self.0[node as usize];
            self.0[node as usize] = self.0[above as usize];
            node = above;
        }
        node
    }

    /// Joins the sets of two nodes; false when they are one already.
    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.top(a), self.top(b));
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_found_from_both_ends_and_bad_ones_are_refused() {
        let edge = |a, b, weight| Edge {
            ends: [a, b],
            weight,
        };
        let graph = Graph::new(3, vec![edge(0, 1, 5), edge(2, 1, 7)]).unwrap();
        assert_eq!(graph.around(1), [(0, 0), (2, 1)]);
        assert_eq!(graph.around(2), [(1, 1)]);
        assert_eq!((graph.nodes(), graph.degree(0), graph.weight(1)), (3, 1, 7));
        let refused = Graph::new(2, vec![edge(0, 1, 1), edge(1, 2, 1)]).unwrap_err();
        let (edge, node, nodes) = (1, 2, 2);
        assert_eq!(refused, GraphError::NoSuchNode { edge, node, nodes });
        assert_eq!(Graph::new(0, Vec::new()).unwrap().nodes(), 0);
    }

    #[test]
    fn sets_join_once() {
        let mut sets = Joined::new(4);
        assert!(sets.join(3, 1) && sets.join(1, 2));
        assert!(!sets.join(2, 3));
        assert_eq!((sets.top(3), sets.top(0)), (1, 0));
    }
}
