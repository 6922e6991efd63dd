//! Rows as line protocol (InfluxData, *Line protocol reference*).

use std::fmt::Write as _;

use desserte_domain::observation::Outcome;

use super::flux::{MS_NS, TIME_NS, tags};
use crate::store::samples::{EvidenceRow, SampleRow};

pub(super) const SAMPLE: &str = "desserte_sample";
pub(super) const EVIDENCE: &str = "desserte_evidence";
pub(super) const APPLIED: &str = "desserte_applied";
/// A tag whose value is not known.
pub(super) const UNKNOWN: &str = "unknown";
/// Ordinals of one entry that get nanoseconds of their own.
const ORDINALS: u64 = 64;

/// A tag's value: what separates is escaped. One that no escape can carry is refused by the server, and
/// the row kept aside.
fn tag(line: &mut String, name: &str, value: &str) {
    let _ = write!(line, ",{name}=");
    for letter in value.chars() {
        if matches!(letter, ',' | '=' | ' ') {
            line.push('\\');
        }
        line.push(letter);
    }
}

/// A field that is a text.
fn text(line: &mut String, name: &str, value: &str) {
    let _ = write!(line, ",{name}=\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            line.push('\\');
        }
        line.push(letter);
    }
    line.push('"');
}

fn number(line: &mut String, name: &str, value: impl Into<Option<u32>>) {
    if let Some(value) = value.into() {
        let _ = write!(line, ",{name}={value}i");
    }
}

/// The place of a point; `None` beyond the times that the server knows.
fn time_ns(time_unix_ms: i64, below: u64) -> Option<i64> {
    let below = i64::try_from(below % MS_NS.unsigned_abs()).unwrap_or(0);
    time_unix_ms
        .checked_mul(MS_NS)?
        .checked_add(below)
        .filter(|at| (TIME_NS.0..TIME_NS.1).contains(at))
}

/// A sample; `Err` holds the line without its time when that is beyond what the server knows.
pub(super) fn sample(row: &SampleRow) -> Result<String, String> {
    let mut line = String::with_capacity(320);
    line.push_str(SAMPLE);
    for (name, value) in tags(&row.series) {
        tag(&mut line, name, &value);
    }
    let _ = write!(line, " sequence={}i", row.sequence.cast_signed());
    number(&mut line, "sent", u32::from(row.sent));
    number(&mut line, "received", u32::from(row.received));
    number(&mut line, "uncertainty_ms", row.uncertainty_ms);
    let outcome = u32::from(row.outcome.code());
    let usual = row.outcome == Outcome::Ok;
    number(&mut line, "outcome", (!usual).then_some(outcome));
    let silent = row.sent > 0 && row.received == 0;
    number(&mut line, "silent", silent.then_some(1));
    number(&mut line, "rtt_us_min", row.rtt_us_min);
    number(&mut line, "rtt_us_median", row.rtt_us_median);
    number(&mut line, "rtt_us_max", row.rtt_us_max);
    let difference = row.rtt_us_mean_successive_difference;
    number(&mut line, "rtt_us_mean_successive_difference", difference);
    if row.coarse {
        line.push_str(",coarse=true");
    }
    if let Some(detail) = &row.detail {
        let json = serde_json::to_string(detail).unwrap_or_default();
        text(&mut line, "detail", &json);
    }
    end(line, time_ns(row.time_unix_ms, row.sequence))
}

/// Something that an agent saw; `Err` as for a sample.
pub(super) fn evidence(row: &EvidenceRow) -> Result<String, String> {
    let mut line = String::with_capacity(320);
    line.push_str(EVIDENCE);
    tag(&mut line, "agent", &row.agent.to_string());
    tag(&mut line, "site", &row.site);
    let _ = write!(line, " sequence={}i", row.sequence.cast_signed());
    number(&mut line, "ordinal", row.ordinal);
    number(&mut line, "uncertainty_ms", row.uncertainty_ms);
    text(&mut line, "boot", &row.boot.to_string());
    if let Some(name) = &row.line {
        text(&mut line, "line", name);
    }
    if let Some(target) = &row.target {
        text(&mut line, "target", target);
    }
    let json = serde_json::to_string(&row.fact).unwrap_or_default();
    text(&mut line, "fact", &json);
    let below = row
        .sequence
        .wrapping_mul(ORDINALS)
        .wrapping_add(row.ordinal.into());
    end(line, time_ns(row.time_unix_ms, below))
}

/// How far the bucket is filled, written at an hour.
pub(super) fn position(collector: &str, position: u64, unix_ms: i64) -> String {
    const HOUR_MS: i64 = 3_600_000;
    let mut line = APPLIED.to_owned();
    tag(&mut line, "collector", collector);
    let hour = unix_ms - unix_ms.rem_euclid(HOUR_MS);
    let _ = write!(
        line,
        " position={}i {}",
        position.cast_signed(),
        hour.saturating_mul(MS_NS)
    );
    line
}

fn end(mut line: String, time: Option<i64>) -> Result<String, String> {
    let Some(time) = time else {
        return Err(line);
    };
    let _ = write!(line, " {time}");
    Ok(line)
}
