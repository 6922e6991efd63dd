//! What the server is asked, in Flux.

use std::fmt::Write as _;

use desserte_probe::report::{Family, Kind};
use serde::Serialize;

use super::line::{APPLIED, EVIDENCE, SAMPLE, UNKNOWN};
use crate::store::{
    samples::{SeriesFilter, SeriesKey},
    steps::{PIECE_MS, StepsAsked},
};

/// Times that the server knows, nanoseconds from 1970 (influxdb/models: `MinNanoTime`, `MaxNanoTime`).
pub(super) const TIME_NS: (i64, i64) = (i64::MIN + 2, i64::MAX - 1);
/// Nanoseconds of a millisecond.
pub(super) const MS_NS: i64 = 1_000_000;

/// A span of time, half-open, nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span(i64, i64);

impl Span {
    /// `[from, to)` in Unix milliseconds, as far as the server knows it; `None` when nothing of it.
    pub(super) fn of(from_unix_ms: i64, to_unix_ms: i64) -> Option<Self> {
        let edge = |at: i64| at.saturating_mul(MS_NS).clamp(TIME_NS.0, TIME_NS.1);
        let (from, to) = (edge(from_unix_ms), edge(to_unix_ms));
        (from < to).then_some(Self(from, to))
    }

    /// `[from, to)` piece by piece.
    pub(super) fn pieces(from_unix_ms: i64, to_unix_ms: i64) -> impl Iterator<Item = Self> {
        let mut start = from_unix_ms;
        std::iter::from_fn(move || {
            let end = start.saturating_add(PIECE_MS).min(to_unix_ms);
            let piece = Self::of(start, end)?;
            start = end;
            Some(piece)
        })
    }

    fn all() -> Self {
        Self(TIME_NS.0, TIME_NS.1)
    }
}

/// A text as a literal.
fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' | '$' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

fn of(bucket: &str, span: Span, measurement: &str) -> String {
    format!(
        "from(bucket: {}) |> range(start: time(v: {}), stop: time(v: {})) \
         |> filter(fn: (r) => r._measurement == {}",
        text(bucket),
        span.0,
        span.1,
        text(measurement)
    )
}

/// The text of a unit variant, as on the wire.
pub(super) fn name(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

/// The tags of a series, in the order of their names.
pub(super) fn tags(key: &SeriesKey) -> [(&'static str, String); 7] {
    let family = |family: Family| name(&family);
    let kind: Kind = key.kind;
    [
        ("agent", key.agent.to_string()),
        (
            "family",
            key.family.map_or_else(|| UNKNOWN.to_owned(), family),
        ),
        ("kind", name(&kind)),
        (
            "line",
            key.line.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
        ),
        ("site", key.site.clone()),
        ("slot_seconds", key.slot_seconds.to_string()),
        ("target", key.target.clone()),
    ]
}

fn of_key(query: &mut String, key: &SeriesKey) {
    for (tag, value) in tags(key) {
        let _ = write!(query, " and r.{tag} == {}", text(&value));
    }
    query.push(')');
}

/// How far a collector has filled the bucket.
pub(super) fn position(bucket: &str, collector: &str) -> String {
    let mut query = of(bucket, Span::all(), APPLIED);
    let _ = write!(
        query,
        " and r.collector == {} and r._field == \"position\") |> max()",
        text(collector)
    );
    query
}

/// One record a series.
pub(super) fn series(bucket: &str) -> String {
    let mut query = of(bucket, Span::all(), SAMPLE);
    query.push_str(" and r._field == \"sequence\") |> last()");
    query
}

/// The fields of the samples of a series.
pub(super) fn scan(bucket: &str, key: &SeriesKey, span: Span) -> String {
    let mut query = of(bucket, span, SAMPLE);
    of_key(&mut query, key);
    query.push_str(" |> keep(columns: [\"_time\", \"_value\", \"_field\"])");
    query
}

/// The fields of the first or the last sample of a series. A field that not every sample has may have
/// its end elsewhere: only those of the place of `sequence` count.
pub(super) fn end(bucket: &str, key: &SeriesKey, which: &str) -> String {
    let mut query = of(bucket, Span::all(), SAMPLE);
    of_key(&mut query, key);
    let _ = write!(
        query,
        " |> {which}() |> keep(columns: [\"_time\", \"_value\", \"_field\"])"
    );
    query
}

/// What agents of a site saw.
pub(super) fn evidence(bucket: &str, site: &str, span: Span) -> String {
    let mut query = of(bucket, span, EVIDENCE);
    let _ = write!(
        query,
        " and r.site == {}) |> keep(columns: [\"_time\", \"_value\", \"_field\", \"agent\"])",
        text(site)
    );
    query
}

/// Packets of each series summed (`sum`), or its samples and silent samples counted.
pub(super) fn sums(bucket: &str, filter: SeriesFilter<'_>, span: Span, sum: bool) -> String {
    let mut query = of(bucket, span, SAMPLE);
    if let Some(site) = filter.site {
        let _ = write!(query, " and r.site == {}", text(site));
    }
    if let Some(target) = filter.target {
        let _ = write!(query, " and r.target == {}", text(target));
    }
    let (fields, function) = if sum {
        ("r._field == \"sent\" or r._field == \"received\"", "sum")
    } else {
        (
            "r._field == \"sequence\" or r._field == \"silent\"",
            "count",
        )
    };
    let _ = write!(query, " and ({fields})) |> {function}()");
    query
}

/// Whose steps: the fields that `fields` names.
fn of_steps(bucket: &str, asked: &StepsAsked<'_>, span: Span, fields: &str) -> String {
    let mut query = of(bucket, span, SAMPLE);
    let _ = write!(query, " and r.site == {} and {fields})", text(asked.site));
    query
}

/// What a function makes of each step. One without a value is no record, as the client's reader panics
/// on a number that is none; the records' time is the step's start, that of the first cut by the span.
fn by_steps(asked: &StepsAsked<'_>, function: &str) -> String {
    format!(
        " |> aggregateWindow(every: {}ms, fn: {function}, createEmpty: false, timeSrc: \"_start\") \
         |> keep(columns: [\"_time\", \"_value\", \"_field\", \"target\"])",
        asked.step_ms
    )
}

/// What was sent of each target of the site, and received of the one asked for, summed by series: so the
/// storage sums up itself, and hands no sample on.
pub(super) fn step_sums(bucket: &str, asked: &StepsAsked<'_>, span: Span) -> String {
    let fields = format!(
        "(r._field == \"sent\" or (r._field == \"received\" and r.target == {}))",
        text(asked.target)
    );
    of_steps(bucket, asked, span, &fields) + &by_steps(asked, "sum")
}

/// The shortest response times of the target, by series.
pub(super) fn step_minima(bucket: &str, asked: &StepsAsked<'_>, span: Span) -> String {
    let fields = format!(
        "r.target == {} and r._field == \"rtt_us_min\"",
        text(asked.target)
    );
    of_steps(bucket, asked, span, &fields) + &by_steps(asked, "min")
}

/// The medians of the target's samples, all series together.
pub(super) fn step_medians(bucket: &str, asked: &StepsAsked<'_>, span: Span) -> String {
    let fields = format!(
        "r.target == {} and r._field == \"rtt_us_median\"",
        text(asked.target)
    );
    of_steps(bucket, asked, span, &fields) + " |> keep(columns: [\"_time\", \"_value\"])"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_literal() {
        assert_eq!(text("a\"b\\c${d}\n"), "\"a\\\"b\\\\c\\${d}\\n\"");
    }

    #[test]
    fn times_beyond_the_server_are_cut() {
        let all = Span::of(i64::MIN, i64::MAX).unwrap();
        assert_eq!((all.0, all.1), TIME_NS);
        assert!(Span::of(i64::MAX - 5, i64::MAX).is_none());
        assert!(Span::of(5, 5).is_none());
    }
}
