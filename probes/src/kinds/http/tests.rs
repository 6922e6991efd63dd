use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::clock::SystemClock;

fn bench(roots: Option<Arc<RootCertStore>>) -> Bench {
    Bench {
        clock: Arc::new(SystemClock),
        names: Names::near(),
        roots,
        volume: Arc::new(Volume::default()),
    }
}

fn spec(url: String) -> Spec {
    Spec {
        url,
        statuses: (200, 399),
        timeout: Duration::from_millis(700),
        body_bytes_max: 10_000,
    }
}

/// A loopback server that reads a request, answers with these bytes and then waits or closes.
async fn server(answer: &'static [u8], stay: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?y=1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1_024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer).await;
            if stay {
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
        }
    });
    url
}

async fn measure(url: String) -> Measured {
    bench(None).measure(&spec(url), None).await
}

fn detail(measured: &Measured) -> (Option<u16>, Option<u32>, Option<u32>) {
    match measured.detail {
        Some(Detail::Http {
            status,
            first_byte_us,
            total_us,
            ..
        }) => (status, first_byte_us, total_us),
        _ => panic!("{measured:?}"),
    }
}

#[tokio::test]
async fn a_good_answer_has_its_phases() {
    let measured =
        measure(server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", false).await).await;
    assert_eq!(
        (measured.outcome, measured.sent, measured.received),
        (Outcome::Ok, 1, 1)
    );
    let Some(Detail::Http {
        dns_us,
        connect_us,
        tls_us,
        first_byte_us,
        total_us,
        ..
    }) = measured.detail
    else {
        panic!("{measured:?}")
    };
    assert_eq!((dns_us, tls_us), (None, None));
    assert!(connect_us.unwrap() <= total_us.unwrap());
    assert!(first_byte_us.unwrap() <= total_us.unwrap());
    assert_eq!(measured.times.unwrap().median, total_us.unwrap());
}

#[tokio::test]
async fn servers_that_misbehave_get_their_own_outcome_and_no_response_time() {
    let cases: [(&[u8], bool, Outcome); 6] = [
        (b"", true, Outcome::Timeout),
        (b"", false, Outcome::Reset),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", true, Outcome::HttpMalformed),
        (
            b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
            false,
            Outcome::HttpStatus,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nslow",
            true,
            Outcome::Timeout,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut",
            false,
            Outcome::Reset,
        ),
    ];
    for (answer, stay, outcome) in cases {
        let measured = measure(server(answer, stay).await).await;
        let text = String::from_utf8_lossy(answer);
        assert_eq!(measured.outcome, outcome, "{text}");
        assert_eq!((measured.sent, measured.received), (1, 0), "{text}");
        assert_eq!(measured.times, None, "{text}");
    }
}

#[tokio::test]
async fn a_huge_body_is_left_unread() {
    let measured = measure(
        server(
            b"HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n01234567890123456789",
            true,
        )
        .await,
    )
    .await;
    assert_eq!(
        measured.outcome,
        Outcome::Timeout,
        "twenty bytes came, ten thousand are read"
    );
    let url = server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n0123456789",
        true,
    )
    .await;
    let little = Spec {
        body_bytes_max: 8,
        ..spec(url)
    };
    assert_eq!(
        bench(None).measure(&little, None).await.outcome,
        Outcome::Ok
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = b"HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let measured = measure(server(answer, false).await).await;
    assert_eq!(
        (measured.outcome, detail(&measured).0),
        (Outcome::Ok, Some(302))
    );
}

#[tokio::test]
async fn a_closed_port_refuses_and_a_wrong_address_sends_nothing() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(
        measure(format!("http://{free}/")).await.outcome,
        Outcome::Refused
    );
    let wrong = measure("ftp://127.0.0.1/".to_owned()).await;
    assert_eq!((wrong.outcome, wrong.sent), (Outcome::NotSent, 0));
}

/// A TLS server with a certificate for `name` that ended in this year; returns its authority too.
async fn tls_server(name: &str, last_year: i32) -> (String, Arc<RootCertStore>) {
    let mut authority = rcgen::CertificateParams::new(vec![]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.not_after = rcgen::date_time_ymd(2090, 1, 1);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(last_year, 6, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut buffer = [0; 1_024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (url, Arc::new(roots))
}

#[tokio::test]
async fn bad_certificates_are_measured_and_not_refused() {
    let in_2030 = Some(1_893_456_000_000);
    let cases = [
        ("127.0.0.1", 2040, in_2030, Some(true)),
        ("127.0.0.1", 2025, in_2030, Some(false)),
        ("wrong.example", 2040, in_2030, Some(false)),
        ("127.0.0.1", 2040, None, None),
    ];
    for (name, year, now, expected) in cases {
        let (url, roots) = tls_server(name, year).await;
        let measured = bench(Some(roots)).measure(&spec(url), now).await;
        assert_eq!(measured.outcome, Outcome::Ok, "{name} {year}");
        let Some(Detail::Http {
            leaf_expires_unix_s,
            certificate_valid,
            tls_us,
            ..
        }) = measured.detail
        else {
            panic!("{measured:?}")
        };
        assert_eq!(certificate_valid, expected, "{name} {year}");
        assert!(tls_us.is_some());
        let expected_end = if year == 2040 {
            2_222_121_600
        } else {
            1_748_736_000
        };
        assert_eq!(leaf_expires_unix_s, Some(expected_end));
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_fails_the_handshake() {
    let url = server(b"HTTP/1.1 400 Bad\r\n\r\n", true)
        .await
        .replace("http:", "https:");
    assert_eq!(measure(url).await.outcome, Outcome::TlsFailed);
}
