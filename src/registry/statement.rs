//! Statements: kept as they were made, revised by another one, never changed.

use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    error::database,
    record::{self, NewRecord, RecordKind},
};

/// Revisions of one month at most: late data of years, a few at a time.
const REVISIONS_MAX: u32 = 1_000;

/// A statement as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStatement {
    /// The agreement.
    pub agreement: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Version of the terms.
    pub version: u32,
    /// Which statement of the month it is, from 1.
    pub revision: u32,
    /// When it was made, Unix milliseconds.
    pub made_unix_ms: i64,
    /// Position of its record.
    pub record: u64,
    /// The document as it is hashed.
    pub document: String,
    /// What it was made of, as it is hashed.
    pub inputs: String,
}

/// A statement on its way.
#[derive(Debug, Clone, Copy)]
pub struct NewStatement<'a> {
    /// The agreement.
    pub agreement: &'a str,
    /// `yyyy-mm`.
    pub month: &'a str,
    /// Version of the terms.
    pub version: u32,
    /// Which statement of the month it is.
    pub revision: u32,
    /// Whether the month was closed and nothing in it open.
    pub is_final: bool,
    /// The document as it is hashed.
    pub document: &'a str,
    /// What it was made of, as it is hashed.
    pub inputs: &'a str,
}

impl Registry {
    /// Records a statement; one that is final is kept, and is the next revision of its month. Answers with
    /// the position of its record.
    pub fn add_statement(
        &self,
        new: &NewStatement<'_>,
        (made_unix_ms, author): (i64, &str),
    ) -> Result<u64, RegistryError> {
        let hash =
            |text: &str| desserte_probe::wire::hex(&desserte_probe::wire::sha256(text.as_bytes()));
        self.write("add statement", |transaction| {
            let body = json!({
                "month": new.month,
                "version": new.version,
                "revision": new.revision,
                "final": new.is_final,
                "document_sha256": hash(new.document),
                "inputs_sha256": hash(new.inputs),
            });
            let record = NewRecord {
                kind: RecordKind::Statement,
                subject: new.agreement,
                agreement: Some(new.agreement),
                body,
            };
            let position = record::append(transaction, (made_unix_ms, author), record)?;
            if !new.is_final {
                return Ok(position);
            }
            let before: u32 = transaction
                .query_row(
                    "SELECT coalesce(max(revision), 0) FROM statement
                     WHERE agreement = ? AND month = ? AND version = ?",
                    params![new.agreement, new.month, new.version],
                    |row| row.get(0),
                )
                .map_err(database("add statement"))?;
            if new.revision != before + 1 || new.revision > REVISIONS_MAX {
                return Err(RegistryError::Conflict {
                    what: "statement",
                    id: format!("{} {}", new.agreement, new.month),
                    reason: "is not the next revision of its month",
                });
            }
            transaction
                .execute(
                    "INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        new.agreement,
                        new.month,
                        new.version,
                        new.revision,
                        made_unix_ms,
                        position.cast_signed(),
                        new.document,
                        new.inputs
                    ],
                )
                .map_err(database("add statement"))?;
            Ok(position)
        })
    }

    /// Revisions of a month under a version of the terms, oldest first: number, and when it was made.
    pub fn statement_revisions(
        &self,
        (agreement, month, version): (&str, &str, u32),
    ) -> Result<Vec<(u32, i64)>, RegistryError> {
        self.read("statement revisions", |connection| {
            connection
                .prepare_cached(
                    "SELECT revision, made_at FROM statement
                     WHERE agreement = ? AND month = ? AND version = ? ORDER BY revision",
                )?
                .query_map(params![agreement, month, version], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
        })
    }

    /// The last revision of a month under a version of the terms: its number and its record.
    pub(crate) fn last_statement_revision(
        &self,
        (agreement, month, version): (&str, &str, u32),
    ) -> Result<Option<(u32, u64)>, RegistryError> {
        self.read("statement revision", |connection| {
            connection
                .prepare_cached(
                    "SELECT revision, record FROM statement
                     WHERE agreement = ? AND month = ? AND version = ?
                     ORDER BY revision DESC LIMIT 1",
                )?
                .query_row(params![agreement, month, version], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
                })
                .optional()
        })
    }

    /// A revision of a month's statement under a version of the terms, or its last.
    pub fn statement(
        &self,
        (agreement, month, version): (&str, &str, u32),
        revision: Option<u32>,
    ) -> Result<Option<StoredStatement>, RegistryError> {
        self.read("statement", |connection| {
            connection
                .prepare_cached(
                    "SELECT * FROM statement WHERE agreement = ?1 AND month = ?2 AND version = ?3
                         AND (?4 IS NULL OR revision = ?4)
                     ORDER BY revision DESC LIMIT 1",
                )?
                .query_row(params![agreement, month, version, revision], statement)
                .optional()
        })
    }
}

fn statement(row: &Row<'_>) -> rusqlite::Result<StoredStatement> {
    Ok(StoredStatement {
        agreement: row.get("agreement")?,
        month: row.get("month")?,
        version: row.get("version")?,
        revision: row.get("revision")?,
        made_unix_ms: row.get("made_at")?,
        record: row.get::<_, i64>("record")?.unsigned_abs(),
        document: row.get("document")?,
        inputs: row.get("inputs")?,
    })
}
