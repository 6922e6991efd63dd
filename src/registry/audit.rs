//! The audit table: who decided what, and when. Append-only.

use rusqlite::{Transaction, params};
use serde_json::Value;

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
}

/// Records a decision within the transaction that carries it out.
pub(super) fn record(
    transaction: &Transaction<'_>,
    (at_unix_ms, author): (i64, &str),
    action: &str,
    subject: &str,
    detail: &Value,
) -> Result<(), RegistryError> {
    transaction
        .prepare_cached(
            "INSERT INTO audit (at, author, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                at_unix_ms,
                author,
                action,
                subject,
                detail.to_string()
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
                    "SELECT position, at, author, action, subject, detail FROM audit
                     WHERE position > ? ORDER BY position LIMIT ?",
                )?
                .query_map(params![position, PAGE_MAX], |row| {
                    Ok(AuditRecord {
                        position: row.get(0)?,
                        at_unix_ms: row.get(1)?,
                        author: row.get(2)?,
                        action: row.get(3)?,
                        subject: row.get(4)?,
                        detail: row.get(5)?,
                    })
                })?
                .collect()
        })
    }
}
