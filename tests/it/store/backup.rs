//! Backup while agents send, and restore.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use desserte::collector::Collector;

use super::upkeep::{clock, closed, done, measured, path, refused, send};
use crate::ingest::{Bench, agent::FakeAgent, open, stored};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_agents_send_has_everything_acknowledged_before() {
    let (bench, mut agent) = measured().await;
    let home = tempfile::tempdir().unwrap();
    let (zip, folder) = (home.path().join("copy.zip"), home.path().join("copy"));
    let data = bench.folder.path().to_owned();
    let before = stored(&bench.collector);
    bench.collector.samples().flush().unwrap();
    let going = Arc::new(AtomicBool::new(true));
    // The collector takes batches and seals as fast as it can while both copies are made.
    let copies = {
        let (data, zip, folder, going) = (
            data.clone(),
            zip.clone(),
            folder.clone(),
            Arc::clone(&going),
        );
        tokio::task::spawn_blocking(move || {
            done(&["backup", "--data", path(&data), "--output", path(&zip)]);
            done(&["backup", "--data", path(&data), "--output", path(&folder)]);
            going.store(false, Ordering::Release);
        })
    };
    let mut minute = 40;
    while going.load(Ordering::Acquire) && minute < 220 {
        send(&bench, &mut agent, minute..minute + 1).await;
        if minute.is_multiple_of(3) {
            bench.collector.samples().flush().unwrap();
        }
        minute += 1;
    }
    copies.await.unwrap();
    let all = stored(&bench.collector);
    assert!(all.len() > before.len(), "nothing was sent meanwhile");
    for (number, backup) in [&zip, &folder].into_iter().enumerate() {
        let restored = home.path().join(format!("restored-{number}"));
        done(&["restore", path(backup), "--data", path(&restored)]);
        done(&["store", "check", "--data", path(&restored)]);
        let collector = open(&restored, &bench.clock);
        let rows = stored(&collector);
        assert!(
            before.iter().all(|row| rows.contains(row)),
            "lost in {}",
            backup.display()
        );
        assert!(
            rows.iter().all(|row| all.contains(row)),
            "surplus in {}",
            backup.display()
        );
        let key = |collector: &Collector| collector.identity().public_key();
        assert_eq!(key(&collector), key(&bench.collector));
        // The agent sends again what this folder has not seen.
        let mut again = FakeAgent {
            previous: [0; 32],
            exchanges: agent.exchanges.clone(),
            gateway: agent.gateway.clone(),
            key: agent.key.clone(),
            ..FakeAgent::new().named(agent.id)
        };
        let raised = Bench {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::clone(&bench.clock),
            collector,
        };
        bench.clock.advance(Duration::from_mins(5));
        send(&raised, &mut again, 1..minute).await;
        assert_eq!(stored(&raised.collector), all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_backup_is_refused_unless_told_and_what_was_there_is_kept() {
    let (bench, mut agent) = measured().await;
    let home = tempfile::tempdir().unwrap();
    let backup = home.path().join("old.zip");
    let data = bench.folder.path().to_owned();
    done(&["backup", "--data", path(&data), "--output", path(&backup)]);
    let said = refused(
        2,
        &["backup", "--data", path(&data), "--output", path(&backup)],
    );
    assert!(said.contains("is there already"), "{said}");
    let then = stored(&bench.collector);
    send(&bench, &mut agent, 40..45).await;
    let said = refused(2, &["restore", path(&backup), "--data", path(&data)]);
    assert!(said.contains("serves"), "{said}");
    let (folder, now) = closed(bench);
    let said = refused(2, &["restore", path(&backup), "--data", path(&data)]);
    assert!(
        said.contains("position 44") && said.contains("--accept-older"),
        "{said}"
    );
    assert_eq!(
        stored(&open(&data, &clock())),
        now,
        "a refusal touches nothing"
    );
    done(&[
        "restore",
        path(&backup),
        "--data",
        path(&data),
        "--accept-older",
    ]);
    assert_eq!(stored(&open(&data, &clock())), then);
    let aside: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("replaced-")
        })
        .collect();
    assert_eq!(
        stored(&open(&aside[0], &clock())),
        now,
        "what was there is kept"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_invented_backup_is_refused_and_touches_nothing() {
    let (bench, _agent) = measured().await;
    let home = tempfile::tempdir().unwrap();
    let backup = home.path().join("copy");
    let data = bench.folder.path().to_owned();
    done(&["backup", "--data", path(&data), "--output", path(&backup)]);
    let restored = home.path().join("restored");
    let restore = || refused(2, &["restore", path(&backup), "--data", path(&restored)]);
    let journal = fs::read(backup.join("journal.sqlite")).unwrap();
    let mut other = journal.clone();
    other[5_000] ^= 1;
    fs::write(backup.join("journal.sqlite"), &other).unwrap();
    assert!(restore().contains("journal.sqlite: it is not what was backed up"));
    fs::write(backup.join("journal.sqlite"), &journal[..9_000]).unwrap();
    assert!(restore().contains("journal.sqlite"));
    fs::write(backup.join("journal.sqlite"), &journal).unwrap();
    let manifest = fs::read_to_string(backup.join("backup.json")).unwrap();
    let say = |text: String| fs::write(backup.join("backup.json"), text).unwrap();
    say(manifest.replace("\"line.key\"", "\"../line.key\""));
    assert!(restore().contains("no path within a folder"));
    say(manifest.replace("\"form\": 1", "\"form\": 9, \"later\": 1"));
    let said = restore();
    assert!(
        said.contains("form 9") && said.contains("use the version"),
        "{said}"
    );
    say(manifest);
    assert!(!restored.join("journal.sqlite").exists());
    done(&["restore", path(&backup), "--data", path(&restored)]);
}
