//! An agreement's chain of records, read back: its versions, its exclusions and what became of them. The
//! collector makes statements from this reading, and so does whoever verifies one.

use desserte_domain::exclusion::ExclusionKind;
use desserte_probe::wire::{hex, sha256};
use serde::Deserialize;

use crate::registry::{ExclusionRecord, NewExclusion, RecordContent, RecordKind};

/// Why a chain cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A record is not written as one.
    #[error("record {position}: {reason}")]
    Record {
        /// Its place in the chain, from 1.
        position: usize,
        /// Why.
        reason: String,
    },
    /// A record does not name the one before.
    #[error("record {position}: the chain breaks: it does not name the record before it")]
    Broken {
        /// Its position in the registry.
        position: u64,
    },
}

/// What an agreement's chain says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chain {
    /// Its versions: number and text, oldest first.
    pub versions: Vec<Version>,
    /// Its exclusions, by number, whatever became of them.
    pub exclusions: Vec<ExclusionRecord>,
    /// Its statements.
    pub statements: Vec<StatementRecord>,
    /// SHA-256 of the last record, hexadecimal.
    pub head: Option<String>,
}

/// A version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// Its text.
    pub text: String,
    /// When it was entered, Unix milliseconds.
    pub entered_unix_ms: i64,
}

/// The record of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRecord {
    /// `yyyy-mm`.
    pub month: String,
    /// Version of the terms.
    pub version: u32,
    /// Which statement of the month it is.
    pub revision: u32,
    /// Whether the month was closed and nothing in it open.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// SHA-256 of the document, hexadecimal.
    pub document_sha256: String,
    /// SHA-256 of the inputs, hexadecimal.
    pub inputs_sha256: String,
}

#[derive(Deserialize)]
struct VersionBody {
    version: u32,
    text: String,
}

#[derive(Deserialize)]
struct RequestBody {
    exclusion: i64,
    site: Option<String>,
    from_unix_ms: i64,
    to_unix_ms: i64,
    class: String,
    kind: String,
    requested_by: String,
    reason: String,
}

#[derive(Deserialize)]
struct DecisionBody {
    exclusion: i64,
    person: String,
    reason: String,
}

/// Reads the records of one agreement, oldest first; those after `until` only continue the chain.
pub fn read<'a>(
    agreement: &str,
    contents: impl IntoIterator<Item = &'a str>,
    until: u64,
) -> Result<Chain, ChainError> {
    let mut chain = Chain::default();
    for (place, text) in contents.into_iter().enumerate() {
        let failed = |reason: String| ChainError::Record {
            position: place + 1,
            reason,
        };
        let record: RecordContent =
            serde_json::from_str(text).map_err(|error| failed(error.to_string()))?;
        if record.agreement.as_deref() != Some(agreement) {
            return Err(failed("belongs to another agreement".to_owned()));
        }
        if record.previous != chain.head {
            return Err(ChainError::Broken {
                position: record.position,
            });
        }
        chain.head = Some(hex(&sha256(text.as_bytes())));
        if record.position <= until {
            chain.take(&record).map_err(failed)?;
        }
    }
    Ok(chain)
}

impl Chain {
    fn take(&mut self, record: &RecordContent) -> Result<(), String> {
        let is = |kind: RecordKind| record.record == kind.identifier();
        if is(RecordKind::AgreementVersion) {
            let body: VersionBody = body(record)?;
            self.versions.push(Version {
                number: body.version,
                text: body.text,
                entered_unix_ms: record.at_unix_ms,
            });
        } else if is(RecordKind::ExclusionRequested) {
            self.request(record)?;
        } else if is(RecordKind::ExclusionApproved) {
            let body: DecisionBody = body(record)?;
            self.exclusion(body.exclusion)?.approved = Some((body.person, record.at_unix_ms));
        } else if is(RecordKind::ExclusionWithdrawn) {
            let body: DecisionBody = body(record)?;
            let held = self.exclusion(body.exclusion)?;
            held.withdrawn_at_unix_ms = Some(record.at_unix_ms);
            held.withdrawn = Some((body.person, body.reason));
        } else if is(RecordKind::Statement) {
            self.statements.push(body(record)?);
        } else if !is(RecordKind::OutageContested) && !is(RecordKind::ExclusionAttachment) {
            return Err(format!("of a kind not known here: {}", record.record));
        }
        Ok(())
    }

    fn request(&mut self, record: &RecordContent) -> Result<(), String> {
        let asked: RequestBody = body(record)?;
        let kind = ExclusionKind::named(&asked.kind)
            .ok_or_else(|| format!("kind of exclusion not known here: {}", asked.kind))?;
        self.exclusions.push(ExclusionRecord {
            id: asked.exclusion,
            exclusion: NewExclusion {
                agreement: record.agreement.clone().unwrap_or_default(),
                site: asked.site,
                from_unix_ms: asked.from_unix_ms,
                to_unix_ms: asked.to_unix_ms,
                class: asked.class,
                kind,
                requested_by: asked.requested_by,
            },
            reason: asked.reason,
            author: record.author.clone(),
            entered_at_unix_ms: record.at_unix_ms,
            approved: None,
            withdrawn_at_unix_ms: None,
            withdrawn: None,
        });
        Ok(())
    }

    fn exclusion(&mut self, id: i64) -> Result<&mut ExclusionRecord, String> {
        self.exclusions
            .iter_mut()
            .find(|one| one.id == id)
            .ok_or_else(|| format!("exclusion {id} was never asked for"))
    }

    /// The exclusions that count for a site, by start and number.
    #[must_use]
    pub fn counting(&self, site: &str) -> Vec<desserte_domain::exclusion::Exclusion> {
        let mut found: Vec<&ExclusionRecord> = self
            .exclusions
            .iter()
            .filter(|one| one.counts() && one.concerns(site))
            .collect();
        found.sort_by_key(|one| (one.exclusion.from_unix_ms, one.id));
        found.into_iter().map(ExclusionRecord::interval).collect()
    }
}

fn body<T: for<'d> Deserialize<'d>>(record: &RecordContent) -> Result<T, String> {
    serde_json::from_value(record.body.clone()).map_err(|error| error.to_string())
}
