//! Decisions about sites that may be one: merged or told apart, each with the evidence that a person
//! saw, each to be undone.

mod cluster;
mod undo;

pub(super) use undo::undo;

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde_json::json;

use super::{
    Decision, Registry, RegistryError, SiteStatus, SiteVersion, agent,
    audit::record,
    error::{database, missing},
    schedule,
    site::{MERGES_MAX, known, replace_version},
};

/// What was decided about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are one site.
    Merged,
    /// They are two, and are not proposed again.
    Distinct,
}

impl Verdict {
    /// Its identifier.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Distinct => "distinct",
        }
    }
}

/// What is to be decided about a pair, with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct PairVerdict {
    /// The site that goes on when they are merged.
    pub keep: String,
    /// The other.
    pub other: String,
    /// What is decided.
    pub verdict: Verdict,
    /// Metres between them.
    pub metres: f64,
    /// How alike their names are, 0 to 1; `None` when one has no name.
    pub likeness: Option<f64>,
    /// Whether they are of one kind.
    pub same_kind: bool,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplicateDecision {
    /// Its number.
    pub id: i64,
    /// The pair, in the order of identifiers.
    pub sites: (String, String),
    /// What was decided.
    pub verdict: Verdict,
    /// The site that goes on, where they were merged.
    pub survivor: Option<String>,
    /// The import with which it was decided.
    pub import: Option<String>,
    /// Metres between them then.
    pub metres: f64,
    /// How alike their names were.
    pub likeness: Option<f64>,
    /// Whether they were of one kind.
    pub same_kind: bool,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// When it was undone.
    pub undone_at_unix_ms: Option<i64>,
}

/// What came of decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// Sites that became part of another.
    pub merged: usize,
    /// Pairs that were told apart.
    pub distinct: usize,
}

const SELECT: &str = "SELECT id, first, second, verdict, survivor, import, metres, likeness,
    same_kind, author, reason, at, undone_at FROM duplicate_decision";

fn decision(row: &Row<'_>) -> rusqlite::Result<DuplicateDecision> {
    let verdict: String = row.get("verdict")?;
    Ok(DuplicateDecision {
        id: row.get("id")?,
        sites: (row.get("first")?, row.get("second")?),
        verdict: if verdict == "merged" {
            Verdict::Merged
        } else {
            Verdict::Distinct
        },
        survivor: row.get("survivor")?,
        import: row.get("import")?,
        metres: row.get("metres")?,
        likeness: row.get("likeness")?,
        same_kind: row.get("same_kind")?,
        author: row.get("author")?,
        reason: row.get("reason")?,
        at_unix_ms: row.get("at")?,
        undone_at_unix_ms: row.get("undone_at")?,
    })
}

impl Registry {
    /// Decides about pairs: all of them or, when one cannot be, none.
    pub fn decide_duplicates(
        &self,
        pairs: &[PairVerdict],
        decision: Decision<'_>,
    ) -> Result<Decided, RegistryError> {
        self.write("decide duplicates", |transaction| {
            decide(transaction, pairs, None, decision)
        })
    }

    /// Decisions, newest first, before a number.
    pub fn duplicate_decisions(
        &self,
        before: i64,
        limit: u32,
    ) -> Result<Vec<DuplicateDecision>, RegistryError> {
        self.read("duplicate decisions", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE id < ? ORDER BY id DESC LIMIT ?"))?
                .query_map(params![before, limit], decision)?
                .collect()
        })
    }

    /// Pairs that were told apart, by identifiers in order: they are not proposed again.
    pub fn distinct_pairs(&self) -> Result<BTreeSet<(String, String)>, RegistryError> {
        self.read("distinct pairs", |connection| {
            connection
                .prepare_cached(
                    "SELECT first, second FROM duplicate_decision
                     WHERE verdict = 'distinct' AND undone_at IS NULL",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// Takes a decision back: the site that ended is its own again, with its agents; a pair that was
    /// told apart may be proposed again.
    pub fn undo_duplicate(&self, id: i64, undoing: Decision<'_>) -> Result<(), RegistryError> {
        self.write("undo a decision on duplicates", |transaction| {
            let found = transaction
                .query_row(&format!("{SELECT} WHERE id = ?"), [id], decision)
                .optional()
                .map_err(database("duplicate decision"))?
                .ok_or_else(|| missing("decision on duplicates", &id.to_string()))?;
            undo(transaction, &found, undoing)
        })
    }
}

/// Decides within a transaction.
pub(super) fn decide(
    transaction: &Transaction<'_>,
    pairs: &[PairVerdict],
    import: Option<&str>,
    decision: Decision<'_>,
) -> Result<Decided, RegistryError> {
    let mut decided = Decided::default();
    for pair in pairs
        .iter()
        .filter(|pair| pair.verdict == Verdict::Distinct)
    {
        insert(transaction, pair, (import, None), decision)?;
        let detail = json!({ "other": pair.other, "reason": decision.reason });
        let stamp = (decision.at_unix_ms, decision.author);
        record(transaction, stamp, "site.distinct", &pair.keep, &detail)?;
        decided.distinct += 1;
    }
    let merged: Vec<&PairVerdict> = pairs
        .iter()
        .filter(|pair| pair.verdict == Verdict::Merged)
        .collect();
    // What was merged since the person looked is followed to where it went.
    let ends: Vec<(String, String)> = merged
        .iter()
        .map(|pair| {
            Ok((
                end(transaction, &pair.keep)?,
                end(transaction, &pair.other)?,
            ))
        })
        .collect::<Result<_, RegistryError>>()?;
    for (number, ended, survivor) in cluster::merges(&ends) {
        let Some(pair) = merged.get(number) else {
            continue;
        };
        let agents = merge(transaction, &ended, &survivor, decision)?;
        let into = Some((ended.as_str(), survivor.as_str(), agents.as_slice()));
        insert(transaction, pair, (import, into), decision)?;
        decided.merged += 1;
    }
    Ok(decided)
}

/// The site that a site goes on as.
fn end(transaction: &Transaction<'_>, id: &str) -> Result<String, RegistryError> {
    let mut id = id.to_owned();
    for _ in 0..MERGES_MAX {
        match known(transaction, &id)?.status {
            SiteStatus::MergedInto(into) => id = into,
            _ => break,
        }
    }
    Ok(id)
}

/// Makes `id` part of `into`: its agents measure for `into` from now on, its identifier finds `into`.
/// Answers the agents that went over.
pub(super) fn merge(
    transaction: &Transaction<'_>,
    id: &str,
    into: &str,
    decision: Decision<'_>,
) -> Result<Vec<String>, RegistryError> {
    let stamp = (decision.at_unix_ms, decision.author);
    let before = known(transaction, id)?;
    let survivor = known(transaction, into)?;
    let already = matches!(before.status, SiteStatus::MergedInto(_));
    if id == into || already || survivor.status != SiteStatus::Open {
        return Err(RegistryError::Conflict {
            what: "site",
            id: id.to_owned(),
            reason: "can be merged once, into another site that is open",
        });
    }
    let after = SiteVersion {
        status: SiteStatus::MergedInto(into.to_owned()),
        valid_from_unix_ms: decision.at_unix_ms,
        author: decision.author.to_owned(),
        ..before.clone()
    };
    replace_version(transaction, id, &before, after)?;
    let agents = agent::assigned(transaction, id)?;
    for agent in &agents {
        agent::assign(transaction, agent, into, stamp)?;
    }
    schedule::rebuild(transaction, into, decision.at_unix_ms)?;
    transaction
        .prepare_cached("INSERT OR IGNORE INTO site_alias (alias, site) VALUES (?, ?)")
        .and_then(|mut statement| statement.execute([id, into]))
        .map_err(database("site alias"))?;
    let detail = json!({ "into": into, "agents": agents, "reason": decision.reason });
    record(transaction, stamp, "site.merge", id, &detail)?;
    Ok(agents)
}

/// The import it belongs to; and for a merge what ended, what goes on, and the agents that moved.
type Circumstances<'c> = (Option<&'c str>, Option<(&'c str, &'c str, &'c [String])>);

pub(super) fn insert(
    transaction: &Transaction<'_>,
    pair: &PairVerdict,
    (import, merged): Circumstances<'_>,
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    let first = (&pair.keep).min(&pair.other);
    let second = (&pair.keep).max(&pair.other);
    let agents = merged.map_or(&[][..], |(_, _, agents)| agents);
    transaction
        .prepare_cached(
            "INSERT INTO duplicate_decision (first, second, verdict, ended, survivor, import, metres,
                 likeness, same_kind, agents, author, reason, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                first,
                second,
                pair.verdict.code(),
                merged.map(|(ended, _, _)| ended),
                merged.map(|(_, survivor, _)| survivor),
                import,
                pair.metres,
                pair.likeness,
                pair.same_kind,
                json!(agents).to_string(),
                decision.author,
                decision.reason,
                decision.at_unix_ms
            ])
        })
        .map_err(database("insert duplicate decision"))
        .map(drop)
}

/// Merges of an import that hold, newest first.
pub(super) fn of_import(
    transaction: &Transaction<'_>,
    import: &str,
) -> Result<Vec<DuplicateDecision>, RegistryError> {
    transaction
        .prepare_cached(&format!(
            "{SELECT} WHERE import = ? AND undone_at IS NULL ORDER BY id DESC"
        ))
        .and_then(|mut statement| statement.query_map([import], decision)?.collect())
        .map_err(database("duplicate decisions"))
}
