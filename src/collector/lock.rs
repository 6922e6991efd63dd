//! One process serves a folder.

use std::{fs::File, path::Path};

use super::CollectorError;

/// The file by which a folder is held.
const LOCK: &str = "collector.lock";

/// One process serves a folder; commands work beside it.
pub(super) fn lock(data: &Path) -> Result<File, CollectorError> {
    match lock_folder(data) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(CollectorError::InUse(data.to_owned())),
        Err(source) => Err(CollectorError::Folder {
            operation: "lock",
            path: data.join(LOCK),
            source,
        }),
    }
}

/// Holds a folder as its server does, as long as the file lives; `None` when a server holds it.
pub(crate) fn lock_folder(data: &Path) -> std::io::Result<Option<File>> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data.join(LOCK))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
