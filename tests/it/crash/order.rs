//! Any order, any repetition, a death at any step: the same rows.

use std::sync::Arc;

use desserte_probe::clock::ManualClock;
use proptest::prelude::*;

use super::{Rounds, START, copy, request};
use crate::ingest::{open, settle, stored};

/// What happens between two batches.
#[derive(Debug, Clone, Copy)]
enum Step {
    Send(usize, usize),
    Seal,
    /// The files as they lie there at this moment are all that is left.
    Die,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..2_usize, 0..12_usize).prop_map(|(agent, place)| Step::Send(agent, place)),
        3 => Just(Step::Seal),
        2 => Just(Step::Die),
        1 => Just(Step::Close),
    ]
}

#[test]
fn whatever_the_order_and_whenever_it_dies_the_rows_are_the_same() {
    let rounds = Rounds::new(5);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let everything = || (0..2).flat_map(|agent| (0..12).map(move |place| (agent, place)));
    let rows_after = |steps: &[Step]| {
        let home = tempfile::tempdir().unwrap();
        let mut data = home.path().join("0");
        copy(&rounds.template, &data);
        let clock = Arc::new(ManualClock::new(START, 5_000));
        let mut collector = open(&data, &clock);
        for (number, step) in steps.iter().enumerate() {
            clock.advance(std::time::Duration::from_secs(1));
            match step {
                Step::Send(agent, place) => {
                    let batch = request(&rounds.batches[*agent][*place]);
                    runtime.block_on(collector.accept(batch)).unwrap();
                }
                Step::Seal => {
                    settle(&collector);
                    collector.samples().flush().unwrap();
                }
                Step::Die => {
                    let grave = home.path().join((number + 1).to_string());
                    copy(&data, &grave);
                    data = grave;
                    collector = open(&data, &clock);
                }
                Step::Close => {
                    drop(collector);
                    collector = open(&data, &clock);
                }
            }
        }
        for (agent, place) in everything() {
            clock.advance(std::time::Duration::from_secs(1));
            let batch = request(&rounds.batches[agent][place]);
            runtime.block_on(collector.accept(batch)).unwrap();
        }
        stored(&collector)
    };
    let expected = rows_after(&[]);
    assert_eq!(expected.len(), 2 * 12 * super::SAMPLES);
    let config = ProptestConfig::with_cases(if super::long() { 200 } else { 10 });
    proptest!(config, |(steps in proptest::collection::vec(step(), 1..24))| {
        prop_assert_eq!(&rows_after(&steps), &expected);
    });
}
