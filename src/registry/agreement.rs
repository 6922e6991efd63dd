//! Agreements as their text, version by version.
//!
//! The text is the domain's TOML. It may also define targets, in tables that are taken out before
//! the domain reads the rest:
//!
//! ```toml
//! [[target]]
//! id = "anchor-national-1"
//! name = "Point d'échange de Brazzaville"          # may be left out
//! measure = { icmp = { host = "192.0.2.1", packets = 5, payload_bytes = 0, timeout_ms = 2000 } }
//!
//! [[target]]
//! id = "portal"
//! measure = { http = { url = "https://portal.example/", status_from = 200, status_to = 399, timeout_ms = 10000, body_bytes_max = 65536 } }
//! ```

use desserte_domain::agreement::Agreement;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::json;

use super::{
    Registry, RegistryError, TargetDefinition,
    audit::record,
    error::{database, missing},
    record::{self, NewRecord, RecordKind},
    schedule, site,
    site_change::Decision,
    target,
};

/// Longest text of an agreement, bytes: ten thousand sites with long identifiers.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most targets that one text defines.
const TARGETS_MAX: usize = 256;

/// An agreement's text, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementDocument {
    /// The agreement.
    pub agreement: Agreement,
    /// Targets that its text defines.
    pub targets: Vec<TargetDefinition>,
}

/// An agreement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAgreement {
    /// The agreement.
    pub agreement: Agreement,
    /// Its text.
    pub text: String,
    /// Who entered it.
    pub author: String,
    /// When, Unix milliseconds.
    pub entered_at_unix_ms: i64,
}

impl AgreementDocument {
    /// Reads a text; every error of the agreement comes at once.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let unreadable = |error: toml::de::Error| RegistryError::AgreementText(error.to_string());
        if text.len() > TEXT_BYTES_MAX {
            return Err(RegistryError::AgreementText("longer than 2 MiB".to_owned()));
        }
        let mut table: toml::Table = text.parse().map_err(unreadable)?;
        let targets: Vec<TargetDefinition> = match table.remove("target") {
            Some(targets) => targets.try_into().map_err(unreadable)?,
            None => Vec::new(),
        };
        if targets.len() > TARGETS_MAX {
            return Err(RegistryError::AgreementText(
                "more than 256 targets".to_owned(),
            ));
        }
        // Without targets of its own the text is read as it is: errors then name its lines.
        let agreement: Agreement = if targets.is_empty() {
            toml::from_str(text).map_err(unreadable)?
        } else {
            table.try_into().map_err(unreadable)?
        };
        let problems = agreement.validate();
        if !problems.is_empty() {
            return Err(RegistryError::Agreement {
                id: agreement.id,
                problems,
            });
        }
        Ok(Self { agreement, targets })
    }
}

impl Registry {
    /// Enters an agreement, or a later version of one. Its sites and targets must be known; the
    /// schedules of its sites' agents follow. The same text again changes nothing.
    pub fn put_agreement(
        &self,
        text: &str,
        decision: Decision<'_>,
    ) -> Result<Agreement, RegistryError> {
        let document = AgreementDocument::parse(text)?;
        self.write("put agreement", |transaction| {
            put(transaction, text, &document, decision)
        })?;
        Ok(document.agreement)
    }

    /// The newest version of every agreement, by identifier.
    pub fn agreements(&self) -> Result<Vec<StoredAgreement>, RegistryError> {
        let rows = self.read("agreements", newest)?;
        rows.into_iter().map(stored).collect()
    }

    /// Every version of an agreement, oldest first; none when it is not known.
    pub fn agreement_versions(&self, id: &str) -> Result<Vec<StoredAgreement>, RegistryError> {
        let rows = self.read("agreement versions", |connection| {
            connection
                .prepare_cached(
                    "SELECT text, author, entered_at FROM agreement WHERE id = ? ORDER BY version",
                )?
                .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(stored).collect()
    }

    /// One version of an agreement, or its newest.
    pub fn agreement(
        &self,
        id: &str,
        version: Option<u32>,
    ) -> Result<Option<StoredAgreement>, RegistryError> {
        self.read("agreement", |connection| {
            connection
                .prepare_cached(
                    "SELECT text, author, entered_at FROM agreement
                     WHERE id = ?1 AND (?2 IS NULL OR version = ?2)
                     ORDER BY version DESC LIMIT 1",
                )?
                .query_row(params![id, version], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })?
        .map(stored)
        .transpose()
    }
}

fn put(
    transaction: &Transaction<'_>,
    text: &str,
    document: &AgreementDocument,
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    let terms = &document.agreement;
    let before: Option<(u32, String)> = transaction
        .query_row(
            "SELECT version, text FROM agreement WHERE id = ? ORDER BY version DESC LIMIT 1",
            [&terms.id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(database("put agreement"))?;
    if let Some((version, old)) = &before {
        if old == text {
            return Ok(());
        }
        if terms.version <= *version {
            return Err(RegistryError::Conflict {
                what: "agreement",
                id: terms.id.clone(),
                reason: "another text was entered under this version or a later one; count up",
            });
        }
    }
    for definition in &document.targets {
        target::put(transaction, definition, decision)?;
    }
    for site in &terms.sites {
        site::known(transaction, site)?;
    }
    for id in &terms.test.targets {
        target::find(transaction, id)?.ok_or_else(|| missing("target", id))?;
    }
    transaction
        .execute(
            "INSERT INTO agreement (id, version, text, author, entered_at) VALUES (?, ?, ?, ?, ?)",
            params![
                terms.id,
                terms.version,
                text,
                decision.author,
                decision.at_unix_ms
            ],
        )
        .map_err(database("put agreement"))?;
    if document.targets.is_empty() {
        let old = before
            .map(|(_, text)| AgreementDocument::parse(&text))
            .transpose()?;
        let old_sites = old.iter().flat_map(|old| &old.agreement.sites);
        let sites = terms.sites.iter().chain(old_sites).map(String::as_str);
        schedule::rebuild_sites(transaction, &sites.collect(), decision.at_unix_ms)?;
    } else {
        // Others may measure the same targets.
        schedule::rebuild_all(transaction, decision.at_unix_ms)?;
    }
    let stamp = (decision.at_unix_ms, decision.author);
    let new = NewRecord {
        kind: RecordKind::AgreementVersion,
        subject: &terms.id,
        agreement: Some(&terms.id),
        body: record::version(terms.version, text),
    };
    record::append(transaction, stamp, new)?;
    let detail = json!({ "version": terms.version, "reason": decision.reason });
    record(transaction, stamp, "agreement.put", &terms.id, &detail)
}

type Row = (String, String, i64);

fn newest(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<Row>> {
    connection
        .prepare_cached(
            "SELECT text, author, entered_at FROM agreement AS one WHERE version =
                 (SELECT max(version) FROM agreement WHERE id = one.id) ORDER BY id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// The newest version of every agreement, within a transaction.
pub(super) fn current(
    transaction: &Transaction<'_>,
) -> Result<Vec<StoredAgreement>, RegistryError> {
    let rows = newest(transaction).map_err(database("agreements"))?;
    rows.into_iter().map(stored).collect()
}

fn stored((text, author, entered_at_unix_ms): Row) -> Result<StoredAgreement, RegistryError> {
    Ok(StoredAgreement {
        agreement: AgreementDocument::parse(&text)?.agreement,
        text,
        author,
        entered_at_unix_ms,
    })
}

/// Whether an agreement ended before a time, in its own zone.
pub(super) fn ended(terms: &Agreement, at_unix_ms: i64) -> bool {
    let Some(end) = terms.valid_to else {
        return false;
    };
    let zone = jiff::tz::TimeZone::get(&terms.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at_unix_ms).is_ok_and(|at| at.to_zoned(zone).date() >= end)
}
