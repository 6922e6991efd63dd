//! Acceptance of a newly delivered site: so many days in a row within what was agreed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::account::DayFigures;
use crate::decimal::Decimal;

/// Days in a row that an acceptance may ask for.
pub const MAX_ACCEPTANCE_DAYS: u32 = 92;

/// What is asked of a new line before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceTerms {
    /// Days in a row that must pass.
    pub days: u32,
    /// Availability of each day, percent; best as a string.
    pub availability_percent: Decimal,
    /// Share of each day's slots, 0 to 1, that must be measured; best as a string.
    pub minimum_measured_share: Decimal,
}

/// How one day went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayVerdict {
    /// Within what was agreed.
    Passed,
    /// Below the availability: the count begins anew.
    Failed,
    /// Too little was measured: the count begins anew, because nobody can say.
    TooLittleMeasured,
    /// Nothing of the day counts (no service hours, all excluded): it is skipped.
    Skipped,
}

impl DayVerdict {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TooLittleMeasured => "too_little_measured",
            Self::Skipped => "skipped",
        }
    }
}

/// What the days say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The day on which the last of the days in a row was over; `None`: not accepted yet.
    pub accepted_on: Option<Date>,
    /// Days in a row that passed last, at most as many as are asked for.
    pub passed_in_a_row: u32,
    /// Every day up to the acceptance.
    pub days: Vec<(Date, DayVerdict)>,
}

impl AcceptanceTerms {
    /// How a day went.
    #[must_use]
    pub fn judge_day(&self, day: &DayFigures) -> DayVerdict {
        let Some(coverage) = day.counts.coverage() else {
            return DayVerdict::Skipped;
        };
        if self
            .minimum_measured_share
            .compare_fraction(coverage)
            .is_lt()
        {
            return DayVerdict::TooLittleMeasured;
        }
        match day.counts.availability() {
            None => DayVerdict::TooLittleMeasured,
            Some(share) if self.availability_percent.compare_percentage(share).is_ge() => {
                DayVerdict::Passed
            }
            Some(_) => DayVerdict::Failed,
        }
    }

    /// Goes through whole days in their order, from the delivery on, until enough in a row passed.
    #[must_use]
    pub fn judge(&self, days: &[DayFigures]) -> Acceptance {
        let mut found = Acceptance {
            accepted_on: None,
            passed_in_a_row: 0,
            days: Vec::with_capacity(days.len()),
        };
        for day in days {
            let verdict = self.judge_day(day);
            found.days.push((day.day, verdict));
            match verdict {
                DayVerdict::Passed => found.passed_in_a_row += 1,
                DayVerdict::Failed | DayVerdict::TooLittleMeasured => found.passed_in_a_row = 0,
                DayVerdict::Skipped => {}
            }
            if found.passed_in_a_row >= self.days.max(1) {
                found.accepted_on = Some(day.day);
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::SlotCounts;

    fn day(number: i8, up: u64, down: u64, unknown: u64) -> DayFigures {
        DayFigures {
            day: Date::new(2026, 6, number).unwrap(),
            counts: SlotCounts {
                period_slots: 100,
                excluded_slots: 100 - up - down - unknown,
                unknown_slots: unknown,
                measured_slots: up + down,
                down_slots: down,
                up_slots: up,
                ..SlotCounts::default()
            },
        }
    }

    fn terms(days: u32) -> AcceptanceTerms {
        AcceptanceTerms {
            days,
            availability_percent: "99".parse().unwrap(),
            minimum_measured_share: "0.90".parse().unwrap(),
        }
    }

    #[test]
    fn each_day_is_judged_by_what_was_measured_of_it() {
        let verdicts = [
            day(1, 99, 1, 0),
            day(2, 98, 2, 0),
            day(3, 90, 0, 10),
            day(4, 89, 0, 11),
            day(5, 0, 0, 0),
        ]
        .map(|day| terms(3).judge_day(&day));
        assert_eq!(
            verdicts,
            [
                DayVerdict::Passed,
                DayVerdict::Failed,
                DayVerdict::Passed,
                DayVerdict::TooLittleMeasured,
                DayVerdict::Skipped
            ]
        );
        let nothing = AcceptanceTerms {
            minimum_measured_share: Decimal::ZERO,
            ..terms(1)
        };
        assert_eq!(
            nothing.judge_day(&day(1, 0, 0, 9)),
            DayVerdict::TooLittleMeasured
        );
        for verdict in verdicts {
            let written = serde_json::to_value(verdict).unwrap();
            assert_eq!(written, serde_json::json!(verdict.identifier()));
        }
    }

    #[test]
    fn so_many_days_in_a_row_and_not_a_day_more() {
        let good = |number| day(number, 100, 0, 0);
        let bad = |number| day(number, 50, 50, 0);
        let days = [
            good(1),
            good(2),
            bad(3),
            good(4),
            day(5, 0, 0, 0),
            good(6),
            good(7),
            bad(8),
        ];
        let found = terms(3).judge(&days);
        assert_eq!(found.accepted_on, Some(days[6].day));
        assert_eq!((found.passed_in_a_row, found.days.len()), (3, 7));
        let unknown = day(4, 10, 0, 90);
        let waiting = terms(3).judge(&[good(1), good(2), unknown, good(5)]);
        assert_eq!((waiting.accepted_on, waiting.passed_in_a_row), (None, 1));
        assert_eq!(terms(0).judge(&days).accepted_on, Some(days[0].day));
    }
}
