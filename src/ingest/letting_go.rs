//! Letting go of what is older than it is kept, on the thread that follows the journal: evidence goes only
//! once the store has it, and a little at a time, so that new batches do not wait for it.
//!
//! What is gone does not come back, so a clock is not believed at once. What is old is told from the
//! newest arrival, not from a clock that runs on while nothing comes; nothing goes in the first hour after
//! a start, nor while the clock is further ahead of what earlier runs saw than a collector is switched off.

use std::time::Duration;

use super::apply::Following;
use crate::{
    registry::{RegistryError, latest_unix_ms},
    store::{
        StoreError,
        retention::{evidence_kept_from_unix_ms, kept_from_unix_ms},
    },
};

/// How often what is older than it is kept is let go.
const LET_GO: Duration = Duration::from_hours(24);
/// How long after a start nothing is: the clock is set meanwhile, and statements are made of what is there.
const FIRST: Duration = Duration::from_hours(1);

/// Why nothing was let go.
#[derive(Debug, thiserror::Error)]
enum LetGoError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Bodies that go.
#[derive(Debug)]
struct Going {
    before_unix_ms: i64,
    now_unix_ms: i64,
    applied: u64,
    batches: u64,
}

/// What is let go, and when.
#[derive(Debug)]
pub(super) struct LettingGo {
    started: Duration,
    due: Duration,
    going: Option<Going>,
}

impl LettingGo {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            started: now,
            due: now + FIRST,
            going: None,
        }
    }

    /// Does a moment's work of it, where there is some.
    pub(super) fn step(&mut self, shared: &Following) {
        let now = shared.clock.monotonic();
        let done = match self.going.take() {
            Some(going) => go_on(shared, going),
            None if now >= self.due => {
                self.due = now + LET_GO;
                self.begin(shared, now)
            }
            None => return,
        };
        match done {
            Ok(going) => self.going = going,
            Err(error) => tracing::error!(%error, "what is no longer kept could not be let go"),
        }
    }

    fn begin(&self, shared: &Following, now: Duration) -> Result<Option<Going>, LetGoError> {
        let retention = shared.retention;
        if (retention.series_months, retention.evidence_months) == (None, None) {
            return Ok(None);
        }
        let Some(newest) = shared.journal.newest_received_unix_ms()? else {
            return Ok(None);
        };
        let clock = shared.clock.unix_ms();
        let believed = shared.registry.believed_unix_ms(shared.run)?;
        if !is_believed(clock, believed, now.saturating_sub(self.started)) {
            tracing::warn!(
                "nothing is let go: the clock is months ahead of when this collector ran last; see \
                 that it is right"
            );
            return Ok(None);
        }
        let present = clock.min(newest);
        let series = retention.series_months;
        if let Some(from) = series.and_then(|months| kept_from_unix_ms(present, months)) {
            let months = shared.samples.forget_before(from)?;
            if months > 0 {
                tracing::info!(months, "{months} months of samples were let go");
            }
        }
        let Some(months) = retention.evidence_months else {
            return Ok(None);
        };
        let closing_days = closing_days(shared)?;
        let Some(before) = evidence_kept_from_unix_ms(present, months, closing_days) else {
            return Ok(None);
        };
        shared.samples.flush()?;
        Ok(Some(Going {
            before_unix_ms: before,
            now_unix_ms: clock,
            applied: shared.samples.applied_position()?,
            batches: 0,
        }))
    }
}

fn go_on(shared: &Following, mut going: Going) -> Result<Option<Going>, LetGoError> {
    let moments = (going.before_unix_ms, going.now_unix_ms);
    let gone = shared.journal.let_go(moments, going.applied)?;
    going.batches += gone.batches;
    if gone.more {
        return Ok(Some(going));
    }
    let batches = going.batches;
    if batches > 0 {
        tracing::info!(batches, "{batches} signed batches were let go");
    }
    Ok(None)
}

/// The longest that any agreement keeps a month open.
fn closing_days(shared: &Following) -> Result<u32, RegistryError> {
    let mut longest = 0;
    for newest in shared.registry.agreements()? {
        for version in shared.registry.agreement_versions(&newest.agreement.id)? {
            longest = longest.max(version.agreement.exclusions.closing_days);
        }
    }
    Ok(longest)
}

/// Whether a clock may be right, after running for a while, that earlier runs leave at `believed_unix_ms`.
fn is_believed(clock_unix_ms: i64, believed_unix_ms: i64, running: Duration) -> bool {
    let running = i64::try_from(running.as_millis()).unwrap_or(i64::MAX);
    clock_unix_ms <= latest_unix_ms(believed_unix_ms, running)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;
    const NOW: i64 = 1_780_000_000_000;

    #[test]
    fn a_clock_that_leapt_is_not_believed() {
        let years = NOW + 12 * 365 * DAY_MS;
        let hour = Duration::from_hours(1);
        assert!(is_believed(NOW + 31 * DAY_MS, NOW, hour));
        assert!(!is_believed(NOW + 32 * DAY_MS, NOW, hour));
        assert!(!is_believed(years, NOW, hour));
        assert!(
            is_believed(NOW - 32 * DAY_MS, NOW, hour),
            "a clock that was put back deletes nothing"
        );
    }

    #[test]
    fn a_long_run_and_a_long_rest_are_believed_in_the_end() {
        let days = |count: u32| Duration::from_hours(24) * count;
        assert!(is_believed(NOW + 400 * DAY_MS, NOW, days(400)));
        assert!(!is_believed(NOW + 60 * DAY_MS, NOW, days(0)));
        assert!(is_believed(NOW + (60 + 29) * DAY_MS, NOW, days(29)));
    }
}
