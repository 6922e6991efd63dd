//! One commit of the journal: several batches, each kept whole or not at all.

use desserte_probe::{
    clock::TimeMap,
    wire::{
        id::{AgentId, BootId},
        receipt::Chain,
    },
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{
    Appended, EntriesOf, FUTURE_MS_MAX, NewBatch,
    identity::{self, Clash, Range},
    leaves,
    time::{fit, keep_map, latest_unix_ms, map_waiting},
};
use crate::ledger::log;
use crate::store::{StoreError, signed, unsigned};

/// Two boots may seem to touch by what is not known of their times, and by this, milliseconds.
const BOOTS_APART_MS: i64 = 1_000;

/// Another boot of an agent that measured the same interval. What ended before the interval begins cannot
/// overlap it: that condition is only there for the index.
const OTHER_BOOT: &str = "SELECT boot FROM boot WHERE agent = ?1 AND last_unix_ms > ?3 AND id <> ?2
     AND min(last_unix_ms, ?4) - max(first_unix_ms, ?3) > uncertainty_ms + ?5 + ?6 LIMIT 1";

/// Writes a group; returns the last position and one answer a batch.
pub(super) fn commit(
    (connection, entries_of): (&mut Connection, EntriesOf),
    batches: &[NewBatch],
    last: u64,
) -> Result<(u64, Vec<Appended>), StoreError> {
    let failed = StoreError::database("append to journal");
    let mut last = last;
    let mut answers = Vec::with_capacity(batches.len());
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    let mut frontier = log::frontier(&transaction)?;
    for batch in batches {
        // Dropping a savepoint rolls back to it.
        let mut savepoint = transaction.savepoint().map_err(&failed)?;
        let (answer, clash) = append(&savepoint, entries_of, batch, last + 1)?;
        match &answer {
            Appended::Kept {
                position,
                duplicate,
                ..
            } => {
                if !duplicate {
                    last = *position;
                    leaves::append(&savepoint, &mut frontier, last)?;
                }
                savepoint.commit().map_err(&failed)?;
            }
            Appended::Conflict { .. }
            | Appended::Entangled
            | Appended::FutureDated { .. }
            | Appended::Cloned { .. } => {
                savepoint.rollback().map_err(&failed)?;
                savepoint.commit().map_err(&failed)?;
            }
        }
        if let Some(clash) = clash {
            record_conflict(&transaction, batch, &clash)?;
        }
        answers.push(answer);
    }
    transaction.commit().map_err(&failed)?;
    Ok((last, answers))
}

fn append(
    connection: &Connection,
    entries_of: EntriesOf,
    batch: &NewBatch,
    position: u64,
) -> Result<(Appended, Option<Clash>), StoreError> {
    if let Some(known) = known(connection, batch)? {
        return Ok((known, None));
    }
    let range = range(connection, batch)?;
    let compared = identity::compare(connection, entries_of, batch, (range, position))?;
    if let Some(refused) = compared {
        return Ok(refused);
    }
    Ok((place(connection, batch, range.boot, position)?, None))
}

/// Places a batch of new entries in time and keeps it.
fn place(
    connection: &Connection,
    batch: &NewBatch,
    boot: i64,
    position: u64,
) -> Result<Appended, StoreError> {
    let map = fit(connection, batch, boot)?;
    let mut kept_map = None;
    if let Some(map) = &map {
        let latest = latest_unix_ms(batch, map);
        if latest > batch.received_unix_ms.saturating_add(FUTURE_MS_MAX) {
            return Ok(Appended::FutureDated {
                latest_unix_ms: latest,
            });
        }
        if let Some(cloned) = extend_boot(connection, batch, boot, map)? {
            return Ok(cloned);
        }
        let id = keep_map(connection, boot, map)?;
        map_waiting(connection, boot, id, position)?;
        kept_map = Some(id);
    }
    insert(connection, batch, (boot, kept_map), position)?;
    Ok(Appended::Kept {
        position,
        accepted_unix_ms: batch.received_unix_ms,
        duplicate: false,
        chain: chain(connection, batch)?,
        mapped: map.is_some(),
    })
}

/// Number of an agent's boot, given as needed.
pub(super) fn boot_number(
    connection: &Connection,
    agent: AgentId,
    boot: BootId,
) -> Result<i64, StoreError> {
    let failed = StoreError::database("number of boot");
    let found: Option<i64> = connection
        .prepare_cached("SELECT id FROM boot WHERE agent = ? AND boot = ?")
        .and_then(|mut statement| {
            statement
                .query_row(params![agent.0, boot.0], |row| row.get(0))
                .optional()
        })
        .map_err(&failed)?;
    if let Some(found) = found {
        return Ok(found);
    }
    connection
        .prepare_cached("INSERT INTO boot (agent, boot) VALUES (?, ?)")
        .and_then(|mut statement| statement.insert(params![agent.0, boot.0]))
        .map_err(&failed)
}

fn range(connection: &Connection, batch: &NewBatch) -> Result<Range, StoreError> {
    let envelope = &batch.envelope;
    Ok(Range {
        boot: boot_number(connection, envelope.agent, envelope.boot)?,
        first: envelope.sequence_first,
        last: envelope.sequence_last,
    })
}

/// The batch that is there under the same name.
fn known(connection: &Connection, batch: &NewBatch) -> Result<Option<Appended>, StoreError> {
    let failed = StoreError::database("find batch");
    let found: Option<(i64, i64, bool)> = connection
        .prepare_cached(
            "SELECT position, received_at, time_map IS NOT NULL FROM batch
             WHERE substr(batch_hash, 1, 8) = substr(?1, 1, 8) AND batch_hash = ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([batch.batch_hash], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })
        .map_err(failed)?;
    let Some((position, accepted_unix_ms, mapped)) = found else {
        return Ok(None);
    };
    Ok(Some(Appended::Kept {
        position: unsigned(position),
        accepted_unix_ms,
        duplicate: true,
        chain: chain(connection, batch)?,
        mapped,
    }))
}

fn chain(connection: &Connection, batch: &NewBatch) -> Result<Chain, StoreError> {
    let previous = batch.envelope.previous;
    if previous == [0; 32] {
        return Ok(Chain::Linked);
    }
    let linked = connection
        .prepare_cached(
            "SELECT 1 FROM batch JOIN boot ON boot.id = batch.boot
             WHERE substr(batch_hash, 1, 8) = substr(?1, 1, 8) AND batch_hash = ?1 AND agent = ?2",
        )
        .and_then(|mut statement| statement.exists(params![previous, batch.envelope.agent.0]))
        .map_err(StoreError::database("find predecessor"))?;
    Ok(if linked { Chain::Linked } else { Chain::Open })
}

fn record_conflict(
    transaction: &Transaction<'_>,
    batch: &NewBatch,
    clash: &Clash,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO conflict (received_at, agent, boot, sequence, first_position,
                 batch_hash, hash, peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                batch.received_unix_ms,
                batch.envelope.agent.0,
                batch.envelope.boot.0,
                signed(clash.sequence),
                signed(clash.first_position),
                batch.batch_hash,
                clash.hash,
                batch.peer.map(|peer| peer.to_string())
            ])
        })
        .map_err(StoreError::database("record conflict"))
        .map(drop)
}

/// First and last boot time of what the batch measured, and those that wait for its map.
fn measured(
    connection: &Connection,
    batch: &NewBatch,
    boot: i64,
) -> Result<Option<(u64, u64)>, StoreError> {
    let waiting: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(boottime_first_ms), max(boottime_last_ms) FROM batch
             WHERE boot = ? AND time_map IS NULL",
        )
        .and_then(|mut statement| statement.query_row([boot], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(StoreError::database("waiting batches"))?;
    let waiting = waiting.0.map(unsigned).zip(waiting.1.map(unsigned));
    let both = waiting.into_iter().chain(batch.measured_boottime_ms);
    Ok(both.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))))
}

/// Extends what the boot measured; refuses when another boot of the agent measured the same.
fn extend_boot(
    connection: &Connection,
    batch: &NewBatch,
    boot: i64,
    map: &TimeMap,
) -> Result<Option<Appended>, StoreError> {
    let Some((first, last)) = measured(connection, batch, boot)? else {
        return Ok(None);
    };
    let (first, last) = (map.corrected_unix_ms(first), map.corrected_unix_ms(last));
    let uncertainty = i64::try_from(first.1.max(last.1)).unwrap_or(i64::MAX);
    let failed = StoreError::database("boots");
    let other: Option<[u8; 16]> = connection
        .prepare_cached(OTHER_BOOT)
        .and_then(|mut statement| {
            let agent = batch.envelope.agent.0;
            statement
                .query_row(
                    params![agent, boot, first.0, last.0, uncertainty, BOOTS_APART_MS],
                    |row| row.get(0),
                )
                .optional()
        })
        .map_err(&failed)?;
    if let Some(other) = other {
        return Ok(Some(Appended::Cloned {
            other: BootId(other),
        }));
    }
    connection
        .prepare_cached(
            "UPDATE boot SET first_unix_ms = min(coalesce(first_unix_ms, ?2), ?2),
                 last_unix_ms = max(coalesce(last_unix_ms, ?3), ?3),
                 uncertainty_ms = max(coalesce(uncertainty_ms, ?4), ?4) WHERE id = ?1",
        )
        .and_then(|mut statement| statement.execute(params![boot, first.0, last.0, uncertainty]))
        .map_err(&failed)?;
    Ok(None)
}

fn insert(
    connection: &Connection,
    batch: &NewBatch,
    (boot, map): (i64, Option<i64>),
    position: u64,
) -> Result<(), StoreError> {
    let failed = StoreError::database("insert batch");
    let envelope = &batch.envelope;
    connection
        .prepare_cached("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .and_then(|mut statement| {
            statement.execute(params![
                signed(position),
                boot,
                batch.received_unix_ms,
                signed(envelope.sequence_first),
                signed(envelope.sequence_last),
                signed(batch.samples),
                batch.measured_boottime_ms.map(|(first, _)| signed(first)),
                batch.measured_boottime_ms.map(|(_, last)| signed(last)),
                map,
                map.map(|_| signed(position)),
                batch.peer.map(|peer| peer.to_string()),
                batch.content_type.as_str(),
                batch.batch_hash,
                envelope.previous,
                envelope.signature,
                batch.body.as_ref()
            ])
        })
        .map_err(&failed)?;
    let length = envelope
        .sequence_last
        .saturating_sub(envelope.sequence_first);
    connection
        .prepare_cached("UPDATE boot SET longest = ?2 WHERE id = ?1 AND longest < ?2")
        .and_then(|mut statement| statement.execute(params![boot, signed(length)]))
        .map_err(&failed)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_boots_that_may_overlap_are_read() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&super::super::schema()).unwrap();
        let plan: String = connection
            .query_row(
                &format!("EXPLAIN QUERY PLAN {OTHER_BOOT}"),
                params![[0_u8; 16], 1, 1, 1, 1, 1],
                |row| row.get("detail"),
            )
            .unwrap();
        assert!(
            plan.contains("boot_measured (agent=? AND last_unix_ms>?)"),
            "{plan}"
        );
    }
}
