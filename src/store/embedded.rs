//! The first engine: one SQLite file of its own. `synchronous = NORMAL` is enough, because a power
//! cut that loses its last transactions loses their position with them, and the journal fills them
//! in again.

mod decode;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use self::decode::{evidence, json, push, read_series, sample, series_key, text};
use super::{
    StoreError, migrate,
    samples::{
        Caps, EvidenceRow, Filling, SampleBlock, SampleRow, SampleStore, Series, SeriesFilter,
        SeriesId, SeriesKey,
    },
    signed, unsigned,
};
use crate::database;

const SCHEMA: &str = include_str!("samples.sql");
const SCHEMA_VERSION: i64 = 1;
/// Connections for reading: a page that reads a month must not hold up the others.
const READERS: usize = 2;
/// Rows of one transaction: some 100 ms on a small machine.
const ROWS_MAX: usize = 50_000;

/// Samples in a SQLite file.
#[derive(Debug)]
pub struct EmbeddedStore {
    writer: Mutex<Writer>,
    readers: [Mutex<Connection>; READERS],
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// Numbers of series that are committed.
    series: HashMap<Arc<SeriesKey>, i64>,
}

impl EmbeddedStore {
    /// Opens `path`, making it as needed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::database("open samples");
        let mut connection = database::open(path, "NORMAL").map_err(&failed)?;
        migrate(&mut connection, SCHEMA, SCHEMA_VERSION)?;
        let series = read_series(&connection, SeriesFilter::default())?
            .into_iter()
            .map(|one| (Arc::new(one.key), one.id.0))
            .collect();
        let reader = || {
            database::open(path, "NORMAL")
                .map(Mutex::new)
                .map_err(&failed)
        };
        Ok(Self {
            readers: [reader()?, reader()?],
            writer: Mutex::new(Writer { connection, series }),
        })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        let [first, second] = &self.readers;
        first
            .try_lock()
            .unwrap_or_else(|_| second.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SampleStore for EmbeddedStore {
    fn put(&self, filling: &Filling) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Writer { connection, series } = &mut *writer;
        let failed = StoreError::database("put samples");
        let transaction = connection.transaction().map_err(&failed)?;
        // Numbers given in a transaction that fails are forgotten with it.
        let mut new_series = HashMap::new();
        for row in &filling.samples {
            let known = series
                .get(&row.series)
                .or_else(|| new_series.get(&row.series));
            let id = if let Some(id) = known {
                *id
            } else {
                let id = number(&transaction, &row.series)?;
                new_series.insert(Arc::clone(&row.series), id);
                id
            };
            put_sample(&transaction, id, row)?;
        }
        for row in &filling.evidence {
            put_evidence(&transaction, row)?;
        }
        transaction
            .execute(
                "UPDATE applied SET position = max(position, ?)",
                [signed(filling.position)],
            )
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        series.extend(new_series);
        Ok(())
    }

    fn applied_position(&self) -> Result<u64, StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer
            .connection
            .query_row("SELECT position FROM applied", [], |row| row.get(0))
            .map(unsigned)
            .map_err(StoreError::database("applied position"))
    }

    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError> {
        read_series(&self.reader(), filter)
    }

    fn scan(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<SampleBlock, StoreError> {
        let failed = StoreError::database("scan samples");
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached(
                "SELECT time_unix_ms, uncertainty_ms, sequence, outcome, sent, received,
                     rtt_us_min, rtt_us_median, rtt_us_max, rtt_us_mean_successive_difference,
                     coarse FROM sample
                 WHERE series = ? AND time_unix_ms >= ? AND time_unix_ms < ?
                 ORDER BY time_unix_ms, sequence",
            )
            .map_err(&failed)?;
        let mut rows = statement
            .query(params![series.0, from_unix_ms, to_unix_ms])
            .map_err(&failed)?;
        let mut block = SampleBlock::default();
        while let Some(row) = rows.next().map_err(&failed)? {
            push(&mut block, row).map_err(&failed)?;
        }
        Ok(block)
    }

    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError> {
        let failed = StoreError::database("latest sample");
        let reader = self.reader();
        let Some(key) = series_key(&reader, series).map_err(&failed)? else {
            return Ok(None);
        };
        reader
            .prepare_cached(
                "SELECT * FROM sample WHERE series = ?
                 ORDER BY time_unix_ms DESC, sequence DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([series.0], |row| sample(row, key))
                    .optional()
            })
            .map_err(&failed)
    }

    fn evidence(
        &self,
        site: &str,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<EvidenceRow>, StoreError> {
        self.reader()
            .prepare_cached(
                "SELECT * FROM evidence WHERE site = ? AND time_unix_ms >= ? AND time_unix_ms < ?
                 ORDER BY time_unix_ms, agent, boot, sequence, ordinal",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![site, from_unix_ms, to_unix_ms], evidence)?
                    .collect()
            })
            .map_err(StoreError::database("scan evidence"))
    }

    fn caps(&self) -> Caps {
        Caps {
            safe_lag_ms: 0,
            rows_max: ROWS_MAX,
        }
    }
}

fn number(transaction: &Transaction<'_>, key: &SeriesKey) -> Result<i64, StoreError> {
    let failed = StoreError::database("series");
    let family = key.family.map(|family| text(&family)).transpose()?;
    let values = params![
        key.site,
        key.agent.to_string(),
        key.target,
        text(&key.kind)?,
        key.slot_seconds,
        key.line.as_deref().unwrap_or(""),
        family.as_deref().unwrap_or("")
    ];
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO series (site, agent, target, kind, slot_seconds, line, family)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| statement.execute(values))
        .map_err(&failed)?;
    transaction
        .prepare_cached(
            "SELECT id FROM series WHERE site = ? AND agent = ? AND target = ? AND kind = ?
                 AND slot_seconds = ? AND line = ? AND family = ?",
        )
        .and_then(|mut statement| statement.query_row(values, |row| row.get(0)))
        .map_err(&failed)
}

fn put_sample(
    transaction: &Transaction<'_>,
    series: i64,
    row: &SampleRow,
) -> Result<(), StoreError> {
    let failed = StoreError::database("put sample");
    if let Some(spacing) = row.summary_spacing_ms {
        let half = i64::from(spacing) / 2;
        let original: bool = transaction
            .prepare_cached(
                "SELECT 1 FROM sample WHERE series = ? AND time_unix_ms > ? AND time_unix_ms < ?
                     AND sequence <> ?",
            )
            .and_then(|mut statement| {
                statement.exists(params![
                    series,
                    row.time_unix_ms - half,
                    row.time_unix_ms + half,
                    signed(row.sequence)
                ])
            })
            .map_err(&failed)?;
        if original {
            return Ok(());
        }
    }
    let detail = row.detail.as_ref().map(json).transpose()?;
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                series,
                row.time_unix_ms,
                signed(row.sequence),
                row.uncertainty_ms,
                row.outcome.code(),
                row.sent,
                row.received,
                row.rtt_us_min,
                row.rtt_us_median,
                row.rtt_us_max,
                row.rtt_us_mean_successive_difference,
                row.coarse,
                detail
            ])
        })
        .map_err(&failed)
        .map(drop)
}

fn put_evidence(transaction: &Transaction<'_>, row: &EvidenceRow) -> Result<(), StoreError> {
    let fact = json(&row.fact)?;
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO evidence (site, time_unix_ms, agent, boot, sequence, ordinal,
                 uncertainty_ms, line, target, fact) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                row.site,
                row.time_unix_ms,
                row.agent.to_string(),
                row.boot.to_string(),
                signed(row.sequence),
                row.ordinal,
                row.uncertainty_ms,
                row.line,
                row.target,
                fact
            ])
        })
        .map_err(StoreError::database("put evidence"))
        .map(drop)
}
