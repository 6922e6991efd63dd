//! How far the journal is on disk.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The last position on disk, and who waits for the next.
#[derive(Debug, Default)]
pub(super) struct Committed {
    position: Mutex<u64>,
    pub(super) grown: Condvar,
}

impl Committed {
    pub(super) fn lock(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn raise(&self, position: u64) {
        *self.lock() = position;
        self.grown.notify_all();
    }
}
