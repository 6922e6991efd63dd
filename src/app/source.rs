//! The only file of the collector's face that reads and writes registry, journal and store.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::observation::Observation;
use desserte_domain::outage::Outage;
use desserte_probe::clock::{Clock, SystemClock};
use desserte_probe::report::Family;
use desserte_probe::wire::enrol::Code;
use desserte_probe::wire::id::AgentId;
use desserte_probe::wire::schedule::Measure;

use super::directory::{Directory, SiteEntry, StoredAgreement, fold};
use super::status::status_text;
use super::{AgentEntry, LineEntry, OutageFilter, SiteRecord, TargetEntry, VersionEntry};
use crate::assess::{EvidenceRow, SiteSamples, SiteTest, TargetSamples, observation};
use crate::collector::{Collector, registry_path};
use crate::live::SiteOutage;
use crate::registry::{
    self, AgentRecord, Decision, LineRecord, OutageRecord, Registry, RegistryError, SiteStatus,
    SiteVersion,
};
use crate::store::StoreError;
use crate::store::embedded::EmbeddedStore;
use crate::store::samples::{SampleStore, Series, SeriesFilter};

/// The sample store's file in a data folder.
const SAMPLES_FILE: &str = "samples.sqlite";
/// Author of decisions that come through the page: it has no accounts yet.
const AUTHOR: &str = "web page";
/// Attempts to reach the collector are reported after they were made: evidence is read so much
/// beyond a window's end, milliseconds. Before its start, what was said of a link still holds.
const EVIDENCE_MARGIN_MS: i64 = 120_000;
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
        }
    }

    /// The files of a data folder that another process may be writing.
    pub fn read_only(data: &Path) -> Result<Self> {
        let registry = Registry::open(&registry_path(data))?;
        let samples = EmbeddedStore::open(&data.join(SAMPLES_FILE))?;
        Ok(Self::of(registry, Arc::new(samples), Arc::new(SystemClock)))
    }

    /// A registry and a store to which nothing arrives.
    #[must_use]
    pub fn of(registry: Registry, samples: Arc<dyn SampleStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            registry: Arc::new(registry),
            samples,
            clock,
            collector: None,
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
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The present.
    #[must_use]
    pub fn now_unix_ms(&self) -> i64 {
        self.clock.unix_ms()
    }

    /// What to compare in order to know whether the registry changed.
    pub fn registry_version(&self) -> Result<registry::Version> {
        Ok(self.registry.version()?)
    }

    /// An image of open sites and agreements.
    pub fn directory(&self, version: u64) -> Result<Directory> {
        let mut uploads: BTreeMap<String, (usize, u32)> = BTreeMap::new();
        for agent in self.registry.agents()? {
            if agent.revoked_at_unix_ms.is_some() {
                continue;
            }
            let seconds = self.upload_seconds(agent.id)?;
            if let Some(site) = agent.site {
                let held = uploads.entry(site).or_insert((0, 0));
                *held = (held.0 + 1, held.1.max(seconds));
            }
        }
        let sites = self
            .registry
            .sites()?
            .into_iter()
            .filter(|site| site.current.status == SiteStatus::Open)
            .map(|site| {
                let agents = uploads.get(&site.id).copied();
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
        let today = jiff::Timestamp::from_millisecond(self.now_unix_ms())
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        Ok(Directory::new(sites, agreements, today, version))
    }

    /// Every agent.
    pub fn agents(&self) -> Result<Vec<AgentEntry>> {
        let agents = self.registry.agents()?;
        agents.into_iter().map(|agent| self.agent(agent)).collect()
    }

    fn agent(&self, agent: AgentRecord) -> Result<AgentEntry> {
        let lines = self.registry.lines_of_agent(agent.id)?;
        let heard = self
            .collector
            .as_ref()
            .map(|collector| collector.activity(agent.id))
            .unwrap_or_default();
        let heartbeat = heard.heartbeat.map(|(at, _)| at);
        Ok(AgentEntry {
            upload_seconds: self.upload_seconds(agent.id)?,
            last_batch_unix_ms: heard.batch_unix_ms,
            last_heartbeat_unix_ms: heartbeat.or(agent.heartbeat.map(|(at, _)| at)),
            software: Some(heard.software.unwrap_or(agent.software)),
            boot: heard.boot.map(|boot| boot.to_string()),
            spool_records: heard.spool.map(|spool| spool.entries),
            spool_dropped: heard
                .spool
                .map(|spool| spool.minutes_thinned.saturating_add(spool.entries_lost)),
            lines: lines.into_iter().map(line).collect(),
            id: agent.id.to_string(),
            site: agent.site,
            enrolled_unix_ms: agent.enrolled_at_unix_ms,
            revoked: agent.revoked_at_unix_ms.is_some(),
        })
    }

    fn upload_seconds(&self, agent: AgentId) -> Result<u32> {
        let schedule = self.registry.schedule(agent)?;
        Ok(schedule.map_or(UPLOAD_SECONDS_DEFAULT, |schedule| schedule.upload_seconds))
    }

    /// A site with its past; an alias finds it too.
    pub fn site(&self, id: &str) -> Result<Option<SiteRecord>> {
        let Some(site) = self.registry.site(id)? else {
            return Ok(None);
        };
        let mut agents = Vec::new();
        for agent in self.registry.agents()? {
            let assigned = self.registry.assignments(agent.id)?;
            if assigned.iter().any(|one| one.site == id) {
                agents.push(self.agent(agent)?);
            }
        }
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
            entry: entry(site.id, site.current, None),
        }))
    }

    /// What the agents of a site are told to measure, and what they measured.
    fn targets(&self, site: &str) -> Result<Vec<TargetEntry>> {
        let mut found: BTreeMap<String, TargetEntry> = BTreeMap::new();
        for series in self.site_series(site)? {
            let id = series.key.target;
            found.entry(id.clone()).or_insert(TargetEntry {
                id,
                kind: name_of(&series.key.kind),
                address: None,
            });
        }
        for agent in self.registry.agents_of(site)? {
            let schedule = self.registry.schedule(agent.id)?;
            for target in schedule.into_iter().flat_map(|schedule| schedule.targets) {
                let (kind, address) = match target.measure {
                    Measure::Icmp { host, .. } => ("icmp", host),
                    Measure::Http { url, .. } => ("http", url),
                };
                found.insert(
                    target.id.clone(),
                    TargetEntry {
                        id: target.id,
                        kind: kind.to_owned(),
                        address: Some(address),
                    },
                );
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

    /// Everything measured at a site in `[from, to)`, over whatever line.
    pub fn samples(&self, site: &str, span: (i64, i64)) -> Result<SiteSamples> {
        self.samples_of(site, span, |_| true)
    }

    /// What counts for an agreement: its targets, over the judged line, confirmed by a person or by
    /// enrolment. Samples without a known line count where every line of the site is judged.
    pub fn judged_samples(
        &self,
        site: &str,
        agreement: &Agreement,
        span: (i64, i64),
    ) -> Result<SiteSamples> {
        let judged: HashSet<(AgentId, String)> = self
            .registry
            .lines_of_site(site)?
            .into_iter()
            .filter(|line| line.confirmed.is_some())
            .filter(|line| {
                agreement.line.judges(
                    Some(&line.interface),
                    line.gateway.as_deref(),
                    line.public_address,
                )
            })
            .map(|line| (line.agent, line.key))
            .collect();
        let any = agreement.line.is_any();
        self.samples_of(site, span, |series| match &series.key.line {
            Some(line) => judged.contains(&(series.key.agent, line.clone())),
            None => any,
        })
    }

    fn samples_of(
        &self,
        site: &str,
        (from, to): (i64, i64),
        counts: impl Fn(&Series) -> bool,
    ) -> Result<SiteSamples> {
        let mut targets: BTreeMap<String, TargetSamples> = BTreeMap::new();
        for series in self.site_series(site)? {
            if !counts(&series) {
                continue;
            }
            let mut observations = self.samples.scan(series.id, from, to)?.observations(None);
            targets
                .entry(series.key.target.clone())
                .or_insert_with(|| TargetSamples {
                    id: series.key.target,
                    kind: series.key.kind,
                    observations: Vec::new(),
                })
                .observations
                .append(&mut observations);
        }
        // Series of several lines and agents lie one after another.
        for target in targets.values_mut() {
            target
                .observations
                .sort_by_key(|one| (one.start_unix_ms, one.sequence));
        }
        let evidence = self
            .samples
            .evidence(
                site,
                from - EVIDENCE_MARGIN_MS,
                to.saturating_add(EVIDENCE_MARGIN_MS),
            )?
            .into_iter()
            .map(|row| EvidenceRow {
                at_unix_ms: row.time_unix_ms,
                agent: row.agent.to_string(),
                boot: row.boot.to_string(),
                fact: row.fact,
            })
            .collect();
        Ok(SiteSamples {
            targets: targets.into_values().collect(),
            evidence,
            received_unix_ms: self.arrivals(site, from, to)?,
            collector_down: self.registry.collector_down(from, to)?,
        })
    }

    /// When batches of a site's agents arrived, ascending.
    fn arrivals(&self, site: &str, from: i64, to: i64) -> Result<Vec<i64>> {
        let Some(collector) = &self.collector else {
            return Ok(Vec::new());
        };
        let mut arrivals = Vec::new();
        for agent in self.registry.agents_of(site)? {
            arrivals.append(&mut collector.journal().arrivals(agent.id, from, to)?);
        }
        arrivals.sort_unstable();
        Ok(arrivals)
    }

    /// The newest sample of each target.
    pub fn newest_samples(&self, site: &str) -> Result<Vec<(String, Observation)>> {
        let mut newest: BTreeMap<String, Observation> = BTreeMap::new();
        for series in self.site_series(site)? {
            let Some(row) = self.samples.latest(series.id)? else {
                continue;
            };
            let sample = observation(&row);
            newest
                .entry(series.key.target)
                .and_modify(|held| {
                    if held.start_unix_ms < sample.start_unix_ms {
                        *held = sample;
                    }
                })
                .or_insert(sample);
        }
        Ok(newest.into_iter().collect())
    }

    /// Start of the newest sample of a site.
    pub fn last_sample_unix_ms(&self, site: &str) -> Result<Option<i64>> {
        let newest = self.newest_samples(site)?;
        Ok(newest.iter().map(|(_, sample)| sample.start_unix_ms).max())
    }

    /// Outages, the newest first.
    pub fn outages(&self, filter: &OutageFilter) -> Result<Vec<SiteOutage>> {
        let mut wanted = registry::OutageFilter {
            site: filter.site.as_deref(),
            cause: filter.cause.map(desserte_domain::cause::Cause::identifier),
            from_unix_ms: filter.from_unix_ms,
            to_unix_ms: filter.to_unix_ms,
            open: filter.open == Some(true),
            before: filter.after,
            limit: u32::try_from(filter.limit).unwrap_or(u32::MAX),
        };
        let mut found = Vec::new();
        // Those that are over are picked page by page; everything else is one question.
        loop {
            let page = self.registry.outages(&wanted)?;
            let last = page.last().map(|one| (one.outage.start_unix_ms, one.id));
            let full = page.len() >= filter.limit;
            found.extend(
                page.into_iter()
                    .filter(|one| filter.open != Some(false) || one.outage.end_unix_ms.is_some())
                    .map(shown),
            );
            if found.len() >= filter.limit || !full || last.is_none() {
                found.truncate(filter.limit);
                return Ok(found);
            }
            wanted.before = last;
        }
    }

    /// Outages of a site that overlap `[from, to)`, by start.
    pub fn outages_between(&self, site: &str, from: i64, to: i64) -> Result<Vec<SiteOutage>> {
        let mut found = self.registry.outages(&registry::OutageFilter {
            site: Some(site),
            from_unix_ms: Some(from),
            to_unix_ms: Some(to),
            ..registry::OutageFilter::default()
        })?;
        found.reverse();
        Ok(found.into_iter().map(shown).collect())
    }

    /// Puts outages in place of those of the site that last beyond `from`; answers with them as
    /// they are stored.
    pub fn replace_outages(
        &self,
        site: &str,
        from: i64,
        test: &SiteTest,
        found: &[SiteOutage],
    ) -> Result<Vec<SiteOutage>> {
        let records: Vec<OutageRecord> = found
            .iter()
            .map(|outage| OutageRecord {
                id: 0,
                site: site.to_owned(),
                agreement: test.agreement.clone(),
                agent: outage.agent.clone(),
                slot_seconds: outage.slot_seconds,
                outage: Outage {
                    start_unix_ms: outage.start_unix_ms,
                    end_unix_ms: outage.end_unix_ms,
                    down_slots: outage.down_slots,
                    cause: outage.verdict.clone(),
                },
            })
            .collect();
        let stored = self
            .registry
            .replace_outages(site, (from, i64::MAX), &records)?;
        Ok(stored.into_iter().map(shown).collect())
    }

    /// Exclusions that hold for a site of an agreement.
    pub fn exclusions(&self, agreement: &str, site: &str) -> Result<Vec<Exclusion>> {
        let records = self.registry.exclusions(agreement)?;
        Ok(records
            .into_iter()
            .filter(|record| record.withdrawn_at_unix_ms.is_none())
            .map(|record| record.exclusion)
            .filter(|one| one.site.as_deref().is_none_or(|named| named == site))
            .map(|one| Exclusion {
                from_unix_ms: one.from_unix_ms,
                to_unix_ms: one.to_unix_ms,
                class: one.class,
            })
            .collect())
    }

    /// Whether an exclusion of this agreement holds at a site now.
    pub fn excluded_at(&self, agreement: Option<&str>, site: &str, now: i64) -> Result<bool> {
        let Some(agreement) = agreement else {
            return Ok(false);
        };
        let exclusions = self.exclusions(agreement, site)?;
        Ok(exclusions
            .iter()
            .any(|one| one.from_unix_ms <= now && now < one.to_unix_ms))
    }

    /// Makes an enrolment code: its text, and until when it is worth something.
    pub fn create_code(&self, site: &str, key_sha256: [u8; 32]) -> Result<(String, i64)> {
        let code = Code {
            secret: rand::random(),
            collector_key_sha256: key_sha256,
        };
        let expires = self
            .registry
            .keep_code(&code.secret, site, AUTHOR, self.now_unix_ms())?;
        Ok((code.to_text(), expires))
    }

    /// Confirms a line; `false` when there is no such line.
    pub fn confirm_line(&self, agent: &str, key: &str, author: &str, reason: &str) -> Result<bool> {
        let Ok(id) = agent.parse() else {
            return Ok(false);
        };
        let decision = Decision {
            author,
            at_unix_ms: self.now_unix_ms(),
            reason,
        };
        known(self.registry.confirm_line(id, key, decision))
    }

    /// Revokes an agent; `false` when there is no such agent.
    pub fn revoke(&self, agent: &str) -> Result<bool> {
        let Ok(id) = agent.parse() else {
            return Ok(false);
        };
        let decision = Decision {
            author: AUTHOR,
            at_unix_ms: self.now_unix_ms(),
            reason: "revoked from the page",
        };
        known(self.registry.revoke_agent(id, decision))
    }
}

/// Whether the thing was there.
fn known(done: std::result::Result<(), RegistryError>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(RegistryError::Missing { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn entry(id: String, site: SiteVersion, agents: Option<(usize, u32)>) -> SiteEntry {
    let words: Vec<&str> = [&site.name, &site.place, &site.region, &site.operator]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain([id.as_str(), site.kind.as_str()])
        .collect();
    SiteEntry {
        folded: fold(&words.join(" ")),
        id,
        name: site.name,
        kind: site.kind,
        latitude: site.latitude,
        longitude: site.longitude,
        place: site.place,
        region: site.region,
        operator: site.operator,
        invented: site.invented,
        agents: agents.map_or(0, |(count, _)| count),
        upload_seconds: agents.map(|(_, seconds)| seconds),
    }
}

fn version(version: SiteVersion) -> VersionEntry {
    VersionEntry {
        valid_from_unix_ms: version.valid_from_unix_ms,
        valid_to_unix_ms: version.valid_to_unix_ms,
        name: version.name,
        kind: version.kind,
        latitude: version.latitude,
        longitude: version.longitude,
        operator: version.operator,
        status: status_text(&version.status),
    }
}

fn line(line: LineRecord) -> LineEntry {
    LineEntry {
        key: line.key,
        interface: Some(line.interface),
        gateway: line.gateway,
        family: Some(match line.family {
            Family::Ipv4 => "ipv4".to_owned(),
            Family::Ipv6 => "ipv6".to_owned(),
        }),
        public_address: line.public_address.map(|address| address.to_string()),
        confirmed: line.confirmed.is_some(),
        first_seen_unix_ms: line.first_seen_unix_ms,
    }
}

fn shown(record: OutageRecord) -> SiteOutage {
    SiteOutage {
        id: record.id,
        site: record.site,
        start_unix_ms: record.outage.start_unix_ms,
        end_unix_ms: record.outage.end_unix_ms,
        slot_seconds: record.slot_seconds,
        down_slots: record.outage.down_slots,
        verdict: record.outage.cause,
        agent: record.agent,
    }
}

fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
