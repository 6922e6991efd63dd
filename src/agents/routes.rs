//! The routes of the agents' listener.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{
        Path, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use desserte_probe::wire::{
    BODY_BYTES_MAX,
    envelope::{Envelope, HEADERS},
    id::AgentId,
    parse_hex,
    receipt::TimeStatement,
    schedule::{REQUEST_SKEW_MS_MAX, verify_request, verify_throughput},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use super::{enrol::enrol, places::Places};
use crate::{
    collector::{Collector, limit::RateLimit},
    ingest::{BatchRequest, Refusal, accept::blocking},
    ndt7::{Direction, NotStarted, Tests},
};

/// Longest time that a body may take to arrive: 1 MiB over a line of 300 kbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bodies read at the same time: 64 MiB at their largest.
const BODIES_MAX: usize = 64;
/// What is read and thrown away behind the limit, so that the sender can read the answer.
const DRAINED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// Throughput tests of one agent: both directions at once, and again after a quarter of an hour, which
/// is the shortest slot of that kind.
const TESTS_AT_ONCE: f64 = 2.0;
const TESTS_PER_SECOND: f64 = 2.0 / 900.0;

/// Where a connection came from.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) places: Arc<Places>,
}

/// What the routes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) collector: Arc<Collector>,
    bodies: Arc<Semaphore>,
    tests: Tests,
    tests_limit: Arc<RateLimit<AgentId>>,
}

/// Every route of the listener.
pub(super) fn router(collector: Arc<Collector>) -> Router {
    Router::new()
        .route("/api/v1/agents/enrol", post(enrol))
        .route("/api/v1/batches", post(batch))
        .route("/api/v1/time", get(time))
        .route("/api/v1/agents/{agent}/schedule", get(schedule))
        .route("/ndt/v7/download", get(download))
        .route("/ndt/v7/upload", get(upload))
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::MethodNotAllowed })
        .with_state(Shared {
            collector,
            bodies: Arc::new(Semaphore::new(BODIES_MAX)),
            tests: Tests::default(),
            tests_limit: Arc::default(),
        })
}

async fn batch(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let collector = &shared.collector;
    let counted = |refusal: Refusal| {
        collector.count_refusal(&refusal);
        refusal
    };
    // Whoever is not known gets no memory for a body.
    let envelope = envelope(&headers).map_err(counted)?;
    let agent = envelope.agent;
    let this = Arc::clone(collector);
    blocking(move || this.known_agent(agent))
        .await
        .map_err(counted)?;
    if headers.contains_key(header::CONTENT_ENCODING) {
        let refusal = Refusal::UnsupportedContentType("with a content encoding".to_owned());
        return Err(counted(refusal));
    }
    let body = shared.read(body, BODY_BYTES_MAX).await.map_err(counted)?;
    let request = BatchRequest {
        envelope,
        content_type: text(&headers, header::CONTENT_TYPE.as_str()).map(str::to_owned),
        body,
        peer: Some(peer.address.ip().to_canonical()),
        received_unix_ms: collector.clock().unix_ms(),
    };
    // A commit that began goes on when the agent hangs up.
    let this = Arc::clone(collector);
    let receipt = tokio::spawn(async move { this.accept(request).await })
        .await
        .unwrap_or_else(|error| Err(Refusal::Unavailable(error.to_string())))?;
    peer.places.remember(peer.address.ip());
    Ok(Json(receipt).into_response())
}

impl Shared {
    /// Reads a body of at most `limit` bytes within [`BODY_TIMEOUT`].
    pub(super) async fn read(&self, body: Body, limit: usize) -> Result<Bytes, Refusal> {
        let busy = |_| Refusal::Unavailable("too many bodies at once".to_owned());
        let _permit = self.bodies.try_acquire().map_err(busy)?;
        tokio::time::timeout(BODY_TIMEOUT, limited(body, limit))
            .await
            .unwrap_or_else(|_| Err(Refusal::Malformed("the body came too slowly".to_owned())))
    }
}

async fn limited(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let mut body = Limited::new(body, limit.saturating_add(DRAINED_BYTES_MAX));
    let too_large = Refusal::TooLarge {
        limit,
        when: "as sent",
    };
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large),
            Err(error) => return Err(Refusal::Malformed(format!("body: {error}"))),
        };
        if let Some(data) = frame.data_ref() {
            length = length.saturating_add(data.len());
            if length <= limit {
                bytes.extend_from_slice(data);
            }
        }
    }
    if length > limit {
        return Err(too_large);
    }
    Ok(Bytes::from(bytes))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn envelope(headers: &HeaderMap) -> Result<Envelope, Refusal> {
    let value = |name: &'static str| {
        text(headers, name).ok_or_else(|| Refusal::Malformed(format!("header {name} is missing")))
    };
    let [agent, boot, sequence, previous, signature] = HEADERS;
    Envelope::from_header_values([
        value(agent)?,
        value(boot)?,
        value(sequence)?,
        value(previous)?,
        value(signature)?,
    ])
    .map_err(|error| Refusal::Malformed(error.to_string()))
}

async fn time(State(shared): State<Shared>, uri: Uri) -> Result<Response, Refusal> {
    let clock = shared.collector.clock();
    let received = clock.unix_ms();
    let nonce = uri
        .query()
        .and_then(|query| query.strip_prefix("nonce="))
        .ok_or_else(|| Refusal::Malformed("nonce is missing".to_owned()))?;
    let nonce: [u8; 16] =
        parse_hex("nonce", nonce).map_err(|error| Refusal::Malformed(error.to_string()))?;
    let key = shared.collector.identity().signing_key();
    let sent = clock.unix_ms().max(received);
    Ok(Json(TimeStatement::sign(key, &nonce, received, sent)).into_response())
}

/// What a signed request without a body says: who asks, when, and the signature.
fn asker(headers: &HeaderMap) -> Result<(i64, [u8; 64]), Refusal> {
    let time: i64 = text(headers, "desserte-time")
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| {
            Refusal::Malformed("header desserte-time is missing or no number".to_owned())
        })?;
    let signature = text(headers, "desserte-signature")
        .ok_or_else(|| Refusal::Malformed("header desserte-signature is missing".to_owned()))?;
    let signature = parse_hex("Desserte-Signature", signature)
        .map_err(|e| Refusal::Malformed(e.to_string()))?;
    Ok((time, signature))
}

fn check_skew(collector: &Collector, time: i64) -> Result<(), Refusal> {
    let skew = collector.clock().unix_ms().saturating_sub(time);
    if skew.saturating_abs() > REQUEST_SKEW_MS_MAX {
        return Err(Refusal::StaleRequest);
    }
    Ok(())
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn download(
    State(shared): State<Shared>,
    (headers, uri, upgrade): (HeaderMap, Uri, Upgrade),
) -> Result<Response, Refusal> {
    throughput(shared, (&headers, &uri), upgrade, Direction::Download).await
}

async fn upload(
    State(shared): State<Shared>,
    (headers, uri, upgrade): (HeaderMap, Uri, Upgrade),
) -> Result<Response, Refusal> {
    throughput(shared, (&headers, &uri), upgrade, Direction::Upload).await
}

/// A throughput test with an agent that may still send.
async fn throughput(
    shared: Shared,
    (headers, uri): (&HeaderMap, &Uri),
    upgrade: Upgrade,
    direction: Direction,
) -> Result<Response, Refusal> {
    let agent: AgentId = text(headers, "desserte-agent")
        .ok_or_else(|| Refusal::Malformed("header desserte-agent is missing".to_owned()))?
        .parse()
        .map_err(|error: desserte_probe::wire::WireError| Refusal::Malformed(error.to_string()))?;
    let (time, signature) = asker(headers)?;
    let collector = Arc::clone(&shared.collector);
    blocking(move || {
        let record = collector.known_agent(agent)?;
        verify_throughput(&record.public_key, agent, time, &signature)
            .map_err(|_| Refusal::BadSignature)?;
        collector.trusted_agent(agent)?;
        check_skew(&collector, time)
    })
    .await?;
    let now = shared.collector.clock().monotonic();
    let rate = (TESTS_AT_ONCE, TESTS_PER_SECOND);
    if !shared.tests_limit.take(agent, rate, now) {
        return Err(Refusal::TooManyRequests { retry_seconds: 900 });
    }
    let started = shared.tests.start(upgrade, direction, uri.query());
    started.map_err(|error| match error {
        NotStarted::Busy => Refusal::Unavailable(error.to_string()),
        other => Refusal::Malformed(other.to_string()),
    })
}

async fn schedule(
    State(shared): State<Shared>,
    Path(agent): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let malformed = |error: desserte_probe::wire::WireError| Refusal::Malformed(error.to_string());
    let agent: AgentId = agent.parse().map_err(malformed)?;
    let (time, signature) = asker(&headers)?;
    let collector = shared.collector;
    let found = blocking(move || {
        let record = collector.known_agent(agent)?;
        verify_request(&record.public_key, agent, time, &signature)
            .map_err(|_| Refusal::BadSignature)?;
        collector.trusted_agent(agent)?;
        check_skew(&collector, time)?;
        Ok(collector.registry().schedule(agent)?)
    })
    .await?;
    let schedule = found.ok_or_else(|| Refusal::Unavailable("no schedule yet".to_owned()))?;
    Ok((StatusCode::OK, Json(schedule)).into_response())
}
