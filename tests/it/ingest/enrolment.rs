//! Enrolment over the real listener: the code, the time, the schedule and the signs of life after it.

use std::time::Duration;

use desserte_probe::wire::{
    enrol::{EnrolRequest, Enrolment},
    heartbeat::Heartbeat,
    hex, parse_hex,
    receipt::TimeStatement,
    schedule::{Schedule, sign_request},
    sha256,
};
use hyper::Method;
use tokio::net::UdpSocket;

use super::{
    START,
    agent::FakeAgent,
    http::{Answer, Served},
    refusals::refused,
};

async fn enrol(served: &Served, request: &EnrolRequest) -> Answer {
    let body = serde_json::to_vec(request).unwrap();
    served
        .request(Method::POST, "/api/v1/agents/enrol", &[], body)
        .await
}

#[tokio::test]
async fn enrolment_over_the_wire_time_schedule_and_heartbeat() {
    let served = Served::new().await;
    let code = served
        .collector()
        .new_code("mairie-owando", "test")
        .unwrap()
        .code;
    let agent = FakeAgent::new();
    let request = EnrolRequest::new(&agent.key, &code.secret, "fake 1");
    let answer = enrol(&served, &request).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let enrolment: Enrolment = serde_json::from_value(answer.body).unwrap();
    let collector_key: [u8; 32] = parse_hex("", &enrolment.collector_key).unwrap();
    assert_eq!(sha256(&collector_key), code.collector_key_sha256);
    assert_eq!(enrolment.site, "mairie-owando");
    assert_eq!(enrolment.heartbeat_port, Some(served.heartbeats.port()));
    assert_eq!(enrolment.schedule.targets[0].id, "anchor");
    let other = EnrolRequest::new(&FakeAgent::new().key, &code.secret, "fake 1");
    refused(&enrol(&served, &other).await, 403, "code_unknown_or_used");
    let mut forged = EnrolRequest::new(&FakeAgent::new().key, &code.secret, "fake 1");
    forged.public_key = hex(&agent.public_key());
    refused(&enrol(&served, &forged).await, 401, "bad_signature");
    let late = served
        .collector()
        .new_code("mairie-owando", "test")
        .unwrap()
        .code;
    served.bench.clock.advance(Duration::from_hours(25));
    let late = EnrolRequest::new(&FakeAgent::new().key, &late.secret, "fake 1");
    refused(&enrol(&served, &late).await, 403, "code_expired");

    let nonce = [5; 16];
    let path = format!("/api/v1/time?nonce={}", hex(&nonce));
    let answer = served.request(Method::GET, &path, &[], vec![]).await;
    let statement: TimeStatement = serde_json::from_value(answer.body).unwrap();
    statement.verify(&collector_key, &nonce).unwrap();
    let now = START + 25 * 3_600_000;
    assert_eq!(statement.received_unix_ms, now);

    let agent = agent.named(enrolment.agent);
    let path = format!("/api/v1/agents/{}/schedule", agent.id);
    let ask = async |time: i64, key: &FakeAgent| {
        let (time_text, signature) = (
            time.to_string(),
            hex(&sign_request(&key.key, agent.id, time)),
        );
        let headers = [
            ("desserte-time", time_text.as_str()),
            ("desserte-signature", &signature),
        ];
        served.request(Method::GET, &path, &headers, vec![]).await
    };
    let answer = ask(now - 1_000, &agent).await;
    let schedule: Schedule = serde_json::from_value(answer.body).unwrap();
    assert_eq!(schedule, enrolment.schedule);
    refused(&ask(now - 301_000, &agent).await, 401, "stale_request");
    refused(&ask(now, &FakeAgent::new()).await, 401, "bad_signature");

    heartbeats(&served, &agent, &enrolment).await;
    served.stop().await;
}

async fn heartbeats(served: &Served, agent: &FakeAgent, enrolment: &Enrolment) {
    let key: [u8; 32] = parse_hex("", &enrolment.heartbeat_key).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let beat = |counter| Heartbeat {
        flags: 0,
        agent_prefix: *agent.id.0.first_chunk().unwrap(),
        boot_prefix: [7; 8],
        counter,
        uptime_seconds: 60,
        spool_entries: 3,
        gateway_prefix: [0; 4],
    };
    let good = beat(10).encode(&key);
    for datagram in [
        &good[..],
        &good,
        &beat(9).encode(&key),
        &beat(11).encode(&[0; 32]),
        b"DB",
    ] {
        socket.send_to(datagram, served.heartbeats).await.unwrap();
    }
    let counted = async {
        loop {
            let counters = served.collector().counters();
            if counters.heartbeats + counters.heartbeats_refused == 5 {
                return counters;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let counters = tokio::time::timeout(Duration::from_secs(10), counted)
        .await
        .unwrap();
    assert_eq!((counters.heartbeats, counters.heartbeats_refused), (1, 4));
    let activity = served.collector().activity(agent.id);
    assert_eq!(activity.heartbeat, Some((START + 25 * 3_600_000, 10)));
    assert_eq!(activity.heartbeat_said.unwrap().spool_entries, 3);
    let mut answer = [0; 64];
    assert!(
        socket.try_recv(&mut answer).is_err(),
        "a heartbeat is never answered"
    );
}

#[tokio::test]
async fn one_peer_cannot_guess_codes_for_long() {
    let served = Served::new().await;
    let mut codes = Vec::new();
    for _ in 0..25 {
        let request = EnrolRequest::new(&FakeAgent::new().key, &rand::random(), "fake 1");
        let answer = enrol(&served, &request).await;
        if answer.status == 429 {
            refused(&answer, 429, "too_many_requests");
            assert!(answer.retry_after.is_some());
        }
        codes.push(answer.status);
    }
    let expected: Vec<u16> = [403; 20].into_iter().chain([429; 5]).collect();
    assert_eq!(codes, expected);
    served.stop().await;
}
