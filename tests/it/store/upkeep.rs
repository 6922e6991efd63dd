//! Check, figures, compaction, retention, backup and restore, with the commands that an operator types.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use desserte::{
    collector::{Collector, Keeping},
    store::retention::Retention,
};
use desserte_probe::{clock::Clock as _, wire::id::BootId};
use serde_json::Value;

use crate::ingest::{
    Bench, START, Stored,
    agent::{BOOTTIME_AT_START, FakeAgent, exchange},
    open, settle, stored,
};

pub(super) fn desserte(arguments: &[&str]) -> Output {
    desserte_in("en", arguments)
}

pub(super) fn desserte_in(language: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(["--language", language])
        .args(arguments)
        .output()
        .unwrap()
}

pub(super) fn done(arguments: &[&str]) -> String {
    let output = desserte(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn refused(code: i32, arguments: &[&str]) -> String {
    let output = desserte(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&done(arguments)).unwrap()
}

pub(super) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder in which an agent measured for two hours.
pub(super) async fn measured() -> (Bench, FakeAgent) {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    send(&bench, &mut agent, 1..40).await;
    settle(&bench.collector);
    (bench, agent)
}

pub(super) async fn send(bench: &Bench, agent: &mut FakeAgent, minutes: std::ops::Range<u64>) {
    for minute in minutes {
        let ago = BOOTTIME_AT_START - 100_000 - minute * 40_000;
        let batch = agent.seal(FakeAgent::minutes(minute, minute, ago));
        bench.clock.advance(Duration::from_secs(1));
        bench.send(&batch).await.unwrap();
    }
}

pub(super) fn closed(bench: Bench) -> (tempfile::TempDir, Vec<Stored>) {
    let Bench {
        folder, collector, ..
    } = bench;
    let rows = stored(&collector);
    // Into the files of their months; a collector that stops writes down what waits as it came.
    collector.samples().flush().unwrap();
    drop(collector);
    (folder, rows)
}

pub(super) fn clock() -> Arc<desserte_probe::clock::ManualClock> {
    Arc::new(desserte_probe::clock::ManualClock::new(START, 5_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_checked_measured_and_compacted_by_commands() {
    let (bench, _agent) = measured().await;
    let (folder, rows) = closed(bench);
    let data = path(folder.path());
    let checked = json(&["store", "check", "--data", data, "--format", "json"]);
    assert_eq!(checked["batches"], 39);
    assert_eq!(checked["samples"], rows.len());
    assert_eq!(checked["compared_until"], 39);
    assert_eq!(checked["faults"], serde_json::json!([]));
    assert!(!folder.path().join("samples.check").exists());
    let parts = json(&["store", "stats", "--data", data, "--format", "json"]);
    let part = |name: &str| {
        let parts = parts.as_array().unwrap();
        parts
            .iter()
            .find(|one| one["part"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(part("journal")["pieces"], 39);
    assert_eq!(part("samples")["samples"], rows.len());
    let file = fs::metadata(folder.path().join("samples/2026-05.sqlite"))
        .unwrap()
        .len();
    assert_eq!(part("2026-05")["file_bytes"], file);
    assert!(part("registry.sqlite")["file_bytes"].as_u64().unwrap() > 0);
    let table = done(&["store", "stats", "--data", data]);
    assert!(
        table.contains("bytes/sample") && table.contains("2026-05"),
        "{table}"
    );
    let days = json(&[
        "sites",
        "days",
        "mairie-owando",
        "--from",
        "2026-05-01",
        "--data",
        data,
    ]);
    assert_eq!(days.as_array().unwrap().len(), 1, "{days}");
    assert_eq!(days[0]["day"], "2026-05-31");
    assert_eq!(days[0]["samples"], rows.len());
    let median = days[0]["rtt_us_median"].as_u64().unwrap();
    assert!((990..=1_010).contains(&median), "{median}");
    let month = json(&["sites", "month", "2026-05", "--data", data]);
    assert_eq!(month[0]["site"], "mairie-owando");
    assert_eq!(month[0]["sent"], rows.len() * 5);
    assert_eq!(month[0]["answered_share"], 1.0);
    refused(2, &["sites", "month", "2026-13", "--data", data]);
    let written = json(&[
        "store", "compact", "--all", "--data", data, "--format", "json",
    ]);
    assert_eq!(written[0]["file"], "2026-05.sqlite");
    done(&["store", "check", "--data", data]);
    let nowhere = folder.path().join("nowhere");
    let said = refused(2, &["store", "check", "--data", path(&nowhere)]);
    assert!(said.contains("journal.sqlite"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_names_what_is_missing_otherwise_or_unreadable() {
    let (bench, _agent) = measured().await;
    let (folder, _) = closed(bench);
    let data = path(folder.path());
    let month = folder.path().join("samples/2026-05.sqlite");
    let whole = fs::read(&month).unwrap();
    let change = |statement: &str| {
        fs::write(&month, &whole).unwrap();
        let file = rusqlite::Connection::open(&month).unwrap();
        assert!(file.execute(statement, []).unwrap() > 0);
    };
    let check = || {
        let output = desserte(&["store", "check", "--data", data, "--format", "json"]);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    // A whole day is gone, and nobody would know from the file alone.
    change("DELETE FROM chunk");
    assert_eq!(check()["missing"], 39);
    change(
        "UPDATE chunk SET body = CAST(substr(body, 1, 30) || x'a7a7a7' || substr(body, 34) AS BLOB)",
    );
    let faults = check()["faults"].to_string();
    assert!(faults.contains("check sum"), "{faults}");
    change("UPDATE day SET received = received - 1");
    let faults = check()["faults"].to_string();
    assert!(faults.contains("sums of a day"), "{faults}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_that_is_no_longer_kept_goes_and_its_samples_and_names_stay() {
    let (bench, mut agent) = measured().await;
    let batch = bench.collector.journal().batch(7).unwrap().unwrap();
    let keeping = Keeping {
        retention: Retention {
            series_months: None,
            evidence_months: Some(2),
        },
        server: None,
    };
    let Bench {
        folder,
        clock,
        collector,
    } = bench;
    drop(collector);
    let data = folder.path().to_owned();
    let data = data.as_path();
    let reopen = || Collector::open_with(data, Arc::clone(&clock) as Arc<_>, &keeping).unwrap();
    // A clock is believed month by month.
    for _ in 0..3 {
        clock.advance(Duration::from_hours(30 * 24));
        drop(reopen());
    }
    // In September nothing of May is kept but what was made of it.
    clock.advance(Duration::from_hours(10 * 24));
    let bench = Bench {
        collector: reopen(),
        clock: Arc::clone(&clock),
        folder,
    };
    agent.boot = BootId([8; 16]);
    agent.exchanges = vec![exchange(BOOTTIME_AT_START, bench.clock.unix_ms())];
    let newest = agent.seal(FakeAgent::minutes(40, 40, 60_000));
    bench.send(&newest).await.unwrap();
    // The folder goes with what holds it.
    let Bench {
        folder: _folder,
        collector,
        ..
    } = bench;
    let rows = stored(&collector);
    for _ in 0..100 {
        if collector.journal().batch(39).unwrap().unwrap().is_let_go() {
            break;
        }
        clock.advance(Duration::from_hours(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let kept = collector.journal().batch(7).unwrap().unwrap();
    assert!(kept.is_let_go());
    assert_eq!(kept.batch_hash, batch.batch_hash);
    assert_eq!(stored(&collector), rows);
    assert_eq!(collector.journal().figures().unwrap().let_go, 39);
    drop(collector);
    assert_eq!(stored(&open(data, &clock)), rows);
    done(&["store", "check", "--data", path(data)]);
    // What was made from it cannot be made again.
    fs::remove_dir_all(data.join("samples")).unwrap();
    let error = Collector::open(data, clock as Arc<_>)
        .unwrap_err()
        .to_string();
    assert!(error.contains("evidence_months"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_refuse_a_folder_whose_samples_are_on_a_server() {
    let (bench, _) = measured().await;
    let (folder, _) = closed(bench);
    let data = folder.path();
    let month = ["sites", "month", "2026-06", "--data", path(data)];
    let days = ["sites", "days", "mairie-owando", "--data", path(data)];
    let whole = done(&month);
    // A server that holds less than the files: they are in use again.
    let notes = rusqlite::Connection::open(data.join("influxdb2.sqlite")).unwrap();
    let schema = "CREATE TABLE applied (server TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
                  INSERT INTO applied VALUES ('http://192.0.2.1:8086 o b', 3)";
    notes.execute_batch(schema).unwrap();
    assert_eq!(done(&month), whole);
    // One that holds more: what lies here is not all.
    let further = "UPDATE applied SET position = 1000";
    assert_eq!(notes.execute(further, []).unwrap(), 1);
    for command in [&month, &days] {
        let said = refused(1, command);
        assert!(said.contains("position 1000"), "{said}");
    }
    let stats = desserte(&["store", "stats", "--data", path(data)]);
    let said = String::from_utf8(stats.stderr).unwrap();
    assert!(
        stats.status.success() && said.contains("position 1000"),
        "{said}"
    );
}
