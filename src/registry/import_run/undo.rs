//! Taking an import back.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use serde_json::json;

use super::{Change, ImportRun, KeptSite, Undone, applied};
use crate::registry::{
    Decision, Registry, RegistryError, SiteStatus, SiteVersion,
    audit::record,
    duplicate,
    error::{damaged, database, missing},
    site::{current, replace_version, version_at},
    site_import::same,
};

impl Registry {
    /// Takes an import back: its merges, then its sites. What was changed or is used since stays and
    /// is named.
    pub fn undo_import(&self, id: &str, undoing: Decision<'_>) -> Result<Undone, RegistryError> {
        let agreed: BTreeSet<String> = self
            .agreements()?
            .into_iter()
            .flat_map(|stored| stored.agreement.sites)
            .collect();
        self.write("undo import", |transaction| {
            let found = applied(transaction, id)?;
            let mut undone = Undone::default();
            for merge in duplicate::of_import(transaction, id)? {
                match duplicate::undo(transaction, &merge, undoing) {
                    Ok(()) => undone.parted += usize::from(merge.survivor.is_some()),
                    Err(RegistryError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            for change in changes(transaction, id)? {
                take_back(transaction, (id, &agreed), &change, undoing, &mut undone)?;
            }
            close(transaction, &found, &undone, undoing)?;
            Ok(undone)
        })
    }
}

fn changes(transaction: &Transaction<'_>, import: &str) -> Result<Vec<Change>, RegistryError> {
    transaction
        .prepare_cached("SELECT site, before, after FROM import_change WHERE import = ?")
        .and_then(|mut statement| {
            let rows =
                statement.query_map([import], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect()
        })
        .map_err(database("changes of an import"))
}

fn take_back(
    transaction: &Transaction<'_>,
    (import, agreed): (&str, &BTreeSet<String>),
    (site, before, after): &Change,
    undoing: Decision<'_>,
    undone: &mut Undone,
) -> Result<(), RegistryError> {
    let read = |at: i64| {
        version_at(transaction, site, at)
            .map_err(database("site version"))?
            .ok_or_else(|| damaged("site version", site, "it is not there"))
    };
    let written = read(*after)?;
    let now = current(transaction, site)
        .map_err(database("site"))?
        .ok_or_else(|| missing("site", site))?;
    let reason = if !same(&now, &written) {
        Some("changed_since")
    } else if before.is_none() {
        in_use(transaction, site, agreed)?
    } else {
        None
    };
    if let Some(reason) = reason {
        undone.kept.push(KeptSite {
            site: site.clone(),
            reason: reason.to_owned(),
        });
        return Ok(());
    }
    let wanted = match before {
        None => {
            undone.removed += 1;
            SiteVersion {
                status: SiteStatus::Closed,
                ..now.clone()
            }
        }
        Some(before) => {
            undone.restored += 1;
            read(*before)?
        }
    };
    let wanted = SiteVersion {
        valid_from_unix_ms: undoing.at_unix_ms,
        valid_to_unix_ms: None,
        author: undoing.author.to_owned(),
        ..wanted
    };
    let from = replace_version(transaction, site, &now, wanted)?;
    transaction
        .prepare_cached("UPDATE import_change SET undone = ? WHERE import = ? AND site = ?")
        .and_then(|mut statement| statement.execute(params![from, import, site]))
        .map_err(database("undo import change"))
        .map(drop)
}

/// Why a new site cannot be closed: something rests on it.
fn in_use(
    transaction: &Transaction<'_>,
    site: &str,
    agreed: &BTreeSet<String>,
) -> Result<Option<&'static str>, RegistryError> {
    if agreed.contains(site) {
        return Ok(Some("in_agreement"));
    }
    let any = |query: &str| -> Result<bool, RegistryError> {
        transaction
            .prepare_cached(query)
            .and_then(|mut statement| statement.exists([site]))
            .map_err(database("what rests on a site"))
    };
    if any("SELECT 1 FROM assignment WHERE site = ? AND valid_to IS NULL")? {
        return Ok(Some("has_agent"));
    }
    let merged = "SELECT 1 FROM site_version WHERE merged_into = ? AND valid_to IS NULL";
    Ok(any(merged)?.then_some("has_merged_sites"))
}

/// Notes that it was taken back.
pub(super) fn close(
    transaction: &Transaction<'_>,
    found: &ImportRun,
    undone: &Undone,
    undoing: Decision<'_>,
) -> Result<(), RegistryError> {
    transaction
        .execute(
            "UPDATE import_run SET undone_at = ?, undone_by = ?, undone_reason = ?, kept = ?
             WHERE id = ?",
            params![
                undoing.at_unix_ms,
                undoing.author,
                undoing.reason,
                json!(undone.kept).to_string(),
                found.import.id
            ],
        )
        .map_err(database("undo import"))?;
    let detail = json!({ "removed": undone.removed, "restored": undone.restored,
        "parted": undone.parted, "kept": undone.kept.len(), "reason": undoing.reason });
    let stamp = (undoing.at_unix_ms, undoing.author);
    record(transaction, stamp, "import.undo", &found.import.id, &detail)
}
