//! The same problem with fewer demands and candidates.

#![expect(
    clippy::indexing_slicing,
    reason = "numbers of demands and candidates are those of the problem at hand"
)]

use std::collections::BTreeMap;

use super::Cover;
use crate::route::Work;

/// The smaller problem, and the candidates that it keeps.
#[derive(Debug)]
pub(super) struct Reduced {
    pub(super) cover: Cover,
    /// By candidate of the smaller problem: its number in the larger.
    pub(super) candidates: Vec<u32>,
}

/// Joins demands that the same candidates reach, and leaves out candidates that another one
/// replaces, until nothing changes.
pub(super) fn reduce(cover: &Cover, work: &mut Work<'_>) -> Reduced {
    let mut reduced = Reduced {
        candidates: (0_u32..)
            .zip(&cover.reached)
            .map(|(number, _)| number)
            .collect(),
        cover: merge(cover),
    };
    loop {
        let kept = without_dominated(&reduced.cover, work);
        let before = reduced.candidates.len();
        reduced.candidates = kept
            .iter()
            .map(|n| reduced.candidates[*n as usize])
            .collect();
        let reached = kept
            .iter()
            .map(|n| reduced.cover.reached[*n as usize].clone());
        reduced.cover = merge(&Cover {
            reached: reached.collect(),
            demand: reduced.cover.demand,
        });
        if reduced.candidates.len() == before || !work.goes_on() {
            return reduced;
        }
    }
}

/// By demand: the candidates that reach it, ascending.
pub(super) fn reached_by(cover: &Cover) -> Vec<Vec<u32>> {
    let mut by = vec![Vec::new(); cover.demand.len()];
    for (candidate, list) in (0_u32..).zip(&cover.reached) {
        for demand in list {
            by[*demand as usize].push(candidate);
        }
    }
    by
}

/// Demands that the same candidates reach become one; those nobody reaches, or of 0, go.
fn merge(cover: &Cover) -> Cover {
    let mut groups: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
    for (by, demand) in reached_by(cover).into_iter().zip(&cover.demand) {
        if *demand > 0 && !by.is_empty() {
            *groups.entry(by).or_default() += demand;
        }
    }
    let mut merged = Cover {
        demand: groups.values().copied().collect(),
        reached: vec![Vec::new(); cover.reached.len()],
    };
    for (demand, by) in (0_u32..).zip(groups.keys()) {
        for candidate in by {
            merged.reached[*candidate as usize].push(demand);
        }
    }
    merged
}

/// The candidates that reach something no other one reaches as well with more; of equals, the first.
fn without_dominated(cover: &Cover, work: &mut Work<'_>) -> Vec<u32> {
    let by = reached_by(cover);
    let mut gone = vec![false; cover.reached.len()];
    for (candidate, list) in (0_u32..).zip(&cover.reached) {
        let rarest = list.iter().min_by_key(|demand| by[**demand as usize].len());
        let Some(rarest) = rarest else {
            gone[candidate as usize] = true;
            continue;
        };
        let mut steps = 1;
        let replaced = by[*rarest as usize].iter().any(|other| {
            let larger = &cover.reached[*other as usize];
            let fits = *other != candidate
                && !gone[*other as usize]
                && (larger.len() > list.len()
                    || (larger.len() == list.len() && *other < candidate));
            steps += 1;
            fits && within(list, larger, &mut steps)
        });
        gone[candidate as usize] = replaced;
        if !work.spend(steps) {
            break;
        }
    }
    let kept = (0_u32..).zip(&gone).filter(|(_, gone)| !**gone);
    kept.map(|(number, _)| number).collect()
}

/// Whether all of one ascending list are in another.
fn within(few: &[u32], many: &[u32], steps: &mut usize) -> bool {
    let mut many = many.iter();
    few.iter().all(|wanted| {
        let next = many.by_ref().find(|have| {
            *steps += 1;
            *have >= wanted
        });
        next == Some(wanted)
    })
}
