//! Reading and letting go: the part of the store that its own thread shares.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
};

use desserte_probe::report::Detail;

use super::{
    calendar::{DAY_MS, day_of, file_name, first_day, month_and_day},
    chunk,
    index::Index,
    month::Month,
    row::{Row, settle},
    state::{Ends, State},
    write::Where,
};
use crate::store::{
    StoreError,
    samples::{DaySums, Filling, SampleBlock, SampleRow, SeriesFilter, SeriesId},
};

/// Samples for which room is made at once: what a damaged chunk says of itself is not believed beyond.
const RESERVE_MAX: usize = 1_000_000;

/// What the store's callers and its thread share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) state: Mutex<State>,
    /// Told when enough waits, and when the store is closed.
    pub(super) due: Condvar,
    /// Held by the one writing; `None` where nothing is written.
    pub(super) index: Option<Mutex<Index>>,
    pub(super) months: RwLock<BTreeMap<i64, Arc<Month>>>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A month's file, made as needed.
    pub(super) fn month(&self, month: i64) -> Result<Arc<Month>, StoreError> {
        let mut months = self.months.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = months.get(&month) {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(Month::open(&self.folder.join(file_name(month)))?);
        months.insert(month, Arc::clone(&open));
        Ok(open)
    }

    /// Deletes the files of months before one, with what they hold; how many went. What waits for such a
    /// month is written there first, so that it does not make the file anew. When their series began stays known.
    pub(super) fn forget_before(&self, month: i64) -> Result<usize, StoreError> {
        self.write(Where::Chunks)?;
        self.note_beginnings(month)?;
        let gone = {
            let mut months = self.months.write().unwrap_or_else(PoisonError::into_inner);
            let kept = months.split_off(&month);
            std::mem::replace(&mut *months, kept)
        };
        for open in gone.values() {
            let path = open.path();
            for ending in ["sqlite", "sqlite-wal", "sqlite-shm"] {
                match std::fs::remove_file(path.with_extension(ending)) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(StoreError::damaged("month that is let go", error));
                    }
                    _ => {}
                }
            }
        }
        if !gone.is_empty() {
            self.state().forget_ends();
        }
        Ok(gone.len())
    }

    fn note_beginnings(&self, before: i64) -> Result<(), StoreError> {
        let Some(index) = &self.index else {
            return Ok(());
        };
        let going: Vec<(i64, Arc<Month>)> = {
            let months = self.months.read().unwrap_or_else(PoisonError::into_inner);
            let going = months.range(..before);
            going
                .map(|(month, open)| (*month, Arc::clone(open)))
                .collect()
        };
        for (month, open) in going {
            let found = open.beginnings(first_day(month))?;
            let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
            index.note_first(&found)?;
            let mut state = self.state();
            for (series, at) in found {
                state.first.entry(series).or_insert(at);
            }
        }
        Ok(())
    }

    /// Files of the months that `[from, to)` touches, each with the days of the month concerned.
    pub(super) fn months(&self, (from, to): (i64, i64)) -> Vec<(i64, Arc<Month>, (i64, i64))> {
        let (first, last) = (
            month_and_day(day_of(from)),
            month_and_day(day_of(to.saturating_sub(1))),
        );
        if from >= to {
            return Vec::new();
        }
        let months = self.months.read().unwrap_or_else(PoisonError::into_inner);
        months
            .range(first.0..=last.0)
            .map(|(month, open)| {
                let from_day = if *month == first.0 { first.1 } else { 1 };
                let to_day = if *month == last.0 { last.1 } else { 31 };
                (*month, Arc::clone(open), (from_day, to_day))
            })
            .collect()
    }

    /// A day of a series: what its chunk holds, and behind it what waits.
    pub(super) fn with_chunk(
        &self,
        series: i64,
        day: i64,
        waiting: Vec<Row>,
    ) -> Result<Vec<Row>, StoreError> {
        let start = day.saturating_mul(DAY_MS);
        let mut rows = Vec::new();
        for (_, open, days) in self.months((start, start.saturating_add(1))) {
            for stored in open.chunks(series, days)? {
                rows.append(&mut chunk::rows(&stored.body, None)?);
            }
        }
        rows.extend(waiting);
        settle(&mut rows);
        Ok(rows)
    }

    /// Rows of a series that wait in `[from, to)`, by day. Asked before what is in chunks: a row that is
    /// written there meanwhile is then seen twice, not never.
    pub(super) fn waiting(&self, series: i64, span: (i64, i64)) -> BTreeMap<i64, Vec<Row>> {
        let mut found: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        if span.0 >= span.1 {
            return found;
        }
        let state = self.state();
        for fresh in state.waiting() {
            for (day, rows) in fresh.of_series(series, span) {
                found.entry(day).or_default().extend_from_slice(rows);
            }
        }
        found
    }

    /// Days of series in sums: those of the chunks, and of what waits behind them. Where a row may wait that is in a
    /// chunk already, the day is read as it is.
    pub(super) fn sums(
        &self,
        filter: SeriesFilter<'_>,
        (first, end): (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
        let (wanted, mut waiting) = {
            let state = self.state();
            let wanted: BTreeSet<i64> = state.list(filter).iter().map(|one| one.id.0).collect();
            let mut waiting: BTreeMap<(i64, i64), Waiting> = BTreeMap::new();
            for ((series, day), rows) in state.waiting().flat_map(|fresh| &fresh.rows) {
                if wanted.contains(series) && (first..end).contains(day) {
                    waiting.entry((*series, *day)).or_default().add(rows);
                }
            }
            (wanted, waiting)
        };
        let mut found: BTreeMap<i64, DaySums> = BTreeMap::new();
        let (Some(lowest), Some(highest)) = (wanted.first(), wanted.last()) else {
            return Ok(Vec::new());
        };
        let span = (first.saturating_mul(DAY_MS), end.saturating_mul(DAY_MS));
        for (month, open, days) in self.months(span) {
            let first_day = first_day(month);
            open.sums((*lowest, *highest), days, |series, day, sums, last| {
                if !wanted.contains(&series) {
                    return;
                }
                let waits = waiting.get_mut(&(series, first_day + day - 1));
                if let Some(waits) = waits {
                    waits.comes_after(last);
                    if !waits.is_clear {
                        return;
                    }
                }
                found.entry(series).or_default().add(sums);
            })?;
        }
        for ((series, day), waits) in waiting {
            let sums = if waits.is_clear {
                waits.sums
            } else {
                let start = day.saturating_mul(DAY_MS);
                self.scan(series, (start, start.saturating_add(DAY_MS)))?
                    .sums()
            };
            found.entry(series).or_default().add(sums);
        }
        let found = found.into_iter();
        Ok(found
            .map(|(series, sums)| (SeriesId(series), sums))
            .collect())
    }

    pub(super) fn scan(&self, series: i64, span: (i64, i64)) -> Result<SampleBlock, StoreError> {
        let mut waiting = self.waiting(series, span);
        let mut block = SampleBlock::default();
        for (month, open, days) in self.months(span) {
            let chunks = open.chunks(series, days)?;
            let said = chunks.iter().map(|stored| chunk::said_len(&stored.body));
            block.reserve(said.sum::<usize>().min(RESERVE_MAX));
            for stored in chunks {
                let day = first_day(month) + stored.day - 1;
                let later = waiting.split_off(&day);
                push(&mut block, std::mem::replace(&mut waiting, later), span);
                match waiting.remove(&day) {
                    None if is_within(day, span) => chunk::append_to(&mut block, &stored.body)?,
                    None => append(&mut block, chunk::block(&stored.body)?, span),
                    Some(mut rows) => {
                        let mut merged = chunk::rows(&stored.body, None)?;
                        merged.append(&mut rows);
                        push(&mut block, BTreeMap::from([(day, merged)]), span);
                    }
                }
            }
        }
        push(&mut block, waiting, span);
        Ok(block)
    }

    /// What only the kind of a series has, by time.
    pub(super) fn details(
        &self,
        series: i64,
        span: (i64, i64),
    ) -> Result<Vec<(i64, Detail)>, StoreError> {
        let mut days = self.waiting(series, span);
        for (month, open, within) in self.months(span) {
            for stored in open.detailed(series, within)? {
                let day = first_day(month) + stored.day - 1;
                let mut rows = chunk::rows(&stored.body, stored.detail.as_deref())?;
                let fresh = days.entry(day).or_default();
                rows.append(fresh);
                *fresh = rows;
            }
        }
        let mut found = Vec::new();
        for (_, mut rows) in days {
            settle(&mut rows);
            let inside = |row: &Row| span.0 <= row.time_unix_ms && row.time_unix_ms < span.1;
            let detailed = rows.into_iter().filter(inside);
            found.extend(detailed.filter_map(|row| Some((row.time_unix_ms, *row.detail?))));
        }
        Ok(found)
    }

    /// The ends of a series: of what is sealed only when they are asked for the first time.
    pub(super) fn ends(&self, series: i64) -> Result<Ends, StoreError> {
        if let Some(ends) = self.state().ends(series) {
            return Ok(ends);
        }
        let sealed = self.sealed_ends(series)?;
        Ok(self.state().note_ends(series, sealed))
    }

    fn sealed_ends(&self, series: i64) -> Result<Ends, StoreError> {
        let months: Vec<Arc<Month>> = {
            let months = self.months.read().unwrap_or_else(PoisonError::into_inner);
            months.values().map(Arc::clone).collect()
        };
        let (mut newest, mut oldest) = (None, None);
        for month in months.iter().rev() {
            if let Some(stored) = month.newest(series)? {
                newest = chunk::rows(&stored.body, stored.detail.as_deref())?.pop();
                break;
            }
        }
        for month in &months {
            if let Some(stored) = month.oldest(series)? {
                let times = chunk::block(&stored.body)?.time_unix_ms;
                oldest = times.first().copied();
                break;
            }
        }
        Ok((newest, oldest))
    }

    /// Puts samples in the order of the filling, for a summary gives way to what was there before it.
    pub(super) fn put_samples(&self, filling: &Filling) -> Result<(), StoreError> {
        for run in filling.samples.chunk_by(SampleRow::is_same_run) {
            let kept = self.without_originals(run)?;
            let mut state = self.state();
            for row in kept {
                let number = state.number(&row.series);
                state.put(number, row);
            }
        }
        Ok(())
    }

    /// Rows of a summary's run that no sample stands for; of other rows all.
    fn without_originals<'r>(
        &self,
        run: &'r [SampleRow],
    ) -> Result<Vec<&'r SampleRow>, StoreError> {
        let known = run
            .first()
            .and_then(|first| self.state().series.known(&first.series));
        let there = match (known, SampleRow::run_span(run)) {
            (Some(number), Some(span)) => self.scan(number, span)?,
            _ => SampleBlock::default(),
        };
        Ok(SampleRow::without_originals(run, &there))
    }
}

/// Rows of a series and day that wait.
struct Waiting {
    sums: DaySums,
    first_unix_ms: Option<i64>,
    last: Option<(i64, u64)>,
    /// Each is there once, and none is in a chunk.
    is_clear: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            sums: DaySums::default(),
            first_unix_ms: None,
            last: None,
            is_clear: true,
        }
    }
}

impl Waiting {
    fn add(&mut self, rows: &[Row]) {
        for row in rows {
            self.is_clear &= self.last < Some(row.place());
            self.last = Some(row.place());
            self.first_unix_ms.get_or_insert(row.time_unix_ms);
            self.sums.add(DaySums::of(row.sent, row.received));
        }
    }

    /// There is a chunk, and in it this last sample.
    fn comes_after(&mut self, last_unix_ms: Option<i64>) {
        self.is_clear &= last_unix_ms.is_some() && last_unix_ms < self.first_unix_ms;
    }
}

/// Whether all of a day is in the span.
fn is_within(day: i64, (from, to): (i64, i64)) -> bool {
    let start = day.saturating_mul(DAY_MS);
    from <= start && start.saturating_add(DAY_MS) <= to
}

/// Appends the part of a chunk that starts in the span.
fn append(block: &mut SampleBlock, sealed: SampleBlock, (from, to): (i64, i64)) {
    let first = sealed.time_unix_ms.partition_point(|time| *time < from);
    let end = sealed.time_unix_ms.partition_point(|time| *time < to);
    if first == 0 && end == sealed.len() {
        block.append(sealed);
    } else {
        block.append(sealed.part(first..end));
    }
}

/// Appends rows of several days, sorted, each place once.
fn push(block: &mut SampleBlock, days: BTreeMap<i64, Vec<Row>>, (from, to): (i64, i64)) {
    for (_, mut rows) in days {
        settle(&mut rows);
        let inside = |row: &&Row| from <= row.time_unix_ms && row.time_unix_ms < to;
        rows.iter()
            .filter(inside)
            .for_each(|row| row.push_to(block));
    }
}
