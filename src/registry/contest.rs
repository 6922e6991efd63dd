//! What a party says of an outage, and the files that go with an exclusion: said once, kept for good.

use desserte_domain::exclusion::entry::{MAX_NAME_CHARS, MAX_REASON_CHARS, check_text};
use rusqlite::{Row, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    number::{self, Numbered},
    record::{self, NewRecord, RecordKind},
};

/// Most that is said of the outages of one agreement's month.
const CONTESTS_MAX: i64 = 2_000;
/// Most files of one exclusion.
const ATTACHMENTS_MAX: i64 = 50;

/// What a party says of an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// Number; 0 for a new one.
    pub id: i64,
    /// The agreement.
    pub agreement: String,
    /// The site.
    pub site: String,
    /// The month of the statement, `yyyy-mm`.
    pub month: String,
    /// Start of the outage as the statement gives it, Unix milliseconds.
    pub outage_start_unix_ms: i64,
    /// Who says it.
    pub person: String,
    /// What.
    pub text: String,
    /// When it was entered, Unix milliseconds.
    pub entered_at_unix_ms: i64,
}

/// A file that goes with an exclusion; only its hash is kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The exclusion.
    pub exclusion: i64,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Its name.
    pub name: String,
    /// Who added it.
    pub added_by: String,
    /// When, Unix milliseconds.
    pub added_at_unix_ms: i64,
}

impl Registry {
    /// Writes down what a party says of an outage; answers with its number.
    pub fn add_contest(
        &self,
        new: &Contest,
        (author, at_unix_ms): (&str, i64),
    ) -> Result<i64, RegistryError> {
        check_text("person", &new.person, MAX_NAME_CHARS)?;
        check_text("text", &new.text, MAX_REASON_CHARS)?;
        let stored = self
            .agreement(&new.agreement, None)?
            .ok_or_else(|| missing("agreement", &new.agreement))?;
        if !stored.agreement.sites.contains(&new.site) {
            return Err(missing("site of the agreement", &new.site));
        }
        self.write("contest outage", |transaction| {
            let held: i64 = transaction
                .query_row(
                    "SELECT count(*) FROM contest WHERE agreement = ? AND month = ?",
                    [&new.agreement, &new.month],
                    |row| row.get(0),
                )
                .map_err(database("contest outage"))?;
            if held >= CONTESTS_MAX {
                return Err(RegistryError::Conflict {
                    what: "agreement",
                    id: new.agreement.clone(),
                    reason: "has as many comments as one month may have",
                });
            }
            let (person, text) = (new.person.trim(), new.text.trim());
            let parts = [new.agreement.as_str(), &new.month, &held.to_string()];
            let id = number::draw(transaction, Numbered::Contest, &parts)?;
            transaction
                .execute(
                    "INSERT INTO contest (id, agreement, site, month, outage_start_unix_ms, person, text,
                         author, entered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        id,
                        new.agreement,
                        new.site,
                        new.month,
                        new.outage_start_unix_ms,
                        person,
                        text,
                        author,
                        at_unix_ms
                    ],
                )
                .map_err(database("contest outage"))?;
            let body = json!({
                "contest": id, "site": new.site, "month": new.month,
                "outage_start_unix_ms": new.outage_start_unix_ms,
                "person": person, "text": text,
            });
            let stamp = (at_unix_ms, author);
            record(transaction, stamp, "outage.contest", &new.agreement, &body)?;
            let kept = NewRecord {
                kind: RecordKind::OutageContested,
                subject: &id.to_string(),
                agreement: Some(&new.agreement),
                body,
            };
            record::append(transaction, stamp, kept)?;
            Ok(id)
        })
    }

    /// What was said of the outages of a month, oldest first.
    pub fn contests(&self, agreement: &str, month: &str) -> Result<Vec<Contest>, RegistryError> {
        self.read("contests", |connection| {
            connection
                .prepare_cached(
                    "SELECT * FROM contest WHERE agreement = ? AND month = ? ORDER BY entered_at, id",
                )?
                .query_map([agreement, month], contest)?
                .collect()
        })
    }

    /// Notes a file that goes with an exclusion of an agreement, as long as its month is open. The same
    /// file again changes nothing.
    pub fn attach(
        &self,
        agreement: &str,
        new: &Attachment,
        author: &str,
    ) -> Result<(), RegistryError> {
        check_text("added_by", &new.added_by, MAX_NAME_CHARS)?;
        check_text("name", &new.name, MAX_NAME_CHARS)?;
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if new.sha256.len() != 64 || !new.sha256.bytes().all(hexadecimal) {
            return Err(RegistryError::Invalid {
                what: "attachment",
                id: new.name.clone(),
                field: "sha256",
                reason: "must be 64 hexadecimal digits in lower case",
            });
        }
        let exclusion = self
            .exclusions(agreement)?
            .into_iter()
            .find(|one| one.id == new.exclusion)
            .ok_or_else(|| missing("exclusion", &new.exclusion.to_string()))?;
        let stored = self
            .agreement(agreement, None)?
            .ok_or_else(|| missing("agreement", agreement))?;
        let from = exclusion.exclusion.from_unix_ms;
        stored.agreement.check_open(from, new.added_at_unix_ms)?;
        self.write("attach file", |transaction| {
            let held: i64 = transaction
                .query_row(
                    "SELECT count(*) FROM exclusion_attachment WHERE exclusion = ? AND sha256 <> ?",
                    params![new.exclusion, new.sha256],
                    |row| row.get(0),
                )
                .map_err(database("attach file"))?;
            if held >= ATTACHMENTS_MAX {
                return Err(RegistryError::Conflict {
                    what: "exclusion",
                    id: new.exclusion.to_string(),
                    reason: "has as many files as one exclusion may have",
                });
            }
            let changed = transaction
                .execute(
                    "INSERT INTO exclusion_attachment VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    params![
                        new.exclusion,
                        new.sha256,
                        new.name.trim(),
                        new.added_by.trim(),
                        new.added_at_unix_ms
                    ],
                )
                .map_err(database("attach file"))?;
            if changed == 0 {
                return Ok(());
            }
            let body = json!({
                "exclusion": new.exclusion, "sha256": new.sha256, "name": new.name.trim(),
                "added_by": new.added_by.trim(),
            });
            let stamp = (new.added_at_unix_ms, author);
            let subject = new.exclusion.to_string();
            record(transaction, stamp, "exclusion.attach", &subject, &body)?;
            let kept = NewRecord {
                kind: RecordKind::ExclusionAttachment,
                subject: &subject,
                agreement: Some(agreement),
                body,
            };
            record::append(transaction, stamp, kept).map(drop)
        })
    }

    /// Files of the exclusions of an agreement.
    pub fn attachments(&self, agreement: &str) -> Result<Vec<Attachment>, RegistryError> {
        self.read("attachments", |connection| {
            connection
                .prepare_cached(
                    "SELECT exclusion_attachment.* FROM exclusion_attachment
                     JOIN exclusion ON exclusion.id = exclusion
                     WHERE agreement = ? ORDER BY exclusion, added_at, sha256",
                )?
                .query_map([agreement], |row| {
                    Ok(Attachment {
                        exclusion: row.get("exclusion")?,
                        sha256: row.get("sha256")?,
                        name: row.get("name")?,
                        added_by: row.get("added_by")?,
                        added_at_unix_ms: row.get("added_at")?,
                    })
                })?
                .collect()
        })
    }
}

fn contest(row: &Row<'_>) -> rusqlite::Result<Contest> {
    Ok(Contest {
        id: row.get("id")?,
        agreement: row.get("agreement")?,
        site: row.get("site")?,
        month: row.get("month")?,
        outage_start_unix_ms: row.get("outage_start_unix_ms")?,
        person: row.get("person")?,
        text: row.get("text")?,
        entered_at_unix_ms: row.get("entered_at")?,
    })
}
