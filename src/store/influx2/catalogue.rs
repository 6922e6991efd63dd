//! Series of the bucket: numbers given in this process, and the ends of each.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use influxdb2::api::query::FluxRecord;

use super::read;
use crate::store::{
    StoreError,
    samples::{SampleRow, Series, SeriesFilter, SeriesId, SeriesKey},
};

/// The newest row of a series and the start of its oldest.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) newest: Option<SampleRow>,
    pub(super) oldest_unix_ms: Option<i64>,
    /// Whether the server was asked, or had nothing when the series was first seen.
    whole: bool,
}

/// The series.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    all: Vec<Arc<SeriesKey>>,
    numbers: HashMap<Arc<SeriesKey>, usize>,
    of_site: BTreeMap<String, Vec<usize>>,
    ends: HashMap<usize, Ends>,
}

fn id(place: usize) -> SeriesId {
    SeriesId(i64::try_from(place).map_or(i64::MAX, |place| place + 1))
}

fn place(id: SeriesId) -> Option<usize> {
    usize::try_from(id.0.checked_sub(1)?).ok()
}

impl Catalogue {
    pub(super) fn read(records: &[FluxRecord]) -> Result<Self, StoreError> {
        let mut catalogue = Self::default();
        let mut keys = records
            .iter()
            .map(read::key)
            .collect::<Result<Vec<SeriesKey>, StoreError>>()?;
        // The server's order is no one's business.
        keys.sort_by(|one, other| {
            (&one.site, &one.target, &one.line).cmp(&(&other.site, &other.target, &other.line))
        });
        for key in keys {
            catalogue.number(&Arc::new(key));
        }
        Ok(catalogue)
    }

    fn number(&mut self, key: &Arc<SeriesKey>) -> (usize, bool) {
        if let Some(place) = self.numbers.get(key) {
            return (*place, false);
        }
        let place = self.all.len();
        self.all.push(Arc::clone(key));
        self.numbers.insert(Arc::clone(key), place);
        self.of_site
            .entry(key.site.clone())
            .or_default()
            .push(place);
        (place, true)
    }

    /// Notes a row that the server has.
    pub(super) fn note(&mut self, row: &SampleRow) {
        let (place, new) = self.number(&row.series);
        let ends = self.ends.entry(place).or_default();
        ends.whole |= new;
        let newest = ends.newest.as_ref();
        let at = (row.time_unix_ms, row.sequence);
        if newest.is_none_or(|held| (held.time_unix_ms, held.sequence) < at) {
            ends.newest = Some(SampleRow {
                summary_spacing_ms: None,
                ..row.clone()
            });
        }
        let oldest = ends.oldest_unix_ms.into_iter().chain([row.time_unix_ms]);
        ends.oldest_unix_ms = oldest.min();
    }

    pub(super) fn key(&self, series: SeriesId) -> Option<Arc<SeriesKey>> {
        self.all.get(place(series)?).map(Arc::clone)
    }

    pub(super) fn known(&self, key: &SeriesKey) -> Option<SeriesId> {
        self.numbers.get(key).map(|place| id(*place))
    }

    pub(super) fn ends(&self, series: SeriesId) -> Option<Ends> {
        self.ends
            .get(&place(series)?)
            .filter(|ends| ends.whole)
            .cloned()
    }

    /// Takes what the server has at the ends of a series down; answers with the ends of all.
    pub(super) fn note_ends(
        &mut self,
        series: SeriesId,
        newest: Option<SampleRow>,
        oldest: Option<i64>,
    ) -> Ends {
        let Some(place) = place(series) else {
            return Ends::default();
        };
        let ends = self.ends.entry(place).or_default();
        ends.whole = true;
        let at = |row: &SampleRow| (row.time_unix_ms, row.sequence);
        if newest.as_ref().map(at) > ends.newest.as_ref().map(at) {
            ends.newest = newest;
        }
        ends.oldest_unix_ms = ends.oldest_unix_ms.into_iter().chain(oldest).min();
        ends.clone()
    }

    pub(super) fn list(&self, filter: SeriesFilter<'_>) -> Vec<Series> {
        let one = |place: usize| {
            let key = self.all.get(place)?;
            let wanted = filter.site.is_none_or(|site| site == key.site)
                && filter.target.is_none_or(|target| target == key.target);
            wanted.then(|| Series {
                id: id(place),
                key: (**key).clone(),
            })
        };
        match filter.site {
            Some(site) => {
                let places = self.of_site.get(site).into_iter().flatten();
                places.filter_map(|place| one(*place)).collect()
            }
            None => (0..self.all.len()).filter_map(one).collect(),
        }
    }
}
