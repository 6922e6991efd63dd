//! What the store holds in memory.

use std::{collections::HashMap, sync::Arc};

use super::{fresh::Fresh, index::Content, row::Row};
use crate::store::samples::{Filling, SampleRow, Series, SeriesFilter, SeriesId, SeriesKey};

/// Numbers, rows that wait, and the newest of each series.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) series: Numbered<Arc<SeriesKey>>,
    pub(super) sites: Numbered<String>,
    of_site: HashMap<String, Vec<i64>>,
    /// Written down and not in chunks yet, the earlier first.
    pub(super) recent: Vec<Arc<Fresh>>,
    /// Being written down just now.
    pub(super) writing: Option<Arc<Fresh>>,
    /// Put since then.
    pub(super) fresh: Fresh,
    ends: HashMap<i64, Held>,
    /// When series began of which months were let go, Unix milliseconds.
    pub(super) first: HashMap<i64, i64>,
    pub(super) position: u64,
    /// Up to where everything is written down.
    pub(super) written_position: u64,
    /// Why the last writing failed, in words for an operator.
    pub(super) failure: Option<String>,
    /// Which chunk cannot be read, so that rows wait for it, in the same words.
    pub(super) damage: Option<String>,
    pub(super) stop: bool,
}

/// Things numbered from 1, and how many of them are written down.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    pub(super) all: Vec<T>,
    numbers: HashMap<T, i64>,
    pub(super) saved: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            numbers: HashMap::new(),
            saved: 0,
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn read(all: Vec<T>) -> Self {
        Self {
            numbers: all.iter().cloned().zip(1..).collect(),
            saved: all.len(),
            all,
        }
    }

    /// The number of a thing, and whether it is new.
    fn of(&mut self, thing: &T) -> (i64, bool) {
        if let Some(number) = self.numbers.get(thing) {
            return (*number, false);
        }
        self.all.push(thing.clone());
        let number = i64::try_from(self.all.len()).unwrap_or(i64::MAX);
        self.numbers.insert(thing.clone(), number);
        (number, true)
    }

    pub(super) fn get(&self, number: i64) -> Option<&T> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.all.get(place)
    }

    pub(super) fn known(&self, thing: &T) -> Option<i64> {
        self.numbers.get(thing).copied()
    }

    /// Those that are not written down yet, with the number of the first.
    pub(super) fn unsaved(&self) -> (i64, Vec<T>) {
        let first = i64::try_from(self.saved).unwrap_or(i64::MAX - 1) + 1;
        (
            first,
            self.all.get(self.saved..).unwrap_or_default().to_vec(),
        )
    }
}

/// The newest sample of a series and the start of its oldest one.
pub(super) type Ends = (Option<Row>, Option<i64>);

/// The ends known in memory, and whether what is sealed was looked at.
#[derive(Debug, Default)]
struct Held {
    row: Option<Row>,
    oldest_unix_ms: Option<i64>,
    whole: bool,
}

impl State {
    pub(super) fn of(content: Content) -> Self {
        let mut of_site: HashMap<String, Vec<i64>> = HashMap::new();
        for (key, number) in content.series.iter().zip(1..) {
            of_site.entry(key.site.clone()).or_default().push(number);
        }
        let mut state = Self {
            series: Numbered::read(content.series),
            sites: Numbered::read(content.sites),
            of_site,
            recent: content.recent.into_iter().map(Arc::new).collect(),
            first: content.first,
            position: content.position,
            written_position: content.position,
            ..Self::default()
        };
        state.forget_ends();
        state
    }

    pub(super) fn number(&mut self, key: &Arc<SeriesKey>) -> i64 {
        let (number, new) = self.series.of(key);
        if new {
            self.of_site
                .entry(key.site.clone())
                .or_default()
                .push(number);
            let nothing = Held {
                whole: true,
                ..Held::default()
            };
            self.ends.insert(number, nothing);
        }
        number
    }

    pub(super) fn put(&mut self, number: i64, row: &SampleRow) {
        let row = Row::of(row);
        self.note(number, row.clone());
        self.fresh.push(number, row);
    }

    /// Notes a row that may be the first or the last of its series.
    fn note(&mut self, number: i64, row: Row) {
        let held = self.ends.entry(number).or_default();
        held.oldest_unix_ms = earlier(held.oldest_unix_ms, Some(row.time_unix_ms));
        let newest = held.row.as_ref();
        if newest.is_none_or(|held| held.place() < row.place()) {
            held.row = Some(row);
        }
    }

    pub(super) fn put_rest(&mut self, filling: &Filling) {
        for row in &filling.evidence {
            let (site, _) = self.sites.of(&row.site);
            self.fresh.push_evidence(site, row.clone());
        }
        self.position = self.position.max(filling.position);
    }

    /// The ends of a series; `None`: what is sealed must be looked at.
    pub(super) fn ends(&self, number: i64) -> Option<Ends> {
        let held = self.ends.get(&number).filter(|held| held.whole)?;
        Some((held.row.clone(), held.oldest_unix_ms))
    }

    /// What is sealed changed at its old end: the ends are looked up again. What waits is known anyhow.
    pub(super) fn forget_ends(&mut self) {
        self.ends.clear();
        let waiting: Vec<(i64, Row)> = self
            .waiting()
            .flat_map(|fresh| &fresh.rows)
            .flat_map(|((series, _), rows)| rows.iter().map(|row| (*series, row.clone())))
            .collect();
        for (series, row) in waiting {
            self.note(series, row);
        }
    }

    /// Takes the ends of what is sealed down; answers with those of all. The sealed sample stays where
    /// both lie at one place: it was first.
    pub(super) fn note_ends(&mut self, number: i64, (sealed, oldest): Ends) -> Ends {
        let held = self.ends.remove(&number).unwrap_or_default();
        let oldest = earlier(oldest, self.first.get(&number).copied());
        let oldest_unix_ms = earlier(held.oldest_unix_ms, oldest);
        let later = held.row.filter(|held| {
            sealed
                .as_ref()
                .is_none_or(|sealed| sealed.place() < held.place())
        });
        let row = later.or(sealed);
        let held = Held {
            row: row.clone(),
            oldest_unix_ms,
            whole: true,
        };
        self.ends.insert(number, held);
        (row, oldest_unix_ms)
    }

    pub(super) fn list(&self, filter: SeriesFilter<'_>) -> Vec<Series> {
        let one = |number: i64| {
            let key = self.series.get(number)?;
            let wanted = filter.site.is_none_or(|site| site == key.site)
                && filter.target.is_none_or(|target| target == key.target);
            wanted.then(|| Series {
                id: SeriesId(number),
                key: (**key).clone(),
            })
        };
        match filter.site {
            Some(site) => {
                let numbers = self.of_site.get(site).into_iter().flatten();
                numbers.filter_map(|number| one(*number)).collect()
            }
            None => (1..).take(self.series.all.len()).filter_map(one).collect(),
        }
    }

    /// What waits, the earlier first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Fresh> {
        let written = self.recent.iter().chain(&self.writing).map(Arc::as_ref);
        written.chain([&self.fresh])
    }
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}
