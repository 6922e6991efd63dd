//! What was put and is not sealed yet: rows in the order of their arrival, by series and day.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

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

/// Rows that could not be put into chunks.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) rows: Fresh,
    /// Why the first could not, in words for an operator.
    pub(super) reason: Option<String>,
}

impl Left {
    pub(super) fn note(&mut self, file: &Path, reason: impl std::fmt::Display) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.reason.get_or_insert_with(|| {
            format!(
                "{name}: {reason}; what came for it since waits: desserte store check tells more"
            )
        });
    }
}

/// Rows of one key in all parts, the earlier first.
pub(super) fn by_key<'p, T>(
    parts: &'p [Arc<Fresh>],
    of: impl Fn(&'p Fresh) -> &'p BTreeMap<(i64, i64), Vec<T>>,
) -> BTreeMap<(i64, i64), Vec<&'p [T]>> {
    let mut found: BTreeMap<(i64, i64), Vec<&'p [T]>> = BTreeMap::new();
    for part in parts {
        for (key, rows) in of(part) {
            found.entry(*key).or_default().push(rows);
        }
    }
    found
}
