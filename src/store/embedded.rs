//! The engine that needs no server: columns packed by `pco`, one chunk a series and day, one file a
//! month.
//!
//! Rows wait in memory, sorted by series and day. Every [`WRITE_EVERY`], or when many wait, a thread of the
//! store's own writes them down: beside the chunks as they came (`embedded::recent`), and once there are
//! enough for each chunk, some hours of it, into the chunks. The position up to which everything is written
//! down is written with them; whatever lies behind it comes again from the journal.
//!
//! # On disk
//!
//! A folder, and in it:
//!
//! | file | holds |
//! |---|---|
//! | `index.sqlite` | numbers of series and of sites; rows that wait for their chunks; the journal position up to which all is written down |
//! | `2026-11.sqlite` | the chunks and the evidence of that month, UTC |
//!
//! `chunk` has one row a series and day, under the key 32 × series + day of the month, so that a
//! series' month lies together: the columns (`embedded::chunk`), and apart from them the details that
//! only some kinds have. `day` has the same day in sums and `sketch` its response times as a DDSketch
//! (`embedded::rollup`), in tables of their own: a month of a country in sums is some megabytes that lie
//! together. `evidence` has one row a site and day (`embedded::facts`). Every body begins with the CRC-32
//! (IEEE 802.3, little endian) of what follows: a page that a disk gives back otherwise than it was
//! written is an error, never a figure. All files carry one version (`PRAGMA user_version`,
//! `index::SCHEMA_VERSION`). A later one is refused; one of version 3 gets what it lacks; what is earlier is deleted
//! and made again from the journal. A month that nobody needs any more is a file to
//! delete (`SampleStore::forget_before`).
//!
//! # Order and repetition
//!
//! Rows may come in any order and any number of times; of those with one (series, time, sequence) the
//! first stays. What is in a chunk was there before what waits, and what waits is kept in the order of its
//! arrival; both are merged by a stable sort. A writing of chunks that was cut short has written whole
//! months or nothing of them, and its rows still wait beside them.
//!
//! # Damage
//!
//! Rows for a chunk that cannot be read wait on, and everything else goes on; [`SampleStore::trouble`] says so.
//!
//! # Other processes
//!
//! A process that only reads sees what is written down: it may lack the last [`WRITE_EVERY`].

mod calendar;
mod chunk;
mod days;
mod facts;
mod folder;
mod fresh;
mod index;
mod inspect;
mod month;
mod recent;
mod rollup;
mod row;
mod shared;
mod state;
mod write;

use std::{
    io::Read as _,
    path::Path,
    sync::{Arc, Condvar, Mutex, RwLock},
    thread::JoinHandle,
    time::Duration,
};

use desserte_probe::report::Detail;

pub use self::days::Day;
pub use self::inspect::{FAULTS_MAX, Fault, MonthFigures, Reading};
use self::{
    folder::{forget_former, open_months},
    index::{EARLIEST_VERSION, Index, SCHEMA_VERSION},
    month::Month,
    shared::Shared,
    state::State,
    write::Where,
};
use super::{
    StoreError,
    samples::{
        Caps, DaySums, EvidenceRow, Filling, SampleBlock, SampleRow, SampleStore, Series,
        SeriesFilter, SeriesId,
    },
    sound::{self, Remedy},
};

/// How long a row is in memory alone at most: what must come again from the journal after a crash.
pub const WRITE_EVERY: Duration = Duration::from_mins(10);
/// Samples that wait before they are written down: some 30 MB.
const WAITING_MAX: usize = 300_000;
/// Samples that wait before whoever puts more must wait too.
const WAITING_HARD_MAX: usize = 2 * WAITING_MAX;
/// Rows of one filling: some MB.
const ROWS_MAX: usize = 50_000;

/// Samples in a folder.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// Whether what a folder holds would be made again from the journal if it were opened.
pub fn is_made_again(folder: &Path) -> Result<bool, StoreError> {
    let index = folder.join(INDEX);
    sound::check_file(&index, Remedy::MadeAgain)?;
    Ok(!index.is_file() || index::version(&index)? < EARLIEST_VERSION)
}

impl EmbeddedStore {
    /// Opens a folder, making it as needed. What an earlier version wrote is deleted, to be made again
    /// from the journal: whoever opens that of a collector asks first whether the journal has it all.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        sound::check_file(&folder.join(INDEX), Remedy::MadeAgain)?;
        forget_former(folder)?;
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::damaged("folder of samples", error))?;
        let index = Index::open(&folder.join(INDEX))?;
        let content = index.read()?;
        let months = open_months(folder, Month::open, Some(Remedy::MadeAgain))?;
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            state: Mutex::new(State::of(content)),
            due: Condvar::new(),
            index: Some(Mutex::new(index)),
            months: RwLock::new(months),
        });
        inspect::check_at_start(&shared)?;
        let writing = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("samples".to_owned())
            .spawn(move || writing.keep_writing())
            .map_err(|error| StoreError::damaged("writing thread", error))?;
        Ok(Self {
            shared,
            writer: Some(writer),
        })
    }

    /// Opens a folder that another process may be filling, for reading what is written down. A folder that
    /// is not there is empty.
    pub fn open_reading(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(INDEX);
        let there = path.exists();
        let found = if there {
            index::version(&path)?
        } else {
            SCHEMA_VERSION
        };
        if found < EARLIEST_VERSION {
            return Err(StoreError::damaged(
                "folder of samples",
                "an earlier version wrote it; the collector makes it again when it serves",
            ));
        }
        let (content, months) = if there {
            (
                Index::open_reading(&path)?.read()?,
                open_months(folder, Month::open_reading, None)?,
            )
        } else {
            Default::default()
        };
        Ok(Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                state: Mutex::new(State::of(content)),
                due: Condvar::new(),
                index: None,
                months: RwLock::new(months),
            }),
            writer: None,
        })
    }
}

impl Drop for EmbeddedStore {
    /// Writes down what waits.
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.due.notify_all();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("writing thread panicked");
        }
        if let Err(error) = self.shared.write(Where::AsItComes) {
            tracing::error!(%error, "the last samples come again from the journal");
        }
    }
}

/// The file beside the months: what is numbered, and what waits.
pub const INDEX: &str = "index.sqlite";

/// Bytes with their CRC-32 before them.
fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len() + 4);
    whole.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    whole.extend_from_slice(bytes);
    whole
}

/// The bytes behind a CRC-32, if it is theirs.
fn without_crc(whole: &[u8]) -> Result<&[u8], &'static str> {
    let (crc, bytes) = whole.split_first_chunk::<4>().ok_or("too short")?;
    if u32::from_le_bytes(*crc) == crc32fast::hash(bytes) {
        Ok(bytes)
    } else {
        Err("its check sum is another: the disk does not give back what was written")
    }
}

/// Unpacks what zstd packed, at most `most` bytes.
fn unpack(bytes: &[u8], most: usize) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let unpacked = zstd::stream::read::Decoder::new(bytes)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)?;
    if unpacked > most {
        return Err(std::io::Error::other("too large"));
    }
    Ok(plain)
}

impl SampleStore for EmbeddedStore {
    fn put(&self, filling: &Filling) -> Result<(), StoreError> {
        let shared = &self.shared;
        if shared.index.is_none() {
            return Err(StoreError::Stopped {
                operation: "put samples",
            });
        }
        if shared.state().fresh.weight >= WAITING_HARD_MAX {
            shared.write(Where::AsItComes)?;
        }
        shared.put_samples(filling)?;
        let mut state = shared.state();
        state.put_rest(filling);
        if state.fresh.weight >= WAITING_MAX {
            shared.due.notify_all();
        }
        Ok(())
    }

    fn applied_position(&self) -> Result<u64, StoreError> {
        Ok(self.shared.state().position)
    }

    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError> {
        Ok(self.shared.state().list(filter))
    }

    fn scan(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<SampleBlock, StoreError> {
        self.shared.scan(series.0, (from_unix_ms, to_unix_ms))
    }

    fn details(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<(i64, Detail)>, StoreError> {
        self.shared.details(series.0, (from_unix_ms, to_unix_ms))
    }

    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError> {
        let key = self.shared.state().series.get(series.0).map(Arc::clone);
        let Some(key) = key else { return Ok(None) };
        let (newest, _) = self.shared.ends(series.0)?;
        Ok(newest.map(|row| row.with(key)))
    }

    fn oldest_unix_ms(&self, series: SeriesId) -> Result<Option<i64>, StoreError> {
        if self.shared.state().series.get(series.0).is_none() {
            return Ok(None);
        }
        Ok(self.shared.ends(series.0)?.1)
    }

    fn evidence(
        &self,
        site: &str,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<EvidenceRow>, StoreError> {
        let span = (from_unix_ms, to_unix_ms);
        if from_unix_ms >= to_unix_ms {
            return Ok(Vec::new());
        }
        let (number, waiting): (i64, Vec<EvidenceRow>) = {
            let state = self.shared.state();
            let Some(number) = state.sites.known(&site.to_owned()) else {
                return Ok(Vec::new());
            };
            let rows = state
                .waiting()
                .flat_map(|fresh| fresh.of_site(number, span));
            (number, rows.cloned().collect())
        };
        let mut rows = Vec::new();
        for (_, open, days) in self.shared.months(span) {
            rows.append(&mut open.evidence((number, site), days)?);
        }
        rows.extend(waiting);
        facts::settle(&mut rows);
        rows.retain(|row| from_unix_ms <= row.time_unix_ms && row.time_unix_ms < to_unix_ms);
        Ok(rows)
    }

    fn sums(
        &self,
        filter: SeriesFilter<'_>,
        days: (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
        self.shared.sums(filter, days)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.shared.write(Where::Chunks)
    }

    fn forget_before(&self, unix_ms: i64) -> Result<usize, StoreError> {
        let (month, _) = calendar::month_and_day(calendar::day_of(unix_ms));
        self.shared.forget_before(month)
    }

    fn trouble(&self) -> Option<String> {
        let state = self.shared.state();
        state.failure.clone().or_else(|| state.damage.clone())
    }

    fn caps(&self) -> Caps {
        Caps {
            safe_lag_ms: 0,
            rows_max: ROWS_MAX,
            first_stays: true,
            may_be_away: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use desserte_domain::observation::Outcome;
    use desserte_probe::{report::Kind, wire::id::AgentId};

    use super::*;
    use crate::store::samples::SeriesKey;

    /// The first second of June 2026, UTC.
    const JUNE_MS: i64 = 1_780_272_000_000;

    fn filling(position: u64, target: &str) -> Filling {
        let series = Arc::new(SeriesKey {
            site: "s".to_owned(),
            agent: AgentId([1; 16]),
            target: target.to_owned(),
            kind: Kind::Icmp,
            slot_seconds: 60,
            line: None,
            family: None,
        });
        Filling {
            position,
            samples: vec![SampleRow {
                series,
                time_unix_ms: JUNE_MS,
                uncertainty_ms: 0,
                sequence: position,
                outcome: Outcome::Ok,
                sent: 5,
                received: 5,
                rtt_us_min: None,
                rtt_us_median: None,
                rtt_us_max: None,
                rtt_us_mean_successive_difference: None,
                coarse: false,
                detail: None,
                summary_spacing_ms: None,
            }],
            evidence: Vec::new(),
        }
    }

    #[test]
    fn sealing_goes_on_once_a_month_can_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("2026-06.sqlite");
        std::fs::create_dir(&blocked).unwrap();
        {
            let store = EmbeddedStore::open(folder.path()).unwrap();
            store.put(&filling(1, "a")).unwrap();
            store.shared.write(Where::Chunks).unwrap_err();
            assert!(store.trouble().is_some());
            // As it comes it can be written all the same, and nothing is the matter then.
            store.shared.write(Where::AsItComes).unwrap();
            assert_eq!(store.trouble(), None);
            store.put(&filling(2, "b")).unwrap();
            store.shared.write(Where::Chunks).unwrap_err();
            std::fs::remove_dir(&blocked).unwrap();
            store.shared.write(Where::Chunks).unwrap();
            assert_eq!(store.shared.state().written_position, 2);
        }
        let store = EmbeddedStore::open(folder.path()).unwrap();
        assert_eq!(store.applied_position().unwrap(), 2);
        for series in store.series(SeriesFilter::default()).unwrap() {
            assert_eq!(store.scan(series.id, 0, i64::MAX).unwrap().len(), 1);
        }
    }

    #[test]
    fn details_are_found_sealed_or_not_and_inside_the_span_only() {
        let folder = tempfile::tempdir().unwrap();
        let detail = |rate| Detail::Throughput {
            download_bits_per_second: Some(rate),
            upload_bits_per_second: None,
            bytes: 1,
        };
        let at = |position: u64, hours: i64, rate| {
            let mut filling = filling(position, "speed");
            filling.samples[0].time_unix_ms = JUNE_MS + hours * 3_600_000;
            filling.samples[0].detail = Some(detail(rate));
            filling
        };
        let store = EmbeddedStore::open(folder.path()).unwrap();
        for (position, hours, rate) in [(1, 1, 10), (2, 30, 20)] {
            store.put(&at(position, hours, rate)).unwrap();
        }
        store.shared.write(Where::Chunks).unwrap();
        for (position, hours, rate) in [(3, 2, 30), (4, 60, 40)] {
            store.put(&at(position, hours, rate)).unwrap();
        }
        let series = store.series(SeriesFilter::default()).unwrap()[0].id;
        let found = |from: i64, to: i64| {
            let span = (JUNE_MS + from * 3_600_000, JUNE_MS + to * 3_600_000);
            let found = store.details(series, span.0, span.1).unwrap();
            found
                .into_iter()
                .map(|(_, detail)| detail)
                .collect::<Vec<_>>()
        };
        assert_eq!(found(0, 99), [10, 30, 20, 40].map(detail));
        assert_eq!(found(2, 60), [30, 20].map(detail));
        assert_eq!(found(3, 30), []);
    }
}
