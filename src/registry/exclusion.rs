//! Exclusions: asked for by one person, approved by another, withdrawn; never deleted.

use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::entry::{Entry, MAX_NAME_CHARS, MAX_REASON_CHARS, check_text};
use desserte_domain::exclusion::{Exclusion, ExclusionKind};
use rusqlite::{Row, Transaction, params};
use serde_json::{Value, json};

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    number::{self, Numbered},
    record::{self, NewRecord, RecordKind},
    site_change::Decision,
};

/// Most exclusions of one agreement, withdrawn ones too: some hundred a month for ten years.
const EXCLUSIONS_MAX: i64 = 20_000;

/// An interval to be treated apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExclusion {
    /// The agreement.
    pub agreement: String,
    /// The site; `None`: every site of the agreement.
    pub site: Option<String>,
    /// Start, Unix milliseconds.
    pub from_unix_ms: i64,
    /// End, not inside.
    pub to_unix_ms: i64,
    /// One of the agreement's classes.
    pub class: String,
    /// What it is for.
    pub kind: ExclusionKind,
    /// Who asks for it.
    pub requested_by: String,
}

/// An exclusion as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionRecord {
    /// Number.
    pub id: i64,
    /// What was entered.
    pub exclusion: NewExclusion,
    /// Why.
    pub reason: String,
    /// Who entered it: the page, a command.
    pub author: String,
    /// When, Unix milliseconds.
    pub entered_at_unix_ms: i64,
    /// Who approved it, and when; without that it does not count.
    pub approved: Option<(String, i64)>,
    /// When it was withdrawn; it then counts no more.
    pub withdrawn_at_unix_ms: Option<i64>,
    /// Who withdrew it, and why.
    pub withdrawn: Option<(String, String)>,
}

/// What becomes of an exclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExclusionChange {
    /// It counts from now on.
    Approve,
    /// It counts no more.
    Withdraw,
}

impl ExclusionRecord {
    /// Whether it counts: approved and not withdrawn.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.approved.is_some() && self.withdrawn_at_unix_ms.is_none()
    }

    /// Whether it concerns a site.
    #[must_use]
    pub fn concerns(&self, site: &str) -> bool {
        self.exclusion
            .site
            .as_deref()
            .is_none_or(|named| named == site)
    }

    /// Whether some of it lies in a span, half-open.
    #[must_use]
    pub fn touches(&self, (from_unix_ms, to_unix_ms): (i64, i64)) -> bool {
        self.exclusion.from_unix_ms < to_unix_ms && from_unix_ms < self.exclusion.to_unix_ms
    }

    /// What the domain counts with.
    #[must_use]
    pub fn interval(&self) -> Exclusion {
        Exclusion {
            from_unix_ms: self.exclusion.from_unix_ms,
            to_unix_ms: self.exclusion.to_unix_ms,
            class: self.exclusion.class.clone(),
            kind: self.exclusion.kind,
        }
    }
}

/// What [`ExclusionRecord::counts`] and [`ExclusionRecord::concerns`] say, as the index of ends can use
/// it. (The sign keeps that of starts, in which all that are over lie, from being taken.)
const HOLDING: &str = "SELECT * FROM exclusion
    WHERE agreement = ?1 AND (site IS NULL OR site = ?2) AND +from_unix_ms <= ?3 AND to_unix_ms > ?3
        AND approved_by IS NOT NULL AND withdrawn_at IS NULL";

impl Registry {
    /// Enters an exclusion, which waits for an approval; returns its number. The decision's reason is
    /// why it is asked for; its author is who typed it.
    pub fn add_exclusion(
        &self,
        exclusion: &NewExclusion,
        decision: Decision<'_>,
    ) -> Result<i64, RegistryError> {
        let stored = self
            .agreement(&exclusion.agreement, None)?
            .ok_or_else(|| missing("agreement", &exclusion.agreement))?;
        let entry = Entry {
            site: exclusion.site.as_deref(),
            from_unix_ms: exclusion.from_unix_ms,
            to_unix_ms: exclusion.to_unix_ms,
            class: &exclusion.class,
            kind: exclusion.kind,
            requested_by: &exclusion.requested_by,
            reason: decision.reason,
        };
        stored.agreement.check_entry(&entry, decision.at_unix_ms)?;
        self.write("add exclusion", |transaction| {
            insert(transaction, exclusion, decision)
        })
    }

    /// Approves or withdraws an exclusion of an agreement, in the name of `person`, as long as its
    /// month is open. Who asked for it does not approve it.
    pub fn change_exclusion(
        &self,
        (agreement, id): (&str, i64),
        change: ExclusionChange,
        person: &str,
        decision: Decision<'_>,
    ) -> Result<ExclusionRecord, RegistryError> {
        let record = self
            .exclusions(agreement)?
            .into_iter()
            .find(|record| record.id == id)
            .ok_or_else(|| missing("exclusion", &id.to_string()))?;
        let stored = self
            .agreement(agreement, None)?
            .ok_or_else(|| missing("agreement", agreement))?;
        check_change(
            &stored.agreement,
            &record,
            (change, person),
            decision.reason,
        )?;
        let from = record.exclusion.from_unix_ms;
        stored.agreement.check_open(from, decision.at_unix_ms)?;
        self.write("change exclusion", |transaction| {
            update(transaction, (agreement, id), change, person, decision)
        })?;
        let changed = self.exclusions(agreement)?.into_iter();
        changed
            .into_iter()
            .find(|record| record.id == id)
            .ok_or_else(|| missing("exclusion", &id.to_string()))
    }

    /// Exclusions of an agreement, by start, whatever became of them.
    pub fn exclusions(&self, agreement: &str) -> Result<Vec<ExclusionRecord>, RegistryError> {
        self.read("exclusions", |connection| {
            connection
                .prepare_cached(
                    "SELECT * FROM exclusion WHERE agreement = ? ORDER BY from_unix_ms, id",
                )?
                .query_map([agreement], read)?
                .collect()
        })
    }

    /// Exclusions of an agreement that count, concern a site and hold at a time, in no order. Asked at
    /// each look at the site: those that are over are not read.
    pub fn exclusions_at(
        &self,
        agreement: &str,
        site: &str,
        unix_ms: i64,
    ) -> Result<Vec<ExclusionRecord>, RegistryError> {
        self.read("exclusions at", |connection| {
            connection
                .prepare_cached(HOLDING)?
                .query_map(params![agreement, site, unix_ms], read)?
                .collect()
        })
    }
}

fn check_change(
    agreement: &Agreement,
    record: &ExclusionRecord,
    (change, person): (ExclusionChange, &str),
    reason: &str,
) -> Result<(), RegistryError> {
    let conflict = |reason| RegistryError::Conflict {
        what: "exclusion",
        id: record.id.to_string(),
        reason,
    };
    if record.withdrawn_at_unix_ms.is_some() {
        return Err(conflict("is withdrawn already"));
    }
    match change {
        ExclusionChange::Approve if record.approved.is_some() => {
            Err(conflict("is approved already"))
        }
        ExclusionChange::Approve => {
            let asked = &record.exclusion;
            Ok(agreement.check_approver(&asked.class, &asked.requested_by, person)?)
        }
        ExclusionChange::Withdraw => {
            check_text("withdrawn_by", person, MAX_NAME_CHARS)?;
            Ok(check_text("reason", reason, MAX_REASON_CHARS)?)
        }
    }
}

fn insert(
    transaction: &Transaction<'_>,
    exclusion: &NewExclusion,
    decision: Decision<'_>,
) -> Result<i64, RegistryError> {
    let held: i64 = transaction
        .query_row(
            "SELECT count(*) FROM exclusion WHERE agreement = ?",
            [&exclusion.agreement],
            |row| row.get(0),
        )
        .map_err(database("add exclusion"))?;
    if held >= EXCLUSIONS_MAX {
        return Err(RegistryError::Conflict {
            what: "agreement",
            id: exclusion.agreement.clone(),
            reason: "has as many exclusions as one agreement may have",
        });
    }
    let parts = [exclusion.agreement.as_str(), &held.to_string()];
    let id = number::draw(transaction, Numbered::Exclusion, &parts)?;
    transaction
        .execute(
            "INSERT INTO exclusion (id, agreement, site, from_unix_ms, to_unix_ms, class, kind,
                 requested_by, reason, author, entered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                id,
                exclusion.agreement,
                exclusion.site,
                exclusion.from_unix_ms,
                exclusion.to_unix_ms,
                exclusion.class,
                exclusion.kind.identifier(),
                exclusion.requested_by.trim(),
                decision.reason.trim(),
                decision.author,
                decision.at_unix_ms
            ],
        )
        .map_err(database("add exclusion"))?;
    let detail = json!({ "exclusion": id, "kind": exclusion.kind.identifier(),
        "class": exclusion.class, "requested_by": exclusion.requested_by,
        "reason": decision.reason });
    let stamp = (decision.at_unix_ms, decision.author);
    let new = NewRecord {
        kind: RecordKind::ExclusionRequested,
        subject: &id.to_string(),
        agreement: Some(&exclusion.agreement),
        body: requested(id, exclusion, decision.reason),
    };
    record::append(transaction, stamp, new)?;
    record(
        transaction,
        stamp,
        "exclusion.add",
        &exclusion.agreement,
        &detail,
    )?;
    Ok(id)
}

/// The conditions say again what was checked: another process may have been faster.
fn update(
    transaction: &Transaction<'_>,
    (agreement, id): (&str, i64),
    change: ExclusionChange,
    person: &str,
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    let (sql, action, kind) = match change {
        ExclusionChange::Approve => (
            "UPDATE exclusion SET approved_at = ?1, approved_by = ?2
             WHERE id = ?4 AND ?3 IS NOT NULL AND approved_at IS NULL AND withdrawn_at IS NULL",
            "exclusion.approve",
            RecordKind::ExclusionApproved,
        ),
        ExclusionChange::Withdraw => (
            "UPDATE exclusion SET withdrawn_at = ?1, withdrawn_by = ?2, withdrawn_reason = ?3
             WHERE id = ?4 AND withdrawn_at IS NULL",
            "exclusion.withdraw",
            RecordKind::ExclusionWithdrawn,
        ),
    };
    let (person, reason) = (person.trim(), decision.reason.trim());
    let changed = transaction
        .execute(sql, params![decision.at_unix_ms, person, reason, id])
        .map_err(database("change exclusion"))?;
    if changed == 0 {
        return Err(RegistryError::Conflict {
            what: "exclusion",
            id: id.to_string(),
            reason: "was changed by somebody else meanwhile",
        });
    }
    let detail = json!({ "person": person, "reason": reason });
    let stamp = (decision.at_unix_ms, decision.author);
    let new = NewRecord {
        kind,
        subject: &id.to_string(),
        agreement: Some(agreement),
        body: decided(id, person, reason),
    };
    record::append(transaction, stamp, new)?;
    record(transaction, stamp, action, &id.to_string(), &detail)
}

/// The body of the record of an exclusion that is asked for.
pub(super) fn requested(id: i64, exclusion: &NewExclusion, reason: &str) -> Value {
    json!({
        "exclusion": id,
        "site": exclusion.site,
        "from_unix_ms": exclusion.from_unix_ms,
        "to_unix_ms": exclusion.to_unix_ms,
        "class": exclusion.class,
        "kind": exclusion.kind.identifier(),
        "requested_by": exclusion.requested_by.trim(),
        "reason": reason.trim(),
    })
}

/// The body of the record of an approval or a withdrawal.
pub(super) fn decided(id: i64, person: &str, reason: &str) -> Value {
    json!({ "exclusion": id, "person": person, "reason": reason })
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<ExclusionRecord> {
    let kind: String = row.get("kind")?;
    let approved_at: Option<i64> = row.get("approved_at")?;
    let approved_by: Option<String> = row.get("approved_by")?;
    let withdrawn_by: Option<String> = row.get("withdrawn_by")?;
    let withdrawn_reason: Option<String> = row.get("withdrawn_reason")?;
    Ok(ExclusionRecord {
        id: row.get("id")?,
        exclusion: NewExclusion {
            agreement: row.get("agreement")?,
            site: row.get("site")?,
            from_unix_ms: row.get("from_unix_ms")?,
            to_unix_ms: row.get("to_unix_ms")?,
            class: row.get("class")?,
            kind: ExclusionKind::named(&kind).unwrap_or_default(),
            requested_by: row.get("requested_by")?,
        },
        reason: row.get("reason")?,
        author: row.get("author")?,
        entered_at_unix_ms: row.get("entered_at")?,
        approved: approved_by.zip(approved_at),
        withdrawn_at_unix_ms: row.get("withdrawn_at")?,
        withdrawn: withdrawn_by.map(|person| (person, withdrawn_reason.unwrap_or_default())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_that_are_over_are_not_read() {
        let plan = Registry::in_memory().unwrap().plan_of(HOLDING);
        let index = "USING INDEX exclusion_end (agreement=? AND to_unix_ms>?)";
        assert!(plan.contains(index), "{plan}");
    }
}
