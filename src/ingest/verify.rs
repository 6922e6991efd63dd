//! From the bytes of a request to a batch that may be journaled. Pure but for the registry's answer:
//! what is checked here needs no lock and no disk.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use desserte_probe::{
    report::{self, ColumnsError, Content, Report},
    wire::{BODY_BYTES_MAX, DECODED_BYTES_MAX, VERSION, envelope::Envelope},
};
use serde::Deserialize;

use super::{Refusal, canonical::entry_hash, rows::expanded_samples};
use crate::{
    registry::AgentRecord,
    store::journal::{ContentType, NewBatch},
};

/// Most samples of one batch with its summaries spelt out: some 100 MB while they are written.
pub(crate) const SAMPLES_EXPANDED_MAX: u64 = 600_000;

/// A batch ready for the journal, and its report.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// For the journal.
    pub batch: NewBatch,
    /// What the body says.
    pub report: Arc<Report>,
}

/// What comes with a body.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) received_unix_ms: i64,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) content_type: Option<String>,
}

/// Checks who sends: the signature, then whether he is still trusted.
pub(crate) fn authenticate(
    agent: &AgentRecord,
    envelope: &Envelope,
    body: &[u8],
    recorded_unix_ms: Option<i64>,
) -> Result<(), Refusal> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Refusal::TooLarge {
            limit: BODY_BYTES_MAX,
            when: "as sent",
        });
    }
    envelope
        .verify(&agent.public_key, body)
        .map_err(|_| Refusal::BadSignature)?;
    let before = |(at, recorded): (i64, i64)| recorded < at && agent.simulated;
    if agent
        .revoked_at_unix_ms
        .zip(recorded_unix_ms)
        .is_some_and(before)
    {
        // A demonstration plays back what it makes up of the time before this agent was replaced.
        return Ok(());
    }
    trusted(agent)
}

/// Whether an agent may still send.
pub(crate) fn trusted(agent: &AgentRecord) -> Result<(), Refusal> {
    if agent.revoked_at_unix_ms.is_some() {
        return Err(Refusal::Revoked(agent.id.to_string()));
    }
    if let Some((_, reason)) = &agent.quarantine {
        return Err(Refusal::Quarantined {
            agent: agent.id.to_string(),
            reason: reason.clone(),
        });
    }
    Ok(())
}

/// Decodes and checks an authenticated body.
pub(crate) fn prepare(
    envelope: Envelope,
    body: Bytes,
    arrival: &Arrival,
) -> Result<Prepared, Refusal> {
    let given = arrival.content_type.as_deref().unwrap_or_default();
    let content_type = ContentType::from_header(given)
        .ok_or_else(|| Refusal::UnsupportedContentType(given.to_owned()))?;
    let report = decode(content_type, &body)?;
    matches_envelope(&report, &envelope)?;
    let samples = expanded_samples(&report);
    if samples > SAMPLES_EXPANDED_MAX {
        return Err(Refusal::InvalidReport(format!(
            "{samples} samples with summaries spelt out, at most {SAMPLES_EXPANDED_MAX}"
        )));
    }
    let batch = NewBatch {
        received_unix_ms: arrival.received_unix_ms,
        batch_hash: envelope.batch_hash(&body),
        envelope,
        content_type,
        body,
        peer: arrival.peer,
        entries: report.entries.len(),
        exchanges: report.time_exchanges.clone(),
        measured_boottime_ms: measured(&report),
        samples,
    };
    Ok(Prepared {
        batch,
        report: Arc::new(report),
    })
}

/// Reads a body and checks it against the contract.
pub fn decode(content_type: ContentType, body: &[u8]) -> Result<Report, Refusal> {
    let report = match content_type {
        ContentType::Json => json(body)?,
        ContentType::Columns => columns(body)?,
    };
    if report.version != VERSION {
        return Err(Refusal::UnknownVersion(report.version));
    }
    report::validate(&report).map_err(|problem| Refusal::InvalidReport(problem.to_string()))?;
    Ok(report)
}

/// Sequence number and hash of each entry of a body, for the journal.
pub(crate) fn entries_of(content_type: ContentType, body: &[u8]) -> Option<Vec<(u64, [u8; 32])>> {
    let report = decode(content_type, body).ok()?;
    let entries = report.entries.iter();
    entries
        .map(|entry| Some((entry.sequence, entry_hash(&report, entry)?)))
        .collect()
}

/// A later version may have other fields: its number is looked for before they are blamed.
fn json(body: &[u8]) -> Result<Report, Refusal> {
    #[derive(Deserialize)]
    struct Head {
        version: u16,
    }
    serde_json::from_slice(body).map_err(|error| match serde_json::from_slice::<Head>(body) {
        Ok(head) if head.version != VERSION => Refusal::UnknownVersion(head.version),
        _ => Refusal::Malformed(format!("report: {error}")),
    })
}

fn columns(body: &[u8]) -> Result<Report, Refusal> {
    report::decode(body).map_err(|error| match error {
        ColumnsError::DecodedTooLarge { limit } => Refusal::TooLarge {
            limit,
            when: if limit == DECODED_BYTES_MAX {
                "after decompression"
            } else {
                "as sent"
            },
        },
        other => Refusal::Malformed(other.to_string()),
    })
}

pub(crate) fn matches_envelope(report: &Report, envelope: &Envelope) -> Result<(), Refusal> {
    let wrong = |field: &str| Refusal::InvalidReport(format!("{field}: differs from the envelope"));
    if report.agent != envelope.agent {
        return Err(wrong("agent"));
    }
    if report.boot != envelope.boot {
        return Err(wrong("boot"));
    }
    let first = report.entries.first().map(|entry| entry.sequence);
    let last = report.entries.last().map(|entry| entry.sequence);
    if first != Some(envelope.sequence_first) || last != Some(envelope.sequence_last) {
        return Err(wrong("sequence"));
    }
    Ok(())
}

/// First and last boot time of anything measured or seen.
pub(crate) fn measured(report: &Report) -> Option<(u64, u64)> {
    let mut range: Option<(u64, u64)> = None;
    let mut add = |at: u64| {
        let (first, last) = range.unwrap_or((at, at));
        range = Some((first.min(at), last.max(at)));
    };
    for entry in &report.entries {
        match &entry.content {
            Content::Minute(minute) => {
                minute
                    .samples
                    .iter()
                    .for_each(|one| add(one.start_boottime_ms));
                minute.evidence.iter().for_each(|one| add(one.boottime_ms));
            }
            Content::Summary(summary) => {
                for run in &summary.runs {
                    add(run.first_start_boottime_ms);
                    add(super::rows::last_start(run));
                }
            }
        }
    }
    range
}
