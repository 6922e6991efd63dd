//! Times as the interface writes them: RFC 3339 in UTC.

use jiff::Timestamp;

use super::error::{Answer, Refusal};
pub(crate) use crate::text::{moment as text, moment_or_epoch as text_or_epoch};

/// Reads a moment of a parameter.
pub(crate) fn parse(name: &str, value: &str) -> Answer<i64> {
    let at: Timestamp = value
        .parse()
        .map_err(|_| Refusal::parameter(name, format!("{value:?} is not a time of RFC 3339")))?;
    Ok(at.as_millisecond())
}

/// Reads a month, `yyyy-mm`.
pub(crate) fn parse_month(value: &str) -> Answer<(i16, i8)> {
    let refused = || Refusal::parameter("month", format!("{value:?} is not of the form yyyy-mm"));
    let (year, month) = value.split_once('-').ok_or_else(refused)?;
    if year.len() != 4 || month.len() != 2 {
        return Err(refused());
    }
    let year: i16 = year.parse().map_err(|_| refused())?;
    let month: i8 = month.parse().map_err(|_| refused())?;
    if !(1..=12).contains(&month) || year < 1970 {
        return Err(refused());
    }
    Ok((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_months_are_read_and_refused() {
        assert_eq!(text_or_epoch(0), "1970-01-01T00:00:00Z");
        assert_eq!(
            parse("from", "2026-06-01T01:00:00+01:00").unwrap(),
            1_780_272_000_000
        );
        assert!(parse("from", "yesterday").is_err());
        assert_eq!(parse_month("2026-06").unwrap(), (2026, 6));
        for wrong in [
            "2026",
            "2026-13",
            "2026-6",
            "26-06",
            "2026-00",
            "-026-01",
            "2026-06-01",
        ] {
            assert!(parse_month(wrong).is_err(), "{wrong}");
        }
    }
}
