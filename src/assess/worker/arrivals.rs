//! What has arrived and was not looked at yet, joined by site: however long a look takes, nothing of
//! it is lost, and it never grows beyond the number of sites.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};

use crate::ingest::IngestEvent;

/// Spans of one site that are kept apart; of more, the two nearest are joined.
const SPANS_MAX: usize = 32;

/// Arrivals that wait for the worker.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: Mutex<Waiting>,
    come: Notify,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The spans that arrived at each site, Unix milliseconds, half-open, ascending and apart: an old
    /// backlog and the present do not become the weeks between them.
    pub(super) by_site: HashMap<String, Vec<(i64, i64)>>,
    /// More came than could be taken down: every site is to be looked at.
    pub(super) overflowed: bool,
}

impl Arrivals {
    /// Takes down what arrives until the collector is gone. Does nothing else, so that it keeps up.
    pub(super) async fn follow(&self, mut events: broadcast::Receiver<IngestEvent>) {
        loop {
            match events.recv().await {
                Ok(event) => self.note(&event),
                Err(RecvError::Lagged(_)) => self.lock().overflowed = true,
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

    fn note(&self, event: &IngestEvent) {
        let mut waiting = self.lock();
        let spans = waiting.by_site.entry(event.site.clone()).or_default();
        join(
            spans,
            (event.from_unix_ms, event.to_unix_ms.saturating_add(1)),
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a span to those that are there.
fn join(spans: &mut Vec<(i64, i64)>, new: (i64, i64)) {
    spans.push(new);
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        match joined.last_mut() {
            Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
            _ => joined.push(span),
        }
    }
    while joined.len() > SPANS_MAX {
        let gap = |pair: &[(i64, i64)]| match pair {
            [one, other] => other.0 - one.1,
            _ => i64::MAX,
        };
        let gaps = joined.windows(2).enumerate();
        let Some((nearest, _)) = gaps.min_by_key(|(_, pair)| gap(pair)) else {
            break;
        };
        let (_, end) = joined.remove(nearest + 1);
        if let Some(span) = joined.get_mut(nearest) {
            span.1 = end;
        }
    }
    *spans = joined;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_joined_where_they_touch_and_where_they_are_too_many() {
        let mut spans = Vec::new();
        for span in [(50, 60), (0, 10), (60, 70), (5, 20)] {
            join(&mut spans, span);
        }
        assert_eq!(spans, [(0, 20), (50, 70)]);
        for n in 0..100 {
            join(&mut spans, (1_000 + n * n, 1_001 + n * n));
        }
        assert_eq!(spans.len(), SPANS_MAX);
        assert_eq!((spans[0].0, spans[SPANS_MAX - 1].1), (0, 1_001 + 99 * 99));
    }
}
