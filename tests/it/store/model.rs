//! A store is a sorted map that keeps the first: any rows, in any groups, over every engine.

use std::collections::BTreeMap;

use proptest::prelude::*;

use desserte::store::samples::{SampleRow, SeriesFilter};

use super::contract::{filling, row};
use super::engines::every_store;

const STEP_MS: i64 = 7 * 3_600_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is put, in whatever groups and however often: each (series, time, sequence) is
    /// there once, as it was first put, and every window is what a sorted map would give. The
    /// times lie seven hours apart, over the end of a year.
    #[test]
    fn a_store_is_a_sorted_map_that_keeps_the_first(
        groups in proptest::collection::vec(
            proptest::collection::vec((0..3_usize, -50..50_i64, 0..6_u64, 0..=5_u16), 0..20),
            1..8,
        ),
        window in (-60..60_i64, -60..60_i64),
    ) {
        let names = ["a", "b", "c"];
        every_store(|store| {
            let mut model: BTreeMap<(usize, i64, u64), u16> = BTreeMap::new();
            for (position, group) in (1..).zip(&groups) {
                let first_stays = store.caps().first_stays;
                let rows = group.iter().map(|(series, time, sequence, received)| {
                    // Where the last stays, nothing else comes to one place.
                    let same = u16::try_from((*time + 50) % 5).unwrap();
                    let received = if first_stays { *received } else { same };
                    let time = *time * STEP_MS;
                    model.entry((*series, time, *sequence)).or_insert(received);
                    SampleRow { received, ..row(names[*series], time, *sequence) }
                });
                store.put(&filling(position, rows.collect())).unwrap();
            }
            for series in store.series(SeriesFilter::default()).unwrap() {
                let number = names.iter().position(|name| *name == series.key.target).unwrap();
                let window = (window.0 * STEP_MS, window.1 * STEP_MS);
                let block = store.scan(series.id, window.0, window.1).unwrap();
                let found: Vec<(i64, u64, u16)> = (0..block.len())
                    .map(|n| (block.time_unix_ms[n], block.sequence[n], block.received[n]))
                    .collect();
                let expected: Vec<(i64, u64, u16)> = model
                    .iter()
                    .filter(|((series, time, _), _)| {
                        *series == number && window.0 <= *time && *time < window.1
                    })
                    .map(|((_, time, sequence), received)| (*time, *sequence, *received))
                    .collect();
                assert_eq!(found, expected);
                let newest = model.iter().rev().find(|((series, _, _), _)| *series == number);
                let latest = store.latest(series.id).unwrap();
                assert_eq!(
                    latest.map(|row| (row.time_unix_ms, row.sequence, row.received)),
                    newest.map(|((_, time, sequence), received)| (*time, *sequence, *received))
                );
            }
        });
    }
}
