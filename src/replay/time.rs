//! Time maps of a recording: each report's is made when it comes, from what its boot learnt until
//! then, and stays; reports of a boot without any exchange wait for the first.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use desserte_probe::clock::{ClockFit, TimeMap};
use desserte_probe::report::{Entry, Report, TimeExchange};
use desserte_probe::wire::envelope::Envelope;
use desserte_probe::wire::id::{AgentId, BootId};

use crate::store::journal::{ContentType, JournaledBatch};

type Boot = (AgentId, BootId);

/// Something with its time map.
#[derive(Debug, Clone)]
pub(super) struct Mapped<T> {
    pub(super) what: T,
    pub(super) map: TimeMap,
}

/// What each boot learnt of the time.
#[derive(Debug)]
pub(super) struct Times<T> {
    exchanges: HashMap<Boot, Vec<TimeExchange>>,
    waiting: HashMap<Boot, Vec<T>>,
}

impl<T> Default for Times<T> {
    fn default() -> Self {
        Self {
            exchanges: HashMap::new(),
            waiting: HashMap::new(),
        }
    }
}

impl<T> Times<T> {
    /// Takes a report's exchanges; answers with everything whose time is known by now.
    pub(super) fn learn(&mut self, boot: Boot, fresh: &[TimeExchange], what: T) -> Vec<Mapped<T>> {
        let known = self.exchanges.entry(boot).or_default();
        for exchange in fresh {
            if !known.contains(exchange) {
                known.push(*exchange);
            }
        }
        let Some(map) = ClockFit::new(known).time_map() else {
            self.waiting.entry(boot).or_default().push(what);
            return Vec::new();
        };
        let waited = self.waiting.remove(&boot).unwrap_or_default();
        waited
            .into_iter()
            .chain([what])
            .map(|what| Mapped {
                what,
                map: map.clone(),
            })
            .collect()
    }

    /// Reports that still wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }
}

/// A batch as the journal would hold it; a recording has no signatures.
pub(super) fn journaled(report: &Report, received_unix_ms: i64) -> JournaledBatch {
    let sequences = report.entries.iter().map(|entry| entry.sequence);
    JournaledBatch {
        position: 0,
        received_unix_ms,
        envelope: Envelope {
            agent: report.agent,
            boot: report.boot,
            sequence_first: sequences.clone().min().unwrap_or(0),
            sequence_last: sequences.max().unwrap_or(0),
            previous: [0; 32],
            signature: [0; 64],
        },
        batch_hash: [0; 32],
        content_type: ContentType::Json,
        body: Bytes::new(),
        peer: None,
        time_map: None,
        mapped_at: None,
    }
}

/// A number for an entry's content: equal entries have equal ones.
pub(super) fn digest(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{entry:?}").hash(&mut hasher);
    hasher.finish()
}
