mod model;

use super::*;
use crate::{
    report::{
        Content, Family, Kind, Line, Minute, Outcome, ReportedTarget, Sample, TimeExchange, decode,
    },
    wire::{
        VERSION,
        id::{AgentId, BootId},
        receipt::Chain,
        schedule::Profile,
        sha256,
    },
};
use ed25519_dalek::SigningKey;

const SMALL: Limits = Limits {
    segment_bytes: 1_500,
    cap_bytes: 1 << 30,
    reserve_bytes: 4_096,
    refused_bytes: 1 << 20,
};

fn draft(boot: u8, minute: u64, failing: bool) -> Draft {
    let answered = !failing;
    let sample = Sample {
        target: 0,
        line: Some(0),
        start_boottime_ms: minute * 60_000 + 10_000,
        outcome: if failing {
            Outcome::Timeout
        } else {
            Outcome::Ok
        },
        sent: 5,
        received: if failing { 0 } else { 5 },
        rtt_us_min: answered.then_some(900),
        rtt_us_median: answered.then_some(1_000 + u32::try_from(minute).unwrap()),
        rtt_us_max: answered.then_some(2_000_000),
        rtt_us_mean_successive_difference: answered.then_some(80),
        coarse: false,
        detail: None,
    };
    Draft {
        boot: BootId([boot; 16]),
        written_boottime_ms: minute * 60_000 + 59_000,
        wall_unix_ms: Some(1_780_000_000_000),
        profile: Profile::Full,
        targets: vec![ReportedTarget {
            id: "anchor".into(),
            kind: Kind::Icmp,
            slot_seconds: 60,
        }],
        lines: vec![Line {
            interface: "eth0".into(),
            gateway: Some("ab".repeat(16)),
            family: Family::Ipv4,
        }],
        exchanges: vec![TimeExchange {
            sent_boottime_ms: minute * 60_000,
            received_boottime_ms: minute * 60_000 + 20,
            collector_received_unix_ms: 1_780_000_000_000,
            collector_sent_unix_ms: 1_780_000_000_000,
        }],
        content: Content::Minute(Minute {
            samples: vec![sample],
            evidence: vec![],
        }),
    }
}

fn sealer() -> Sealer {
    Sealer {
        key: SigningKey::from_bytes(&[5; 32]),
        agent: AgentId([1; 16]),
        software: "test/1".into(),
    }
}

fn sealing() -> Sealing {
    Sealing {
        boot: BootId([9; 16]),
        boottime_ms: 1,
        wall_unix_ms: None,
        exchanges: vec![],
    }
}

fn collector() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

fn receipt(batch: &SealedBatch) -> Receipt {
    let mut receipt = Receipt {
        version: VERSION,
        agent: batch.envelope.agent,
        batch_hash: hex(&batch.envelope.batch_hash(&batch.body)),
        sequence_first: batch.envelope.sequence_first,
        sequence_last: batch.envelope.sequence_last,
        journal_position: 1,
        accepted_unix_ms: 1,
        received_unix_ms: 1,
        sent_unix_ms: 1,
        duplicate: false,
        chain: Chain::Open,
        schedule_revision: 1,
        collector_key: String::new(),
        signature: String::new(),
    };
    receipt.sign(&collector()).unwrap();
    receipt
}

fn open(data: &Path) -> Spool {
    Spool::open(data, SMALL).unwrap()
}

/// Sequences of all batches, the newest batch first, freeing each.
fn drain(spool: &mut Spool) -> Vec<u64> {
    let mut sequences = Vec::new();
    while let Some(batch) = spool.newest().unwrap() {
        let report = decode(&batch.body).unwrap();
        sequences.extend(report.entries.iter().map(|e| e.sequence));
        spool
            .free(&receipt(&batch), collector().verifying_key().as_bytes())
            .unwrap();
    }
    sequences
}

#[test]
fn what_is_sealed_is_sent_byte_for_byte_until_receipted() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    for minute in 0..5 {
        assert_eq!(spool.append(&draft(2, minute, false)).unwrap(), minute + 1);
    }
    assert_eq!(spool.seal(&sealer(), &sealing()).unwrap(), 1);
    let batch = spool.newest().unwrap().unwrap();
    drop(spool);
    let mut spool = open(data.path());
    assert_eq!(spool.newest().unwrap().unwrap(), batch);
    assert_eq!(spool.stats().entries, 5);

    let mut forged = receipt(&batch);
    forged.sign(&SigningKey::from_bytes(&[66; 32])).unwrap();
    let key = *collector().verifying_key().as_bytes();
    assert!(matches!(
        spool.free(&forged, &key),
        Err(SpoolError::Receipt(_))
    ));
    let mut other = receipt(&batch);
    other.batch_hash = hex(&sha256(b"other"));
    other.sign(&collector()).unwrap();
    assert!(matches!(
        spool.free(&other, &key),
        Err(SpoolError::UnknownBatch(_))
    ));
    assert_eq!(spool.stats().entries, 5);

    spool.free(&receipt(&batch), &key).unwrap();
    assert_eq!(spool.stats().entries, 0);
    assert_eq!(spool.append(&draft(2, 6, false)).unwrap(), 6);
}

#[test]
fn the_chain_follows_sealing_over_restarts_and_upload_is_newest_first() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    spool.append(&draft(2, 0, false)).unwrap();
    spool.seal(&sealer(), &sealing()).unwrap();
    let first = spool.newest().unwrap().unwrap();
    assert_eq!(first.envelope.previous, [0; 32]);
    drop(spool);
    let mut spool = open(data.path());
    spool.append(&draft(3, 0, false)).unwrap();
    spool.seal(&sealer(), &sealing()).unwrap();
    let second = spool.newest().unwrap().unwrap();
    assert_eq!(
        second.envelope.previous,
        first.envelope.batch_hash(&first.body)
    );
    assert_eq!(drain(&mut spool), vec![2, 1]);
    drop(spool);
    let mut spool = open(data.path());
    spool.append(&draft(3, 1, false)).unwrap();
    spool.seal(&sealer(), &sealing()).unwrap();
    let third = spool.newest().unwrap().unwrap();
    assert_eq!(
        third.envelope.previous,
        second.envelope.batch_hash(&second.body)
    );
    assert_eq!(third.envelope.sequence_first, 3);
}

#[test]
fn each_boot_gets_its_own_batch_with_its_own_time() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    spool.append(&draft(2, 0, false)).unwrap();
    spool.append(&draft(9, 0, false)).unwrap();
    assert_eq!(spool.seal(&sealer(), &sealing()).unwrap(), 2);
    let newest = decode(&spool.newest().unwrap().unwrap().body).unwrap();
    assert_eq!(
        (newest.boot, newest.sealed_boottime_ms),
        (BootId([9; 16]), 1)
    );
    let waiting: Vec<_> = spool.waiting().map(|w| w.first).collect();
    assert_eq!(waiting, vec![2, 1]);
    let oldest = batch::read(&spool.batches[0].path).unwrap().unwrap();
    let oldest = decode(&oldest.body).unwrap();
    assert_eq!(
        (oldest.boot, oldest.sealed_boottime_ms),
        (BootId([2; 16]), 59_000)
    );
    assert_eq!(oldest.time_exchanges.len(), 1);
}

#[test]
fn a_cut_at_any_byte_of_the_newest_segment_leaves_the_prefix() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    for minute in 10..14 {
        spool.append(&draft(2, minute, false)).unwrap();
    }
    let path = spool.segments[0].path.clone();
    let whole = std::fs::read(&path).unwrap();
    let record = whole.len() / 4;
    drop(spool);
    for length in (0..whole.len()).step_by(7) {
        let copy = tempfile::tempdir().unwrap();
        let folder = copy.path().join("spool");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(path.file_name().unwrap()), &whole[..length]).unwrap();
        std::fs::copy(data.path().join("spool/state.b"), folder.join("state.b")).unwrap();
        let mut spool = open(copy.path());
        let kept = u64::try_from(length / record).unwrap();
        assert_eq!(spool.stats().entries, kept, "length {length}");
        assert_eq!(spool.stats().entries_lost, u64::from(length % record != 0));
        assert_eq!(spool.append(&draft(2, 19, false)).unwrap(), kept + 1);
        spool.seal(&sealer(), &sealing()).unwrap();
        assert_eq!(drain(&mut spool).len() as u64, kept + 1);
        drop(spool);
        // Damage is counted once, however often the agent starts.
        assert_eq!(
            open(copy.path()).stats().entries_lost,
            u64::from(length % record != 0)
        );
    }
}

#[test]
fn one_damaged_state_is_survived_and_two_are_named() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    spool.append(&draft(2, 0, false)).unwrap();
    spool.seal(&sealer(), &sealing()).unwrap();
    drain(&mut spool);
    drop(spool);
    let folder = data.path().join("spool");
    std::fs::write(folder.join("state.a"), b"00000000 {}").unwrap();
    assert_eq!(open(data.path()).next_sequence, 2);
    std::fs::write(folder.join("state.a"), b"junk").unwrap();
    std::fs::write(folder.join("state.b"), b"").unwrap();
    let error = Spool::open(data.path(), SMALL).unwrap_err();
    assert!(matches!(error, SpoolError::StateLost(_)), "{error}");
}

#[test]
fn a_full_spool_thins_uneventful_minutes_and_keeps_the_others() {
    let data = tempfile::tempdir().unwrap();
    let limits = Limits {
        cap_bytes: 12_000,
        ..SMALL
    };
    let mut spool = Spool::open(data.path(), limits).unwrap();
    let failing = |minute: u64| minute % 40 == 20;
    for minute in 0..200 {
        spool.append(&draft(2, minute, failing(minute))).unwrap();
    }
    let stats = spool.stats();
    assert!(stats.bytes <= limits.cap_bytes + 1_500, "{stats:?}");
    assert!(stats.minutes_thinned > 50, "{stats:?}");
    assert_eq!(stats.entries_lost, 0);
    spool.seal(&sealer(), &sealing()).unwrap();
    let (mut minutes, mut failures, mut replaced) = (0_u64, 0, 0_u64);
    for waiting in spool.batches.clone() {
        let sealed = batch::read(&waiting.path).unwrap().unwrap();
        for entry in decode(&sealed.body).unwrap().entries {
            match entry.content {
                Content::Minute(minute) => {
                    minutes += 1;
                    failures += u64::from(minute.samples[0].outcome != Outcome::Ok);
                }
                Content::Summary(summary) => {
                    replaced += summary.runs.iter().map(|r| u64::from(r.slots)).sum::<u64>();
                }
            }
        }
    }
    assert_eq!(failures, 5, "no minute with a failure is thinned");
    assert_eq!(minutes + replaced, 200, "nothing is lost in silence");
    assert_eq!(replaced, stats.minutes_thinned);
}

#[test]
fn when_thinning_is_not_enough_failures_use_the_reserve_and_the_rest_is_counted() {
    let data = tempfile::tempdir().unwrap();
    let limits = Limits {
        cap_bytes: 3_000,
        reserve_bytes: 2_000,
        ..SMALL
    };
    let mut spool = Spool::open(data.path(), limits).unwrap();
    let mut minute = 0;
    while spool.append(&draft(2, minute, true)).is_ok() {
        minute += 1;
        assert!(minute < 100);
    }
    assert!(matches!(
        spool.append(&draft(2, minute, false)),
        Err(SpoolError::Full)
    ));
    let stats = spool.stats();
    assert_eq!((stats.entries, stats.entries_lost), (minute, 2));
    assert!(stats.bytes >= 5_000 && stats.bytes < 5_500, "{stats:?}");
}

#[test]
fn a_crash_while_thinning_leaves_nothing_twice() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    for minute in 0..20 {
        spool.append(&draft(2, minute, false)).unwrap();
    }
    let path = spool.segments[0].path.clone();
    let before = std::fs::read(&path).unwrap();
    spool.writer = None;
    spool.thin_segment(0).unwrap();
    drop(spool);
    std::fs::write(&path, before).unwrap(); // the rewrite never happened
    let mut spool = open(data.path());
    spool.seal(&sealer(), &sealing()).unwrap();
    let mut slots = 0;
    while let Some(batch) = spool.newest().unwrap() {
        for entry in decode(&batch.body).unwrap().entries {
            slots += match entry.content {
                Content::Minute(_) => 1,
                Content::Summary(s) => s.runs.iter().map(|r| r.slots).sum(),
            };
        }
        spool
            .free(&receipt(&batch), collector().verifying_key().as_bytes())
            .unwrap();
    }
    assert_eq!(slots, 20);
}

#[test]
fn a_refused_batch_is_kept_aside_and_counted() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = open(data.path());
    spool.append(&draft(2, 0, false)).unwrap();
    spool.seal(&sealer(), &sealing()).unwrap();
    let batch = spool.newest().unwrap().unwrap();
    spool
        .refuse(
            &batch.envelope.batch_hash(&batch.body),
            "422 invalid_report",
        )
        .unwrap();
    assert_eq!(spool.newest().unwrap(), None);
    assert_eq!(spool.stats().batches_refused, 1);
    assert_eq!(names(&data.path().join("spool/refused")).unwrap().len(), 2);
    assert_eq!(open(data.path()).stats().batches_refused, 1);
}
