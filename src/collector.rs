//! The collector of one data folder: registry, journal, samples, identity and clock together.
//!
//! | file | content |
//! |---|---|
//! | `registry.sqlite` | what people entered, and the outages found |
//! | `journal.sqlite` | every accepted batch as sent |
//! | `samples/` | the samples, made from the journal; may be deleted while it has all of its batches |
//! | `journal.mark` | the last position of the journal |
//! | `collector.key`, `line.key` | secrets, readable by their owner only |
//! | `collector.lock` | held by the process that serves this folder |

pub mod identity;
mod keeping;
pub(crate) mod limit;
mod lock;

use std::{
    collections::HashMap,
    fs::File,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use desserte_probe::{
    clock::Clock,
    wire::{enrol::Code, id::AgentId},
};
use tokio::sync::broadcast;

pub use self::keeping::{Keeping, samples_reading};
use self::{
    identity::{Identity, IdentityError},
    limit::RateLimit,
};
pub(crate) use self::{keeping::samples_writing, lock::lock_folder};
use crate::{
    ingest::{Activity, Applier, Counters, Following, IngestEvent, Refusal, decode, entries_of},
    ledger::{Ledger, LedgerError},
    registry::{Registry, RegistryError},
    store::{
        StoreError,
        journal::Journal,
        samples::SampleStore,
        sound::{Remedy, check_file},
    },
};

/// Events that a slow listener may fall behind before it misses some.
const EVENTS: usize = 1_024;

/// The collector could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The data folder or a file in it cannot be used.
    #[error("data folder: {operation} {path}: {source}")]
    Folder {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process serves this folder.
    #[error("data folder {0} is served by another process")]
    InUse(PathBuf),
    /// The samples know more than the journal: one of the two was replaced by another copy.
    #[error(
        "data folder {path}: the samples go to position {applied}, the journal only to {last}: \
         the journal is an older copy; put the newer one back, or {advice}",
        advice = .remedy.to_go_on(
            "delete the folder samples (with a server: name an empty bucket) to go on from this one"
        )
    )]
    StoreAhead {
        /// The folder.
        path: PathBuf,
        /// Position up to which the samples go.
        applied: u64,
        /// Last position of the journal.
        last: u64,
        /// What the samples are worth, which is how to go on.
        remedy: Remedy,
    },
    /// The keys cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The registry cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A new enrolment code.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The code; shown once.
    pub code: Code,
    /// Until when it is worth an enrolment, Unix milliseconds.
    pub expires_unix_ms: i64,
}

/// Everything of one data folder.
#[derive(Debug)]
pub struct Collector {
    // Dropped in this order: the thread that follows the journal first, the lock last.
    applier: Applier,
    following: Arc<Following>,
    ledger: Arc<Ledger>,
    identity: Identity,
    first_events: Mutex<Option<broadcast::Receiver<IngestEvent>>>,
    counters: Mutex<Counters>,
    heartbeat_port: OnceLock<u16>,
    enrol_limit: RateLimit<IpAddr>,
    batch_limit: RateLimit<AgentId>,
    _lock: File,
}

/// The registry's file in a data folder; commands open it beside a server.
#[must_use]
pub fn registry_path(data: &Path) -> PathBuf {
    data.join("registry.sqlite")
}

/// The journal's file in a data folder; it holds the log too.
#[must_use]
pub fn journal_path(data: &Path) -> PathBuf {
    data.join("journal.sqlite")
}

/// The sample store's folder in a data folder.
#[must_use]
pub fn samples_path(data: &Path) -> PathBuf {
    data.join("samples")
}

/// Makes an enrolment code for a site; works beside a server that has the folder open.
pub fn new_code(
    registry: &Registry,
    identity: &Identity,
    site: &str,
    author: &str,
    at_unix_ms: i64,
) -> Result<NewCode, RegistryError> {
    let secret: [u8; 16] = rand::random();
    let expires_unix_ms = registry.keep_code(&secret, site, author, at_unix_ms)?;
    Ok(NewCode {
        code: identity.code(secret),
        expires_unix_ms,
    })
}

impl Collector {
    /// Opens a data folder with samples in it, kept for ever.
    pub fn open(data: &Path, clock: Arc<dyn Clock>) -> Result<Arc<Self>, CollectorError> {
        Self::open_with(data, clock, &Keeping::default())
    }

    /// Opens a data folder, making it as needed, and goes on where the last process stopped.
    pub fn open_with(
        data: &Path,
        clock: Arc<dyn Clock>,
        keeping: &Keeping,
    ) -> Result<Arc<Self>, CollectorError> {
        let folder = |operation: &'static str| {
            move |source| CollectorError::Folder {
                operation,
                path: data.to_owned(),
                source,
            }
        };
        identity::private_folder(data).map_err(folder("make"))?;
        let lock = lock::lock(data)?;
        let identity = Identity::open(data)?;
        check_file(&registry_path(data), Remedy::Backup)?;
        let registry = Arc::new(Registry::open(&registry_path(data))?);
        let journal = Arc::new(Journal::open(&journal_path(data), entries_of)?);
        let ledger = Arc::new(Ledger::open(
            &journal_path(data),
            Arc::clone(&registry),
            identity.signing_key().clone(),
        )?);
        ledger.take_up()?;
        let samples = keeping::samples(data, &journal, (&identity, keeping))?;
        let (applied, last) = (samples.applied_position()?, journal.last_position());
        if applied > last {
            return Err(CollectorError::StoreAhead {
                path: data.to_owned(),
                applied,
                last,
                remedy: Remedy::of_samples(journal.lacks_beyond(0)?),
            });
        }
        let (events, first_events) = broadcast::channel(EVENTS);
        let following = Arc::new(Following {
            run: registry.start_run(clock.unix_ms())?,
            applied: Mutex::new(applied),
            registry,
            journal,
            samples,
            clock,
            activities: crate::ingest::activity::Activities::default(),
            events,
            prepared: Mutex::new(HashMap::new()),
            grown: Condvar::new(),
            stop: AtomicBool::new(false),
            retention: keeping.retention,
            gap: Mutex::default(),
        });
        remember(&following)?;
        let thread = Applier::start(Arc::clone(&following)).map_err(folder("follow"))?;
        Ok(Arc::new(Self {
            applier: thread,
            following,
            ledger,
            identity,
            first_events: Mutex::new(Some(first_events)),
            counters: Mutex::new(Counters::default()),
            heartbeat_port: OnceLock::new(),
            enrol_limit: RateLimit::default(),
            batch_limit: RateLimit::default(),
            _lock: lock,
        }))
    }

    /// What people entered.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.following.registry
    }

    /// Accepted batches.
    #[must_use]
    pub fn journal(&self) -> &Arc<Journal> {
        &self.following.journal
    }

    /// The log.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Samples and evidence.
    #[must_use]
    pub fn samples(&self) -> &Arc<dyn SampleStore> {
        &self.following.samples
    }

    /// What keeps the samples from being all that was accepted, in words for an operator; `None`:
    /// nothing does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let gap = self.following.gap.lock();
        let gap = gap.unwrap_or_else(PoisonError::into_inner).clone();
        gap.or_else(|| self.samples().trouble())
    }

    /// The keys.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.following.clock
    }

    /// Word of every interval that was measured, as soon as the store has it. Who asks first misses
    /// nothing since the folder was opened.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<IngestEvent> {
        let first = self.first_events.lock();
        let first = first.unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.following.events.subscribe())
    }

    /// What was last heard of an agent.
    #[must_use]
    pub fn activity(&self, agent: AgentId) -> Activity {
        self.following.activities.of(agent)
    }

    /// When the last batch of an agent was received, Unix milliseconds.
    #[must_use]
    pub fn last_batch_unix_ms(&self, agent: AgentId) -> Option<i64> {
        self.following.activities.batch_unix_ms(agent)
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.lock_counters().clone()
    }

    /// Journal position up to which the store is filled.
    #[must_use]
    pub fn applied_position(&self) -> u64 {
        self.following.applied()
    }

    /// Waits, at most `patience`, until the store is filled up to a journal position.
    #[must_use]
    pub fn wait_applied(&self, position: u64, patience: Duration) -> bool {
        self.following.wait_applied(position, patience)
    }

    /// Makes an enrolment code for a site.
    pub fn new_code(&self, site: &str, author: &str) -> Result<NewCode, RegistryError> {
        let now = self.clock().unix_ms();
        new_code(self.registry(), &self.identity, site, author, now)
    }

    /// UDP port of heartbeats, once the agents' listener runs.
    #[must_use]
    pub fn heartbeat_port(&self) -> Option<u16> {
        self.heartbeat_port.get().copied()
    }

    pub(crate) fn set_heartbeat_port(&self, port: u16) {
        // A second listener of the same process keeps the first one's port.
        let _ = self.heartbeat_port.set(port);
    }

    pub(crate) fn following(&self) -> &Following {
        &self.following
    }

    pub(crate) fn enrol_limit(&self) -> &RateLimit<IpAddr> {
        &self.enrol_limit
    }

    pub(crate) fn batch_limit(&self) -> &RateLimit<AgentId> {
        &self.batch_limit
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.lock_counters());
    }

    pub(crate) fn count_refusal(&self, refusal: &Refusal) {
        self.count(|counters| *counters.refused.entry(refusal.code()).or_default() += 1);
    }

    fn lock_counters(&self) -> std::sync::MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.following.keep_heartbeats();
        let now = self.following.clock.unix_ms();
        if let Err(error) = self.following.registry.run_alive(self.following.run, now) {
            tracing::error!(%error, "end of run not written down");
        }
        tracing::debug!(applier = ?self.applier, "collector closes");
    }
}

/// Takes up what was last heard of each agent before the start.
fn remember(following: &Following) -> Result<(), CollectorError> {
    for agent in following.registry.agents()? {
        following
            .activities
            .restore_heartbeat(agent.id, agent.heartbeat);
        let Some(batch) = following.journal.last_batch_of(agent.id)? else {
            continue;
        };
        if let Ok(report) = decode(batch.content_type, &batch.body) {
            following.activities.batch(
                (batch.received_unix_ms, batch.peer),
                batch.time_map.as_ref(),
                &report,
            );
        }
    }
    Ok(())
}
