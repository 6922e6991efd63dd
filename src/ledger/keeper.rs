//! Keeps the log: takes up the registry's records, signs checkpoints and keeps them, makes proofs.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use rusqlite::{Connection, TransactionBehavior};

use super::leaf::{self, LeafKind};
use super::log::{self, KeptCheckpoint, LogError};
use super::note::{self, Checkpoint};
use super::tree::{self, Hash};
use crate::registry::{Registry, RegistryError};
use crate::store::StoreError;
use crate::store::journal::Journal;

/// How often a checkpoint is made for those who ask: each is kept for good, and every bundle shows that
/// it goes on from those of its time.
pub const CHECKPOINT_EVERY_MS: i64 = 3_600_000;

/// The ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log knows records that the registry does not: one of the two files was replaced.
    #[error(
        "ledger: it goes to record {logged} of the registry, and the registry only to {last}: \
         registry.sqlite is an older copy than journal.sqlite; put the newer one back"
    )]
    RegistryBehind {
        /// Last record with a leaf.
        logged: u64,
        /// Last record that there is.
        last: u64,
    },
}

type Result<T> = std::result::Result<T, LedgerError>;

/// The log of a data folder. Several processes may have it open: SQLite's write lock serialises them.
pub struct Ledger {
    connection: Mutex<Connection>,
    registry: Arc<Registry>,
    key: SigningKey,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger(…)")
    }
}

fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> LogError {
    move |source| LogError::Database { operation, source }
}

impl Ledger {
    /// Opens the log in the journal's file, which the [`Journal`] has brought up before.
    pub fn open(path: &Path, registry: Arc<Registry>, key: SigningKey) -> Result<Self> {
        let connection = crate::database::open(path, "FULL").map_err(failed("open ledger"))?;
        Ok(Self {
            connection: Mutex::new(connection),
            registry,
            key,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> String {
        note::origin(&self.public_key())
    }

    /// The key that signs its checkpoints.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Gives the registry's records that have none their leaves, in their order.
    pub fn take_up(&self) -> Result<()> {
        loop {
            let logged = log::last_source(&self.lock(), LeafKind::Record)?;
            let last = self.registry.last_record()?;
            if logged > last {
                return Err(LedgerError::RegistryBehind { logged, last });
            }
            if logged == last {
                return Ok(());
            }
            let records = self.registry.records_after(logged)?;
            let mut connection = self.lock();
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(failed("take up records"))?;
            // Another process may have been faster.
            let logged = log::last_source(&transaction, LeafKind::Record)?;
            let mut frontier = log::frontier(&transaction)?;
            for one in records.iter().filter(|one| one.position > logged) {
                let content = leaf::record(&one.content);
                let source = (LeafKind::Record, one.position);
                log::append(&transaction, &mut frontier, source, &content)?;
            }
            transaction.commit().map_err(failed("take up records"))?;
        }
    }

    /// Number of leaves.
    pub fn size(&self) -> Result<u64> {
        Ok(log::size(&self.lock())?)
    }

    /// The newest checkpoint that was handed out; a new one where it is older than
    /// [`CHECKPOINT_EVERY_MS`] and something came since.
    pub fn published(&self, now_unix_ms: i64) -> Result<KeptCheckpoint> {
        let newest = log::newest(&self.lock())?;
        match newest {
            Some(kept) if now_unix_ms - kept.made_unix_ms < CHECKPOINT_EVERY_MS => Ok(kept),
            _ => self.checkpoint(now_unix_ms),
        }
    }

    /// A checkpoint of everything there is by now; kept.
    pub fn checkpoint(&self, now_unix_ms: i64) -> Result<KeptCheckpoint> {
        self.take_up()?;
        let connection = self.lock();
        let frontier = log::frontier(&connection)?;
        if let Some(kept) = log::newest(&connection)?
            && kept.size == frontier.size()
        {
            return Ok(kept);
        }
        let checkpoint = Checkpoint {
            origin: self.origin(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let kept = KeptCheckpoint {
            size: checkpoint.size,
            made_unix_ms: now_unix_ms,
            root: checkpoint.root,
            note: checkpoint.sign(&self.key),
        };
        log::keep(&connection, &kept)?;
        Ok(kept)
    }

    /// Kept checkpoints of at least `size` leaves, ascending.
    pub fn kept_from(&self, size: u64) -> Result<Vec<KeptCheckpoint>> {
        Ok(log::kept_from(&self.lock(), size)?)
    }

    /// The newest checkpoint made before a moment.
    pub fn kept_before(&self, unix_ms: i64) -> Result<Option<KeptCheckpoint>> {
        Ok(log::kept_before(&self.lock(), unix_ms)?)
    }

    /// Number of the leaf of a batch, of its time, or of a record.
    pub fn leaf_of(&self, kind: LeafKind, source: u64) -> Result<Option<u64>> {
        Ok(log::leaf_of(&self.lock(), kind, source)?)
    }

    /// The last batch and the last record among the first `size` leaves, by position.
    pub fn last_within(&self, size: u64) -> Result<(u64, u64)> {
        let connection = self.lock();
        let last = |kind| log::last_source_within(&connection, kind, size);
        Ok((last(LeafKind::Batch)?, last(LeafKind::Record)?))
    }

    /// Proof that a leaf lies in the log of `size` leaves.
    pub fn inclusion(&self, leaf: u64, size: u64) -> Result<Vec<Hash>> {
        Ok(log::inclusion(&self.lock(), (leaf, size))?)
    }

    /// Proof that the log of `to` leaves begins with that of `from`.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>> {
        Ok(log::consistency(&self.lock(), (from, to))?)
    }

    /// Compares everything that was logged with what is there, and every kept checkpoint with the log;
    /// each checkpoint that holds goes to `seen`. Answers with the number of leaves.
    pub fn check(&self, journal: &Journal, seen: impl FnMut(&KeptCheckpoint)) -> Result<u64> {
        let connection = self.lock();
        let content = |kind, source| {
            let changed = |error: String| LogError::Changed { what: error };
            match kind {
                LeafKind::Batch | LeafKind::Time => journal
                    .leaf_expected(kind, source)
                    .map_err(|error| changed(format!("batch {source}: {error}"))),
                LeafKind::Record => {
                    let record = self.registry.record(source);
                    let found = record
                        .map_err(|error| changed(format!("record {source}: {error}")))?
                        .ok_or_else(|| changed(format!("record {source}: it is gone;")))?;
                    Ok(Some(tree::leaf_hash(&leaf::record(&found.content))))
                }
            }
        };
        Ok(log::check(&connection, content, seen)?)
    }
}
