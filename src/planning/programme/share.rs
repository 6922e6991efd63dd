//! Each site's part of a shared route: a stretch is divided evenly among the sites behind it.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the network at hand"
)]

use crate::network::{ROOT, RouteNetwork};

/// By node: its part of the routes, paid metres.
pub(super) struct Shares(Vec<u64>);

impl Shares {
    /// Divides the routes of these edges among the nodes that `counts` names. The parts of a stretch
    /// sum to it: what does not divide evenly goes to the sites with the smallest numbers.
    pub(super) fn new(network: &RouteNetwork, edges: &[u32], counts: impl Fn(u32) -> bool) -> Self {
        let mut around: Vec<Vec<(u32, u32)>> = vec![Vec::new(); network.nodes];
        for edge in edges {
            let [a, b] = network.stretches[*edge as usize].ends;
            around[a as usize].push((b, *edge));
            around[b as usize].push((a, *edge));
        }
        let mut before = vec![(ROOT, None); network.nodes];
        let mut seen = vec![false; network.nodes];
        seen[ROOT as usize] = true;
        let mut order = vec![ROOT];
        let mut next = 0;
        while next < order.len() {
            let node = order[next];
            next += 1;
            for &(to, edge) in &around[node as usize] {
                if !std::mem::replace(&mut seen[to as usize], true) {
                    before[to as usize] = (node, Some(edge));
                    order.push(to);
                }
            }
        }
        // Sites behind each node, then what a site behind it pays of the way from the root, evenly.
        let mut behind = vec![0_u64; network.nodes];
        for node in order.iter().rev() {
            behind[*node as usize] += u64::from(counts(*node) && *node != ROOT);
            if *node != ROOT {
                behind[before[*node as usize].0 as usize] += behind[*node as usize];
            }
        }
        let mut shares = vec![0_u64; network.nodes];
        for node in order.iter().skip(1) {
            let (from, edge) = before[*node as usize];
            let Some(edge) = edge else { continue };
            let metres = u64::from(network.stretches[edge as usize].paid_metres);
            let sites = behind[*node as usize];
            shares[*node as usize] = shares[from as usize];
            if sites > 0 {
                // Thousandths of a metre, so that a hundred sites share a metre fairly.
                shares[*node as usize] += metres * 1_000 / sites;
            }
        }
        Self(shares)
    }

    /// The part of a node, whole paid metres, rounded half up.
    pub(super) fn paid_metres(&self, node: u32) -> u64 {
        (self.0.get(node as usize).copied().unwrap_or(0) + 500) / 1_000
    }
}
