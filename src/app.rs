//! Everything the collector's face shares: the image of the registry, live states, layers, metrics.

mod demonstration;
mod directory;
mod drawn;
mod entries;
mod gaps;
mod groups;
mod imports;
mod months;
mod overview;
mod planning;
mod site_map;
mod source;
mod statement;
mod status;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use desserte_planning::Position;
use desserte_planning::layer::Layers;
use desserte_planning::plan::{MeasuredSites, Plan, PlanSite};
use desserte_planning::ranking::{MeasuredAvailability, RankingError};
use desserte_planning::scenario::Scenario;
use tokio::sync::watch;

pub use demonstration::{Begun, Phase, Progress};
pub use directory::{Directory, SiteEntry, StoredAgreement};
pub use entries::{AgentEntry, LineEntry, OutageFilter, SiteRecord, TargetEntry, VersionEntry};
pub use gaps::{SiteGap, stored_sites};
pub use groups::{OutageGroup, OutageGroups};
pub use months::Figured;
pub use overview::{Group, Overview, Tally};
pub use planning::{Planning, PlanningNow};
pub use site_map::SiteMap;
pub(crate) use source::EVIDENCE_MARGIN_MS;
pub use source::{Source, SourceError};
pub use statement::ACCEPTANCE_SPAN_DAYS;
pub use status::status_text;

use crate::api::error::Refusal;
use crate::config::Config;
use crate::geography::Geography;
use crate::layers::{Defects, LayerStore, LayersError};
use crate::live::{Change, Live};
use crate::plans::PlanStore;
use crate::staging::Staging;
use crate::telemetry::Metrics;

/// Days of measurements that a plan looks back on.
pub const PLAN_DAYS: i64 = 30;

/// What every part of the face shares.
#[derive(Debug)]
pub struct App {
    source: Source,
    layer_store: LayerStore,
    imports: Staging,
    plan_store: PlanStore,
    planning: Planning,
    directory: RwLock<Arc<Directory>>,
    layers: RwLock<Arc<Layers>>,
    layer_defects: RwLock<Arc<LayerDefects>>,
    agent_counts: RwLock<(u64, u64)>,
    /// The sites with their distances, and the version of the directory that they are of.
    planned: Mutex<Option<(u64, Arc<MeasuredSites>)>>,
    drawn: drawn::Drawn,
    /// Months' figures.
    months: months::MonthCache,
    /// States of sites and their changes.
    pub live: Live,
    /// How far a demonstration has come.
    pub demonstration: Arc<Progress>,
    /// The collector's own figures.
    pub metrics: Metrics,
    /// The configuration.
    pub config: Config,
    /// The country.
    pub geography: Geography,
    /// Address of the agents' listener, as enrolment shows it.
    pub agents_url: String,
    /// SHA-256 of the collector's public key: agents recognise it by that.
    pub key_sha256: [u8; 32],
    /// Turns true when the collector stops.
    pub shutdown: watch::Receiver<bool>,
}

/// What became of the rows of each layer's file, by kind and name.
pub type LayerDefects = BTreeMap<(String, String), Defects>;

/// Why the app cannot start or read.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The registry, journal or store.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The layers.
    #[error(transparent)]
    Layers(#[from] LayersError),
}

/// What an app is made of.
#[derive(Debug)]
pub struct Parts {
    /// Registry, journal and store.
    pub source: Source,
    /// Imported layers.
    pub layer_store: LayerStore,
    /// Files that wait to be imported.
    pub imports: Staging,
    /// Plans that were made.
    pub plan_store: PlanStore,
    /// The configuration.
    pub config: Config,
    /// The country.
    pub geography: Geography,
    /// Address of the agents' listener, as enrolment shows it.
    pub agents_url: String,
    /// SHA-256 of the collector's public key: agents recognise it by that.
    pub key_sha256: [u8; 32],
    /// Turns true when the collector stops.
    pub shutdown: watch::Receiver<bool>,
}

impl App {
    /// Reads registry and layers for the first time.
    pub fn new(parts: Parts) -> Result<Self, AppError> {
        let directory = parts.source.directory(1)?;
        let layers = parts.layer_store.read()?;
        let defects = parts.layer_store.defects()?;
        let app = Self {
            source: parts.source,
            layer_store: parts.layer_store,
            imports: parts.imports,
            plan_store: parts.plan_store,
            planning: Planning::default(),
            directory: RwLock::new(Arc::new(directory)),
            layers: RwLock::new(Arc::new(layers)),
            layer_defects: RwLock::new(Arc::new(defects)),
            agent_counts: RwLock::default(),
            planned: Mutex::default(),
            months: months::MonthCache::default(),
            drawn: drawn::Drawn::default(),
            live: Live::default(),
            demonstration: Arc::default(),
            metrics: Metrics::default(),
            config: parts.config,
            geography: parts.geography,
            agents_url: parts.agents_url,
            key_sha256: parts.key_sha256,
            shutdown: parts.shutdown,
        };
        let mut directory = Directory::clone(&app.directory());
        app.place_in_regions(&mut directory);
        *app.directory
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        app.count_agents()?;
        Ok(app)
    }

    /// Registry, journal and store.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The image of the registry.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        let held = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// The imported layers.
    #[must_use]
    pub fn layers(&self) -> Arc<Layers> {
        Arc::clone(&self.layers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What became of the rows of each layer's file, by kind and name.
    #[must_use]
    pub fn layer_defects(&self) -> Arc<LayerDefects> {
        let held = self.layer_defects.read();
        Arc::clone(&held.unwrap_or_else(PoisonError::into_inner))
    }

    /// The present.
    #[must_use]
    pub fn now_unix_ms(&self) -> i64 {
        self.source.now_unix_ms()
    }

    /// Agents that are not revoked, and how many of them are silent.
    #[must_use]
    pub fn agent_counts(&self) -> (u64, u64) {
        *self
            .agent_counts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the agents anew; answers whether the counts changed.
    pub fn count_agents(&self) -> Result<bool, SourceError> {
        let agents = self.source.agents()?;
        let known = agents.iter().filter(|agent| !agent.revoked);
        let counts = known.fold((0, 0), |(total, silent), agent| {
            (total + 1, silent + u64::from(self.is_silent(agent)))
        });
        let mut held = self
            .agent_counts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = *held != counts;
        *held = counts;
        Ok(changed)
    }

    /// Whether an agent has sent nothing for longer than it should, counted from its enrolment
    /// as long as its first batch has not come.
    #[must_use]
    pub fn is_silent(&self, agent: &AgentEntry) -> bool {
        let limit = self.silent_after_ms(agent.upload_seconds, 0);
        let heard = agent.last_batch_unix_ms.unwrap_or(agent.enrolled_unix_ms);
        self.now_unix_ms() - heard > limit
    }

    /// After how long without a sample nothing is known of a site, milliseconds: some upload
    /// intervals of its agent, and two slots for the one that is measured and the one that waits.
    #[must_use]
    pub fn silent_after_ms(&self, upload_seconds: u32, slot_seconds: u32) -> i64 {
        let uploads = i64::from(self.config.assessment.silent_after_uploads);
        uploads * i64::from(upload_seconds.max(1)) * 1_000 + 2 * i64::from(slot_seconds) * 1_000
    }

    /// Reads the registry anew and tells readers to do the same.
    pub fn refresh_directory(&self) -> Result<(), SourceError> {
        let held = self.directory();
        let mut fresh = self.source.directory(held.version + 1)?;
        self.place_in_regions(&mut fresh);
        let fresh = Arc::new(fresh);
        // The collector's own signs of life change the registry too, and concern nobody.
        if fresh.says_the_same(&held) {
            return Ok(());
        }
        self.live.retain(|site| fresh.site(site).is_some());
        *self
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        self.count_agents()?;
        self.live.tell(Change::Everything);
        Ok(())
    }

    /// Reads the layers anew.
    pub fn refresh_layers(&self) -> Result<(), LayersError> {
        let fresh = Arc::new(self.layer_store.read()?);
        let defects = Arc::new(self.layer_store.defects()?);
        *self
            .layer_defects
            .write()
            .unwrap_or_else(PoisonError::into_inner) = defects;
        *self.layers.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.drawn.forget_outline();
        if let Err(error) = self.refresh_directory() {
            tracing::warn!(%error, "sites are not placed in the new regions yet: {error}");
        }
        self.live.tell(Change::Everything);
        Ok(())
    }

    /// Number that changes when another process wrote the layers.
    pub fn layers_version(&self) -> Result<i64, LayersError> {
        self.layer_store.version()
    }

    /// After a handler changed the registry.
    pub(crate) async fn registry_changed(self: &Arc<Self>) {
        let done = self
            .blocking("reading the registry", Self::refresh_directory)
            .await;
        if let Err(refusal) = done {
            tracing::warn!(?refusal, "the image of the registry is stale");
        }
    }

    /// Runs what reads files or computes on a thread of its own.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        work: impl FnOnce(&Self) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&app)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Refusal::internal(operation, error)),
            Err(error) => Err(Refusal::internal(operation, error)),
        }
    }

    /// Ranks the open sites. Their distances are measured once; what was measured of their lines
    /// changes by the minute.
    pub fn plan(&self, scenario: Scenario) -> Result<Plan, RankingError> {
        let sites = self.measured_sites();
        let live: HashMap<String, (u64, u64, u64)> = self
            .live
            .read()
            .iter()
            .map(|(site, now)| (site.clone(), now.last_month))
            .collect();
        sites.plan(
            |site| availability(format!("P{PLAN_DAYS}D"), *live.get(&site.id)?),
            scenario,
        )
    }

    fn measured_sites(&self) -> Arc<MeasuredSites> {
        let directory = self.directory();
        let mut held = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, sites)) = held.as_ref()
            && *version == directory.version
        {
            return Arc::clone(sites);
        }
        let sites = directory.sites().iter();
        let sites = sites.map(|site| plan_site(site, None)).collect();
        let measured = Arc::new(MeasuredSites::new(sites, &self.layers()));
        *held = Some((directory.version, Arc::clone(&measured)));
        measured
    }
}

/// A site as the planner needs it, with the period that was looked at and its slots up, down and
/// unknown there. A site of which nothing was measured in it has no availability.
#[must_use]
pub fn plan_site(site: &SiteEntry, measured: Option<(String, (u64, u64, u64))>) -> PlanSite {
    PlanSite {
        id: site.id.clone(),
        name: site.name.clone(),
        kind: site.kind.clone(),
        position: Position::new(site.latitude, site.longitude).ok(),
        region: site.region.clone(),
        invented: site.invented,
        simulated: site.simulated,
        availability: measured.and_then(|(period, slots)| availability(period, slots)),
    }
}

/// Slots up, down and unknown of a period; `None` when nothing was measured in it.
fn availability(
    period: String,
    (up_slots, down_slots, unknown_slots): (u64, u64, u64),
) -> Option<MeasuredAvailability> {
    (up_slots + down_slots > 0).then_some(MeasuredAvailability {
        period,
        up_slots,
        down_slots,
        unknown_slots,
    })
}
