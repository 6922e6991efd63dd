//! Reading the journal.

use std::{collections::HashSet, net::IpAddr};

use bytes::Bytes;
use desserte_probe::wire::{
    envelope::Envelope,
    id::{AgentId, BootId},
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{ConflictRecord, ContentType, Journal, JournaledBatch, Waiting};
use crate::store::{StoreError, signed, unsigned};

impl Journal {
    /// Batches that became usable in `(after, until]`, in the order in which they did: each at its
    /// own position, those that had waited at that of the batch which brought their time.
    pub fn usable(
        &self,
        (after, until): (u64, u64),
        mut each: impl FnMut(JournaledBatch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // The bodies are read one by one, each under the lock for a moment only.
        let positions: Vec<i64> = self
            .reader()
            .prepare_cached(
                "SELECT position FROM batch WHERE mapped_at > ? AND mapped_at <= ?
                 ORDER BY mapped_at, position",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([signed(after), signed(until)], |row| row.get(0))?
                    .collect()
            })
            .map_err(StoreError::database("read journal"))?;
        for position in positions {
            if let Some(batch) = self.batch(unsigned(position))? {
                each(batch)?;
            }
        }
        Ok(())
    }

    /// The batch at a position.
    pub fn batch(&self, position: u64) -> Result<Option<JournaledBatch>, StoreError> {
        self.reader()
            .prepare_cached("SELECT * FROM batch WHERE position = ?")
            .and_then(|mut statement| statement.query_row([signed(position)], batch).optional())
            .map_err(StoreError::database("read batch"))
    }

    /// Sequence numbers of a batch's entries that were first accepted with it.
    pub fn owned_entries(&self, batch: &JournaledBatch) -> Result<HashSet<u64>, StoreError> {
        let envelope = &batch.envelope;
        self.reader()
            .prepare_cached(
                "SELECT sequence FROM entry WHERE agent = ? AND boot = ?
                     AND sequence BETWEEN ? AND ? AND position = ?",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![
                            envelope.agent.to_string(),
                            envelope.boot.to_string(),
                            signed(envelope.sequence_first),
                            signed(envelope.sequence_last),
                            signed(batch.position)
                        ],
                        |row| row.get(0).map(unsigned),
                    )?
                    .collect()
            })
            .map_err(StoreError::database("read entries"))
    }

    /// The batch of an agent that came last.
    pub fn last_batch_of(&self, agent: AgentId) -> Result<Option<JournaledBatch>, StoreError> {
        self.reader()
            .prepare_cached("SELECT * FROM batch WHERE agent = ? ORDER BY position DESC LIMIT 1")
            .and_then(|mut statement| statement.query_row([agent.to_string()], batch).optional())
            .map_err(StoreError::database("read batch"))
    }

    /// When batches of an agent arrived in `[from, to)`, Unix milliseconds, by position.
    pub fn arrivals(
        &self,
        agent: AgentId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        self.reader()
            .prepare_cached(
                "SELECT received_at FROM batch
                 WHERE agent = ? AND received_at >= ? AND received_at < ? ORDER BY position",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![agent.to_string(), from_unix_ms, to_unix_ms],
                        |row| row.get(0),
                    )?
                    .collect()
            })
            .map_err(StoreError::database("read arrivals"))
    }

    /// Batches whose time is not known yet, over all agents.
    pub fn waiting(&self) -> Result<Waiting, StoreError> {
        self.reader()
            .query_row(
                "SELECT count(*), coalesce(sum(samples), 0) FROM batch WHERE time_map IS NULL",
                [],
                |row| {
                    Ok(Waiting {
                        batches: unsigned(row.get(0)?),
                        samples: unsigned(row.get(1)?),
                    })
                },
            )
            .map_err(StoreError::database("count waiting batches"))
    }

    /// Conflicts, newest first, at most `limit`.
    pub fn conflicts(&self, limit: u32) -> Result<Vec<ConflictRecord>, StoreError> {
        self.reader()
            .prepare_cached("SELECT * FROM conflict ORDER BY id DESC LIMIT ?")
            .and_then(|mut statement| statement.query_map([limit], conflict)?.collect())
            .map_err(StoreError::database("read conflicts"))
    }
}

pub(super) fn last_position(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .query_row("SELECT coalesce(max(position), 0) FROM batch", [], |row| {
            row.get(0)
        })
        .map(unsigned)
        .map_err(StoreError::database("last position"))
}

fn identities(row: &Row<'_>) -> rusqlite::Result<(AgentId, BootId)> {
    let (agent, boot): (String, String) = (row.get("agent")?, row.get("boot")?);
    let wrong = |_| rusqlite::Error::InvalidQuery;
    Ok((agent.parse().map_err(wrong)?, boot.parse().map_err(wrong)?))
}

fn batch(row: &Row<'_>) -> rusqlite::Result<JournaledBatch> {
    let (agent, boot) = identities(row)?;
    let content_type: String = row.get("content_type")?;
    let peer: Option<String> = row.get("peer")?;
    let map: Option<String> = row.get("time_map")?;
    let body: Vec<u8> = row.get("body")?;
    Ok(JournaledBatch {
        position: unsigned(row.get("position")?),
        received_unix_ms: row.get("received_at")?,
        envelope: Envelope {
            agent,
            boot,
            sequence_first: unsigned(row.get("sequence_first")?),
            sequence_last: unsigned(row.get("sequence_last")?),
            previous: row.get("previous")?,
            signature: row.get("signature")?,
        },
        batch_hash: row.get("batch_hash")?,
        content_type: ContentType::from_header(&content_type)
            .ok_or(rusqlite::Error::InvalidQuery)?,
        body: Bytes::from(body),
        peer: peer.and_then(|text| text.parse::<IpAddr>().ok()),
        time_map: map
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| rusqlite::Error::InvalidQuery)?,
        mapped_at: row.get::<_, Option<i64>>("mapped_at")?.map(unsigned),
    })
}

fn conflict(row: &Row<'_>) -> rusqlite::Result<ConflictRecord> {
    let (agent, boot) = identities(row)?;
    Ok(ConflictRecord {
        received_unix_ms: row.get("received_at")?,
        agent,
        boot,
        sequence: unsigned(row.get("sequence")?),
        first_position: unsigned(row.get("first_position")?),
        batch_hash: row.get("batch_hash")?,
    })
}
