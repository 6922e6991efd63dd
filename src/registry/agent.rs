//! Agents: who they are, where they measure, and whether they are still trusted.

use std::num::NonZeroU64;

use desserte_probe::wire::{id::AgentId, schedule::Profile};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    schedule,
    site::known,
    site_change::Decision,
};

/// An enrolled agent.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// Its identifier.
    pub id: AgentId,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// Key of its heartbeats. Secret.
    pub heartbeat_key: [u8; 32],
    /// Software at enrolment.
    pub software: String,
    /// How much it may send.
    pub profile: Profile,
    /// Most bytes that it may send and receive in a month, as its schedule says; `None`: no limit.
    pub monthly_volume_bytes_max: Option<u64>,
    /// When it was enrolled, Unix milliseconds.
    pub enrolled_at_unix_ms: i64,
    /// When it was revoked.
    pub revoked_at_unix_ms: Option<i64>,
    /// When and why it was put in quarantine.
    pub quarantine: Option<(i64, String)>,
    /// Last heartbeat written down: when, and its counter. The latest is in memory.
    pub heartbeat: Option<(i64, u32)>,
    /// Where it measures now.
    pub site: Option<String>,
    /// A demonstration made it up: everything that it sends is simulated.
    pub simulated: bool,
}

impl std::fmt::Debug for AgentRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentRecord")
            .field("id", &self.id.to_string())
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

/// Where an agent measured, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The site.
    pub site: String,
    /// From when, Unix milliseconds.
    pub valid_from_unix_ms: i64,
    /// Until when; `None`: still.
    pub valid_to_unix_ms: Option<i64>,
}

/// The site of an agent at a time. A time before its first assignment belongs to the first: an
/// agent cannot measure before it is enrolled, but its time may be a little off.
#[must_use]
pub fn site_at(assignments: &[Assignment], unix_ms: i64) -> Option<&str> {
    assignments
        .iter()
        .rev()
        .find(|one| one.valid_from_unix_ms <= unix_ms)
        .or_else(|| assignments.first())
        .map(|one| one.site.as_str())
}

const SELECT: &str = "SELECT agent.*, assignment.site FROM agent
    LEFT JOIN assignment ON assignment.agent = agent.id AND assignment.valid_to IS NULL";

fn agent(row: &Row<'_>) -> rusqlite::Result<AgentRecord> {
    let id: String = row.get("id")?;
    let wrong = |_| rusqlite::Error::InvalidQuery;
    let profile: String = row.get("profile")?;
    let quarantined: Option<i64> = row.get("quarantined_at")?;
    let reason: Option<String> = row.get("quarantine_reason")?;
    let heartbeat: Option<i64> = row.get("heartbeat_at")?;
    let counter: Option<u32> = row.get("heartbeat_counter")?;
    Ok(AgentRecord {
        id: id.parse().map_err(wrong)?,
        public_key: row.get("public_key")?,
        heartbeat_key: row.get("heartbeat_key")?,
        software: row.get("software")?,
        profile: if profile == "metered" {
            Profile::Metered
        } else {
            Profile::Full
        },
        monthly_volume_bytes_max: row
            .get::<_, Option<i64>>("monthly_volume_bytes_max")?
            .and_then(|bytes| u64::try_from(bytes).ok()),
        enrolled_at_unix_ms: row.get("enrolled_at")?,
        revoked_at_unix_ms: row.get("revoked_at")?,
        quarantine: quarantined.zip(reason),
        heartbeat: heartbeat.zip(counter),
        site: row.get("site")?,
        simulated: row.get("simulated")?,
    })
}

impl Registry {
    /// Every agent, by time of enrolment.
    pub fn agents(&self) -> Result<Vec<AgentRecord>, RegistryError> {
        self.read("agents", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} ORDER BY enrolled_at, agent.id"))?
                .query_map([], agent)?
                .collect()
        })
    }

    /// An agent.
    pub fn agent(&self, id: AgentId) -> Result<Option<AgentRecord>, RegistryError> {
        self.read("agent", |connection| one(connection, id))
    }

    /// Agents that are assigned to a site now.
    pub fn agents_of(&self, site: &str) -> Result<Vec<AgentRecord>, RegistryError> {
        self.read("agents of site", |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE assignment.site = ? ORDER BY agent.id"
                ))?
                .query_map([site], agent)?
                .collect()
        })
    }

    /// Agents that are or were once assigned to a site, by time of enrolment.
    pub fn agents_once_of(&self, site: &str) -> Result<Vec<AgentRecord>, RegistryError> {
        self.read("agents once of site", |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE agent.id IN (SELECT agent FROM assignment WHERE site = ?)
                     ORDER BY enrolled_at, agent.id"
                ))?
                .query_map([site], agent)?
                .collect()
        })
    }

    /// Where an agent measured, oldest first.
    pub fn assignments(&self, id: AgentId) -> Result<Vec<Assignment>, RegistryError> {
        self.read("assignments", |connection| {
            connection
                .prepare_cached(
                    "SELECT site, valid_from, valid_to FROM assignment WHERE agent = ?
                     ORDER BY valid_from",
                )?
                .query_map([id.to_string()], |row| {
                    Ok(Assignment {
                        site: row.get(0)?,
                        valid_from_unix_ms: row.get(1)?,
                        valid_to_unix_ms: row.get(2)?,
                    })
                })?
                .collect()
        })
    }

    /// Says that an agent measures at another site from now on.
    pub fn assign_agent(
        &self,
        id: AgentId,
        site: &str,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        let stamp = (decision.at_unix_ms, decision.author);
        self.write("assign agent", |transaction| {
            known(transaction, site)?;
            let text = existing(transaction, id)?;
            assign(transaction, &text, site, stamp)?;
            schedule::rebuild(transaction, site, decision.at_unix_ms)?;
            let detail = json!({ "site": site, "reason": decision.reason });
            record(transaction, stamp, "agent.assign", &text, &detail)
        })
    }

    /// Sets how much an agent may send, and whether it probes its line actively.
    pub fn set_agent_profile(
        &self,
        id: AgentId,
        (profile, active_line_probes): (Profile, bool),
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        let stamp = (decision.at_unix_ms, decision.author);
        let name = match profile {
            Profile::Full => "full",
            Profile::Metered => "metered",
        };
        self.write("set agent profile", |transaction| {
            let text = existing(transaction, id)?;
            if profile == Profile::Metered {
                schedule::check_metered(transaction, id, decision.at_unix_ms)?;
            }
            transaction
                .execute(
                    "UPDATE agent SET profile = ?, active_line_probes = ? WHERE id = ?",
                    params![name, active_line_probes, text],
                )
                .map_err(database("set agent profile"))?;
            schedule::rebuild_agent(transaction, &text, decision.at_unix_ms)?;
            let detail = json!({ "profile": name, "active_line_probes": active_line_probes });
            record(transaction, stamp, "agent.profile", &text, &detail)
        })
    }

    /// Sets how many bytes an agent may send and receive in a month; `None`: no limit. The agent's own
    /// configuration may set a lower one.
    pub fn set_agent_volume(
        &self,
        id: AgentId,
        bytes_max: Option<NonZeroU64>,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        let stamp = (decision.at_unix_ms, decision.author);
        let bytes_max = bytes_max.map(|bytes| i64::try_from(bytes.get()).unwrap_or(i64::MAX));
        self.write("set agent volume", |transaction| {
            let text = existing(transaction, id)?;
            transaction
                .execute(
                    "UPDATE agent SET monthly_volume_bytes_max = ? WHERE id = ?",
                    params![bytes_max, text],
                )
                .map_err(database("set agent volume"))?;
            schedule::rebuild_agent(transaction, &text, decision.at_unix_ms)?;
            let detail =
                json!({ "monthly_volume_bytes_max": bytes_max, "reason": decision.reason });
            record(transaction, stamp, "agent.volume", &text, &detail)
        })
    }

    /// Revokes an agent: nothing it sends is taken from now on. Revoking twice changes nothing.
    pub fn revoke_agent(&self, id: AgentId, decision: Decision<'_>) -> Result<(), RegistryError> {
        self.mark(
            id,
            "UPDATE agent SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
            ("agent.revoke", decision),
        )
    }

    /// Puts an agent in quarantine: nothing it sends is taken until a person ends it.
    pub fn quarantine_agent(
        &self,
        id: AgentId,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.mark(
            id,
            "UPDATE agent SET quarantined_at = ?2, quarantine_reason = ?3
             WHERE id = ?1 AND quarantined_at IS NULL",
            ("agent.quarantine", decision),
        )
    }

    /// Ends the quarantine of an agent.
    pub fn end_quarantine(&self, id: AgentId, decision: Decision<'_>) -> Result<(), RegistryError> {
        self.mark(
            id,
            "UPDATE agent SET quarantined_at = NULL, quarantine_reason = NULL
             WHERE id = ?1 AND quarantined_at IS NOT NULL AND ?2 IS NOT NULL AND ?3 IS NOT NULL",
            ("agent.end_quarantine", decision),
        )
    }

    fn mark(
        &self,
        id: AgentId,
        update: &str,
        (action, decision): (&'static str, Decision<'_>),
    ) -> Result<(), RegistryError> {
        self.write(action, |transaction| {
            let text = existing(transaction, id)?;
            let mut statement = transaction.prepare(update).map_err(database(action))?;
            let wanted = statement.parameter_count();
            let changed = if wanted == 2 {
                statement.execute(params![text, decision.at_unix_ms])
            } else {
                statement.execute(params![text, decision.at_unix_ms, decision.reason])
            };
            if changed.map_err(database(action))? == 0 {
                return Ok(());
            }
            let stamp = (decision.at_unix_ms, decision.author);
            let detail = json!({ "reason": decision.reason });
            record(transaction, stamp, action, &text, &detail)
        })
    }

    /// Writes heartbeats down, in one transaction: agent, when, counter.
    pub fn keep_heartbeats(&self, beats: &[(AgentId, i64, u32)]) -> Result<(), RegistryError> {
        self.write_quietly("keep heartbeats", |transaction| {
            let mut statement = transaction
                .prepare_cached(
                    "UPDATE agent SET heartbeat_at = ?, heartbeat_counter = ? WHERE id = ?",
                )
                .map_err(database("keep heartbeats"))?;
            for (id, at, counter) in beats {
                statement
                    .execute(params![at, counter, id.to_string()])
                    .map_err(database("keep heartbeats"))?;
            }
            Ok(())
        })
    }
}

pub(super) fn one(connection: &Connection, id: AgentId) -> rusqlite::Result<Option<AgentRecord>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE agent.id = ?"))?
        .query_row([id.to_string()], agent)
        .optional()
}

pub(super) fn with_key(
    transaction: &Transaction<'_>,
    public_key: &[u8; 32],
) -> Result<Option<AgentRecord>, RegistryError> {
    transaction
        .prepare_cached(&format!("{SELECT} WHERE agent.public_key = ?"))
        .and_then(|mut statement| statement.query_row([public_key], agent).optional())
        .map_err(database("agent by key"))
}

fn existing(transaction: &Transaction<'_>, id: AgentId) -> Result<String, RegistryError> {
    let text = id.to_string();
    match one(transaction, id).map_err(database("agent"))? {
        Some(_) => Ok(text),
        None => Err(missing("agent", &text)),
    }
}

/// Identifiers of the agents that are assigned to a site now.
pub(super) fn assigned(
    transaction: &Transaction<'_>,
    site: &str,
) -> Result<Vec<String>, RegistryError> {
    transaction
        .prepare_cached("SELECT agent FROM assignment WHERE site = ? AND valid_to IS NULL")
        .and_then(|mut statement| statement.query_map([site], |row| row.get(0))?.collect())
        .map_err(database("agents of site"))
}

/// Closes the current assignment and opens another.
pub(super) fn assign(
    transaction: &Transaction<'_>,
    agent: &str,
    site: &str,
    (at, author): (i64, &str),
) -> Result<(), RegistryError> {
    let before: Option<i64> = transaction
        .query_row(
            "SELECT valid_from FROM assignment WHERE agent = ? AND valid_to IS NULL",
            [agent],
            |row| row.get(0),
        )
        .optional()
        .map_err(database("assign agent"))?;
    // Two assignments within one millisecond stay in order.
    let from = before.map_or(at, |before| at.max(before.saturating_add(1)));
    transaction
        .execute(
            "UPDATE assignment SET valid_to = ? WHERE agent = ? AND valid_to IS NULL",
            params![from, agent],
        )
        .and_then(|_| {
            transaction.execute(
                "INSERT INTO assignment (agent, site, valid_from, author) VALUES (?, ?, ?, ?)",
                params![agent, site, from, author],
            )
        })
        .map_err(database("assign agent"))
        .map(drop)
}
