//! The peer: the same samples as plain rows of SQLite, as the store once kept them.

use std::{path::Path, sync::Arc};

use desserte::store::{
    embedded::EmbeddedStore,
    samples::{Filling, SampleRow, SampleStore, SeriesFilter},
};
use rusqlite::{Connection, params};

use super::{START_MS, bytes_below, seconds};

/// Rows of a commit.
const GROUP: usize = 50_000;

/// The peer's file, filled.
pub(crate) struct Rows {
    connection: Connection,
    pub(crate) per_second: f64,
    pub(crate) bytes: f64,
    /// The store itself, filled with the same rows the same way.
    pub(crate) ours_per_second: f64,
}

impl Rows {
    /// Copies all samples of a store, day by day as they come from many sites.
    pub(crate) fn make(path: &Path, store: &EmbeddedStore, now: i64) -> Self {
        let mut connection = Connection::open(path).expect("open");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 CREATE TABLE sample (series INTEGER, time_unix_ms INTEGER, sequence INTEGER,
                     uncertainty_ms INTEGER, outcome INTEGER, sent INTEGER, received INTEGER,
                     rtt_us_min INTEGER, rtt_us_median INTEGER, rtt_us_max INTEGER,
                     rtt_us_mean_successive_difference INTEGER, coarse INTEGER, detail TEXT,
                     PRIMARY KEY (series, time_unix_ms, sequence)) WITHOUT ROWID;",
            )
            .expect("schema");
        let again = path.with_file_name("again");
        let ours = EmbeddedStore::open(&again).expect("open");
        let (mut count, mut plain_seconds, mut our_seconds, mut position) = (0_usize, 0.0, 0.0, 0);
        let mut from = START_MS;
        while from < now {
            let rows = day(store, (from, from + super::DAY_MS));
            count += rows.len();
            for group in rows.chunks(GROUP) {
                plain_seconds += seconds(|| insert(&mut connection, group)).0;
                position += 1;
                let samples = group.iter().map(|(_, row)| row.clone()).collect();
                let filling = Filling {
                    position,
                    samples,
                    evidence: vec![],
                };
                our_seconds += seconds(|| ours.put(&filling).expect("put")).0;
            }
            from += super::DAY_MS;
        }
        our_seconds += seconds(|| drop(ours)).0;
        connection
            .pragma_update(None, "wal_checkpoint", "TRUNCATE")
            .expect("checkpoint");
        Self {
            connection,
            per_second: count as f64 / plain_seconds,
            ours_per_second: count as f64 / our_seconds,
            bytes: bytes_below(path),
        }
    }

    /// Reads a series in a span.
    pub(crate) fn scan(&self, series: i64, (from, to): (i64, i64)) {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT * FROM sample WHERE series = ? AND time_unix_ms >= ? AND time_unix_ms < ?
                 ORDER BY time_unix_ms, sequence",
            )
            .expect("statement");
        let mut rows = statement.query(params![series, from, to]).expect("query");
        let mut sum = 0_i64;
        while let Some(row) = rows.next().expect("row") {
            for column in 1..12 {
                sum += row
                    .get::<_, Option<i64>>(column)
                    .expect("integer")
                    .unwrap_or(0)
                    & 1;
            }
        }
        assert!(sum > 0);
    }
}

fn day(store: &EmbeddedStore, span: (i64, i64)) -> Vec<(i64, SampleRow)> {
    let mut rows = Vec::new();
    for series in store.series(SeriesFilter::default()).expect("series") {
        let key = Arc::new(series.key);
        let block = store.scan(series.id, span.0, span.1).expect("scan");
        rows.extend(block.observations(None).into_iter().map(|one| {
            let row = SampleRow {
                series: Arc::clone(&key),
                time_unix_ms: one.start_unix_ms,
                uncertainty_ms: one.uncertainty_ms,
                sequence: one.sequence,
                outcome: one.outcome,
                sent: one.sent,
                received: one.received,
                rtt_us_min: one.rtt_us_min,
                rtt_us_median: one.rtt_us_median,
                rtt_us_max: one.rtt_us_max,
                rtt_us_mean_successive_difference: one.rtt_us_mean_successive_difference,
                coarse: one.coarse,
                detail: None,
                summary_spacing_ms: None,
            };
            (series.id.0, row)
        }));
    }
    // As the minutes come in.
    rows.sort_by_key(|(_, row)| row.time_unix_ms);
    rows
}

fn insert(connection: &mut Connection, rows: &[(i64, SampleRow)]) {
    let transaction = connection.transaction().expect("transaction");
    {
        let mut statement = transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            )
            .expect("statement");
        for (series, row) in rows {
            statement
                .execute(params![
                    series,
                    row.time_unix_ms,
                    row.sequence.cast_signed(),
                    row.uncertainty_ms,
                    row.outcome.code(),
                    row.sent,
                    row.received,
                    row.rtt_us_min,
                    row.rtt_us_median,
                    row.rtt_us_max,
                    row.rtt_us_mean_successive_difference,
                    row.coarse
                ])
                .expect("insert");
        }
    }
    transaction.commit().expect("commit");
}
