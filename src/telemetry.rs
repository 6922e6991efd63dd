//! The monitor is monitored: its log and its metrics.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing_subscriber::filter::LevelFilter;

/// Starts the log on stderr; data alone goes to stdout. A second call changes nothing.
pub fn start_log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_ansi(false)
        .try_init();
}

/// A code of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabel {
    /// The code, from its closed list.
    pub code: String,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// The state, from its closed list.
    pub state: String,
}

/// The collector's own figures, in OpenMetrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Batches accepted (`code="accepted"`, `"duplicate"`) and refused, by code.
    pub batches: Family<CodeLabel, Counter>,
    /// Samples taken over into the store.
    pub samples: Counter,
    /// Group commits of the journal that batches waited for.
    pub journal_commits: Counter,
    /// Seconds that batches waited for them, in all.
    pub journal_commit_seconds: Gauge<f64, AtomicU64>,
    /// Entries that came twice with different content.
    pub conflicts: Counter,
    /// Agents by state.
    pub agents: Family<StateLabel, Gauge<i64>>,
    /// Open sites by state.
    pub sites: Family<StateLabel, Gauge<i64>>,
    /// Readers of server-sent events.
    pub event_readers: Gauge<i64>,
    /// Seconds that the last assessment of a site took.
    pub assessment_seconds: Gauge<f64, AtomicU64>,
    /// Batches that are in the journal and not in the store yet.
    pub store_behind_batches: Gauge<i64>,
    /// 1 while something keeps the store from being filled, else 0.
    pub store_trouble: Gauge<i64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("desserte"),
            batches: Family::default(),
            samples: Counter::default(),
            journal_commits: Counter::default(),
            journal_commit_seconds: Gauge::default(),
            conflicts: Counter::default(),
            agents: Family::default(),
            sites: Family::default(),
            event_readers: Gauge::default(),
            assessment_seconds: Gauge::default(),
            store_behind_batches: Gauge::default(),
            store_trouble: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "batches",
            "Batches of agents, accepted and refused, by code",
            self.batches.clone(),
        );
        registry.register("samples", "Samples taken over", self.samples.clone());
        registry.register(
            "journal_commits",
            "Commits of the journal that batches waited for",
            self.journal_commits.clone(),
        );
        registry.register(
            "journal_commit_seconds",
            "Seconds that batches waited for commits of the journal, in all",
            self.journal_commit_seconds.clone(),
        );
        registry.register(
            "conflicts",
            "Entries that came twice with different content",
            self.conflicts.clone(),
        );
        registry.register("agents", "Agents by state", self.agents.clone());
        registry.register("sites", "Open sites by state", self.sites.clone());
        registry.register(
            "event_readers",
            "Readers of server-sent events",
            self.event_readers.clone(),
        );
        registry.register(
            "assessment_seconds",
            "Duration of the last assessment of a site",
            self.assessment_seconds.clone(),
        );
        registry.register(
            "store_behind_batches",
            "Batches in the journal that the sample store does not have yet",
            self.store_behind_batches.clone(),
        );
        registry.register(
            "store_trouble",
            "1 while something keeps the sample store from being filled, or from having everything",
            self.store_trouble.clone(),
        );
    }

    /// All figures as text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
