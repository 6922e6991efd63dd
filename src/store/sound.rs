//! Whether a file is what was written: asked when a folder is opened, and by `desserte store check`.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// What a file is worth to its owner, which is what to do when it is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It is made again from the journal: delete the folder `samples`.
    MadeAgain,
    /// It would be, but the journal no longer has all of its batches: only a backup has the folder
    /// `samples`.
    SamplesBackup,
    /// Only a backup has it.
    Backup,
}

impl Remedy {
    /// For samples, by whether the journal lacks batches.
    #[must_use]
    pub fn of_samples(lacks: bool) -> Self {
        if lacks {
            Self::SamplesBackup
        } else {
            Self::MadeAgain
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::MadeAgain => {
                "delete the folder samples: it is made again from the journal at the next start"
            }
            Self::SamplesBackup => {
                "put the folder samples back from the last backup, and do not delete it before: the \
                 journal no longer has all that it was made from ([retention] evidence_months)"
            }
            Self::Backup => {
                "put the last backup back (desserte restore); agents send again what they hold"
            }
        }
    }

    /// What to do, in English, to go on from a journal that is shorter than it or its samples were.
    pub(crate) fn to_go_on(self, made_again: &'static str) -> &'static str {
        match self {
            Self::MadeAgain => made_again,
            Self::SamplesBackup | Self::Backup => {
                "restore the last backup (desserte restore --accept-older); the folder samples cannot \
                 be made again: this journal no longer has all that it was made from"
            }
        }
    }
}

/// Files up to this size are read through when a folder is opened: a second or two at most. Larger
/// ones are read by `desserte store check`; what is served from them is checked piece by piece.
pub(crate) const AT_START_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Pages, trees and the length of an open file.
pub(crate) fn check(connection: &Connection) -> Result<(), String> {
    let first: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if first == "ok" { Ok(()) } else { Err(first) }
}

/// Checks a file before it is opened for use: its length always, the rest of it while it is small. A
/// file that is not there is no fault here.
pub(crate) fn check_file(path: &Path, remedy: Remedy) -> Result<(), StoreError> {
    let broken = |reason: String| StoreError::Broken {
        file: path.to_owned(),
        reason,
        remedy,
    };
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(broken(error.to_string())),
    };
    // An empty file is one that a power cut left before its first page: nothing was in it.
    if length == 0 {
        return Ok(());
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| broken(error.to_string()))?;
    let number = |pragma| -> Result<u64, StoreError> {
        connection
            .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map(super::unsigned)
            .map_err(|error| broken(error.to_string()))
    };
    let _ = connection.busy_timeout(std::time::Duration::from_secs(10));
    let page = number("page_size")?;
    let said = page.saturating_mul(number("page_count")?);
    // SQLite takes what is missing of a last page for zeros.
    if length % page.max(1) != 0 {
        return Err(broken(format!(
            "{length} bytes are no whole pages of {page}: its end is lost"
        )));
    }
    if length <= AT_START_BYTES_MAX {
        return check(&connection).map_err(broken);
    }
    // Pages that wait in the write-ahead log may lie beyond the end of the file.
    let waiting = std::fs::metadata(path.with_extension("sqlite-wal")).map_or(0, |file| file.len());
    if said > length.saturating_add(waiting) {
        return Err(broken(format!(
            "it is {length} bytes long and says that it is {said}"
        )));
    }
    Ok(())
}
