//! One month's file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    calendar, chunk, facts,
    fresh::{Fresh, Left, by_key},
    index::{SCHEMA_VERSION, bring_up, known_version},
    rollup,
    row::{Row, settle},
};
use crate::{
    database,
    store::{
        StoreError,
        samples::{DaySums, EvidenceRow},
        signed, unsigned,
    },
};

const SCHEMA: &str = include_str!("month.sql");
/// What a file of version 3 lacks.
const SINCE_4: &str = "ALTER TABLE day ADD COLUMN last_unix_ms INTEGER";
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
    /// It says when the last sample of a day is: not so where a program of before still fills it.
    has_last: bool,
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
        let failed = StoreError::database("open month of samples");
        let mut writer = connection(path).map_err(failed)?;
        bring_up(&mut writer, SCHEMA, SINCE_4)?;
        Self::of(path, writer, true)
    }

    /// Opens a file that another process may be filling: nothing is changed in it.
    pub(super) fn open_reading(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::database("open month of samples");
        let unused = connection(path).map_err(failed)?;
        let has_last = known_version(&unused)? >= SCHEMA_VERSION;
        Self::of(path, unused, has_last)
    }

    fn of(path: &Path, writer: Connection, has_last: bool) -> Result<Self, StoreError> {
        let reader = || connection(path).map_err(StoreError::database("open month of samples"));
        Ok(Self {
            path: path.to_owned(),
            has_last,
            writer: Mutex::new(writer),
            readers: [Mutex::new(reader()?), Mutex::new(reader()?)],
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
        self.end(
            "SELECT key, body, detail FROM chunk WHERE key BETWEEN ?1 AND ?1 + 31
             ORDER BY key DESC LIMIT 1",
            series,
        )
    }

    /// The oldest chunk of a series, without details.
    pub(super) fn oldest(&self, series: i64) -> Result<Option<Stored>, StoreError> {
        self.end(
            "SELECT key, body, NULL FROM chunk WHERE key BETWEEN ?1 AND ?1 + 31
             ORDER BY key LIMIT 1",
            series,
        )
    }

    /// When each series begins in the month, Unix milliseconds; where its first chunk cannot be read, the start of
    /// that day.
    pub(super) fn beginnings(&self, first_day: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let failed = StoreError::database("beginnings of series");
        let reader = self.reader();
        // Of the row that has the least key, as SQLite promises.
        let mut firsts = reader
            .prepare("SELECT min(key), body, NULL FROM chunk GROUP BY key / 32")
            .map_err(&failed)?;
        let rows = firsts.query_map([], |row| Ok((row.get::<_, i64>(0)?, stored(row)?)));
        rows.map_err(&failed)?
            .map(|row| {
                let (key, stored) = row.map_err(&failed)?;
                let start = (first_day + stored.day - 1).saturating_mul(calendar::DAY_MS);
                let times = chunk::block(&stored.body).map(|block| block.time_unix_ms);
                let at = times.ok().and_then(|times| times.first().copied());
                Ok((key.div_euclid(DAYS), at.unwrap_or(start)))
            })
            .collect()
    }

    fn end(&self, query: &str, series: i64) -> Result<Option<Stored>, StoreError> {
        self.reader()
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_row([series * DAYS], stored).optional())
            .map_err(StoreError::database("sample at an end"))
    }

    /// Days of series in sums, each with the series' number, the day of the month and the start of its last sample
    /// where that is known, Unix milliseconds; `series` is the first and the last number.
    pub(super) fn sums(
        &self,
        series: (i64, i64),
        (first, last): (i64, i64),
        mut each: impl FnMut(i64, i64, DaySums, Option<i64>),
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let query = if self.has_last {
            "SELECT key, samples, silent, sent, received, last_unix_ms FROM day
             WHERE key BETWEEN ? AND ?"
        } else {
            "SELECT key, samples, silent, sent, received, NULL FROM day WHERE key BETWEEN ? AND ?"
        };
        let mut statement = reader
            .prepare_cached(query)
            .map_err(StoreError::database("sums of days"))?;
        let last_key = series.1.saturating_mul(DAYS).saturating_add(last);
        let mut rows = statement
            .query([series.0.saturating_mul(DAYS) + first, last_key])
            .map_err(StoreError::database("sums of days"))?;
        while let Some(row) = rows.next().map_err(StoreError::database("sums of days"))? {
            let read = || -> rusqlite::Result<(i64, DaySums, Option<i64>)> {
                let sums = DaySums {
                    samples: unsigned(row.get(1)?),
                    silent: unsigned(row.get(2)?),
                    sent: unsigned(row.get(3)?),
                    received: unsigned(row.get(4)?),
                };
                Ok((row.get(0)?, sums, row.get(5)?))
            };
            let (key, sums, last_unix_ms) = read().map_err(StoreError::database("sums of days"))?;
            let day = key.rem_euclid(DAYS);
            if (first..=last).contains(&day) {
                each(key.div_euclid(DAYS), day, sums, last_unix_ms);
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

    /// Puts what waits for this month into its chunks: all of it or nothing, but for what belongs to a chunk
    /// that cannot be read, which is `left`: one that is damaged must not hold up all the others.
    pub(super) fn seal(
        &self,
        parts: &[Arc<Fresh>],
        first_day: i64,
        left: &mut Left,
    ) -> Result<(), StoreError> {
        let failed = StoreError::database("seal samples");
        let month = calendar::month_and_day(first_day).0;
        let of_month =
            |day: i64| (calendar::month_and_day(day).0 == month).then(|| day - first_day + 1);
        let mut writer = self.writer();
        let transaction = writer.transaction().map_err(&failed)?;
        for ((series, day), rows) in by_key(parts, |part| &part.rows) {
            let Some(day) = of_month(day) else { continue };
            match seal_rows(&transaction, series * DAYS + day, &rows) {
                Err(StoreError::Damaged { reason, .. }) => {
                    left.note(&self.path, format!("series {series}, day {day}: {reason}"));
                    let rows = rows.into_iter().flatten().cloned();
                    rows.for_each(|row| left.rows.push(series, row));
                }
                done => done?,
            }
        }
        for ((site, day), rows) in by_key(parts, |part| &part.evidence) {
            let Some(day) = of_month(day) else { continue };
            match seal_evidence(&transaction, site * DAYS + day, &rows) {
                Err(StoreError::Damaged { reason, .. }) => {
                    left.note(&self.path, format!("site {site}, day {day}: {reason}"));
                    let rows = rows.into_iter().flatten().cloned();
                    rows.for_each(|row| left.rows.push_evidence(site, row));
                }
                done => done?,
            }
        }
        transaction.commit().map_err(failed)
    }
}

fn connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = database::open_paged(path, "FULL", PAGE_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let key: i64 = row.get(0)?;
    Ok(Stored {
        day: key.rem_euclid(DAYS),
        body: row.get(1)?,
        detail: row.get(2)?,
    })
}

fn seal_rows(transaction: &Transaction<'_>, key: i64, fresh: &[&[Row]]) -> Result<(), StoreError> {
    let failed = StoreError::database("seal samples");
    let there = transaction
        .prepare_cached("SELECT key, body, detail FROM chunk WHERE key = ?")
        .and_then(|mut statement| statement.query_row([key], stored).optional())
        .map_err(&failed)?;
    let mut rows = match there {
        Some(there) => chunk::rows(&there.body, there.detail.as_deref())?,
        None => Vec::new(),
    };
    for part in fresh {
        rows.extend_from_slice(part);
    }
    settle(&mut rows);
    let sealed = chunk::seal(&rows)?;
    let sums = rollup::sums(&rows);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)")
        .and_then(|mut statement| statement.execute(params![key, sealed.body, sealed.detail]))
        .map_err(&failed)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?, ?)")
        .and_then(|mut statement| {
            statement.execute(params![
                key,
                signed(sums.samples),
                signed(sums.silent),
                signed(sums.sent),
                signed(sums.received),
                rows.last().map(|row| row.time_unix_ms)
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
    fresh: &[&[EvidenceRow]],
) -> Result<(), StoreError> {
    let failed = StoreError::database("seal evidence");
    let there: Option<Vec<u8>> = transaction
        .prepare_cached("SELECT body FROM evidence WHERE key = ?")
        .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
        .map_err(&failed)?;
    let first = fresh.first().and_then(|part| part.first());
    let site = first.map_or("", |row| row.site.as_str());
    let mut rows = match there {
        Some(body) => facts::rows(site, &body)?,
        None => Vec::new(),
    };
    for part in fresh {
        rows.extend_from_slice(part);
    }
    facts::settle(&mut rows);
    let body = facts::seal(&rows)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO evidence VALUES (?, ?)")
        .and_then(|mut statement| statement.execute(params![key, body]))
        .map_err(failed)
        .map(drop)
}
