//! Local search by key paths: the way between two nodes at which the tree branches, ends or has a
//! reason to be goes, and the cheapest way between the two parts takes its place (Uchoa and Werneck
//! 2012; here with one bounded search from the smaller part).

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the graph at hand"
)]

use std::cmp::Reverse;

use super::tree::{NONE, Queue, Rooted, Tree, marks, span, top_of};
use super::{Problem, Work};

/// Parts with more nodes than this are not searched from.
const PART_NODES_MAX: usize = 20_000;

/// A tree and what a look at one key path needs.
struct Keys<'a> {
    problem: &'a Problem,
    top: u32,
    tree: Tree,
    rooted: Rooted,
    /// The nodes in the order of a walk; each branch is one stretch of it.
    walk: Vec<u32>,
    /// By node: its place in the walk, `NONE` outside the tree.
    place: Vec<u32>,
    /// By node: nodes of its branch.
    size: Vec<u32>,
    /// By node: edges of the tree there.
    degree: Vec<u32>,
    /// Distances of the search at hand; those of an earlier round count as none.
    label: Vec<(u32, u64, u32)>,
    round: u32,
    /// By node: the last round in which it was between the two parts.
    between: Vec<u32>,
}

/// The way between two key nodes.
struct Way {
    /// The edges, from below.
    edges: Vec<u32>,
    /// The nodes between.
    between: Vec<u32>,
    length: u64,
}

/// The tree after all exchanges of key paths that pay, or `None` when none does.
pub(super) fn exchange_paths(problem: &Problem, tree: &Tree, work: &mut Work<'_>) -> Option<Tree> {
    let top = top_of(problem, tree)?;
    let mut keys = Keys {
        problem,
        top,
        tree: tree.clone(),
        rooted: Rooted::of(problem, tree, top),
        walk: Vec::new(),
        place: Vec::new(),
        size: Vec::new(),
        degree: Vec::new(),
        label: vec![(0, 0, NONE); problem.graph.nodes()],
        round: 0,
        between: vec![0; problem.graph.nodes()],
    };
    keys.lay_out();
    let candidates: Vec<u32> = keys.rooted.order.iter().rev().copied().collect();
    let mut better = false;
    for node in candidates {
        let there = keys.place[node as usize] != NONE && node != top;
        if !there || !keys.is_key(node) {
            continue;
        }
        if !work.goes_on() {
            break;
        }
        better |= keys.exchange(node, work);
    }
    let pruned = better.then(|| span(problem, &marks(problem, &keys.tree), top))?;
    (pruned.cost < tree.cost).then_some(pruned)
}

impl Keys<'_> {
    /// Works out the walk, the branches and the degrees.
    fn lay_out(&mut self) {
        let nodes = self.problem.graph.nodes();
        self.size = vec![0; nodes];
        self.degree = vec![0; nodes];
        self.place = vec![NONE; nodes];
        self.walk = vec![NONE; self.rooted.order.len()];
        for &node in self.rooted.order.iter().rev() {
            self.size[node as usize] += 1;
            let above = self.rooted.above[node as usize];
            if above != NONE {
                self.size[above as usize] += self.size[node as usize];
                self.degree[above as usize] += 1;
                self.degree[node as usize] += 1;
            }
        }
        // Where the next branch below a node begins.
        let mut next = vec![0_u32; nodes];
        for &node in &self.rooted.order {
            let above = self.rooted.above[node as usize];
            let place = if above == NONE {
                0
            } else {
                next[above as usize]
            };
            if above != NONE {
                next[above as usize] += self.size[node as usize];
            }
            self.place[node as usize] = place;
            next[node as usize] = place + 1;
            self.walk[place as usize] = node;
        }
    }

    fn is_key(&self, node: u32) -> bool {
        let at = node as usize;
        let reason = self.problem.required[at] || self.problem.prizes[at] > 0;
        reason || self.degree[at] != 2 || node == self.top
    }

    /// The way from a key node up to the next one.
    fn way(&self, node: u32) -> Way {
        let mut way = Way {
            edges: Vec::new(),
            between: Vec::new(),
            length: 0,
        };
        let mut at = node;
        loop {
            let edge = self.rooted.edge[at as usize];
            way.edges.push(edge);
            way.length += self.problem.graph.weight(edge);
            at = self.rooted.above[at as usize];
            if self.is_key(at) {
                return way;
            }
            way.between.push(at);
        }
    }

    fn exchange(&mut self, node: u32, work: &mut Work<'_>) -> bool {
        let way = self.way(node);
        let (begin, size) = (self.place[node as usize], self.size[node as usize]);
        let below = begin..begin + size;
        let rest = self.walk.len() - size as usize - way.between.len();
        let from_below = size as usize <= rest;
        if rest.min(size as usize) > PART_NODES_MAX {
            return false;
        }
        self.round += 1;
        // Nodes between belong to neither part.
        for node in &way.between {
            self.between[*node as usize] = self.round;
        }
        let mut sources: Vec<u32> = Vec::new();
        if from_below {
            sources.extend(&self.walk[below.start as usize..below.end as usize]);
        } else {
            sources.extend(&self.walk[..below.start as usize]);
            sources.extend(&self.walk[below.end as usize..]);
            sources.retain(|node| self.between[*node as usize] != self.round);
        }
        work.spend(sources.len());
        let goal = |keys: &Self, node: u32| {
            let place = keys.place[node as usize];
            let between = keys.between[node as usize] == keys.round;
            place != NONE && below.contains(&place) != from_below && !between
        };
        let Some(end) = self.search(&sources, way.length, goal, work) else {
            return false;
        };
        self.replace(&way, end);
        true
    }

    /// The nearest goal below `most` from several nodes; its way back is in the labels.
    fn search(
        &mut self,
        sources: &[u32],
        most: u64,
        goal: impl Fn(&Self, u32) -> bool,
        work: &mut Work<'_>,
    ) -> Option<u32> {
        let graph = &self.problem.graph;
        let mut queue = Queue::new();
        for &node in sources {
            self.label[node as usize] = (self.round, 0, NONE);
        }
        // From inside a part only edges that leave it count.
        for &node in sources {
            for &(to, edge) in graph.around(node) {
                self.relax(&mut queue, (to, edge), graph.weight(edge), most);
            }
        }
        let mut steps = sources.len();
        while let Some(Reverse((distance, node))) = queue.pop() {
            steps += 1;
            if distance > self.label[node as usize].1 {
                continue;
            }
            if goal(self, node) {
                work.spend(steps * 2);
                return Some(node);
            }
            for &(to, edge) in graph.around(node) {
                self.relax(&mut queue, (to, edge), distance + graph.weight(edge), most);
            }
        }
        work.spend(steps * 2);
        None
    }

    fn relax(&mut self, queue: &mut Queue, (to, edge): (u32, u32), distance: u64, most: u64) {
        let (round, best, _) = self.label[to as usize];
        if distance < most && (round != self.round || distance < best) {
            self.label[to as usize] = (self.round, distance, edge);
            queue.push(Reverse((distance, to)));
        }
    }

    /// The way found takes the place of another one.
    fn replace(&mut self, way: &Way, end: u32) {
        let gone: std::collections::HashSet<u32> = way.edges.iter().copied().collect();
        self.tree.edges.retain(|edge| !gone.contains(edge));
        let (between, round) = (&self.between, self.round);
        self.tree
            .nodes
            .retain(|node| between[*node as usize] != round);
        let mut inside = marks(self.problem, &self.tree);
        let mut node = end;
        loop {
            if !inside[node as usize] {
                inside[node as usize] = true;
                self.tree.nodes.push(node);
            }
            let edge = self.label[node as usize].2;
            if edge == NONE {
                break;
            }
            self.tree.edges.push(edge);
            let [a, b] = self.problem.graph.edges()[edge as usize].ends;
            node = if a == node { b } else { a };
        }
        self.rooted = Rooted::of(self.problem, &self.tree, self.top);
        self.lay_out();
    }
}
