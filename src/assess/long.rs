//! Slots of a site over a day and over the days that a plan looks back on.

use desserte_domain::machine::{Availability, MachineRun};
use desserte_domain::slot::SlotState;

use super::judge::{Window, run_slots};
use super::test::SiteTest;
use crate::app::{PLAN_DAYS, Source, SourceError};

/// A day, milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// Sums of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LongFigures {
    /// The last day: up, measured.
    pub day: (u64, u64),
    /// The days that a plan looks back on: up, down, unknown.
    pub plan: (u64, u64, u64),
}

/// Sums the slots of a site up to now.
pub fn long_figures(
    source: &Source,
    site: &str,
    test: &SiteTest,
    now: i64,
) -> Result<LongFigures, SourceError> {
    let window = Window::between(now - PLAN_DAYS * DAY_MS, now, test.rule.slot_seconds);
    let span = (window.start_unix_ms, window.end_unix_ms());
    let targets = source.measured(site, span)?;
    let (slots, run) = run_slots(test, &targets, window, Availability::Available);
    Ok(sums(&window, &slots, &run, now - DAY_MS))
}

/// Slots of a site up, down and unknown in `[from, to)`, Unix milliseconds.
pub fn slots_between(
    source: &Source,
    site: &str,
    test: &SiteTest,
    (from_unix_ms, to_unix_ms): (i64, i64),
) -> Result<(u64, u64, u64), SourceError> {
    let window = Window::between(from_unix_ms, to_unix_ms, test.rule.slot_seconds);
    let targets = source.measured(site, (window.start_unix_ms, window.end_unix_ms()))?;
    let (slots, run) = run_slots(test, &targets, window, Availability::Available);
    Ok(sums(&window, &slots, &run, to_unix_ms).plan)
}

fn sums(
    window: &Window,
    slots: &[SlotState],
    run: &MachineRun,
    day_start_unix_ms: i64,
) -> LongFigures {
    let mut figures = LongFigures::default();
    let states = slots.iter().zip(&run.states);
    for (slot, (state, availability)) in states.enumerate() {
        if *state == SlotState::Unknown {
            figures.plan.2 += 1;
            continue;
        }
        let up = u64::from(*availability == Availability::Available);
        figures.plan.0 += up;
        figures.plan.1 += 1 - up;
        if window.at(slot) >= day_start_unix_ms {
            figures.day.0 += up;
            figures.day.1 += 1;
        }
    }
    figures
}
