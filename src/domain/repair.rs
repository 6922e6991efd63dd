//! Time to restore, incident by incident: the French *GTR* (garantie de temps de rétablissement).
//!
//! An incident is an outage from its true begin, also before the period, to its end. It is judged in
//! the period in which it ends, once. What is off the clock: stop-clocks, exclusions that leave slots
//! out, and, where the agreement counts working hours only, every other hour.

use serde::{Deserialize, Serialize};

use crate::agreement::Liability;
use crate::decimal::Fraction;
use crate::exclusion::Exclusion;
use crate::period::{Period, PeriodError, day_of};
use crate::service_hours::ServiceHours;

/// What is promised of repairs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairTerms {
    /// Each incident is restored within so many minutes; absent: not promised.
    #[serde(default)]
    pub restore_within_minutes: Option<u32>,
    /// The mean of a month's incidents is at most so many minutes; absent: not promised.
    #[serde(default)]
    pub mean_at_most_minutes: Option<u32>,
    /// Hours in which the clock runs; absent: always.
    #[serde(default)]
    pub hours: Option<ServiceHours>,
}

/// An outage to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// True start of its first slot, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Start of the first good slot, or the period's end.
    pub end_unix_ms: i64,
    /// It was not over at the period's end.
    pub open: bool,
    /// Who answers for it.
    pub liability: Liability,
}

/// What an incident means for the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairVerdict {
    /// Restored in time.
    InTime,
    /// Restored too late.
    Late,
    /// Still down at the period's end: judged when it ends.
    Open,
    /// Nothing is promised of a single incident.
    NotPromised,
}

impl RepairVerdict {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::InTime => "in_time",
            Self::Late => "late",
            Self::Open => "open",
            Self::NotPromised => "not_promised",
        }
    }
}

/// An incident on its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// What happened.
    pub occurrence: Occurrence,
    /// Slots from start to end.
    pub elapsed_slots: u64,
    /// Slots of them in which the clock ran.
    pub clock_slots: u64,
    /// Slots beyond the promise.
    pub late_slots: u64,
    /// Whether it was restored in time. It says nothing of who answers for it.
    pub verdict: RepairVerdict,
}

/// What a period's incidents mean together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepairSummary {
    /// Incidents that ended and that the contractor answers for.
    pub judged: u64,
    /// Those of them restored in time.
    pub in_time: u64,
    /// Slots of the clock of all that were judged.
    pub clock_slots: u64,
}

impl RepairSummary {
    /// Share restored in time; `None` without an incident.
    #[must_use]
    pub fn in_time_share(&self) -> Option<Fraction> {
        Fraction::of(self.in_time, self.judged)
    }

    /// Mean time on the clock, minutes; `None` without an incident.
    #[must_use]
    pub fn mean_minutes(&self, slot_seconds: u32) -> Option<Fraction> {
        Fraction::of(self.clock_slots * u64::from(slot_seconds), self.judged * 60)
    }
}

impl RepairTerms {
    /// An occurrence on its clock. `period` gives zone and slot length; exclusions are those of the
    /// site.
    pub fn judge(
        &self,
        occurrence: Occurrence,
        period: &Period,
        exclusions: &[Exclusion],
    ) -> Result<Incident, PeriodError> {
        let span = span(occurrence, period)?;
        let running = match &self.hours {
            Some(hours) => hours.slots_in_hours(&span)?,
            None => vec![true; span.slot_count()],
        };
        let off = |slot: usize| {
            let at = span.slot_start_unix_ms(slot);
            let mut inside = exclusions.iter();
            inside.any(|one| (one.from_unix_ms..one.to_unix_ms).contains(&at))
        };
        let clock = running.iter().enumerate();
        let clock_slots = clock.filter(|(slot, runs)| **runs && !off(*slot)).count() as u64;
        let (verdict, late_slots) = self.verdict(occurrence.open, clock_slots, period.slot_seconds);
        Ok(Incident {
            occurrence,
            elapsed_slots: span.slot_count() as u64,
            clock_slots,
            late_slots,
            verdict,
        })
    }

    fn verdict(&self, open: bool, clock_slots: u64, slot_seconds: u32) -> (RepairVerdict, u64) {
        let Some(minutes) = self.restore_within_minutes else {
            return (RepairVerdict::NotPromised, 0);
        };
        if open {
            return (RepairVerdict::Open, 0);
        }
        // A slot that begins inside the time is inside.
        let allowed = (u64::from(minutes) * 60).div_ceil(u64::from(slot_seconds.max(1)));
        match clock_slots.saturating_sub(allowed) {
            0 => (RepairVerdict::InTime, 0),
            late => (RepairVerdict::Late, late),
        }
    }

    /// Whether the mean of the incidents keeps what is promised of it; `None` when nothing is, or
    /// without an incident.
    #[must_use]
    pub fn keeps_mean(&self, summary: &RepairSummary, slot_seconds: u32) -> Option<bool> {
        let limit = u128::from(self.mean_at_most_minutes?);
        let mean = summary.mean_minutes(slot_seconds)?;
        Some(u128::from(mean.numerator) <= limit * u128::from(mean.denominator))
    }
}

/// What incidents mean together, of those that the contractor answers for; `open_too` counts those
/// that wait for a decision among them.
#[must_use]
pub fn summary(incidents: &[Incident], open_too: bool) -> RepairSummary {
    let mut sum = RepairSummary::default();
    for one in incidents.iter().filter(|one| one.counts(open_too)) {
        sum.judged += 1;
        sum.in_time += u64::from(one.verdict != RepairVerdict::Late);
        sum.clock_slots += one.clock_slots;
    }
    sum
}

impl Incident {
    /// Whether it ended and the contractor answers for it; `open_too` takes what waits for a decision
    /// as the contractor's.
    #[must_use]
    pub fn counts(&self, open_too: bool) -> bool {
        !self.occurrence.open
            && match self.occurrence.liability {
                Liability::Charged => true,
                Liability::NotCharged => false,
                Liability::NeedsDecision => open_too,
            }
    }
}

/// The slots of an occurrence as a period of its own.
fn span(occurrence: Occurrence, period: &Period) -> Result<Period, PeriodError> {
    let day = |at| day_of(&period.time_zone, at).ok_or(PeriodError::Instant(period.first_day));
    let end_day = day(occurrence.end_unix_ms)?;
    Ok(Period {
        first_day: day(occurrence.start_unix_ms)?,
        end_day: end_day
            .tomorrow()
            .map_err(|_| PeriodError::Instant(end_day))?,
        start_unix_ms: occurrence.start_unix_ms,
        end_unix_ms: occurrence.end_unix_ms.max(occurrence.start_unix_ms),
        ..period.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exclusion::ExclusionKind;

    /// Monday, 1 June 2026, 00:00 UTC.
    const JUNE_MS: i64 = 1_780_272_000_000;
    const MINUTE_MS: i64 = 60_000;

    fn terms(text: &str) -> RepairTerms {
        toml::from_str(text).unwrap()
    }

    fn period() -> Period {
        Period::month("UTC", 2026, 6, 60).unwrap()
    }

    fn occurrence(from_minute: i64, to_minute: i64) -> Occurrence {
        Occurrence {
            start_unix_ms: JUNE_MS + from_minute * MINUTE_MS,
            end_unix_ms: JUNE_MS + to_minute * MINUTE_MS,
            open: false,
            liability: Liability::Charged,
        }
    }

    fn judged(text: &str, one: Occurrence) -> (u64, u64, RepairVerdict) {
        let found = terms(text).judge(one, &period(), &[]).unwrap();
        (found.clock_slots, found.late_slots, found.verdict)
    }

    #[test]
    fn four_hours_are_in_time_and_a_minute_more_is_late() {
        let text = "restore_within_minutes = 240";
        let at = |minutes: i64| judged(text, occurrence(600, 600 + minutes));
        assert_eq!(at(240), (240, 0, RepairVerdict::InTime));
        assert_eq!(at(241), (241, 1, RepairVerdict::Late));
        let open = Occurrence {
            open: true,
            ..occurrence(0, 999)
        };
        assert_eq!(judged(text, open), (999, 0, RepairVerdict::Open));
        assert_eq!(judged("", open).2, RepairVerdict::NotPromised);
    }

    #[test]
    fn a_slot_that_begins_inside_the_time_is_inside() {
        let hour = Period::month("UTC", 2026, 6, 300).unwrap();
        let terms = terms("restore_within_minutes = 12");
        let late = |to| {
            terms
                .judge(occurrence(0, to), &hour, &[])
                .unwrap()
                .late_slots
        };
        assert_eq!([15, 20].map(late), [0, 1]);
    }

    #[test]
    fn working_hours_and_stop_clocks_are_off_the_clock() {
        let text = "restore_within_minutes = 240\n[hours]\n\
            windows = [{ days = [0, 1, 2, 3, 4], from = '08:00', to = '18:00' }]";
        // From Monday 17:00 to Tuesday 10:00: one hour and two.
        let over_night = occurrence(17 * 60, 34 * 60);
        assert_eq!(judged(text, over_night), (180, 0, RepairVerdict::InTime));
        let kinds = [ExclusionKind::StopClock, ExclusionKind::PlannedWorks];
        for kind in kinds {
            let stopped = Exclusion {
                from_unix_ms: JUNE_MS + 16 * 60 * MINUTE_MS,
                to_unix_ms: JUNE_MS + (17 * 60 + 30) * MINUTE_MS,
                class: "no_access".to_owned(),
                kind,
            };
            let found = terms(text)
                .judge(over_night, &period(), &[stopped])
                .unwrap();
            assert_eq!((found.elapsed_slots, found.clock_slots), (17 * 60, 150));
        }
    }

    #[test]
    fn an_incident_may_begin_in_the_month_before_and_end_in_it() {
        let text = "restore_within_minutes = 60";
        let before = occurrence(-600, 10);
        assert_eq!(judged(text, before), (610, 550, RepairVerdict::Late));
        assert_eq!(judged(text, occurrence(-50, 0)).2, RepairVerdict::InTime);
    }

    #[test]
    fn the_summary_counts_what_ended_and_whom_it_concerns() {
        let terms = terms("restore_within_minutes = 60\nmean_at_most_minutes = 50");
        let with = |liability, open, minutes| {
            let one = Occurrence {
                open,
                liability,
                ..occurrence(0, minutes)
            };
            terms.judge(one, &period(), &[]).unwrap()
        };
        let incidents = [
            with(Liability::Charged, false, 30),
            with(Liability::Charged, false, 70),
            with(Liability::Charged, true, 500),
            with(Liability::NotCharged, false, 500),
            with(Liability::NeedsDecision, false, 61),
        ];
        let least = summary(&incidents, false);
        assert_eq!((least.judged, least.in_time), (2, 1));
        assert_eq!(least.in_time_share().unwrap().to_string(), "1/2");
        assert_eq!(least.mean_minutes(60).unwrap().to_string(), "6000/120");
        assert_eq!(terms.keeps_mean(&least, 60), Some(true));
        let most = summary(&incidents, true);
        assert_eq!((most.judged, most.in_time, most.clock_slots), (3, 1, 161));
        assert_eq!(terms.keeps_mean(&most, 60), Some(false));
        let none = summary(&[], true);
        assert_eq!((none.in_time_share(), none.mean_minutes(60)), (None, None));
        assert_eq!(terms.keeps_mean(&none, 60), None);
        let silent = RepairTerms {
            mean_at_most_minutes: None,
            ..terms
        };
        assert_eq!(silent.keeps_mean(&most, 60), None);
    }

    #[test]
    fn names_are_those_of_the_files() {
        for verdict in [
            RepairVerdict::InTime,
            RepairVerdict::Late,
            RepairVerdict::Open,
            RepairVerdict::NotPromised,
        ] {
            let written = serde_json::to_value(verdict).unwrap();
            assert_eq!(written, serde_json::json!(verdict.identifier()));
        }
    }
}
