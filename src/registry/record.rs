//! Records for the ledger: what was decided, in the words in which it is hashed. A record is written in
//! the transaction that carries its decision out; the ledger takes it up as a leaf afterwards, in this
//! order. Records of one agreement (its versions, exclusions, statements, what was said of its outages)
//! name the hash of the one before, so that none of them can be left out of a bundle.

use desserte_probe::wire::{hex, sha256};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Registry, RegistryError,
    error::{damaged, database},
};

/// Most records read at once.
const PAGE_MAX: u32 = 1_000;

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A decision of the audit table.
    Audit,
    /// An agent and its key.
    AgentEnrolled,
    /// A version of an agreement.
    AgreementVersion,
    /// An exclusion that was asked for.
    ExclusionRequested,
    /// Its approval.
    ExclusionApproved,
    /// Its withdrawal.
    ExclusionWithdrawn,
    /// A file that goes with it.
    ExclusionAttachment,
    /// What a party says of an outage.
    OutageContested,
    /// A statement, and what it was made of.
    Statement,
}

impl RecordKind {
    /// Its name in the record.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::AgentEnrolled => "agent.enrolled",
            Self::AgreementVersion => "agreement.version",
            Self::ExclusionRequested => "exclusion.requested",
            Self::ExclusionApproved => "exclusion.approved",
            Self::ExclusionWithdrawn => "exclusion.withdrawn",
            Self::ExclusionAttachment => "exclusion.attachment",
            Self::OutageContested => "outage.contested",
            Self::Statement => "statement",
        }
    }
}

/// A record as it is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordContent {
    /// What it is of: the identifier of a [`RecordKind`].
    pub record: String,
    /// Its position, from 1 without gaps.
    pub position: u64,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// Who entered it: the page, a command, the collector.
    pub author: String,
    /// The agreement whose chain it belongs to.
    pub agreement: Option<String>,
    /// SHA-256 of the record before it in that chain, hexadecimal; `null` for the first.
    pub previous: Option<String>,
    /// What was decided.
    pub body: Value,
}

/// A stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its position.
    pub position: u64,
    /// Its content, as it is hashed.
    pub content: String,
}

/// A record on its way.
pub(super) struct NewRecord<'a> {
    pub(super) kind: RecordKind,
    pub(super) subject: &'a str,
    pub(super) agreement: Option<&'a str>,
    pub(super) body: Value,
}

/// Appends a record within the transaction that carries it out; returns its position.
pub(super) fn append(
    transaction: &Transaction<'_>,
    (at_unix_ms, author): (i64, &str),
    new: NewRecord<'_>,
) -> Result<u64, RegistryError> {
    let failed = database("append record");
    let position: i64 = transaction
        .prepare_cached("SELECT coalesce(max(position), 0) + 1 FROM record")
        .and_then(|mut one| one.query_row([], |row| row.get(0)))
        .map_err(&failed)?;
    let previous: Option<[u8; 32]> = match new.agreement {
        None => None,
        Some(agreement) => transaction
            .prepare_cached(
                "SELECT sha256 FROM record WHERE agreement = ? ORDER BY position DESC LIMIT 1",
            )
            .and_then(|mut one| one.query_row([agreement], |row| row.get(0)).optional())
            .map_err(&failed)?,
    };
    let content = RecordContent {
        record: new.kind.identifier().to_owned(),
        position: position.unsigned_abs(),
        at_unix_ms,
        author: author.to_owned(),
        agreement: new.agreement.map(str::to_owned),
        previous: previous.map(|hash| hex(&hash)),
        body: new.body,
    };
    let text =
        serde_json::to_string(&content).map_err(|error| damaged("record", new.subject, error))?;
    transaction
        .prepare_cached("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)")
        .and_then(|mut one| {
            one.execute(params![
                position,
                content.record,
                new.subject,
                new.agreement,
                text,
                sha256(text.as_bytes())
            ])
        })
        .map_err(&failed)?;
    Ok(content.position)
}

impl Registry {
    /// Position of the last record; 0 when there is none.
    pub fn last_record(&self) -> Result<u64, RegistryError> {
        self.read("last record", |connection| {
            connection
                .prepare_cached("SELECT coalesce(max(position), 0) FROM record")?
                .query_row([], |row| row.get::<_, i64>(0))
        })
        .map(i64::unsigned_abs)
    }

    /// Records after a position, oldest first, at most a page.
    pub fn records_after(&self, position: u64) -> Result<Vec<StoredRecord>, RegistryError> {
        self.read("records", |connection| {
            connection
                .prepare_cached(
                    "SELECT position, content FROM record WHERE position > ?
                     ORDER BY position LIMIT ?",
                )?
                .query_map(params![position.cast_signed(), PAGE_MAX], stored)?
                .collect()
        })
    }

    /// The record at a position.
    pub fn record(&self, position: u64) -> Result<Option<StoredRecord>, RegistryError> {
        self.read("record", |connection| {
            connection
                .prepare_cached("SELECT position, content FROM record WHERE position = ?")?
                .query_row([position.cast_signed()], stored)
                .optional()
        })
    }

    /// The chain of an agreement up to a position, oldest first.
    pub fn records_of(
        &self,
        agreement: &str,
        until: u64,
    ) -> Result<Vec<StoredRecord>, RegistryError> {
        self.read("records of agreement", |connection| {
            connection
                .prepare_cached(
                    "SELECT position, content FROM record WHERE agreement = ? AND position <= ?
                     ORDER BY position",
                )?
                .query_map(params![agreement, until.cast_signed()], stored)?
                .collect()
        })
    }

    /// The first record of a kind about something.
    pub fn first_record(
        &self,
        kind: RecordKind,
        subject: &str,
    ) -> Result<Option<StoredRecord>, RegistryError> {
        self.read("record", |connection| {
            connection
                .prepare_cached(
                    "SELECT position, content FROM record WHERE kind = ? AND subject = ?
                     ORDER BY position LIMIT 1",
                )?
                .query_row(params![kind.identifier(), subject], stored)
                .optional()
        })
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord {
        position: row.get::<_, i64>(0)?.unsigned_abs(),
        content: row.get(1)?,
    })
}

/// A record that a file of before there were any should have.
struct Former {
    at_unix_ms: i64,
    author: String,
    kind: RecordKind,
    subject: String,
    agreement: Option<String>,
    body: Value,
}

/// Gives a file from before there were records those of what it holds, oldest first.
pub(super) fn complete(transaction: &Transaction<'_>) -> Result<(), RegistryError> {
    let mut found = Vec::new();
    found.extend(former_enrolments(transaction).map_err(database("complete records"))?);
    found.extend(former_versions(transaction).map_err(database("complete records"))?);
    found.extend(former_exclusions(transaction).map_err(database("complete records"))?);
    found.extend(former_decisions(transaction).map_err(database("complete records"))?);
    found.sort_by_key(|one| one.at_unix_ms);
    for one in found {
        let new = NewRecord {
            kind: one.kind,
            subject: &one.subject,
            agreement: one.agreement.as_deref(),
            body: one.body,
        };
        append(transaction, (one.at_unix_ms, &one.author), new)?;
    }
    Ok(())
}

fn former_decisions(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Former>> {
    transaction
        .prepare("SELECT at, author, action, subject, detail FROM audit ORDER BY position")?
        .query_map([], |row| {
            let (action, subject): (String, String) = (row.get(2)?, row.get(3)?);
            let detail: String = row.get(4)?;
            let detail: Value = serde_json::from_str(&detail).unwrap_or(Value::String(detail));
            Ok(Former {
                at_unix_ms: row.get(0)?,
                author: row.get(1)?,
                kind: RecordKind::Audit,
                body: audited(&action, &subject, &detail),
                subject,
                agreement: None,
            })
        })?
        .collect()
}

fn former_enrolments(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Former>> {
    transaction
        .prepare("SELECT id, public_key, enrolled_at FROM agent ORDER BY enrolled_at, id")?
        .query_map([], |row| {
            let (id, key): (String, [u8; 32]) = (row.get(0)?, row.get(1)?);
            Ok(Former {
                at_unix_ms: row.get(2)?,
                author: "enrolment".to_owned(),
                kind: RecordKind::AgentEnrolled,
                body: enrolled(&id, &key),
                subject: id,
                agreement: None,
            })
        })?
        .collect()
}

fn former_versions(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Former>> {
    transaction
        .prepare(
            "SELECT id, version, text, author, entered_at FROM agreement
             ORDER BY entered_at, id, version",
        )?
        .query_map([], |row| {
            let (id, text): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(Former {
                body: version(row.get(1)?, &text),
                author: row.get(3)?,
                at_unix_ms: row.get(4)?,
                kind: RecordKind::AgreementVersion,
                subject: id.clone(),
                agreement: Some(id),
            })
        })?
        .collect()
}

fn former_exclusions(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Former>> {
    let records: Vec<super::ExclusionRecord> = transaction
        .prepare("SELECT * FROM exclusion ORDER BY entered_at, id")?
        .query_map([], super::exclusion::read)?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for one in records {
        let of = |kind, at_unix_ms, body| Former {
            at_unix_ms,
            author: one.author.clone(),
            kind,
            subject: one.id.to_string(),
            agreement: Some(one.exclusion.agreement.clone()),
            body,
        };
        let asked = super::exclusion::requested(one.id, &one.exclusion, &one.reason);
        found.push(of(
            RecordKind::ExclusionRequested,
            one.entered_at_unix_ms,
            asked,
        ));
        if let Some((person, at)) = &one.approved {
            let body = super::exclusion::decided(one.id, person, "");
            found.push(of(RecordKind::ExclusionApproved, *at, body));
        }
        if let (Some(at), Some((person, why))) = (one.withdrawn_at_unix_ms, &one.withdrawn) {
            let body = super::exclusion::decided(one.id, person, why);
            found.push(of(RecordKind::ExclusionWithdrawn, at, body));
        }
    }
    Ok(found)
}

/// The body of a decision's record.
pub(super) fn audited(action: &str, subject: &str, detail: &Value) -> Value {
    json!({ "action": action, "subject": subject, "detail": detail })
}

/// The body of an enrolment's record.
pub(super) fn enrolled(agent: &str, public_key: &[u8; 32]) -> Value {
    json!({ "agent": agent, "public_key": hex(public_key) })
}

/// The body of a version's record.
pub(super) fn version(number: u32, text: &str) -> Value {
    json!({ "version": number, "text": text })
}
