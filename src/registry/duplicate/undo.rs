//! Taking a decision back.

use rusqlite::{Transaction, params};
use serde_json::json;

use super::{DuplicateDecision, Verdict};
use crate::registry::{
    Decision, RegistryError, SiteStatus, SiteVersion, agent,
    audit::record,
    error::database,
    schedule,
    site::{current, replace_version},
};

/// Takes a decision back within a transaction.
pub(in crate::registry) fn undo(
    transaction: &Transaction<'_>,
    found: &DuplicateDecision,
    undoing: Decision<'_>,
) -> Result<(), RegistryError> {
    let conflict = |reason| RegistryError::Conflict {
        what: "decision on duplicates",
        id: found.id.to_string(),
        reason,
    };
    if found.undone_at_unix_ms.is_some() {
        return Err(conflict("was undone before"));
    }
    if found.verdict == Verdict::Merged {
        let (ended, survivor, agents): (String, String, String) = transaction
            .query_row(
                "SELECT ended, survivor, agents FROM duplicate_decision WHERE id = ?",
                [found.id],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .map_err(database("duplicate decision"))?;
        let before = current(transaction, &ended).map_err(database("site"))?;
        let before = before
            .filter(|version| version.status == SiteStatus::MergedInto(survivor.clone()))
            .ok_or_else(|| conflict("the site was changed since"))?;
        part(transaction, (&ended, &survivor), &before, undoing)?;
        give_back(transaction, (&ended, &survivor), &agents, undoing)?;
    }
    transaction
        .execute(
            "UPDATE duplicate_decision SET undone_at = ?, undone_by = ?, undone_reason = ?
             WHERE id = ?",
            params![undoing.at_unix_ms, undoing.author, undoing.reason, found.id],
        )
        .map_err(database("undo a decision on duplicates"))?;
    let stamp = (undoing.at_unix_ms, undoing.author);
    let detail = json!({ "decision": found.id, "verdict": found.verdict.code(),
        "sites": [found.sites.0, found.sites.1], "reason": undoing.reason });
    record(
        transaction,
        stamp,
        "site.duplicate.undo",
        &found.sites.0,
        &detail,
    )
}

/// The site that ended is open again and answers to its own identifier.
fn part(
    transaction: &Transaction<'_>,
    (ended, survivor): (&str, &str),
    before: &SiteVersion,
    undoing: Decision<'_>,
) -> Result<(), RegistryError> {
    let after = SiteVersion {
        status: SiteStatus::Open,
        valid_from_unix_ms: undoing.at_unix_ms,
        author: undoing.author.to_owned(),
        ..before.clone()
    };
    replace_version(transaction, ended, before, after)?;
    transaction
        .execute(
            "DELETE FROM site_alias WHERE alias = ? AND site = ?",
            [ended, survivor],
        )
        .map_err(database("site alias"))
        .map(drop)
}

/// The agents that went over come back, unless they were sent elsewhere since.
fn give_back(
    transaction: &Transaction<'_>,
    (ended, survivor): (&str, &str),
    agents: &str,
    undoing: Decision<'_>,
) -> Result<(), RegistryError> {
    let moved: Vec<String> = serde_json::from_str(agents).unwrap_or_default();
    let here = agent::assigned(transaction, survivor)?;
    for agent in moved.iter().filter(|agent| here.contains(agent)) {
        let stamp = (undoing.at_unix_ms, undoing.author);
        agent::assign(transaction, agent, ended, stamp)?;
    }
    schedule::rebuild(transaction, survivor, undoing.at_unix_ms)?;
    schedule::rebuild(transaction, ended, undoing.at_unix_ms)
}
