//! What was put and is not sealed yet: rows in the order of their arrival, by series and day.

use std::collections::{BTreeMap, BTreeSet};

use super::{calendar::day_of, row::Row};
use crate::store::samples::EvidenceRow;

/// An evidence row takes so many times the memory of a sample.
const EVIDENCE_WEIGHT: usize = 3;

/// Rows that wait.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) rows: BTreeMap<(i64, i64), Vec<Row>>,
    pub(super) evidence: BTreeMap<(i64, i64), Vec<EvidenceRow>>,
    /// How much it is, in samples.
    pub(super) weight: usize,
}

impl Fresh {
    pub(super) fn push(&mut self, series: i64, row: Row) {
        let day = day_of(row.time_unix_ms);
        self.rows.entry((series, day)).or_default().push(row);
        self.weight += 1;
    }

    pub(super) fn push_evidence(&mut self, site: i64, row: EvidenceRow) {
        let day = day_of(row.time_unix_ms);
        self.evidence.entry((site, day)).or_default().push(row);
        self.weight += EVIDENCE_WEIGHT;
    }

    /// Rows of a series in `[from, to)`, by day, each day in the order of arrival.
    pub(super) fn of_series(
        &self,
        series: i64,
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = (i64, &[Row])> {
        self.rows
            .range((series, day_of(from))..=(series, day_of(to.saturating_sub(1))))
            .map(|((_, day), rows)| (*day, rows.as_slice()))
    }

    /// Evidence of a site in `[from, to)`, by day.
    pub(super) fn of_site(
        &self,
        site: i64,
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = &EvidenceRow> {
        self.evidence
            .range((site, day_of(from))..=(site, day_of(to.saturating_sub(1))))
            .flat_map(|(_, rows)| rows)
    }

    /// Series and days that samples wait for.
    pub(super) fn days_of_series(&self) -> impl Iterator<Item = (i64, i64)> {
        self.rows.keys().copied()
    }

    /// Days that anything waits for.
    pub(super) fn days(&self) -> BTreeSet<i64> {
        let keys = self.rows.keys().chain(self.evidence.keys());
        keys.map(|(_, day)| *day).collect()
    }

    /// Puts what arrived later behind this.
    pub(super) fn append(&mut self, later: Self) {
        for (key, mut rows) in later.rows {
            self.rows.entry(key).or_default().append(&mut rows);
        }
        for (key, mut rows) in later.evidence {
            self.evidence.entry(key).or_default().append(&mut rows);
        }
        self.weight += later.weight;
    }
}
