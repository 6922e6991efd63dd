//! The leaves of batches: written in the commit that keeps a batch, and completed for files that were
//! written before there was a log.

use rusqlite::{Connection, TransactionBehavior};

use super::{Journal, map};
use crate::ledger::leaf::{self, BatchLeaf, FrozenTime, LeafKind};
use crate::ledger::log;
use crate::ledger::tree::{self, Frontier, Hash};
use crate::store::{StoreError, signed, unsigned};

/// Batches of one commit while a file's leaves are completed.
const BATCHES_PER_COMMIT: u64 = 20_000;

/// A batch as its leaves are made of it.
struct Row {
    position: u64,
    accepted_unix_ms: i64,
    batch_hash: Hash,
    linked: bool,
    map: Option<Vec<u8>>,
    mapped_at: Option<u64>,
}

impl Row {
    fn time(&self) -> Result<Option<FrozenTime>, StoreError> {
        let map = self.map.as_deref().map(map::read).transpose()?;
        Ok(map.as_ref().map(FrozenTime::of))
    }

    /// What was known when it was accepted.
    fn content(&self) -> Result<Vec<u8>, StoreError> {
        let time = self
            .time()?
            .filter(|_| self.mapped_at == Some(self.position));
        Ok(leaf::batch(&BatchLeaf {
            position: self.position,
            accepted_unix_ms: self.accepted_unix_ms,
            batch_hash: &self.batch_hash,
            linked: self.linked,
            time: time.as_ref(),
        }))
    }

    /// What was learnt later; `None` where all was known.
    fn time_content(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let later = self.mapped_at.filter(|at| *at != self.position);
        let found = later.zip(self.time()?);
        Ok(found.map(|(at, time)| leaf::time(self.position, at, &self.batch_hash, &time)))
    }
}

/// A predecessor counts when it had been accepted before.
const SELECT: &str = "SELECT batch.position, batch.received_at, batch.batch_hash,
     batch.previous = zeroblob(32) OR EXISTS (SELECT 1 FROM batch AS one JOIN boot AS home
         ON home.id = one.boot WHERE substr(one.batch_hash, 1, 8) = substr(batch.previous, 1, 8)
         AND one.batch_hash = batch.previous AND home.agent = boot.agent
         AND one.position < batch.position),
     time_map.map, batch.mapped_at
     FROM batch JOIN boot ON boot.id = batch.boot
     LEFT JOIN time_map ON time_map.id = batch.time_map";

fn rows(connection: &Connection, condition: &str, value: u64) -> Result<Vec<Row>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{SELECT} WHERE {condition} ORDER BY batch.position"
        ))
        .and_then(|mut statement| {
            statement
                .query_map([signed(value)], |row| {
                    Ok(Row {
                        position: unsigned(row.get(0)?),
                        accepted_unix_ms: row.get(1)?,
                        batch_hash: row.get(2)?,
                        linked: row.get(3)?,
                        map: row.get(4)?,
                        mapped_at: row.get::<_, Option<i64>>(5)?.map(unsigned),
                    })
                })?
                .collect()
        })
        .map_err(StoreError::database("read batch for its leaf"))
}

fn one(connection: &Connection, position: u64) -> Result<Option<Row>, StoreError> {
    Ok(rows(connection, "batch.position = ?", position)?.pop())
}

/// Appends the leaf of the batch at a position, and those of the batches whose time it brought.
pub(super) fn append(
    connection: &Connection,
    frontier: &mut Frontier,
    position: u64,
) -> Result<(), StoreError> {
    let Some(batch) = one(connection, position)? else {
        return Err(StoreError::damaged("batch for its leaf", "it is not there"));
    };
    let source = (LeafKind::Batch, position);
    log::append(connection, frontier, source, &batch.content()?)?;
    let condition = "batch.mapped_at = ? AND batch.mapped_at <> batch.position";
    for waited in rows(connection, condition, position)? {
        if let Some(content) = waited.time_content()? {
            let source = (LeafKind::Time, waited.position);
            log::append(connection, frontier, source, &content)?;
        }
    }
    Ok(())
}

/// Appends the leaves that a file lacks, oldest first.
pub(super) fn complete(connection: &mut Connection) -> Result<(), StoreError> {
    let failed = StoreError::database("complete log");
    let last = super::read::last_position(connection)?;
    let mut done = log::last_source(connection, LeafKind::Batch)?;
    if done < last {
        let missing = last - done;
        tracing::info!(missing, "{missing} batches get their leaves");
    }
    while done < last {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        // Another process may have been here meanwhile.
        done = log::last_source(&transaction, LeafKind::Batch)?;
        let mut frontier = log::frontier(&transaction)?;
        let until = last.min(done + BATCHES_PER_COMMIT);
        for position in done + 1..=until {
            append(&transaction, &mut frontier, position)?;
        }
        transaction.commit().map_err(&failed)?;
        done = done.max(until);
        if done < last {
            tracing::info!(done, last, "leaves up to batch {done} of {last}");
        }
    }
    Ok(())
}

impl Journal {
    /// Hash that the leaf of a batch, or of its time, must have; `None` where the batch is not there.
    pub fn leaf_expected(&self, kind: LeafKind, position: u64) -> Result<Option<Hash>, StoreError> {
        expected(&self.reader(), kind, position)
    }

    /// Whether the predecessor of a batch had been accepted before it.
    pub fn linked(&self, position: u64) -> Result<bool, StoreError> {
        let found = one(&self.reader(), position)?;
        Ok(found.is_some_and(|batch| batch.linked))
    }
}

fn expected(
    connection: &Connection,
    kind: LeafKind,
    position: u64,
) -> Result<Option<Hash>, StoreError> {
    let Some(batch) = one(connection, position)? else {
        return Ok(None);
    };
    let content = match kind {
        LeafKind::Batch => Some(batch.content()?),
        LeafKind::Time => batch.time_content()?,
        LeafKind::Record => None,
    };
    Ok(content.map(|content| tree::leaf_hash(&content)))
}
