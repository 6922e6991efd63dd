//! Targets: what there is to measure, and which sites measure what beside their agreements.

use std::collections::HashMap;

use desserte_probe::wire::schedule::{Measure, TARGETS_MAX};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{damaged, database, missing},
    measure, schedule,
    site::known,
    site_change::Decision,
};

/// Longest identifier of a target, bytes (as on the wire).
const ID_BYTES_MAX: usize = 64;

/// Something that agents can measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetDefinition {
    /// Stable identifier, at most 64 bytes of `a-z 0-9 - _ .`.
    pub id: String,
    /// What a person calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// How it is measured. An agreement's `packets_per_slot` goes before the packets given here.
    pub measure: Measure,
    /// Where it lies, when it stands for a part of the path. What is said of transit and of the
    /// operator's network rests on it, so it is for a person to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
}

/// Where an anchor lies: a host beyond the operator's network that is up when anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Inside the country: an exchange point, a data centre of the state.
    National,
    /// Abroad.
    International,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::International => "international",
        }
    }

    fn named(text: &str) -> Option<Self> {
        [Self::National, Self::International]
            .into_iter()
            .find(|one| one.name() == text)
    }
}

/// A target that a site measures whatever its agreements say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteTarget {
    /// Identifier of the target.
    pub target: String,
    /// Length of its slots, seconds.
    pub slot_seconds: u32,
}

impl TargetDefinition {
    pub(super) fn check(&self) -> Result<(), RegistryError> {
        let invalid = |field, reason| RegistryError::Invalid {
            what: "target",
            id: self.id.clone(),
            field,
            reason,
        };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if !(1..=ID_BYTES_MAX).contains(&self.id.len()) || !self.id.chars().all(allowed) {
            return Err(invalid("id", "must be 1 to 64 of a-z 0-9 - _ ."));
        }
        measure::check(&self.measure).map_err(|(field, reason)| invalid(field, reason))
    }
}

/// Which of these targets are anchors.
#[must_use]
pub fn anchors_of(targets: &[TargetDefinition]) -> HashMap<String, Anchor> {
    let anchors = targets.iter();
    anchors
        .filter_map(|target| Some((target.id.clone(), target.anchor?)))
        .collect()
}

impl Registry {
    /// Enters or changes a target; the schedules of every agent that measures it follow.
    pub fn put_target(
        &self,
        target: &TargetDefinition,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("put target", |transaction| {
            put(transaction, target, decision)?;
            schedule::rebuild_all(transaction, decision.at_unix_ms).map(drop)
        })
    }

    /// Every target, by identifier.
    pub fn targets(&self) -> Result<Vec<TargetDefinition>, RegistryError> {
        let rows: Vec<Stored> = self.read("targets", |connection| {
            connection
                .prepare_cached("SELECT id, name, measure, anchor FROM target ORDER BY id")?
                .query_map([], stored)?
                .collect()
        })?;
        rows.into_iter().map(definition).collect()
    }

    /// One target.
    pub fn target(&self, id: &str) -> Result<Option<TargetDefinition>, RegistryError> {
        let row: Option<Stored> = self.read("target", |connection| one(connection, id))?;
        row.map(definition).transpose()
    }

    /// Which targets are anchors.
    pub fn anchors(&self) -> Result<HashMap<String, Anchor>, RegistryError> {
        let rows: Vec<(String, String)> = self.read("anchors", |connection| {
            connection
                .prepare_cached("SELECT id, anchor FROM target WHERE anchor IS NOT NULL")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let read = |(id, name): (String, String)| Some((id, Anchor::named(&name)?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Sets what a site measures beside its agreements, in place of what was set before.
    pub fn set_site_targets(
        &self,
        site: &str,
        targets: &[SiteTarget],
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("set site targets", |transaction| {
            set_of_site(transaction, site, targets, decision)?;
            schedule::rebuild(transaction, site, decision.at_unix_ms)
        })
    }

    /// What a site measures beside its agreements.
    pub fn site_targets(&self, site: &str) -> Result<Vec<SiteTarget>, RegistryError> {
        self.read("site targets", |connection| of_site(connection, site))
    }
}

/// Sets what a site measures; the schedules are for the caller to make anew.
pub(super) fn set_of_site(
    transaction: &Transaction<'_>,
    site: &str,
    targets: &[SiteTarget],
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    known(transaction, site)?;
    let invalid = |what, id: &str, field, reason| RegistryError::Invalid {
        what,
        id: id.to_owned(),
        field,
        reason,
    };
    if targets.len() > TARGETS_MAX {
        return Err(invalid("site", site, "targets", "at most 64"));
    }
    let database = database("set site targets");
    transaction
        .execute("DELETE FROM site_target WHERE site = ?", [site])
        .map_err(&database)?;
    for one in targets {
        let id = &one.target;
        if !(1..=86_400).contains(&one.slot_seconds) {
            let reason = "must be 1 to 86400";
            return Err(invalid("target", id, "slot_seconds", reason));
        }
        let target = find(transaction, id)?.ok_or_else(|| missing("target", id))?;
        if one.slot_seconds < target.measure.slot_seconds_min() {
            let reason = "at least 900 for throughput and 300 for a path";
            return Err(invalid("target", id, "slot_seconds", reason));
        }
        transaction
            .execute(
                "INSERT OR REPLACE INTO site_target (site, target, slot_seconds) VALUES (?, ?, ?)",
                params![site, id, one.slot_seconds],
            )
            .map_err(&database)?;
    }
    let stamp = (decision.at_unix_ms, decision.author);
    let names: Vec<&str> = targets.iter().map(|one| one.target.as_str()).collect();
    record(transaction, stamp, "site.targets", site, &json!(names))
}

pub(super) fn put(
    transaction: &Transaction<'_>,
    target: &TargetDefinition,
    decision: Decision<'_>,
) -> Result<(), RegistryError> {
    target.check()?;
    let measure = serde_json::to_value(&target.measure)
        .map_err(|error| damaged("measure", &target.id, error))?;
    transaction
        .execute(
            "INSERT INTO target (id, name, measure, anchor) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET name = ?2, measure = ?3, anchor = ?4",
            params![
                target.id,
                target.name,
                measure.to_string(),
                target.anchor.map(Anchor::name)
            ],
        )
        .map_err(database("put target"))?;
    let stamp = (decision.at_unix_ms, decision.author);
    let detail = json!({ "measure": measure, "anchor": target.anchor });
    record(transaction, stamp, "target.put", &target.id, &detail)
}

pub(super) fn find(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<TargetDefinition>, RegistryError> {
    one(transaction, id)
        .map_err(database("target"))?
        .map(definition)
        .transpose()
}

/// A row: identifier, name, measurement, anchor.
type Stored = (String, Option<String>, String, Option<String>);

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn one(connection: &rusqlite::Connection, id: &str) -> rusqlite::Result<Option<Stored>> {
    connection
        .prepare_cached("SELECT id, name, measure, anchor FROM target WHERE id = ?")?
        .query_row([id], stored)
        .optional()
}

pub(super) fn of_site(
    connection: &rusqlite::Connection,
    site: &str,
) -> rusqlite::Result<Vec<SiteTarget>> {
    connection
        .prepare_cached("SELECT target, slot_seconds FROM site_target WHERE site = ? ORDER BY 1")?
        .query_map([site], |row| {
            Ok(SiteTarget {
                target: row.get(0)?,
                slot_seconds: row.get(1)?,
            })
        })?
        .collect()
}

fn definition((id, name, measure, anchor): Stored) -> Result<TargetDefinition, RegistryError> {
    let measure = serde_json::from_str(&measure).map_err(|error| damaged("measure", &id, error))?;
    Ok(TargetDefinition {
        id,
        name,
        measure,
        anchor: anchor.as_deref().and_then(Anchor::named),
    })
}

/// Identifiers of all agents.
pub(super) fn every_agent(transaction: &Transaction<'_>) -> Result<Vec<String>, RegistryError> {
    transaction
        .prepare_cached("SELECT id FROM agent WHERE revoked_at IS NULL")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(database("agents"))
}
