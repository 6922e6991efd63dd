//! One commit of the journal: several batches, each kept whole or not at all.

use desserte_probe::{
    clock::{ClockFit, TimeMap},
    report::TimeExchange,
    wire::receipt::Chain,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{Appended, EXCHANGES_MAX, FUTURE_MS_MAX, NewBatch};
use crate::store::{StoreError, signed, unsigned};

/// Two boots may seem to touch by what is not known of their times, and by this, milliseconds.
const BOOTS_APART_MS: i64 = 1_000;

/// Writes a group; returns the last position and one answer a batch.
pub(super) fn commit(
    connection: &mut Connection,
    batches: &[NewBatch],
    last: u64,
) -> Result<(u64, Vec<Appended>), StoreError> {
    let failed = StoreError::database("append to journal");
    let mut last = last;
    let mut answers = Vec::with_capacity(batches.len());
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    for batch in batches {
        // Dropping a savepoint rolls back to it.
        let mut savepoint = transaction.savepoint().map_err(&failed)?;
        let answer = append(&savepoint, batch, last + 1)?;
        match &answer {
            Appended::Kept {
                position,
                duplicate,
                ..
            } => {
                savepoint.commit().map_err(&failed)?;
                if !duplicate {
                    last = *position;
                }
            }
            Appended::Conflict {
                sequence,
                first_position,
            } => {
                savepoint.rollback().map_err(&failed)?;
                savepoint.commit().map_err(&failed)?;
                record_conflict(&transaction, batch, (*sequence, *first_position))?;
            }
            Appended::FutureDated { .. } | Appended::Cloned { .. } => {
                savepoint.rollback().map_err(&failed)?;
                savepoint.commit().map_err(&failed)?;
            }
        }
        answers.push(answer);
    }
    transaction.commit().map_err(&failed)?;
    Ok((last, answers))
}

fn append(
    connection: &Connection,
    batch: &NewBatch,
    position: u64,
) -> Result<Appended, StoreError> {
    if let Some(known) = known(connection, batch)? {
        return Ok(known);
    }
    if let Some(conflict) = keep_entries(connection, batch, position)? {
        return Ok(conflict);
    }
    let map = fit(connection, batch)?;
    if let Some(map) = &map {
        let latest = latest_unix_ms(batch, map);
        if latest > batch.received_unix_ms.saturating_add(FUTURE_MS_MAX) {
            return Ok(Appended::FutureDated {
                latest_unix_ms: latest,
            });
        }
        if let Some(cloned) = extend_boot(connection, batch, map)? {
            return Ok(cloned);
        }
        map_waiting(connection, batch, map, position)?;
    }
    insert(connection, batch, map.as_ref(), position)?;
    Ok(Appended::Kept {
        position,
        accepted_unix_ms: batch.received_unix_ms,
        duplicate: false,
        chain: chain(connection, batch)?,
        mapped: map.is_some(),
    })
}

/// The batch that is there under the same name.
fn known(connection: &Connection, batch: &NewBatch) -> Result<Option<Appended>, StoreError> {
    let failed = StoreError::database("find batch");
    let found: Option<(i64, i64, bool)> = connection
        .prepare_cached(
            "SELECT position, received_at, time_map IS NOT NULL FROM batch WHERE batch_hash = ?",
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
        .prepare_cached("SELECT 1 FROM batch WHERE batch_hash = ? AND agent = ?")
        .and_then(|mut statement| {
            statement.exists(params![previous, batch.envelope.agent.to_string()])
        })
        .map_err(StoreError::database("find predecessor"))?;
    Ok(if linked { Chain::Linked } else { Chain::Open })
}

fn keep_entries(
    connection: &Connection,
    batch: &NewBatch,
    position: u64,
) -> Result<Option<Appended>, StoreError> {
    let failed = StoreError::database("keep entries");
    let (agent, boot) = names(batch);
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?)")
        .map_err(&failed)?;
    for (sequence, hash) in &batch.entries {
        let key = signed(*sequence);
        let new = insert
            .execute(params![agent, boot, key, hash, signed(position)])
            .map_err(&failed)?;
        if new == 1 {
            continue;
        }
        let (first, at): ([u8; 32], i64) = connection
            .prepare_cached(
                "SELECT hash, position FROM entry WHERE agent = ? AND boot = ? AND sequence = ?",
            )
            .and_then(|mut statement| {
                statement.query_row(params![agent, boot, key], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
            })
            .map_err(&failed)?;
        if first != *hash {
            return Ok(Some(Appended::Conflict {
                sequence: *sequence,
                first_position: unsigned(at),
            }));
        }
    }
    Ok(None)
}

fn record_conflict(
    transaction: &Transaction<'_>,
    batch: &NewBatch,
    (sequence, first_position): (u64, u64),
) -> Result<(), StoreError> {
    let (agent, boot) = names(batch);
    let hash = batch
        .entries
        .iter()
        .find(|(one, _)| *one == sequence)
        .map_or([0; 32], |(_, hash)| *hash);
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO conflict (received_at, agent, boot, sequence, first_position,
                 batch_hash, hash, peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                batch.received_unix_ms,
                agent,
                boot,
                signed(sequence),
                signed(first_position),
                batch.batch_hash,
                hash,
                batch.peer.map(|peer| peer.to_string())
            ])
        })
        .map_err(StoreError::database("record conflict"))
        .map(drop)
}

/// Keeps the exchanges that the batch brings and fits a map to all of its boot.
fn fit(connection: &Connection, batch: &NewBatch) -> Result<Option<TimeMap>, StoreError> {
    let failed = StoreError::database("time exchanges");
    let (agent, boot) = names(batch);
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO exchange VALUES (?, ?, ?, ?, ?, ?)")
        .map_err(&failed)?;
    for one in &batch.exchanges {
        insert
            .execute(params![
                agent,
                boot,
                signed(one.sent_boottime_ms),
                signed(one.received_boottime_ms),
                one.collector_received_unix_ms,
                one.collector_sent_unix_ms
            ])
            .map_err(&failed)?;
    }
    let limit = i64::try_from(EXCHANGES_MAX).unwrap_or(i64::MAX);
    let exchanges: Vec<TimeExchange> = connection
        .prepare_cached(
            "SELECT sent_boottime_ms, received_boottime_ms, collector_received_unix_ms,
                 collector_sent_unix_ms FROM exchange WHERE agent = ? AND boot = ?
             ORDER BY sent_boottime_ms DESC LIMIT ?",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![agent, boot, limit], |row| {
                    Ok(TimeExchange {
                        sent_boottime_ms: unsigned(row.get(0)?),
                        received_boottime_ms: unsigned(row.get(1)?),
                        collector_received_unix_ms: row.get(2)?,
                        collector_sent_unix_ms: row.get(3)?,
                    })
                })?
                .collect()
        })
        .map_err(&failed)?;
    Ok(ClockFit::new(&exchanges).time_map())
}

/// Latest corrected time of what was measured, and of the exchanges it was corrected with.
fn latest_unix_ms(batch: &NewBatch, map: &TimeMap) -> i64 {
    let measured = batch
        .measured_boottime_ms
        .map(|(_, last)| map.corrected_unix_ms(last).0);
    // Only exchanges that agree with the newest: an earlier step of this clock is no future.
    let stated = map.exchanges.iter().map(|one| one.collector_sent_unix_ms);
    measured.into_iter().chain(stated).max().unwrap_or(i64::MIN)
}

/// First and last boot time of what the batch measured, and those that wait for its map.
fn measured(connection: &Connection, batch: &NewBatch) -> Result<Option<(u64, u64)>, StoreError> {
    let (agent, boot) = names(batch);
    let waiting: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(boottime_first_ms), max(boottime_last_ms) FROM batch
             WHERE agent = ? AND boot = ? AND time_map IS NULL",
        )
        .and_then(|mut statement| {
            statement.query_row(params![agent, boot], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(StoreError::database("waiting batches"))?;
    let waiting = waiting.0.map(unsigned).zip(waiting.1.map(unsigned));
    let both = waiting.into_iter().chain(batch.measured_boottime_ms);
    Ok(both.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))))
}

/// Extends what the boot measured; refuses when another boot of the agent measured the same.
fn extend_boot(
    connection: &Connection,
    batch: &NewBatch,
    map: &TimeMap,
) -> Result<Option<Appended>, StoreError> {
    let Some((first, last)) = measured(connection, batch)? else {
        return Ok(None);
    };
    let (first, last) = (map.corrected_unix_ms(first), map.corrected_unix_ms(last));
    let uncertainty = i64::try_from(first.1.max(last.1)).unwrap_or(i64::MAX);
    let (agent, boot) = names(batch);
    let failed = StoreError::database("boots");
    let other: Option<String> = connection
        .prepare_cached(
            "SELECT boot FROM boot WHERE agent = ?1 AND boot <> ?2
                 AND min(last_unix_ms, ?4) - max(first_unix_ms, ?3)
                     > uncertainty_ms + ?5 + ?6 LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row(
                    params![agent, boot, first.0, last.0, uncertainty, BOOTS_APART_MS],
                    |row| row.get(0),
                )
                .optional()
        })
        .map_err(&failed)?;
    if let Some(other) = other {
        let other = other
            .parse()
            .map_err(|error| StoreError::damaged("boot", error))?;
        return Ok(Some(Appended::Cloned { other }));
    }
    connection
        .prepare_cached(
            "INSERT INTO boot VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                 first_unix_ms = min(first_unix_ms, ?3), last_unix_ms = max(last_unix_ms, ?4),
                 uncertainty_ms = max(uncertainty_ms, ?5)",
        )
        .and_then(|mut statement| {
            statement.execute(params![agent, boot, first.0, last.0, uncertainty])
        })
        .map_err(&failed)?;
    Ok(None)
}

/// Gives the map to the batches of the boot that waited for one.
fn map_waiting(
    connection: &Connection,
    batch: &NewBatch,
    map: &TimeMap,
    position: u64,
) -> Result<(), StoreError> {
    let (agent, boot) = names(batch);
    connection
        .prepare_cached(
            "UPDATE batch SET time_map = ?, mapped_at = ?
             WHERE agent = ? AND boot = ? AND time_map IS NULL",
        )
        .and_then(|mut statement| {
            statement.execute(params![text(map), signed(position), agent, boot])
        })
        .map_err(StoreError::database("map waiting batches"))
        .map(drop)
}

fn insert(
    connection: &Connection,
    batch: &NewBatch,
    map: Option<&TimeMap>,
    position: u64,
) -> Result<(), StoreError> {
    let (agent, boot) = names(batch);
    let envelope = &batch.envelope;
    connection
        .prepare_cached(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                signed(position),
                batch.received_unix_ms,
                agent,
                boot,
                signed(envelope.sequence_first),
                signed(envelope.sequence_last),
                envelope.previous,
                batch.batch_hash,
                batch.content_type.as_str(),
                batch.body.as_ref(),
                envelope.signature,
                batch.peer.map(|peer| peer.to_string()),
                signed(batch.samples),
                batch.measured_boottime_ms.map(|(first, _)| signed(first)),
                batch.measured_boottime_ms.map(|(_, last)| signed(last)),
                map.map(text),
                map.map(|_| signed(position))
            ])
        })
        .map_err(StoreError::database("insert batch"))
        .map(drop)
}

fn names(batch: &NewBatch) -> (String, String) {
    (
        batch.envelope.agent.to_string(),
        batch.envelope.boot.to_string(),
    )
}

/// A map is plain numbers: writing it cannot fail.
fn text(map: &TimeMap) -> Option<String> {
    serde_json::to_string(map).ok()
}
