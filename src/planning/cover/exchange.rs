//! A good choice quickly: the candidate that brings most, one after the other, then exchanges of one
//! for another while that brings more.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of demands and candidates are those of the problem at hand"
)]

use super::Cover;
use crate::route::Work;

/// A choice, and what is reached by it.
struct Chosen<'a> {
    cover: &'a Cover,
    taken: Vec<bool>,
    list: Vec<u32>,
    /// By demand: chosen candidates that reach it.
    times: Vec<u32>,
    /// By demand: the sum of the chosen that reach it; with one, that one.
    sum: Vec<u64>,
}

/// `count` candidates, or all that there are.
pub(super) fn choose(cover: &Cover, count: usize, work: &mut Work<'_>) -> Vec<u32> {
    let mut chosen = Chosen::none(cover);
    while chosen.list.len() < count {
        let open = (0_u32..).zip(&chosen.taken).filter(|(_, taken)| !**taken);
        let best = open.map(|(number, _)| (chosen.brings(number), std::cmp::Reverse(number)));
        let Some((_, std::cmp::Reverse(number))) = best.max() else {
            break;
        };
        chosen.take(number);
        work.spend(cover.reached.len());
    }
    improve(chosen, work)
}

/// A choice after all exchanges that pay.
pub(super) fn exchanged(cover: &Cover, list: &[u32], work: &mut Work<'_>) -> Vec<u32> {
    let mut chosen = Chosen::none(cover);
    for number in list {
        chosen.take(*number);
    }
    improve(chosen, work)
}

fn improve(mut chosen: Chosen<'_>, work: &mut Work<'_>) -> Vec<u32> {
    while let Some((out, into)) = chosen.best_exchange(work) {
        chosen.drop(out);
        chosen.take(into);
        if !work.goes_on() {
            break;
        }
    }
    chosen.list.sort_unstable();
    chosen.list
}

impl<'a> Chosen<'a> {
    fn none(cover: &'a Cover) -> Self {
        Self {
            cover,
            taken: vec![false; cover.reached.len()],
            list: Vec::new(),
            times: vec![0; cover.demand.len()],
            sum: vec![0; cover.demand.len()],
        }
    }

    fn take(&mut self, number: u32) {
        self.taken[number as usize] = true;
        self.list.push(number);
        for demand in &self.cover.reached[number as usize] {
            self.times[*demand as usize] += 1;
            self.sum[*demand as usize] += u64::from(number);
        }
    }

    fn drop(&mut self, number: u32) {
        self.taken[number as usize] = false;
        self.list.retain(|other| *other != number);
        for demand in &self.cover.reached[number as usize] {
            self.times[*demand as usize] -= 1;
            self.sum[*demand as usize] -= u64::from(number);
        }
    }

    /// Demand that only this candidate would add.
    fn brings(&self, number: u32) -> u64 {
        let reached = self.cover.reached[number as usize].iter();
        reached
            .filter(|demand| self.times[**demand as usize] == 0)
            .map(|demand| self.cover.demand[*demand as usize])
            .sum()
    }

    /// The exchange that brings most, if any brings anything: (out, in).
    fn best_exchange(&self, work: &mut Work<'_>) -> Option<(u32, u32)> {
        // By candidate: demand that only it reaches.
        let mut alone = vec![0_u64; self.taken.len()];
        for (demand, times) in self.times.iter().enumerate() {
            if *times == 1 {
                let owner = usize::try_from(self.sum[demand]).unwrap_or(usize::MAX);
                alone[owner] += self.cover.demand[demand];
            }
        }
        let mut best = (0, None);
        let mut kept = vec![0_u64; self.taken.len()];
        for (into, _) in (0_u32..).zip(&self.taken).filter(|(_, taken)| !**taken) {
            let mut gain = 0;
            let reached = &self.cover.reached[into as usize];
            for demand in reached.iter().map(|demand| *demand as usize) {
                match self.times[demand] {
                    0 => gain += self.cover.demand[demand],
                    1 => {
                        let owner = usize::try_from(self.sum[demand]).unwrap_or(0);
                        kept[owner] += self.cover.demand[demand];
                    }
                    _ => {}
                }
            }
            for &out in &self.list {
                let loss = alone[out as usize] - kept[out as usize];
                if gain > loss && gain - loss > best.0 {
                    best = (gain - loss, Some((out, into)));
                }
                kept[out as usize] = 0;
            }
            if !work.spend(reached.len() + self.list.len()) {
                break;
            }
        }
        best.1
    }
}
