//! Reading the journal.

use std::net::IpAddr;

use bytes::Bytes;
use desserte_probe::wire::{
    envelope::Envelope,
    id::{AgentId, BootId},
};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{
    ConflictRecord, ContentType, Journal, JournaledBatch, Waiting,
    append::boot_number,
    arrivals,
    identity::{self, Earlier, Range},
    map,
};
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
                "SELECT mapped_at, position FROM batch
                 WHERE position > ?1 AND position <= ?2 AND mapped_at = position
                 UNION ALL
                 SELECT mapped_at, position FROM batch
                 WHERE mapped_at > ?1 AND mapped_at <= ?2 AND mapped_at <> position
                 ORDER BY 1, 2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([signed(after), signed(until)], |row| row.get(1))?
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
            .prepare_cached(&format!("{BATCH} WHERE position = ?"))
            .and_then(|mut statement| statement.query_row([signed(position)], batch).optional())
            .map_err(StoreError::database("read batch"))?
            .map(genuine)
            .transpose()
    }

    /// Sequence numbers that had come before with an earlier batch: those of this batch's entries are
    /// kept with it. None as a rule.
    pub fn earlier_entries(&self, batch: &JournaledBatch) -> Result<Earlier, StoreError> {
        let envelope = &batch.envelope;
        let reader = self.reader();
        let range = Range {
            boot: boot_number(&reader, envelope.agent, envelope.boot)?,
            first: envelope.sequence_first,
            last: envelope.sequence_last,
        };
        identity::earlier(&reader, self.entries_of, (range, batch.position))
    }

    /// The batch of an agent that came last.
    pub fn last_batch_of(&self, agent: AgentId) -> Result<Option<JournaledBatch>, StoreError> {
        let position: Option<i64> = self
            .reader()
            .prepare_cached(
                "SELECT max((SELECT position FROM batch WHERE batch.boot = boot.id
                     ORDER BY received_at DESC, position DESC LIMIT 1))
                 FROM boot WHERE agent = ?",
            )
            .and_then(|mut statement| statement.query_row([agent.0], |row| row.get(0)))
            .map_err(StoreError::database("last batch"))?;
        match position {
            Some(position) => self.batch(unsigned(position)),
            None => Ok(None),
        }
    }

    /// When batches of an agent arrived in `[from, to)`, Unix milliseconds, ascending.
    pub fn arrivals(
        &self,
        agent: AgentId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        arrivals::between(&self.reader(), agent, (from_unix_ms, to_unix_ms))
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

/// A batch that is what was accepted.
fn genuine(batch: JournaledBatch) -> Result<JournaledBatch, StoreError> {
    if batch.is_let_go() || batch.envelope.batch_hash(&batch.body) == batch.batch_hash {
        return Ok(batch);
    }
    Err(StoreError::damaged(
        "journal",
        format!(
            "the batch at position {} is not the one that was accepted: the disk does not give back \
             what was written; put the last backup back",
            batch.position
        ),
    ))
}

pub(super) fn last_position(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .query_row("SELECT coalesce(max(position), 0) FROM batch", [], |row| {
            row.get(0)
        })
        .map(unsigned)
        .map_err(StoreError::database("last position"))
}

/// Everything of a batch; the boot's number is spelt out.
const BATCH: &str = "SELECT batch.*, boot.agent, boot.boot AS boot_id, time_map.map FROM batch
     JOIN boot ON boot.id = batch.boot LEFT JOIN time_map ON time_map.id = batch.time_map";

fn batch(row: &Row<'_>) -> rusqlite::Result<JournaledBatch> {
    let content_type: String = row.get("content_type")?;
    let peer: Option<String> = row.get("peer")?;
    let map: Option<Vec<u8>> = row.get("map")?;
    let body: Vec<u8> = row.get("body")?;
    Ok(JournaledBatch {
        position: unsigned(row.get("position")?),
        received_unix_ms: row.get("received_at")?,
        envelope: Envelope {
            agent: AgentId(row.get("agent")?),
            boot: BootId(row.get("boot_id")?),
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
            .map(|bytes| map::read(&bytes))
            .transpose()
            .map_err(|_| rusqlite::Error::InvalidQuery)?,
        mapped_at: row.get::<_, Option<i64>>("mapped_at")?.map(unsigned),
    })
}

fn conflict(row: &Row<'_>) -> rusqlite::Result<ConflictRecord> {
    Ok(ConflictRecord {
        received_unix_ms: row.get("received_at")?,
        agent: AgentId(row.get("agent")?),
        boot: BootId(row.get("boot")?),
        sequence: unsigned(row.get("sequence")?),
        first_position: unsigned(row.get("first_position")?),
        batch_hash: row.get("batch_hash")?,
    })
}
