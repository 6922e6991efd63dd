//! How long what was measured is kept.

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
}
