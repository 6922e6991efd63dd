//! The engines that a check runs over: in memory, embedded, and a server of InfluxDB 2.

use std::sync::Mutex;

use desserte::store::{
    StoreError,
    embedded::EmbeddedStore,
    samples::{
        Caps, DaySums, EvidenceRow, Filling, SampleBlock, SampleRow, SampleStore, Series,
        SeriesFilter, SeriesId,
    },
    steps::{Steps, StepsAsked},
};

use desserte_probe::report::Detail;

use super::memory::Memory;

/// Runs a check over a new store of every engine. A server of InfluxDB 2 that is not there is said.
pub(super) fn every_store(check: impl Fn(&dyn SampleStore)) {
    check(&Memory::default());
    let folder = tempfile::tempdir().unwrap();
    check(&EmbeddedStore::open(&folder.path().join("samples")).unwrap());
    for every in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples");
        check(&Reopened::new(every, move || {
            Box::new(EmbeddedStore::open(&path).unwrap())
        }));
    }
    #[cfg(feature = "influxdb2")]
    on_influx(&check);
}

#[cfg(feature = "influxdb2")]
fn on_influx(check: &impl Fn(&dyn SampleStore)) {
    use desserte::store::influx2::InfluxStore;
    let Some(influx) = crate::servers::influx() else {
        return;
    };
    for every in [1, usize::MAX] {
        let (folder, server) = (tempfile::tempdir().unwrap(), influx.bucket());
        let path = folder.path().to_owned();
        check(&Reopened::new(every, move || {
            Box::new(InfluxStore::open(&server, &path, "collector").unwrap())
        }));
    }
}

type Open = Box<dyn Fn() -> Box<dyn SampleStore> + Send + Sync>;

/// An engine, closed and opened after every so many puts: all that it holds, or half of it, is not in
/// memory.
struct Reopened {
    every: usize,
    open: Open,
    store: Mutex<(usize, Option<Box<dyn SampleStore>>)>,
}

impl std::fmt::Debug for Reopened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reopened({})", self.every)
    }
}

impl Reopened {
    fn new(every: usize, open: impl Fn() -> Box<dyn SampleStore> + Send + Sync + 'static) -> Self {
        Self {
            every,
            store: Mutex::new((0, Some(open()))),
            open: Box::new(open),
        }
    }

    fn on<T>(&self, ask: impl FnOnce(&(dyn SampleStore + 'static)) -> T) -> T {
        ask(self.store.lock().unwrap().1.as_deref().unwrap())
    }
}

impl SampleStore for Reopened {
    fn put(&self, filling: &Filling) -> Result<(), StoreError> {
        self.on(|store| store.put(filling))?;
        let mut held = self.store.lock().unwrap();
        held.0 += 1;
        if held.0.is_multiple_of(self.every) {
            held.1 = None;
            held.1 = Some((self.open)());
        }
        Ok(())
    }

    fn applied_position(&self) -> Result<u64, StoreError> {
        self.on(SampleStore::applied_position)
    }

    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError> {
        self.on(|store| store.series(filter))
    }

    fn scan(&self, series: SeriesId, from: i64, to: i64) -> Result<SampleBlock, StoreError> {
        self.on(|store| store.scan(series, from, to))
    }

    fn details(
        &self,
        series: SeriesId,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Detail)>, StoreError> {
        self.on(|store| store.details(series, from, to))
    }

    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError> {
        self.on(|store| store.latest(series))
    }

    fn oldest_unix_ms(&self, series: SeriesId) -> Result<Option<i64>, StoreError> {
        self.on(|store| store.oldest_unix_ms(series))
    }

    fn evidence(&self, site: &str, from: i64, to: i64) -> Result<Vec<EvidenceRow>, StoreError> {
        self.on(|store| store.evidence(site, from, to))
    }

    fn sums(
        &self,
        filter: SeriesFilter<'_>,
        days: (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
        self.on(|store| store.sums(filter, days))
    }

    fn steps(&self, asked: &StepsAsked<'_>) -> Result<Option<Steps>, StoreError> {
        self.on(|store| store.steps(asked))
    }

    fn caps(&self) -> Caps {
        self.on(SampleStore::caps)
    }
}
