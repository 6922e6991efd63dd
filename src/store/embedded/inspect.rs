//! What the folder holds, whether it can be read, and what it gives back: for operators, not for
//! serving.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use rusqlite::Connection;

use super::{
    EmbeddedStore,
    calendar::{DAY_MS, file_name, first_day},
    chunk, facts,
    month::Month,
    rollup,
    shared::Shared,
    write::Where,
};
use crate::store::{
    StoreError,
    sound::{self, AT_START_BYTES_MAX, Remedy},
    unsigned,
};

/// Free pages of a month's file beyond which it is worth writing anew, percent.
const FREE_PERCENT_MAX: u64 = 10;

/// One month's file in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonthFigures {
    /// 12 × year + month from 0.
    pub month: i64,
    /// Size of its file.
    pub file_bytes: u64,
    /// Bytes in it that hold nothing any more: days that were written again because something came
    /// late.
    pub free_bytes: u64,
    /// Days of series.
    pub chunks: u64,
    /// Samples in them.
    pub samples: u64,
    /// Bytes of their columns.
    pub column_bytes: u64,
    /// Bytes of what only some kinds have.
    pub detail_bytes: u64,
    /// Bytes of the sketches.
    pub sketch_bytes: u64,
    /// Days of sites with evidence.
    pub evidence_days: u64,
    /// Bytes of it.
    pub evidence_bytes: u64,
}

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// What in it and why.
    pub reason: String,
}

/// What a reading of everything found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Chunks read.
    pub chunks: u64,
    /// Samples in them.
    pub samples: u64,
    /// Facts of the evidence.
    pub facts: u64,
    /// What could not be read, at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
}

/// Most faults that are told one by one.
pub const FAULTS_MAX: usize = 100;

impl Reading {
    fn fault(&mut self, month: &Month, reason: impl std::fmt::Display) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                file: month.path().to_owned(),
                reason: reason.to_string(),
            });
        }
    }
}

impl EmbeddedStore {
    pub(super) fn open_months(&self) -> Vec<(i64, Arc<Month>)> {
        let months = self.shared.months.read();
        let months = months.unwrap_or_else(PoisonError::into_inner);
        let pairs = months.iter();
        pairs
            .map(|(month, open)| (*month, Arc::clone(open)))
            .collect()
    }

    /// Start and end of each month that has a file, Unix milliseconds, the oldest first.
    #[must_use]
    pub fn months(&self) -> Vec<(i64, i64)> {
        let start = |month: i64| first_day(month).saturating_mul(DAY_MS);
        let months = self.open_months().into_iter();
        months
            .map(|(month, _)| (start(month), start(month + 1)))
            .collect()
    }

    /// Samples that are in no month's file yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let state = self.shared.state();
        let rows = state.waiting().flat_map(|part| part.rows.values());
        rows.map(|rows| u64::try_from(rows.len()).unwrap_or(u64::MAX))
            .sum()
    }

    /// The months in figures, the oldest first.
    pub fn figures(&self) -> Result<Vec<MonthFigures>, StoreError> {
        self.open_months()
            .into_iter()
            .map(|(month, open)| figures(month, &open.reader()))
            .collect()
    }

    /// Reads every chunk, sketch and piece of evidence; `told` hears of each month that begins.
    pub fn read_everything(&self, told: &mut dyn FnMut(&str)) -> Result<Reading, StoreError> {
        let mut reading = Reading::default();
        for (month, open) in self.open_months() {
            told(&file_name(month));
            if let Err(error) = sound::check(&open.reader()) {
                reading.fault(&open, error);
            }
            if let Err(error) = read_month(&open, &mut reading) {
                reading.fault(&open, error);
            }
        }
        Ok(reading)
    }

    /// Writes months anew in which much is free; all of them when `all`. What each took before and
    /// takes now, bytes.
    pub fn compact(&self, all: bool) -> Result<Vec<(String, u64, u64)>, StoreError> {
        self.flush_all()?;
        let mut written = Vec::new();
        for (month, open) in self.open_months() {
            let before = figures(month, &open.reader())?;
            if !all && before.free_bytes * 100 <= before.file_bytes * FREE_PERCENT_MAX {
                continue;
            }
            open.writer()
                .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
                .map_err(StoreError::database("compact month"))?;
            let after = figures(month, &open.reader())?;
            written.push((file_name(month), before.file_bytes, after.file_bytes));
        }
        Ok(written)
    }

    fn flush_all(&self) -> Result<(), StoreError> {
        self.shared.write(Where::Chunks)
    }
}

/// Reads what is small enough to be read at each start: a damaged chunk is found before it is asked for.
pub(super) fn check_at_start(shared: &Shared) -> Result<(), StoreError> {
    let months = shared.months.read().unwrap_or_else(PoisonError::into_inner);
    let mut left = AT_START_BYTES_MAX;
    // The newest first: it is what is asked for most.
    for month in months.values().rev() {
        let length = std::fs::metadata(month.path()).map_or(0, |file| file.len());
        let Some(rest) = left.checked_sub(length) else {
            return Ok(());
        };
        left = rest;
        check_sums(month).map_err(|error| StoreError::Broken {
            file: month.path().to_owned(),
            reason: error.to_string(),
            remedy: Remedy::MadeAgain,
        })?;
    }
    Ok(())
}

/// Compares every body of a month with its check sum.
fn check_sums(month: &Month) -> Result<(), StoreError> {
    let failed = StoreError::database("read month");
    let reader = month.reader();
    let mut bodies = reader
        .prepare(
            "SELECT key, body FROM chunk UNION ALL SELECT key, detail FROM chunk
             WHERE detail IS NOT NULL UNION ALL SELECT key, body FROM sketch
             UNION ALL SELECT key, body FROM evidence",
        )
        .map_err(&failed)?;
    let mut rows = bodies.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(1).map_err(&failed)?;
        let body = body
            .as_blob()
            .map_err(|error| StoreError::damaged("body", error))?;
        if let Err(reason) = super::without_crc(body) {
            let key: i64 = row.get(0).map_err(&failed)?;
            let what = format!(
                "number {}, day {}: {reason}",
                key.div_euclid(32),
                key.rem_euclid(32)
            );
            return Err(StoreError::damaged("samples of a month", what));
        }
    }
    Ok(())
}

fn figures(month: i64, reader: &Connection) -> Result<MonthFigures, StoreError> {
    let failed = StoreError::database("figures of month");
    let pragma = |name| -> Result<u64, StoreError> {
        reader
            .pragma_query_value(None, name, |row| row.get(0))
            .map(unsigned)
            .map_err(&failed)
    };
    let page = pragma("page_size")?;
    let sums = |query| -> Result<[u64; 3], StoreError> {
        reader
            .query_row(query, [], |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?].map(unsigned))
            })
            .map_err(&failed)
    };
    let [chunks, column_bytes, detail_bytes] = sums(
        "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(sum(length(detail)), 0)
         FROM chunk",
    )?;
    let [samples, _, sketch_bytes] = sums(
        "SELECT coalesce(sum(samples), 0), 0,
             (SELECT coalesce(sum(length(body)), 0) FROM sketch) FROM day",
    )?;
    let [evidence_days, evidence_bytes, _] =
        sums("SELECT count(*), coalesce(sum(length(body)), 0), 0 FROM evidence")?;
    Ok(MonthFigures {
        month,
        file_bytes: page * pragma("page_count")?,
        free_bytes: page * pragma("freelist_count")?,
        chunks,
        samples,
        column_bytes,
        detail_bytes,
        sketch_bytes,
        evidence_days,
        evidence_bytes,
    })
}

/// Reads all of a month; what cannot be read is noted, and the rest is read all the same.
fn read_month(open: &Month, reading: &mut Reading) -> Result<(), StoreError> {
    let reader = open.reader();
    let failed = StoreError::database("read month");
    let mut chunks = reader
        .prepare(
            "SELECT chunk.key, body, detail, samples, silent, sent, received,
                 (SELECT sketch.body FROM sketch WHERE sketch.key = chunk.key)
             FROM chunk LEFT JOIN day ON day.key = chunk.key ORDER BY chunk.key",
        )
        .map_err(&failed)?;
    let mut rows = chunks.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        reading.chunks += 1;
        let key: i64 = row.get(0).map_err(&failed)?;
        match read_chunk(row) {
            Ok(samples) => reading.samples += samples,
            Err(error) => {
                let (series, day) = (key.div_euclid(32), key.rem_euclid(32));
                reading.fault(open, format!("series {series}, day {day}: {error}"));
            }
        }
    }
    drop(rows);
    let mut evidence = reader
        .prepare("SELECT key, body FROM evidence ORDER BY key")
        .map_err(&failed)?;
    let mut rows = evidence.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (key, body): (i64, Vec<u8>) =
            (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?);
        match facts::rows("", &body) {
            Ok(facts) => reading.facts += u64::try_from(facts.len()).unwrap_or(u64::MAX),
            Err(error) => {
                let (site, day) = (key.div_euclid(32), key.rem_euclid(32));
                reading.fault(open, format!("site {site}, day {day}: {error}"));
            }
        }
    }
    Ok(())
}

/// One chunk, its details, its sums and its sketch; the number of its samples.
fn read_chunk(row: &rusqlite::Row<'_>) -> Result<u64, StoreError> {
    let failed = StoreError::database("read chunk");
    let body: Vec<u8> = row.get(1).map_err(&failed)?;
    let detail: Option<Vec<u8>> = row.get(2).map_err(&failed)?;
    let samples = chunk::rows(&body, detail.as_deref())?;
    let sums = rollup::sums(&samples);
    let mut written = [0_u64; 4];
    for (column, place) in (3..).zip(&mut written) {
        let found: Option<i64> = row.get(column).map_err(&failed)?;
        *place = found
            .map(unsigned)
            .ok_or_else(|| StoreError::damaged("sums of a day", "they are not there"))?;
    }
    if written != [sums.samples, sums.silent, sums.sent, sums.received] {
        return Err(StoreError::damaged(
            "sums of a day",
            "they are not those of its samples",
        ));
    }
    let sketch: Option<Vec<u8>> = row.get(7).map_err(&failed)?;
    let answered = samples
        .iter()
        .filter(|row| row.rtt_us_median.is_some())
        .count();
    let counted = match sketch {
        Some(body) => rollup::read(&body)?.count(),
        None => 0,
    };
    if answered != counted {
        return Err(StoreError::damaged(
            "sketch of a day",
            "it is not that of its samples",
        ));
    }
    Ok(sums.samples)
}
