//! ndt7 between our own client and both listeners of the collector. (The client of M-Lab for browsers
//! is driven by `dashboards/web/e2e/ndt7.test.mjs`.)

use std::{sync::Arc, time::Duration};

use desserte::ndt7::Tests;
use desserte_probe::{
    clock::SystemClock,
    identity::Identity,
    kinds::{
        Measured, http,
        names::Names,
        reach::Reach,
        throughput::{Bench, Spec},
    },
    report::{Detail, Outcome},
    upload::Endpoint,
    volume::Volume,
    wire::{enrol::Enrolment, id::AgentId},
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    api::TestApp,
    ingest::{agent::FakeAgent, http::Served},
};

const CAP_BYTES: u64 = 3_000_000;

fn bench(agent: &FakeAgent, served: &Served) -> Bench {
    let key = served.collector().identity().public_key();
    let schedule = served.collector().registry().schedule(agent.id).unwrap();
    let enrolment = Enrolment {
        version: 1,
        agent: agent.id,
        site: "mairie-owando".into(),
        site_name: None,
        collector_key: String::new(),
        heartbeat_port: None,
        heartbeat_key: String::new(),
        line_key: String::new(),
        schedule: schedule.unwrap(),
    };
    Bench {
        http: http::Bench {
            clock: Arc::new(SystemClock),
            names: Names {
                reach: Reach::with_loopback(),
                ..Names::default()
            },
            roots: None,
            volume: Arc::new(Volume::default()),
        },
        identity: Arc::new(Identity {
            key: agent.key.clone(),
            collector: Endpoint {
                host: "127.0.0.1".into(),
                port: served.address.port(),
            },
            enrolment,
            collector_key: key,
            heartbeat_key: [0; 32],
            line_key: [0; 32],
        }),
    }
}

fn spec(server: &str) -> Spec {
    Spec {
        server: server.to_owned(),
        download: true,
        upload: true,
        time_max: Duration::from_secs(10),
        bytes_max: CAP_BYTES,
    }
}

fn rates(measured: &Measured) -> (Option<u64>, Option<u64>, u64) {
    match measured.detail {
        Some(Detail::Throughput {
            download_bits_per_second: down,
            upload_bits_per_second: up,
            bytes,
        }) => (down, up, bytes),
        _ => panic!("{measured:?}"),
    }
}

fn measured_both(measured: &Measured) {
    assert_eq!(measured.outcome, Outcome::Ok, "{measured:?}");
    assert_eq!((measured.sent, measured.received), (2, 2));
    let (down, up, bytes) = rates(measured);
    assert!(down.unwrap() > 0 && up.unwrap() > 0, "{measured:?}");
    let least = 2 * CAP_BYTES;
    assert!(
        (least..least + 2_000_000).contains(&bytes),
        "{bytes} for two caps of {CAP_BYTES}"
    );
}

#[tokio::test]
async fn an_agent_measures_with_its_collector_and_nobody_else_does() {
    let served = Served::new().await;
    let agent = served.bench.enrol("mairie-owando");
    // The collector's clock is the bench's own: the request is signed by it.
    let now = desserte_probe::clock::Clock::unix_ms(served.bench.clock.as_ref());
    let bench = bench(&agent, &served);
    measured_both(&bench.measure(&spec("collector"), Some(now)).await);
    // Both directions at once, and again after a quarter of an hour.
    let again = bench.measure(&spec("collector"), Some(now)).await;
    assert_eq!((again.outcome, again.received), (Outcome::HttpStatus, 0));

    let stale = served.bench.enrol("mairie-dolisie");
    let late = self::bench(&stale, &served)
        .measure(&spec("collector"), Some(now - 3_600_000))
        .await;
    assert_eq!((late.outcome, late.received), (Outcome::HttpStatus, 0));

    let mut stranger = FakeAgent::new();
    stranger.id = agent.id;
    let forged = self::bench(&stranger, &served)
        .measure(&spec("collector"), Some(now))
        .await;
    assert_eq!((forged.outcome, forged.received), (Outcome::HttpStatus, 0));
    stranger.id = AgentId([9; 16]);

    let address = format!("wss://127.0.0.1:{}", served.address.port());
    let unsigned = bench.measure(&spec(&address), None).await;
    assert_eq!(
        (unsigned.outcome, unsigned.received),
        (Outcome::HttpStatus, 0)
    );
    served.stop().await;
}

/// The web listener's router on a socket of its own.
async fn web() -> (String, TestApp) {
    let app = TestApp::new(0, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, app)
}

/// The status that a handshake with these headers gets.
async fn status(address: &str, headers: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /ndt/v7/download HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: DOdm+5/Cm3WwvhfcAlhJoQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[tokio::test]
async fn the_web_listener_measures_with_its_own_machine_and_with_no_foreign_page() {
    let (address, _app) = web().await;
    let served = Served::new().await;
    let agent = served.bench.enrol("mairie-owando");
    let bench = bench(&agent, &served);
    measured_both(&bench.measure(&spec(&format!("ws://{address}")), None).await);

    let protocol = "Sec-WebSocket-Protocol: net.measurementlab.ndt.v7\r\n";
    assert_eq!(status(&address, protocol).await, "101");
    let own = format!("{protocol}Origin: http://{address}\r\n");
    assert_eq!(status(&address, &own).await, "101");
    let foreign = format!("{protocol}Origin: https://example.org\r\n");
    assert_eq!(status(&address, &foreign).await, "403");
    assert_eq!(status(&address, "").await, "400", "another protocol");
    served.stop().await;
}

#[tokio::test]
async fn more_tests_than_places_are_told_to_come_back() {
    let (address, _app) = web().await;
    let protocol = "Sec-WebSocket-Protocol: net.measurementlab.ndt.v7\r\n";
    let mut held = Vec::new();
    let mut last = String::new();
    for _ in 0..=Tests::PLACES {
        let (stream, answer) = opened(&address, protocol).await;
        held.push(stream);
        last = answer;
    }
    assert_eq!(last, "503");
    held.clear();
}

/// A test that is left open: the socket, and the status of its handshake.
async fn opened(address: &str, protocol: &str) -> (TcpStream, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /ndt/v7/upload HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: DOdm+5/Cm3WwvhfcAlhJoQ==\r\n{protocol}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    let status = String::from_utf8_lossy(&answer[9..]).into_owned();
    (stream, status)
}
