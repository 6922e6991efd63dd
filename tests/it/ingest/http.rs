//! A small HTTP client over TLS that trusts one key, and the listener it talks to.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use desserte::{agents::serve_agents, collector::Collector};
use desserte_probe::wire::envelope::HEADERS;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::oneshot,
    task::JoinHandle,
};

use super::{Bench, agent::Sealed};

/// A listener on a port of its own.
pub(crate) struct Served {
    pub(crate) bench: Bench,
    pub(crate) address: SocketAddr,
    pub(crate) heartbeats: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

/// Status, headers and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Served {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (address, heartbeats) = (listener.local_addr().unwrap(), udp.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let collector = Arc::clone(&bench.collector);
        let server = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            serve_agents(collector, listener, udp, shutdown)
                .await
                .unwrap();
        });
        Self {
            bench,
            address,
            heartbeats,
            stop: Some(stop),
            server,
        }
    }

    pub(crate) fn collector(&self) -> &Collector {
        &self.bench.collector
    }

    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(10), self.server)
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("collector.invalid").unwrap();
        let tls = tokio_rustls::TlsConnector::from(self.tls());
        let stream = tls.connect(name, stream).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "collector");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let text = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (content_type, retry_after) = (text("content-type"), text("retry-after"));
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        connection.abort();
        Answer {
            status,
            content_type: content_type.unwrap_or_default(),
            retry_after,
            body: serde_json::from_slice(&body).unwrap(),
        }
    }

    pub(crate) async fn post(&self, batch: &Sealed, content_type: &str) -> Answer {
        let values = batch.0.header_values();
        let mut headers: Vec<(&str, &str)> = HEADERS
            .into_iter()
            .zip(values.iter().map(String::as_str))
            .collect();
        headers.push(("content-type", content_type));
        self.request(Method::POST, "/api/v1/batches", &headers, batch.1.clone())
            .await
    }

    fn tls(&self) -> Arc<rustls::ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pinned = Pinned(self.collector().identity().public_key());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// Trusts a certificate that carries this Ed25519 key.
#[derive(Debug)]
struct Pinned([u8; 32]);

impl Pinned {
    /// `SubjectPublicKeyInfo` of Ed25519 (RFC 8410 §4) ends with the key.
    fn carried(&self, certificate: &CertificateDer<'_>) -> bool {
        let head = [
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        let wanted = [head.as_slice(), &self.0].concat();
        certificate
            .windows(wanted.len())
            .any(|window| window == wanted)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.carried(certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General("another key".into()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::ring::default_provider();
        let known = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::ring::default_provider();
        let known = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
