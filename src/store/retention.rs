//! How long what was measured is kept.

/// A month's statement is made from batches of the week before it too, and its calendar may be half a day
/// before that of UTC.
const BEFORE_A_MONTH_MS: i64 = 8 * DAY_MS;
/// Whole months in which the statement of a month can be made once it is closed.
const SETTLING_MONTHS: u32 = 1;
const DAY_MS: i64 = 86_400_000;

/// Months kept; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Of samples, their sums and what agents saw: whole months of UTC, by deleting their files.
    pub series_months: Option<u32>,
    /// Of batches as their agents signed them.
    pub evidence_months: Option<u32>,
}

/// Start of the first month that is kept when so many months before the present one are, Unix
/// milliseconds. Months are those of UTC.
#[must_use]
pub fn kept_from_unix_ms(now_unix_ms: i64, months: u32) -> Option<i64> {
    let now = jiff::Timestamp::from_millisecond(now_unix_ms).ok()?;
    let first = now
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .first_of_month();
    let kept = first
        .checked_sub(jiff::Span::new().try_months(months).ok()?)
        .ok()?;
    let start = kept.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(start.timestamp().as_millisecond())
}

/// From when on batches are kept as they were signed: as long as asked for, but at least until a month's
/// statement has been made of them. It is made once the month is closed, `closing_days` after its end.
#[must_use]
pub fn evidence_kept_from_unix_ms(now_unix_ms: i64, months: u32, closing_days: u32) -> Option<i64> {
    let asked = kept_from_unix_ms(now_unix_ms, months)?;
    // The month of this moment is the oldest that is not closed.
    let open = now_unix_ms.checked_sub(i64::from(closing_days) * DAY_MS)?;
    let needed = kept_from_unix_ms(open, SETTLING_MONTHS)? - BEFORE_A_MONTH_MS;
    Some(asked.min(needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_are_kept_beside_the_present_one() {
        let june_17: i64 = 1_781_700_000_000;
        let june: i64 = 1_780_272_000_000;
        assert_eq!(kept_from_unix_ms(june_17, 0), Some(june));
        assert_eq!(kept_from_unix_ms(june_17, 1), Some(june - 31 * 86_400_000));
        assert_eq!(
            kept_from_unix_ms(june_17, 12),
            Some(june - 365 * 86_400_000)
        );
        assert_eq!(kept_from_unix_ms(june_17, u32::MAX), None);
    }

    #[test]
    fn evidence_stays_until_the_statement_that_is_made_of_it_is_final() {
        let june_17: i64 = 1_781_700_000_000;
        let june: i64 = 1_780_272_000_000;
        let kept = |months, days| {
            let kept = evidence_kept_from_unix_ms(june_17, months, days).unwrap();
            (june - kept) / DAY_MS
        };
        // Back to April; to January's last week where March is open and February's statement is due.
        assert_eq!(kept(2, 0), 61);
        assert_eq!(kept(2, 10), 61);
        assert_eq!(kept(2, 92), 31 + 30 + 31 + 28 + 8);
        assert_eq!(kept(12, 92), 365);
    }
}
