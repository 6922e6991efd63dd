//! What uploading learns beside receipts: attempts, and the collector's time.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::{
    clock::{ClockFit, TimeMap},
    report::{TIME_EXCHANGES_MAX, TimeExchange},
};

/// Attempts to reach the collector since they were last asked for.
#[derive(Debug, Default)]
pub struct Attempts {
    pub(super) attempts: AtomicU32,
    pub(super) answered: AtomicU32,
}

impl Attempts {
    /// Attempts and answers since the last call.
    pub fn take(&self) -> (u16, u16) {
        let take =
            |counter: &AtomicU32| u16::try_from(counter.swap(0, Relaxed)).unwrap_or(u16::MAX);
        let answered = take(&self.answered);
        (take(&self.attempts).max(answered), answered)
    }
}

/// What the agent knows of the collector's time in this boot.
#[derive(Debug, Default)]
pub struct KnownTime {
    pub(super) exchanges: Vec<TimeExchange>,
    unrecorded: Vec<TimeExchange>,
}

impl KnownTime {
    pub(super) fn add(&mut self, exchange: TimeExchange) {
        if self.exchanges.len() >= TIME_EXCHANGES_MAX {
            // The second oldest goes: the first anchors the drift over the whole boot.
            self.exchanges.remove(1);
        }
        self.exchanges.push(exchange);
        self.unrecorded.push(exchange);
    }

    /// Exchanges not yet written to the spool.
    pub fn take_unrecorded(&mut self) -> Vec<TimeExchange> {
        std::mem::take(&mut self.unrecorded)
    }

    /// The map from boot time to Unix time.
    #[must_use]
    pub fn map(&self) -> Option<TimeMap> {
        ClockFit::new(&self.exchanges).time_map()
    }
}
