//! A bucket that was emptied after evidence was let go: measuring goes on, and what is missing is said.

use std::time::Duration;

use desserte::collector::Collector;

use super::{
    influx::reopened,
    refused::start,
    upkeep::{measured, send},
};
use crate::ingest::settle;

/// Waits for word of what keeps the samples from being all.
fn gap(collector: &Collector) -> String {
    for _ in 0..400 {
        match collector.trouble() {
            Some(text) if text.contains("evidence_months") => return text,
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    panic!(
        "nobody says that samples are missing: {:?}",
        collector.trouble()
    );
}

#[test]
fn what_an_emptied_bucket_can_never_have_again_is_said() {
    // The server's runtime is its own, and may not end within another one.
    let running = start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (bench, mut agent) = runtime.block_on(measured());
    let bench = reopened(bench, &running.server);
    settle(&bench.collector);
    bench
        .collector
        .journal()
        .let_go((i64::MAX, i64::MAX), 10)
        .unwrap();
    assert_eq!(bench.collector.trouble(), None);
    // It is away for a moment, and empty when it is back.
    *running.stub.answer.lock().unwrap() = Some(Box::new(|_, _| 503));
    runtime.block_on(send(&bench, &mut agent, 40..42));
    std::thread::sleep(Duration::from_millis(500));
    *running.stub.answer.lock().unwrap() = None;
    let said = gap(&bench.collector);
    assert!(said.contains("from position 0 on"), "{said}");
    settle(&bench.collector);
    // What is measured now is taken all the same, and a start does not make it whole.
    runtime.block_on(send(&bench, &mut agent, 42..44));
    settle(&bench.collector);
    gap(&bench.collector);
    let again = reopened(bench, &running.server);
    gap(&again.collector);
    settle(&again.collector);
}
