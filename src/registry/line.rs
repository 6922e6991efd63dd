//! Lines: which ways out of a site are known, and which one nobody has vouched for yet.
//!
//! A line is named by the keyed hash of its gateway, so that a new address behind the same gateway
//! is the same line. What a newly enrolled agent reports from first is confirmed by the enrolment.
//! Any gateway that nothing known of the site explains waits for a person: its samples are kept and
//! shown, and count for no agreement until he says that the agent was not moved.

use std::net::IpAddr;

use desserte_probe::{
    report::{Family, Line},
    wire::id::AgentId,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    site_change::Decision,
};

/// Most lines of one agent at one site. More are not written down; their samples still are kept.
const LINES_MAX: usize = 256;
/// The loopback interface of Linux.
const LOOPBACK: &str = "lo";
/// A line's last sighting is written down again when it is so much older.
const SEEN_AGAIN_MS: i64 = 3_600_000;

/// A line as an agent reported it, with the public address that its batch came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLine {
    /// What the agent said.
    pub line: Line,
    /// Where the batch came from; `None` when the batch names several lines.
    pub public_address: Option<IpAddr>,
}

/// A line known at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRecord {
    /// The site.
    pub site: String,
    /// The agent.
    pub agent: AgentId,
    /// Name: [`line_key`].
    pub key: String,
    /// Local interface.
    pub interface: String,
    /// Keyed hash of the gateway.
    pub gateway: Option<String>,
    /// Address family.
    pub family: Family,
    /// Public address of the last batch that came over it.
    pub public_address: Option<IpAddr>,
    /// First seen, Unix milliseconds.
    pub first_seen_unix_ms: i64,
    /// Last seen, to about an hour.
    pub last_seen_unix_ms: i64,
    /// Who confirmed it, when and why.
    pub confirmed: Option<(String, i64, String)>,
}

/// Name of a line: keyed gateway hash and family, or interface and family without a gateway.
#[must_use]
pub fn line_key(line: &Line) -> String {
    let family = family_text(line.family);
    match &line.gateway {
        Some(gateway) => format!("gateway-{}-{family}", gateway.to_ascii_lowercase()),
        None => format!("interface-{}-{family}", line.interface),
    }
}

fn family_text(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

fn line(row: &Row<'_>) -> rusqlite::Result<LineRecord> {
    let agent: String = row.get("agent")?;
    let family: String = row.get("family")?;
    let address: Option<String> = row.get("public_address")?;
    let at: Option<i64> = row.get("confirmed_at")?;
    let by: Option<String> = row.get("confirmed_by")?;
    let reason: Option<String> = row.get("confirmed_reason")?;
    Ok(LineRecord {
        site: row.get("site")?,
        agent: agent.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
        key: row.get("key")?,
        interface: row.get("interface")?,
        gateway: row.get("gateway")?,
        family: if family == "ipv6" {
            Family::Ipv6
        } else {
            Family::Ipv4
        },
        public_address: address.and_then(|text| text.parse().ok()),
        first_seen_unix_ms: row.get("first_seen_at")?,
        last_seen_unix_ms: row.get("last_seen_at")?,
        confirmed: by.zip(at).zip(reason).map(|((by, at), why)| (by, at, why)),
    })
}

/// Lines of an agent over all its sites.
const OF_AGENT: &str = "SELECT * FROM line WHERE agent = ? ORDER BY first_seen_at, key";

impl Registry {
    /// Lines of a site, by first sight.
    pub fn lines_of_site(&self, site: &str) -> Result<Vec<LineRecord>, RegistryError> {
        self.read("lines of site", |connection| {
            connection
                .prepare_cached("SELECT * FROM line WHERE site = ? ORDER BY first_seen_at, key")?
                .query_map([site], line)?
                .collect()
        })
    }

    /// Lines of an agent over all its sites, by first sight.
    pub fn lines_of_agent(&self, agent: AgentId) -> Result<Vec<LineRecord>, RegistryError> {
        self.read("lines of agent", |connection| {
            connection
                .prepare_cached(OF_AGENT)?
                .query_map([agent.to_string()], line)?
                .collect()
        })
    }

    /// Every line of every agent, by first sight.
    pub fn lines(&self) -> Result<Vec<LineRecord>, RegistryError> {
        self.read("lines", |connection| {
            connection
                .prepare_cached("SELECT * FROM line ORDER BY first_seen_at, key")?
                .query_map([], line)?
                .collect()
        })
    }

    /// Notes the lines of a batch that was measured at `site`. Idempotent.
    pub fn note_lines(
        &self,
        site: &str,
        agent: AgentId,
        seen: &[SeenLine],
        at_unix_ms: i64,
    ) -> Result<(), RegistryError> {
        if seen.is_empty() || self.all_noted(site, agent, seen, at_unix_ms)? {
            return Ok(());
        }
        self.write_telling("note lines", |transaction| {
            let known = known_lines(transaction, site, agent).map_err(database("note lines"))?;
            let first = known.iter().all(leads_nowhere);
            for one in seen.iter().take(LINES_MAX.saturating_sub(known.len())) {
                note(transaction, (site, agent), one, (at_unix_ms, first))?;
            }
            for one in seen {
                update(transaction, (site, agent), one, at_unix_ms)?;
            }
            let is_known = |key: String| known.iter().any(|record| record.key == key);
            let new = seen.iter().any(|one| !is_known(line_key(&one.line)));
            Ok(((), new))
        })
    }

    /// Most batches bring nothing new: seen by reading only.
    fn all_noted(
        &self,
        site: &str,
        agent: AgentId,
        seen: &[SeenLine],
        at: i64,
    ) -> Result<bool, RegistryError> {
        let known = self.read("noted lines", |connection| {
            known_lines(connection, site, agent)
        })?;
        Ok(seen.iter().all(|one| {
            let key = line_key(&one.line);
            known.iter().any(|record| {
                let address = one.public_address.or(record.public_address);
                record.key == key
                    && at - record.last_seen_unix_ms < SEEN_AGAIN_MS
                    && address == record.public_address
            })
        }))
    }

    /// A person vouches for a line: the agent was not moved.
    pub fn confirm_line(
        &self,
        agent: AgentId,
        key: &str,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("confirm line", |transaction| {
            let changed = transaction
                .execute(
                    "UPDATE line SET confirmed_at = ?, confirmed_by = ?, confirmed_reason = ?
                     WHERE agent = ? AND key = ? AND confirmed_at IS NULL AND site =
                         (SELECT site FROM assignment WHERE agent = line.agent AND valid_to IS NULL)",
                    params![
                        decision.at_unix_ms,
                        decision.author,
                        decision.reason,
                        agent.to_string(),
                        key
                    ],
                )
                .map_err(database("confirm line"))?;
            if changed == 0 {
                return confirmed_before(transaction, agent, key);
            }
            let stamp = (decision.at_unix_ms, decision.author);
            let detail = json!({ "line": key, "reason": decision.reason });
            record(transaction, stamp, "line.confirm", &agent.to_string(), &detail)
        })
    }
}

/// Confirming twice is no error; confirming what is not there is.
fn confirmed_before(
    transaction: &Transaction<'_>,
    agent: AgentId,
    key: &str,
) -> Result<(), RegistryError> {
    let found: Option<i64> = transaction
        .query_row(
            "SELECT 1 FROM line WHERE agent = ? AND key = ? AND confirmed_at IS NOT NULL",
            params![agent.to_string(), key],
            |row| row.get(0),
        )
        .optional()
        .map_err(database("confirm line"))?;
    found.map(drop).ok_or_else(|| missing("line", key))
}

/// Lines of an agent at a site, found by the key of the table.
const KNOWN: &str = "SELECT * FROM line WHERE site = ? AND agent = ?";

fn known_lines(
    connection: &Connection,
    site: &str,
    agent: AgentId,
) -> rusqlite::Result<Vec<LineRecord>> {
    connection
        .prepare_cached(KNOWN)?
        .query_map(params![site, agent.to_string()], line)?
        .collect()
}

fn note(
    transaction: &Transaction<'_>,
    (site, agent): (&str, AgentId),
    seen: &SeenLine,
    (at, first): (i64, bool),
) -> Result<(), RegistryError> {
    let reason = explained(transaction, (site, agent), seen, first)?;
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO line (site, agent, key, interface, gateway, family,
                 public_address, first_seen_at, last_seen_at, confirmed_at, confirmed_by,
                 confirmed_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                site,
                agent.to_string(),
                line_key(&seen.line),
                seen.line.interface,
                seen.line.gateway.as_ref().map(|g| g.to_ascii_lowercase()),
                family_text(seen.line.family),
                seen.public_address.map(|address| address.to_string()),
                at,
                at,
                reason.map(|_| at),
                reason.map(|_| "collector"),
                reason
            ])
        })
        .map_err(database("note lines"))
        .map(drop)
}

/// Why a line needs no person: `enrolment` (first of this agent at this site, and no other site's),
/// `same_gateway` (confirmed for the site, in the other family or by another agent), or
/// `no_gateway` (an interface that is confirmed: without a gateway there is nothing that could
/// contradict it, and this is how a line looks whose gateway has gone), or `loopback` (it leads
/// nowhere, wherever the agent stands).
fn explained(
    transaction: &Transaction<'_>,
    (site, agent): (&str, AgentId),
    seen: &SeenLine,
    first: bool,
) -> Result<Option<&'static str>, RegistryError> {
    let count = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<bool, RegistryError> {
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.exists(values))
            .map_err(database("note lines"))
    };
    let agent = agent.to_string();
    if seen.line.gateway.is_none() && seen.line.interface == LOOPBACK {
        return Ok(Some("loopback"));
    }
    let Some(gateway) = seen.line.gateway.as_ref().map(|g| g.to_ascii_lowercase()) else {
        let known = count(
            "SELECT 1 FROM line WHERE site = ? AND agent = ? AND interface = ?
                 AND confirmed_at IS NOT NULL",
            &[&site, &agent, &seen.line.interface],
        )?;
        let reason = if first { "enrolment" } else { "no_gateway" };
        return Ok((first || known).then_some(reason));
    };
    let same = count(
        "SELECT 1 FROM line WHERE site = ? AND gateway = ? AND confirmed_at IS NOT NULL",
        &[&site, &gateway],
    )?;
    if same {
        return Ok(Some("same_gateway"));
    }
    let elsewhere = count(
        "SELECT 1 FROM line WHERE site <> ? AND gateway = ?",
        &[&site, &gateway],
    )?;
    Ok((first && !elsewhere).then_some("enrolment"))
}

fn update(
    transaction: &Transaction<'_>,
    (site, agent): (&str, AgentId),
    seen: &SeenLine,
    at: i64,
) -> Result<(), RegistryError> {
    transaction
        .prepare_cached(
            "UPDATE line SET last_seen_at = max(last_seen_at, ?),
                 public_address = coalesce(?, public_address), interface = ?
             WHERE site = ? AND agent = ? AND key = ?",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                at,
                seen.public_address.map(|address| address.to_string()),
                seen.line.interface,
                site,
                agent.to_string(),
                line_key(&seen.line)
            ])
        })
        .map_err(database("note lines"))
        .map(drop)
}

/// The loopback interface: an agent that measured its own machine first has shown no line yet.
fn leads_nowhere(line: &LineRecord) -> bool {
    line.gateway.is_none() && line.interface == "lo"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_statement_of_a_batch_walks_every_line() {
        let registry = Registry::in_memory().unwrap();
        for statement in [KNOWN, OF_AGENT] {
            let plan = registry.plan_of(statement);
            assert!(plan.starts_with("SEARCH line USING INDEX"), "{plan}");
        }
    }
}
