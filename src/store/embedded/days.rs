//! Days of a series: sums, and quantiles from the sketches.

use std::collections::BTreeMap;

use rusqlite::params;

use super::{
    EmbeddedStore,
    calendar::{DAY_MS, first_day},
    rollup,
};
use crate::store::{
    StoreError,
    samples::{DaySums, SeriesId},
    unsigned,
};

/// A day of UTC of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Its samples in sums.
    pub sums: DaySums,
    /// Median of the samples' median response times, microseconds, to a percent; `None` when nothing was
    /// answered.
    pub rtt_us_median: Option<f64>,
    /// Their 95th percentile.
    pub rtt_us_p95: Option<f64>,
}

impl EmbeddedStore {
    /// The days `[first, end)` of a series that have samples, in order.
    pub fn days(&self, series: SeriesId, (first, end): (i64, i64)) -> Result<Vec<Day>, StoreError> {
        let failed = StoreError::database("days of series");
        let span = (first.saturating_mul(DAY_MS), end.saturating_mul(DAY_MS));
        // Asked before what is in chunks: what is written meanwhile is then seen twice, not never.
        let waiting = self.shared.waiting(series.0, span);
        let mut found = BTreeMap::new();
        for (month, open) in self.open_months() {
            let start = first_day(month);
            if start >= end || first_day(month + 1) <= first {
                continue;
            }
            let reader = open.reader();
            let mut days = reader
                .prepare_cached(
                    "SELECT day.key, samples, silent, sent, received, sketch.body
                     FROM day LEFT JOIN sketch ON sketch.key = day.key
                     WHERE day.key BETWEEN ?1 AND ?1 + 31 ORDER BY day.key",
                )
                .map_err(&failed)?;
            let mut rows = days.query(params![series.0 * 32]).map_err(&failed)?;
            while let Some(row) = rows.next().map_err(&failed)? {
                let day = read(row, start)?;
                if (first..end).contains(&day.day) {
                    found.insert(day.day, day);
                }
            }
        }
        for (day, rows) in waiting {
            let rows = self.shared.with_chunk(series.0, day, rows)?;
            let sketch = rollup::sketch(&rows);
            found.insert(day, figures(day, rollup::sums(&rows), sketch.as_deref())?);
        }
        Ok(found.into_values().collect())
    }
}

fn figures(day: i64, sums: DaySums, sketch: Option<&[u8]>) -> Result<Day, StoreError> {
    let sketch = sketch.map(rollup::read).transpose()?;
    let quantile = |share: f64| {
        let sketch = sketch.as_ref()?;
        sketch.quantile(share).ok().flatten()
    };
    Ok(Day {
        day,
        sums,
        rtt_us_median: quantile(0.5),
        rtt_us_p95: quantile(0.95),
    })
}

fn read(row: &rusqlite::Row<'_>, start: i64) -> Result<Day, StoreError> {
    let failed = StoreError::database("days of series");
    let number = |column: usize| -> Result<i64, StoreError> { row.get(column).map_err(&failed) };
    let body: Option<Vec<u8>> = row.get(5).map_err(&failed)?;
    let sums = DaySums {
        samples: unsigned(number(1)?),
        silent: unsigned(number(2)?),
        sent: unsigned(number(3)?),
        received: unsigned(number(4)?),
    };
    figures(start + number(0)?.rem_euclid(32) - 1, sums, body.as_deref())
}
