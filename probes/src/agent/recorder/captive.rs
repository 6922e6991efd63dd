//! Looking for a portal: now and then while all is well, with every entry while something fails, and
//! at once when a page that was measured answers otherwise than before.

use std::{collections::HashMap, sync::atomic::Ordering::Relaxed, time::Duration};

use tokio::task::{JoinError, JoinSet};

use super::Recorder;
use crate::{
    kinds::{Measured, captive},
    report::{Detail, Fact},
};

/// The check under way, and why there should be another.
#[derive(Debug, Default)]
pub(super) struct Captive {
    pub(super) check: JoinSet<Option<bool>>,
    checked: Option<Duration>,
    wanted: bool,
    /// HTTP status of each target when it last answered.
    statuses: HashMap<String, u16>,
}

impl Captive {
    /// Looks at what a target answered.
    pub(super) fn look(&mut self, target: &str, measured: &Measured) {
        let Some(Detail::Http {
            status: Some(status),
            ..
        }) = measured.detail
        else {
            return;
        };
        let before = self.statuses.insert(target.to_owned(), status);
        self.wanted |= before.is_some_and(|before| before != status);
    }
}

impl Recorder {
    /// Starts a check where one is due.
    pub(super) fn check_captive(&mut self) {
        let Some(check) = self.schedule.captive.clone() else {
            return;
        };
        // One target that has been dead for an hour is no reason to ask every minute for ever.
        let fails = self.measurer.hurry.load(Relaxed);
        let now = self.shared.clock.monotonic();
        let every = Duration::from_secs(u64::from(check.every_seconds));
        let held = &self.captive;
        let due = held
            .checked
            .is_none_or(|checked| now.saturating_sub(checked) >= every);
        let over_budget = self.measurer.over_budget.load(Relaxed);
        if over_budget || !held.check.is_empty() || !(due || fails || held.wanted) {
            return;
        }
        self.captive.checked = Some(now);
        self.captive.wanted = false;
        let bench = self.measurer.http.clone();
        self.captive
            .check
            .spawn(async move { captive::intercepted(&check, &bench).await });
    }

    /// Takes what a check found; a portal that came or went is told at once.
    pub(super) fn take_captive(&mut self, found: Result<Option<bool>, JoinError>) {
        let intercepted = match found {
            Ok(Some(intercepted)) => intercepted,
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "the check for a portal failed"),
        };
        let now = self.shared.clock.boottime_ms();
        self.filling.fact(now, Fact::Captive { intercepted });
        let before = self.measurer.intercepted.swap(intercepted, Relaxed);
        if before != intercepted {
            tracing::info!(intercepted, "a portal came or went");
            self.record();
            self.orders.wake.notify_one();
        }
    }
}
