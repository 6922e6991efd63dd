use ed25519_dalek::SigningKey;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::handshake::server::{ErrorResponse, Request, Response},
};

use super::*;
use crate::{
    clock::SystemClock,
    kinds::names::Names,
    upload::Endpoint,
    volume::Volume,
    wire::{
        enrol::Enrolment,
        id::AgentId,
        schedule::{Profile, Schedule},
    },
};

fn bench() -> Bench {
    let schedule = Schedule {
        revision: 1,
        profile: Profile::Full,
        targets: vec![],
        record_seconds: 60,
        upload_seconds: 60,
        heartbeat_seconds: 0,
        active_line_probes: false,
        captive: None,
        monthly_volume_bytes_max: None,
    };
    let enrolment = Enrolment {
        version: 1,
        agent: AgentId([1; 16]),
        site: "site".into(),
        site_name: None,
        collector_key: "00".repeat(32),
        heartbeat_port: None,
        heartbeat_key: "00".repeat(32),
        line_key: "00".repeat(32),
        schedule,
    };
    Bench {
        http: http::Bench {
            clock: Arc::new(SystemClock),
            names: Names::near(),
            roots: None,
            volume: Arc::new(Volume::default()),
        },
        identity: Arc::new(Identity {
            key: SigningKey::from_bytes(&[5; 32]),
            collector: Endpoint {
                host: "127.0.0.1".into(),
                port: 1,
            },
            enrolment,
            collector_key: [0; 32],
            heartbeat_key: [0; 32],
            line_key: [0; 32],
        }),
    }
}

/// What a server of a test does once it speaks WebSocket.
#[derive(Clone, Copy)]
enum Manner {
    /// Sends for ever and never counts its bytes.
    Flood,
    /// Counts what comes and says so, each message.
    Count,
    /// Says that a hundred times as much came, in words that are no measurement.
    Babble,
    /// Hangs up at once.
    HangUp,
    /// Answers the handshake with another status.
    Refuse,
}

#[expect(clippy::result_large_err, reason = "the library's type")]
fn handshake(
    manner: Manner,
    asked: &Request,
    mut answer: Response,
) -> Result<Response, ErrorResponse> {
    assert_eq!(asked.headers()["sec-websocket-protocol"], SUBPROTOCOL);
    if matches!(manner, Manner::Refuse) {
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
        return Err(refusal);
    }
    let protocol = hyper::header::HeaderValue::from_static(SUBPROTOCOL);
    answer
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    Ok(answer)
}

#[expect(clippy::result_large_err, reason = "the library's type")]
async fn serve(stream: TcpStream, manner: Manner) {
    let callback = |asked: &Request, answer| handshake(manner, asked, answer);
    let Ok(mut socket) = accept_hdr_async(stream, callback).await else {
        return;
    };
    let begun = crate::clock::monotonic_exact();
    let mut bytes = 0;
    match manner {
        Manner::Flood => {
            let payload = Bytes::from(vec![7; 1 << 15]);
            while socket.send(Message::Binary(payload.clone())).await.is_ok() {}
        }
        Manner::Count | Manner::Babble => {
            while let Some(Ok(message)) = socket.next().await {
                bytes += message.len();
                let elapsed = crate::clock::monotonic_exact()
                    .saturating_sub(begun)
                    .as_micros();
                let said = match manner {
                    Manner::Count => format!(
                        "{{\"AppInfo\":{{\"ElapsedTime\":{elapsed},\"NumBytes\":{bytes}}}}}"
                    ),
                    _ => format!("{{\"AppInfo\":\"{bytes}00\""),
                };
                // After the end there is nothing to say; reading on answers it.
                if !message.is_close() && socket.send(Message::text(said)).await.is_err() {
                    break;
                }
            }
        }
        Manner::HangUp | Manner::Refuse => {}
    }
}

async fn server(manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, manner));
        }
    });
    format!("ws://{address}")
}

async fn measure(manner: Manner, direction: Direction) -> Measured {
    let spec = Spec {
        server: server(manner).await,
        download: direction == Direction::Download,
        upload: direction == Direction::Upload,
        time_max: Duration::from_millis(900),
        bytes_max: 400_000,
    };
    bench().measure(&spec, None).await
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

#[tokio::test]
async fn a_flood_ends_at_the_cap() {
    let measured = measure(Manner::Flood, Direction::Download).await;
    assert_eq!(
        (measured.outcome, measured.sent, measured.received),
        (Outcome::Ok, 1, 1)
    );
    let (down, up, bytes) = rates(&measured);
    assert!(down.unwrap() > 0 && up.is_none());
    assert!(
        (400_000..600_000).contains(&bytes),
        "{bytes} for a cap of 400,000"
    );
    assert!(measured.times.unwrap().median > 0);
}

#[tokio::test]
async fn an_upload_is_what_the_server_counted_and_ends_at_the_cap() {
    for manner in [Manner::Count, Manner::Babble] {
        let measured = measure(manner, Direction::Upload).await;
        assert_eq!((measured.outcome, measured.received), (Outcome::Ok, 1));
        let (down, up, bytes) = rates(&measured);
        assert!(down.is_none() && up.unwrap() > 0);
        assert!(
            (400_000..600_000).contains(&bytes),
            "{bytes} for a cap of 400,000"
        );
    }
}

#[tokio::test]
async fn a_server_that_refuses_or_hangs_up_gives_no_rate() {
    for (manner, outcome) in [
        (Manner::Refuse, Outcome::HttpStatus),
        (Manner::HangUp, Outcome::Reset),
    ] {
        let measured = measure(manner, Direction::Download).await;
        assert_eq!(measured.outcome, outcome);
        assert_eq!(
            (measured.sent, measured.received, measured.times),
            (1, 0, None)
        );
        assert_eq!(rates(&measured).0, None);
    }
    let nobody = Spec {
        server: "ws://127.0.0.1:9".into(),
        download: true,
        upload: true,
        time_max: Duration::from_secs(1),
        bytes_max: 1,
    };
    let measured = bench().measure(&nobody, None).await;
    assert_eq!(
        (measured.outcome, measured.sent, measured.received),
        (Outcome::Refused, 2, 0)
    );
}

#[test]
fn a_server_counts_in_either_of_two_ways() {
    let by_app = "{\"AppInfo\":{\"ElapsedTime\":250000,\"NumBytes\":9}}";
    assert_eq!(counted(by_app), Some((Duration::from_millis(250), 9)));
    let by_tcp = "{\"AppInfo\":{\"ElapsedTime\":1,\"NumBytes\":1},\
                   \"TCPInfo\":{\"ElapsedTime\":500000,\"BytesReceived\":7,\"RTT\":5}}";
    assert_eq!(counted(by_tcp), Some((Duration::from_millis(500), 7)));
    assert_eq!(counted("{}"), None);
    assert_eq!(counted("no"), None);
}
