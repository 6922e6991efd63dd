//! Service hours: the local hours in which an agreement counts at all.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::period::{Period, PeriodError, time_zone};

/// Minutes of a day; `24:00` as an end.
const DAY_MINUTES: u16 = 24 * 60;

/// A time of day, `HH:MM` from `00:00` to `24:00` (the latter only useful as an end).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime {
    minute_of_day: u16,
}

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read time of day {0:?}: write HH:MM from 00:00 to 24:00")]
pub struct ClockTimeError(String);

impl FromStr for ClockTime {
    type Err = ClockTimeError;

    fn from_str(text: &str) -> Result<Self, ClockTimeError> {
        let two = |s: &str| -> Option<u16> {
            (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok())?
        };
        let parsed = text.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute) = (two(hour)?, two(minute)?);
            (minute < 60).then_some(hour * 60 + minute)
        });
        match parsed {
            Some(minute_of_day) if minute_of_day <= DAY_MINUTES => Ok(Self { minute_of_day }),
            _ => Err(ClockTimeError(text.chars().take(20).collect())),
        }
    }
}

impl TryFrom<String> for ClockTime {
    type Error = ClockTimeError;

    fn try_from(text: String) -> Result<Self, ClockTimeError> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.minute_of_day / 60,
            self.minute_of_day % 60
        )
    }
}

/// A window that repeats every week, in local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWindow {
    /// Days on which it begins, 0 = Monday to 6 = Sunday.
    pub days: Vec<u8>,
    /// Begin.
    pub from: ClockTime,
    /// End (not inside). At or before `from`, it is on the next day.
    pub to: ClockTime,
}

/// A stretch of days with a week of its own: Ramadan, a summer of single sessions, school holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// What a person calls it.
    pub name: String,
    /// First day.
    pub from: Date,
    /// First day after it.
    pub to: Date,
    /// Its week; none: no service hours at all.
    #[serde(default)]
    pub windows: Vec<ServiceWindow>,
    /// Who entered it.
    pub author: String,
    /// When it was entered.
    pub entered: Date,
}

/// A day unlike the others: a feast that the moon decides, a day off announced late, an exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionalDay {
    /// What a person calls it.
    pub name: String,
    /// The day.
    pub day: Date,
    /// Its hours; none: no service hours at all.
    #[serde(default)]
    pub windows: Vec<DayWindow>,
    /// Who entered it.
    pub author: String,
    /// When it was entered; it may be later than the day.
    pub entered: Date,
}

/// Hours of one day, in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayWindow {
    /// Begin.
    pub from: ClockTime,
    /// End (not inside). At or before `from`, it is on the next day.
    pub to: ClockTime,
}

/// The hours that count. Slots outside them leave both sides of the figure. For a day the first of
/// these speaks that names it: an exceptional day, a holiday, the season entered last, the week.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceHours {
    /// Windows of a week; they may overlap.
    pub windows: Vec<ServiceWindow>,
    /// Days without service hours, whatever the day of the week: no window begins on them.
    #[serde(default)]
    pub holidays: Vec<Date>,
    /// Stretches of days with a week of their own.
    #[serde(default)]
    pub seasons: Vec<Season>,
    /// Days unlike the others.
    #[serde(default)]
    pub days: Vec<ExceptionalDay>,
}

impl ServiceHours {
    /// For every slot of the period, whether its start lies in service hours (local time of the
    /// period's zone).
    pub fn slots_in_hours(&self, period: &Period) -> Result<Vec<bool>, PeriodError> {
        let rules = time_zone(&period.time_zone)?;
        let mut inside = vec![false; period.slot_count()];
        // The day before may have a window that ends after midnight.
        let mut day = period.first_day.yesterday().unwrap_or(period.first_day);
        while day < period.end_day {
            for (from, to) in self.intervals_of(day, &rules)? {
                if let Some(range) = inside.get_mut(period.slots_starting_in(from, to)) {
                    range.fill(true);
                }
            }
            day = day.tomorrow().map_err(|_| PeriodError::Instant(day))?;
        }
        Ok(inside)
    }

    fn intervals_of(&self, day: Date, rules: &TimeZone) -> Result<Vec<(i64, i64)>, PeriodError> {
        self.windows_of(day)
            .into_iter()
            .map(|window| {
                let overnight = if window.to <= window.from {
                    DAY_MINUTES
                } else {
                    0
                };
                let from = local_unix_ms(day, window.from.minute_of_day, rules)?;
                let to = local_unix_ms(day, window.to.minute_of_day + overnight, rules)?;
                Ok((from, to))
            })
            .collect()
    }

    /// The windows that begin on a day.
    #[must_use]
    pub fn windows_of(&self, day: Date) -> Vec<DayWindow> {
        // What was entered last under the same day corrects what was there before.
        if let Some(exception) = self.days.iter().rev().find(|one| one.day == day) {
            return exception.windows.clone();
        }
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        let season = self.seasons.iter().enumerate();
        let season = season
            .filter(|(_, season)| season.from <= day && day < season.to)
            .max_by_key(|(place, season)| (season.entered, *place));
        let week = season.map_or(&self.windows, |(_, season)| &season.windows);
        let weekday = day.weekday().to_monday_zero_offset();
        let on_it = |window: &&ServiceWindow| {
            let mut days = window.days.iter();
            days.any(|one| i8::try_from(*one) == Ok(weekday))
        };
        week.iter()
            .filter(on_it)
            .map(|window| DayWindow {
                from: window.from,
                to: window.to,
            })
            .collect()
    }
}

/// The instant of a local wall time. In a clock change, a time that does not exist moves on by the
/// length of the gap and one that exists twice is the first (RFC 5545 §3.3.5).
fn local_unix_ms(day: Date, minute_of_day: u16, rules: &TimeZone) -> Result<i64, PeriodError> {
    let wall: DateTime = day
        .to_datetime(Time::midnight())
        .checked_add(i64::from(minute_of_day).minutes())
        .map_err(|_| PeriodError::Instant(day))?;
    let zoned = wall
        .to_zoned(rules.clone())
        .map_err(|_| PeriodError::Instant(day))?;
    Ok(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> ServiceHours {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn weekdays_of_june_2026() {
        let week = hours("windows = [{ days = [0, 1, 2, 3, 4], from = '08:00', to = '18:00' }]");
        let june = Period::month("UTC", 2026, 6, 60).unwrap();
        let inside = week.slots_in_hours(&june).unwrap();
        assert_eq!(inside.iter().filter(|one| **one).count(), 13_200);
        let holiday = hours(
            "windows = [{ days = [0, 1, 2, 3, 4], from = '08:00', to = '18:00' }]\n\
             holidays = ['2026-06-10']",
        );
        let inside = holiday.slots_in_hours(&june).unwrap();
        assert_eq!(inside.iter().filter(|one| **one).count(), 12_600);
    }

    #[test]
    fn a_window_over_midnight_reaches_into_the_month_and_over_a_clock_change() {
        let night =
            hours("windows = [{ days = [0, 1, 2, 3, 4, 5, 6], from = '22:00', to = '06:00' }]");
        let march = Period::month("Europe/Bucharest", 2026, 3, 60).unwrap();
        let inside = night.slots_in_hours(&march).unwrap();
        assert!(inside[0] && inside[359] && !inside[360]);
        // 31 nights of 8 hours, one of which lost an hour.
        assert_eq!(inside.iter().filter(|one| **one).count(), 31 * 480 - 60);
        let whole =
            hours("windows = [{ days = [0, 1, 2, 3, 4, 5, 6], from = '00:00', to = '24:00' }]");
        assert!(whole.slots_in_hours(&march).unwrap().iter().all(|one| *one));
    }

    #[test]
    fn a_window_that_ends_when_it_begins_lasts_a_day() {
        let sunday = hours("windows = [{ days = [6], from = '12:00', to = '12:00' }]");
        let june = Period::month("UTC", 2026, 6, 3_600).unwrap();
        let inside = sunday.slots_in_hours(&june).unwrap();
        // Four Sundays; the one of 31 May reaches 12 hours into June.
        assert_eq!(inside.iter().filter(|one| **one).count(), 4 * 24 + 12);
    }

    #[test]
    fn seasons_and_days_go_before_the_week_and_the_last_entry_before_the_others() {
        let text = "windows = [{ days = [0, 1, 2, 3, 4], from = '08:00', to = '16:00' }]\n\
            holidays = ['2026-06-10', '2026-06-11']\n\
            [[seasons]]\nname = 'summer'\nfrom = '2026-06-15'\nto = '2026-07-01'\n\
            windows = [{ days = [0, 1, 2, 3, 4], from = '07:00', to = '13:00' }]\n\
            author = 'A'\nentered = '2026-05-01'\n\
            [[seasons]]\nname = 'closed'\nfrom = '2026-06-22'\nto = '2026-06-24'\n\
            author = 'A'\nentered = '2026-05-02'\n\
            [[days]]\nname = 'open all the same'\nday = '2026-06-11'\n\
            windows = [{ from = '09:00', to = '10:00' }]\nauthor = 'B'\nentered = '2026-06-09'\n\
            [[days]]\nname = 'announced late'\nday = '2026-06-12'\n\
            author = 'B'\nentered = '2026-06-13'\n\
            [[days]]\nname = 'corrected'\nday = '2026-06-12'\n\
            windows = [{ from = '08:00', to = '09:00' }, { from = '22:00', to = '02:00' }]\n\
            author = 'B'\nentered = '2026-06-14'\n";
        let hours = hours(text);
        let of = |day| {
            let date = Date::new(2026, 6, day).unwrap();
            let period = Period::between("UTC", date, date.tomorrow().unwrap(), 3_600).unwrap();
            let inside = hours.slots_in_hours(&period).unwrap();
            inside.iter().filter(|one| **one).count()
        };
        // Mondays to Fridays of 8 hours, a holiday, the open one, the corrected one with its night.
        assert_eq!([8, 9, 10, 11, 12, 13, 14].map(of), [8, 8, 0, 1, 3, 2, 0]);
        // The season, the closed days within it, and the season again; July has the week again.
        assert_eq!([15, 19, 20, 22, 23, 24, 30].map(of), [6, 6, 0, 0, 0, 6, 6]);
        let july = Date::new(2026, 7, 1).unwrap();
        assert_eq!(hours.windows_of(july)[0].from.to_string(), "08:00");
    }

    #[test]
    fn times_of_day_are_read_strictly() {
        for text in ["8:00", "08:60", "24:01", "0800", "-1:00", "08:00:00", ""] {
            assert!(text.parse::<ClockTime>().is_err(), "{text}");
        }
        assert_eq!("24:00".parse::<ClockTime>().unwrap().to_string(), "24:00");
    }
}
