//! Periods in local time: a month from its first local midnight to the next month's, as UTC.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{ToSpan, Zoned};
use serde::Serialize;

/// Longest period, days: a leap year and a day, so that a mistyped date cannot ask for a vector of
/// centuries.
pub const MAX_PERIOD_DAYS: i32 = 367;

/// A run of slots between two local midnights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Name of the time zone in the tz database, for example `Africa/Brazzaville`.
    pub time_zone: String,
    /// First local day.
    pub first_day: Date,
    /// First local day after the period.
    pub end_day: Date,
    /// Start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// End (not inside), Unix milliseconds.
    pub end_unix_ms: i64,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
}

/// Why a period cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The tz database of this build does not know the name.
    #[error("make period: time zone {0:?} is not in the tz database")]
    TimeZone(String),
    /// Not a month of the calendar.
    #[error("make period: {year}-{month:02} is not a month")]
    Month {
        /// Year asked for.
        year: i16,
        /// Month asked for.
        month: i8,
    },
    /// No day of the month is one on which the agreement holds.
    #[error("make period: the agreement holds on no day of {year}-{month:02}")]
    NotHeld {
        /// Year asked for.
        year: i16,
        /// Month asked for.
        month: i8,
    },
    /// The last day is not after the first, or the period is too long.
    #[error("make period {from} to {to}: it must last from 1 to {MAX_PERIOD_DAYS} days")]
    Length {
        /// First day.
        from: Date,
        /// First day after it.
        to: Date,
    },
    /// A day that cannot be placed in time.
    #[error("make period: {0} has no instant in this time zone")]
    Instant(Date),
    /// A slot of no length.
    #[error("make period: a slot lasts at least 1 second")]
    Slot,
}

/// The rules of a time zone, from the tz database compiled into this build: the same on every
/// machine, whatever its system knows.
pub fn time_zone(name: &str) -> Result<TimeZone, PeriodError> {
    TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| PeriodError::TimeZone(name.to_owned()))
}

impl Period {
    /// A calendar month in a time zone.
    pub fn month(zone: &str, year: i16, month: i8, slot_seconds: u32) -> Result<Self, PeriodError> {
        let first = Date::new(year, month, 1).map_err(|_| PeriodError::Month { year, month })?;
        let next = first
            .checked_add(1.month())
            .map_err(|_| PeriodError::Month { year, month })?;
        Self::between(zone, first, next, slot_seconds)
    }

    /// From the first moment of day `from` to the first moment of day `to`, both local.
    pub fn between(
        zone: &str,
        from: Date,
        to: Date,
        slot_seconds: u32,
    ) -> Result<Self, PeriodError> {
        let rules = time_zone(zone)?;
        let days = from.until(to).map_or(0, |span| span.get_days());
        if !(1..=MAX_PERIOD_DAYS).contains(&days) {
            return Err(PeriodError::Length { from, to });
        }
        if slot_seconds == 0 {
            return Err(PeriodError::Slot);
        }
        Ok(Self {
            time_zone: zone.to_owned(),
            first_day: from,
            end_day: to,
            start_unix_ms: midnight_unix_ms(from, &rules)?,
            end_unix_ms: midnight_unix_ms(to, &rules)?,
            slot_seconds,
        })
    }

    /// The part of this period that has passed at `now_unix_ms`, in whole slots: for the figures
    /// of a month that still runs. Its `end_day` stays.
    #[must_use]
    pub fn until(&self, now_unix_ms: i64) -> Self {
        let passed = now_unix_ms.clamp(self.start_unix_ms, self.end_unix_ms) - self.start_unix_ms;
        let whole = passed - passed % self.slot_ms();
        Self {
            end_unix_ms: self.start_unix_ms + whole,
            ..self.clone()
        }
    }

    /// Length of a slot, milliseconds.
    #[must_use]
    pub fn slot_ms(&self) -> i64 {
        i64::from(self.slot_seconds.max(1)) * 1_000
    }

    /// Whole slots in the period. A remainder shorter than a slot (a slot length that does not
    /// divide the period) is not counted: it could only be judged together with the next period.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        usize::try_from((self.end_unix_ms - self.start_unix_ms) / self.slot_ms()).unwrap_or(0)
    }

    /// Start of a slot, Unix milliseconds.
    #[must_use]
    pub fn slot_start_unix_ms(&self, slot: usize) -> i64 {
        let slot = i64::try_from(slot).unwrap_or(i64::MAX);
        self.start_unix_ms
            .saturating_add(slot.saturating_mul(self.slot_ms()))
    }

    /// The slots whose start lies in `[from, to)`, clipped to the period.
    #[must_use]
    pub fn slots_starting_in(&self, from_unix_ms: i64, to_unix_ms: i64) -> std::ops::Range<usize> {
        let first = self.first_slot_from(from_unix_ms);
        first..self.first_slot_from(to_unix_ms).max(first)
    }

    /// The local days of the period with the slots that start in each, in order.
    pub fn days(&self) -> Result<Vec<(Date, std::ops::Range<usize>)>, PeriodError> {
        let rules = time_zone(&self.time_zone)?;
        let mut days = Vec::new();
        let mut day = self.first_day;
        while day < self.end_day {
            let next = day.tomorrow().map_err(|_| PeriodError::Instant(day))?;
            let (from, to) = (
                midnight_unix_ms(day, &rules)?,
                midnight_unix_ms(next, &rules)?,
            );
            days.push((day, self.slots_starting_in(from, to)));
            day = next;
        }
        Ok(days)
    }

    /// Number of the first slot that starts at or after a moment, at most the slot count.
    fn first_slot_from(&self, unix_ms: i64) -> usize {
        let offset = unix_ms.clamp(self.start_unix_ms, self.end_unix_ms) - self.start_unix_ms;
        let slot = offset / self.slot_ms() + i64::from(offset % self.slot_ms() != 0);
        usize::try_from(slot).unwrap_or(0).min(self.slot_count())
    }
}

/// The local day of a moment in a time zone; `None` outside the calendar or without such a zone.
#[must_use]
pub fn day_of(zone: &str, unix_ms: i64) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(unix_ms).ok()?;
    Some(at.to_zoned(time_zone(zone).ok()?).date())
}

/// First moment of a local day. (A zone that changes its clocks at midnight has days that begin
/// at 01:00; jiff gives that moment.)
pub(crate) fn midnight_unix_ms(day: Date, rules: &TimeZone) -> Result<i64, PeriodError> {
    let zoned: Zoned = day
        .to_zoned(rules.clone())
        .map_err(|_| PeriodError::Instant(day))?;
    let start = zoned
        .start_of_day()
        .map_err(|_| PeriodError::Instant(day))?;
    Ok(start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_with_a_clock_change_has_the_hours_it_had() {
        let march = Period::month("Europe/Bucharest", 2026, 3, 60).unwrap();
        assert_eq!(march.slot_count(), 743 * 60);
        assert_eq!(march.start_unix_ms, 1_772_316_000_000);
        let october = Period::month("Europe/Bucharest", 2026, 10, 60).unwrap();
        assert_eq!(october.slot_count(), 745 * 60);
        let june = Period::month("Africa/Brazzaville", 2026, 6, 300).unwrap();
        assert_eq!(june.slot_count(), 30 * 288);
    }

    #[test]
    fn days_cover_the_period_without_a_gap() {
        let march = Period::month("Europe/Bucharest", 2026, 3, 60).unwrap();
        let days = march.days().unwrap();
        assert_eq!(days.len(), 31);
        assert_eq!(
            days.iter()
                .filter(|(_, slots)| slots.len() == 23 * 60)
                .count(),
            1
        );
        let mut next = 0;
        for (_, slots) in days {
            assert_eq!(slots.start, next);
            next = slots.end;
        }
        assert_eq!(next, march.slot_count());
    }

    #[test]
    fn a_running_month_is_cut_at_a_whole_slot() {
        let june = Period::month("UTC", 2026, 6, 60).unwrap();
        let part = june.until(june.start_unix_ms + 90_000);
        assert_eq!(part.slot_count(), 1);
        assert_eq!(june.until(0).slot_count(), 0);
        assert_eq!(june.until(i64::MAX).slot_count(), 43_200);
    }

    #[test]
    fn bad_periods_are_refused_by_name() {
        let error = Period::month("Africa/Brazaville", 2026, 6, 60).unwrap_err();
        assert!(error.to_string().contains("Brazaville"));
        assert!(Period::month("UTC", 2026, 13, 60).is_err());
        assert_eq!(Period::month("UTC", 2026, 6, 0), Err(PeriodError::Slot));
        let day = |y, m, d| Date::new(y, m, d).unwrap();
        assert!(Period::between("UTC", day(2026, 6, 2), day(2026, 6, 2), 60).is_err());
        assert!(Period::between("UTC", day(2026, 6, 2), day(2029, 6, 2), 60).is_err());
    }
}
