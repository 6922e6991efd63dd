//! Writing down what waits: beside the chunks as it came, or into them.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{
    WAITING_MAX, WRITE_EVERY,
    calendar::{first_day, month_and_day},
    fresh::{Fresh, Left},
    shared::Shared,
    state::State,
};
use crate::store::StoreError;

/// How long to wait before a writing that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Rows of one chunk on average that are worth writing it anew: eight times a day and series, three hours each at one a
/// minute.
const ROWS_OF_A_CHUNK: usize = 180;
/// Weight at which chunks are written however few rows each gets: some 330 MB.
const RECENT_MAX: usize = 4_000_000;
/// Times that rows are written down as they came before they go into chunks: three hours where few come.
const PARTS_MAX: usize = 18;

/// Where what waits goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// Beside the chunks as it came, or into them once that is worth it.
    AsItComes,
    /// Into the chunks.
    Chunks,
}

/// Whether there is enough for the chunks.
fn is_enough(parts: &[Arc<Fresh>]) -> bool {
    let weight: usize = parts.iter().map(|part| part.weight).sum();
    let chunks = parts.iter().map(|part| part.rows.len()).max().unwrap_or(0);
    let worth = chunks.saturating_mul(ROWS_OF_A_CHUNK);
    parts.len() >= PARTS_MAX || weight >= worth.clamp(WAITING_MAX, RECENT_MAX)
}

impl Shared {
    /// Writes down when enough waits, or when something has waited long enough.
    pub(super) fn keep_writing(&self) {
        let mut patience = WRITE_EVERY;
        loop {
            let state = self.state();
            let waiting = |state: &mut State| !state.stop && state.fresh.weight < WAITING_MAX;
            let waited = self.due.wait_timeout_while(state, patience, waiting);
            let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.stop {
                return;
            }
            drop(state);
            patience = WRITE_EVERY;
            if let Err(error) = self.write(Where::AsItComes) {
                tracing::error!(%error, "samples could not be written down: {error}");
                // Enough still waits: do not try again at once.
                std::thread::sleep(RETRY);
                patience = RETRY;
            }
        }
    }

    /// Writes down everything that waits now.
    pub(super) fn write(&self, place: Where) -> Result<(), StoreError> {
        let Some(index) = &self.index else {
            return Ok(());
        };
        let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
        let (parts, series, sites, position) = {
            let mut state = self.state();
            let written = state.fresh.weight == 0 && state.position == state.written_position;
            if written && (place == Where::AsItComes || state.recent.is_empty()) {
                return Ok(());
            }
            let writing = Arc::new(std::mem::take(&mut state.fresh));
            state.writing = Some(Arc::clone(&writing));
            let mut parts = state.recent.clone();
            parts.push(writing);
            let unsaved = (state.series.unsaved(), state.sites.unsaved());
            (parts, unsaved.0, unsaved.1, state.position)
        };
        let into_chunks = place == Where::Chunks || is_enough(&parts);
        let numbered = index.add((series.0, &series.1), (sites.0, &sites.1));
        let written = match (&numbered, parts.last()) {
            (Ok(()), _) if into_chunks => self.seal_months(&parts).and_then(|left| {
                index.sealed(position, &left.rows)?;
                Ok(Some(left))
            }),
            (Ok(()), Some(writing)) => index.keep(position, writing).map(|()| None),
            _ => Ok(None),
        };
        let mut state = self.state();
        state.writing = None;
        if numbered.is_ok() {
            // Written down, whatever became of the rows: a number is given once.
            state.series.saved += series.1.len();
            state.sites.saved += sites.1.len();
        }
        match numbered.and(written) {
            Ok(left) => {
                state.written_position = position;
                state.failure = None;
                if let Some(left) = left {
                    state.damage = left.reason;
                    let rows = (left.rows.weight > 0).then(|| Arc::new(left.rows));
                    state.recent = rows.into_iter().collect();
                } else {
                    let writing = parts.into_iter().next_back();
                    state.recent.extend(writing.filter(|one| one.weight > 0));
                }
                Ok(())
            }
            Err(error) => {
                // What arrived meanwhile came later.
                let writing = parts.into_iter().next_back();
                let mut again = writing.and_then(Arc::into_inner).unwrap_or_default();
                again.append(std::mem::take(&mut state.fresh));
                state.fresh = again;
                state.failure = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// Puts rows into the chunks of their months; what is left could not be put behind what is there.
    fn seal_months(&self, parts: &[Arc<Fresh>]) -> Result<Left, StoreError> {
        let days: BTreeSet<i64> = parts.iter().flat_map(|part| part.days()).collect();
        let months: BTreeSet<i64> = days.iter().map(|day| month_and_day(*day).0).collect();
        let mut left = Left::default();
        for month in months {
            self.month(month)?
                .seal(parts, first_day(month), &mut left)?;
        }
        if let Some(reason) = &left.reason {
            tracing::error!(reason, "samples wait for a chunk that is damaged: {reason}");
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use desserte_domain::observation::Outcome;
    use desserte_probe::{
        report::{Fact, Kind},
        wire::id::{AgentId, BootId},
    };
    use rusqlite::Connection;

    use super::*;
    use crate::store::{
        embedded::EmbeddedStore,
        samples::{EvidenceRow, Filling, SampleRow, SampleStore, SeriesFilter, SeriesKey},
    };

    /// The first second of June 2026, UTC.
    const JUNE_MS: i64 = 1_780_272_000_000;
    const MINUTE_MS: i64 = 60_000;

    fn row(target: &str, minute: i64) -> SampleRow {
        SampleRow {
            series: Arc::new(SeriesKey {
                site: "mairie".to_owned(),
                agent: AgentId([1; 16]),
                target: target.to_owned(),
                kind: Kind::Icmp,
                slot_seconds: 60,
                line: None,
                family: None,
            }),
            time_unix_ms: JUNE_MS + minute * MINUTE_MS,
            uncertainty_ms: 3,
            sequence: minute.unsigned_abs() + 1,
            outcome: Outcome::Ok,
            sent: 5,
            received: 4,
            rtt_us_min: Some(900),
            rtt_us_median: Some(1_000),
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            detail: None,
            summary_spacing_ms: None,
        }
    }

    fn filling(position: u64, minutes: std::ops::Range<i64>) -> Filling {
        let evidence = EvidenceRow {
            site: "mairie".to_owned(),
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            time_unix_ms: JUNE_MS + minutes.start * MINUTE_MS,
            uncertainty_ms: 3,
            sequence: position,
            ordinal: 0,
            line: Some("eth0".to_owned()),
            target: None,
            fact: Fact::Gateway {
                line: 0,
                sent: 5,
                received: 5,
            },
        };
        let rows = minutes.flat_map(|minute| [row("a", minute), row("b", minute)]);
        Filling {
            position,
            samples: rows.collect(),
            evidence: vec![evidence],
        }
    }

    fn holds(store: &EmbeddedStore, minutes: i64) {
        let all = store.series(SeriesFilter::default()).unwrap();
        assert_eq!(all.len(), 2);
        for series in all {
            let block = store.scan(series.id, 0, i64::MAX).unwrap();
            let times: Vec<i64> = (0..minutes).map(|one| JUNE_MS + one * MINUTE_MS).collect();
            assert_eq!(block.time_unix_ms, times);
            assert!(block.received.iter().all(|one| *one == 4));
            let days = store.days(series.id, (0, 100_000)).unwrap();
            let counted: u64 = days.iter().map(|day| day.sums.samples).sum();
            assert_eq!(i64::try_from(counted).unwrap(), minutes);
            assert!((days[0].rtt_us_median.unwrap() - 1_000.0).abs() < 11.0);
            let newest = store.latest(series.id).unwrap().unwrap();
            assert_eq!(newest.time_unix_ms, times[times.len() - 1]);
            assert_eq!(store.oldest_unix_ms(series.id).unwrap(), Some(JUNE_MS));
        }
    }

    fn rows_of(folder: &Path, file: &str, table: &str) -> i64 {
        let connection = Connection::open(folder.join(file)).unwrap();
        let query = format!("SELECT count(*) FROM {table}");
        connection.query_row(&query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_waits_is_there_after_a_start_and_goes_into_chunks_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        for (position, minutes) in [(1, 0..7), (2, 5..2_000), (3, 2_000..2_003)] {
            let end = minutes.end;
            {
                let store = EmbeddedStore::open(folder.path()).unwrap();
                store.put(&filling(position, minutes)).unwrap();
                holds(&store, end);
            }
            let waiting = rows_of(folder.path(), "index.sqlite", "recent");
            assert_eq!(waiting, position.cast_signed());
            assert!(!folder.path().join("2026-06.sqlite").exists());
            let reading = EmbeddedStore::open_reading(folder.path()).unwrap();
            assert_eq!(reading.applied_position().unwrap(), position);
            holds(&reading, end);
        }
        let store = EmbeddedStore::open(folder.path()).unwrap();
        let evidence = || store.evidence("mairie", 0, i64::MAX).unwrap();
        let waiting = evidence();
        let numbers: Vec<u64> = waiting.iter().map(|row| row.sequence).collect();
        assert_eq!(numbers, [1, 2, 3]);
        store.flush().unwrap();
        assert_eq!(rows_of(folder.path(), "index.sqlite", "recent"), 0);
        assert_eq!(rows_of(folder.path(), "2026-06.sqlite", "chunk"), 4);
        holds(&store, 2_003);
        assert_eq!(evidence(), waiting);
    }

    #[test]
    fn an_index_without_the_table_of_what_waits_gets_it_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(folder.path()).unwrap();
        store.put(&filling(1, 0..9)).unwrap();
        store.flush().unwrap();
        drop(store);
        let index = Connection::open(folder.path().join("index.sqlite")).unwrap();
        let former = "DROP TABLE recent; DROP TABLE first; PRAGMA user_version = 3";
        index.execute_batch(former).unwrap();
        let month = Connection::open(folder.path().join("2026-06.sqlite")).unwrap();
        let former = "ALTER TABLE day DROP COLUMN last_unix_ms; PRAGMA user_version = 3";
        month.execute_batch(former).unwrap();
        drop((index, month));
        // Who only reads changes nothing.
        holds(&EmbeddedStore::open_reading(folder.path()).unwrap(), 9);
        assert!(!crate::store::embedded::is_made_again(folder.path()).unwrap());
        let store = EmbeddedStore::open(folder.path()).unwrap();
        assert_eq!(store.applied_position().unwrap(), 1);
        store.put(&filling(2, 9..11)).unwrap();
        drop(store);
        holds(&EmbeddedStore::open(folder.path()).unwrap(), 11);
    }

    #[test]
    fn sums_are_those_of_the_samples_whatever_waits_and_however_often() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(folder.path()).unwrap();
        // In order; some again; a late one before all; more of the same day; another day.
        let came = [10..20, 15..25, 3..4, 25..30, 1_500..1_510];
        let places = [Where::AsItComes, Where::Chunks].into_iter().cycle();
        for (position, (minutes, place)) in (1..).zip(came.into_iter().zip(places)) {
            store.put(&filling(position, minutes)).unwrap();
            for write in [None, Some(place)] {
                if let Some(place) = write {
                    store.shared.write(place).unwrap();
                }
                let sums = store.sums(SeriesFilter::default(), (0, 100_000)).unwrap();
                assert_eq!(sums.len(), 2);
                for (series, sums) in sums {
                    let block = store.scan(series, 0, i64::MAX).unwrap();
                    assert_eq!(sums, block.sums(), "after {position}, {write:?}");
                }
            }
        }
    }

    #[test]
    fn one_damaged_chunk_holds_nothing_else_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(folder.path()).unwrap();
        store.put(&filling(1, 0..9)).unwrap();
        store.flush().unwrap();
        let month = Connection::open(folder.path().join("2026-06.sqlite")).unwrap();
        let first = "SELECT key, body FROM chunk ORDER BY key";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (key, mut body): (i64, Vec<u8>) = month.query_row(first, [], read).unwrap();
        body[9] ^= 1;
        let spoil = "UPDATE chunk SET body = ? WHERE key = ?";
        assert_eq!(month.execute(spoil, (body, key)).unwrap(), 1);
        store.put(&filling(2, 9..12)).unwrap();
        store.flush().unwrap();
        let trouble = store.trouble().unwrap();
        assert!(
            trouble.contains("2026-06.sqlite: series 1, day 1"),
            "{trouble}"
        );
        let all = store.series(SeriesFilter::default()).unwrap();
        let scan = |place: usize| store.scan(all[place].id, 0, i64::MAX);
        scan(0).unwrap_err();
        assert_eq!(scan(1).unwrap().len(), 12);
        assert_eq!(rows_of(folder.path(), "index.sqlite", "recent"), 1);
        assert_eq!(store.applied_position().unwrap(), 2);
        // Once the day is gone, what waited is what there is of it.
        let gone = "DELETE FROM chunk WHERE key = (SELECT min(key) FROM chunk)";
        month.execute(gone, []).unwrap();
        store.put(&filling(3, 12..13)).unwrap();
        store.flush().unwrap();
        assert_eq!(store.trouble(), None);
        assert_eq!(scan(0).unwrap().len(), 4);
        assert_eq!(scan(1).unwrap().len(), 13);
    }

    #[test]
    fn chunks_are_written_once_there_is_enough_for_each() {
        let part = |series: i64, rows: i64| {
            let mut fresh = Fresh::default();
            for one in 0..series {
                for minute in 0..rows {
                    let row = super::super::row::Row::of(&row("a", minute));
                    fresh.push(one, row);
                }
            }
            Arc::new(fresh)
        };
        // A thousand series: few rows come, so it is the time that counts.
        let small = part(1_000, 10);
        assert!(!is_enough(&vec![Arc::clone(&small); PARTS_MAX - 1]));
        assert!(is_enough(&vec![small; PARTS_MAX]));
        // More series: three hours of each, or as much as memory has room for.
        let more = part(3_000, 40);
        assert!(!is_enough(&vec![Arc::clone(&more); 4]));
        assert!(is_enough(&vec![more; 5]));
        let many = part(50_000, 10);
        assert!(!is_enough(&vec![Arc::clone(&many); 7]));
        assert!(is_enough(&vec![many; 8]));
    }
}
