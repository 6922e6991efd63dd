//! Everything the collector's face shares: the image of the registry, live states, layers, metrics.

mod counts;
mod demonstration;
mod directory;
mod drawn;
mod entries;
mod gaps;
mod groups;
mod imports;
mod months;
mod overview;
mod planned;
mod planning;
mod site_map;
mod source;
mod statement;
mod status;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use desserte_planning::layer::Layers;
use desserte_planning::plan::MeasuredSites;
use tokio::sync::watch;

use counts::AgentStates;
pub use counts::Counts;
pub use demonstration::{Begun, Phase, Progress};
pub use directory::{Directory, ExpectedAgent, SiteEntry, StoredAgreement};
pub use entries::{AgentEntry, LineEntry, OutageFilter, SiteRecord, TargetEntry, VersionEntry};
pub use gaps::{SiteGap, stored_sites};
pub use groups::{OutageGroup, OutageGroups};
pub use months::Figured;
pub use overview::{Group, Overview, Tally};
use planned::availability;
pub use planned::plan_site;
pub use planning::{Planning, PlanningNow};
pub use site_map::SiteMap;
pub(crate) use source::EVIDENCE_MARGIN_MS;
pub use source::{Source, SourceError};
pub use statement::ACCEPTANCE_SPAN_DAYS;
pub use status::status_text;
use views::{ByScope, Views};

use crate::api::error::Refusal;
use crate::config::Config;
use crate::doors::Doors;
use crate::doors::viewer::Viewer;
use crate::geography::Geography;
use crate::layers::{Defects, LayerStore, LayersError};
use crate::live::{Change, Live};
use crate::plans::PlanStore;
use crate::staging::Staging;
use crate::telemetry::Metrics;

/// Days of measurements that a plan looks back on.
pub const PLAN_DAYS: i64 = 30;

/// The collector's face as one viewer sees it: what it answers is cut to the viewer's scope. The
/// collector itself, its assessment and its demonstration, see everything.
#[derive(Debug, Clone)]
pub struct App {
    house: Arc<House>,
    viewer: Arc<Viewer>,
}

impl std::ops::Deref for App {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

/// What every viewer shares. Nothing in it that is open to others tells of a site.
#[derive(Debug)]
pub struct House {
    source: Source,
    layer_store: LayerStore,
    imports: Staging,
    plan_store: PlanStore,
    planning: Planning,
    directory: RwLock<Arc<Directory>>,
    layers: RwLock<Arc<Layers>>,
    layer_defects: RwLock<Arc<LayerDefects>>,
    /// Site of each agent that is not revoked, and whether the agent is silent.
    agent_states: RwLock<Arc<AgentStates>>,
    /// What scoped viewers see of the directory.
    views: Views,
    /// The sites with their distances.
    planned: ByScope<MeasuredSites>,
    drawn: drawn::Drawn,
    /// Counts, as they were when readers were told that they changed.
    told_counts: ByScope<Counts>,
    /// Months' figures.
    months: months::MonthCache,
    /// States of sites and their changes.
    pub live: Live,
    /// How far a demonstration has come.
    pub demonstration: Arc<Progress>,
    /// Who comes in.
    pub doors: Doors,
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
    /// Who comes in.
    pub doors: Doors,
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
        let house = House {
            source: parts.source,
            layer_store: parts.layer_store,
            imports: parts.imports,
            plan_store: parts.plan_store,
            planning: Planning::default(),
            directory: RwLock::new(Arc::new(directory)),
            layers: RwLock::new(Arc::new(layers)),
            layer_defects: RwLock::new(Arc::new(defects)),
            agent_states: RwLock::default(),
            views: Views::default(),
            planned: ByScope::default(),
            months: months::MonthCache::default(),
            drawn: drawn::Drawn::default(),
            told_counts: ByScope::default(),
            live: Live::default(),
            demonstration: Arc::default(),
            doors: parts.doors,
            metrics: Metrics::default(),
            config: parts.config,
            geography: parts.geography,
            agents_url: parts.agents_url,
            key_sha256: parts.key_sha256,
            shutdown: parts.shutdown,
        };
        let app = Self {
            house: Arc::new(house),
            viewer: Arc::new(Viewer::machine()),
        };
        let mut directory = Directory::clone(&app.directory());
        app.place_in_regions(&mut directory);
        *app.directory
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        app.count_agents();
        Ok(app)
    }

    /// Registry, journal and store.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same house as another viewer sees it.
    #[must_use]
    pub fn seen_by(&self, viewer: Arc<Viewer>) -> Arc<Self> {
        Arc::new(Self {
            house: Arc::clone(&self.house),
            viewer,
        })
    }

    /// Who looks.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The image of the registry, cut to what the viewer sees.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        let whole = self.whole();
        self.views.of(&self.viewer.scope, whole, &self.config.sites)
    }

    /// Whether nothing is out of what the viewer sees.
    #[must_use]
    pub fn sees_everything(&self) -> bool {
        self.viewer.scope.is_whole()
    }

    /// Whether the viewer sees a site.
    #[must_use]
    pub fn sees(&self, site: &str) -> bool {
        self.sees_everything() || self.directory().site(site).is_some()
    }

    /// The image of the registry, whoever looks.
    fn whole(&self) -> Arc<Directory> {
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

    /// Reads the registry anew and tells readers to do the same.
    pub fn refresh_directory(&self) -> Result<(), SourceError> {
        let held = self.whole();
        let mut fresh = self.source.directory(held.version + 1)?;
        self.place_in_regions(&mut fresh);
        let fresh = Arc::new(fresh);
        // Not every change of the registry is one of its image: an exclusion is none.
        if fresh.says_the_same(&held) {
            return Ok(());
        }
        *self
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        self.count_agents();
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
        self.planned.forget();
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
}
