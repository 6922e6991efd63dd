//! One month's file.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    chunk, facts,
    fresh::Fresh,
    index::SCHEMA_VERSION,
    rollup,
    row::{Row, settle},
};
use crate::{
    database,
    store::{
        StoreError, migrate,
        samples::{DaySums, EvidenceRow},
        signed, unsigned,
    },
};

const SCHEMA: &str = include_str!("month.sql");
/// Connections for reading: a page that reads a month must not hold up the others.
const READERS: usize = 2;
/// Days that a key has room for.
const DAYS: i64 = 32;
/// Bytes of a page: the last page of a chunk of some 10 KB is half empty on average.
const PAGE_BYTES: u32 = 1_024;
/// Cache of a connection, KiB: a chunk is read once, the system's cache does the rest.
const CACHE_KIB: i64 = 512;

/// A month's file, open.
#[derive(Debug)]
pub(super) struct Month {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: [Mutex<Connection>; READERS],
}

/// A chunk as it lies in its file.
#[derive(Debug)]
pub(super) struct Stored {
    /// Day of the month.
    pub(super) day: i64,
    pub(super) body: Vec<u8>,
    pub(super) detail: Option<Vec<u8>>,
}

impl Month {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = || {
            let connection = database::open_paged(path, "FULL", PAGE_BYTES)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            Ok(connection)
        };
        let failed = StoreError::database("open month of samples");
        let mut writer = connection().map_err(&failed)?;
        migrate(&mut writer, SCHEMA, SCHEMA_VERSION)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: [
                Mutex::new(connection().map_err(&failed)?),
                Mutex::new(connection().map_err(&failed)?),
            ],
        })
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, Connection> {
        let [first, second] = &self.readers;
        first
            .try_lock()
            .unwrap_or_else(|_| second.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Chunks of a series on the days `[first, last]` of the month.
    pub(super) fn chunks(
        &self,
        series: i64,
        (first, last): (i64, i64),
    ) -> Result<Vec<Stored>, StoreError> {
        self.stored_days(
            "SELECT key, body, NULL FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key",
            (series, first, last),
        )
    }

    /// The same with details, and only those chunks that have any.
    pub(super) fn detailed(
        &self,
        series: i64,
        (first, last): (i64, i64),
    ) -> Result<Vec<Stored>, StoreError> {
        self.stored_days(
            "SELECT key, body, detail FROM chunk
             WHERE key BETWEEN ? AND ? AND detail IS NOT NULL ORDER BY key",
            (series, first, last),
        )
    }

    fn stored_days(
        &self,
        query: &str,
        (series, first, last): (i64, i64, i64),
    ) -> Result<Vec<Stored>, StoreError> {
        self.reader()
            .prepare_cached(query)
            .and_then(|mut statement| {
                statement
                    .query_map(params![series * DAYS + first, series * DAYS + last], stored)?
                    .collect()
            })
            .map_err(StoreError::database("scan samples"))
    }

    /// The newest chunk of a series, with its details.
    pub(super) fn newest(&self, series: i64) -> Result<Option<Stored>, StoreError> {
        self.reader()
            .prepare_cached(
                "SELECT key, body, detail FROM chunk WHERE key BETWEEN ?1 AND ?1 + 31
                 ORDER BY key DESC LIMIT 1",
            )
            .and_then(|mut statement| statement.query_row([series * DAYS], stored).optional())
            .map_err(StoreError::database("latest sample"))
    }

    /// Days of series in sums, each with the series' number and the day of the month; `series` is the
    /// first and the last number.
    pub(super) fn sums(
        &self,
        series: (i64, i64),
        (first, last): (i64, i64),
        mut each: impl FnMut(i64, i64, DaySums),
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached(
                "SELECT key, samples, silent, sent, received FROM day WHERE key BETWEEN ? AND ?",
            )
            .map_err(StoreError::database("sums of days"))?;
        let last_key = series.1.saturating_mul(DAYS).saturating_add(last);
        let mut rows = statement
            .query([series.0.saturating_mul(DAYS) + first, last_key])
            .map_err(StoreError::database("sums of days"))?;
        while let Some(row) = rows.next().map_err(StoreError::database("sums of days"))? {
            let read = || -> rusqlite::Result<(i64, DaySums)> {
                let sums = DaySums {
                    samples: unsigned(row.get(1)?),
                    silent: unsigned(row.get(2)?),
                    sent: unsigned(row.get(3)?),
                    received: unsigned(row.get(4)?),
                };
                Ok((row.get(0)?, sums))
            };
            let (key, sums) = read().map_err(StoreError::database("sums of days"))?;
            let day = key.rem_euclid(DAYS);
            if (first..=last).contains(&day) {
                each(key.div_euclid(DAYS), day, sums);
            }
        }
        Ok(())
    }

    /// Evidence of a site on the days `[first, last]` of the month.
    pub(super) fn evidence(
        &self,
        (site, name): (i64, &str),
        (first, last): (i64, i64),
    ) -> Result<Vec<EvidenceRow>, StoreError> {
        let bodies: Vec<Vec<u8>> = self
            .reader()
            .prepare_cached("SELECT body FROM evidence WHERE key BETWEEN ? AND ? ORDER BY key")
            .and_then(|mut statement| {
                statement
                    .query_map(params![site * DAYS + first, site * DAYS + last], |row| {
                        row.get(0)
                    })?
                    .collect()
            })
            .map_err(StoreError::database("scan evidence"))?;
        let mut found = Vec::new();
        for body in bodies {
            found.append(&mut facts::rows(name, &body)?);
        }
        Ok(found)
    }

    /// Puts what waits for this month into its chunks: all of it, or nothing.
    pub(super) fn seal(&self, fresh: &Fresh, first_day: i64) -> Result<(), StoreError> {
        let failed = StoreError::database("seal samples");
        let mut writer = self.writer();
        let transaction = writer.transaction().map_err(&failed)?;
        let days = first_day..first_day + DAYS - 1;
        let day_of_month = |day: &i64| {
            let within = days.contains(day)
                && super::calendar::month_and_day(*day).0
                    == super::calendar::month_and_day(first_day).0;
            within.then(|| day - first_day + 1)
        };
        for ((series, day), rows) in &fresh.rows {
            if let Some(day) = day_of_month(day) {
                seal_rows(&transaction, series * DAYS + day, rows)?;
            }
        }
        for ((site, day), rows) in &fresh.evidence {
            if let Some(day) = day_of_month(day) {
                seal_evidence(&transaction, site * DAYS + day, rows)?;
            }
        }
        transaction.commit().map_err(failed)
    }
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let key: i64 = row.get(0)?;
    Ok(Stored {
        day: key.rem_euclid(DAYS),
        body: row.get(1)?,
        detail: row.get(2)?,
    })
}

fn seal_rows(transaction: &Transaction<'_>, key: i64, fresh: &[Row]) -> Result<(), StoreError> {
    let failed = StoreError::database("seal samples");
    let there = transaction
        .prepare_cached("SELECT key, body, detail FROM chunk WHERE key = ?")
        .and_then(|mut statement| statement.query_row([key], stored).optional())
        .map_err(&failed)?;
    let mut rows = match there {
        Some(there) => chunk::rows(&there.body, there.detail.as_deref())?,
        None => Vec::new(),
    };
    rows.extend_from_slice(fresh);
    settle(&mut rows);
    let sealed = chunk::seal(&rows)?;
    let sums = rollup::sums(&rows);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)")
        .and_then(|mut statement| statement.execute(params![key, sealed.body, sealed.detail]))
        .map_err(&failed)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?)")
        .and_then(|mut statement| {
            statement.execute(params![
                key,
                signed(sums.samples),
                signed(sums.silent),
                signed(sums.sent),
                signed(sums.received)
            ])
        })
        .map_err(&failed)?;
    let Some(sketch) = rollup::sketch(&rows) else {
        return Ok(());
    };
    transaction
        .prepare_cached("INSERT OR REPLACE INTO sketch VALUES (?, ?)")
        .and_then(|mut statement| statement.execute(params![key, sketch]))
        .map_err(failed)
        .map(drop)
}

fn seal_evidence(
    transaction: &Transaction<'_>,
    key: i64,
    fresh: &[EvidenceRow],
) -> Result<(), StoreError> {
    let failed = StoreError::database("seal evidence");
    let there: Option<Vec<u8>> = transaction
        .prepare_cached("SELECT body FROM evidence WHERE key = ?")
        .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
        .map_err(&failed)?;
    let site = fresh.first().map_or("", |row| row.site.as_str());
    let mut rows = match there {
        Some(body) => facts::rows(site, &body)?,
        None => Vec::new(),
    };
    rows.extend_from_slice(fresh);
    facts::settle(&mut rows);
    let body = facts::seal(&rows)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO evidence VALUES (?, ?)")
        .and_then(|mut statement| statement.execute(params![key, body]))
        .map_err(failed)
        .map(drop)
}
