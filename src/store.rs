//! Where measurements live: a journal that acknowledges, and a store that answers.
//!
//! The [`journal`] keeps every accepted batch as it was sent; its commit is what a receipt stands
//! for, and everything else can be made from it again until batches are let go. A
//! [`samples::SampleStore`] holds the samples in a form that is quick to read; it remembers the
//! journal position up to which it was filled, in the same transaction, and is filled from there when
//! it is opened.

pub mod embedded;
#[cfg(feature = "influxdb2")]
pub mod influx2;
pub mod journal;
pub mod retention;
pub mod samples;
pub mod server;
pub mod sound;
pub mod steps;
mod summary;

use std::{path::PathBuf, time::Duration};

use sound::Remedy;

use crate::ledger::log::LogError;

/// A store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("store: {operation}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The disk is full; nothing of the operation was kept.
    #[error("store: {operation}: the disk is full")]
    Full {
        /// What was tried.
        operation: &'static str,
    },
    /// The file was written by a later version of this program.
    #[error(
        "store: {file} is of version {found}, later than {known}, the last one known here; use the version \
         of the program that wrote it",
        file = .file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Version of the file.
        found: i64,
        /// Last version known.
        known: i64,
    },
    /// A stored value cannot be read.
    #[error("store: {what} cannot be read: {reason}")]
    Damaged {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A file is not what was written.
    #[error(
        "store: {file} is damaged: {reason}; {advice}",
        file = .file.display(), advice = .remedy.advice()
    )]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: Remedy,
    },
    /// The journal ends before a position that it had acknowledged.
    #[error(
        "store: {file} ends at position {last} and went to {mark} before: it is an older copy, or its \
         last part is lost; put the newer one back, or {advice}",
        file = .file.display(),
        advice = .remedy.to_go_on(
            "to go on without what is lost, delete journal.mark and the folder samples beside it"
        )
    )]
    Shorter {
        /// The file.
        file: PathBuf,
        /// Its last position.
        last: u64,
        /// The position to which it went.
        mark: u64,
        /// What the samples are worth, which is how to go on.
        remedy: Remedy,
    },
    /// The samples must be made again, and what they were made from was let go.
    #[error(
        "data folder {folder}: the samples would have to be made again from the journal, which no longer \
         has all of its batches ([retention] evidence_months); put the folder samples back from a backup",
        folder = .folder.display()
    )]
    EvidenceGone {
        /// The data folder.
        folder: PathBuf,
    },
    /// A server that holds samples does not answer, or cannot now.
    #[error("store: {operation}: {reason}")]
    Away {
        /// What was tried.
        operation: &'static str,
        /// Why.
        reason: String,
        /// When to try again.
        retry: Duration,
    },
    /// A server has less than it had: it is filled from here again.
    #[error("store: the server of samples is filled only up to position {position}")]
    Rewound {
        /// Its position.
        position: u64,
    },
    /// The samples of a folder are on a server, and only the collector may ask it.
    #[error(
        "store: the samples of this folder are on a server of InfluxDB 2 (up to position {server} of the \
         journal; its own files only to {here}), which this command does not ask; ask the running \
         collector over HTTP (docs/store.md)"
    )]
    Elsewhere {
        /// How far the server was filled.
        server: u64,
        /// How far the folder's own files go.
        here: u64,
    },
    /// Too much waits to be written.
    #[error("store: {operation}: too much is waiting")]
    Busy {
        /// What was tried.
        operation: &'static str,
    },
    /// The writer has stopped.
    #[error("store: {operation}: the writer has stopped")]
    Stopped {
        /// What was tried.
        operation: &'static str,
    },
    /// The log in the journal's file.
    #[error(transparent)]
    Log(LogError),
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Database { operation, source } => Self::database(operation)(source),
            other => Self::Log(other),
        }
    }
}

impl StoreError {
    /// The same, with what to do where the journal cannot give once more what samples were made from.
    pub(crate) fn without_evidence(self) -> Self {
        match self {
            Self::Broken {
                file,
                reason,
                remedy: Remedy::MadeAgain,
            } => Self::Broken {
                file,
                reason,
                remedy: Remedy::SamplesBackup,
            },
            other => other,
        }
    }

    pub(crate) fn database(operation: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| {
            let full = source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
            if full {
                Self::Full { operation }
            } else {
                Self::Database { operation, source }
            }
        }
    }

    fn damaged(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            what,
            reason: reason.to_string(),
        }
    }
}

/// SQLite's integers are signed; everything stored here stays below 2⁶³ by the report's own limits.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Brings a file to a schema version; `user_version` 0 is a new file.
fn migrate(
    connection: &mut rusqlite::Connection,
    schema: &str,
    known: i64,
) -> Result<(), StoreError> {
    let failed = StoreError::database("migrate");
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(&failed)?;
    let found: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(&failed)?;
    if found > known {
        return Err(StoreError::Newer {
            file: transaction.path().unwrap_or_default().into(),
            found,
            known,
        });
    }
    if found == 0 {
        transaction
            .execute_batch(schema)
            .and_then(|()| transaction.pragma_update(None, "user_version", known))
            .map_err(&failed)?;
    }
    transaction.commit().map_err(&failed)
}
