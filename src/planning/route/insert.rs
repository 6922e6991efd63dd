//! Local search by nodes: a node outside joins the tree with its edges, and of each circle that this
//! closes the dearest edge goes.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use super::tree::{NONE, Rooted, Tree, marks, span, top_of};
use super::{Problem, Work};

/// A tree whose nodes come and go.
struct Grafted<'a> {
    problem: &'a Problem,
    above: Vec<u32>,
    edge: Vec<u32>,
    inside: Vec<bool>,
    /// What the trial at hand has changed: (node, node above, edge there) as before.
    undo: Vec<(u32, u32, u32)>,
    steps: usize,
}

/// The tree after all insertions that pay, or `None` when none does.
pub(super) fn insert_nodes(problem: &Problem, tree: &Tree, work: &mut Work<'_>) -> Option<Tree> {
    let top = top_of(problem, tree)?;
    let rooted = Rooted::of(problem, tree, top);
    let mut grafted = Grafted {
        problem,
        above: rooted.above,
        edge: rooted.edge,
        inside: marks(problem, tree),
        undo: Vec::new(),
        steps: 0,
    };
    let mut better = false;
    for node in problem.graph.numbers() {
        if !grafted.inside[node as usize] {
            better |= grafted.insert(node);
            if !work.spend(std::mem::take(&mut grafted.steps) + 1) {
                break;
            }
        }
    }
    let pruned = better.then(|| span(problem, &grafted.inside, top))?;
    (pruned.cost < tree.cost).then_some(pruned)
}

impl Grafted<'_> {
    /// Inserts a node when the tree costs less with it.
    fn insert(&mut self, node: u32) -> bool {
        let graph = &self.problem.graph;
        let around = graph.around(node).iter();
        let mut edges: Vec<(u64, u32, u32)> = around
            .filter(|(to, _)| self.inside[*to as usize])
            .map(|(to, edge)| (graph.weight(*edge), *edge, *to))
            .collect();
        let prize = self.problem.prizes[node as usize];
        self.steps += graph.degree(node);
        edges.sort_unstable();
        let Some((&(first, edge, to), further)) = edges.split_first() else {
            return false;
        };
        if further.is_empty() && prize <= first {
            return false;
        }
        self.turn(to, NONE, (node, edge));
        let (mut gained, mut paid) = (prize, first);
        for &(weight, edge, to) in further {
            let (dearest, below) = self.dearest(to, node);
            if dearest > weight {
                self.turn(to, below, (node, edge));
                gained += dearest;
                paid += weight;
            }
        }
        let better = gained > paid;
        if better {
            self.inside[node as usize] = true;
        } else {
            for (node, above, edge) in self.undo.drain(..).rev() {
                self.above[node as usize] = above;
                self.edge[node as usize] = edge;
            }
        }
        self.undo.clear();
        better
    }

    /// Turns the way from `from` up to `last` (or to the top) round, and hangs `from` below a node.
    fn turn(&mut self, from: u32, last: u32, (mut above, mut edge): (u32, u32)) {
        let mut node = from;
        while node != NONE {
            let at = node as usize;
            self.steps += 1;
            let (up, up_edge) = (self.above[at], self.edge[at]);
            self.undo.push((node, up, up_edge));
            self.above[at] = above;
            self.edge[at] = edge;
            if node == last {
                return;
            }
            (above, edge) = (node, up_edge);
            node = up;
        }
    }

    /// The dearest edge on the way up from `from` to `top`, and the node below it.
    fn dearest(&mut self, from: u32, top: u32) -> (u64, u32) {
        let mut best = (0, NONE);
        let mut node = from;
        while node != top {
            self.steps += 1;
            let weight = self.problem.graph.weight(self.edge[node as usize]);
            if weight > best.0 {
                best = (weight, node);
            }
            node = self.above[node as usize];
        }
        best
    }
}
