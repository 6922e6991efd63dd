//! Nothing that exists once is deleted: samples whose evidence was let go, and what was acknowledged
//! since a backup.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use desserte::{collector::Collector, upkeep::backup::backup};

use super::upkeep::{clock, closed, desserte_in, done, measured, path, refused, send};
use crate::ingest::{Bench, START, open, settle, stored};

/// Files of a folder with their lengths.
fn listed(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut files: Vec<(PathBuf, u64)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "sqlite"))
        .map(|entry| (entry.path(), entry.metadata().unwrap().len()))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compacting_deletes_no_month_that_the_journal_cannot_give_once_more() {
    let (bench, _agent) = measured().await;
    bench.collector.samples().flush().unwrap();
    bench
        .collector
        .journal()
        .let_go((i64::MAX, i64::MAX), 10)
        .unwrap();
    let (folder, _) = closed(bench);
    let (data, samples) = (folder.path(), folder.path().join("samples"));
    let index = samples.join("index.sqlite");
    let compact = ["store", "compact", "--all", "--data", path(data)];
    done(&compact);
    // An earlier version of the program wrote it.
    let earlier = rusqlite::Connection::open(&index).unwrap();
    earlier.pragma_update(None, "user_version", 1).unwrap();
    drop(earlier);
    let before = listed(&samples);
    assert_eq!(before.len(), 2, "{before:?}");
    let said = refused(1, &compact);
    assert!(said.contains("evidence_months"), "{said}");
    assert_eq!(listed(&samples), before);
    fs::remove_file(&index).unwrap();
    refused(1, &compact);
    assert!(samples.join("2026-05.sqlite").is_file());
    // Where no samples are, none are made.
    fs::remove_dir_all(&samples).unwrap();
    done(&compact);
    assert!(!samples.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_to_delete_samples_that_the_journal_cannot_give_once_more() {
    let (bench, _agent) = measured().await;
    bench.collector.samples().flush().unwrap();
    let (folder, _) = closed(bench);
    let data = folder.path();
    let month = data.join("samples/2026-05.sqlite");
    let whole = fs::read(&month).unwrap();
    let said = |language: &str, arguments: &[&str]| {
        let output = desserte_in(language, &[arguments, &["--data", path(data)]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    // What each command says while the journal has all, and once it no longer has.
    let advised = |let_go: bool, arguments: &[&str], (made_again, kept): (&str, &str)| {
        let (en, fr) = (said("en", arguments), said("fr", arguments));
        assert_eq!(en.contains(made_again), !let_go, "{en}");
        assert_eq!(en.contains(kept), let_go, "{en}");
        let french = ["supprimez le dossier samples", "et le dossier samples"];
        let delete = french.iter().any(|words| fr.contains(words));
        assert_eq!(delete, !let_go, "{fr}");
    };
    let delete = ("delete the folder samples", "put the folder samples back");
    let older = ("to go on", "restore the last backup");
    for let_go in [false, true] {
        if let_go {
            let collector = open(data, &clock());
            collector
                .journal()
                .let_go((i64::MAX, i64::MAX), 10)
                .unwrap();
        }
        fs::write(&month, &whole[..whole.len() - 100]).unwrap();
        advised(let_go, &["store", "compact"], delete);
        fs::write(&month, &whole).unwrap();
        let file = rusqlite::Connection::open(&month).unwrap();
        file.execute("UPDATE day SET received = received - 1", [])
            .unwrap();
        drop(file);
        advised(let_go, &["store", "check", "--quick"], delete);
        fs::write(&month, &whole).unwrap();
        // The journal is older than it was, then older than the samples.
        let mark = data.join("journal.mark");
        fs::write(&mark, 1_000_u64.to_le_bytes()).unwrap();
        advised(let_go, &["store", "stats"], older);
        fs::remove_file(&mark).unwrap();
        let position = |position: i64| {
            let index = rusqlite::Connection::open(data.join("samples/index.sqlite")).unwrap();
            let changed = index.execute("UPDATE applied SET position = ?", [position]);
            assert_eq!(changed.unwrap(), 1);
        };
        position(1_000);
        let error = Collector::open(data, clock() as Arc<_>).unwrap_err();
        let text = error.to_string();
        assert_eq!(text.contains(older.0), !let_go, "{text}");
        assert_eq!(text.contains(older.1), let_go, "{text}");
        position(39);
    }
}

/// Puts a backup back; what it said when it refused.
fn restored(backup: &Path, data: &Path, accept_older: bool) -> Result<(), String> {
    let mut arguments = vec!["restore", path(backup), "--data", path(data)];
    arguments.extend(accept_older.then_some("--accept-older"));
    let [en, fr] = ["en", "fr"].map(|language| {
        let output = desserte_in(language, &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    });
    assert_eq!(en.0, fr.0, "{en:?} {fr:?}");
    if en.0 == Some(0) {
        return Ok(());
    }
    assert_eq!(en.0, Some(2), "{en:?}");
    assert!(fr.1.contains("--accept-older"), "{fr:?}");
    Err(en.1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_longer_backup_of_another_history_is_refused_unless_told() {
    let (bench, mut agent) = measured().await;
    let home = tempfile::tempdir().unwrap();
    let data = bench.folder.path().to_owned();
    let (old, long) = (home.path().join("old.zip"), home.path().join("long.zip"));
    done(&["backup", "--data", path(&data), "--output", path(&old)]);
    send(&bench, &mut agent, 40..50).await;
    done(&["backup", "--data", path(&data), "--output", path(&long)]);
    let same = Arc::clone(&bench.clock);
    let (folder, all) = closed(bench);
    restored(&old, &data, true).unwrap();
    // The longer one goes on from where this one ends.
    restored(&long, &data, false).unwrap();
    restored(&old, &data, true).unwrap();
    let bench = Bench {
        collector: open(&data, &same),
        clock: same,
        folder,
    };
    send(&bench, &mut agent, 60..63).await;
    let (_folder, parted) = closed(bench);
    let said = restored(&long, &data, false).unwrap_err();
    assert!(
        said.contains("position 42, its last, another batch"),
        "{said}"
    );
    assert!(!data.join("restore.part").exists());
    assert_eq!(
        stored(&open(&data, &clock())),
        parted,
        "nothing was touched"
    );
    restored(&long, &data, true).unwrap();
    assert_eq!(stored(&open(&data, &clock())), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_takes_the_place_of_a_journal_that_cannot_be_read() {
    let (bench, _agent) = measured().await;
    let home = tempfile::tempdir().unwrap();
    let data = bench.folder.path().to_owned();
    let backup = home.path().join("copy.zip");
    done(&["backup", "--data", path(&data), "--output", path(&backup)]);
    let (_folder, all) = closed(bench);
    let (journal, mark) = (data.join("journal.sqlite"), data.join("journal.mark"));
    let damage = || {
        let mut bytes = fs::read(&journal).unwrap();
        bytes[..4_096].fill(0);
        fs::write(&journal, bytes).unwrap();
        let said = refused(1, &["store", "stats", "--data", path(&data)]);
        assert!(said.contains("desserte restore"), "{said}");
    };
    fs::write(&mark, 39_u64.to_le_bytes()).unwrap();
    damage();
    restored(&backup, &data, false).unwrap();
    assert_eq!(stored(&open(&data, &clock())), all);
    // More was acknowledged than the backup has, or nobody knows how much.
    fs::write(&mark, 41_u64.to_le_bytes()).unwrap();
    damage();
    let said = restored(&backup, &data, false).unwrap_err();
    assert!(said.contains("position 41"), "{said}");
    fs::remove_file(&mark).unwrap();
    let said = restored(&backup, &data, false).unwrap_err();
    assert!(said.contains("is not known"), "{said}");
    restored(&backup, &data, true).unwrap();
    assert_eq!(stored(&open(&data, &clock())), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_later_version_is_named_with_what_to_do() {
    let (bench, _agent) = measured().await;
    let (folder, _) = closed(bench);
    let data = folder.path();
    let version = |name: &str| -> i64 {
        let file = rusqlite::Connection::open(data.join(name)).unwrap();
        let found = file.pragma_query_value(None, "user_version", |row| row.get(0));
        file.pragma_update(None, "user_version", 99).unwrap();
        found.unwrap()
    };
    for name in [
        "samples/2026-05.sqlite",
        "samples/index.sqlite",
        "journal.sqlite",
    ] {
        let known = version(name);
        for (language, advice) in [
            ("en", "use the version of the program that wrote it"),
            ("fr", "utilisez la version du programme qui l’a écrit"),
        ] {
            let output = desserte_in(language, &["store", "compact", "--data", path(data)]);
            let said = String::from_utf8(output.stderr).unwrap();
            let (file, known) = (data.join(name), known.to_string());
            let parts = [path(&file), "99", &known, advice];
            let all = parts.iter().all(|part| said.contains(part));
            assert!(all && output.status.code() == Some(1), "{name}: {said}");
        }
    }
}

#[cfg(feature = "influxdb2")]
#[test]
fn notes_of_a_later_version_are_named_with_what_to_do() {
    use desserte::store::{
        influx2::InfluxStore,
        server::{Server, Token},
    };
    let folder = tempfile::tempdir().unwrap();
    let notes = rusqlite::Connection::open(folder.path().join("influxdb2.sqlite")).unwrap();
    notes.pragma_update(None, "user_version", 99).unwrap();
    let nobody = Server {
        url: "http://127.0.0.1:9".into(),
        org: "o".into(),
        bucket: "b".into(),
        token: Token::new("t".into()),
    };
    let error = InfluxStore::open(&nobody, folder.path(), "c").unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("influxdb2.sqlite is of version 99") && said.contains("use the version"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_begins_while_the_index_is_copied_is_in_the_backup() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    bench.collector.samples().flush().unwrap();
    let home = tempfile::tempdir().unwrap();
    let (copy, data) = (home.path().join("copy"), home.path().join("restored"));
    let runtime = tokio::runtime::Handle::current();
    let mut told = |name: &str| {
        if name == "samples/index.sqlite" {
            tokio::task::block_in_place(|| runtime.block_on(send(&bench, &mut agent, 1..5)));
            settle(&bench.collector);
            bench.collector.samples().flush().unwrap();
        }
    };
    backup(bench.folder.path(), &copy, START, &mut told).unwrap();
    assert!(copy.join("samples/2026-05.sqlite").is_file());
    restored(&copy, &data, false).unwrap();
    done(&["store", "check", "--data", path(&data)]);
    let (_folder, all) = closed(bench);
    assert_eq!(all.len(), 4);
    assert_eq!(stored(&open(&data, &clock())), all);
}
