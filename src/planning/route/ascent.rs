//! Dual ascent (Wong 1984): a lower bound from cuts, raised one after the other, in the directed
//! form of the problem; with prizes as budgets of their nodes. What is left of each edge's weight
//! tells which edges and nodes no better tree can use.
//!
//! A problem without a required node has no root. One is made: from it an arc leads to each node
//! with a prize, and costs λ. A tree then costs λ more than it does, so a bound of the directed
//! problem, less λ, is a bound; λ is what separates the best tree from taking nothing, the most that
//! loses nothing on that side.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::tree::{NONE, Queue};
use super::{Problem, Work};

/// A terminal stays at work while its cut grows by no more than this share over the next one's.
const PATIENCE_PERCENT: usize = 125;

/// Where the directed problem begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// At a required node.
    At(u32),
    /// Anywhere, for λ.
    Anywhere(u64),
}

/// On graphs on which an ascent is long, λ is at most this part of a known tree's cost: small cuts
/// are raised first, which is soon done, and the bound loses no more than this part.
const LARGE_PART: u64 = 500;

impl Root {
    /// No root, on a large graph on which a tree of cost `best` is known.
    pub(super) fn large(problem: &Problem, best: u64) -> Self {
        let all = problem.prizes_total().saturating_sub(best);
        Self::Anywhere(all.min(best / LARGE_PART))
    }
}

/// The bound, and what is left of weights and prizes.
#[derive(Debug, Clone)]
pub(super) struct Ascent {
    /// By how much cuts were raised in all.
    raised: u64,
    /// What the arcs from a made root cost; 0 where there is a root.
    lambda: u64,
    /// By arc (twice the edge's number, one more for the way to the smaller number of a node).
    pub(super) left: Vec<u64>,
    /// By node: what is left of its prize; of a required node there is no end.
    pub(super) budget: Vec<u64>,
    /// By node: what is left of the arc from the root to it.
    pub(super) entry: Vec<u64>,
}

impl Ascent {
    /// No tree costs less.
    pub(super) const fn bound(&self) -> u64 {
        self.raised.saturating_sub(self.lambda)
    }

    /// How much more than the bound a tree of this cost may use. The bound may be below 0 here, when
    /// the ascent ended early.
    pub(super) const fn slack(&self, cost: u64) -> u64 {
        (cost + self.lambda).saturating_sub(self.raised)
    }
}

/// The arc of an edge from one of its ends to the other.
fn arc(edge: u32, from: u32, to: u32) -> usize {
    2 * edge as usize + usize::from(from > to)
}

/// The bound of one ascent from `root` (or from anywhere when there is no required node and `best` is
/// the cost of a known tree), for graphs on which nothing else is worth its time.
#[must_use]
pub fn lower_bound(problem: &Problem, best: u64, work: &mut Work<'_>) -> u64 {
    let root = match problem.required.iter().position(|is| *is) {
        Some(node) => Root::At(u32::try_from(node).unwrap_or(NONE)),
        None => Root::large(problem, best),
    };
    ascend(problem, root, work).bound().min(best)
}

struct Climb<'a> {
    problem: &'a Problem,
    ascent: Ascent,
    /// By node: the terminal whose cut it was last seen in.
    seen: Vec<u32>,
    /// By terminal that still is at work: itself, else `NONE`.
    active: Vec<bool>,
}

/// The cut of one terminal.
struct Cut {
    /// Nodes inside, the terminal first.
    inside: Vec<u32>,
    /// Nodes inside whose arcs are not looked at yet begin here.
    next: usize,
    /// Arcs into the cut: (arc, where it comes from).
    arcs: Vec<(u32, u32)>,
    /// Nodes inside to which an arc leads from a made root.
    entries: Vec<u32>,
    /// Whether the root, or a terminal that will reach it, is inside.
    reached: bool,
}

/// Raises cuts until every terminal is reached from the root or has spent its prize.
pub(super) fn ascend(problem: &Problem, root: Root, work: &mut Work<'_>) -> Ascent {
    let graph = &problem.graph;
    let mut climb = Climb::new(problem, root);
    let mut queue: BinaryHeap<Reverse<(usize, u32)>> = graph
        .numbers()
        .filter(|node| climb.active[*node as usize])
        .map(|node| Reverse((graph.degree(node), node)))
        .collect();
    let mut round = 0;
    while let Some(Reverse((_, terminal))) = queue.pop() {
        let rival = queue
            .peek()
            .map_or(usize::MAX, |Reverse((score, _))| *score);
        if !work.goes_on() {
            break;
        }
        let again = climb.raise(terminal, round, rival, work);
        round += 1;
        match again {
            Some(score) => queue.push(Reverse((score, terminal))),
            None => climb.active[terminal as usize] = false,
        }
    }
    climb.ascent
}

impl<'a> Climb<'a> {
    fn new(problem: &'a Problem, root: Root) -> Self {
        let graph = &problem.graph;
        let mut active: Vec<bool> = problem.prizes.iter().map(|prize| *prize > 0).collect();
        let mut budget = problem.prizes.clone();
        let mut entry = vec![u64::MAX; graph.nodes()];
        for (node, required) in problem.required.iter().enumerate() {
            if *required {
                active[node] = true;
                budget[node] = u64::MAX;
            } else if let (Root::Anywhere(lambda), true) = (root, problem.prizes[node] > 0) {
                entry[node] = lambda;
            }
        }
        if let Root::At(node) = root {
            active[node as usize] = false;
            entry[node as usize] = 0;
        }
        let left = graph.edges().iter().flat_map(|edge| [edge.weight; 2]);
        let ascent = Ascent {
            raised: 0,
            lambda: match root {
                Root::At(_) => 0,
                Root::Anywhere(lambda) => lambda,
            },
            left: left.collect(),
            budget,
            entry,
        };
        Self {
            problem,
            ascent,
            seen: vec![NONE; graph.nodes()],
            active,
        }
    }

    /// Raises the cut of a terminal until it is reached, its prize is spent (`None`), or its cut has
    /// grown well above its rival's (its size).
    fn raise(
        &mut self,
        terminal: u32,
        round: u32,
        rival: usize,
        work: &mut Work<'_>,
    ) -> Option<usize> {
        let mut cut = Cut {
            inside: vec![terminal],
            next: 0,
            arcs: Vec::new(),
            entries: Vec::new(),
            reached: self.ascent.entry[terminal as usize] == 0,
        };
        self.seen[terminal as usize] = round;
        let mut raised = false;
        loop {
            self.widen(&mut cut, terminal, round, work);
            let (left, seen) = (&self.ascent.left, &self.seen);
            cut.arcs
                .retain(|(arc, from)| left[*arc as usize] > 0 && seen[*from as usize] != round);
            if cut.reached || !work.spend(cut.arcs.len() + cut.entries.len() + 1) {
                return None;
            }
            let size = cut.arcs.len();
            let patience = if raised { PATIENCE_PERCENT } else { 100 };
            if rival != usize::MAX && size > rival.saturating_mul(patience) / 100 {
                return Some(size);
            }
            raised = true;
            if !self.step(&mut cut, terminal) {
                return None;
            }
        }
    }

    /// Takes in what reaches the cut over arcs with nothing left.
    fn widen(&mut self, cut: &mut Cut, terminal: u32, round: u32, work: &mut Work<'_>) {
        while let Some(&node) = cut.inside.get(cut.next) {
            cut.next += 1;
            let at = node as usize;
            let ahead = node != terminal && self.active[at] && self.problem.required[at];
            if self.ascent.entry[at] == 0 || ahead {
                cut.reached = true;
                return;
            }
            if self.ascent.entry[at] != u64::MAX {
                cut.entries.push(node);
            }
            let around = self.problem.graph.around(node);
            work.spend(around.len());
            for &(from, edge) in around {
                if self.seen[from as usize] == round {
                    continue;
                }
                let number = arc(edge, from, node);
                if self.ascent.left[number] == 0 {
                    self.seen[from as usize] = round;
                    cut.inside.push(from);
                } else {
                    cut.arcs.push((u32::try_from(number).unwrap_or(NONE), from));
                }
            }
        }
    }

    /// Raises a cut by the least that is left on it; false when the terminal is done.
    fn step(&mut self, cut: &mut Cut, terminal: u32) -> bool {
        let ascent = &mut self.ascent;
        let entries = cut.entries.iter().map(|node| ascent.entry[*node as usize]);
        let arcs = cut.arcs.iter().map(|(arc, _)| ascent.left[*arc as usize]);
        let least = arcs.chain(entries).min().unwrap_or(u64::MAX);
        let least = least.min(ascent.budget[terminal as usize]);
        if least == u64::MAX {
            // Nothing leads there: what is required is apart from the root.
            return false;
        }
        ascent.raised += least;
        if !self.problem.required[terminal as usize] {
            ascent.budget[terminal as usize] -= least;
        }
        for node in &cut.entries {
            let entry = &mut ascent.entry[*node as usize];
            *entry -= least;
            cut.reached |= *entry == 0;
        }
        for (arc, from) in &cut.arcs {
            let left = &mut ascent.left[*arc as usize];
            *left -= least;
            if *left == 0 && self.seen[*from as usize] != self.seen[terminal as usize] {
                self.seen[*from as usize] = self.seen[terminal as usize];
                cut.inside.push(*from);
            }
        }
        !cut.reached && ascent.budget[terminal as usize] > 0
    }
}

/// By node: what a tree must cost more than the bound to use it, apart for the way there and the way
/// on to a terminal.
#[derive(Debug, Clone)]
pub(super) struct Detour {
    /// From the root to the node.
    pub(super) there: Vec<u64>,
    /// From the node to the nearest terminal.
    pub(super) on: Vec<u64>,
}

impl Detour {
    pub(super) fn of(problem: &Problem, ascent: &Ascent) -> Self {
        let nodes = problem.graph.numbers();
        let ends = nodes
            .clone()
            .filter(|node| problem.required[*node as usize] || problem.prizes[*node as usize] > 0);
        let starts = nodes.filter(|node| ascent.entry[*node as usize] != u64::MAX);
        Self {
            there: distances(
                problem,
                starts.map(|node| (ascent.entry[node as usize], node)),
                |edge, from, to| ascent.left[arc(edge, from, to)],
            ),
            on: distances(problem, ends.map(|node| (0, node)), |edge, from, to| {
                ascent.left[arc(edge, to, from)]
            }),
        }
    }

    /// What any tree that contains the node costs above the bound, at least.
    pub(super) fn node(&self, node: u32) -> u64 {
        self.there[node as usize].saturating_add(self.on[node as usize])
    }

    /// What any tree that contains the edge costs above the bound, at least.
    pub(super) fn edge(&self, problem: &Problem, ascent: &Ascent, edge: u32) -> u64 {
        let [a, b] = problem.graph.edges()[edge as usize].ends;
        let way = |from: u32, to: u32| {
            let there = self.there[from as usize];
            let left = ascent.left[arc(edge, from, to)];
            there
                .saturating_add(left)
                .saturating_add(self.on[to as usize])
        };
        way(a, b).min(way(b, a))
    }
}

fn distances(
    problem: &Problem,
    starts: impl Iterator<Item = (u64, u32)>,
    length: impl Fn(u32, u32, u32) -> u64,
) -> Vec<u64> {
    let mut best = vec![u64::MAX; problem.graph.nodes()];
    let mut queue = Queue::new();
    for (distance, node) in starts {
        best[node as usize] = distance;
        queue.push(Reverse((distance, node)));
    }
    while let Some(Reverse((distance, node))) = queue.pop() {
        if distance > best[node as usize] {
            continue;
        }
        for &(to, edge) in problem.graph.around(node) {
            let longer = distance.saturating_add(length(edge, node, to));
            if longer < best[to as usize] {
                best[to as usize] = longer;
                queue.push(Reverse((longer, to)));
            }
        }
    }
    best
}
