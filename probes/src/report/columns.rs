//! The compact encoding of a report: a struct of columns with deltas, written by postcard (varints,
//! zigzag for signed integers), compressed as one zstd frame (RFC 8878).
//!
//! | column of samples | holds |
//! |---|---|
//! | `start` | start − (start of the same target's sample before + its slot length); for the first, start − written time of the entry |
//! | `lost` | sent − received |
//! | `minimum` | minimum − minimum of the same target's sample before (0 for the first); only samples with an answer |
//! | `median`, `maximum` | median − minimum, maximum − median; only samples with an answer |
//! | `difference` | mean successive difference + 1, 0 for none; only samples with two answers |
//!
//! Everything else is written as it is, one list per field. `docs/agent-protocol.md` gives the bytes.

mod samples;

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use self::samples::{Before, SampleColumns, SampleReader};
use super::{
    Content, ENTRIES_MAX, EVIDENCE_MAX, Entry, Evidence, Fact, LINES_MAX, Line, Minute, Report,
    ReportProblem, ReportedTarget, Summary, TIME_EXCHANGES_MAX, TimeExchange, bounded, validate,
};
use crate::wire::{
    BODY_BYTES_MAX, DECODED_BYTES_MAX,
    id::{AgentId, BootId},
    schedule::{Profile, TARGETS_MAX},
};

/// zstd level: above 9 a batch of an hour shrinks by less than a hundredth.
const LEVEL: i32 = 9;
/// Largest window that a decoder reserves, as a power of two: 8 MiB, what RFC 8878 §3.1.1.1.2 asks
/// every decoder to support, and no more.
const WINDOW_LOG_MAX: u32 = 23;

/// Why a body could not be written or read as columns.
#[derive(Debug, thiserror::Error)]
pub enum ColumnsError {
    /// The report breaks the contract and is not sent.
    #[error("encode report: {0}")]
    Invalid(#[from] ReportProblem),
    /// The body is larger than a batch may be.
    #[error("encode report: {bytes} bytes, more than {BODY_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Compressed or uncompressed size is beyond the limit.
    #[error("decode report: more than {limit} bytes")]
    DecodedTooLarge {
        /// The limit.
        limit: usize,
    },
    /// Not one zstd frame, or damaged.
    #[error("decode report: zstd: {0}")]
    Compression(#[from] std::io::Error),
    /// Not the columns of a report.
    #[error("decode report: columns: {0}")]
    Columns(#[from] postcard::Error),
    /// The columns do not fit together.
    #[error("decode report: column {0} does not fit the others")]
    Shape(&'static str),
}

#[derive(Default, Serialize, Deserialize)]
struct TimeColumns {
    #[serde(deserialize_with = "bounded::<_, _, TIME_EXCHANGES_MAX>")]
    sent: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, TIME_EXCHANGES_MAX>")]
    round_trip: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, TIME_EXCHANGES_MAX>")]
    collector_received: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, TIME_EXCHANGES_MAX>")]
    collector_held: Vec<i64>,
}

#[derive(Default, Serialize, Deserialize)]
struct EntryColumns {
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    sequence: Vec<u64>,
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    written: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    is_summary: Vec<bool>,
    /// Of the minutes only.
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    samples: Vec<u32>,
    /// Of the minutes only.
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    evidence: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct Columns {
    version: u16,
    agent: AgentId,
    boot: BootId,
    software: String,
    profile: Profile,
    sealed_boottime_ms: u64,
    sealed_wall_unix_ms: Option<i64>,
    time: TimeColumns,
    #[serde(deserialize_with = "bounded::<_, _, TARGETS_MAX>")]
    targets: Vec<ReportedTarget>,
    #[serde(deserialize_with = "bounded::<_, _, LINES_MAX>")]
    lines: Vec<Line>,
    entries: EntryColumns,
    samples: SampleColumns,
    /// Boot time of each evidence record − written time of its entry.
    #[serde(deserialize_with = "bounded::<_, _, EVIDENCE_MAX>")]
    evidence_time: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, EVIDENCE_MAX>")]
    facts: Vec<Fact>,
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    summaries: Vec<Summary>,
}

/// Writes a report as columns. The report is validated first: what breaks the contract is not sent.
pub fn encode(report: &Report) -> Result<Vec<u8>, ColumnsError> {
    validate(report)?;
    let plain = postcard::to_stdvec(&to_columns(report))?;
    let body = zstd::bulk::compress(&plain, LEVEL)?;
    if body.len() > BODY_BYTES_MAX || plain.len() > DECODED_BYTES_MAX {
        return Err(ColumnsError::TooLarge { bytes: body.len() });
    }
    Ok(body)
}

/// Reads columns. Every length is bounded before memory is taken; the report's own rules are checked
/// by [`validate`].
pub fn decode(body: &[u8]) -> Result<Report, ColumnsError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(ColumnsError::DecodedTooLarge {
            limit: BODY_BYTES_MAX,
        });
    }
    let plain = decompress(body)?;
    let (columns, rest) = postcard::take_from_bytes::<Columns>(&plain)?;
    if !rest.is_empty() {
        return Err(ColumnsError::Shape("end"));
    }
    from_columns(columns)
}

/// One frame and nothing behind it: skippable frames and concatenations are refused.
fn decompress(body: &[u8]) -> Result<Vec<u8>, ColumnsError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?.single_frame();
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    let mut plain = Vec::new();
    let limit = u64::try_from(DECODED_BYTES_MAX).unwrap_or(u64::MAX);
    decoder.by_ref().take(limit + 1).read_to_end(&mut plain)?;
    if plain.len() > DECODED_BYTES_MAX {
        return Err(ColumnsError::DecodedTooLarge {
            limit: DECODED_BYTES_MAX,
        });
    }
    if !decoder.finish().is_empty() {
        return Err(ColumnsError::Shape("end of frame"));
    }
    Ok(plain)
}

fn to_columns(report: &Report) -> Columns {
    let mut columns = Columns {
        version: report.version,
        agent: report.agent,
        boot: report.boot,
        software: report.software.clone(),
        profile: report.profile,
        sealed_boottime_ms: report.sealed_boottime_ms,
        sealed_wall_unix_ms: report.sealed_wall_unix_ms,
        time: time_columns(&report.time_exchanges),
        targets: report.targets.clone(),
        lines: report.lines.clone(),
        entries: EntryColumns::default(),
        samples: SampleColumns::default(),
        evidence_time: vec![],
        facts: vec![],
        summaries: vec![],
    };
    let mut before = Before::new(&report.targets);
    let (mut sequence, mut written) = (0_u64, 0_u64);
    for entry in &report.entries {
        let entries = &mut columns.entries;
        entries.sequence.push(entry.sequence.wrapping_sub(sequence));
        entries
            .written
            .push(difference(entry.written_boottime_ms, written));
        (sequence, written) = (entry.sequence, entry.written_boottime_ms);
        entries
            .is_summary
            .push(matches!(entry.content, Content::Summary(_)));
        match &entry.content {
            Content::Summary(summary) => columns.summaries.push(summary.clone()),
            Content::Minute(minute) => {
                entries.samples.push(count(minute.samples.len()));
                entries.evidence.push(count(minute.evidence.len()));
                for sample in &minute.samples {
                    columns
                        .samples
                        .push(sample, before.of(sample.target, written));
                }
                for evidence in &minute.evidence {
                    columns
                        .evidence_time
                        .push(difference(evidence.boottime_ms, written));
                    columns.facts.push(evidence.fact.clone());
                }
            }
        }
    }
    columns
}

fn from_columns(columns: Columns) -> Result<Report, ColumnsError> {
    let mut before = Before::new(&columns.targets);
    let mut samples = SampleReader::new(columns.samples)?;
    let mut evidence = pair("evidence", columns.evidence_time, columns.facts)?;
    let mut summaries = columns.summaries.into_iter();
    let mut entries = Vec::with_capacity(columns.entries.sequence.len());
    let mut minutes = pair(
        "evidence count",
        columns.entries.samples,
        columns.entries.evidence,
    )?;
    let (mut sequence, mut written) = (0_u64, 0_u64);
    let heads = pair("written", columns.entries.sequence, columns.entries.written)?;
    let mut kinds = columns.entries.is_summary.into_iter();
    for (sequence_step, written_step) in heads {
        sequence = sequence.wrapping_add(sequence_step);
        written = written.wrapping_add_signed(written_step);
        let content = if kinds.next().ok_or(ColumnsError::Shape("is_summary"))? {
            Content::Summary(summaries.next().ok_or(ColumnsError::Shape("summaries"))?)
        } else {
            let (sample_count, evidence_count) = minutes
                .next()
                .ok_or(ColumnsError::Shape("samples per entry"))?;
            let mut minute = Minute::default();
            for _ in 0..sample_count {
                minute.samples.push(samples.next(&mut before, written)?);
            }
            for _ in 0..evidence_count {
                let (time, fact) = evidence.next().ok_or(ColumnsError::Shape("evidence"))?;
                let boottime_ms = written.wrapping_add_signed(time);
                minute.evidence.push(Evidence { boottime_ms, fact });
            }
            Content::Minute(minute)
        };
        entries.push(Entry {
            sequence,
            written_boottime_ms: written,
            content,
        });
    }
    let all_used = kinds.next().is_none()
        && minutes.next().is_none()
        && evidence.next().is_none()
        && summaries.next().is_none()
        && samples.is_empty();
    if !all_used {
        return Err(ColumnsError::Shape("end"));
    }
    Ok(Report {
        version: columns.version,
        agent: columns.agent,
        boot: columns.boot,
        software: columns.software,
        profile: columns.profile,
        sealed_boottime_ms: columns.sealed_boottime_ms,
        sealed_wall_unix_ms: columns.sealed_wall_unix_ms,
        time_exchanges: time_exchanges(columns.time)?,
        targets: columns.targets,
        lines: columns.lines,
        entries,
    })
}

fn time_columns(exchanges: &[TimeExchange]) -> TimeColumns {
    let mut columns = TimeColumns::default();
    let (mut sent, mut received) = (0_u64, 0_i64);
    for exchange in exchanges {
        columns
            .sent
            .push(difference(exchange.sent_boottime_ms, sent));
        columns.round_trip.push(difference(
            exchange.received_boottime_ms,
            exchange.sent_boottime_ms,
        ));
        columns
            .collector_received
            .push(exchange.collector_received_unix_ms.wrapping_sub(received));
        columns.collector_held.push(
            exchange
                .collector_sent_unix_ms
                .wrapping_sub(exchange.collector_received_unix_ms),
        );
        (sent, received) = (
            exchange.sent_boottime_ms,
            exchange.collector_received_unix_ms,
        );
    }
    columns
}

fn time_exchanges(columns: TimeColumns) -> Result<Vec<TimeExchange>, ColumnsError> {
    let own = pair("round_trip", columns.sent, columns.round_trip)?;
    let others = pair(
        "collector_held",
        columns.collector_received,
        columns.collector_held,
    )?;
    if own.len() != others.len() {
        return Err(ColumnsError::Shape("collector_received"));
    }
    let (mut sent, mut received) = (0_u64, 0_i64);
    Ok(own
        .zip(others)
        .map(|((sent_step, round_trip), (received_step, held))| {
            sent = sent.wrapping_add_signed(sent_step);
            received = received.wrapping_add(received_step);
            TimeExchange {
                sent_boottime_ms: sent,
                received_boottime_ms: sent.wrapping_add_signed(round_trip),
                collector_received_unix_ms: received,
                collector_sent_unix_ms: received.wrapping_add(held),
            }
        })
        .collect())
}

type Pairs<A, B> = std::iter::Zip<std::vec::IntoIter<A>, std::vec::IntoIter<B>>;

fn pair<A, B>(name: &'static str, a: Vec<A>, b: Vec<B>) -> Result<Pairs<A, B>, ColumnsError> {
    if a.len() != b.len() {
        return Err(ColumnsError::Shape(name));
    }
    Ok(a.into_iter().zip(b))
}

/// `a − b` modulo 2⁶⁴, as the signed number nearest to zero.
fn difference(a: u64, b: u64) -> i64 {
    a.wrapping_sub(b).cast_signed()
}

/// Counts are bounded by [`validate`] far below 2³².
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
