//! Rows from the journal, batch by batch: for the thread that follows it, and for a second store that one
//! is compared with.

use std::{collections::HashSet, sync::Arc, time::Duration};

use desserte_probe::{clock::TimeMap, report::Report};

use super::{
    rows::{Rows, rows},
    verify::decode,
};
use crate::{
    registry::{Registry, RegistryError},
    store::{
        StoreError,
        journal::{Journal, JournaledBatch},
        samples::{Filling, SampleStore},
    },
};

/// How long to wait after a failure of a disk before trying again.
const RETRY: Duration = Duration::from_secs(1);
/// Positions of one step: few enough that a step is short, enough that commits are few.
pub(super) const POSITIONS: u64 = 64;

/// A store could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// The journal or the sample store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl RefillError {
    /// When to try again.
    pub(super) fn retry(&self) -> Duration {
        match self {
            Self::Store(StoreError::Away { retry, .. }) => *retry,
            _ => RETRY,
        }
    }
}

/// The rows of a batch; `None`, with word of it, when it has none any more or its file is damaged.
pub(super) fn spell_out(
    (journal, registry): (&Journal, &Registry),
    batch: &JournaledBatch,
    map: &TimeMap,
    prepared: Option<Arc<Report>>,
) -> Result<Option<(Arc<Report>, Rows)>, RefillError> {
    if batch.is_let_go() {
        let position = batch.position;
        tracing::warn!(
            position,
            "batch {position} was let go: its samples are left out"
        );
        return Ok(None);
    }
    let left_out = |error: &dyn std::fmt::Display| {
        // It was read before it was journaled.
        let position = batch.position;
        tracing::error!(position, %error, "journaled batch {position} left out");
    };
    let report = match prepared {
        Some(report) => report,
        None => match decode(batch.content_type, &batch.body) {
            Ok(report) => Arc::new(report),
            Err(error) => {
                left_out(&error);
                return Ok(None);
            }
        },
    };
    let assignments = registry.assignments(batch.envelope.agent)?;
    let earlier = journal.earlier_entries(batch)?;
    let owned: HashSet<u64> = report
        .entries
        .iter()
        .map(|entry| entry.sequence)
        .filter(|sequence| !earlier.contains(*sequence))
        .collect();
    match rows(batch, &report, map, &assignments, &owned) {
        Ok(found) => Ok(Some((report, found))),
        Err(error) => {
            left_out(&error);
            Ok(None)
        }
    }
}

/// Fills a store from the journal up to a position, without serving: to compare one with another.
/// `told` hears of each position.
pub fn refill(
    (journal, registry): (&Journal, &Registry),
    store: &dyn SampleStore,
    until: u64,
    mut told: impl FnMut(u64),
) -> Result<(), RefillError> {
    let rows_max = store.caps().rows_max;
    let mut after = store.applied_position()?;
    while after < until {
        let next = until.min(after.saturating_add(POSITIONS));
        let mut filling = Filling {
            position: after,
            ..Filling::default()
        };
        let mut failed = None;
        journal.usable((after, next), |batch| {
            let Some(map) = batch.time_map.as_ref().filter(|_| failed.is_none()) else {
                return Ok(());
            };
            match spell_out((journal, registry), &batch, map, None) {
                Ok(Some((_, found))) => {
                    filling.evidence.extend(found.evidence);
                    filling.samples.extend(found.samples);
                }
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
            if filling.samples.len() >= rows_max {
                store.put(&filling)?;
                filling.samples.clear();
                filling.evidence.clear();
            }
            Ok(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        filling.position = next;
        store.put(&filling)?;
        after = next;
        told(after);
    }
    Ok(())
}
