//! Schedules: what each agent measures, derived from its site's targets and agreements. A schedule
//! that changed gets the next revision; the agent learns the revision from its next receipt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use desserte_domain::agreement::{Agreement, MeasuringProfile};
use desserte_probe::wire::{
    id::AgentId,
    schedule::{Measure, Profile, Schedule, TARGETS_MAX, Target},
};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{
    Registry, RegistryError, agreement, captive,
    error::{damaged, database, missing},
    target,
};

/// Seconds between uploads where slots are not short.
pub const UPLOAD_SECONDS: u32 = 300;
/// Seconds between uploads on a metered line; what starts or stops failing is sent at once.
const METERED_UPLOAD_SECONDS: u32 = 3_600;
/// Seconds between two measurements of a target on a metered line while all is well.
const METERED_INTERVAL_SECONDS: u32 = 300;
/// Seconds between heartbeats.
pub const HEARTBEAT_SECONDS: u32 = 300;
/// Seconds of measuring in one entry of the spool, at most.
const RECORD_SECONDS_MAX: u32 = 60;
/// Slots shorter than this are watched closely: uploads follow them.
const SHORT_SLOT_SECONDS: u32 = 60;
/// Shortest time between two uploads, seconds.
const UPLOAD_SECONDS_MIN: u32 = 2;

impl Registry {
    /// The schedule of an agent.
    pub fn schedule(&self, id: AgentId) -> Result<Option<Schedule>, RegistryError> {
        let text: Option<String> = self.read("schedule", |connection| {
            connection
                .prepare_cached("SELECT content FROM schedule WHERE agent = ?")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()
        })?;
        text.map(|text| parse(&id.to_string(), &text)).transpose()
    }

    /// Seconds between the uploads of each agent that has a schedule.
    pub fn upload_seconds(&self) -> Result<HashMap<AgentId, u32>, RegistryError> {
        self.read("upload seconds", |connection| {
            connection
                .prepare_cached(
                    "SELECT agent, json_extract(content, '$.upload_seconds') FROM schedule",
                )?
                .query_map([], |row| {
                    let agent: String = row.get(0)?;
                    let agent = agent.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
                    Ok((agent, row.get(1)?))
                })?
                .collect()
        })
    }

    /// Makes every schedule anew: agreements end with time, without anyone changing anything.
    pub fn refresh_schedules(&self, at_unix_ms: i64) -> Result<(), RegistryError> {
        self.write_telling("refresh schedules", |transaction| {
            Ok(((), rebuild_all(transaction, at_unix_ms)?))
        })
    }

    /// Revision of the schedule of an agent; 0 without one.
    pub fn schedule_revision(&self, id: AgentId) -> Result<u64, RegistryError> {
        self.read("schedule revision", |connection| {
            let revision: Option<i64> = connection
                .prepare_cached("SELECT revision FROM schedule WHERE agent = ?")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()?;
            Ok(revision.map_or(0, i64::unsigned_abs))
        })
    }
}

fn parse(agent: &str, text: &str) -> Result<Schedule, RegistryError> {
    serde_json::from_str(text).map_err(|error| damaged("schedule", agent, error))
}

/// Makes the schedules of a site's agents anew.
pub(super) fn rebuild(
    transaction: &Transaction<'_>,
    site: &str,
    at_unix_ms: i64,
) -> Result<(), RegistryError> {
    rebuild_sites(transaction, &BTreeSet::from([site]), at_unix_ms)
}

/// Makes the schedules of several sites' agents anew.
pub(super) fn rebuild_sites(
    transaction: &Transaction<'_>,
    sites: &BTreeSet<&str>,
    at_unix_ms: i64,
) -> Result<(), RegistryError> {
    let terms = terms(transaction, at_unix_ms)?;
    for site in sites {
        for agent in super::agent::assigned(transaction, site)? {
            rebuild_one(transaction, &agent, &terms)?;
        }
    }
    Ok(())
}

/// Makes every schedule anew; answers whether one changed.
pub(super) fn rebuild_all(
    transaction: &Transaction<'_>,
    at_unix_ms: i64,
) -> Result<bool, RegistryError> {
    let terms = terms(transaction, at_unix_ms)?;
    let mut changed = false;
    for agent in target::every_agent(transaction)? {
        changed |= rebuild_one(transaction, &agent, &terms)?;
    }
    Ok(changed)
}

/// Makes one agent's schedule anew.
pub(super) fn rebuild_agent(
    transaction: &Transaction<'_>,
    agent: &str,
    at_unix_ms: i64,
) -> Result<(), RegistryError> {
    rebuild_one(transaction, agent, &terms(transaction, at_unix_ms)?).map(drop)
}

/// Agreements that have not ended.
fn terms(transaction: &Transaction<'_>, at: i64) -> Result<Vec<Agreement>, RegistryError> {
    let stored = agreement::current(transaction)?.into_iter();
    Ok(stored
        .map(|one| one.agreement)
        .filter(|terms| !agreement::ended(terms, at))
        .collect())
}

/// Refuses a metered profile where an agreement of the agent's site has slots that it cannot fill:
/// its figures would be those of the few minutes that happen to be measured.
pub(super) fn check_metered(
    transaction: &Transaction<'_>,
    agent: AgentId,
    at_unix_ms: i64,
) -> Result<(), RegistryError> {
    let record = super::agent::one(transaction, agent).map_err(database("check profile"))?;
    let Some(site) = record.and_then(|record| record.site) else {
        return Ok(());
    };
    let metered = |terms: &Agreement| {
        let profile = MeasuringProfile {
            packets_per_measurement: terms.test.packets_per_slot.into(),
            interval_seconds: METERED_INTERVAL_SECONDS.max(terms.test.slot_seconds),
        };
        let share = terms.schedule().fillable_share(profile);
        share.is_some_and(|share| share.numerator < share.denominator)
    };
    let unfilled = terms(transaction, at_unix_ms)?
        .iter()
        .any(|terms| terms.sites.contains(&site) && metered(terms));
    if unfilled {
        return Err(RegistryError::Conflict {
            what: "agent",
            id: agent.to_string(),
            reason: "an agreement of its site has slots too short for a metered line",
        });
    }
    Ok(())
}

/// The revision grows when anything differs; answers whether it does.
fn rebuild_one(
    transaction: &Transaction<'_>,
    agent: &str,
    terms: &[Agreement],
) -> Result<bool, RegistryError> {
    let database = database("rebuild schedule");
    let before: Option<String> = transaction
        .prepare_cached("SELECT content FROM schedule WHERE agent = ?")
        .and_then(|mut statement| statement.query_row([agent], |row| row.get(0)).optional())
        .map_err(&database)?;
    let before = before.map(|text| parse(agent, &text)).transpose()?;
    let mut wanted = derive(transaction, agent, terms)?;
    if let Some(before) = before {
        wanted.revision = before.revision;
        if wanted == before {
            return Ok(false);
        }
        wanted.revision = before.revision.saturating_add(1);
    }
    let content =
        serde_json::to_string(&wanted).map_err(|error| damaged("schedule", agent, error))?;
    let revision = i64::try_from(wanted.revision).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO schedule (agent, revision, content) VALUES (?,?,?)")
        .and_then(|mut statement| statement.execute(params![agent, revision, content]))
        .map_err(&database)
        .map(|_| true)
}

fn derive(
    transaction: &Transaction<'_>,
    agent: &str,
    terms: &[Agreement],
) -> Result<Schedule, RegistryError> {
    let id: AgentId = agent
        .parse()
        .map_err(|error| damaged("identifier", agent, error))?;
    let record = super::agent::one(transaction, id)
        .map_err(database("rebuild schedule"))?
        .ok_or_else(|| missing("agent", agent))?;
    let active_line_probes = transaction
        .query_row(
            "SELECT active_line_probes FROM agent WHERE id = ?",
            [agent],
            |row| row.get(0),
        )
        .map_err(database("rebuild schedule"))?;
    let targets = match &record.site {
        Some(site) => targets(transaction, site, terms)?,
        None => Vec::new(),
    };
    let captive = if active_line_probes {
        captive::of_schedule(transaction)?
    } else {
        None
    };
    Ok(Schedule {
        captive,
        monthly_volume_bytes_max: record.monthly_volume_bytes_max,
        ..from_targets(targets, record.profile, active_line_probes)
    })
}

fn from_targets(targets: Vec<Target>, profile: Profile, active_line_probes: bool) -> Schedule {
    let shortest = targets.iter().map(|target| target.slot_seconds).min();
    let shortest = shortest.unwrap_or(RECORD_SECONDS_MAX);
    Schedule {
        revision: 1,
        profile,
        targets,
        record_seconds: shortest.min(RECORD_SECONDS_MAX),
        upload_seconds: match profile {
            Profile::Metered => METERED_UPLOAD_SECONDS,
            Profile::Full if shortest < SHORT_SLOT_SECONDS => shortest.max(UPLOAD_SECONDS_MIN),
            Profile::Full => UPLOAD_SECONDS,
        },
        heartbeat_seconds: HEARTBEAT_SECONDS,
        active_line_probes,
        captive: None,
        monthly_volume_bytes_max: None,
    }
}

/// Targets of a site: those set by hand and those of its agreements. A target asked
/// for twice gets the shorter slots and the more packets: both can then be judged.
fn targets(
    transaction: &Transaction<'_>,
    site: &str,
    agreements: &[Agreement],
) -> Result<Vec<Target>, RegistryError> {
    let mut wanted: BTreeMap<String, (u32, Option<u16>)> = BTreeMap::new();
    let own = target::of_site(transaction, site).map_err(database("rebuild schedule"))?;
    for one in own {
        wanted.insert(one.target, (one.slot_seconds, None));
    }
    let covering = agreements
        .iter()
        .filter(|terms| terms.sites.iter().any(|one| one == site));
    for terms in covering {
        for id in &terms.test.targets {
            let slot = terms.test.slot_seconds;
            let (seconds, packets) = wanted.entry(id.clone()).or_insert((slot, None));
            *seconds = slot.min(*seconds);
            *packets = (*packets).max(Some(terms.test.packets_per_slot));
        }
    }
    let mut targets = Vec::with_capacity(wanted.len().min(TARGETS_MAX));
    for (id, (slot_seconds, packets)) in wanted.into_iter().take(TARGETS_MAX) {
        let definition = target::find(transaction, &id)?.ok_or_else(|| missing("target", &id))?;
        targets.push(Target {
            id,
            slot_seconds: slot_seconds.max(definition.measure.slot_seconds_min()),
            measure: with_packets(definition.measure, packets),
        });
    }
    Ok(targets)
}

fn with_packets(measure: Measure, wanted: Option<u16>) -> Measure {
    match (measure, wanted) {
        (
            Measure::Icmp {
                host,
                payload_bytes,
                timeout_ms,
                ..
            },
            Some(packets),
        ) => Measure::Icmp {
            host,
            packets,
            payload_bytes,
            timeout_ms,
        },
        (measure, _) => measure,
    }
}
