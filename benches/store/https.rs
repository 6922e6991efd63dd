//! The whole path: batches over TLS to the agents' listener, as agents send them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use desserte::{agents::serve_agents, collector::Collector, ingest::BatchRequest};
use desserte_probe::{clock::ManualClock, wire::envelope::HEADERS};
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Mutex,
};

/// Connections at a time; each is kept, as agents keep theirs.
const CONNECTIONS: usize = 8;

/// Sends all batches.
pub(crate) async fn send(
    collector: &Arc<Collector>,
    batches: Vec<BatchRequest>,
    clock: &Arc<ManualClock>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let udp = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve_agents(Arc::clone(collector), listener, udp, async {
        let _ = stopped.await;
    }));
    let mut in_order = batches;
    in_order.reverse();
    let waiting = Arc::new(Mutex::new(in_order));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        running.spawn(connection(address, Arc::clone(&waiting), Arc::clone(clock)));
    }
    while let Some(done) = running.join_next().await {
        done.expect("sent");
    }
    let _ = stop.send(());
    server.await.expect("server").expect("served");
}

async fn connection(
    address: SocketAddr,
    waiting: Arc<Mutex<Vec<BatchRequest>>>,
    clock: Arc<ManualClock>,
) {
    let stream = TcpStream::connect(address).await.expect("connect");
    let tls = tokio_rustls::TlsConnector::from(Arc::new(anyone()));
    let name = ServerName::try_from("collector.invalid").expect("name");
    let stream = tls.connect(name, stream).await.expect("tls");
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("http");
    let driver = tokio::spawn(driver);
    loop {
        let Some(batch) = waiting.lock().await.pop() else {
            break;
        };
        loop {
            let mut request = Request::builder()
                .method(Method::POST)
                .uri("/api/v1/batches")
                .header("host", "collector")
                .header(
                    "content-type",
                    batch.content_type.clone().unwrap_or_default(),
                );
            for (name, value) in HEADERS.into_iter().zip(batch.envelope.header_values()) {
                request = request.header(name, value);
            }
            let request = request
                .body(Full::new(batch.body.clone()))
                .expect("request");
            let answer = sender.send_request(request).await.expect("answer");
            let status = answer.status().as_u16();
            let said = answer.into_body().collect().await.expect("body").to_bytes();
            match status {
                200 | 201 => break,
                429 => clock.advance(Duration::from_secs(5)),
                503 => tokio::time::sleep(Duration::from_millis(20)).await,
                other => panic!("{other}: {}", String::from_utf8_lossy(&said)),
            }
        }
    }
    driver.abort();
}

/// The bench speaks with itself: whose key it is, is no question.
fn anyone() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth()
}

#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
