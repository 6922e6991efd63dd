//! The mark: a file of eight bytes beside the journal, the last position committed. It is written
//! after the commit and not synced: whatever becomes of it, it never says more than what was on disk.

use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::retain::lacks_beyond;
use crate::store::{StoreError, sound::Remedy};

/// The mark's file, open.
#[derive(Debug)]
pub(super) struct Mark {
    journal: PathBuf,
    file: File,
    /// What it said when it was opened.
    found: u64,
}

/// Where the mark of a journal lies.
#[must_use]
pub fn path_of(journal: &Path) -> PathBuf {
    journal.with_extension("mark")
}

/// What the mark of a journal says, whatever became of the journal; `None` without a mark.
#[must_use]
pub fn position_of(journal: &Path) -> Option<u64> {
    let bytes = std::fs::read(path_of(journal)).ok()?;
    bytes.first_chunk().copied().map(u64::from_le_bytes)
}

impl Mark {
    /// Opens the mark of a journal, making it as needed.
    pub(super) fn open(journal: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::damaged("mark of the journal", error);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path_of(journal))
            .map_err(failed)?;
        let mut bytes = Vec::new();
        (&mut file)
            .take(8)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        // Shorter: a power cut left it before its first write reached the disk.
        let found = bytes.try_into().map_or(0, u64::from_le_bytes);
        Ok(Self {
            journal: journal.to_owned(),
            file,
            found,
        })
    }

    /// Refuses a journal that ends before its mark.
    pub(super) fn compare(&self, last: u64, journal: &Connection) -> Result<(), StoreError> {
        if self.found > last {
            return Err(StoreError::Shorter {
                file: self.journal.clone(),
                last,
                mark: self.found,
                remedy: Remedy::of_samples(lacks_beyond(journal, 0)?),
            });
        }
        Ok(())
    }

    /// Notes a position that is on disk.
    pub(super) fn set(&self, position: u64) {
        if let Err(error) = self.file.write_all_at(&position.to_le_bytes(), 0) {
            tracing::warn!(%error, "the journal's mark could not be written");
        }
    }
}
