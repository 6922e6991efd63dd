//! What each slot counts as.

use serde::Serialize;

use super::AccountInput;
use crate::exclusion::{Exclusion, ExclusionMode, excluded_slots};
use crate::machine::{Availability, MachineRun, MissingPolicy};
use crate::period::{Period, PeriodError};
use crate::service_hours::ServiceHours;
use crate::slot::SlotState;

/// How one slot counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// On neither side.
    Excluded,
    /// Nobody measured it.
    Unknown,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Count {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What an agreement's calendar says of each slot, before the machine.
pub(super) struct Treatment {
    in_hours: Option<Vec<bool>>,
    excluded: Vec<bool>,
}

impl Treatment {
    pub(super) fn of(input: &AccountInput<'_>) -> Result<Self, PeriodError> {
        Self::new(input.period, input.service_hours, input.exclusions)
    }

    fn new(
        period: &Period,
        hours: Option<&ServiceHours>,
        exclusions: &[Exclusion],
    ) -> Result<Self, PeriodError> {
        let in_hours = hours
            .map(|hours| hours.slots_in_hours(period))
            .transpose()?;
        Ok(Self {
            in_hours,
            excluded: excluded_slots(period, exclusions),
        })
    }

    /// Whether a slot starts outside the hours that count.
    pub(super) fn outside_hours(&self, slot: usize) -> bool {
        let hours = self.in_hours.as_ref();
        hours.is_some_and(|hours| hours.get(slot) != Some(&true))
    }

    /// How the slot counts whatever was measured in it; `None` when the measurement decides.
    /// Outside service hours goes first: it leaves both sides under either mode.
    fn fixed(&self, slot: usize, mode: ExclusionMode) -> Option<Count> {
        if self.outside_hours(slot) {
            return Some(Count::Excluded);
        }
        let excluded = self.excluded.get(slot) == Some(&true);
        excluded.then_some(match mode {
            ExclusionMode::Remove => Count::Excluded,
            ExclusionMode::AsUp => Count::Up,
        })
    }
}

pub(super) fn count_slots(
    input: &AccountInput<'_>,
    treatment: &Treatment,
    machine: &MachineRun,
    missing: MissingPolicy,
) -> Vec<Count> {
    let judged = input.slots.iter().zip(&machine.states).enumerate();
    judged
        .map(|(slot, (state, availability))| {
            if let Some(fixed) = treatment.fixed(slot, input.exclusion_mode) {
                return fixed;
            }
            if slot < input.slots_before_measuring {
                return Count::Unknown;
            }
            match (state, missing, availability) {
                (SlotState::Unknown, MissingPolicy::Exclude, _) => Count::Unknown,
                (_, _, Availability::Available) => Count::Up,
                (_, _, Availability::Unavailable) => Count::Down,
            }
        })
        .collect()
}

/// Slots of a whole period from `first_slot` on that will count if they are measured: those still
/// to come of a month that runs.
pub fn slots_to_come(
    whole: &Period,
    first_slot: usize,
    hours: Option<&ServiceHours>,
    (mode, exclusions): (ExclusionMode, &[Exclusion]),
) -> Result<u64, PeriodError> {
    let treatment = Treatment::new(whole, hours, exclusions)?;
    let counts = |slot: &usize| treatment.fixed(*slot, mode) != Some(Count::Excluded);
    Ok((first_slot..whole.slot_count()).filter(counts).count() as u64)
}
