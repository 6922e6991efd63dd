//! Earlier journals brought up. Version 1 had a row per entry, and wrote identities and time maps as
//! texts with every batch; version 2 had no log, version 3 nothing of `journal-4.sql`.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{append::boot_number, time::keep_map};
use crate::store::StoreError;

const FORMER: i64 = 1;
const WITHOUT_LOG: i64 = 2;
const WITHOUT_REACHED: i64 = 3;
const TABLES: [&str; 4] = ["batch", "conflict", "exchange", "boot"];

/// Brings an earlier file to the present version, all of it or nothing.
pub(super) fn bring_up(connection: &mut Connection) -> Result<(), StoreError> {
    let failed = StoreError::database("bring up journal");
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(&failed)?;
    if found == WITHOUT_LOG {
        let added = format!("{}{}", crate::ledger::log::SCHEMA, super::SCHEMA_OF_4);
        return add(connection, &added);
    }
    if found == WITHOUT_REACHED {
        return add(connection, super::SCHEMA_OF_4);
    }
    if found != FORMER {
        return Ok(());
    }
    tracing::info!(
        "the journal is brought from version {FORMER} to {}",
        super::SCHEMA_VERSION
    );
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    let indices = [
        "batch_agent",
        "batch_arrival",
        "batch_mapped",
        "batch_waiting",
    ];
    let drop_indices = indices.map(|name| format!("DROP INDEX {name};")).concat();
    let rename = TABLES
        .map(|name| format!("ALTER TABLE {name} RENAME TO former_{name};"))
        .concat();
    transaction
        .execute_batch(&format!(
            "{drop_indices}{rename}DROP TABLE entry;{}",
            super::schema()
        ))
        .map_err(&failed)?;
    boots(&transaction)?;
    batches(&transaction)?;
    let of_boot = "(SELECT id FROM boot WHERE boot.agent = unhex(one.agent, '-')
         AND boot.boot = unhex(one.boot, '-'))";
    let drop_tables = TABLES
        .map(|name| format!("DROP TABLE former_{name};"))
        .concat();
    transaction
        .execute_batch(&format!(
            "INSERT INTO exchange SELECT {of_boot}, sent_boottime_ms, received_boottime_ms,
                 collector_received_unix_ms, collector_sent_unix_ms FROM former_exchange AS one;
             INSERT INTO conflict SELECT id, received_at, unhex(agent, '-'), unhex(boot, '-'),
                 sequence, first_position, batch_hash, hash, peer FROM former_conflict;
             {drop_tables}
             PRAGMA user_version = {};",
            super::SCHEMA_VERSION
        ))
        .map_err(&failed)?;
    transaction.commit().map_err(&failed)?;
    // Gives the space of the rows per entry back.
    connection.execute_batch("VACUUM").map_err(&failed)
}

/// Tables and indices that a version lacked. Leaves of the log are appended as for any file that lacks some.
fn add(connection: &mut Connection, schema: &str) -> Result<(), StoreError> {
    let failed = StoreError::database("add tables to journal");
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    transaction
        .execute_batch(schema)
        .and_then(|()| transaction.pragma_update(None, "user_version", super::SCHEMA_VERSION))
        .and_then(|()| transaction.commit())
        .map_err(&failed)
}

fn boots(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute_batch(
            "INSERT INTO boot (agent, boot, longest)
                 SELECT unhex(agent, '-'), unhex(boot, '-'), max(sequence_last - sequence_first)
                 FROM former_batch GROUP BY agent, boot;
             UPDATE boot SET (first_unix_ms, last_unix_ms, uncertainty_ms) = (
                 SELECT first_unix_ms, last_unix_ms, uncertainty_ms FROM former_boot AS one
                 WHERE boot.agent = unhex(one.agent, '-') AND boot.boot = unhex(one.boot, '-'));",
        )
        .map_err(StoreError::database("bring up boots"))
}

fn batches(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let failed = StoreError::database("bring up batches");
    let mut positions = transaction
        .prepare("SELECT position, agent, boot, time_map FROM former_batch ORDER BY position")
        .map_err(&failed)?;
    let mut rows = positions.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (position, agent, boot, text): (i64, String, String, Option<String>) =
            (|| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))().map_err(&failed)?;
        let wrong = |error| StoreError::damaged("identity of a batch", error);
        let boot = boot_number(
            transaction,
            agent.parse().map_err(wrong)?,
            boot.parse().map_err(wrong)?,
        )?;
        let map = match text {
            Some(text) => {
                let map = serde_json::from_str(&text)
                    .map_err(|error| StoreError::damaged("time map of a batch", error))?;
                Some(keep_map(transaction, boot, &map)?)
            }
            None => None,
        };
        transaction
            .prepare_cached(
                "INSERT INTO batch SELECT position, ?2, received_at, sequence_first, sequence_last,
                     samples, boottime_first_ms, boottime_last_ms, ?3, mapped_at, peer,
                     content_type, batch_hash, previous, signature, body
                 FROM former_batch WHERE position = ?1",
            )
            .and_then(|mut statement| statement.execute(params![position, boot, map]))
            .map_err(&failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use desserte_probe::{
        clock::TimeMap,
        wire::{
            envelope::Envelope,
            hex,
            id::{AgentId, BootId},
        },
    };

    use crate::{database, store::journal::Journal};

    const FORMER_SCHEMA: &str = "
        CREATE TABLE batch (position INTEGER PRIMARY KEY, received_at INTEGER, agent TEXT, boot TEXT,
            sequence_first INTEGER, sequence_last INTEGER, previous BLOB, batch_hash BLOB UNIQUE,
            content_type TEXT, body BLOB, signature BLOB, peer TEXT, samples INTEGER,
            boottime_first_ms INTEGER, boottime_last_ms INTEGER, time_map TEXT, mapped_at INTEGER);
        CREATE INDEX batch_agent ON batch (agent, position);
        CREATE INDEX batch_arrival ON batch (agent, received_at);
        CREATE INDEX batch_mapped ON batch (mapped_at, position);
        CREATE INDEX batch_waiting ON batch (agent, boot) WHERE time_map IS NULL;
        CREATE TABLE entry (agent TEXT, boot TEXT, sequence INTEGER, hash BLOB, position INTEGER);
        CREATE TABLE conflict (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER, agent TEXT,
            boot TEXT, sequence INTEGER, first_position INTEGER, batch_hash BLOB, hash BLOB, peer TEXT);
        CREATE TABLE exchange (agent TEXT, boot TEXT, sent_boottime_ms INTEGER,
            received_boottime_ms INTEGER, collector_received_unix_ms INTEGER,
            collector_sent_unix_ms INTEGER);
        CREATE TABLE boot (agent TEXT, boot TEXT, first_unix_ms INTEGER, last_unix_ms INTEGER,
            uncertainty_ms INTEGER);
        PRAGMA user_version = 1;";

    #[test]
    fn a_file_of_version_1_keeps_all_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (agent, boot) = (AgentId([0xab; 16]), BootId([0x0c; 16]));
        let map = TimeMap {
            exchanges: vec![],
            reference_boottime_ms: 5,
            offset_unix_ms: 1_780_000_000_000,
            drift_ppm: 1,
            drift_uncertainty_ppm: 2,
            uncertainty_ms: 3,
        };
        let text = serde_json::to_string(&map).unwrap();
        let hash = |boot, (sequence_first, sequence_last), body: &[u8]| {
            let envelope = Envelope {
                agent,
                boot,
                sequence_first,
                sequence_last,
                previous: [0; 32],
                signature: [0; 64],
            };
            hex(&envelope.batch_hash(body))
        };
        let other = BootId([0xab; 16]);
        let [one, two, three] = [
            hash(boot, (4, 9), &[1]),
            hash(boot, (10, 10), &[2]),
            hash(other, (11, 11), &[3]),
        ];
        let former = database::open(&path, "FULL").unwrap();
        former.execute_batch(FORMER_SCHEMA).unwrap();
        former
            .execute_batch(&format!(
                "INSERT INTO batch VALUES (1, 70, '{agent}', '{boot}', 4, 9, zeroblob(32),
                     x'{one}', 'application/json', x'01', zeroblob(64), NULL, 6, 100, 200,
                     '{text}', 2), (2, 71, '{agent}', '{boot}', 10, 10, zeroblob(32),
                     x'{two}', 'application/json', x'02', zeroblob(64), '192.0.2.7', 1, 300,
                     300, '{text}', 2), (3, 72, '{agent}', '{other}', 11, 11, zeroblob(32),
                     x'{three}', 'application/json', x'03', zeroblob(64), NULL, 1, 1, 2, NULL,
                     NULL);
                 INSERT INTO conflict VALUES (1, 80, '{agent}', '{boot}', 4, 1, x'00', x'00', NULL);
                 UPDATE conflict SET batch_hash = zeroblob(32), hash = zeroblob(32);
                 INSERT INTO exchange VALUES ('{agent}', '{boot}', 1, 2, 3, 4);
                 INSERT INTO boot VALUES ('{agent}', '{boot}', 10, 20, 3);"
            ))
            .unwrap();
        drop(former);
        let journal = Journal::open(&path, |_, _| Some(vec![])).unwrap();
        assert_eq!(journal.last_position(), 3);
        let first = journal.batch(1).unwrap().unwrap();
        assert_eq!((first.envelope.agent, first.envelope.boot), (agent, boot));
        assert_eq!((first.time_map, first.mapped_at), (Some(map), Some(2)));
        assert_eq!(
            (first.body.as_ref(), first.received_unix_ms),
            (&[1][..], 70)
        );
        let mut order = vec![];
        let see = |batch: super::super::JournaledBatch| {
            order.push(batch.position);
            Ok(())
        };
        journal.usable((0, 3), see).unwrap();
        assert_eq!(order, [1, 2]);
        assert_eq!(journal.waiting().unwrap().batches, 1);
        assert_eq!(journal.conflicts(9).unwrap()[0].boot, boot);
        assert_eq!(journal.arrivals(agent, 0, 100).unwrap(), [70, 71, 72]);
        assert_eq!(journal.last_batch_of(agent).unwrap().unwrap().position, 3);
        let again = Journal::open(&path, |_, _| Some(vec![])).unwrap();
        assert_eq!(again.last_position(), 3);
    }
}
