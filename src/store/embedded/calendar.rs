//! Days and months of UTC, as numbers. Any 64-bit time has one: an agent's clock may claim anything.

/// A day, milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Number of the day that holds a time; 0 is 1970-01-01.
pub(super) fn day_of(unix_ms: i64) -> i64 {
    unix_ms.div_euclid(DAY_MS)
}

/// Month (12 × year + month from 0) and day of the month of a day.
///
/// The proleptic Gregorian calendar counted in eras of 400 years from March, as in H. Hinnant's
/// *chrono-compatible low-level date algorithms*.
pub(super) fn month_and_day(day: i64) -> (i64, i64) {
    let from_march_0000 = day + 719_468;
    let era = from_march_0000.div_euclid(146_097);
    let of_era = from_march_0000.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let march = 12 * (400 * era + year_of_era) + 2;
    (march + month_from_march, day_of_month)
}

/// Number of the first day of a month.
pub(super) fn first_day(month: i64) -> i64 {
    let from_march = month - 2;
    let (year, month_from_march) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * month_from_march + 2) / 5;
    let of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year;
    146_097 * era + of_era - 719_468
}

/// Name of a month's file.
pub(super) fn file_name(month: i64) -> String {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    format!("{year:04}-{month:02}.sqlite")
}

/// The month whose file has this name.
pub(super) fn month_of_file(name: &str) -> Option<i64> {
    let (year, month) = name.strip_suffix(".sqlite")?.rsplit_once('-')?;
    let (year, number): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
    let found = year.checked_mul(12)?.checked_add(number - 1)?;
    (file_name(found) == name).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for days in (-800_000..800_000).step_by(13) {
            let date = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(days))
                .unwrap();
            let expected = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
            let (month, day) = month_and_day(days);
            assert_eq!((month, day), (expected, i64::from(date.day())), "{date}");
            assert_eq!(first_day(month) + day - 1, days);
        }
    }

    #[test]
    fn a_file_is_named_by_its_month_and_nothing_else_is() {
        let (month, _) = month_and_day(day_of(1_780_272_000_000));
        assert_eq!(file_name(month), "2026-06.sqlite");
        for time in [i64::MIN, -1, 0, i64::MAX] {
            let (month, _) = month_and_day(day_of(time));
            assert_eq!(month_of_file(&file_name(month)), Some(month));
        }
        for other in [
            "index.sqlite",
            "2026-13.sqlite",
            "2026-06.sqlite-wal",
            "-.sqlite",
        ] {
            assert_eq!(month_of_file(other), None);
        }
    }
}
