//! A one-time code becomes an agent.

use std::net::{IpAddr, Ipv6Addr};

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use desserte_probe::{
    report::TEXT_BYTES_MAX,
    wire::{
        VERSION, WireError,
        enrol::{EnrolRequest, Enrolment},
        hex,
    },
};
use serde::Deserialize;

use super::routes::{Peer, Shared};
use crate::{
    collector::Collector,
    ingest::{Refusal, accept::blocking},
};

/// Longest body of a request: five times what it needs.
const BODY_BYTES_MAX: usize = 4_096;
/// Requests that one peer may send at once: a technician with ten boxes behind one address.
const AT_ONCE: f64 = 20.0;
/// Requests a second of one peer afterwards: guessing 128 bits gets nowhere at any rate; this keeps
/// the noise down.
const PER_SECOND: f64 = 0.2;
/// Seconds after which one more request is allowed.
const RETRY_SECONDS: u32 = 5;

/// `POST /api/v1/agents/enrol`.
pub(super) async fn enrol(
    State(shared): State<Shared>,
    Extension(Peer { address: peer, .. }): Extension<Peer>,
    body: Body,
) -> Result<Response, Refusal> {
    let collector = shared.collector.clone();
    let now = collector.clock().monotonic();
    let allowed = collector
        .enrol_limit()
        .take(network(peer.ip()), (AT_ONCE, PER_SECOND), now);
    if !allowed {
        return Err(Refusal::TooManyRequests {
            retry_seconds: RETRY_SECONDS,
        });
    }
    let body = shared.read(body, BODY_BYTES_MAX).await?;
    let request = parse(&body)?;
    let enrolment = blocking(move || redeem(&collector, &request)).await?;
    Ok((StatusCode::CREATED, Json(enrolment)).into_response())
}

/// Who pays for requests: an address of IPv4, a /64 of IPv6, which one customer holds.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn parse(body: &[u8]) -> Result<EnrolRequest, Refusal> {
    #[derive(Deserialize)]
    struct Head {
        version: u16,
    }
    let request: EnrolRequest = serde_json::from_slice(body).map_err(|error| {
        match serde_json::from_slice::<Head>(body) {
            Ok(head) if head.version != VERSION => Refusal::UnknownVersion(head.version),
            _ => Refusal::Malformed(format!("enrolment: {error}")),
        }
    })?;
    if request.version != VERSION {
        return Err(Refusal::UnknownVersion(request.version));
    }
    let software = &request.software;
    let good = (1..=TEXT_BYTES_MAX).contains(&software.len());
    if !good || software.chars().any(char::is_control) {
        return Err(Refusal::Malformed(
            "software: must be 1 to 64 bytes".to_owned(),
        ));
    }
    Ok(request)
}

fn redeem(collector: &Collector, request: &EnrolRequest) -> Result<Enrolment, Refusal> {
    let (secret, public_key) = request.verify().map_err(|error| match error {
        WireError::Signature => Refusal::BadSignature,
        other => Refusal::Malformed(other.to_string()),
    })?;
    let registry = collector.registry();
    let now = collector.clock().unix_ms();
    let redeemed = registry.redeem_code(&secret, &public_key, &request.software, now)?;
    let agent = redeemed.agent;
    let schedule = registry
        .schedule(agent.id)?
        .ok_or_else(|| Refusal::Unavailable("no schedule yet".to_owned()))?;
    tracing::info!(agent = %agent.id, site = redeemed.site, "agent {} enrolled", agent.id);
    Ok(Enrolment {
        version: VERSION,
        agent: agent.id,
        site: redeemed.site,
        site_name: redeemed.site_name,
        collector_key: hex(&collector.identity().public_key()),
        heartbeat_port: collector.heartbeat_port(),
        heartbeat_key: hex(&agent.heartbeat_key),
        line_key: hex(collector.identity().line_key()),
        schedule,
    })
}
