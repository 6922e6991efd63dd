use proptest::prelude::*;

use super::{super::validate::tests::report, *};
use crate::report::{Detail, Hop, Neighbour, Outcome, SAMPLES_MAX, Sample, SummaryRun};

fn samples() -> impl Strategy<Value = Sample> {
    let times = proptest::collection::vec(any::<u32>(), 3);
    (
        0..2_u16,
        any::<bool>(),
        0..1_u64 << 40,
        0..6_u16,
        0..6_u16,
        times,
        any::<(u32, u8)>(),
    )
        .prop_map(
            |(target, line, start, a, b, mut times, (difference, choice))| {
                let (sent, received) = (a.max(b), a.min(b));
                times.sort_unstable();
                let time = |index: usize| (received > 0).then(|| times[index]);
                let ok = sent > 0 && sent == received;
                Sample {
                    target,
                    line: line.then_some(0),
                    start_boottime_ms: start,
                    outcome: if ok { Outcome::Ok } else { Outcome::Timeout },
                    sent,
                    received,
                    rtt_us_min: time(0),
                    rtt_us_median: time(1),
                    rtt_us_max: time(2),
                    rtt_us_mean_successive_difference: (received >= 2 && choice & 1 == 1)
                        .then_some(difference),
                    coarse: choice & 2 == 2,
                    detail: match choice >> 6 {
                        0 => None,
                        1 => Some(Detail::Dns {
                            answers: 3,
                            ttl_seconds: Some(difference),
                        }),
                        2 => Some(Detail::Path {
                            hops: vec![
                                None,
                                Some(Hop {
                                    address: "0f".repeat(16),
                                    rtt_us: 4,
                                }),
                            ],
                        }),
                        _ => Some(Detail::Http {
                            dns_us: None,
                            connect_us: Some(difference),
                            tls_us: Some(2),
                            first_byte_us: Some(3),
                            total_us: time(1),
                            status: Some(503),
                            leaf_expires_unix_s: Some(-5),
                            chain_expires_unix_s: None,
                            certificate_valid: Some(false),
                        }),
                    },
                }
            },
        )
}

fn contents() -> impl Strategy<Value = Content> {
    let minute = (proptest::collection::vec(samples(), 0..5), 0..4_u64).prop_map(|(samples, n)| {
        let fact = |i| match i % 2 {
            0 => Fact::Line {
                line: 0,
                carrier: Some(true),
                associated: None,
                route: Some(true),
                gateway: Neighbour::Reachable,
            },
            _ => Fact::ClockStep {
                milliseconds: -(1 << 40),
            },
        };
        let evidence = (0..n)
            .map(|i| Evidence {
                boottime_ms: i * 7_777,
                fact: fact(i),
            })
            .collect();
        Content::Minute(Minute { samples, evidence })
    });
    let summary = (1..9_u32).prop_map(|slots| {
        Content::Summary(Summary {
            replaces_first: 0,
            replaces_last: 0,
            runs: vec![SummaryRun {
                target: 1,
                line: None,
                first_start_boottime_ms: 5,
                interval_ms: 60_000,
                slots,
                sent_per_slot: 5,
                rtt_us_min: 1,
                rtt_us_median: 2,
                rtt_us_max: 3,
            }],
        })
    });
    prop_oneof![4 => minute, 1 => summary]
}

fn reports() -> impl Strategy<Value = Report> {
    let entry = (1..1_000_u64, 0..1_u64 << 40, contents());
    proptest::collection::vec(entry, 1..8).prop_map(|list| {
        let mut made = report();
        made.targets.push(ReportedTarget {
            slot_seconds: 7,
            ..made.targets[0].clone()
        });
        let mut sequence = 0;
        made.entries = list
            .into_iter()
            .map(|(step, written_boottime_ms, content)| {
                sequence += step;
                Entry {
                    sequence,
                    written_boottime_ms,
                    content,
                }
            })
            .collect();
        made
    })
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(report in reports()) {
        let body = encode(&report).unwrap();
        prop_assert_eq!(decode(&body).unwrap(), report);
    }

    #[test]
    fn json_says_the_same(report in reports()) {
        let text = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(decode(&bytes).is_err());
        if let Ok(columns) = postcard::from_bytes::<Columns>(&bytes) {
            let _ = from_columns(columns);
        }
    }

    /// Damage behind the decompressor: a hostile sender compresses what he likes.
    #[test]
    fn flipped_bits_never_panic(report in reports(), at in any::<usize>(), bit in 0..8_u8) {
        let mut plain = postcard::to_stdvec(&to_columns(&report)).unwrap();
        let at = at % plain.len();
        plain[at] ^= 1 << bit;
        let body = zstd::bulk::compress(&plain, 1).unwrap();
        if let Ok(changed) = decode(&body) {
            let _ = validate(&changed);
        }
        let mut body = encode(&report).unwrap();
        let at = at % body.len();
        body[at] ^= 1 << bit;
        let _ = decode(&body);
    }
}

#[test]
fn bombs_and_second_frames_are_refused_early() {
    let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 3).unwrap();
    assert!(bomb.len() < BODY_BYTES_MAX);
    assert!(matches!(
        decode(&bomb),
        Err(ColumnsError::DecodedTooLarge { .. })
    ));
    let mut twice = encode(&report()).unwrap();
    twice.extend_from_slice(&twice.clone());
    assert!(matches!(decode(&twice), Err(ColumnsError::Shape(_))));
    let mut skippable = vec![0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    skippable.extend(encode(&report()).unwrap());
    assert!(decode(&skippable).is_err());
    assert!(decode(&vec![0; BODY_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_list_beyond_its_limit_is_refused_before_it_takes_memory() {
    let mut columns = to_columns(&report());
    columns.samples.detail = vec![None; SAMPLES_MAX + 1];
    let plain = postcard::to_stdvec(&columns).unwrap();
    let body = zstd::bulk::compress(&plain, 1).unwrap();
    assert!(matches!(decode(&body), Err(ColumnsError::Columns(_))));
}

/// 15 minutes of five targets over a line with milliseconds of jitter.
#[test]
fn bytes_per_sample() {
    let mut made = report();
    made.targets = (0..5)
        .map(|i| ReportedTarget {
            id: format!("anchor-{i}"),
            ..made.targets[0].clone()
        })
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    made.entries = (0..15)
        .map(|minute| {
            let written = 3_600_000 + minute * 60_000 + random(4);
            let samples = (0..5_u16)
                .map(|target| {
                    let base = 9_000 + u64::from(target) * 17_000 + random(400);
                    let median = base + 200 + random(900);
                    let rtt = |us: u64| Some(u32::try_from(us).unwrap());
                    Sample {
                        target,
                        start_boottime_ms: written - 40_000 + u64::from(target) * 2_000 + random(3),
                        rtt_us_min: rtt(base),
                        rtt_us_median: rtt(median),
                        rtt_us_max: rtt(median + random(6_000)),
                        rtt_us_mean_successive_difference: rtt(300 + random(1_500)),
                        ..crate::report::validate::tests::sample()
                    }
                })
                .collect();
            let fact = Fact::Line {
                line: 0,
                carrier: Some(true),
                associated: None,
                route: Some(true),
                gateway: Neighbour::Reachable,
            };
            let evidence = vec![Evidence {
                boottime_ms: written - random(3),
                fact,
            }];
            Entry {
                sequence: 900 + minute,
                written_boottime_ms: written,
                content: Content::Minute(Minute { samples, evidence }),
            }
        })
        .collect();
    let body = encode(&made).unwrap();
    let plain = postcard::to_stdvec(&to_columns(&made)).unwrap();
    let json = serde_json::to_vec(&made).unwrap();
    println!(
        "{} bytes for 75 samples, {:.1} a sample ({} before zstd, {} as JSON)",
        body.len(),
        f64::from(u32::try_from(body.len()).unwrap()) / 75.0,
        plain.len(),
        json.len()
    );
    assert!(body.len() <= 75 * 16, "{} bytes", body.len());
}
