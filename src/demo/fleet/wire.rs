//! The fleet on the wire: TLS with the collector's pinned key, enrolment, time, batches, receipts,
//! heartbeats; the code of the real agent wherever it has some.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use desserte_probe::clock::{Clock as _, SystemClock};
use desserte_probe::report::TimeExchange;
use desserte_probe::upload::connection::{CONTENT_TYPE_NAME, Connection};
use desserte_probe::upload::{CollectorError, Endpoint};
use desserte_probe::volume::Volume;
use desserte_probe::wire::enrol::{EnrolRequest, Enrolment};
use desserte_probe::wire::envelope::HEADERS;
use desserte_probe::wire::heartbeat::Heartbeat;
use desserte_probe::wire::id::BootId;
use desserte_probe::wire::receipt::{Receipt, TimeStatement};
use desserte_probe::wire::{CONTENT_TYPE_COLUMNS, CONTENT_TYPE_JSON, hex, parse_hex, sha256};
use hyper::{Method, StatusCode};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::chain::{Chain, Sealed};
use super::live::Agent;
use super::state::{PRESENT, State};
use super::{AUTHOR, SOFTWARE, World};
use crate::app::Progress;
use crate::collector::Collector;
use crate::demo::DemoError;
use crate::demo::world::boots::Boot;

/// Agents that enrol at the same time.
const AT_ONCE: usize = 8;
/// Each site has a loopback address of its own, as sites have lines of their own: 127.77.0.1 and on.
const FIRST_ADDRESS: u32 = 0x7f4d_0001;

/// How the fleet reaches the collector.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    endpoint: Endpoint,
    collector_key: [u8; 32],
    volume: Arc<Volume>,
}

impl Wire {
    pub(super) fn new(agents_url: &str, collector: &Collector) -> Result<Self, DemoError> {
        Ok(Self {
            endpoint: Endpoint::parse(agents_url)
                .map_err(|error| DemoError::Fleet(error.to_string()))?,
            collector_key: collector.identity().public_key(),
            volume: Arc::new(Volume::default()),
        })
    }

    /// A connection from a site's own address.
    pub(super) async fn open(&self, site: usize) -> Result<Connection, CollectorError> {
        let pin = sha256(&self.collector_key);
        Connection::open_from(address(site), &self.endpoint, pin, &self.volume).await
    }

    async fn enrol(
        &self,
        site: usize,
        request: &EnrolRequest,
    ) -> Result<Enrolment, CollectorError> {
        const OPERATION: &str = "enrol";
        let body = serde_json::to_vec(request).map_err(|error| answer(OPERATION, error))?;
        let to = (Method::POST, "/api/v1/agents/enrol");
        let headers = [(CONTENT_TYPE_NAME, CONTENT_TYPE_JSON.to_owned())];
        let mut connection = self.open(site).await?;
        let reply = connection.request(OPERATION, to, &headers, body).await?;
        let body = reply.expect(OPERATION, StatusCode::CREATED)?;
        serde_json::from_slice(&body).map_err(|error| answer(OPERATION, error))
    }

    /// Asks the time, on the clock of a boot.
    pub(super) async fn time(
        &self,
        connection: &mut Connection,
        boot: &Boot,
    ) -> Result<TimeExchange, CollectorError> {
        const OPERATION: &str = "ask the time";
        let nonce: [u8; 16] = rand::random();
        let path = format!("/api/v1/time?nonce={}", hex(&nonce));
        let sent = boot.boottime_ms(SystemClock.unix_ms());
        let reply = connection
            .request(OPERATION, (Method::GET, &path), &[], Vec::new())
            .await?;
        let received = boot.boottime_ms(SystemClock.unix_ms());
        let body = reply.expect(OPERATION, StatusCode::OK)?;
        let statement: TimeStatement =
            serde_json::from_slice(&body).map_err(|error| answer(OPERATION, error))?;
        statement
            .verify(&self.collector_key, &nonce)
            .map_err(|error| answer(OPERATION, error))?;
        Ok(TimeExchange {
            sent_boottime_ms: sent,
            received_boottime_ms: received,
            collector_received_unix_ms: statement.received_unix_ms,
            collector_sent_unix_ms: statement.sent_unix_ms,
        })
    }

    /// Sends a batch; what is in it is gone from the agent only with a receipt that verifies.
    pub(super) async fn send(
        &self,
        connection: &mut Connection,
        sealed: &Sealed,
    ) -> Result<Receipt, CollectorError> {
        const OPERATION: &str = "send a batch";
        let mut headers = vec![(CONTENT_TYPE_NAME, CONTENT_TYPE_COLUMNS.to_owned())];
        headers.extend(HEADERS.into_iter().zip(sealed.envelope.header_values()));
        let to = (Method::POST, "/api/v1/batches");
        let reply = connection
            .request(OPERATION, to, &headers, sealed.body.clone())
            .await?;
        let body = reply.expect(OPERATION, StatusCode::OK)?;
        let receipt: Receipt =
            serde_json::from_slice(&body).map_err(|error| answer(OPERATION, error))?;
        receipt
            .verify(&self.collector_key)
            .map_err(|error| answer(OPERATION, error))?;
        let hash = hex(&sealed.envelope.batch_hash(&sealed.body));
        if receipt.batch_hash != hash || receipt.agent != sealed.envelope.agent {
            return Err(answer(OPERATION, "a receipt for another batch"));
        }
        Ok(receipt)
    }

    /// Sends a heartbeat, which nobody answers.
    pub(super) async fn beat(
        &self,
        socket: &UdpSocket,
        port: u16,
        beat: &Heartbeat,
        key: &[u8; 32],
    ) -> std::io::Result<()> {
        let host: IpAddr = self
            .endpoint
            .host
            .parse()
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let to = SocketAddr::from((host, port));
        socket.send_to(&beat.encode(key), to).await.map(drop)
    }
}

fn answer(operation: &'static str, reason: impl std::fmt::Display) -> CollectorError {
    CollectorError::Answer {
        operation,
        reason: reason.to_string(),
    }
}

/// Only Linux lets a socket leave from any loopback address without setting it up.
fn address(site: usize) -> Option<IpAddr> {
    let number = u32::try_from(site).ok()?;
    cfg!(target_os = "linux").then(|| Ipv4Addr::from(FIRST_ADDRESS + number).into())
}

/// Enrols the present agent of every site that has none yet, each with a code of its own; the others
/// go on where their last batch ended.
pub(super) async fn enrol_all(
    wire: &Wire,
    state: &State,
    world: &World,
    collector: &Arc<Collector>,
    progress: &Progress,
) -> Result<Vec<Agent>, DemoError> {
    let codes: Vec<[u8; 16]> = world.sites().iter().map(|_| rand::random()).collect();
    let registry = collector.registry();
    let mut missing = Vec::new();
    for (site, secret) in world.sites().iter().zip(&codes) {
        let key = state.key(&site.id, PRESENT);
        if registry
            .agent_with_key(key.verifying_key().as_bytes())?
            .is_none()
        {
            missing.push((*secret, site.id.as_str()));
        }
    }
    if !missing.is_empty() {
        let at = collector.clock().unix_ms();
        registry.keep_simulated_codes(&missing, (at, AUTHOR))?;
    }
    let mut running: JoinSet<Result<Agent, DemoError>> = JoinSet::new();
    let mut agents = Vec::with_capacity(world.sites().len());
    for (index, (site, secret)) in world.sites().iter().zip(codes).enumerate() {
        if running.len() >= AT_ONCE
            && let Some(done) = running.join_next().await
        {
            agents.push(joined(done)?);
            progress.enrolled(agents.len());
        }
        let job = Enrolling {
            wire: wire.clone(),
            collector: Arc::clone(collector),
            key: state.key(&site.id, PRESENT),
            span: (state.replaced_minute(), None),
            site: index,
        };
        running.spawn(job.run(secret));
    }
    while let Some(done) = running.join_next().await {
        agents.push(joined(done)?);
        progress.enrolled(agents.len());
    }
    agents.sort_by_key(|agent| agent.site);
    Ok(agents)
}

fn joined(
    done: Result<Result<Agent, DemoError>, tokio::task::JoinError>,
) -> Result<Agent, DemoError> {
    done.map_err(|error| DemoError::Fleet(error.to_string()))?
}

struct Enrolling {
    wire: Wire,
    collector: Arc<Collector>,
    key: ed25519_dalek::SigningKey,
    span: (i64, Option<i64>),
    site: usize,
}

impl Enrolling {
    async fn run(self, secret: [u8; 16]) -> Result<Agent, DemoError> {
        let failed = |error: &dyn std::fmt::Display| DemoError::Fleet(error.to_string());
        let public_key = self.key.verifying_key().to_bytes();
        let known = self.collector.registry().agent_with_key(&public_key)?;
        if let Some(record) = known {
            // What an agent keeps in its enrolment file is in this process's registry.
            let chain = Chain::new(self.key, record.id, self.span);
            let last = self.collector.journal().last_batch_of(record.id);
            let last = last.map_err(|error| failed(&error))?;
            let chain = match &last {
                Some(last) => chain.resumed(last),
                None => chain,
            };
            let counter = record.heartbeat.map_or(0, |(_, counter)| counter);
            return Ok(Agent::new(self.site, chain, record.heartbeat_key, counter));
        }
        let request = EnrolRequest::new(&self.key, &secret, SOFTWARE);
        let enrolment = self.wire.enrol(self.site, &request).await;
        let enrolment = enrolment.map_err(|error| failed(&error))?;
        let heartbeat_key =
            parse_hex("heartbeat_key", &enrolment.heartbeat_key).map_err(|error| failed(&error))?;
        let chain = Chain::new(self.key, enrolment.agent, self.span);
        Ok(Agent::new(self.site, chain, heartbeat_key, 0))
    }
}

/// First bytes of an identifier, as heartbeats carry them.
pub(super) fn prefix(bytes: &[u8; 16]) -> [u8; 8] {
    bytes.first_chunk::<8>().copied().unwrap_or_default()
}

/// The identifier of a boot in a heartbeat.
pub(super) fn boot_prefix(boot: BootId) -> [u8; 8] {
    prefix(&boot.0)
}
