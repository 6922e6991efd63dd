//! Outages: what a person is shown, each with its cause.

pub mod group;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::cause::Verdict;
use crate::machine::{Availability, MachineRun};
use crate::slot::SlotState;

/// One outage of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Start of its first bad slot, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Start of the first good slot of the run that ended it; `None` while it lasts.
    pub end_unix_ms: Option<i64>,
    /// Slots in it, without those that nobody measured.
    pub down_slots: u64,
    /// Why, as far as the evidence says.
    pub cause: Verdict,
}

/// Runs of unavailable slots, in order, never touching one another.
#[must_use]
pub fn unavailable_ranges(states: &[Availability]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0_usize;
    for run in states.chunk_by(|left, right| left == right) {
        let range = start..start + run.len();
        start = range.end;
        if run.first() == Some(&Availability::Unavailable) {
            ranges.push(range);
        }
    }
    ranges
}

/// The outages of a machine's run.
///
/// `slots` are the slots that the machine ran over, `start_unix_ms` the start of the first and
/// `slot_ms` the length of each; `cause` is asked once per outage, with its slots. An outage that
/// reaches the last slot has no end yet.
pub fn outages(
    run: &MachineRun,
    slots: &[SlotState],
    start_unix_ms: i64,
    slot_ms: i64,
    mut cause: impl FnMut(Range<usize>) -> Verdict,
) -> Vec<Outage> {
    let at = |slot: usize| {
        let slot = i64::try_from(slot).unwrap_or(i64::MAX);
        start_unix_ms.saturating_add(slot.saturating_mul(slot_ms))
    };
    unavailable_ranges(&run.states)
        .into_iter()
        .map(|range| {
            let inside = slots.get(range.clone()).unwrap_or_default();
            let known = inside.iter().filter(|slot| **slot != SlotState::Unknown);
            Outage {
                start_unix_ms: at(range.start),
                end_unix_ms: (range.end < run.states.len()).then(|| at(range.end)),
                down_slots: u64::try_from(known.count()).unwrap_or(u64::MAX),
                cause: cause(range),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{Cause, Fact};
    use crate::machine::{MachineParameters, run};
    use crate::slot::SlotState::{Bad, Good, Unknown};

    #[test]
    fn outages_with_their_ends_slots_and_causes() {
        let parameters = MachineParameters {
            n_enter: 2,
            n_exit: 1,
            ..MachineParameters::default()
        };
        let slots = [Good, Bad, Unknown, Bad, Good, Bad, Bad];
        let run = run(parameters, Availability::Available, &slots, &[]);
        let mut asked = Vec::new();
        let found = outages(&run, &slots, 60_000, 1_000, |range| {
            asked.push(range);
            Verdict::new(Cause::Undetermined, vec![Fact::EvidenceInsufficient])
        });
        assert_eq!(asked, [1..4, 5..7]);
        let times: Vec<_> = found
            .iter()
            .map(|one| (one.start_unix_ms, one.end_unix_ms, one.down_slots))
            .collect();
        assert_eq!(times, [(61_000, Some(64_000), 2), (65_000, None, 2)]);
    }

    #[test]
    fn no_state_no_range() {
        assert!(unavailable_ranges(&[]).is_empty());
        assert!(unavailable_ranges(&[Availability::Available; 3]).is_empty());
    }
}
