//! Bad input over the real listener: each kind has its own status, code and texts, and leaves nothing.

use std::{io::Write as _, time::Duration};

use desserte_probe::{
    report::{self, Content},
    wire::{
        BODY_BYTES_MAX, CONTENT_TYPE_COLUMNS, CONTENT_TYPE_JSON, DECODED_BYTES_MAX,
        envelope::HEADERS, hex, receipt::Receipt,
    },
};
use hyper::Method;

use super::{
    START,
    agent::FakeAgent,
    decision,
    http::{Answer, Served},
};

pub(super) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.body["code"], code, "{}", answer.body);
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.content_type, "application/problem+json");
    assert_eq!(answer.body["status"], status);
    let (english, french) = (&answer.body["detail"], &answer.body["detail_fr"]);
    assert!(english.as_str().unwrap().len() > 10 && french.as_str().unwrap().len() > 10);
    assert_ne!(english, french);
}

#[tokio::test]
async fn a_good_batch_gets_a_receipt_in_json_and_in_columns() {
    let served = Served::new().await;
    let mut agent = served.bench.enrol("mairie-owando");
    let json = agent.seal(FakeAgent::minutes(1, 2, 60_000));
    let answer = served.post(&json, "application/json; charset=utf-8").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let report = agent.report(FakeAgent::minutes(3, 3, 0));
    let columns = agent.seal_bytes((3, 3), report::encode(&report).unwrap());
    let answer = served.post(&columns, CONTENT_TYPE_COLUMNS).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let receipt: Receipt = serde_json::from_value(answer.body).unwrap();
    receipt
        .verify(&served.collector().identity().public_key())
        .unwrap();
    assert_eq!(receipt.batch_hash, hex(&columns.0.batch_hash(&columns.1)));
    assert_eq!(receipt.journal_position, 2);
    assert_eq!(served.bench.stored().len(), 3);
    served.stop().await;
}

#[tokio::test]
async fn malformed_requests_say_what_is_wrong() {
    let served = Served::new().await;
    let agent = served.bench.enrol("mairie-owando");
    let answer = served
        .request(Method::POST, "/api/v1/batches", &[], vec![])
        .await;
    refused(&answer, 400, "malformed");
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("desserte-agent")
    );
    for body in [&b""[..], b"{", b"[]", br#"{"version":1}"#, &[0xff; 40]] {
        let batch = agent.seal_bytes((1, 1), body.to_vec());
        refused(
            &served.post(&batch, CONTENT_TYPE_JSON).await,
            400,
            "malformed",
        );
        refused(
            &served.post(&batch, CONTENT_TYPE_COLUMNS).await,
            400,
            "malformed",
        );
    }
    // A misspelt key is no key.
    let report = agent.report(FakeAgent::minutes(1, 1, 0));
    let mut value = serde_json::to_value(&report).unwrap();
    value["sofware"] = "x".into();
    let batch = agent.seal_bytes((1, 1), serde_json::to_vec(&value).unwrap());
    let answer = served.post(&batch, CONTENT_TYPE_JSON).await;
    refused(&answer, 400, "malformed");
    assert!(answer.body["detail"].as_str().unwrap().contains("sofware"));
    let batch = agent.seal_report(&report);
    refused(
        &served.post(&batch, "text/plain").await,
        415,
        "unsupported_content_type",
    );
    refused(
        &served
            .request(Method::GET, "/api/v1/batches", &[], vec![])
            .await,
        405,
        "method_not_allowed",
    );
    refused(
        &served.request(Method::GET, "/", &[], vec![]).await,
        404,
        "not_found",
    );
    assert_eq!(served.collector().journal().last_position(), 0);
    assert_eq!(served.collector().counters().refused["malformed"], 12);
    served.stop().await;
}

#[tokio::test]
async fn strangers_forgers_and_the_revoked_are_told_apart() {
    let served = Served::new().await;
    let mut agent = served.bench.enrol("mairie-owando");
    let stranger = FakeAgent::new();
    let batch = stranger.seal_report(&stranger.report(FakeAgent::minutes(1, 1, 0)));
    refused(
        &served.post(&batch, CONTENT_TYPE_JSON).await,
        401,
        "unknown_agent",
    );
    let forger = FakeAgent::new().named(agent.id);
    let batch = forger.seal_report(&forger.report(FakeAgent::minutes(1, 1, 0)));
    refused(
        &served.post(&batch, CONTENT_TYPE_JSON).await,
        401,
        "bad_signature",
    );
    let good = agent.seal(FakeAgent::minutes(1, 1, 0));
    let mut tampered = good.clone();
    let byte = tampered
        .1
        .iter_mut()
        .rev()
        .find(|byte| byte.is_ascii_digit())
        .unwrap();
    *byte = if *byte == b'1' { b'2' } else { b'1' };
    refused(
        &served.post(&tampered, CONTENT_TYPE_JSON).await,
        401,
        "bad_signature",
    );
    let mut renamed = good.clone();
    renamed.0.sequence_last = 2;
    refused(
        &served.post(&renamed, CONTENT_TYPE_JSON).await,
        401,
        "bad_signature",
    );
    served
        .collector()
        .registry()
        .revoke_agent(agent.id, decision("stolen"))
        .unwrap();
    refused(&served.post(&good, CONTENT_TYPE_JSON).await, 403, "revoked");
    assert_eq!(served.collector().journal().last_position(), 0);
    assert_eq!(served.bench.stored(), []);
    served.stop().await;
}

#[tokio::test]
async fn large_bodies_and_bombs_end_at_their_limits() {
    let served = Served::new().await;
    let agent = served.bench.enrol("mairie-owando");
    let batch = agent.seal_bytes((1, 1), vec![b' '; BODY_BYTES_MAX + 1]);
    let answer = served.post(&batch, CONTENT_TYPE_JSON).await;
    refused(&answer, 413, "too_large");
    assert!(answer.body["detail"].as_str().unwrap().contains("as sent"));
    // 9 MiB of zeros in some hundred bytes.
    let bomb = zstd::bulk::compress(&vec![0; DECODED_BYTES_MAX + 1], 19).unwrap();
    assert!(bomb.len() < 10_000);
    let answer = served
        .post(
            &agent.seal_bytes((1, 1), bomb.clone()),
            CONTENT_TYPE_COLUMNS,
        )
        .await;
    refused(&answer, 413, "too_large");
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("after decompression")
    );
    // A bomb behind an empty frame, and frames that are skipped.
    let mut frames = zstd::bulk::compress(&[], 1).unwrap();
    frames.write_all(&bomb).unwrap();
    let answer = served
        .post(&agent.seal_bytes((1, 1), frames), CONTENT_TYPE_COLUMNS)
        .await;
    refused(&answer, 400, "malformed");
    let mut skipped = vec![];
    for _ in 0..1_000 {
        skipped.extend_from_slice(&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    }
    let answer = served
        .post(&agent.seal_bytes((1, 1), skipped), CONTENT_TYPE_COLUMNS)
        .await;
    refused(&answer, 400, "malformed");
    served.stop().await;
}

#[tokio::test]
async fn reports_that_break_the_contract_name_entry_and_field() {
    let served = Served::new().await;
    let agent = served.bench.enrol("mairie-owando");
    let report = agent.report(FakeAgent::minutes(41, 42, 0));
    let mut lossy = report.clone();
    let Content::Minute(minute) = &mut lossy.entries[1].content else {
        unreachable!()
    };
    minute.samples[0].received = 6;
    let answer = served
        .post(&agent.seal_report(&lossy), CONTENT_TYPE_JSON)
        .await;
    refused(&answer, 422, "invalid_report");
    let detail = answer.body["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("entry 42") && detail.contains("received"),
        "{detail}"
    );
    let mut later = report.clone();
    later.version = 2;
    let answer = served
        .post(&agent.seal_report(&later), CONTENT_TYPE_JSON)
        .await;
    refused(&answer, 422, "unknown_version");
    let mut value = serde_json::to_value(&later).unwrap();
    value["new_field"] = 1.into();
    let batch = agent.seal_bytes((41, 42), serde_json::to_vec(&value).unwrap());
    refused(
        &served.post(&batch, CONTENT_TYPE_JSON).await,
        422,
        "unknown_version",
    );
    let body = serde_json::to_vec(&report).unwrap();
    let answer = served
        .post(&agent.seal_bytes((41, 43), body), CONTENT_TYPE_JSON)
        .await;
    refused(&answer, 422, "invalid_report");
    assert!(answer.body["detail"].as_str().unwrap().contains("sequence"));
    let mut other = report.clone();
    other.boot.0[0] ^= 1;
    let answer = served
        .post(&agent.seal_report(&other), CONTENT_TYPE_JSON)
        .await;
    refused(&answer, 422, "invalid_report");
    assert!(answer.body["detail"].as_str().unwrap().contains("boot"));
    served.stop().await;
}

#[tokio::test]
async fn replays_are_receipted_and_conflicts_and_futures_refused() {
    let served = Served::new().await;
    let mut agent = served.bench.enrol("mairie-owando");
    let batch = agent.seal(FakeAgent::minutes(1, 3, 0));
    let first = served.post(&batch, CONTENT_TYPE_JSON).await;
    served.bench.clock.advance(Duration::from_secs(5));
    let again = served.post(&batch, CONTENT_TYPE_JSON).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(again.body["duplicate"], true);
    assert_eq!(
        again.body["journal_position"],
        first.body["journal_position"]
    );
    assert_eq!(again.body["accepted_unix_ms"], START);
    assert_eq!(again.body["received_unix_ms"], START + 5_000);
    let before = served.bench.stored();
    let other = agent.seal(FakeAgent::minutes(3, 4, 0));
    let answer = served.post(&other, CONTENT_TYPE_JSON).await;
    refused(&answer, 409, "sequence_conflict");
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("sequence 3")
    );
    let conflicts = served.collector().journal().conflicts(10).unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].sequence, conflicts[0].first_position), (3, 1));
    agent.exchanges = vec![super::agent::exchange(
        super::agent::BOOTTIME_AT_START,
        START + 90_000,
    )];
    agent.boot.0[0] ^= 1;
    let future = agent.seal(FakeAgent::minutes(5, 5, 0));
    refused(
        &served.post(&future, CONTENT_TYPE_JSON).await,
        422,
        "future_dated",
    );
    assert_eq!(
        served.bench.stored(),
        before,
        "the first is kept, nothing of the others"
    );
    served.stop().await;
}

#[tokio::test]
async fn headers_must_be_complete() {
    let served = Served::new().await;
    let mut agent = served.bench.enrol("mairie-owando");
    let (envelope, body) = agent.seal(FakeAgent::minutes(1, 1, 0));
    let values = envelope.header_values();
    for missing in 0..HEADERS.len() {
        let headers: Vec<(&str, &str)> = HEADERS
            .into_iter()
            .zip(values.iter().map(String::as_str))
            .enumerate()
            .filter(|(n, _)| *n != missing)
            .map(|(_, header)| header)
            .collect();
        let answer = served
            .request(Method::POST, "/api/v1/batches", &headers, body.clone())
            .await;
        refused(&answer, 400, "malformed");
    }
    served.stop().await;
}
