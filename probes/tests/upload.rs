//! Uploading to a collector with bad manners.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use desserte_probe::{
    clock::SystemClock,
    evidence::Roots,
    identity::{Identity, IdentityError, enrol},
    report::{Content, Evidence, Fact, Minute},
    spool::{Draft, Limits, Spool},
    upload::{Attempts, CollectorError, KnownTime, Shared, UploadError, Uploader},
    volume::Volume,
    wire::{
        enrol::Code,
        schedule::{Profile, Schedule},
    },
};

use crate::stub::{Manner, Stub};

pub(crate) fn schedule() -> Schedule {
    Schedule {
        revision: 1,
        profile: Profile::Full,
        targets: vec![],
        record_seconds: 1,
        upload_seconds: 1,
        heartbeat_seconds: 1,
        active_line_probes: false,
        captive: None,
        monthly_volume_bytes_max: None,
    }
}

fn draft(shared: &Shared, minute: u64) -> Draft {
    let fact = Fact::Volume {
        sent_bytes: minute,
        received_bytes: 1,
    };
    Draft {
        boot: shared.boot,
        written_boottime_ms: minute * 60_000,
        wall_unix_ms: None,
        profile: Profile::Full,
        targets: vec![],
        lines: vec![],
        exchanges: vec![],
        content: Content::Minute(Minute {
            samples: vec![],
            evidence: vec![Evidence {
                boottime_ms: minute,
                fact,
            }],
        }),
    }
}

async fn enrolled(stub: &Stub, data: &Path) -> Shared {
    enrol(data, &stub.url, &stub.code).await.unwrap();
    Shared {
        identity: Arc::new(Identity::load(data).unwrap()),
        boot: Roots::default().boot_id().unwrap(),
        clock: Arc::new(SystemClock),
        spool: Arc::new(Mutex::new(Spool::open(data, Limits::default()).unwrap())),
        volume: Arc::new(Volume::default()),
        attempts: Arc::new(Attempts::default()),
        time: Arc::new(Mutex::new(KnownTime::default())),
    }
}

#[tokio::test]
async fn every_entry_arrives_exactly_once_whatever_the_collector_does() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    let mut uploader = Uploader::new(shared.clone());
    let manners = [
        Manner::HangUp,
        Manner::Refuse(503, "unavailable"),
        Manner::ForgedReceipt,
        Manner::HangUp,
        Manner::Portal,
        Manner::Refuse(429, "too_many"),
        Manner::Refuse(507, "storage_full"),
        Manner::Accept,
    ];
    for (minute, manner) in (0_u64..).zip(manners) {
        shared
            .spool
            .lock()
            .unwrap()
            .append(&draft(&shared, minute))
            .unwrap();
        stub.seen.lock().unwrap().manners.push_back(manner);
        let (_, result) = uploader.upload(1).await;
        assert_eq!(
            result.is_ok(),
            manner == Manner::Accept,
            "{manner:?} {result:?}"
        );
        let stats = shared.spool.lock().unwrap().stats();
        assert_eq!(stats.entries == 0, manner == Manner::Accept, "{manner:?}");
        assert_eq!(stats.batches_refused, 0, "{manner:?}");
    }
    let seen = stub.seen.lock().unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
    let sequences: Vec<u64> = seen.entries.keys().map(|(_, sequence)| *sequence).collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<u64>>());
    assert!(seen.posts > 8, "batches were sent again: {}", seen.posts);
    let (sent, received) = shared.volume.take();
    assert!(sent > 1_000 && received > 1_000);
    let (attempts, answered) = shared.attempts.take();
    assert_eq!(attempts, 8);
    assert!((4..=8).contains(&answered), "{answered}");
}

#[tokio::test]
async fn the_backlog_goes_newest_first_and_every_batch_names_its_predecessor() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    for minute in 0..600 {
        shared
            .spool
            .lock()
            .unwrap()
            .append(&draft(&shared, minute))
            .unwrap();
    }
    let (uploaded, result) = Uploader::new(shared).upload(1).await;
    result.unwrap();
    assert_eq!(uploaded.batches, 3);
    let seen = stub.seen.lock().unwrap();
    assert_eq!(seen.order, vec![(481, 600), (241, 480), (1, 240)]);
    assert_eq!(seen.entries.len(), 600);
    assert!(
        seen.reports.iter().all(|r| !r.time_exchanges.is_empty()),
        "time before sealing"
    );
}

#[tokio::test]
async fn a_batch_refused_for_good_is_put_aside_and_the_rest_goes_on() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    for code in ["invalid_report", "malformed"] {
        shared
            .spool
            .lock()
            .unwrap()
            .append(&draft(&shared, 1))
            .unwrap();
        stub.seen
            .lock()
            .unwrap()
            .manners
            .push_back(Manner::Refuse(422, code));
        Uploader::new(shared.clone()).upload(1).await.1.unwrap();
    }
    shared
        .spool
        .lock()
        .unwrap()
        .append(&draft(&shared, 2))
        .unwrap();
    Uploader::new(shared.clone()).upload(1).await.1.unwrap();
    let stats = shared.spool.lock().unwrap().stats();
    assert_eq!((stats.batches_refused, stats.entries), (2, 0));
    assert_eq!(stub.seen.lock().unwrap().entries.len(), 1);
}

#[tokio::test]
async fn an_agent_that_is_not_accepted_keeps_everything_and_asks_hourly() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    shared
        .spool
        .lock()
        .unwrap()
        .append(&draft(&shared, 1))
        .unwrap();
    stub.seen
        .lock()
        .unwrap()
        .manners
        .push_back(Manner::Refuse(403, "revoked"));
    let error = Uploader::new(shared.clone()).upload(1).await.1.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(shared.spool.lock().unwrap().stats().entries, 1);
    stub.seen
        .lock()
        .unwrap()
        .manners
        .push_back(Manner::Refuse(503, "unavailable"));
    let error = Uploader::new(shared).upload(1).await.1.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_new_schedule_is_fetched_when_the_receipt_names_one() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    shared
        .spool
        .lock()
        .unwrap()
        .append(&draft(&shared, 1))
        .unwrap();
    stub.schedule.lock().unwrap().revision = 5;
    let (uploaded, result) = Uploader::new(shared).upload(1).await;
    result.unwrap();
    assert_eq!(uploaded.schedule.unwrap().revision, 5);
    assert_eq!(stub.seen.lock().unwrap().schedule_questions, 1);
}

#[tokio::test]
async fn a_collector_with_another_key_is_not_spoken_to() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let code = Code {
        collector_key_sha256: [1; 32],
        ..Code::from_text(&stub.code).unwrap()
    };
    let error = enrol(data.path(), &stub.url, &code.to_text())
        .await
        .unwrap_err();
    assert!(
        matches!(error, IdentityError::Collector(CollectorError::Tls { .. })),
        "{error}"
    );
    assert!(!data.path().join("enrolment.json").exists());
}

#[tokio::test]
async fn a_used_code_and_a_second_enrolment_are_refused() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let code = Code {
        secret: [0; 16],
        ..Code::from_text(&stub.code).unwrap()
    };
    let error = enrol(data.path(), &stub.url, &code.to_text())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("403 (code_unknown_or_used)"),
        "{error}"
    );
    enrol(data.path(), &stub.url, &stub.code).await.unwrap();
    let error = enrol(data.path(), &stub.url, &stub.code).await.unwrap_err();
    assert!(
        matches!(error, IdentityError::AlreadyEnrolled(_)),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_door_is_an_attempt_without_an_answer() {
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let shared = enrolled(&stub, data.path()).await;
    let path = data.path().join("enrolment.json");
    let moved = std::fs::read_to_string(&path)
        .unwrap()
        .replace(&stub.url, "https://127.0.0.1:1");
    std::fs::write(&path, moved).unwrap();
    let shared = Shared {
        identity: Arc::new(Identity::load(data.path()).unwrap()),
        ..shared
    };
    shared
        .spool
        .lock()
        .unwrap()
        .append(&draft(&shared, 1))
        .unwrap();
    let error = Uploader::new(shared.clone()).upload(1).await.1.unwrap_err();
    assert!(
        matches!(
            error,
            UploadError::Collector(CollectorError::Connect { .. })
        ),
        "{error}"
    );
    assert_eq!(shared.attempts.take(), (1, 0));
    assert_eq!(
        shared.spool.lock().unwrap().waiting().count(),
        0,
        "sealed only when connected"
    );
}
