//! What has arrived and was not looked at yet, joined by site: however long a look takes, nothing of
//! it is lost, and it never grows beyond the number of sites.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};

use crate::app::App;
use crate::ingest::IngestEvent;

/// Arrivals that wait for the worker.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: Mutex<Waiting>,
    come: Notify,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The span that arrived at each site.
    pub(super) by_site: HashMap<String, IngestEvent>,
    /// More came than could be taken down: every site is to be looked at.
    pub(super) overflowed: bool,
}

impl Arrivals {
    /// Takes down what arrives until the collector is gone, and tells those who keep figures. Does
    /// nothing else, so that it keeps up.
    pub(super) async fn follow(&self, app: &App, mut events: broadcast::Receiver<IngestEvent>) {
        loop {
            match events.recv().await {
                Ok(event) => {
                    app.samples_arrived(&event.site, event.from_unix_ms);
                    self.note(event);
                }
                Err(RecvError::Lagged(_)) => {
                    app.samples_overflowed();
                    self.lock().overflowed = true;
                }
                Err(RecvError::Closed) => return,
            }
            self.come.notify_one();
        }
    }

    /// Waits until something is there.
    pub(super) async fn come(&self) {
        self.come.notified().await;
    }

    /// Everything that waits.
    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut *self.lock())
    }

    fn note(&self, event: IngestEvent) {
        let mut waiting = self.lock();
        if let Some(held) = waiting.by_site.get_mut(&event.site) {
            held.from_unix_ms = held.from_unix_ms.min(event.from_unix_ms);
            held.to_unix_ms = held.to_unix_ms.max(event.to_unix_ms);
        } else {
            waiting.by_site.insert(event.site.clone(), event);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
