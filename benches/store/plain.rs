//! The plainest peer: the same samples as rows of SQLite, as the store once kept them.

use std::path::{Path, PathBuf};

use desserte::store::samples::SampleRow;
use rusqlite::{Connection, params};

use super::{bytes_below, peers::Peer};

/// The peer's file.
pub(crate) struct Rows {
    connection: Connection,
    path: PathBuf,
}

impl Rows {
    pub(crate) fn new(path: &Path) -> Self {
        let connection = Connection::open(path).expect("open");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE sample (series INTEGER, time_unix_ms INTEGER, sequence INTEGER,
                     uncertainty_ms INTEGER, outcome INTEGER, sent INTEGER, received INTEGER,
                     rtt_us_min INTEGER, rtt_us_median INTEGER, rtt_us_max INTEGER,
                     rtt_us_mean_successive_difference INTEGER,
                     PRIMARY KEY (series, time_unix_ms, sequence)) WITHOUT ROWID;",
            )
            .expect("schema");
        Self {
            connection,
            path: path.to_owned(),
        }
    }
}

impl Peer for Rows {
    fn name(&self) -> &'static str {
        "rows in SQLite"
    }

    fn put(&mut self, rows: &[(i64, SampleRow)]) {
        let transaction = self.connection.transaction().expect("transaction");
        {
            let mut statement = transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    ])
                    .expect("insert");
            }
        }
        transaction.commit().expect("commit");
    }

    fn bytes(&mut self) -> f64 {
        self.connection
            .pragma_update(None, "wal_checkpoint", "TRUNCATE")
            .expect("checkpoint");
        bytes_below(&self.path)
    }

    fn month(&mut self, row: &SampleRow, (from, to): (i64, i64)) -> usize {
        let target = row.series.target.as_str();
        let series: i64 = target
            .rsplit('-')
            .next()
            .and_then(|one| one.parse().ok())
            .expect("number");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT * FROM sample WHERE series = ? AND time_unix_ms >= ? AND time_unix_ms < ?
                 ORDER BY time_unix_ms, sequence",
            )
            .expect("statement");
        let mut rows = statement.query(params![series, from, to]).expect("query");
        let (mut count, mut sum) = (0, 0_i64);
        while let Some(row) = rows.next().expect("row") {
            count += 1;
            for column in 1..11 {
                sum ^= row
                    .get::<_, Option<i64>>(column)
                    .expect("integer")
                    .unwrap_or(0);
            }
        }
        assert!(count == 0 || sum != i64::MIN);
        count
    }

    fn shares(&mut self, (from, to): (i64, i64)) -> usize {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT series, count(*), sum(sent > 0 AND received = 0) FROM sample
                 WHERE time_unix_ms >= ? AND time_unix_ms < ? GROUP BY series",
            )
            .expect("statement");
        let rows = statement.query_map([from, to], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let counted = rows.expect("query").map(|row| row.expect("row"));
        counted.filter(|(all, silent)| all >= silent).count()
    }
}
