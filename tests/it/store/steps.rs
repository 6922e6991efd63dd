//! Steps that an engine sums up itself are those that the domain makes of the samples.

use std::{collections::BTreeSet, sync::Arc};

use desserte::{
    assess::{
        SiteSamples, SiteTest, TargetSamples,
        history::{HistoryRequest, Step},
    },
    store::{
        samples::{SampleRow, SampleStore, SeriesFilter, SeriesKey},
        steps::{Steps, StepsAsked},
    },
};
use desserte_probe::{
    report::{Family, Kind},
    wire::id::AgentId,
};
use proptest::prelude::*;

use super::contract::{filling, key, row};
use super::engines::every_store;

const SITE: &str = "mairie-owando";
/// A Monday; steps of a week begin on Thursdays.
const BEGIN_MS: i64 = 1_780_272_000_000;

/// What the domain makes of what is read.
fn rows(store: &dyn SampleStore, asked: &StepsAsked<'_>) -> Vec<Step> {
    let mut observations = Vec::new();
    let filter = SeriesFilter {
        site: Some(asked.site),
        target: Some(asked.target),
    };
    for series in store.series(filter).unwrap() {
        let block = store.scan(series.id, asked.span.0, asked.span.1).unwrap();
        observations.append(&mut block.observations(None));
    }
    observations.sort_by_key(|one| (one.start_unix_ms, one.sequence));
    let samples = SiteSamples {
        targets: vec![TargetSamples {
            id: asked.target.to_owned(),
            kind: Kind::Icmp,
            anchor: None,
            first_unix_ms: None,
            observations,
            lost_by: vec![],
        }],
        ..SiteSamples::default()
    };
    let request = HistoryRequest {
        test: &SiteTest::default(),
        target: Some(asked.target),
        from_unix_ms: asked.span.0,
        to_unix_ms: asked.span.1,
        step_seconds: u32::try_from(asked.step_ms / 1_000).unwrap(),
    };
    request.rows(&samples, &[]).steps
}

fn check(store: &dyn SampleStore, asked: StepsAsked<'_>) {
    let Some(found) = store.steps(&asked).unwrap() else {
        assert!(!store.caps().may_be_away, "a server sums up itself");
        return;
    };
    let rows_of = |target| rows(store, &StepsAsked { target, ..asked });
    let mut steps = 0;
    for row in rows_of(asked.target) {
        let sums = found.sums.get(&row.start_unix_ms).copied();
        steps += usize::from(sums.is_some());
        let sums = sums.unwrap_or_default();
        let counts = (sums.sent > 0).then_some((sums.sent, sums.received));
        assert_eq!(
            (counts, sums.rtt_us_min, sums.rtt_us_median, sums.rtt_us_p95),
            (
                row.counts,
                row.rtt_us_min,
                row.rtt_us_median,
                row.rtt_us_p95
            ),
            "{asked:?} at {}",
            row.start_unix_ms
        );
    }
    assert_eq!(steps, found.sums.len(), "no step lies elsewhere");
    for target in ["a", "b"] {
        let sent = rows_of(target)
            .into_iter()
            .filter(|row| row.counts.is_some());
        let sent: BTreeSet<i64> = sent.map(|row| row.start_unix_ms).collect();
        let measured = found.measured.get(target).cloned().unwrap_or_default();
        assert_eq!(measured, sent, "{target} of {asked:?}");
    }
}

/// Three series of one target, one of another, and one of another site.
fn series() -> [Arc<SeriesKey>; 5] {
    let of = |change: &dyn Fn(&mut SeriesKey)| {
        let mut made = (*key("a")).clone();
        change(&mut made);
        Arc::new(made)
    };
    [
        key("a"),
        of(&|one| {
            one.line = Some("gateway-00-ipv6".into());
            one.family = Some(Family::Ipv6);
        }),
        of(&|one| {
            one.agent = AgentId([2; 16]);
            (one.line, one.family) = (None, None);
        }),
        key("b"),
        of(&|one| one.site = "mairie-dolisie".into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Over several lines and agents, with samples that lost everything, sent nothing or have no times,
    /// from a start within a step, and with steps in which there is nothing.
    #[test]
    fn steps_that_an_engine_sums_up_are_those_of_its_samples(
        samples in proptest::collection::vec(
            (0..5_usize, 0..20_000_i64, 0..=5_u16, 0..=5_u16, proptest::option::of(1..9_000_u32)),
            0..150,
        ),
        cut_ms in 0..900_000_i64,
        days in 1..14_i64,
        step_seconds in prop::sample::select(vec![60_i64, 420, 3_701, 86_400, 604_800]),
    ) {
        let keys = series();
        every_store(|store| {
            let rows = samples.iter().zip(1..).map(|((of, minute, sent, lost, median), sequence)| {
                let received = sent.saturating_sub(*lost);
                let median = median.filter(|_| received > 0);
                SampleRow {
                    series: Arc::clone(&keys[*of]),
                    sent: *sent,
                    received,
                    rtt_us_min: median.map(|median| median / 2),
                    rtt_us_median: median,
                    rtt_us_max: median,
                    ..row("a", BEGIN_MS + minute * 60_000 + 123, sequence)
                }
            });
            store.put(&filling(1, rows.collect())).unwrap();
            let from = BEGIN_MS + cut_ms;
            for target in ["a", "b", "c"] {
                check(store, StepsAsked {
                    site: SITE,
                    target,
                    span: (from, from + days * 86_400_000),
                    step_ms: step_seconds * 1_000,
                });
            }
        });
    }
}

#[test]
fn ranks_are_the_nearest_whatever_the_number_of_samples() {
    every_store(|store| {
        // A minute with one sample, one with two, and so on up to 45.
        let rows = (1..=45).flat_map(|count: u32| {
            (0..count).map(move |number| SampleRow {
                rtt_us_median: Some(1_000 + (number * 7) % count),
                ..row(
                    "a",
                    BEGIN_MS + i64::from(count) * 60_000 + i64::from(number),
                    u64::from(number),
                )
            })
        });
        store.put(&filling(1, rows.collect())).unwrap();
        check(
            store,
            StepsAsked {
                site: SITE,
                target: "a",
                span: (BEGIN_MS, BEGIN_MS + 3_600_000),
                step_ms: 60_000,
            },
        );
        let nothing = StepsAsked {
            site: SITE,
            target: "a",
            span: (5, 5),
            step_ms: 60_000,
        };
        let found = store.steps(&nothing).unwrap();
        assert!(found.is_none_or(|steps| steps == Steps::default()));
    });
}
