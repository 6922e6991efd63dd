//! Exactly once, whatever is sent again and whoever dies in between.

use std::{path::Path, sync::Arc};

use desserte_probe::report::{Content, Entry, Summary, SummaryRun};

use super::{
    Bench, START,
    agent::{BOOTTIME_AT_START, FakeAgent, Sealed},
    open, stored,
};

fn ten_batches(agent: &mut FakeAgent) -> Vec<Sealed> {
    (0..10)
        .map(|n| {
            let entries = FakeAgent::minutes(n * 5 + 1, n * 5 + 5, (9 - n) * 300_000);
            agent.seal(entries)
        })
        .collect()
}

#[tokio::test]
async fn every_batch_three_times_in_any_order_is_there_once() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let batches = ten_batches(&mut agent);
    let mut order: Vec<usize> = (0..30).map(|n| n * 7 % 10).collect();
    order.reverse();
    let mut positions = [None; 10];
    for n in order {
        let receipt = bench.send(&batches[n]).await.unwrap();
        match positions[n] {
            None => {
                assert!(!receipt.duplicate);
                positions[n] = Some(receipt.journal_position);
            }
            Some(position) => {
                assert!(receipt.duplicate);
                assert_eq!(receipt.journal_position, position);
            }
        }
    }
    let rows = bench.stored();
    assert_eq!(rows.len(), 50);
    let mut sequences: Vec<u64> = rows.iter().map(|row| row.4).collect();
    sequences.dedup();
    assert_eq!(sequences, (1..=50).collect::<Vec<u64>>());
    let counters = bench.collector.counters();
    assert_eq!(
        (counters.accepted, counters.duplicates, counters.samples),
        (10, 20, 50)
    );
}

#[tokio::test]
async fn many_at_once_are_each_there_once_at_positions_without_gaps() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let batches = ten_batches(&mut agent);
    let mut tasks = tokio::task::JoinSet::new();
    let bench = Arc::new(bench);
    for n in 0..30_usize {
        let (bench, batch) = (Arc::clone(&bench), batches[n % 10].clone());
        tasks.spawn(async move { bench.send(&batch).await.unwrap().journal_position });
    }
    let mut positions = tasks.join_all().await;
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions, (1..=10).collect::<Vec<u64>>());
    assert_eq!(bench.stored().len(), 50);
}

#[tokio::test]
async fn entries_that_come_again_in_another_batch_are_kept_once() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let minutes = FakeAgent::minutes(1, 6, 0);
    let first = agent.seal(minutes[..4].to_vec());
    bench.send(&first).await.unwrap();
    // Another exchange makes another map: the entries keep the time of their first batch.
    agent.exchanges.push(super::agent::exchange(
        BOOTTIME_AT_START - 60_000,
        START - 59_000,
    ));
    let second = agent.seal(minutes[2..].to_vec());
    bench.send(&second).await.unwrap();
    let sequences: Vec<u64> = bench.stored().iter().map(|row| row.4).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_summary_is_spelt_out_and_never_doubles_what_it_replaces() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let minutes = FakeAgent::minutes(1, 10, 0);
    bench
        .send(&agent.seal(minutes[..3].to_vec()))
        .await
        .unwrap();
    let run = SummaryRun {
        target: 0,
        line: Some(0),
        first_start_boottime_ms: BOOTTIME_AT_START - 9 * 60_000,
        interval_ms: 60_000,
        slots: 10,
        sent_per_slot: 5,
        rtt_us_min: 800,
        rtt_us_median: 1_000,
        rtt_us_max: 1_300,
    };
    let summary = Entry {
        sequence: 11,
        written_boottime_ms: BOOTTIME_AT_START,
        content: Content::Summary(Summary {
            replaces_first: 1,
            replaces_last: 10,
            runs: vec![run],
        }),
    };
    bench.send(&agent.seal(vec![summary])).await.unwrap();
    let rows = bench.stored();
    let times: Vec<i64> = rows.iter().map(|row| row.3).collect();
    let expected: Vec<i64> = (0..10).map(|n| START - (9 - n) * 60_000).collect();
    assert_eq!(times, expected);
    assert_eq!(rows.iter().filter(|row| row.4 == 11).count(), 7);
    assert_eq!(bench.collector.counters().samples, 13);
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.path().is_dir() {
            let within = to.join(file.file_name());
            std::fs::create_dir(&within).unwrap();
            copy(&file.path(), &within);
            continue;
        }
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn what_was_receipted_is_there_after_a_death_without_a_close() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let batches = ten_batches(&mut agent);
    for batch in &batches[..6] {
        bench.send(batch).await.unwrap();
    }
    let before = bench.stored();
    // The files as a killed process leaves them: nothing closed, nothing checkpointed.
    let grave = tempfile::tempdir().unwrap();
    copy(bench.folder.path(), grave.path());
    let raised = open(grave.path(), &bench.clock);
    assert_eq!(stored(&raised), before);
    assert_eq!(
        raised.identity().public_key(),
        bench.collector.identity().public_key()
    );
    let raised = Bench {
        folder: grave,
        clock: Arc::clone(&bench.clock),
        collector: raised,
    };
    for batch in &batches {
        raised.send(batch).await.unwrap();
    }
    assert_eq!(raised.stored().len(), 50);
    assert_eq!(raised.collector.counters().duplicates, 6);
    let activity = raised.collector.activity(agent.id);
    assert_eq!(activity.software.as_deref(), Some("fake 1"));
}

#[tokio::test]
async fn a_lost_sample_store_is_filled_again_from_the_journal() {
    let Bench {
        folder,
        clock,
        collector,
    } = {
        let bench = Bench::new();
        let mut agent = bench.enrol("mairie-owando");
        agent.exchanges.clear();
        bench
            .send(&agent.seal(FakeAgent::minutes(1, 3, 600_000)))
            .await
            .unwrap();
        agent.exchanges = vec![super::agent::exchange(BOOTTIME_AT_START, START)];
        for n in 0..70 {
            let batch = agent.seal(FakeAgent::minutes(n + 4, n + 4, 60_000));
            bench.send(&batch).await.unwrap();
        }
        bench
    };
    let before = stored(&collector);
    assert_eq!(before.len(), 73);
    drop(collector);
    std::fs::remove_dir_all(folder.path().join("samples")).unwrap();
    // What an earlier version left is no obstacle.
    std::fs::write(folder.path().join("samples.sqlite"), "rows").unwrap();
    let collector = open(folder.path(), &clock);
    assert_eq!(stored(&collector), before);
    assert!(!folder.path().join("samples.sqlite").exists());
}

#[tokio::test]
async fn a_journal_put_back_from_an_older_copy_is_noticed() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    bench
        .send(&agent.seal(FakeAgent::minutes(1, 3, 60_000)))
        .await
        .unwrap();
    bench.settle();
    let Bench {
        folder,
        clock,
        collector,
    } = bench;
    drop(collector);
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let clock = Arc::clone(&clock) as Arc<_>;
    let refused = desserte::collector::Collector::open(folder.path(), clock).unwrap_err();
    assert!(refused.to_string().contains("older copy"), "{refused}");
}

#[tokio::test]
async fn one_process_serves_a_folder() {
    let bench = Bench::new();
    let second = desserte::collector::Collector::open(
        bench.folder.path(),
        Arc::clone(&bench.clock) as Arc<_>,
    );
    let error = second.unwrap_err().to_string();
    assert!(error.contains("served by another process"), "{error}");
}
