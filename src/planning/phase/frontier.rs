//! Benefit against budget: a staircase of nested plans from nothing to everything, each with the most
//! that any plan could bring for the same capex.

use serde::Serialize;

use super::grow::{Allowed, Grown};
use super::relaxed::{self, Price};
use super::{Ceiling, PhaseError, Planner};

/// A plan of the staircase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FrontierPoint {
    /// What may be spent, minor units.
    pub ceiling_minor: u64,
    /// What is spent, minor units.
    pub capex_minor: u64,
    /// What it then costs a year, minor units.
    pub yearly_minor: u64,
    /// What it brings.
    pub benefit: u64,
    /// No plan for this capex brings more.
    pub upper_bound: u64,
    /// Sites built.
    pub sites: usize,
}

/// The staircase, and on which step each item and edge is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staircase {
    /// The steps, the first one empty.
    pub points: Vec<FrontierPoint>,
    /// By item: the step that builds it; `None`: no route leads there.
    pub item_steps: Vec<Option<usize>>,
    /// By edge: the step that builds it; `None`: none does.
    pub edge_steps: Vec<Option<usize>>,
}

impl Planner<'_> {
    /// A staircase of `steps` equal rises of capex above nothing. Yearly ceilings and orders are the
    /// phases' own and are not asked here.
    pub fn frontier(&mut self, steps: usize) -> Result<Staircase, PhaseError> {
        let endless = Ceiling {
            capex: u64::MAX / 4,
            yearly: None,
        };
        let mut all = Grown::new(self.problem);
        all.fill(endless, Price::CAPEX, &Allowed::all(), &self.item_at);
        let most = all.capex;
        self.around(
            Price::CAPEX,
            Ceiling {
                capex: most / 2,
                yearly: None,
            },
        )?;
        self.between(most / steps.max(1) as u64)?;
        let mut stairs = Staircase {
            points: vec![FrontierPoint {
                ceiling_minor: 0,
                capex_minor: 0,
                yearly_minor: 0,
                benefit: 0,
                upper_bound: self.bound(Ceiling {
                    capex: 0,
                    yearly: None,
                }),
                sites: 0,
            }],
            item_steps: vec![None; self.problem.items.len()],
            edge_steps: vec![None; self.problem.graph.edges().len()],
        };
        let mut state = Grown::new(self.problem);
        for step in 1..=steps {
            let capex =
                u64::try_from(u128::from(most) * step as u128 / steps as u128).unwrap_or(most);
            state.lock();
            // The last step builds all that is left: what came before may have taken other ways than
            // the least costly ones to everything.
            let room = if step == steps {
                endless
            } else {
                Ceiling {
                    capex,
                    yearly: None,
                }
            };
            state = self.grown(&state, room, Price::CAPEX);
            let ceiling = Ceiling {
                capex: capex.max(state.capex),
                yearly: None,
            };
            let marks = state.taken.iter().zip(&mut stairs.item_steps);
            mark(marks, step);
            mark(state.used.iter().zip(&mut stairs.edge_steps), step);
            let upper_bound = self.bound(ceiling).max(state.benefit);
            stairs.points.push(FrontierPoint {
                ceiling_minor: ceiling.capex,
                capex_minor: state.capex,
                yearly_minor: state.yearly,
                benefit: state.benefit,
                upper_bound,
                sites: state.taken.iter().filter(|taken| **taken).count(),
            });
        }
        Ok(stairs)
    }

    /// Relaxations between those that lie further apart than a rise.
    fn between(&mut self, rise: u64) -> Result<(), PhaseError> {
        let mine = self.relaxed.iter().filter(|one| one.price == Price::CAPEX);
        let mut known: Vec<(u64, u64)> = mine.map(|one| (one.worth, one.capex)).collect();
        known.sort_unstable();
        let apart = known.windows(2).filter_map(|pair| match pair {
            [(low, cheap), (high, dear)] if dear.saturating_sub(*cheap) > rise => {
                Some(low / 2 + high / 2)
            }
            _ => None,
        });
        let worths: Vec<u64> = apart.collect();
        let more = relaxed::solve_all(self.problem, Price::CAPEX, &worths, self.effort.steps)?;
        self.relaxed.extend(more);
        Ok(())
    }
}

fn mark<'m>(pairs: impl Iterator<Item = (&'m bool, &'m mut Option<usize>)>, step: usize) {
    for (taken, mark) in pairs {
        if *taken && mark.is_none() {
            *mark = Some(step);
        }
    }
}
