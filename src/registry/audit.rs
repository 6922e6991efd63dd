//! The audit table: who decided what, and when. Append-only.

use rusqlite::{Row, Transaction, params};
use serde_json::{Value, json};

use super::{
    Registry, RegistryError,
    error::database,
    record::{self, NewRecord, RecordKind},
};

/// Most records read at once.
const PAGE_MAX: u32 = 1_000;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Position, from 1 without gaps.
    pub position: i64,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// Who.
    pub author: String,
    /// What, for example `site.merge`.
    pub action: String,
    /// Identifier of what it concerns.
    pub subject: String,
    /// Details, JSON.
    pub detail: String,
    /// From where, when it is known.
    pub peer: Option<String>,
}

/// Records a decision within the transaction that carries it out.
pub(super) fn record(
    transaction: &Transaction<'_>,
    decided: (i64, &str),
    action: &str,
    subject: &str,
    detail: &Value,
) -> Result<(), RegistryError> {
    record_from(transaction, decided, None, (action, subject), detail)
}

/// The same, with the address from which it was asked.
fn record_from(
    transaction: &Transaction<'_>,
    (at_unix_ms, author): (i64, &str),
    peer: Option<&str>,
    (action, subject): (&str, &str),
    detail: &Value,
) -> Result<(), RegistryError> {
    transaction
        .prepare_cached(
            "INSERT INTO audit (at, author, action, subject, detail, peer) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                at_unix_ms,
                author,
                action,
                subject,
                detail.to_string(),
                peer
            ])
        })
        .map_err(database("audit"))?;
    let new = NewRecord {
        kind: RecordKind::Audit,
        subject,
        agreement: None,
        body: record::audited(action, subject, detail),
    };
    record::append(transaction, (at_unix_ms, author), new).map(drop)
}

impl Registry {
    /// Decisions after a position, oldest first, at most a page.
    pub fn audit_after(&self, position: i64) -> Result<Vec<AuditRecord>, RegistryError> {
        self.read("audit", |connection| {
            connection
                .prepare_cached(
                    "SELECT position, at, author, action, subject, detail, peer FROM audit
                     WHERE position > ? ORDER BY position LIMIT ?",
                )?
                .query_map(params![position, PAGE_MAX], read)?
                .collect()
        })
    }

    /// Decisions before a position, newest first, at most a page; those whose author, action or subject
    /// holds a text.
    pub fn audit_before(
        &self,
        position: i64,
        text: &str,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, RegistryError> {
        self.read("audit", |connection| {
            connection
                .prepare_cached(
                    "SELECT position, at, author, action, subject, detail, peer FROM audit
                     WHERE position < ?1 AND (?2 = '' OR instr(author, ?2) OR instr(action, ?2)
                         OR instr(subject, ?2))
                     ORDER BY position DESC LIMIT ?3",
                )?
                .query_map(params![position, text, limit.min(PAGE_MAX + 1)], read)?
                .collect()
        })
    }

    /// Records that somebody changed something through the page, or tried to, and from where.
    pub fn note_request(
        &self,
        (at_unix_ms, author): (i64, &str),
        (method, path): (&str, &str),
        (status, peer): (u16, &str),
    ) -> Result<(), RegistryError> {
        let action = format!("request.{}", method.to_ascii_lowercase());
        let detail = json!({ "status": status });
        self.write_quietly("audit", |transaction| {
            let decided = (at_unix_ms, author);
            record_from(transaction, decided, Some(peer), (&action, path), &detail)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        position: row.get(0)?,
        at_unix_ms: row.get(1)?,
        author: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
        peer: row.get(6)?,
    })
}
