//! Time: what was measured is placed by exchanges and by nothing else.

use desserte::ingest::Refusal;
use desserte_probe::wire::{id::BootId, receipt::Chain};

use super::{
    Bench, START,
    agent::{FakeAgent, exchange},
};

#[tokio::test]
async fn boot_time_becomes_the_collectors_time() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let mut events = bench.collector.events();
    let batch = agent.seal(FakeAgent::minutes(1, 2, 120_000));
    let receipt = bench.send(&batch).await.unwrap();
    receipt
        .verify(&bench.collector.identity().public_key())
        .unwrap();
    assert_eq!((receipt.journal_position, receipt.duplicate), (1, false));
    assert_eq!((receipt.sequence_first, receipt.sequence_last), (1, 2));
    assert_eq!(receipt.chain, Chain::Linked);
    assert_eq!(receipt.accepted_unix_ms, START);
    let times: Vec<i64> = bench.stored().iter().map(|row| row.3).collect();
    assert_eq!(times, [START - 180_000, START - 120_000]);
    let event = events.recv().await.unwrap();
    assert_eq!(
        (event.site.as_str(), event.agent),
        ("mairie-owando", agent.id)
    );
    assert_eq!(
        (event.from_unix_ms, event.to_unix_ms),
        (START - 180_000, START - 120_000)
    );
    let seen = bench
        .collector
        .samples()
        .evidence("mairie-owando", START - 180_000, START)
        .unwrap();
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_wrong_wall_clock_moves_nothing() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    for (sequence, wall) in [(1, 0), (2, START + 3_600_000), (3, START - 7 * 86_400_000)] {
        let mut report = agent.report(vec![FakeAgent::minute(
            sequence,
            300_000 - sequence * 60_000,
        )]);
        report.sealed_wall_unix_ms = Some(wall);
        let sealed = agent.seal_report(&report);
        agent.previous = sealed.0.batch_hash(&sealed.1);
        bench.send(&sealed).await.unwrap();
    }
    let times: Vec<i64> = bench.stored().iter().map(|row| row.3).collect();
    assert_eq!(times, [START - 240_000, START - 180_000, START - 120_000]);
}

#[tokio::test]
async fn without_an_exchange_samples_wait_and_are_placed_when_one_comes() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    agent.exchanges.clear();
    let first = agent.seal(FakeAgent::minutes(1, 3, 180_000));
    assert_eq!(bench.send(&first).await.unwrap().journal_position, 1);
    bench.settle();
    assert_eq!(bench.stored(), []);
    let waiting = bench.collector.journal().waiting().unwrap();
    assert_eq!((waiting.batches, waiting.samples), (1, 3));
    // The exchange of another boot helps nothing.
    let boot = std::mem::replace(&mut agent.boot, BootId([8; 16]));
    agent.exchanges = vec![exchange(
        super::agent::BOOTTIME_AT_START,
        START - 86_400_000,
    )];
    let other = agent.seal(FakeAgent::minutes(4, 4, 0));
    bench.send(&other).await.unwrap();
    assert_eq!(bench.stored().len(), 1);
    agent.boot = boot;
    agent.exchanges = vec![exchange(super::agent::BOOTTIME_AT_START, START)];
    let second = agent.seal(FakeAgent::minutes(5, 5, 0));
    bench.send(&second).await.unwrap();
    let stored = bench.stored();
    let times: Vec<(i64, u64)> = stored.iter().map(|row| (row.3, row.4)).collect();
    assert_eq!(
        times,
        [
            (START - 86_400_000, 4),
            (START - 300_000, 1),
            (START - 240_000, 2),
            (START - 180_000, 3),
            (START, 5)
        ]
    );
    assert_eq!(bench.collector.journal().waiting().unwrap().batches, 0);
    // Sent again, it keeps its map: nothing is there twice.
    assert!(bench.send(&first).await.unwrap().duplicate);
    assert_eq!(bench.stored(), stored);
}

#[tokio::test]
async fn what_was_measured_in_the_future_is_refused() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    agent.exchanges = vec![exchange(super::agent::BOOTTIME_AT_START, START + 61_000)];
    let batch = agent.seal(FakeAgent::minutes(1, 1, 0));
    let refused = bench.send(&batch).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (422, "future_dated"));
    assert_eq!(bench.collector.journal().last_position(), 0);
    // Nothing of it was kept: the same entry is taken when its time is right.
    agent.exchanges = vec![exchange(super::agent::BOOTTIME_AT_START, START)];
    agent.previous = [0; 32];
    let batch = agent.seal(FakeAgent::minutes(1, 1, 0));
    bench.send(&batch).await.unwrap();
    assert_eq!(bench.stored()[0].3, START);
}

#[tokio::test]
async fn two_boots_in_the_same_interval_are_two_machines() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    bench
        .send(&agent.seal(FakeAgent::minutes(1, 10, 0)))
        .await
        .unwrap();
    agent.boot = BootId([8; 16]);
    let clone = agent.seal(FakeAgent::minutes(11, 15, 120_000));
    let refused = bench.send(&clone).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (403, "quarantined"));
    let record = bench.collector.registry().agent(agent.id).unwrap().unwrap();
    assert!(record.quarantine.unwrap().1.contains("same interval"));
    agent.boot = BootId([7; 16]);
    let next = agent.seal(FakeAgent::minutes(16, 16, 0));
    let refused = bench.send(&next).await.unwrap_err();
    assert!(matches!(refused, Refusal::Quarantined { .. }), "{refused}");
    assert_eq!(bench.stored().len(), 10);
    let registry = bench.collector.registry();
    registry
        .end_quarantine(agent.id, super::decision("looked at it"))
        .unwrap();
    bench.send(&next).await.unwrap();
}

#[tokio::test]
async fn the_backlog_of_an_earlier_boot_is_no_second_machine() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let boottime = super::agent::BOOTTIME_AT_START;
    let backlog = agent.seal(FakeAgent::minutes(1, 10, 0));
    agent.boot = BootId([8; 16]);
    agent.exchanges = vec![exchange(boottime, START + 20 * 60_000)];
    let fresh = agent.seal(FakeAgent::minutes(11, 20, 0));
    bench.clock.advance(std::time::Duration::from_mins(20));
    let receipt = bench.send(&fresh).await.unwrap();
    assert_eq!(receipt.chain, Chain::Open);
    bench.send(&backlog).await.unwrap();
    assert_eq!(bench.send(&fresh).await.unwrap().chain, Chain::Linked);
    assert_eq!(bench.stored().len(), 20);
}
