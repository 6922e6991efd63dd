//! The thread that follows the journal: rows into the store, lines into the registry, and word of
//! what changed. What it does for a position is the same whenever it does it again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use desserte_probe::{clock::Clock, report::Report, wire::id::AgentId};
use tokio::sync::broadcast;

use super::{
    activity::Activities,
    letting_go::LettingGo,
    refill::{POSITIONS, RefillError, spell_out},
};
use crate::{
    registry::{Registry, RegistryError, SeenLine},
    store::{
        StoreError,
        journal::{Journal, JournaledBatch},
        retention::Retention,
        samples::{Filling, SampleStore},
    },
};

/// How long to sleep when nothing comes; also how soon a stop is noticed.
const PATIENCE: Duration = Duration::from_millis(200);
/// Decoded reports kept for this thread; beyond, it decodes the journal's bodies again.
const PREPARED_MAX: usize = 64;
/// How often the run is marked alive: what a crash can add to the collector's own silence.
const ALIVE: Duration = Duration::from_secs(10);
/// How often heartbeats are written down.
const KEEP_HEARTBEATS: Duration = Duration::from_mins(5);
/// How often schedules are made anew, because agreements end with time.
const REFRESH_SCHEDULES: Duration = Duration::from_hours(1);

/// Something was measured at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestEvent {
    /// The site.
    pub site: String,
    /// The agent.
    pub agent: AgentId,
    /// First corrected time concerned, Unix milliseconds.
    pub from_unix_ms: i64,
    /// Last corrected time concerned.
    pub to_unix_ms: i64,
}

/// What the thread shares with those who accept batches.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) registry: Arc<Registry>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) samples: Arc<dyn SampleStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) activities: Activities,
    pub(crate) events: broadcast::Sender<IngestEvent>,
    pub(crate) prepared: Mutex<HashMap<[u8; 32], Arc<Report>>>,
    pub(crate) applied: Mutex<u64>,
    pub(crate) grown: Condvar,
    pub(crate) stop: AtomicBool,
    pub(crate) run: i64,
    pub(crate) retention: Retention,
    /// What the store can never be filled with any more, in words for an operator.
    pub(crate) gap: Mutex<Option<String>>,
}

impl Following {
    /// Keeps a decoded report for the thread.
    pub(crate) fn prepare(&self, batch_hash: [u8; 32], report: &Arc<Report>) {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if prepared.len() < PREPARED_MAX {
            prepared.insert(batch_hash, Arc::clone(report));
        }
    }

    /// Takes a decoded report back.
    pub(crate) fn forget(&self, batch_hash: &[u8; 32]) -> Option<Arc<Report>> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.remove(batch_hash)
    }

    /// Position up to which the store is filled.
    pub(crate) fn applied(&self) -> u64 {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, at most `patience`, until the store is filled up to `position`.
    pub(crate) fn wait_applied(&self, position: u64, patience: Duration) -> bool {
        let applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        let (applied, _) = self
            .grown
            .wait_timeout_while(applied, patience, |applied| *applied < position)
            .unwrap_or_else(PoisonError::into_inner);
        *applied >= position
    }

    /// Notes, until the next start, that what the store is to be filled with behind a position was let
    /// go: it is filled with the rest, because what is measured now is worth more than a standstill.
    fn note_gap(&self, position: u64) {
        match self.journal.lacks_beyond(position) {
            Ok(false) => {}
            Ok(true) => {
                let gap = format!(
                    "the store is filled from position {position} on, and the journal no longer has all of its \
                     batches behind it ([retention] evidence_months): their samples are missing; stop the \
                     collector, put the bucket back from its last backup, and start again"
                );
                tracing::error!("{gap}");
                *self.gap.lock().unwrap_or_else(PoisonError::into_inner) = Some(gap);
            }
            Err(error) => {
                tracing::error!(%error, "whether the journal has all of its batches is not known");
            }
        }
    }

    fn raise(&self, position: u64) {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = position;
        self.grown.notify_all();
    }

    /// Applies `(after, until]`; events go out once their rows are in the store.
    fn step(&self, (after, until): (u64, u64)) -> Result<(), RefillError> {
        let rows_max = self.samples.caps().rows_max;
        let mut filling = Filling {
            position: after,
            ..Filling::default()
        };
        let mut events = Vec::new();
        let mut failed: Option<RefillError> = None;
        self.journal.usable((after, until), |batch| {
            if failed.is_none() {
                failed = self.one(&batch, &mut filling, &mut events, rows_max).err();
            }
            Ok(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        filling.position = until;
        self.samples.put(&filling)?;
        for event in events {
            // Nobody may be listening.
            let _ = self.events.send(event);
        }
        Ok(())
    }

    fn one(
        &self,
        batch: &JournaledBatch,
        filling: &mut Filling,
        events: &mut Vec<IngestEvent>,
        rows_max: usize,
    ) -> Result<(), RefillError> {
        let Some(map) = &batch.time_map else {
            return Ok(());
        };
        let agent = batch.envelope.agent;
        let prepared = self.forget(&batch.batch_hash);
        let found = spell_out((&self.journal, &self.registry), batch, map, prepared)?;
        let Some((report, found)) = found else {
            return Ok(());
        };
        self.activities
            .batch((batch.received_unix_ms, batch.peer), Some(map), &report);
        self.note_lines(batch, &report, found.spans.keys())?;
        for (site, (from_unix_ms, to_unix_ms)) in found.spans {
            events.push(IngestEvent {
                site,
                agent,
                from_unix_ms,
                to_unix_ms,
            });
        }
        filling.evidence.extend(found.evidence);
        for row in found.samples {
            filling.samples.push(row);
            if filling.samples.len() >= rows_max {
                // The position stays: until the step is done its rows may be put again.
                self.samples.put(filling)?;
                filling.samples.clear();
                filling.evidence.clear();
            }
        }
        Ok(())
    }

    fn note_lines<'a>(
        &self,
        batch: &JournaledBatch,
        report: &Report,
        sites: impl Iterator<Item = &'a String>,
    ) -> Result<(), RegistryError> {
        let only = report.lines.len() == 1;
        let seen: Vec<SeenLine> = report
            .lines
            .iter()
            .map(|line| SeenLine {
                line: line.clone(),
                public_address: batch.peer.filter(|_| only),
            })
            .collect();
        for site in sites {
            self.registry
                .note_lines(site, batch.envelope.agent, &seen, batch.received_unix_ms)?;
        }
        Ok(())
    }

    fn upkeep(&self, due: &mut Due) {
        let now = self.clock.monotonic();
        if now >= due.alive {
            due.alive = now + ALIVE;
            log(self.registry.run_alive(self.run, self.clock.unix_ms()));
        }
        if now >= due.heartbeats {
            due.heartbeats = now + KEEP_HEARTBEATS;
            self.keep_heartbeats();
        }
        if now >= due.schedules {
            due.schedules = now + REFRESH_SCHEDULES;
            log(self.registry.refresh_schedules(self.clock.unix_ms()));
        }
        due.letting_go.step(self);
    }

    /// Writes the last heartbeats down.
    pub(crate) fn keep_heartbeats(&self) {
        let beats = self.activities.heartbeats();
        if !beats.is_empty() {
            log(self.registry.keep_heartbeats(&beats));
        }
    }
}

fn log(result: Result<(), RegistryError>) {
    if let Err(error) = result {
        tracing::error!(%error, "upkeep failed");
    }
}

struct Due {
    alive: Duration,
    heartbeats: Duration,
    schedules: Duration,
    letting_go: LettingGo,
}

/// The thread.
#[derive(Debug)]
pub(crate) struct Applier {
    following: Arc<Following>,
    thread: Option<JoinHandle<()>>,
}

impl Applier {
    pub(crate) fn start(following: Arc<Following>) -> std::io::Result<Self> {
        let shared = Arc::clone(&following);
        let thread = std::thread::Builder::new()
            .name("ingest".to_owned())
            .spawn(move || follow(&shared))?;
        Ok(Self {
            following,
            thread: Some(thread),
        })
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.following.stop.store(true, Ordering::Release);
        self.following.journal.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("ingest thread panicked");
        }
    }
}

fn follow(shared: &Following) {
    let now = shared.clock.monotonic();
    let mut due = Due {
        alive: now + ALIVE,
        heartbeats: now + KEEP_HEARTBEATS,
        schedules: now,
        letting_go: LettingGo::new(now),
    };
    // Pauses of PATIENCE before the next try: what keeps the store from being filled must not keep
    // the rest from its upkeep.
    let mut pauses: u32 = 0;
    shared.note_gap(shared.applied());
    while !shared.stop.load(Ordering::Acquire) {
        shared.upkeep(&mut due);
        let applied = shared.applied();
        let last = shared.journal.wait_beyond(applied, PATIENCE);
        if last <= applied {
            continue;
        }
        if pauses > 0 {
            pauses -= 1;
            std::thread::sleep(PATIENCE);
            continue;
        }
        let until = last.min(applied.saturating_add(POSITIONS));
        match shared.step((applied, until)) {
            Ok(()) => shared.raise(until),
            Err(RefillError::Store(StoreError::Rewound { position })) => {
                tracing::warn!(
                    position,
                    "the store is filled again from position {position}"
                );
                shared.note_gap(position);
                shared.raise(position);
            }
            Err(error) => {
                tracing::error!(%error, "store could not be filled");
                let slices = error.retry().as_millis().div_ceil(PATIENCE.as_millis());
                pauses = u32::try_from(slices).unwrap_or(u32::MAX);
            }
        }
    }
}
