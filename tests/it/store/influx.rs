//! A real server of InfluxDB 2 behind a collector: it dies, it is put back from an older copy, it
//! refuses a row, and in the end it has every sample once.

use std::{fs, process::Command, sync::Arc, time::Duration};

use desserte::{
    collector::{Collector, Keeping, samples_reading},
    store::{
        StoreError,
        influx2::InfluxStore,
        samples::{Filling, SampleRow, SampleStore as _, SeriesFilter, SeriesKey},
        server::Server,
    },
};
use desserte_domain::observation::Outcome;
use desserte_probe::{report::Kind, wire::id::AgentId};

use crate::{
    api::{NOW_MS, SITE, TestApp},
    ingest::{Bench, agent::FakeAgent, settle, stored},
    servers::{Influx, influx},
};

/// The folder, served by a collector that keeps samples on a server.
pub(super) fn reopened(bench: Bench, server: &Server) -> Bench {
    let Bench {
        folder,
        clock,
        collector,
    } = bench;
    drop(collector);
    let keeping = Keeping {
        server: Some(server.clone()),
        ..Keeping::default()
    };
    let same = Arc::clone(&clock) as Arc<_>;
    Bench {
        collector: Collector::open_with(folder.path(), same, &keeping).unwrap(),
        folder,
        clock,
    }
}

/// Sends so many batches of one minute, from a number on.
async fn send(bench: &Bench, agent: &mut FakeAgent, minutes: std::ops::Range<u64>) {
    for minute in minutes {
        let batch = agent.seal(FakeAgent::minutes(
            minute,
            minute,
            8_000_000 - minute * 60_000,
        ));
        bench.clock.advance(Duration::from_secs(1));
        bench.send(&batch).await.unwrap();
    }
}

fn sequences(collector: &Collector) -> Vec<u64> {
    let mut all: Vec<u64> = stored(collector).iter().map(|row| row.4).collect();
    all.sort_unstable();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_keeps_no_batch_out_and_is_filled_when_it_is_back() {
    let Some(mut server) = Influx::start() else {
        return;
    };
    let bucket = server.bucket();
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let bench = reopened(bench, &bucket);
    send(&bench, &mut agent, 1..20).await;
    settle(&bench.collector);
    server.kill();
    send(&bench, &mut agent, 20..70).await;
    let behind = bench.collector.journal().last_position() - bench.collector.applied_position();
    assert!(behind >= 49, "{behind}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(bench.collector.samples().trouble().is_some());
    // A collector that starts meanwhile goes on, too.
    let started = reopened(bench, &bucket);
    send(&started, &mut agent, 70..75).await;
    assert!(started.collector.samples().trouble().is_some());
    server.run();
    settle(&started.collector);
    assert_eq!(started.collector.samples().trouble(), None);
    assert_eq!(sequences(&started.collector), (1..75).collect::<Vec<u64>>());
    let elsewhere = samples_reading(started.folder.path()).unwrap_err();
    assert!(matches!(elsewhere, StoreError::Elsewhere { server, .. } if server >= 74));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_put_back_from_an_older_copy_gets_the_rest_again() {
    let Some(mut server) = Influx::start() else {
        return;
    };
    let bucket = server.bucket();
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let bench = reopened(bench, &bucket);
    send(&bench, &mut agent, 1..30).await;
    settle(&bench.collector);
    let copy = bench.folder.path().join("copy");
    let engine = server.engine();
    let cp = |from: &std::path::Path, to: &std::path::Path| {
        let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
        assert!(done.unwrap().success());
    };
    server.kill();
    cp(&engine, &copy);
    server.run();
    send(&bench, &mut agent, 30..60).await;
    settle(&bench.collector);
    server.kill();
    fs::remove_dir_all(&engine).unwrap();
    cp(&copy, &engine);
    send(&bench, &mut agent, 60..62).await;
    server.run();
    // The collector notices with the next row, and goes back.
    for _ in 0..200 {
        if sequences_now(&bench.collector) == 61 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(sequences(&bench.collector), (1..62).collect::<Vec<u64>>());
    let before = stored(&bench.collector);
    let anew = reopened(bench, &bucket).collector;
    assert_eq!(stored(&anew), before);
    assert_eq!(anew.applied_position(), anew.journal().last_position());
}

fn sequences_now(collector: &Collector) -> usize {
    let filter = SeriesFilter::default();
    let series = collector.samples().series(filter).unwrap_or_default();
    let of = |id| collector.samples().scan(id, i64::MIN, i64::MAX);
    series
        .iter()
        .filter_map(|one| of(one.id).ok())
        .map(|block| block.len())
        .sum()
}

#[test]
fn a_row_that_the_server_refuses_is_kept_aside_and_the_others_are_there() {
    let Some(server) = influx() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = InfluxStore::open(&server.bucket(), folder.path(), "c").unwrap();
    let row = |target: &str, time_unix_ms: i64| SampleRow {
        series: Arc::new(SeriesKey {
            site: "s".into(),
            agent: AgentId([1; 16]),
            target: target.into(),
            kind: Kind::Icmp,
            slot_seconds: 60,
            line: None,
            family: None,
        }),
        time_unix_ms,
        uncertainty_ms: 0,
        sequence: 1,
        outcome: Outcome::Ok,
        sent: 5,
        received: 5,
        rtt_us_min: None,
        rtt_us_median: Some(7),
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: false,
        detail: None,
        summary_spacing_ms: None,
    };
    let mut samples: Vec<SampleRow> = (0..40).map(|minute| row("a", minute * 60_000)).collect();
    // An empty tag is no tag, and a time beyond the year 2262 has no nanoseconds.
    samples.insert(17, row("", 5));
    samples.insert(30, row("a", i64::MAX / 2));
    let filling = Filling {
        position: 9,
        samples,
        evidence: vec![],
    };
    store.put(&filling).unwrap();
    assert_eq!(store.applied_position().unwrap(), 9);
    drop(store);
    let store = InfluxStore::open(&server.bucket(), folder.path(), "c").unwrap();
    assert_eq!(
        store.applied_position().unwrap(),
        0,
        "another bucket is empty"
    );
    let kept = rusqlite::Connection::open(folder.path().join("influxdb2.sqlite")).unwrap();
    let lines: Vec<(String, i64)> = kept
        .prepare("SELECT line, lines FROM refused ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|(_, count)| *count == 1));
    assert!(lines.iter().any(|(line, _)| line.contains("target= ")));
}

#[test]
fn what_would_end_a_text_or_a_tag_ends_neither() {
    let Some(server) = influx() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let bucket = server.bucket();
    let store = InfluxStore::open(&bucket, folder.path(), "c").unwrap();
    let key = Arc::new(SeriesKey {
        site: "a b,c=d\"e\\f${g}".into(),
        agent: AgentId([1; 16]),
        target: "é ☃ \"x\"".into(),
        kind: Kind::Http,
        slot_seconds: 300,
        line: Some("ligne, une = deux".into()),
        family: None,
    });
    let sample = SampleRow {
        series: Arc::clone(&key),
        time_unix_ms: 1_000,
        uncertainty_ms: 1,
        sequence: u64::MAX,
        outcome: Outcome::HttpStatus(404),
        sent: 1,
        received: 0,
        rtt_us_min: None,
        rtt_us_median: None,
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: true,
        detail: None,
        summary_spacing_ms: None,
    };
    let filling = Filling {
        position: 1,
        samples: vec![sample.clone()],
        evidence: vec![],
    };
    store.put(&filling).unwrap();
    drop(store);
    let store = InfluxStore::open(&bucket, folder.path(), "c").unwrap();
    let series = store.series(SeriesFilter::default()).unwrap();
    assert_eq!(series[0].key, *key);
    assert_eq!(store.latest(series[0].id).unwrap(), Some(sample));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_over_more_than_a_piece_is_summed_up_and_says_so() {
    const DAY: i64 = 24 * 60;
    let Some(server) = influx() else {
        return;
    };
    // An outage of twenty minutes, and one bad minute outside it.
    let bad: Vec<i64> = (2_000..2_020).chain([7_000]).collect();
    let folder = tempfile::tempdir().unwrap();
    let store = InfluxStore::open(&server.bucket(), folder.path(), "c").unwrap();
    let summed = TestApp::over(Arc::new(store), folder, 9 * DAY, &bad);
    let scanned = TestApp::new(9 * DAY, &bad);
    let at = |minutes_back: i64| {
        jiff::Timestamp::from_millisecond(NOW_MS - minutes_back * 60_000).unwrap()
    };
    let path = |minutes_back| {
        let (from, to) = (at(minutes_back), at(0));
        format!("/api/v1/sites/{SITE}/history?target=portal&step=3600&from={from}&to={to}")
    };
    // Half an hour into a step, and from before the first sample on.
    let long = path(10 * DAY + 30);
    let (mut found, mut exact) = (summed.ok(&long).await, scanned.ok(&long).await);
    assert_eq!(found["states_from"], "outages");
    assert_eq!(exact["states_from"], "slots");
    let (told, judged) = (found["state"].take(), exact["state"].take());
    let (told, judged) = (told.as_array().unwrap(), judged.as_array().unwrap());
    for state in ["unknown", "up", "degraded", "down"] {
        assert!(judged.iter().any(|one| one == state), "{state}");
    }
    let without_degraded = judged.iter().map(|one| {
        if one == "degraded" {
            "up"
        } else {
            one.as_str().unwrap()
        }
    });
    assert!(without_degraded.eq(told.iter().map(|one| one.as_str().unwrap())));
    exact["states_from"] = "outages".into();
    assert_eq!(found, exact, "counts and times are those of the samples");
    // What is read in one piece is judged slot by slot.
    let short = path(8 * DAY);
    assert_eq!(summed.ok(&short).await, scanned.ok(&short).await);
}
