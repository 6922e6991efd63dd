//! Imports as wholes: entered in one transaction, kept with who and why, taken back.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Decision, ImportOutcome, NewSite, Registry, RegistryError, SiteVersion,
    audit::record,
    duplicate::{self, PairVerdict},
    error::{database, missing},
    site_import::{same, upsert},
};

mod undo;

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// Identifier of the import.
    pub id: String,
    /// `sites`, or the kind of a layer.
    pub what: String,
    /// Name of the file.
    pub file: String,
    /// Name of the layer.
    pub layer: Option<String>,
    /// Rows or features of the file.
    pub rows_read: usize,
    /// How many of them were refused.
    pub refused: usize,
}

/// An import that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRun {
    /// What was imported.
    pub import: NewImport,
    /// What it did.
    pub outcome: ImportOutcome,
    /// Sites that became part of another with it.
    pub merged: usize,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// When it was undone, by whom and why.
    pub undone: Option<(i64, String, String)>,
    /// The sites that undoing left as they were.
    pub kept: Vec<KeptSite>,
}

/// A site that undoing left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSite {
    /// The site.
    pub site: String,
    /// `changed_since`, `has_agent`, `in_agreement` or `has_merged_sites`.
    pub reason: String,
}

/// What undoing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// New sites that are closed now.
    pub removed: usize,
    /// Changed sites that are as before.
    pub restored: usize,
    /// Merges that were taken back.
    pub parted: usize,
    /// Sites that were left as they are.
    pub kept: Vec<KeptSite>,
}

const SELECT: &str = "SELECT id, what, file, layer, rows_read, refused, added, changed, unchanged,
    merged, author, reason, at, undone_at, undone_by, undone_reason, kept FROM import_run";

/// A count that was written by [`insert`] or [`finish`].
fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<usize> {
    let stored: i64 = row.get(column)?;
    Ok(usize::try_from(stored).unwrap_or_default())
}

fn run(row: &Row<'_>) -> rusqlite::Result<ImportRun> {
    let undone: Option<i64> = row.get("undone_at")?;
    let by: Option<String> = row.get("undone_by")?;
    let why: Option<String> = row.get("undone_reason")?;
    let kept: Option<String> = row.get("kept")?;
    Ok(ImportRun {
        import: NewImport {
            id: row.get("id")?,
            what: row.get("what")?,
            file: row.get("file")?,
            layer: row.get("layer")?,
            rows_read: count(row, "rows_read")?,
            refused: count(row, "refused")?,
        },
        outcome: ImportOutcome {
            added: count(row, "added")?,
            changed: count(row, "changed")?,
            unchanged: count(row, "unchanged")?,
        },
        merged: count(row, "merged")?,
        author: row.get("author")?,
        reason: row.get("reason")?,
        at_unix_ms: row.get("at")?,
        undone: undone.map(|at| (at, by.unwrap_or_default(), why.unwrap_or_default())),
        kept: kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
    })
}

/// What a change of an import was: site, version before, version after.
type Change = (String, Option<i64>, i64);

impl Registry {
    /// What entering these sites would do.
    pub fn forecast_sites(&self, sites: &[NewSite]) -> Result<ImportOutcome, RegistryError> {
        let known: BTreeMap<String, SiteVersion> = self
            .sites()?
            .into_iter()
            .map(|site| (site.id, site.current))
            .collect();
        let reopened = self.closed_by_undoing()?;
        let mut outcome = ImportOutcome::default();
        for site in sites {
            match known.get(&site.id) {
                None => outcome.added += 1,
                Some(before) => {
                    let wanted = SiteVersion {
                        status: before.status.clone(),
                        ..site.version(before.valid_from_unix_ms, "")
                    };
                    if same(before, &wanted) && !reopened.contains(&site.id) {
                        outcome.unchanged += 1;
                    } else {
                        outcome.changed += 1;
                    }
                }
            }
        }
        Ok(outcome)
    }

    /// Sites that are closed only because the import that brought them was undone.
    pub fn closed_by_undoing(&self) -> Result<BTreeSet<String>, RegistryError> {
        self.read("sites of undone imports", |connection| {
            connection
                .prepare_cached(
                    "SELECT site_version.site FROM import_change JOIN site_version
                     ON site_version.site = import_change.site
                     AND site_version.valid_from = import_change.undone
                     WHERE site_version.valid_to IS NULL AND site_version.status = 'closed'",
                )?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Enters the sites of an import and decides about its duplicates, in one transaction: all or
    /// nothing.
    pub fn apply_import(
        &self,
        import: &NewImport,
        sites: &[NewSite],
        pairs: &[PairVerdict],
        decision: Decision<'_>,
    ) -> Result<(ImportOutcome, usize), RegistryError> {
        self.write("apply import", |transaction| {
            insert(transaction, import, decision)?;
            let mut outcome = ImportOutcome::default();
            for site in sites {
                let stamp = (decision.at_unix_ms, decision.author);
                let changed = upsert(transaction, site, stamp, &mut outcome)?;
                if let Some((before, after)) = changed {
                    note(transaction, &import.id, &(site.id.clone(), before, after))?;
                }
            }
            let decided = duplicate::decide(transaction, pairs, Some(&import.id), decision)?;
            finish(transaction, import, (outcome, decided.merged), decision)?;
            Ok((outcome, decided.merged))
        })
    }

    /// Notes that a layer was imported: how many features it has now.
    pub fn note_layer_import(
        &self,
        import: &NewImport,
        features: usize,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("note a layer's import", |transaction| {
            insert(transaction, import, decision)?;
            let outcome = ImportOutcome {
                added: features,
                ..ImportOutcome::default()
            };
            finish(transaction, import, (outcome, 0), decision)
        })
    }

    /// Notes that a layer's import was taken back.
    pub fn note_layer_undone(&self, id: &str, undoing: Decision<'_>) -> Result<(), RegistryError> {
        self.write("note that a layer's import was undone", |transaction| {
            let found = applied(transaction, id)?;
            undo::close(transaction, &found, &Undone::default(), undoing)
        })
    }

    /// Imports that were applied, newest first, at most so many.
    pub fn import_runs(&self, limit: u32) -> Result<Vec<ImportRun>, RegistryError> {
        self.read("imports", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} ORDER BY at DESC, id LIMIT ?"))?
                .query_map([limit], run)?
                .collect()
        })
    }

    /// An import that was applied.
    pub fn import_run(&self, id: &str) -> Result<Option<ImportRun>, RegistryError> {
        self.read("import", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE id = ?"))?
                .query_row([id], run)
                .optional()
        })
    }

    /// The file from which each site was imported last.
    pub fn site_sources(&self) -> Result<BTreeMap<String, String>, RegistryError> {
        self.read("sources of sites", |connection| {
            connection
                .prepare_cached(
                    "SELECT import_change.site, import_run.file FROM import_change
                     JOIN import_run ON import_run.id = import_change.import
                     WHERE import_change.undone IS NULL ORDER BY import_run.at",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }
}

fn insert(
    transaction: &Transaction<'_>,
    import: &NewImport,
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    transaction
        .execute(
            "INSERT INTO import_run (id, what, file, layer, rows_read, refused, added, changed,
                 unchanged, merged, author, reason, at)
             VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?, ?)",
            params![
                import.id,
                import.what,
                import.file,
                import.layer,
                count(import.rows_read),
                count(import.refused),
                decision.author,
                decision.reason,
                decision.at_unix_ms
            ],
        )
        .map_err(database("insert import"))
        .map(drop)
}

fn note(
    transaction: &Transaction<'_>,
    import: &str,
    (site, before, after): &Change,
) -> Result<(), RegistryError> {
    transaction
        .prepare_cached(
            "INSERT INTO import_change (import, site, before, after) VALUES (?, ?, ?, ?)",
        )
        .and_then(|mut statement| statement.execute(params![import, site, before, after]))
        .map_err(database("insert import change"))
        .map(drop)
}

fn finish(
    transaction: &Transaction<'_>,
    import: &NewImport,
    (outcome, merged): (ImportOutcome, usize),
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    transaction
        .execute(
            "UPDATE import_run SET added = ?, changed = ?, unchanged = ?, merged = ? WHERE id = ?",
            params![
                count(outcome.added),
                count(outcome.changed),
                count(outcome.unchanged),
                count(merged),
                import.id
            ],
        )
        .map_err(database("insert import"))?;
    let detail = json!({ "what": import.what, "file": import.file, "layer": import.layer,
        "added": outcome.added, "changed": outcome.changed, "unchanged": outcome.unchanged,
        "merged": merged, "refused": import.refused, "reason": decision.reason });
    let stamp = (decision.at_unix_ms, decision.author);
    record(transaction, stamp, "import.apply", &import.id, &detail)
}

/// An import that can be undone.
fn applied(transaction: &Transaction<'_>, id: &str) -> Result<ImportRun, RegistryError> {
    let found = transaction
        .query_row(&format!("{SELECT} WHERE id = ?"), [id], run)
        .optional()
        .map_err(database("import"))?
        .ok_or_else(|| missing("import", id))?;
    if found.undone.is_some() {
        return Err(RegistryError::Conflict {
            what: "import",
            id: id.to_owned(),
            reason: "was undone before",
        });
    }
    Ok(found)
}
