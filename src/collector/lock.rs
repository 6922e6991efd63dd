//! One process serves a folder.

use std::{fs::File, path::Path, time::Duration};

use super::CollectorError;

/// The file by which a folder is held.
const LOCK: &str = "collector.lock";

/// How often a held folder is tried again, and how long after: a process that was just born from the
/// one that held it holds the file too until its own program is in place.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// One process serves a folder; commands work beside it.
pub(super) fn lock(data: &Path) -> Result<File, CollectorError> {
    for _ in 0..TRIES {
        match lock_folder(data) {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => std::thread::sleep(BETWEEN_TRIES),
            Err(source) => {
                return Err(CollectorError::Folder {
                    operation: "lock",
                    path: data.join(LOCK),
                    source,
                });
            }
        }
    }
    Err(CollectorError::InUse(data.to_owned()))
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
