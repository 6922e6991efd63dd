//! Where to put p service points so that the most demand lies within reach of one: the maximal
//! covering location problem (Church and `ReVelle` 1974).
//!
//! Demand that the same candidates reach is one demand; a candidate that reaches nothing another one
//! does not reach is left out. Greedy choice and exchanges give an answer, a Lagrangean bound says
//! how good it is, and branching closes what is left between them, so that most answers are proved.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of demands and candidates are those of the problem at hand"
)]

mod bound;
mod exchange;
mod reduce;
#[cfg(test)]
mod tests;

use crate::graph::TOTAL_MAX;
use crate::route::Work;

/// Most pairs of a candidate and a demand that it reaches: what fits into 2 GB.
pub const PAIRS_MAX: usize = 200_000_000;

/// A place with demand, in a plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Across, in the unit of the radius.
    pub x: f64,
    /// Up, in the unit of the radius.
    pub y: f64,
    /// People, or whatever is to be reached, in whole units.
    pub demand: u64,
}

/// Which candidate reaches which demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// By demand: how much it is.
    pub demand: Vec<u64>,
    /// By candidate: the demands that it reaches, ascending.
    pub reached: Vec<Vec<u32>>,
}

/// Why a problem has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoverError {
    /// All demands together are above [`TOTAL_MAX`].
    #[error("the demands add up to more than {TOTAL_MAX}")]
    TooMuch,
    /// The radius is no distance.
    #[error("the radius must be a number, 0 or more")]
    Radius,
    /// More than [`PAIRS_MAX`] pairs.
    #[error("the radius reaches more than {PAIRS_MAX} pairs of places")]
    TooManyPairs,
    /// A candidate reaches a demand that is not there.
    #[error("candidate {candidate} reaches demand {demand}, which is not there")]
    NoSuchDemand {
        /// The candidate, counted from 0.
        candidate: usize,
        /// The demand, counted from 0.
        demand: u32,
    },
}

/// Which candidates to take, and how good that is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The candidates taken, ascending: p of them, or all when there are fewer.
    pub facilities: Vec<u32>,
    /// Demand reached.
    pub covered: u64,
    /// No choice reaches more.
    pub upper_bound: u64,
}

impl Choice {
    /// Whether no choice reaches more.
    #[must_use]
    pub const fn proved(&self) -> bool {
        self.covered >= self.upper_bound
    }

    /// How much, at most, the choice falls short, as a share of the bound.
    #[must_use]
    pub fn gap(&self) -> f64 {
        crate::route::gap(self.covered, self.upper_bound)
    }
}

impl Cover {
    /// Every place is a candidate, and reaches the places no farther than `radius` (straight line).
    pub fn of_places(places: &[Place], radius: f64) -> Result<Self, CoverError> {
        if !radius.is_finite() || radius < 0.0 {
            return Err(CoverError::Radius);
        }
        // By place across, so that only a strip is looked at for each.
        let mut order: Vec<u32> = (0_u32..).zip(places).map(|(number, _)| number).collect();
        order.sort_by(|a, b| {
            let [a, b] = [a, b].map(|number| places[*number as usize].x);
            a.total_cmp(&b)
        });
        let mut reached = vec![Vec::new(); places.len()];
        let mut pairs = 0;
        for (at, &from) in order.iter().enumerate() {
            let here = places[from as usize];
            for &to in &order[at..] {
                let there = places[to as usize];
                let (across, up) = (there.x - here.x, there.y - here.y);
                if across > radius {
                    break;
                }
                if across * across + up * up > radius * radius {
                    continue;
                }
                pairs += 1;
                if pairs > PAIRS_MAX {
                    return Err(CoverError::TooManyPairs);
                }
                reached[from as usize].push(to);
                if from != to {
                    reached[to as usize].push(from);
                }
            }
        }
        for list in &mut reached {
            list.sort_unstable();
        }
        Ok(Self {
            demand: places.iter().map(|place| place.demand).collect(),
            reached,
        })
    }

    /// Demand that a choice reaches.
    #[must_use]
    pub fn covered(&self, facilities: &[u32]) -> u64 {
        let mut seen = vec![false; self.demand.len()];
        let mut sum = 0;
        for facility in facilities {
            for &demand in &self.reached[*facility as usize] {
                if !std::mem::replace(&mut seen[demand as usize], true) {
                    sum += self.demand[demand as usize];
                }
            }
        }
        sum
    }

    fn check(&self) -> Result<(), CoverError> {
        let total = self
            .demand
            .iter()
            .try_fold(0_u64, |sum, d| sum.checked_add(*d));
        total
            .filter(|total| *total <= TOTAL_MAX >> 20)
            .ok_or(CoverError::TooMuch)?;
        for (candidate, list) in self.reached.iter().enumerate() {
            let outside = list.iter().find(|d| **d as usize >= self.demand.len());
            if let Some(&demand) = outside {
                return Err(CoverError::NoSuchDemand { candidate, demand });
            }
        }
        Ok(())
    }
}

/// The best choice of `count` candidates found within the limit, with its bound.
pub fn solve(cover: &Cover, count: usize, work: &mut Work<'_>) -> Result<Choice, CoverError> {
    cover.check()?;
    let reduced = reduce::reduce(cover, work);
    let core = &reduced.cover;
    let first = exchange::choose(core, count, work);
    let (chosen, upper_bound) = bound::prove(core, count, first, work);
    let mut facilities: Vec<u32> = chosen
        .iter()
        .map(|number| reduced.candidates[*number as usize])
        .collect();
    // Those that bring nothing more are places all the same.
    let mut taken = vec![false; cover.reached.len()];
    for facility in &facilities {
        taken[*facility as usize] = true;
    }
    let rest = (0_u32..).zip(&taken).filter(|(_, taken)| !**taken);
    let missing = count.saturating_sub(facilities.len());
    facilities.extend(rest.map(|(number, _)| number).take(missing));
    facilities.sort_unstable();
    let covered = cover.covered(&facilities);
    Ok(Choice {
        facilities,
        covered,
        upper_bound: upper_bound.max(covered),
    })
}
