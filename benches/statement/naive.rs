//! The same figures by the plainest way there is, written for reading and not for speed: every slot a
//! list of its samples in a map, every run of slots looked at again for every slot, every percentile
//! from a sorted copy. It shares no line with the product's own rules.

use std::collections::BTreeMap;

use desserte_domain::observation::Observation;

const SLOT_MS: i64 = 60_000;
const RUN: usize = 5;

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) unknown: u64,
    pub(crate) down: u64,
    pub(crate) up: u64,
    pub(crate) outages: u64,
    pub(crate) rtt_us: [u64; 3],
    pub(crate) lost: (u64, u64),
}

/// A month of one site; nothing before it is known, and `slots` after it are all good.
pub(crate) fn month(observations: &[Observation], start_unix_ms: i64, slots: usize) -> Plain {
    let mut by_slot: BTreeMap<usize, Vec<&Observation>> = BTreeMap::new();
    for one in observations {
        let slot = (one.start_unix_ms - start_unix_ms).div_euclid(SLOT_MS);
        if let Ok(slot) = usize::try_from(slot)
            && slot < slots
        {
            by_slot.entry(slot).or_default().push(one);
        }
    }
    // 'G', 'B' or 'U' for each slot.
    let states: Vec<char> = (0..slots)
        .map(|slot| {
            let samples = by_slot.get(&slot).map_or(&[][..], Vec::as_slice);
            let sent: u64 = samples.iter().map(|one| u64::from(one.sent)).sum();
            let received: u64 = samples.iter().map(|one| u64::from(one.received)).sum();
            if sent < 3 {
                'U'
            } else if (sent - received) * 5 > sent {
                'B'
            } else {
                'G'
            }
        })
        .collect();
    let down = unavailable(&states);
    let counts = |slot: &usize| states[*slot] != 'U';
    let downs = (0..slots).filter(counts).filter(|slot| down[*slot]).count();
    let ups = (0..slots)
        .filter(counts)
        .filter(|slot| !down[*slot])
        .count();
    let mut outages = 0;
    let mut slot = 0;
    while slot < slots {
        let first = slot;
        while slot < slots && down[slot] {
            slot += 1;
        }
        let counted = (first..slot).filter(|slot| states[*slot] != 'U').count();
        outages += u64::from(counted > 0);
        slot = slot.max(first + 1);
    }
    let available = |one: &&Observation| {
        let slot = (one.start_unix_ms - start_unix_ms).div_euclid(SLOT_MS);
        usize::try_from(slot).is_ok_and(|slot| slot < slots && states[slot] != 'U' && !down[slot])
    };
    let mut medians: Vec<u64> = observations
        .iter()
        .filter(available)
        .filter_map(|one| one.rtt_us_median.map(u64::from))
        .collect();
    medians.sort_unstable();
    let rank = |percent: usize| {
        let place = (medians.len() * percent).div_ceil(100).max(1) - 1;
        medians.get(place).copied().unwrap_or(0)
    };
    let inside = || observations.iter().filter(available);
    let sent: u64 = inside().map(|one| u64::from(one.sent)).sum();
    let received: u64 = inside().map(|one| u64::from(one.received)).sum();
    Plain {
        unknown: states.iter().filter(|state| **state == 'U').count() as u64,
        down: downs as u64,
        up: ups as u64,
        outages,
        rtt_us: [rank(50), rank(95), rank(99)],
        lost: (sent - received, sent),
    }
}

/// Whether each slot is unavailable: from the first of five bad known slots to the first of five good
/// ones, unknown slots skipped.
fn unavailable(states: &[char]) -> Vec<bool> {
    let run = |from: usize, wanted: char| {
        let known = states[from..].iter().filter(|state| **state != 'U');
        let looked: Vec<char> = known.take(RUN).copied().collect();
        // At the month's end the slots after it, all good, decide.
        let good = std::iter::repeat_n('G', RUN - looked.len());
        looked.into_iter().chain(good).all(|state| state == wanted)
    };
    let mut down = false;
    (0..states.len())
        .map(|slot| {
            match states[slot] {
                'B' if !down && run(slot, 'B') => down = true,
                'G' if down && run(slot, 'G') => down = false,
                _ => {}
            }
            down
        })
        .collect()
}
