//! A collector of the test's own: real TLS with the pinned key, real signatures, and bad manners on
//! order. It keeps what it acknowledged and complains about anything that changed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use desserte_probe::{
    clock::{Clock as _, SystemClock},
    report::{self, Entry, Report},
    wire::{
        CONTENT_TYPE_JSON, VERSION,
        enrol::{Code, EnrolRequest, Enrolment},
        envelope::{Envelope, HEADERS},
        heartbeat::Heartbeat,
        hex,
        id::{AgentId, BootId},
        parse_hex,
        receipt::{Chain, Receipt, TimeStatement},
        schedule::{Schedule, verify_request},
        sha256,
    },
};
use ed25519_dalek::SigningKey;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// What the collector does with the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Stores and receipts.
    Accept,
    /// Stores and hangs up before the receipt: the acknowledgement is lost.
    HangUp,
    /// Stores nothing and answers with this status and code.
    Refuse(u16, &'static str),
    /// A receipt signed with another key, nothing stored.
    ForgedReceipt,
    /// A status of something on the way that is not the collector.
    Portal,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) manners: VecDeque<Manner>,
    /// Bodies by batch hash, each exactly as it first came.
    pub(crate) batches: BTreeMap<String, Vec<u8>>,
    pub(crate) entries: BTreeMap<(BootId, u64), Entry>,
    pub(crate) order: Vec<(u64, u64)>,
    pub(crate) reports: Vec<Report>,
    pub(crate) posts: usize,
    pub(crate) time_questions: usize,
    pub(crate) schedule_questions: usize,
    pub(crate) problems: Vec<String>,
    /// Counters of the heartbeats that verified.
    pub(crate) beats: Vec<u32>,
}

pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) code: String,
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) schedule: Arc<Mutex<Schedule>>,
}

struct Inner {
    key: SigningKey,
    seen: Arc<Mutex<Seen>>,
    schedule: Arc<Mutex<Schedule>>,
    agents: Mutex<BTreeMap<AgentId, [u8; 32]>>,
    secret: [u8; 16],
    heartbeat_port: u16,
}

type Answer = anyhow::Result<Response<Full<Bytes>>>;

impl Stub {
    pub(crate) async fn start(schedule: Schedule) -> Self {
        let key = SigningKey::from_bytes(&[42; 32]);
        let acceptor = TlsAcceptor::from(Arc::new(tls(&key)));
        let beats = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let heartbeat_port = beats.local_addr().unwrap().port();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let secret = [7; 16];
        let collector_key_sha256 = sha256(key.verifying_key().as_bytes());
        let code = Code {
            secret,
            collector_key_sha256,
        }
        .to_text();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let schedule = Arc::new(Mutex::new(schedule));
        let inner = Arc::new(Inner {
            key,
            seen: Arc::clone(&seen),
            schedule: Arc::clone(&schedule),
            agents: Mutex::default(),
            secret,
            heartbeat_port,
        });
        let counted = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut buffer = [0; 100];
            while let Ok((length, _)) = beats.recv_from(&mut buffer).await {
                let mut seen = counted.lock().unwrap();
                match Heartbeat::verify(&buffer[..length], &[1; 32]) {
                    Ok(()) => seen
                        .beats
                        .push(Heartbeat::decode(&buffer[..length]).unwrap().counter),
                    Err(error) => seen.problems.push(error.to_string()),
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, inner) = (acceptor.clone(), Arc::clone(&inner));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(move |request| {
                        let inner = Arc::clone(&inner);
                        async move { inner.answer(request).await }
                    });
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            url,
            code,
            seen,
            schedule,
        }
    }
}

fn tls(key: &SigningKey) -> ServerConfig {
    // RFC 8410 §7: PrivateKeyInfo around the 32 bytes of the seed.
    let mut pkcs8 = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    pkcs8.extend(key.to_bytes());
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
    let pair = rcgen::KeyPair::try_from(&der).unwrap();
    let params = rcgen::CertificateParams::new(vec!["collector".to_owned()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .unwrap()
}

fn reply(status: u16, body: &impl serde::Serialize) -> Response<Full<Bytes>> {
    let body = Bytes::from(serde_json::to_vec(body).unwrap());
    let builder = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    builder.body(Full::new(body)).unwrap()
}

fn problem(status: u16, code: &str) -> Response<Full<Bytes>> {
    let mut answer = reply(
        status,
        &serde_json::json!({"code": code, "detail": "because", "status": status}),
    );
    if status == 503 || status == 429 {
        answer
            .headers_mut()
            .insert("retry-after", "7".parse().unwrap());
    }
    answer
}

impl Inner {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/api/v1/agents/enrol" => self.enrol(request).await,
            "/api/v1/time" => self.time(&request),
            "/api/v1/batches" => self.batch(request).await,
            _ if path.ends_with("/schedule") => self.schedule(&request),
            _ => Ok(problem(404, "not_found")),
        }
    }

    async fn enrol(&self, request: Request<Incoming>) -> Answer {
        let body = request.into_body().collect().await?.to_bytes();
        let request: EnrolRequest = serde_json::from_slice(&body)?;
        let (secret, public) = request.verify()?;
        if secret != self.secret {
            return Ok(problem(403, "code_unknown_or_used"));
        }
        let agent = AgentId(*sha256(&public).first_chunk().unwrap());
        self.agents.lock().unwrap().insert(agent, public);
        let enrolment = Enrolment {
            version: VERSION,
            agent,
            site: "s1".into(),
            site_name: Some("Mairie de Ouesso".into()),
            collector_key: hex(self.key.verifying_key().as_bytes()),
            heartbeat_port: Some(self.heartbeat_port),
            heartbeat_key: hex(&[1; 32]),
            line_key: hex(&[2; 32]),
            schedule: self.schedule.lock().unwrap().clone(),
        };
        Ok(reply(201, &enrolment))
    }

    fn time(&self, request: &Request<Incoming>) -> Answer {
        let received = SystemClock.unix_ms();
        self.seen.lock().unwrap().time_questions += 1;
        let query = request.uri().query().unwrap_or_default();
        let nonce = parse_hex("nonce", query.trim_start_matches("nonce="))?;
        Ok(reply(
            200,
            &TimeStatement::sign(&self.key, &nonce, received, SystemClock.unix_ms()),
        ))
    }

    fn schedule(&self, request: &Request<Incoming>) -> Answer {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let agent: AgentId = request.uri().path().split('/').nth(4).unwrap().parse()?;
        let key = self.agents.lock().unwrap()[&agent];
        let signature = parse_hex("signature", &header("desserte-signature"))?;
        let time: i64 = header("desserte-time").parse()?;
        verify_request(&key, agent, time, &signature)?;
        self.seen.lock().unwrap().schedule_questions += 1;
        Ok(reply(200, &*self.schedule.lock().unwrap()))
    }

    async fn batch(&self, request: Request<Incoming>) -> Answer {
        let received = SystemClock.unix_ms();
        let values: Vec<String> = HEADERS
            .iter()
            .map(|name| request.headers()[*name].to_str().unwrap().to_owned())
            .collect();
        let json = request.headers()["content-type"] == CONTENT_TYPE_JSON;
        let body = request.into_body().collect().await?.to_bytes();
        let values: [&str; 5] = std::array::from_fn(|i| values[i].as_str());
        let envelope = Envelope::from_header_values(values)?;
        let key = self.agents.lock().unwrap().get(&envelope.agent).copied();
        let Some(key) = key else {
            return Ok(problem(401, "unknown_agent"));
        };
        if envelope.verify(&key, &body).is_err() {
            return Ok(problem(401, "bad_signature"));
        }
        let mut seen = self.seen.lock().unwrap();
        seen.posts += 1;
        let manner = seen.manners.pop_front().unwrap_or(Manner::Accept);
        match manner {
            Manner::Refuse(status, code) => return Ok(problem(status, code)),
            Manner::Portal => return Ok(reply(422, &"<html>log in</html>")),
            Manner::ForgedReceipt => {
                let other = SigningKey::from_bytes(&[99; 32]);
                return Ok(reply(
                    200,
                    &self.receipt(&envelope, &body, received, &other),
                ));
            }
            Manner::Accept | Manner::HangUp => {}
        }
        let report = if json {
            serde_json::from_slice(&body)?
        } else {
            report::decode(&body)?
        };
        seen.store(&envelope, &body, report);
        if manner == Manner::HangUp {
            anyhow::bail!("hang up");
        }
        Ok(reply(
            200,
            &self.receipt(&envelope, &body, received, &self.key),
        ))
    }

    fn receipt(
        &self,
        envelope: &Envelope,
        body: &[u8],
        received: i64,
        key: &SigningKey,
    ) -> Receipt {
        let mut receipt = Receipt {
            version: VERSION,
            agent: envelope.agent,
            batch_hash: hex(&envelope.batch_hash(body)),
            sequence_first: envelope.sequence_first,
            sequence_last: envelope.sequence_last,
            journal_position: 1,
            accepted_unix_ms: received,
            received_unix_ms: received,
            sent_unix_ms: SystemClock.unix_ms(),
            duplicate: false,
            chain: Chain::Open,
            schedule_revision: self.schedule.lock().unwrap().revision,
            collector_key: String::new(),
            signature: String::new(),
        };
        receipt.sign(key).unwrap();
        receipt
    }
}

impl Seen {
    fn store(&mut self, envelope: &Envelope, body: &[u8], report: Report) {
        if let Err(problem) = report::validate(&report) {
            self.problems.push(problem.to_string());
        }
        let hash = hex(&envelope.batch_hash(body));
        if self.batches.insert(hash, body.to_vec()).is_some() {
            return; // the same bytes under the same name: a batch that was sent again
        }
        self.order
            .push((envelope.sequence_first, envelope.sequence_last));
        for entry in &report.entries {
            let identity = (report.boot, entry.sequence);
            if self.entries.insert(identity, entry.clone()).is_some() {
                self.problems
                    .push(format!("sequence {} came in two batches", entry.sequence));
            }
        }
        self.reports.push(report);
    }
}
