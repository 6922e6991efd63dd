//! Batches of an agent without their bodies: which of them concern a time, and in which order they were
//! sealed.

use desserte_probe::{clock::TimeMap, wire::id::AgentId};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Journal, map};
use crate::store::{StoreError, signed, unsigned};

/// A batch without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHead {
    /// Position, from 1.
    pub position: u64,
    /// Its name.
    pub batch_hash: [u8; 32],
    /// The name of the batch sealed before it.
    pub previous: [u8; 32],
    /// First and last boot time of what was measured, milliseconds.
    pub measured_boottime_ms: Option<(u64, u64)>,
    /// Its time map; `None` while it waits for an exchange.
    pub time_map: Option<TimeMap>,
    /// Position at which its time became known.
    pub mapped_at: Option<u64>,
}

impl BatchHead {
    /// First and last corrected time of what was measured, Unix milliseconds.
    #[must_use]
    pub fn measured_unix_ms(&self) -> Option<(i64, i64)> {
        let map = self.time_map.as_ref()?;
        let (first, last) = self.measured_boottime_ms?;
        Some((
            map.corrected_unix_ms(first).0,
            map.corrected_unix_ms(last).0,
        ))
    }
}

const SELECT: &str = "SELECT batch.position, batch_hash, previous, boottime_first_ms,
     boottime_last_ms, mapped_at, time_map.map
     FROM boot JOIN batch ON batch.boot = boot.id
     LEFT JOIN time_map ON time_map.id = batch.time_map";

impl Journal {
    /// Batches of an agent that arrived from a moment on, up to a position, by position.
    pub fn heads_of(
        &self,
        agent: AgentId,
        received_from_unix_ms: i64,
        until: u64,
    ) -> Result<Vec<BatchHead>, StoreError> {
        self.reader()
            .prepare_cached(&format!(
                "{SELECT} WHERE agent = ? AND received_at >= ? AND batch.position <= ?
                 ORDER BY batch.position"
            ))
            .and_then(|mut statement| {
                let values = params![agent.0, received_from_unix_ms, signed(until)];
                statement.query_map(values, head)?.collect()
            })
            .map_err(StoreError::database("read batches of agent"))
    }

    /// Batches after a position up to another, with their agents, by position.
    pub fn heads_between(
        &self,
        after: u64,
        until: u64,
    ) -> Result<Vec<(AgentId, BatchHead)>, StoreError> {
        self.reader()
            .prepare_cached(
                "SELECT batch.position, batch_hash, previous, boottime_first_ms,
                     boottime_last_ms, mapped_at, time_map.map, agent
                 FROM batch JOIN boot ON boot.id = batch.boot
                 LEFT JOIN time_map ON time_map.id = batch.time_map
                 WHERE batch.position > ? AND batch.position <= ? ORDER BY batch.position",
            )
            .and_then(|mut statement| {
                let read = |row: &Row<'_>| Ok((AgentId(row.get(7)?), head(row)?));
                statement
                    .query_map([signed(after), signed(until)], read)?
                    .collect()
            })
            .map_err(StoreError::database("read batches"))
    }

    /// The batch of an agent with a name, up to a position.
    pub fn head_named(
        &self,
        agent: AgentId,
        name: &[u8; 32],
        until: u64,
    ) -> Result<Option<BatchHead>, StoreError> {
        self.reader()
            .prepare_cached(&format!(
                "{SELECT} WHERE substr(batch_hash, 1, 8) = substr(?1, 1, 8) AND batch_hash = ?1
                 AND agent = ?2 AND batch.position <= ?3"
            ))
            .and_then(|mut statement| {
                let values = params![name, agent.0, signed(until)];
                statement.query_row(values, head).optional()
            })
            .map_err(StoreError::database("find batch of agent"))
    }
}

fn head(row: &Row<'_>) -> rusqlite::Result<BatchHead> {
    let first: Option<i64> = row.get(3)?;
    let last: Option<i64> = row.get(4)?;
    let map: Option<Vec<u8>> = row.get(6)?;
    Ok(BatchHead {
        position: unsigned(row.get(0)?),
        batch_hash: row.get(1)?,
        previous: row.get(2)?,
        measured_boottime_ms: first.map(unsigned).zip(last.map(unsigned)),
        mapped_at: row.get::<_, Option<i64>>(5)?.map(unsigned),
        time_map: map
            .map(|bytes| map::read(&bytes))
            .transpose()
            .map_err(|_| rusqlite::Error::InvalidQuery)?,
    })
}
