//! The whole search: make it smaller, bound it, find trees, take out what no better tree uses, and
//! branch on a node (in the tree, or not) while the bound is below the best tree.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of nodes and edges are those of the network at hand"
)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::ascent::{Ascent, Root, ascend};
use super::build::{Appetite, Ground, grow};
use super::fix::Fixes;
use super::network::{Found, Network, Origins};
use super::pool::{Chance, complete, improve};
use super::reduce::Reducer;
use super::tree::{NONE, Tree};
use super::{Problem, Route, Work};

/// Roots from which a whole graph, and a part of the branching, is bounded in each round.
const ROOTS: [usize; 2] = [8, 2];
/// Trees grown at the start.
const TREES: usize = 24;
/// Above this many edges only the cheap tests are made.
const EDGES_THOROUGH_MAX: usize = 300_000;
/// A round that leaves more than this share of the edges is the last one.
const ROUND_PERCENT: usize = 97;

/// The best so far, and what all parts of a search share.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) chance: Chance,
    origins: Origins,
    best: Found,
    /// Whether trees are grown in numbers at the start.
    thorough: bool,
    given: &'a Problem,
}

/// A part of the search that is still open.
#[derive(Debug)]
struct Open {
    network: Network,
    /// The node to branch on.
    node: u32,
}

/// What one look at a part of the search came to.
enum Look {
    /// No better tree is there.
    Closed,
    /// No tree there costs less than this.
    Bounded(u64, Box<Open>),
}

/// Solves a problem whose required nodes are connected.
pub(super) fn solve(problem: &Problem, work: &mut Work<'_>) -> Route {
    let Some(best) = first(problem) else {
        return Route {
            edges: Vec::new(),
            nodes: Vec::new(),
            objective: problem.prizes_total(),
            lower_bound: problem.prizes_total(),
        };
    };
    let mut search = Search {
        chance: Chance(1),
        origins: Origins::new(problem.graph.edges().len()),
        best,
        thorough: true,
        given: problem,
    };
    let lower = search.run(Network::of(problem), work);
    search.route(lower)
}

/// A first tree: one node with the largest prize, or what grows from the first required node.
fn first(problem: &Problem) -> Option<Found> {
    let required = problem.required.iter().position(|is| *is);
    let best = problem.graph.numbers();
    let best = best.max_by_key(|node| (problem.prizes[*node as usize], Reverse(*node)))?;
    let Some(required) = required else {
        return Some(Found {
            edges: Vec::new(),
            node: best,
            cost: problem.prizes_total() - problem.prizes[best as usize],
        });
    };
    let weights: Vec<u64> = problem.graph.edges().iter().map(|e| e.weight).collect();
    let ground = Ground {
        problem,
        weights: &weights,
        appetite: Appetite::All,
    };
    let tree = grow(ground, u32::try_from(required).ok()?);
    let node = *tree.nodes.first()?;
    let (edges, cost) = (tree.edges, tree.cost);
    Some(Found { edges, node, cost })
}

impl<'a> Search<'a> {
    /// The best tree of a part of a problem's edges, when it is better than one that is known.
    pub(super) fn within(
        problem: &'a Problem,
        network: Network,
        known: &Tree,
        work: &mut Work<'_>,
    ) -> Option<Found> {
        let best = Found {
            edges: known.edges.clone(),
            node: *known.nodes.first()?,
            cost: known.cost,
        };
        let mut search = Self {
            chance: Chance(2),
            origins: Origins::new(problem.graph.edges().len()),
            best,
            thorough: false,
            given: problem,
        };
        search.run(network, work);
        Some(search.best)
    }

    /// Looks at the parts, the least bounded first; gives the bound of the whole.
    fn run(&mut self, network: Network, work: &mut Work<'_>) -> u64 {
        let mut open: BTreeMap<(u64, u64), Box<Open>> = BTreeMap::new();
        let mut number = 0;
        let first = self.look(network, 0, self.thorough, work);
        let mut waiting = vec![first];
        loop {
            for look in waiting.drain(..) {
                if let Look::Bounded(lower, part) = look {
                    number += 1;
                    open.insert((lower, number), part);
                }
            }
            let Some((&(lower, key), _)) = open.first_key_value() else {
                return self.best.cost;
            };
            if lower >= self.best.cost || !work.goes_on() {
                return lower.min(self.best.cost);
            }
            let Some(part) = open.remove(&(lower, key)) else {
                return lower;
            };
            let Open { network, node } = *part;
            if node == NONE {
                // Nothing to branch on is left, and still it is open: only for want of steps.
                return lower;
            }
            let mut with = network.clone();
            with.require(node);
            let mut without = network;
            without.leave(node);
            waiting.push(self.look(with, lower, false, work));
            waiting.push(self.look(without, lower, false, work));
        }
    }

    /// Makes a part smaller, bounds it and looks for trees in it, as long as that leads on.
    fn look(
        &mut self,
        mut network: Network,
        mut lower: u64,
        whole: bool,
        work: &mut Work<'_>,
    ) -> Look {
        let mut round = 0;
        loop {
            self.reduce(&mut network, work);
            network = network.compact();
            let problem = network.problem();
            if self.settled(&network, &problem) {
                return Look::Closed;
            }
            let before = problem.graph.edges().len();
            let (bound, tree, fixes) = self.bound(&network, &problem, whole, work);
            lower = lower.max(bound);
            if whole && round == 0 {
                let share = work.left() / 2;
                let first = tree.iter().cloned().collect();
                work.part(share, |work| {
                    self.many(&network, &problem, TREES, first, work);
                });
            }
            if lower >= self.best.cost || !fixes.apply(&mut network) {
                return Look::Closed;
            }
            let left = network.edge_gone.iter().filter(|gone| !**gone).count();
            let same = left * 100 > before * ROUND_PERCENT;
            if (same && (round > 0 || !whole)) || !work.goes_on() {
                let node = branching(&network, &problem, tree.as_ref());
                return Look::Bounded(lower, Box::new(Open { network, node }));
            }
            round += 1;
        }
    }

    fn reduce(&mut self, network: &mut Network, work: &mut Work<'_>) {
        let mut reducer = Reducer::new(network, &mut self.origins);
        if reducer.network.ends.len() <= EDGES_THOROUGH_MAX {
            let share = work.left() / 4;
            work.part(share, |work| reducer.run(work));
        } else {
            reducer.degrees(work);
        }
        if let Some(found) = reducer.alone.filter(|found| found.cost < self.best.cost) {
            self.best = found;
        }
    }

    /// Whether nothing is left to decide: no tree is possible, or one node is all there is.
    fn settled(&mut self, network: &Network, problem: &Problem) -> bool {
        if problem.check().is_err() {
            return true;
        }
        let numbers = problem.graph.numbers();
        let required = numbers
            .clone()
            .find(|node| problem.required[*node as usize]);
        let best = numbers.max_by_key(|node| (problem.prizes[*node as usize], Reverse(*node)));
        let Some(node) = required.or(best) else {
            return true;
        };
        if network.required_count() < 2 {
            self.report(network, &network.alone(node));
        }
        let prizes = problem.prizes.iter().any(|prize| *prize > 0);
        problem.graph.edges().is_empty() || (network.required_count() < 2 && !prizes)
    }

    /// Takes a tree of a network as the best one when it is.
    pub(super) fn report(&mut self, network: &Network, tree: &Tree) {
        if tree.cost + network.offset >= self.best.cost {
            return;
        }
        if let Some(found) = network.found(tree, &self.origins) {
            self.best = found;
        }
    }

    /// Bounds a part from several roots. The bound, the best tree seen, and what every better tree
    /// leaves or takes.
    fn bound(
        &mut self,
        network: &Network,
        problem: &Problem,
        whole: bool,
        work: &mut Work<'_>,
    ) -> (u64, Option<Tree>, Fixes) {
        let mut fixes = Fixes::none(problem);
        let mut lower = 0;
        let mut best: Option<Tree> = None;
        for root in self.roots(network, problem, ROOTS[usize::from(!whole)]) {
            let share = work.left() / 4;
            let ascent = work.part(share, |work| ascend(problem, root, work));
            let bound = ascent.bound() + network.offset;
            lower = lower.max(bound);
            if let Some(tree) = tree_in(problem, &ascent, root, work) {
                self.report(network, &tree);
                if best.as_ref().is_none_or(|best| tree.cost < best.cost) {
                    best = Some(tree);
                }
            }
            if lower >= self.best.cost {
                break;
            }
            let most = ascent.slack(self.best.cost.saturating_sub(network.offset));
            fixes.add(problem, &ascent, most);
            if !work.spend(4 * problem.graph.edges().len()) {
                break;
            }
        }
        (lower, best, fixes)
    }

    fn roots(&mut self, network: &Network, problem: &Problem, most: usize) -> Vec<Root> {
        let numbers = problem.graph.numbers();
        let mut required: Vec<u32> = numbers
            .filter(|node| problem.required[*node as usize])
            .collect();
        if required.is_empty() {
            if problem.graph.edges().len() > EDGES_THOROUGH_MAX {
                let best = self.best.cost.saturating_sub(network.offset);
                return vec![Root::large(problem, best)];
            }
            let all = network.offset + problem.prizes_total();
            return vec![Root::Anywhere(all.saturating_sub(self.best.cost))];
        }
        let mut roots = Vec::new();
        while roots.len() < most && !required.is_empty() {
            let which = self.chance.below(required.len() as u64);
            let node = required.swap_remove(usize::try_from(which).unwrap_or(0));
            roots.push(Root::At(node));
        }
        roots
    }

    fn route(self, lower: u64) -> Route {
        let Found { edges, node, cost } = self.best;
        let graph = &self.given.graph;
        let ends = edges.iter().flat_map(|e| graph.edges()[*e as usize].ends);
        let mut nodes: Vec<u32> = ends.chain([node]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Route {
            edges,
            nodes,
            objective: cost,
            lower_bound: lower.min(cost),
        }
    }
}

/// The node to branch on: without a required node the largest prize; else a node at which the best
/// tree branches, then a prize, then the node with most edges.
fn branching(network: &Network, problem: &Problem, tree: Option<&Tree>) -> u32 {
    let mut degree = vec![0_u32; problem.graph.nodes()];
    for edge in tree.iter().flat_map(|tree| &tree.edges) {
        for node in problem.graph.edges()[*edge as usize].ends {
            degree[node as usize] += 1;
        }
    }
    let open = problem
        .graph
        .numbers()
        .filter(|node| !network.node_gone[*node as usize] && !network.required[*node as usize]);
    let rooted = network.required.contains(&true);
    let value = |node: &u32| {
        let at = *node as usize;
        let prize = network.prize[at];
        let branches = if rooted && degree[at] > 2 {
            degree[at]
        } else {
            0
        };
        (branches, prize, network.degree(*node), Reverse(*node))
    };
    open.max_by_key(value).unwrap_or(NONE)
}

/// The best tree that grows in what an ascent leaves: the edges with nothing left one way.
fn tree_in(problem: &Problem, ascent: &Ascent, root: Root, work: &mut Work<'_>) -> Option<Tree> {
    let edges = problem
        .graph
        .edges()
        .iter()
        .zip(ascent.left.chunks_exact(2));
    let weights: Vec<u64> = edges
        .map(|(edge, left)| {
            if left.contains(&0) {
                edge.weight
            } else {
                u64::MAX
            }
        })
        .collect();
    let start = match root {
        Root::At(node) => node,
        Root::Anywhere(_) => {
            let free = problem.graph.numbers();
            let free = free.filter(|node| ascent.entry[*node as usize] == 0);
            free.max_by_key(|node| (problem.prizes[*node as usize], Reverse(*node)))?
        }
    };
    let mut best: Option<Tree> = None;
    for appetite in [Appetite::All, Appetite::Paying] {
        let ground = Ground {
            problem,
            weights: &weights,
            appetite,
        };
        let tree = grow(ground, start);
        work.spend(problem.graph.edges().len());
        let better = best.as_ref().is_none_or(|best| tree.cost < best.cost);
        if complete(problem, &tree) && better {
            best = Some(tree);
        }
    }
    best.map(|tree| improve(problem, tree, work))
}
