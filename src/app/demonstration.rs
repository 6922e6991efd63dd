//! How far a demonstration has come: what the page says while the simulated past is played back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// What a demonstration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// There is none.
    #[default]
    None,
    /// The simulated agents enrol.
    Enrolling,
    /// The last day before the first start is played back.
    LastDay,
    /// The days before are played back.
    EarlierDays,
    /// The past is there; the agents live on.
    Complete,
    /// It stopped; the collector's log says why.
    Failed,
}

impl Phase {
    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Enrolling => "enrolling",
            Self::LastDay => "last_day",
            Self::EarlierDays => "earlier_days",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// What does not change while a demonstration runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Begun {
    /// Simulated sites.
    pub sites: u32,
    /// Days of history at the first start.
    pub history_days: u32,
    /// When it was started, Unix milliseconds.
    pub started_unix_ms: Option<i64>,
    /// The collector was off before this start, Unix milliseconds; the sites lived on.
    pub away_unix_ms: Option<(i64, i64)>,
}

/// The progress of a demonstration.
#[derive(Debug, Default)]
pub struct Progress {
    state: RwLock<(Phase, Begun)>,
    sites_done: AtomicU64,
    days_done: AtomicU64,
}

impl Progress {
    /// A demonstration of so many sites and days begins.
    pub fn begin(
        &self,
        (sites, history_days): (u32, u32),
        started_unix_ms: Option<i64>,
        away_unix_ms: Option<(i64, i64)>,
    ) {
        self.write().1 = Begun {
            sites,
            history_days,
            started_unix_ms,
            away_unix_ms,
        };
    }

    /// Whether its past is there, or there is no demonstration.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let phase = self.state.read().unwrap_or_else(PoisonError::into_inner).0;
        matches!(phase, Phase::None | Phase::Complete)
    }

    /// Another phase begins: sites are counted anew.
    pub fn enter(&self, phase: Phase) {
        self.sites_done.store(0, Ordering::Relaxed);
        self.write().0 = phase;
    }

    /// So many agents are enrolled.
    pub fn enrolled(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.sites_done.store(count, Ordering::Relaxed);
    }

    /// The phase is over for so many more sites.
    pub fn site_done(&self, count: u64) {
        self.sites_done.fetch_add(count, Ordering::Relaxed);
    }

    /// So many more days of a site are played back.
    pub fn day_done(&self, count: u64) {
        self.days_done.fetch_add(count, Ordering::Relaxed);
    }

    /// The phase, and what does not change.
    #[must_use]
    pub fn now(&self) -> (Phase, Begun) {
        *self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sites for which the phase is over, and days of sites that were played back in all.
    #[must_use]
    pub fn done(&self) -> (u64, u64) {
        (
            self.sites_done.load(Ordering::Relaxed),
            self.days_done.load(Ordering::Relaxed),
        )
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, (Phase, Begun)> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
