//! What every sample store must do, run over every engine.

use std::sync::Arc;

use desserte::store::{
    StoreError,
    embedded::EmbeddedStore,
    samples::{EvidenceRow, Filling, SampleRow, SampleStore, SeriesFilter, SeriesId, SeriesKey},
};
use desserte_domain::observation::{LineNumber, Outcome};
use desserte_probe::{
    report::{Detail, Fact, Family, Kind},
    wire::id::{AgentId, BootId},
};

use super::engines::every_store;

pub(super) fn key(target: &str) -> Arc<SeriesKey> {
    Arc::new(SeriesKey {
        site: "mairie-owando".into(),
        agent: AgentId([1; 16]),
        target: target.into(),
        kind: Kind::Icmp,
        slot_seconds: 60,
        line: Some("gateway-00-ipv4".into()),
        family: Some(Family::Ipv4),
    })
}

pub(super) fn row(target: &str, time_unix_ms: i64, sequence: u64) -> SampleRow {
    SampleRow {
        series: key(target),
        time_unix_ms,
        uncertainty_ms: 7,
        sequence,
        outcome: Outcome::Ok,
        sent: 5,
        received: 5,
        rtt_us_min: Some(100),
        rtt_us_median: Some(200),
        rtt_us_max: Some(300),
        rtt_us_mean_successive_difference: None,
        coarse: false,
        detail: None,
        summary_spacing_ms: None,
    }
}

pub(super) fn filling(position: u64, samples: Vec<SampleRow>) -> Filling {
    Filling {
        position,
        samples,
        evidence: vec![],
    }
}

pub(super) fn times(store: &dyn SampleStore, target: &str) -> Vec<(i64, u64)> {
    let filter = SeriesFilter {
        site: Some("mairie-owando"),
        target: Some(target),
    };
    let series = store.series(filter).unwrap();
    let Some(one) = series.first() else {
        return vec![];
    };
    let block = store.scan(one.id, i64::MIN, i64::MAX).unwrap();
    let pairs = block.time_unix_ms.iter().zip(&block.sequence);
    pairs.map(|(time, sequence)| (*time, *sequence)).collect()
}

#[test]
fn an_empty_store_says_so() {
    every_store(|store| {
        assert_eq!(store.applied_position().unwrap(), 0);
        assert_eq!(store.series(SeriesFilter::default()).unwrap(), []);
        assert_eq!(store.evidence("mairie-owando", 0, i64::MAX).unwrap(), []);
        assert!(store.caps().rows_max >= 1_000);
    });
}

#[test]
fn rows_come_back_in_order_whatever_order_they_were_put_in() {
    every_store(|store| {
        let rows = vec![
            row("a", 3_000, 3),
            row("a", 1_000, 1),
            row("b", 5, 9),
            row("a", 2_000, 2),
        ];
        store.put(&filling(4, rows)).unwrap();
        assert_eq!(times(store, "a"), [(1_000, 1), (2_000, 2), (3_000, 3)]);
        assert_eq!(times(store, "b"), [(5, 9)]);
        assert_eq!(store.applied_position().unwrap(), 4);
    });
}

#[test]
fn the_oldest_sample_is_known_however_late_it_comes() {
    every_store(|store| {
        const DAY_MS: i64 = 86_400_000;
        let times = [500, 540, 300, 301, 460].map(|day| day * DAY_MS + 7);
        for (position, at) in (1..).zip(times) {
            store
                .put(&filling(position, vec![row("a", at, position)]))
                .unwrap();
            let seen = &times[..usize::try_from(position).unwrap()];
            let series = store.series(SeriesFilter::default()).unwrap()[0].id;
            let oldest = store.oldest_unix_ms(series).unwrap();
            assert_eq!(oldest, seen.iter().min().copied());
            let newest = store.latest(series).unwrap().map(|row| row.time_unix_ms);
            assert_eq!(newest, seen.iter().max().copied());
        }
        assert_eq!(store.oldest_unix_ms(SeriesId(99)).unwrap(), None);
    });
}

#[test]
fn a_scan_is_half_open() {
    every_store(|store| {
        let rows = (0..10).map(|i| row("a", i * 1_000, 1)).collect();
        store.put(&filling(1, rows)).unwrap();
        let series = store.series(SeriesFilter::default()).unwrap();
        let block = store.scan(series[0].id, 2_000, 5_000).unwrap();
        assert_eq!(block.time_unix_ms, [2_000, 3_000, 4_000]);
    });
}

#[test]
fn putting_again_changes_nothing_and_the_first_row_stays() {
    every_store(|store| {
        let first = filling(2, vec![row("a", 1_000, 1), row("a", 1_000, 2)]);
        store.put(&first).unwrap();
        let mut other = row("a", 1_000, 1);
        if store.caps().first_stays {
            other.received = 0;
        }
        store.put(&filling(1, vec![other])).unwrap();
        store.put(&first).unwrap();
        assert_eq!(times(store, "a"), [(1_000, 1), (1_000, 2)]);
        let series = store.series(SeriesFilter::default()).unwrap();
        assert_eq!(store.scan(series[0].id, 0, 9_000).unwrap().received, [5, 5]);
        assert_eq!(
            store.applied_position().unwrap(),
            2,
            "a position is not gone back to"
        );
    });
}

#[test]
fn every_column_and_the_detail_survive() {
    every_store(|store| {
        let full = SampleRow {
            outcome: Outcome::HttpStatus(503),
            rtt_us_mean_successive_difference: Some(17),
            coarse: true,
            detail: Some(Detail::Dns {
                answers: 2,
                ttl_seconds: None,
            }),
            ..row("a", -5, u64::from(u32::MAX) * 1_000)
        };
        let lost = SampleRow {
            outcome: Outcome::Timeout,
            received: 0,
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            ..row("a", -9, 3)
        };
        store.put(&filling(1, vec![full.clone(), lost])).unwrap();
        let series = store.series(SeriesFilter::default()).unwrap();
        assert_eq!(series[0].key, *key("a"));
        assert_eq!(store.latest(series[0].id).unwrap(), Some(full));
        let block = store.scan(series[0].id, i64::MIN, i64::MAX).unwrap();
        let observations = block.observations(Some(LineNumber(4)));
        assert_eq!(observations.len(), 2);
        assert_eq!(
            observations[0].rtt_us_min, None,
            "a lost packet has no response time"
        );
        assert_eq!(observations[1].outcome, Outcome::HttpStatus(503));
        assert_eq!(observations[1].line, Some(LineNumber(4)));
        assert!(observations[1].coarse);
    });
}

#[test]
fn a_series_without_a_line_is_another_series() {
    every_store(|store| {
        let mut unknown = (*key("a")).clone();
        (unknown.line, unknown.family) = (None, None);
        let unknown = Arc::new(unknown);
        let other = SampleRow {
            series: Arc::clone(&unknown),
            ..row("a", 1_000, 1)
        };
        store
            .put(&filling(1, vec![row("a", 1_000, 1), other.clone()]))
            .unwrap();
        store.put(&filling(2, vec![other])).unwrap();
        let series = store.series(SeriesFilter::default()).unwrap();
        assert_eq!(series.len(), 2);
        assert!(series.iter().any(|one| one.key == *unknown));
    });
}

#[test]
fn a_summary_gives_way_to_the_originals_of_its_slots() {
    every_store(|store| {
        store.put(&filling(1, vec![row("a", 60_400, 7)])).unwrap();
        let summary = (0..3).map(|slot| SampleRow {
            summary_spacing_ms: Some(60_000),
            ..row("a", slot * 60_000 + 500, 20)
        });
        let summary = filling(2, summary.collect());
        store.put(&summary).unwrap();
        store.put(&summary).unwrap();
        assert_eq!(times(store, "a"), [(500, 20), (60_400, 7), (120_500, 20)]);
    });
}

#[test]
fn evidence_comes_back_by_site_and_time_and_once() {
    every_store(|store| {
        let seen = |site: &str, time_unix_ms: i64, ordinal: u32| EvidenceRow {
            site: site.into(),
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            time_unix_ms,
            uncertainty_ms: 3,
            sequence: 5,
            ordinal,
            line: Some("interface-eth0-ipv4".into()),
            target: None,
            fact: Fact::Suspended { milliseconds: 12 },
        };
        let filling = Filling {
            position: 1,
            samples: vec![],
            evidence: vec![seen("b", 10, 0), seen("a", 30, 2), seen("a", 10, 1)],
        };
        store.put(&filling).unwrap();
        store.put(&filling).unwrap();
        let found = store.evidence("a", 0, 31).unwrap();
        assert_eq!(found, [seen("a", 10, 1), seen("a", 30, 2)]);
        assert_eq!(store.evidence("a", 11, 30).unwrap(), []);
    });
}

#[test]
fn days_in_sums_are_those_of_their_samples() {
    every_store(|store| {
        const DAY_MS: i64 = 86_400_000;
        let lost = |day: i64, sequence| SampleRow {
            received: 0,
            ..row("a", day * DAY_MS + 5, sequence)
        };
        let late = row("a", 3 * DAY_MS - 1, 9);
        let first = vec![row("a", 0, 1), row("b", DAY_MS, 2), lost(2, 3)];
        store.put(&filling(1, first)).unwrap();
        store
            .put(&filling(2, vec![late.clone(), lost(3, 4)]))
            .unwrap();
        store.put(&filling(3, vec![late])).unwrap();
        let found = |target, days| {
            let filter = SeriesFilter {
                site: Some("mairie-owando"),
                target: Some(target),
            };
            let sums = store.sums(filter, days).unwrap();
            assert!(sums.len() < 2);
            sums.first()
                .map(|(_, one)| [one.samples, one.silent, one.sent, one.received])
        };
        assert_eq!(found("a", (0, 9)), Some([4, 2, 20, 10]));
        assert_eq!(found("a", (1, 3)), Some([2, 1, 10, 5]));
        assert_eq!(found("b", (1, 2)), Some([1, 0, 5, 5]));
        assert_eq!(found("b", (2, 9)), None);
        assert_eq!(
            store.sums(SeriesFilter::default(), (0, 9)).unwrap().len(),
            2
        );
    });
}

#[test]
fn months_that_are_no_longer_kept_go_with_their_files() {
    const DAY_MS: i64 = 86_400_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples");
    let store = EmbeddedStore::open(&path).unwrap();
    // 1 January, 1 February and 1 March 1970.
    let at = [0, 31, 59].map(|day| day * DAY_MS);
    let rows = at
        .iter()
        .zip(1..)
        .map(|(at, sequence)| row("a", *at, sequence));
    store.put(&filling(1, rows.collect())).unwrap();
    assert_eq!(
        store.forget_before(at[2] - 1).unwrap(),
        1,
        "February is not over"
    );
    assert!(!path.join("1970-01.sqlite").exists() && path.join("1970-02.sqlite").exists());
    let check = |store: &EmbeddedStore| {
        assert_eq!(times(store, "a"), [(at[1], 2), (at[2], 3)]);
        let series = store.series(SeriesFilter::default()).unwrap()[0].id;
        // When it began stays known: what came after was measured or missing, not before measuring.
        assert_eq!(store.oldest_unix_ms(series).unwrap(), Some(at[0]));
        assert_eq!(store.latest(series).unwrap().unwrap().time_unix_ms, at[2]);
    };
    check(&store);
    assert_eq!(store.forget_before(at[1]).unwrap(), 0);
    drop(store);
    check(&EmbeddedStore::open(&path).unwrap());
}

#[test]
fn a_store_that_was_dropped_has_what_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples");
    let store = EmbeddedStore::open(&path).unwrap();
    store.put(&filling(3, vec![row("a", 1, 1)])).unwrap();
    drop(store);
    let store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(store.applied_position().unwrap(), 3);
    store.put(&filling(4, vec![row("a", 2, 2)])).unwrap();
    assert_eq!(times(&store, "a"), [(1, 1), (2, 2)]);
}

#[test]
fn a_folder_of_a_later_version_is_refused_and_one_of_an_earlier_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples");
    let store = EmbeddedStore::open(&path).unwrap();
    store.put(&filling(3, vec![row("a", 1, 1)])).unwrap();
    drop(store);
    let say = |version: i64| {
        let index = rusqlite::Connection::open(path.join("index.sqlite")).unwrap();
        index.pragma_update(None, "user_version", version).unwrap();
    };
    say(99);
    let refused = EmbeddedStore::open(&path).unwrap_err().to_string();
    assert!(refused.contains("version 99"), "{refused}");
    say(1);
    let refused = EmbeddedStore::open_reading(&path).unwrap_err().to_string();
    assert!(refused.contains("earlier version"), "{refused}");
    let store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(store.applied_position().unwrap(), 0);
    assert_eq!(store.series(SeriesFilter::default()).unwrap(), []);
}

#[test]
fn another_process_reads_what_is_sealed_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples");
    let nothing = EmbeddedStore::open_reading(&path).unwrap();
    assert_eq!(nothing.series(SeriesFilter::default()).unwrap(), []);
    assert!(!path.exists());
    drop(EmbeddedStore::open(&path).map(|store| store.put(&filling(3, vec![row("a", 1, 1)]))));
    let reading = EmbeddedStore::open_reading(&path).unwrap();
    assert_eq!(times(&reading, "a"), [(1, 1)]);
    let refused = reading.put(&filling(4, vec![row("a", 2, 1)]));
    assert!(matches!(refused, Err(StoreError::Stopped { .. })));
}
