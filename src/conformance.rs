//! `desserte conformance sla FILE`: worked cases in, one line a case out.
//!
//! A case passes through the same functions as the product's own figures; nothing is computed here
//! but the reading of a case and the comparison. A kind that is not known is a failure that says so.

mod cases;

use std::collections::HashMap;
use std::io::Write;

use desserte_domain::identity::{Settled, settle};
use desserte_probe::clock::ClockFit;
use desserte_probe::report::{
    Content, Entry, Kind, Minute, Outcome, Report, ReportedTarget, Sample, TimeExchange,
};
use desserte_probe::wire::VERSION;
use desserte_probe::wire::id::{AgentId, BootId};
use desserte_probe::wire::schedule::Profile;
use serde::Deserialize;
use serde_json::{Number, Value, json};

pub use cases::ConformanceError;
use cases::{Found, named, read};

/// Runs every case of `json` and writes one line for each, `ID pass` or `ID fail` with the first
/// field that differs, then `N passed, N failed`. Answers whether all passed.
pub fn run_sla(json: &str, out: &mut dyn Write) -> Result<bool, ConformanceError> {
    cases::run(json, out, &|kind, input| match kind {
        "dedupe" => Some(dedupe(input)),
        "clock" => Some(clock(input)),
        _ => None,
    })
}

/// Agent, sequence, time, and whether the sample is good; with the boot before the sequence where an
/// agent has several.
#[derive(Deserialize)]
#[serde(untagged)]
enum DedupeSample {
    OneBoot(String, u64, jiff::Timestamp, bool),
    Booted(String, u64, u64, jiff::Timestamp, bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DedupeCase {
    samples: Vec<DedupeSample>,
}

/// Each sample as an entry of the wire, told from others by the hash that ingest compares.
fn dedupe(input: &Value) -> Found {
    let case: DedupeCase = read(input)?;
    let mut kept = HashMap::new();
    let (mut good, mut duplicates, mut conflicts) = (0_u64, 0_u64, 0_u64);
    for sample in case.samples {
        let (agent, boot, sequence, at, is_good) = match sample {
            DedupeSample::OneBoot(agent, sequence, at, good) => (agent, 0, sequence, at, good),
            DedupeSample::Booted(agent, boot, sequence, at, good) => {
                (agent, boot, sequence, at, good)
            }
        };
        let report = entry_of(sequence, at.as_millisecond(), is_good);
        let entry = report.entries.first().ok_or("a report without an entry")?;
        let hash = crate::ingest::entry_hash(&report, entry).ok_or("an entry without a hash")?;
        let name = (agent, boot, sequence);
        match settle(kept.get(&name), &hash) {
            Settled::New => {
                kept.insert(name, hash);
                good += u64::from(is_good);
            }
            Settled::Same => duplicates += 1,
            Settled::Conflict => conflicts += 1,
        }
    }
    named(vec![
        ("stored", json!(kept.len())),
        ("duplicates", json!(duplicates)),
        ("conflicts", json!(conflicts)),
        ("good", json!(good)),
    ])
}

/// A report of one entry with one sample of one packet.
fn entry_of(sequence: u64, unix_ms: i64, good: bool) -> Report {
    let start_boottime_ms = u64::try_from(unix_ms).unwrap_or(0);
    Report {
        version: VERSION,
        agent: AgentId([0; 16]),
        boot: BootId([0; 16]),
        software: "conformance".to_owned(),
        profile: Profile::Full,
        sealed_boottime_ms: start_boottime_ms,
        sealed_wall_unix_ms: None,
        time_exchanges: Vec::new(),
        targets: vec![ReportedTarget {
            id: "target".to_owned(),
            kind: Kind::Icmp,
            slot_seconds: 60,
        }],
        lines: Vec::new(),
        entries: vec![Entry {
            sequence,
            written_boottime_ms: start_boottime_ms,
            content: Content::Minute(Minute {
                samples: vec![Sample {
                    target: 0,
                    line: None,
                    start_boottime_ms,
                    outcome: if good { Outcome::Ok } else { Outcome::Timeout },
                    sent: 1,
                    received: u16::from(good),
                    rtt_us_min: None,
                    rtt_us_median: None,
                    rtt_us_max: None,
                    rtt_us_mean_successive_difference: None,
                    coarse: false,
                    detail: None,
                }],
                evidence: Vec::new(),
            }),
        }],
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockCase {
    anchor: ClockAnchor,
    /// Wall clock and monotonic clock, seconds.
    samples: Vec<(Number, Number)>,
    max_skew_s: Number,
}

/// The collector's time at a moment of the agent's monotonic clock, seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockAnchor {
    wall: Number,
    mono: Number,
}

/// Time is the anchor and what the monotonic clock went on since, by the time map of one exchange
/// without any round trip; the wall clock is only a witness.
fn clock(input: &Value) -> Found {
    let case: ClockCase = read(input)?;
    let boot = |name: &str, seconds: &Number| {
        let ms = milliseconds(name, seconds)?;
        u64::try_from(ms).map_err(|_| format!("input.{name}: a boot's clock is never negative"))
    };
    let (wall, mono) = (
        milliseconds("anchor.wall", &case.anchor.wall)?,
        boot("anchor.mono", &case.anchor.mono)?,
    );
    let map = ClockFit::new(&[TimeExchange {
        sent_boottime_ms: mono,
        received_boottime_ms: mono,
        collector_received_unix_ms: wall,
        collector_sent_unix_ms: wall,
    }])
    .time_map()
    .ok_or("input.anchor: no exchange of time")?;
    let allowed = milliseconds("max_skew_s", &case.max_skew_s)?.unsigned_abs();
    let (mut corrected, mut flagged) = (Vec::new(), Vec::new());
    for (wall, mono) in &case.samples {
        let (wall, mono) = (milliseconds("samples", wall)?, boot("samples", mono)?);
        corrected.push(seconds(map.corrected_unix_ms(mono).0));
        flagged.push(map.wall_offset_ms(mono, wall).unsigned_abs() > allowed);
    }
    named(vec![
        ("corrected", json!(corrected)),
        ("flagged", json!(flagged)),
    ])
}

/// Seconds as whole milliseconds.
fn milliseconds(name: &str, seconds: &Number) -> Result<i64, String> {
    let text = seconds.to_string();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let refused =
        || format!("input.{name}: {text} is not a number of seconds with at most three decimals");
    if part.len() > 3 {
        return Err(refused());
    }
    let ms: i64 = format!("{whole}{part:0<3}")
        .parse()
        .map_err(|_| refused())?;
    Ok(if negative { -ms } else { ms })
}

/// Milliseconds as seconds: a whole number where it is one.
fn seconds(ms: i64) -> Value {
    if ms % 1_000 == 0 {
        return json!(ms / 1_000);
    }
    let sign = if ms < 0 { "-" } else { "" };
    let text = format!(
        "{sign}{}.{:03}",
        ms.unsigned_abs() / 1_000,
        ms.unsigned_abs() % 1_000
    );
    text.parse::<f64>()
        .map_or(Value::Null, |seconds| json!(seconds))
}
