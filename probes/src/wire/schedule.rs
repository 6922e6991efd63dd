//! What an agent measures and when: the schedule, made by the collector.
//!
//! `GET /api/v1/agents/{agent}/schedule` with the headers `Desserte-Time` (Unix milliseconds) and
//! `Desserte-Signature` over `"desserte-schedule-v1"` ‖ `00` ‖ agent (16) ‖ time (8, signed).

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::{WireError, id::AgentId, verify};

const LABEL: &[u8] = b"desserte-schedule-v1\0";

/// How far the time of a signed schedule request may lie from the collector's.
pub const REQUEST_SKEW_MS_MAX: i64 = 300_000;

/// Most targets of one agent.
pub const TARGETS_MAX: usize = 64;

/// Everything an agent needs to know to do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Grows with every change.
    pub revision: u64,
    /// How much the line may carry.
    pub profile: Profile,
    /// What to measure; at most [`TARGETS_MAX`].
    pub targets: Vec<Target>,
    /// Seconds of measuring that go into one entry of the spool: 60, or less when slots are shorter.
    pub record_seconds: u32,
    /// Seconds between uploads; a change of state uploads at once.
    pub upload_seconds: u32,
    /// Seconds between heartbeats; 0 turns them off.
    pub heartbeat_seconds: u32,
    /// Whether to probe the gateway, the first hop and the resolver actively.
    pub active_line_probes: bool,
}

/// How much an agent may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Every target in every slot.
    Full,
    /// Sparse while all is well, full while something fails.
    Metered,
}

/// One thing to measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Stable identifier, at most 64 bytes of `a-z 0-9 - _ .`.
    pub id: String,
    /// Length of its slots; slots start at multiples of it since the Unix epoch.
    pub slot_seconds: u32,
    /// What is done in a slot.
    pub measure: Measure,
}

/// A kind of measurement with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// ICMP echo (RFC 792, RFC 4443).
    Icmp {
        /// IPv4 or IPv6 address, or a host name that is resolved before every slot.
        host: String,
        /// Echo requests in a slot.
        packets: u16,
        /// Payload bytes of each.
        payload_bytes: u16,
        /// How long a reply may take, milliseconds.
        timeout_ms: u32,
    },
    /// One HTTP request (RFC 9110) with the time of each phase.
    Http {
        /// `http://` or `https://` address. Redirects are not followed.
        url: String,
        /// Statuses that count as an answer, both inclusive.
        status_from: u16,
        /// Last status that counts as an answer.
        status_to: u16,
        /// How long the whole request may take, milliseconds.
        timeout_ms: u32,
        /// Bytes of body read at most.
        body_bytes_max: u32,
    },
}

/// Signs a request for the schedule; the result goes into `Desserte-Signature`.
#[must_use]
pub fn sign_request(key: &SigningKey, agent: AgentId, time_unix_ms: i64) -> [u8; 64] {
    key.sign(&request_bytes(agent, time_unix_ms)).to_bytes()
}

/// Checks a request for the schedule. The caller compares the time with his own
/// ([`REQUEST_SKEW_MS_MAX`]).
pub fn verify_request(
    key: &[u8; 32],
    agent: AgentId,
    time_unix_ms: i64,
    signature: &[u8; 64],
) -> Result<(), WireError> {
    verify(key, &request_bytes(agent, time_unix_ms), signature)
}

fn request_bytes(agent: AgentId, time_unix_ms: i64) -> Vec<u8> {
    [LABEL, &agent.0, &time_unix_ms.to_be_bytes()].concat()
}
