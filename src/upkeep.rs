//! What an operator does with a data folder beside serving it: look, check, compact, back up, restore.

pub mod backup;
pub mod check;
pub mod restore;
pub mod stats;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{
    collector::{journal_path, lock_folder, samples_path, samples_writing},
    ingest::{RefillError, entries_of},
    registry::RegistryError,
    store::{StoreError, journal::Journal},
};

/// Why something could not be done to a data folder.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// There is no collector's data there.
    #[error("{folder} holds no collector's data: {missing} is not there", folder = .folder.display())]
    NoData {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// A server runs on the folder.
    #[error("another process serves {folder}; stop it first", folder = .0.display())]
    Served(PathBuf),
    /// A file.
    #[error("{operation} {file}: {source}", file = .file.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// What is there must not be written over.
    #[error("{path} is there already; give another name", path = .0.display())]
    Exists(PathBuf),
    /// A backup is not what it was when it was made.
    #[error("backup {backup}: {reason}", backup = .backup.display())]
    Unusable {
        /// The backup.
        backup: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A backup was made by a later version of this program.
    #[error(
        "backup {backup} is of form {found}, later than {known}, the last one known here; use the version \
         of the program that made it",
        backup = .backup.display()
    )]
    LaterForm {
        /// The backup.
        backup: PathBuf,
        /// Its form.
        found: u32,
        /// Last form known.
        known: u32,
    },
    /// A backup would take back what was acknowledged since.
    #[error(
        "the journal of {folder} goes to position {there}, the backup only to {backup}: what was \
         acknowledged since would be lost; --accept-older restores it all the same",
        folder = .folder.display()
    )]
    Older {
        /// The folder.
        folder: PathBuf,
        /// How far it goes.
        there: u64,
        /// How far the backup goes.
        backup: u64,
    },
    /// A backup is not the continuation of what is there.
    #[error(
        "the journal of {folder} holds at position {position}, its last, another batch than the backup: \
         the two parted before, as after a restore of an older copy, and what was acknowledged since would \
         be lost; --accept-older restores the backup all the same",
        folder = .folder.display()
    )]
    Parted {
        /// The folder.
        folder: PathBuf,
        /// Last position of its journal.
        position: u64,
    },
    /// Nobody knows what a backup would take back.
    #[error(
        "how far {journal} went is not known, because it cannot be read ({reason}) and journal.mark is \
         not beside it; --accept-older restores the backup all the same",
        journal = .journal.display()
    )]
    EndUnknown {
        /// The journal.
        journal: PathBuf,
        /// Why it cannot be read.
        reason: String,
    },
    /// Journal or samples.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<RefillError> for UpkeepError {
    fn from(error: RefillError) -> Self {
        match error {
            RefillError::Store(error) => error.into(),
            RefillError::Registry(error) => error.into(),
        }
    }
}

impl UpkeepError {
    /// Whether the caller gave something that cannot be used.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::NoData { .. }
                | Self::Served(_)
                | Self::Exists(_)
                | Self::Older { .. }
                | Self::Parted { .. }
                | Self::EndUnknown { .. }
                | Self::Unusable { .. }
                | Self::LaterForm { .. }
        )
    }

    fn file(operation: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File {
            operation,
            file,
            source,
        }
    }
}

/// The journal of a folder that has one; a server may be writing it.
fn journal(data: &Path) -> Result<Journal, UpkeepError> {
    let path = journal_path(data);
    if !path.is_file() {
        return Err(UpkeepError::NoData {
            folder: data.to_owned(),
            missing: "journal.sqlite",
        });
    }
    Ok(Journal::open(&path, entries_of)?)
}

/// Writes months anew of which much is free; all of them when `all`. File, bytes before, bytes now.
pub fn compact(data: &Path, all: bool) -> Result<Vec<(String, u64, u64)>, UpkeepError> {
    let journal = journal(data)?;
    let _alone = alone(data)?;
    // A folder whose samples are on a server has none.
    if !samples_path(data).is_dir() {
        return Ok(Vec::new());
    }
    Ok(samples_writing(data, &journal)?.compact(all)?)
}

/// Brings to the disk which files a folder lists.
fn sync_folder(folder: &Path) -> Result<(), UpkeepError> {
    File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(UpkeepError::file("sync", folder))
}

/// The same for a folder and those in it.
fn sync_tree(folder: &Path) -> Result<(), UpkeepError> {
    for entry in fs::read_dir(folder).map_err(UpkeepError::file("list", folder))? {
        let path = entry.map_err(UpkeepError::file("list", folder))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync_folder(folder)
}

/// Holds the folder against a server while it is held.
fn alone(data: &Path) -> Result<File, UpkeepError> {
    lock_folder(data)
        .map_err(UpkeepError::file("lock", &data.join("collector.lock")))?
        .ok_or_else(|| UpkeepError::Served(data.to_owned()))
}

/// Whether a server runs on the folder just now.
fn is_served(data: &Path) -> bool {
    !matches!(lock_folder(data), Ok(Some(_)))
}
