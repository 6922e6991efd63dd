//! The slots of a period one by one: what a person needs to recompute the figures by hand.

use super::count::{Count, Treatment, count_slots};
use super::{AccountError, AccountInput};
use crate::exclusion::{Exclusion, covering};
use crate::machine::Availability;
use crate::slot::SlotState;

/// One slot as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountedSlot<'a> {
    /// Its start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Its own samples.
    pub state: SlotState,
    /// What the machine says of it.
    pub availability: Availability,
    /// How it counts.
    pub count: Count,
    /// It starts outside the hours that count.
    pub outside_service_hours: bool,
    /// The exclusion that leaves it out.
    pub excluded_by: Option<&'a Exclusion>,
    /// The stop-clock in which it lies.
    pub stopped_by: Option<&'a Exclusion>,
}

/// Every slot of the period, by the same run of the machine and the same counting as
/// [`super::account`].
pub fn accounted_slots<'a>(
    input: &AccountInput<'a>,
) -> Result<Vec<AccountedSlot<'a>>, AccountError> {
    input.check()?;
    let treatment = Treatment::of(input)?;
    let machine = input.run(input.machine);
    let counted = count_slots(input, &treatment, &machine, input.machine.missing);
    let rows = input.slots.iter().zip(&machine.states).zip(counted);
    Ok(rows
        .enumerate()
        .map(|(slot, ((state, availability), count))| {
            let start_unix_ms = input.period.slot_start_unix_ms(slot);
            let outside_service_hours = treatment.outside_hours(slot);
            let [excluded_by, stopped_by] = covering(input.exclusions, start_unix_ms);
            AccountedSlot {
                start_unix_ms,
                state: *state,
                availability: *availability,
                count,
                outside_service_hours,
                excluded_by: excluded_by.filter(|_| !outside_service_hours),
                stopped_by,
            }
        })
        .collect())
}
