//! The proof: a Lagrangean bound on what any choice reaches (each demand may count although nobody
//! reaches it, at a price), candidates that it decides, and branching on one that it does not.
//!
//! Prices are whole numbers of a 1,024th of the unit, so that the bound is exact.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of demands and candidates are those of the problem at hand"
)]

use std::cmp::Reverse;

use super::Cover;
use super::exchange::exchanged;
use crate::route::Work;

/// Parts of a unit in which prices are given.
const PARTS: u64 = 1_024;
/// Steps of the descent at the start, and in each branch.
const STEPS: [usize; 2] = [800, 60];
/// Steps without a better bound after which the step becomes half as long.
const PATIENCE: usize = 20;

/// Part of the last direction that the next one keeps.
const DRIFT: f64 = 0.7;
/// Sums of prices that take as long as a step of other searches.
const SUMS_A_STEP: usize = 16;

/// What is decided of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    In,
    Out,
}

/// A part of the search: what is decided, its prices, and the bound of the part that it comes from.
struct Part {
    fate: Vec<Fate>,
    price: Vec<u64>,
    bound: u64,
}

/// One look at the prices.
struct Look {
    /// The bound, in parts.
    bound: u64,
    /// Candidates taken: those decided, and the dearest of the open ones.
    taken: Vec<u32>,
    /// By candidate: the prices of the demands that it reaches.
    worth: Vec<u64>,
    /// Worth of the last open candidate taken, and of the first one left.
    edge: [u64; 2],
}

struct Prover<'a> {
    cover: &'a Cover,
    count: usize,
    best: Vec<u32>,
    covered: u64,
}

/// The best choice, from `first` on, and a bound on every choice.
pub(super) fn prove(
    cover: &Cover,
    count: usize,
    first: Vec<u32>,
    work: &mut Work<'_>,
) -> (Vec<u32>, u64) {
    let total: u64 = cover.demand.iter().sum();
    let mut prover = Prover {
        cover,
        count: count.min(cover.reached.len()),
        covered: cover.covered(&first),
        best: first,
    };
    let mut open = vec![Part {
        fate: vec![Fate::Open; cover.reached.len()],
        price: cover
            .demand
            .iter()
            .map(|demand| demand * PARTS / 2)
            .collect(),
        bound: total,
    }];
    let mut steps = STEPS[0];
    // What is still open when the search ends has these bounds.
    let mut left: u64 = 0;
    while let Some(part) = open.pop() {
        if part.bound <= prover.covered {
            continue;
        }
        if !work.goes_on() {
            left = left.max(part.bound);
            continue;
        }
        open.extend(prover.branch(part, steps, work));
        steps = STEPS[1];
    }
    (prover.best, left.max(prover.covered).min(total))
}

impl Prover<'_> {
    /// Bounds a part; what is left of it is two parts, the one with the candidate last (first served).
    fn branch(&mut self, mut part: Part, steps: usize, work: &mut Work<'_>) -> Vec<Part> {
        let Some(look) = self.descend(&mut part, steps, work) else {
            return Vec::new();
        };
        let open = look.taken.iter().copied();
        let open = open.filter(|number| part.fate[*number as usize] == Fate::Open);
        let Some(node) = open.max_by_key(|n| (look.worth[*n as usize], Reverse(*n))) else {
            // All is decided, and the look reported what that reaches.
            return Vec::new();
        };
        let with = |fate: Fate| {
            let mut fates = part.fate.clone();
            fates[node as usize] = fate;
            Part {
                fate: fates,
                price: part.price.clone(),
                bound: part.bound,
            }
        };
        vec![with(Fate::Out), with(Fate::In)]
    }

    /// Lowers the bound of a part by changing prices against what is reached too often or not at
    /// all. `None` when no better choice is in it.
    fn descend(&mut self, part: &mut Part, steps: usize, work: &mut Work<'_>) -> Option<Look> {
        let mut best: Option<(Look, Vec<u64>)> = None;
        let (mut scale, mut idle) = (1.5_f64, 0);
        let mut drift = vec![0.0; part.price.len()];
        for step in 0..steps {
            let look = self.look(part, work);
            self.report(&look.taken, step % 20 == 0, work);
            part.bound = part.bound.min(look.bound / PARTS);
            if part.bound <= self.covered {
                return None;
            }
            if !self.decide(part, &look) {
                return None;
            }
            self.step(part, &look, scale, &mut drift);
            if best
                .as_ref()
                .is_none_or(|(best, _)| look.bound < best.bound)
            {
                best = Some((look, part.price.clone()));
                idle = 0;
            } else {
                idle += 1;
            }
            if idle >= PATIENCE {
                (scale, idle) = (scale / 2.0, 0);
            }
            if scale < 0.005 || !work.goes_on() {
                break;
            }
        }
        let (look, price) = best?;
        part.price = price;
        Some(look)
    }

    fn look(&self, part: &Part, work: &mut Work<'_>) -> Look {
        let cover = self.cover;
        let mut taken: Vec<u32> = Vec::new();
        let mut open: Vec<(u64, Reverse<u32>)> = Vec::new();
        let mut worth = vec![0_u64; cover.reached.len()];
        let mut steps = cover.demand.len();
        for (number, list) in (0_u32..).zip(&cover.reached) {
            let at = number as usize;
            if part.fate[at] == Fate::Out {
                continue;
            }
            steps += list.len() + 1;
            worth[at] = list.iter().map(|demand| part.price[*demand as usize]).sum();
            match part.fate[at] {
                Fate::In => taken.push(number),
                Fate::Open => open.push((worth[at], Reverse(number))),
                Fate::Out => {}
            }
        }
        let free = self.count.saturating_sub(taken.len()).min(open.len());
        open.sort_unstable_by(|a, b| b.cmp(a));
        taken.extend(open.iter().take(free).map(|(_, Reverse(number))| *number));
        let last = free.checked_sub(1).and_then(|last| open.get(last));
        let prices = cover.demand.iter().zip(&part.price);
        let unpaid: u64 = prices.map(|(demand, price)| demand * PARTS - price).sum();
        work.spend(steps / SUMS_A_STEP);
        Look {
            bound: unpaid
                + taken
                    .iter()
                    .map(|number| worth[*number as usize])
                    .sum::<u64>(),
            taken,
            edge: [
                last.map_or(u64::MAX, |(worth, _)| *worth),
                open.get(free).map_or(0, |(worth, _)| *worth),
            ],
            worth,
        }
    }

    /// Takes a choice as the best one when it is, and tries exchanges on it.
    fn report(&mut self, taken: &[u32], exchange: bool, work: &mut Work<'_>) {
        let mut covered = self.cover.covered(taken);
        let mut list = taken.to_vec();
        if exchange || covered > self.covered {
            list = exchanged(self.cover, taken, work);
            covered = self.cover.covered(&list);
        }
        if covered > self.covered {
            list.sort_unstable();
            (self.best, self.covered) = (list, covered);
        }
    }

    /// Decides candidates whose other fate would bring the bound to what is reached already; false
    /// when that leaves no choice.
    fn decide(&self, part: &mut Part, look: &Look) -> bool {
        // A better choice reaches at least one more.
        let needed = (self.covered + 1) * PARTS;
        let mut taken = vec![false; part.fate.len()];
        for number in &look.taken {
            taken[*number as usize] = true;
        }
        let [last, next] = look.edge;
        for (at, fate) in part.fate.iter_mut().enumerate() {
            if *fate != Fate::Open {
                continue;
            }
            let worth = look.worth[at];
            if taken[at] && look.bound + next < needed + worth {
                *fate = Fate::In;
            } else if !taken[at] && last != u64::MAX && look.bound + worth < needed + last {
                *fate = Fate::Out;
            }
        }
        part.fate.iter().filter(|fate| **fate == Fate::In).count() <= self.count
    }

    /// Changes prices towards a lower bound: along what is reached too often (cheaper) or counted and
    /// not reached (dearer), and a part of the last direction.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the length of a step may be any; prices stay whole and within the demand"
    )]
    fn step(&self, part: &mut Part, look: &Look, scale: f64, drift: &mut [f64]) {
        let mut times = vec![0_u32; part.price.len()];
        for number in &look.taken {
            for demand in &self.cover.reached[*number as usize] {
                times[*demand as usize] += 1;
            }
        }
        let mut squares = 0.0;
        for (at, drift) in drift.iter_mut().enumerate() {
            let (price, full) = (part.price[at], self.cover.demand[at] * PARTS);
            let slack = match times[at] {
                0 if price < full => -1.0,
                0 | 1 => 0.0,
                times => f64::from(times - 1),
            };
            *drift = slack + DRIFT * *drift;
            squares += *drift * *drift;
        }
        if squares <= 0.0 {
            return;
        }
        let distance = look.bound.saturating_sub(self.covered * PARTS) as f64;
        let length = scale * distance / squares;
        for ((drift, price), demand) in drift.iter().zip(&mut part.price).zip(&self.cover.demand) {
            let change = (length * drift.abs()).round() as u64;
            *price = if *drift > 0.0 {
                price.saturating_sub(change)
            } else {
                price.saturating_add(change).min(demand * PARTS)
            };
        }
    }
}
