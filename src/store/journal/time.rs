//! The time of batches: exchanges kept, a map fitted to them, the map kept and given to those that
//! waited for it.

use desserte_probe::{
    clock::{ClockFit, TimeMap},
    report::TimeExchange,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{EXCHANGES_MAX, NewBatch, map};
use crate::store::{StoreError, signed, unsigned};

/// Keeps the exchanges that the batch brings and fits a map to the newest of its boot; older ones go.
pub(super) fn fit(
    connection: &Connection,
    batch: &NewBatch,
    boot: i64,
) -> Result<Option<TimeMap>, StoreError> {
    let failed = StoreError::database("time exchanges");
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO exchange VALUES (?, ?, ?, ?, ?)")
        .map_err(&failed)?;
    for one in &batch.exchanges {
        insert
            .execute(params![
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
                 collector_sent_unix_ms FROM exchange WHERE boot = ?
             ORDER BY sent_boottime_ms DESC LIMIT ?",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![boot, limit], |row| {
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
    if let Some(oldest) = exchanges
        .last()
        .filter(|_| exchanges.len() == EXCHANGES_MAX)
    {
        // What is never read again.
        connection
            .prepare_cached("DELETE FROM exchange WHERE boot = ? AND sent_boottime_ms < ?")
            .and_then(|mut delete| delete.execute(params![boot, signed(oldest.sent_boottime_ms)]))
            .map_err(&failed)?;
    }
    Ok(ClockFit::new(&exchanges).time_map())
}

/// Latest corrected time of what was measured, and of the exchanges it was corrected with.
pub(super) fn latest_unix_ms(batch: &NewBatch, map: &TimeMap) -> i64 {
    let measured = batch
        .measured_boottime_ms
        .map(|(_, last)| map.corrected_unix_ms(last).0);
    // Only exchanges that agree with the newest: an earlier step of this clock is no future.
    let stated = map.exchanges.iter().map(|one| one.collector_sent_unix_ms);
    measured.into_iter().chain(stated).max().unwrap_or(i64::MIN)
}

/// Number of a map: consecutive batches of a boot share it while the fit stays the same.
pub(super) fn keep_map(
    connection: &Connection,
    boot: i64,
    map: &TimeMap,
) -> Result<i64, StoreError> {
    let failed = StoreError::database("keep time map");
    let written = map::write(map)?;
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT id, map FROM time_map WHERE boot = ? ORDER BY id DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([boot], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(&failed)?;
    match last {
        Some((id, same)) if same == written => Ok(id),
        _ => connection
            .prepare_cached("INSERT INTO time_map (boot, map) VALUES (?, ?)")
            .and_then(|mut statement| statement.insert(params![boot, written]))
            .map_err(&failed),
    }
}

/// Gives the map to the batches of the boot that waited for one.
pub(super) fn map_waiting(
    connection: &Connection,
    boot: i64,
    map: i64,
    position: u64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE batch SET time_map = ?, mapped_at = ? WHERE boot = ? AND time_map IS NULL",
        )
        .and_then(|mut statement| statement.execute(params![map, signed(position), boot]))
        .map_err(StoreError::database("map waiting batches"))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use desserte_probe::wire::{
        envelope::Envelope,
        id::{AgentId, BootId},
    };

    use super::*;
    use crate::store::journal::{ContentType, append::boot_number, schema};

    #[test]
    fn only_exchanges_that_are_read_again_are_kept() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&schema()).unwrap();
        let envelope = Envelope {
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            sequence_first: 1,
            sequence_last: 1,
            previous: [0; 32],
            signature: [0; 64],
        };
        let boot = boot_number(&connection, envelope.agent, envelope.boot).unwrap();
        let other = boot_number(&connection, envelope.agent, BootId([3; 16])).unwrap();
        let mut batch = NewBatch {
            received_unix_ms: 0,
            batch_hash: [0; 32],
            envelope,
            content_type: ContentType::Json,
            body: Bytes::new(),
            peer: None,
            entries: 1,
            exchanges: Vec::new(),
            measured_boottime_ms: None,
            samples: 1,
        };
        let exchange = |number: u64| TimeExchange {
            sent_boottime_ms: number * 1_000,
            received_boottime_ms: number * 1_000 + 20,
            collector_received_unix_ms: number.cast_signed() * 1_000,
            collector_sent_unix_ms: number.cast_signed() * 1_000,
        };
        batch.exchanges = vec![exchange(1)];
        fit(&connection, &batch, other).unwrap();
        batch.exchanges = (1..=1_000).map(exchange).collect();
        let map = fit(&connection, &batch, boot).unwrap();
        // What is sent again changes nothing.
        assert_eq!(fit(&connection, &batch, boot).unwrap(), map);
        let kept: (i64, i64, i64) = connection
            .query_row(
                "SELECT count(*), min(sent_boottime_ms), count(*) FILTER (WHERE boot <> ?)
                 FROM exchange",
                [boot],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        let most = i64::try_from(EXCHANGES_MAX).unwrap();
        assert_eq!(kept, (most + 1, 1_000, 1));
    }
}
