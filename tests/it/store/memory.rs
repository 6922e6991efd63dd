//! The plainest store that there can be: what the others are compared with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use desserte::store::{
    StoreError,
    samples::{
        Caps, DaySums, EvidenceRow, Filling, SampleBlock, SampleRow, SampleStore, Series,
        SeriesFilter, SeriesId, SeriesKey,
    },
};

const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    keys: Vec<Arc<SeriesKey>>,
    rows: BTreeMap<(usize, i64, u64), SampleRow>,
    evidence: Vec<EvidenceRow>,
    position: u64,
}

impl Held {
    fn number(&mut self, key: &Arc<SeriesKey>) -> usize {
        let found = self.keys.iter().position(|one| one == key);
        found.unwrap_or_else(|| {
            self.keys.push(Arc::clone(key));
            self.keys.len() - 1
        })
    }

    fn of(&self, series: SeriesId) -> impl Iterator<Item = &SampleRow> {
        let number = usize::try_from(series.0 - 1).unwrap();
        let rows = self
            .rows
            .range((number, i64::MIN, 0)..=(number, i64::MAX, u64::MAX));
        rows.map(|(_, row)| row)
    }
}

impl SampleStore for Memory {
    fn put(&self, filling: &Filling) -> Result<(), StoreError> {
        let mut held = self.0.lock().unwrap();
        let mut before = held.rows.clone();
        let mut summary = None;
        for row in &filling.samples {
            let number = held.number(&row.series);
            let run = row.summary_spacing_ms.map(|_| (number, row.sequence));
            // A run gives way to what was there when it began.
            if run != summary {
                before.clone_from(&held.rows);
                summary = run;
            }
            let stands_for = |(other, at, sequence): &(usize, i64, u64)| {
                row.summary_spacing_ms.is_some_and(|spacing| {
                    *other == number
                        && *sequence != row.sequence
                        && (at - row.time_unix_ms).abs() < i64::from(spacing) / 2
                })
            };
            if before.keys().any(stands_for) {
                continue;
            }
            let row = SampleRow {
                summary_spacing_ms: None,
                ..row.clone()
            };
            let place = (number, row.time_unix_ms, row.sequence);
            held.rows.entry(place).or_insert(row);
        }
        for row in &filling.evidence {
            let name = |row: &EvidenceRow| (row.agent, row.boot, row.sequence, row.ordinal);
            if !held.evidence.iter().any(|one| name(one) == name(row)) {
                held.evidence.push(row.clone());
            }
        }
        held.position = held.position.max(filling.position);
        Ok(())
    }

    fn applied_position(&self) -> Result<u64, StoreError> {
        Ok(self.0.lock().unwrap().position)
    }

    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError> {
        let held = self.0.lock().unwrap();
        let all = (1..).zip(&held.keys).map(|(id, key)| Series {
            id: SeriesId(id),
            key: (**key).clone(),
        });
        Ok(all
            .filter(|one| filter.site.is_none_or(|site| site == one.key.site))
            .filter(|one| filter.target.is_none_or(|target| target == one.key.target))
            .collect())
    }

    fn scan(&self, series: SeriesId, from: i64, to: i64) -> Result<SampleBlock, StoreError> {
        let mut block = SampleBlock::default();
        let held = self.0.lock().unwrap();
        let rows = held.of(series);
        rows.filter(|row| from <= row.time_unix_ms && row.time_unix_ms < to)
            .for_each(|row| block.push(row));
        Ok(block)
    }

    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError> {
        Ok(self.0.lock().unwrap().of(series).last().cloned())
    }

    fn oldest_unix_ms(&self, series: SeriesId) -> Result<Option<i64>, StoreError> {
        let held = self.0.lock().unwrap();
        Ok(held.of(series).next().map(|row| row.time_unix_ms))
    }

    fn evidence(&self, site: &str, from: i64, to: i64) -> Result<Vec<EvidenceRow>, StoreError> {
        let held = self.0.lock().unwrap();
        let of_site = held.evidence.iter().filter(|row| row.site == site);
        let mut rows: Vec<EvidenceRow> = of_site
            .filter(|row| from <= row.time_unix_ms && row.time_unix_ms < to)
            .cloned()
            .collect();
        rows.sort_by_key(|row| (row.time_unix_ms, row.sequence, row.ordinal));
        Ok(rows)
    }

    fn sums(
        &self,
        filter: SeriesFilter<'_>,
        (first, end): (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
        let wanted: BTreeSet<SeriesId> = self.series(filter)?.iter().map(|one| one.id).collect();
        let mut found = Vec::new();
        for id in wanted {
            let sums = self.scan(id, first * DAY_MS, end * DAY_MS)?.sums();
            if sums.samples > 0 {
                found.push((id, sums));
            }
        }
        Ok(found)
    }

    fn caps(&self) -> Caps {
        Caps {
            safe_lag_ms: 0,
            rows_max: 10_000,
            first_stays: true,
            may_be_away: false,
        }
    }
}
