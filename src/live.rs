//! What is true now: the state of every measured site, in memory, and a channel of changes.
//!
//! Rebuilt from the store at start; [`crate::assess::worker`] is its only writer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use desserte_domain::cause::{Cause, Verdict};
use desserte_domain::live::SiteState;
use tokio::sync::broadcast;

/// Changes kept for a reader that is slow; one that falls further behind is told to read anew.
const CHANGES_KEPT: usize = 1_024;

/// What is known of a site now.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteLive {
    /// Its state.
    pub state: SiteState,
    /// Since when; `None` when it was never measured.
    pub since_unix_ms: Option<i64>,
    /// Cause of the outage it is in.
    pub cause: Option<Cause>,
    /// Start of its newest sample.
    pub last_sample_unix_ms: Option<i64>,
    /// Slots of the last 24 hours counted as up, and measured.
    pub last_day: (u64, u64),
    /// Slots of the last days that a plan looks back on: up, down, unknown.
    pub last_month: (u64, u64, u64),
}

impl Default for SiteLive {
    /// Never measured.
    fn default() -> Self {
        Self {
            state: SiteState::Unknown,
            since_unix_ms: None,
            cause: None,
            last_sample_unix_ms: None,
            last_day: (0, 0),
            last_month: (0, 0, 0),
        }
    }
}

/// An outage of a site, as it is stored and shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteOutage {
    /// Number in the registry; 0 before it is stored.
    pub id: i64,
    /// The site.
    pub site: String,
    /// Start of its first bad slot.
    pub start_unix_ms: i64,
    /// Start of the first good slot after it; `None` while it lasts.
    pub end_unix_ms: Option<i64>,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// Slots in it that were measured.
    pub down_slots: u64,
    /// Why.
    pub verdict: Verdict,
    /// The agent whose samples showed it; `None` when several agents' did.
    pub agent: Option<String>,
}

/// The newest sample of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSeen {
    /// The site.
    pub site: String,
    /// The target.
    pub target: String,
    /// Its start.
    pub at_unix_ms: i64,
    /// Median response time, microseconds.
    pub rtt_us_median: Option<u32>,
    /// Packets or requests sent.
    pub sent: u16,
    /// Answers.
    pub received: u16,
}

/// A change that readers are told of.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A site's state, or its cause.
    Site {
        /// The site.
        site: String,
        /// What is true of it now.
        now: SiteLive,
    },
    /// An outage opened, changed its cause or closed.
    Outage(SiteOutage),
    /// An outage is none any more: samples that came late took it away, or moved its start.
    OutageGone {
        /// The site.
        site: String,
        /// Number in the registry.
        id: i64,
    },
    /// A sample came.
    Sample(SampleSeen),
    /// Counts may have changed.
    Summary,
    /// So much changed that readers had better read anew (sites imported, agreements changed).
    Everything,
}

/// Live states and their changes.
#[derive(Debug)]
pub struct Live {
    sites: RwLock<HashMap<String, SiteLive>>,
    changes: broadcast::Sender<Arc<Change>>,
    /// Apart, because there are many of them: a reader of changes does not fall behind by samples.
    samples: broadcast::Sender<Arc<Change>>,
    /// Counts changed since [`Change::Summary`] was told last.
    counts_changed: AtomicBool,
    /// How often it was told.
    summaries: AtomicU64,
    /// Readers of each account.
    readers: Arc<Mutex<HashMap<String, usize>>>,
}

/// A reader of changes; counted until it is dropped.
#[derive(Debug)]
pub struct ReaderPlace {
    readers: Arc<Mutex<HashMap<String, usize>>>,
    name: String,
}

impl Drop for ReaderPlace {
    fn drop(&mut self) {
        let mut held = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.name);
            }
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            sites: RwLock::default(),
            changes: broadcast::Sender::new(CHANGES_KEPT),
            samples: broadcast::Sender::new(CHANGES_KEPT),
            counts_changed: AtomicBool::default(),
            summaries: AtomicU64::default(),
            readers: Arc::default(),
        }
    }
}

impl Live {
    /// What is known of a site; never measured when nothing is.
    #[must_use]
    pub fn of(&self, site: &str) -> SiteLive {
        self.read().get(site).cloned().unwrap_or_default()
    }

    /// All measured sites at once.
    pub fn read(&self) -> RwLockReadGuard<'_, HashMap<String, SiteLive>> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what is known of a site now; tells readers when state or cause changed, and
    /// answers whether they did.
    pub fn update(&self, site: &str, now: SiteLive) -> bool {
        let changed = {
            let mut sites = self.write();
            let before = sites
                .insert(site.to_owned(), now.clone())
                .unwrap_or_default();
            (before.state, before.cause) != (now.state, now.cause)
        };
        if changed {
            self.tell(Change::Site {
                site: site.to_owned(),
                now,
            });
            self.change_counts();
        }
        changed
    }

    /// Forgets sites that nobody measures any more; tells readers of those of which something was
    /// known.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) {
        let gone: Vec<String> = {
            let mut sites = self.write();
            let gone = sites.extract_if(|site, _| !keep(site));
            gone.map(|(site, _)| site).collect()
        };
        for site in gone {
            let now = SiteLive::default();
            self.tell(Change::Site { site, now });
            self.change_counts();
        }
    }

    /// Tells readers of a change. Without readers it is dropped.
    pub fn tell(&self, change: Change) {
        let channel = match change {
            Change::Sample(_) => &self.samples,
            Change::Summary => {
                self.summaries.fetch_add(1, Ordering::AcqRel);
                &self.changes
            }
            _ => &self.changes,
        };
        let _ = channel.send(Arc::new(change));
    }

    /// Counts changed: readers are told with the next [`Live::tell_counts`].
    pub fn change_counts(&self) {
        self.counts_changed.store(true, Ordering::Release);
    }

    /// Tells readers once of all counts that changed since the last time, if any did.
    pub fn tell_counts(&self) {
        if self.counts_changed.swap(false, Ordering::AcqRel) {
            self.tell(Change::Summary);
        }
    }

    /// How often [`Change::Summary`] was told: what was counted for one of them is good for all its
    /// readers.
    #[must_use]
    pub fn summaries(&self) -> u64 {
        self.summaries.load(Ordering::Acquire)
    }

    /// A new reader of changes other than samples.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// A new reader of samples.
    #[must_use]
    pub fn samples(&self) -> broadcast::Receiver<Arc<Change>> {
        self.samples.subscribe()
    }

    /// A place for one more reader of an account; `None` when it has as many as it may.
    #[must_use]
    pub fn reader(&self, name: &str, most: usize) -> Option<ReaderPlace> {
        let mut held = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(name.to_owned()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(ReaderPlace {
            readers: Arc::clone(&self.readers),
            name: name.to_owned(),
        })
    }

    /// Readers of changes now.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.changes.receiver_count()
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, SiteLive>> {
        self.sites.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identifier of a state in every interface.
#[must_use]
pub fn identifier(state: SiteState) -> &'static str {
    match state {
        SiteState::Up => "up",
        SiteState::Degraded => "degraded",
        SiteState::Down => "down",
        SiteState::Unknown => "unknown",
        SiteState::Excluded => "excluded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_hear_of_changes_and_of_nothing_else() {
        let live = Live::default();
        let mut changes = live.changes();
        let up = SiteLive {
            state: SiteState::Up,
            ..SiteLive::default()
        };
        assert!(live.update("a", up.clone()));
        assert!(!live.update("a", up.clone()));
        assert!(!live.update("b", SiteLive::default()));
        assert_eq!(
            *changes.try_recv().unwrap(),
            Change::Site {
                site: "a".to_owned(),
                now: up
            }
        );
        assert!(changes.try_recv().is_err());
        assert_eq!(live.of("nowhere"), SiteLive::default());
        live.retain(|site| site == "b");
        let now = SiteLive::default();
        let site = "a".to_owned();
        assert_eq!(*changes.try_recv().unwrap(), Change::Site { site, now });
        assert!(changes.try_recv().is_err());
    }

    #[test]
    fn counts_that_change_often_are_told_once() {
        let live = Live::default();
        let mut changes = live.changes();
        live.tell_counts();
        live.change_counts();
        live.change_counts();
        live.tell_counts();
        live.tell_counts();
        assert_eq!(*changes.try_recv().unwrap(), Change::Summary);
        assert!(changes.try_recv().is_err());
        assert_eq!(live.summaries(), 1);
    }
}
