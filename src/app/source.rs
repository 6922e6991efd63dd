//! The only module of the collector's face that reads and writes registry, journal and store.

mod convert;
mod decide;
mod ledger;
mod outages;
mod samples;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use desserte_probe::clock::{Clock, SystemClock};
use desserte_probe::wire::id::AgentId;

use super::directory::{Directory, ExpectedAgent, StoredAgreement};
use super::{AgentEntry, SiteRecord, TargetEntry};
use crate::collector::{Collector, journal_path, registry_path, samples_reading};
use crate::registry::{self, AgentRecord, LineRecord, Registry, RegistryError, SiteStatus};
use crate::store::StoreError;
use crate::store::journal::ArrivalLog;
use crate::store::samples::{SampleStore, Series, SeriesFilter};
pub(crate) use samples::EVIDENCE_MARGIN_MS;

use convert::{Agents, entry, line, name_of, version};

/// Seconds between uploads of an agent without a schedule.
const UPLOAD_SECONDS_DEFAULT: u32 = registry::UPLOAD_SECONDS;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The journal or the sample store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
}

type Result<T> = std::result::Result<T, SourceError>;

/// Registry, journal and store.
#[derive(Debug, Clone)]
pub struct Source {
    registry: Arc<Registry>,
    samples: Arc<dyn SampleStore>,
    clock: Arc<dyn Clock>,
    /// The collector of this process; `None` where nothing arrives.
    collector: Option<Arc<Collector>>,
    /// When batches arrived, from the journal of another process.
    arrivals: Option<Arc<ArrivalLog>>,
}

impl Source {
    /// The files of the collector that runs in this process.
    #[must_use]
    pub fn new(collector: Arc<Collector>) -> Self {
        Self {
            registry: Arc::clone(collector.registry()),
            samples: Arc::clone(collector.samples()),
            clock: Arc::clone(collector.clock()),
            collector: Some(collector),
            arrivals: None,
        }
    }

    /// The files of a data folder that another process may be writing.
    pub fn read_only(data: &Path) -> Result<Self> {
        let registry = Registry::open(&registry_path(data))?;
        let samples = samples_reading(data)?;
        Ok(Self {
            arrivals: ArrivalLog::open(&journal_path(data))?.map(Arc::new),
            ..Self::of(registry, Arc::new(samples), Arc::new(SystemClock))
        })
    }

    /// A registry and a store to which nothing arrives.
    #[must_use]
    pub fn of(registry: Registry, samples: Arc<dyn SampleStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            registry: Arc::new(registry),
            samples,
            clock,
            collector: None,
            arrivals: None,
        }
    }

    /// What the collector of this process counted; `None` where nothing arrives.
    #[must_use]
    pub fn counters(&self) -> Option<crate::ingest::Counters> {
        self.collector
            .as_ref()
            .map(|collector| collector.counters())
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The present.
    #[must_use]
    pub fn now_unix_ms(&self) -> i64 {
        self.clock.unix_ms()
    }

    /// What to compare in order to know whether the image of the registry is still true. Agreements
    /// begin and end with a day, without anyone changing anything.
    pub fn registry_version(&self) -> Result<(registry::Version, jiff::civil::Date)> {
        Ok((self.registry.version()?, self.today()))
    }

    /// The present day.
    fn today(&self) -> jiff::civil::Date {
        jiff::Timestamp::from_millisecond(self.now_unix_ms())
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date()
    }

    /// When the last batch of an agent came, Unix milliseconds; `None` where nothing arrives.
    #[must_use]
    pub fn last_batch_unix_ms(&self, agent: AgentId) -> Option<i64> {
        self.collector.as_ref()?.last_batch_unix_ms(agent)
    }

    /// An image of open sites and agreements.
    pub fn directory(&self, version: u64) -> Result<Directory> {
        let seconds_of = self.registry.upload_seconds()?;
        let mut agents: BTreeMap<String, Agents> = BTreeMap::new();
        let mut expected = Vec::new();
        for agent in self.registry.agents()? {
            let revoked = agent.revoked_at_unix_ms.is_some();
            let seconds = seconds_of.get(&agent.id).copied();
            let upload_seconds = seconds.unwrap_or(UPLOAD_SECONDS_DEFAULT);
            if !revoked {
                expected.push(ExpectedAgent {
                    id: agent.id,
                    site: agent.site.clone(),
                    enrolled_unix_ms: agent.enrolled_at_unix_ms,
                    upload_seconds,
                });
            }
            if revoked && !agent.simulated {
                continue;
            }
            let Some(site) = agent.site else { continue };
            let held = agents.entry(site).or_default();
            held.simulated |= agent.simulated;
            if !revoked {
                held.count += 1;
                held.upload_seconds = held.upload_seconds.max(upload_seconds);
            }
        }
        let sites = self
            .registry
            .sites()?
            .into_iter()
            .filter(|site| site.current.status == SiteStatus::Open)
            .map(|site| {
                let agents = agents.get(&site.id).copied().unwrap_or_default();
                entry(site.id, site.current, agents)
            })
            .collect();
        let agreements = self
            .registry
            .agreements()?
            .into_iter()
            .map(|stored| StoredAgreement {
                agreement: stored.agreement,
                text: stored.text,
            })
            .collect();
        Ok(Directory::new(sites, agreements, self.today(), version).with_agents(expected))
    }

    /// Every agent.
    pub fn agents(&self) -> Result<Vec<AgentEntry>> {
        let mut lines: HashMap<AgentId, Vec<LineRecord>> = HashMap::new();
        for line in self.registry.lines()? {
            lines.entry(line.agent).or_default().push(line);
        }
        let seconds = self.registry.upload_seconds()?;
        let agents = self.registry.agents()?.into_iter();
        Ok(agents
            .map(|agent| {
                let lines = lines.remove(&agent.id).unwrap_or_default();
                let seconds = seconds.get(&agent.id).copied();
                self.agent(agent, lines, seconds)
            })
            .collect())
    }

    /// Agents that are or were assigned to a site, each with the last time that it was.
    fn agents_once_of(&self, site: &str) -> Result<Vec<AgentEntry>> {
        let seconds = self.registry.upload_seconds()?;
        let mut found = Vec::new();
        for agent in self.registry.agents_once_of(site)? {
            let assigned = self.registry.assignments(agent.id)?;
            let last = assigned.iter().rev().find(|one| one.site == site);
            let lines = self.registry.lines_of_agent(agent.id)?;
            let seconds = seconds.get(&agent.id).copied();
            found.push(AgentEntry {
                assigned_unix_ms: last.map(|one| (one.valid_from_unix_ms, one.valid_to_unix_ms)),
                ..self.agent(agent, lines, seconds)
            });
        }
        Ok(found)
    }

    fn agent(
        &self,
        agent: AgentRecord,
        lines: Vec<LineRecord>,
        upload_seconds: Option<u32>,
    ) -> AgentEntry {
        let heard = self
            .collector
            .as_ref()
            .map(|collector| collector.activity(agent.id))
            .unwrap_or_default();
        let heartbeat = heard.heartbeat.map(|(at, _)| at);
        AgentEntry {
            upload_seconds: upload_seconds.unwrap_or(UPLOAD_SECONDS_DEFAULT),
            last_batch_unix_ms: heard.batch_unix_ms,
            last_heartbeat_unix_ms: heartbeat.or(agent.heartbeat.map(|(at, _)| at)),
            software: Some(heard.software.unwrap_or(agent.software)),
            boot: heard.boot.map(|boot| boot.to_string()),
            spool_records: heard.spool.map(|spool| spool.entries),
            spool_dropped: heard
                .spool
                .map(|spool| spool.minutes_thinned.saturating_add(spool.entries_lost)),
            lines: lines.into_iter().map(line).collect(),
            assigned_unix_ms: None,
            uptime_seconds: heard.heartbeat_said.map(|beat| beat.uptime_seconds),
            spool_bytes: heard.spool.map(|spool| spool.bytes),
            clock: heard.clock,
            monthly_volume_bytes_max: agent.monthly_volume_bytes_max,
            volume: heard.volume,
            id: agent.id.to_string(),
            site: agent.site,
            enrolled_unix_ms: agent.enrolled_at_unix_ms,
            revoked: agent.revoked_at_unix_ms.is_some(),
            simulated: agent.simulated,
        }
    }

    /// A site with its past; an alias finds it too.
    pub fn site(&self, id: &str) -> Result<Option<SiteRecord>> {
        let Some(site) = self.registry.site(id)? else {
            return Ok(None);
        };
        let agents = self.agents_once_of(id)?;
        let simulated = agents.iter().any(|agent| agent.simulated);
        Ok(Some(SiteRecord {
            aliases: self.registry.site_aliases(id)?,
            versions: self
                .registry
                .site_versions(id)?
                .into_iter()
                .map(version)
                .collect(),
            agents,
            targets: self.targets(id)?,
            latest: self.newest_samples(id)?,
            entry: entry(
                site.id,
                site.current,
                Agents {
                    simulated,
                    ..Agents::default()
                },
            ),
        }))
    }

    /// What the agents of a site are told to measure, and what they measured.
    fn targets(&self, site: &str) -> Result<Vec<TargetEntry>> {
        let mut found: BTreeMap<String, TargetEntry> = BTreeMap::new();
        for series in self.site_series(site)? {
            let id = series.key.target;
            found.entry(id.clone()).or_insert(TargetEntry {
                id,
                name: None,
                kind: name_of(&series.key.kind),
                address: None,
                anchor: None,
            });
        }
        for agent in self.registry.agents_of(site)? {
            let schedule = self.registry.schedule(agent.id)?;
            for target in schedule.into_iter().flat_map(|schedule| schedule.targets) {
                found.insert(
                    target.id.clone(),
                    TargetEntry {
                        id: target.id,
                        name: None,
                        kind: name_of(&target.measure.kind()),
                        address: Some(target.measure.address()),
                        anchor: None,
                    },
                );
            }
        }
        for target in self.registry.targets()? {
            if let Some(entry) = found.get_mut(&target.id) {
                entry.name = target.name;
                entry.anchor = target.anchor.as_ref().map(name_of);
            }
        }
        Ok(found.into_values().collect())
    }

    /// Whether a target is or was measured at a site.
    pub fn has_target(&self, site: &str, target: &str) -> Result<bool> {
        Ok(self.targets(site)?.iter().any(|one| one.id == target))
    }

    fn site_series(&self, site: &str) -> Result<Vec<Series>> {
        let filter = SeriesFilter {
            site: Some(site),
            ..SeriesFilter::default()
        };
        Ok(self.samples.series(filter)?)
    }

    /// Whether an exclusion of this agreement holds at a site now.
    pub fn excluded_at(&self, agreement: Option<&str>, site: &str, now: i64) -> Result<bool> {
        let Some(agreement) = agreement else {
            return Ok(false);
        };
        let holding = self.registry.exclusions_at(agreement, site, now)?;
        Ok(holding.iter().any(|one| one.exclusion.kind.leaves_out()))
    }
}
