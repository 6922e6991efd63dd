//! A ceiling priced away: at a worth of so much money a unit of benefit, the best plan is a
//! prize-collecting Steiner tree.
//!
//! Let p be the price of a thing (capex, or capex and some times its yearly cost). Under a ceiling
//! Σp ≤ L, and for any worth w, w · benefit ≤ L + Σ over free-standing items of max(0, w·b − p) + Σ over
//! the other items of their prize max(0, w·b − p) − (the least cost of a tree that pays for edges and
//! for the prizes it leaves). The last is what [`crate::route`] bounds from below.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of items, nodes and edges are those of the problem at hand"
)]

use rayon::prelude::*;

use super::{Budgeted, Ceiling, PhaseError};
use crate::graph::{Edge, Graph, TOTAL_MAX};
use crate::route::{Problem, Work, solve};

/// A worth is in price units for so many units of benefit: fine steps even where prices are small.
const WORTH_UNIT: u128 = 1 << 20;
/// How far apart the first worths of a search are, and over how many such steps it looks.
const FIRST_STEP: u64 = 4;
const FIRST_STEPS: usize = 10;

/// What counts as cost: capex times one number and yearly cost times another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    capex: u64,
    yearly: u64,
}

impl Price {
    /// Capex alone.
    pub(super) const CAPEX: Self = Self {
        capex: 1,
        yearly: 0,
    };

    /// Mixtures of both in which a ceiling of each weighs alike, the one more, and the other more.
    pub(super) fn mixed(capex: u64, yearly: u64) -> Vec<Self> {
        let ratio = (capex / yearly.max(1)).max(1);
        let mut all = vec![
            Self {
                capex: 1,
                yearly: ratio,
            },
            Self {
                capex: 1,
                yearly: (ratio / 4).max(1),
            },
            Self {
                capex: 1,
                yearly: ratio.saturating_mul(4),
            },
            Self {
                capex: 0,
                yearly: 1,
            },
        ];
        all.dedup();
        all
    }

    /// The price of something.
    pub(super) fn of(self, capex: u64, yearly: u64) -> u128 {
        u128::from(self.capex) * u128::from(capex) + u128::from(self.yearly) * u128::from(yearly)
    }

    /// The same, as large as a weight may be at most.
    fn weight(self, capex: u64, yearly: u64) -> u64 {
        u64::try_from(self.of(capex, yearly)).map_or(TOTAL_MAX, |price| price.min(TOTAL_MAX))
    }

    /// The most that a plan under the ceiling costs.
    pub(super) fn limit(self, ceiling: Ceiling) -> u128 {
        self.of(ceiling.capex, ceiling.yearly.unwrap_or(0))
    }

    /// Whether the ceiling bounds this price: one without a yearly ceiling bounds no yearly cost.
    fn bounded_by(self, ceiling: Ceiling) -> bool {
        self.yearly == 0 || ceiling.yearly.is_some()
    }
}

/// The best plan at a worth, and what it says of every ceiling.
#[derive(Debug, Clone)]
pub(super) struct Relaxed {
    pub(super) price: Price,
    pub(super) worth: u64,
    /// Items taken, ascending.
    pub(super) items: Vec<usize>,
    /// Edges taken, ascending.
    pub(super) edges: Vec<u32>,
    pub(super) capex: u64,
    pub(super) yearly: u64,
    /// The bound at a ceiling of 0, times the worth.
    surplus: u128,
}

impl Relaxed {
    /// No plan under the ceiling brings more.
    pub(super) fn bound(&self, ceiling: Ceiling) -> u64 {
        if self.worth == 0 || !self.price.bounded_by(ceiling) {
            return u64::MAX;
        }
        let most = (self.price.limit(ceiling) + self.surplus) * WORTH_UNIT / u128::from(self.worth);
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

/// The worths to look at next, given the cost of the plans at those that are known (by worth):
/// a coarse scale first, then closer around where cost passes the limit.
pub(super) fn next_worths(
    known: &[(u64, u128)],
    limit: u128,
    total_benefit: u64,
    count: usize,
) -> Vec<u64> {
    if total_benefit == 0 {
        return Vec::new();
    }
    if known.is_empty() {
        // Money a unit of benefit when the limit buys everything: no plan pays less at the margin.
        let least = limit * WORTH_UNIT / u128::from(total_benefit) + 1;
        let mut worth = u64::try_from(least)
            .unwrap_or(u64::MAX / 2)
            .min(u64::MAX >> 24);
        let mut worths = Vec::new();
        for _ in 0..FIRST_STEPS.max(count) {
            worths.push(worth);
            worth = worth.saturating_mul(FIRST_STEP);
        }
        return worths;
    }
    let beyond = known.partition_point(|(_, cost)| *cost <= limit);
    let low = beyond.checked_sub(1).map_or(0, |at| known[at].0);
    let Some((high, _)) = known.get(beyond).copied() else {
        return Vec::new(); // everything that is worth anything fits
    };
    let mut worths: Vec<u64> = (1..=count as u64)
        .map(|step| between(low, high, step, count as u64 + 1))
        .collect();
    worths.dedup();
    worths.retain(|worth| *worth > low && *worth < high);
    worths
}

/// Steps from low to high, even on a scale of ratios where both are above 0.
fn between(low: u64, high: u64, step: u64, steps: u64) -> u64 {
    if low == 0 {
        return high
            / 2_u64
                .saturating_pow(u32::try_from(steps - step).unwrap_or(63))
                .max(1);
    }
    // Powers of floats differ in their last bits between machines; whole ratios of whole roots do not
    // pay here. Even steps between two worths that are at most fourfold apart serve as well.
    let width = u128::from(high - low) * u128::from(step) / u128::from(steps);
    low + u64::try_from(width).unwrap_or(0)
}

/// Relaxations at several worths, side by side; the answer does not depend on how many run at once.
pub(super) fn solve_all(
    problem: &Budgeted,
    price: Price,
    worths: &[u64],
    steps: u64,
) -> Result<Vec<Relaxed>, PhaseError> {
    let edges: Vec<Edge> = problem
        .graph
        .edges()
        .iter()
        .zip(&problem.yearly)
        .map(|(edge, yearly)| Edge {
            ends: edge.ends,
            weight: price.weight(edge.weight, *yearly),
        })
        .collect();
    let graph = Graph::new(problem.graph.nodes(), edges).map_err(|_| PhaseError::Misfit)?;
    worths
        .par_iter()
        .map(|worth| relax(problem, &graph, price, *worth, steps))
        .collect()
}

fn relax(
    problem: &Budgeted,
    graph: &Graph,
    price: Price,
    worth: u64,
    steps: u64,
) -> Result<Relaxed, PhaseError> {
    // No prize beyond the price of all routes changes anything but the size of numbers.
    let all: u64 = graph
        .edges()
        .iter()
        .fold(1, |sum, edge| sum.saturating_add(edge.weight));
    let cap = all
        .min(TOTAL_MAX / 4 / (problem.items.len() as u64 + 1))
        .max(1);
    let mut prizes = vec![0; graph.nodes()];
    let mut gains = vec![0_u128; problem.items.len()];
    let mut surplus = 0_u128;
    for (item, gain) in problem.items.iter().zip(&mut gains) {
        let value = u128::from(item.benefit) * u128::from(worth) / WORTH_UNIT;
        *gain = value.saturating_sub(price.of(item.capex, item.yearly));
        // What rounding down took off comes back.
        surplus += *gain + 1;
        if let Some(node) = item.node {
            prizes[node as usize] = u64::try_from(*gain).unwrap_or(u64::MAX).min(cap);
        }
    }
    let tree = Problem::prize_collecting(graph.clone(), prizes, Some(problem.root));
    let never = || false;
    let route = solve(&tree, &mut Work::new(steps, &never))?;
    // A gain above the cap that is left costs more than its prize: the bound stays a bound.
    let surplus = surplus.saturating_sub(u128::from(route.lower_bound));
    let mut inside = vec![false; graph.nodes()];
    for node in &route.nodes {
        inside[*node as usize] = true;
    }
    inside[problem.root as usize] = true;
    let taken = |number: &usize| {
        let reached = problem.items[*number]
            .node
            .is_none_or(|node| inside[node as usize]);
        reached && gains[*number] > 0
    };
    let items: Vec<usize> = (0..problem.items.len()).filter(taken).collect();
    let sum = |own: fn(&super::Item) -> u64, edge: &dyn Fn(u32) -> u64| {
        let items = items.iter().map(|number| own(&problem.items[*number]));
        items
            .chain(route.edges.iter().map(|number| edge(*number)))
            .sum()
    };
    Ok(Relaxed {
        price,
        worth,
        capex: sum(|item| item.capex, &|edge| problem.graph.weight(edge)),
        yearly: sum(|item| item.yearly, &|edge| problem.yearly[edge as usize]),
        items,
        edges: route.edges,
        surplus,
    })
}
