//! Which sites in which phase: the most benefit under a ceiling of capex and one of yearly cost, when
//! sites share the routes that lead to them. Phases are nested: what a phase builds stays.
//!
//! With a shared route this is a budgeted Steiner tree, not a knapsack. Each ceiling is priced away
//! (a Lagrangean relaxation): what is left is the prize-collecting Steiner tree that [`crate::route`]
//! solves, with a bound that is a bound here too, and its trees at several prices are good plans of
//! several sizes (`relaxed`). A phase takes up those trees as far as its ceiling allows, is filled
//! greedily by benefit per price (`grow`), and improved by taking out a site or a branch and filling
//! again (`polish`). Every phase says how far it is, at most, from the best plan under its ceiling,
//! phases before it or not.
//!
//! Same input, same answer, on any number of threads: relaxations are solved side by side, each by
//! itself.

mod frontier;
mod grow;
mod polish;
mod relaxed;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::graph::Graph;
use crate::route::RouteError;
use grow::{Allowed, Grown};
use relaxed::{Price, Relaxed};

pub use frontier::{FrontierPoint, Staircase};

/// Largest benefit of an item: with [`ITEMS_MAX`] items sums fit well.
pub const BENEFIT_MAX: u64 = 1_000_000_000;
/// Most items.
pub const ITEMS_MAX: usize = 2_000_000;

/// Something that may be built: a site with its own cost, at a node to which a route must lead, or
/// free-standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The node that a route must reach; `None`: it stands alone. No two items share a node.
    pub node: Option<u32>,
    /// Its own capex, without any route, minor units.
    pub capex: u64,
    /// What it costs a year, minor units.
    pub yearly: u64,
    /// What it is worth.
    pub benefit: u64,
}

/// Items, and the routes that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgeted {
    /// The routes; weights are capex in minor units.
    pub graph: Graph,
    /// By edge: what its route costs a year, minor units.
    pub yearly: Vec<u64>,
    /// The node from which every route begins.
    pub root: u32,
    /// The items.
    pub items: Vec<Item>,
}

/// What may be spent up to and with a phase, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ceiling {
    /// Capex in all.
    pub capex: u64,
    /// Yearly cost of all that is built; `None`: any.
    pub yearly: Option<u64>,
}

/// What a phase must do beside spending well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// Items that it takes, whatever they cost.
    pub forced: Vec<usize>,
    /// At least so many items of each list.
    pub quotas: Vec<(Vec<usize>, usize)>,
}

/// What is built up to and with a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Items, by number, ascending; those of the phases before among them.
    pub items: Vec<usize>,
    /// Edges of the routes, by number, ascending.
    pub edges: Vec<u32>,
    /// Capex of all, minor units.
    pub capex: u64,
    /// Yearly cost of all, minor units.
    pub yearly: u64,
    /// Benefit of all.
    pub benefit: u64,
    /// No plan under this ceiling brings more.
    pub upper_bound: u64,
    /// Orders cost more than the ceiling allows.
    pub over: bool,
    /// By quota: items missing.
    pub missing: Vec<usize>,
}

impl Built {
    /// How much more, at most, another plan could bring, as a share of the bound.
    #[must_use]
    pub fn gap(&self) -> f64 {
        crate::route::gap(self.benefit, self.upper_bound)
    }
}

/// How much work goes into an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Relaxations of a round.
    pub prices: usize,
    /// Rounds around each ceiling.
    pub rounds: usize,
    /// Steps of each relaxation.
    pub steps: u64,
    /// Steps of the improvement of each phase.
    pub polish: u64,
}

impl Effort {
    /// What fits a problem of this size into a minute of two cores, and small ones into a second.
    #[must_use]
    pub fn of(problem: &Budgeted) -> Self {
        let size = problem.graph.edges().len() + problem.graph.nodes() + problem.items.len();
        if size <= 5_000 {
            Self {
                prices: 10,
                rounds: 3,
                steps: 4_000_000,
                polish: 40_000_000,
            }
        } else if size <= 40_000 {
            Self {
                prices: 8,
                rounds: 2,
                steps: 10_000_000,
                polish: 60_000_000,
            }
        } else {
            Self {
                prices: 6,
                rounds: 2,
                steps: 20_000_000,
                polish: 40_000_000,
            }
        }
    }
}

/// Why there are no phases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhaseError {
    /// The root, an item's node, or the list of yearly costs does not fit the graph.
    #[error("the root, a node of an item or the yearly costs of edges do not fit the graph")]
    Misfit,
    /// Two items share a node.
    #[error("two items share node {0} (counted from 0)")]
    Shared(u32),
    /// A benefit above [`BENEFIT_MAX`], or more than [`ITEMS_MAX`] items.
    #[error("more than {ITEMS_MAX} items, or a benefit above {BENEFIT_MAX}")]
    TooMuch,
    /// Ceilings that fall from one phase to the next.
    #[error("the ceilings of phase {0} (counted from 1) are below those of the phase before")]
    Falling(usize),
    /// The routes.
    #[error(transparent)]
    Route(#[from] RouteError),
}

/// The relaxations of a problem, from which phases and the frontier are made.
#[derive(Debug)]
pub struct Planner<'p> {
    problem: &'p Budgeted,
    item_at: Vec<u32>,
    effort: Effort,
    relaxed: Vec<Relaxed>,
    total: u64,
}

/// No item.
const NONE: u32 = u32::MAX;

impl<'p> Planner<'p> {
    /// Checks a problem.
    pub fn new(problem: &'p Budgeted, effort: Effort) -> Result<Self, PhaseError> {
        let nodes = problem.graph.nodes();
        if problem.root as usize >= nodes || problem.yearly.len() != problem.graph.edges().len() {
            return Err(PhaseError::Misfit);
        }
        if problem.items.len() > ITEMS_MAX {
            return Err(PhaseError::TooMuch);
        }
        let mut item_at = vec![NONE; nodes];
        for (number, item) in (0_u32..).zip(&problem.items) {
            if item.benefit > BENEFIT_MAX {
                return Err(PhaseError::TooMuch);
            }
            let Some(node) = item.node else { continue };
            match item_at.get_mut(node as usize) {
                None => return Err(PhaseError::Misfit),
                Some(held) if *held != NONE => return Err(PhaseError::Shared(node)),
                Some(held) => *held = number,
            }
        }
        Ok(Self {
            problem,
            item_at,
            effort,
            relaxed: Vec::new(),
            total: problem.items.iter().map(|item| item.benefit).sum(),
        })
    }

    /// Phases, one a ceiling; ceilings are cumulative. `done` hears how many of them are made.
    pub fn phases(
        &mut self,
        wanted: &[(Ceiling, Orders)],
        done: &dyn Fn(usize),
    ) -> Result<Vec<Built>, PhaseError> {
        for (number, pair) in wanted.windows(2).enumerate() {
            if let [(before, _), (after, _)] = pair {
                let falls = match (before.yearly, after.yearly) {
                    (Some(before), Some(after)) => after < before,
                    _ => false,
                };
                if after.capex < before.capex || falls {
                    return Err(PhaseError::Falling(number + 2));
                }
            }
        }
        let mut state = Grown::new(self.problem);
        let mut phases = Vec::new();
        for (ceiling, orders) in wanted {
            let (next, over, missing) = self.phase(&state, *ceiling, orders)?;
            let (items, edges) = next.lists();
            // Orders may bring more than their ceiling would allow.
            let bound = self.bound(*ceiling);
            phases.push(Built {
                items,
                edges,
                capex: next.capex,
                yearly: next.yearly,
                benefit: next.benefit,
                upper_bound: bound.max(next.benefit),
                over,
                missing,
            });
            state = next;
            done(phases.len());
        }
        Ok(phases)
    }

    /// One phase on top of what is built.
    fn phase(
        &mut self,
        built: &Grown<'p>,
        ceiling: Ceiling,
        orders: &Orders,
    ) -> Result<(Grown<'p>, bool, Vec<usize>), PhaseError> {
        let mut prices = vec![Price::CAPEX];
        self.around(Price::CAPEX, ceiling)?;
        let mut base = built.clone();
        let mut over = false;
        for item in &orders.forced {
            base.connect(*item, Price::CAPEX, &self.item_at);
            over |= !base.fits(ceiling);
        }
        let mut missing = Vec::new();
        for (list, count) in &orders.quotas {
            missing.push(base.fill_quota(list, *count, ceiling, &self.item_at));
        }
        base.lock();
        if over {
            return Ok((base, true, missing));
        }
        let mut best = self.grown(&base, ceiling, Price::CAPEX);
        // A yearly ceiling that binds is priced too.
        let free = Ceiling {
            yearly: None,
            ..ceiling
        };
        let binds = ceiling.yearly.is_some() && {
            let unbound = self.grown(&base, free, Price::CAPEX);
            !unbound.fits(ceiling)
        };
        if let (Some(yearly), true) = (ceiling.yearly, binds) {
            for price in Price::mixed(ceiling.capex, yearly) {
                self.around(price, ceiling)?;
                prices.push(price);
                let grown = self.grown(&base, ceiling, price);
                if grown.better_than(&best) {
                    best = grown;
                }
            }
        }
        let polished = polish::polish(&best, ceiling, &prices, &self.item_at, self.effort.polish);
        Ok((polished, false, missing))
    }

    /// Relaxations around a ceiling, by rounds: each looks closer at where cost passes the ceiling.
    fn around(&mut self, price: Price, ceiling: Ceiling) -> Result<(), PhaseError> {
        let limit = price.limit(ceiling);
        for _ in 0..self.effort.rounds {
            let mine = self.relaxed.iter().filter(|one| one.price == price);
            let mut known: Vec<(u64, u128)> = mine
                .map(|one| (one.worth, price.of(one.capex, one.yearly)))
                .collect();
            known.sort_unstable();
            let worths = relaxed::next_worths(&known, limit, self.total, self.effort.prices);
            if worths.is_empty() {
                break;
            }
            let more = relaxed::solve_all(self.problem, price, &worths, self.effort.steps)?;
            self.relaxed.extend(more);
        }
        Ok(())
    }

    /// The best plan made from the relaxations at this price, under a ceiling.
    fn grown(&self, base: &Grown<'p>, ceiling: Ceiling, price: Price) -> Grown<'p> {
        let limit = price.limit(ceiling);
        let mut mine: Vec<&Relaxed> = self
            .relaxed
            .iter()
            .filter(|one| one.price == price)
            .collect();
        mine.sort_by_key(|one| (price.of(one.capex, one.yearly), one.worth));
        let split = mine.partition_point(|one| price.of(one.capex, one.yearly) <= limit);
        let (within, beyond) = mine.split_at(split);
        let mut best: Option<Grown<'p>> = None;
        // The largest that fit and the smallest that do not, in turn with plain growth.
        let under: Vec<&Relaxed> = within.iter().rev().take(3).copied().collect();
        let above: Vec<&Relaxed> = beyond.iter().take(3).copied().collect();
        let firsts: Vec<Option<&Relaxed>> = under.iter().copied().map(Some).chain([None]).collect();
        let seconds: Vec<Option<&Relaxed>> =
            above.iter().copied().map(Some).chain([None]).collect();
        for first in &firsts {
            for second in &seconds {
                let mut grown = base.clone();
                for one in [first, second].into_iter().flatten() {
                    grown.fill(
                        ceiling,
                        price,
                        &Allowed::only(self.problem, one),
                        &self.item_at,
                    );
                }
                grown.fill(ceiling, price, &Allowed::all(), &self.item_at);
                if best.as_ref().is_none_or(|best| grown.better_than(best)) {
                    best = Some(grown);
                }
            }
        }
        for one in above {
            let mut grown = base.clone();
            grown.adopt(one, ceiling, price, &self.item_at);
            grown.fill(ceiling, price, &Allowed::all(), &self.item_at);
            if best.as_ref().is_none_or(|best| grown.better_than(best)) {
                best = Some(grown);
            }
        }
        best.unwrap_or_else(|| base.clone())
    }

    /// No plan under the ceiling brings more than this.
    fn bound(&self, ceiling: Ceiling) -> u64 {
        let bounds = self.relaxed.iter().map(|one| one.bound(ceiling));
        bounds.min().unwrap_or(self.total).min(self.total)
    }
}
