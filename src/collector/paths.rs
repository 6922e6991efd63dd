//! Where the files of a data folder are.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::CollectorError;

/// The registry's file in a data folder; commands open it beside a server.
#[must_use]
pub fn registry_path(data: &Path) -> PathBuf {
    data.join("registry.sqlite")
}

/// The journal's file in a data folder; it holds the log too.
#[must_use]
pub fn journal_path(data: &Path) -> PathBuf {
    data.join("journal.sqlite")
}

/// The sample store's folder in a data folder.
#[must_use]
pub fn samples_path(data: &Path) -> PathBuf {
    data.join("samples")
}

/// One process serves a folder; commands work beside it.
pub(super) fn lock(data: &Path) -> Result<File, CollectorError> {
    let path = data.join("collector.lock");
    let folder = |source| CollectorError::Folder {
        operation: "lock",
        path: path.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(folder)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(CollectorError::InUse(data.to_owned())),
        Err(error) => Err(folder(error.into())),
    }
}
