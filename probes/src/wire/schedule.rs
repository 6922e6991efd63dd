//! What an agent measures and when: the schedule, made by the collector.
//!
//! `GET /api/v1/agents/{agent}/schedule` with the headers `Desserte-Time` (Unix milliseconds) and
//! `Desserte-Signature` over `"desserte-schedule-v1"` ‖ `00` ‖ agent (16) ‖ time (8, signed).

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::{WireError, id::AgentId, verify};
use crate::report::Kind;

const LABEL: &[u8] = b"desserte-schedule-v1\0";
const THROUGHPUT_LABEL: &[u8] = b"desserte-throughput-v1\0";

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
    /// How to find out whether a portal answers in others' place; `null` or left out: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captive: Option<CaptiveCheck>,
    /// Most bytes to send and to receive in a month, everything counted; `null` or left out: no limit.
    /// A lower one of the agent's own configuration wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_volume_bytes_max: Option<u64>,
}

/// Two questions whose answers are known. A page that comes back with anything else, or a name that
/// gets an address, was answered by somebody on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptiveCheck {
    /// `http://` address of a page that is answered with 204 and nothing else; `null`: not asked for.
    pub empty_page: Option<String>,
    /// A name that does not exist; `null`: not asked for.
    pub absent_name: Option<String>,
    /// Seconds between two checks while all is well. While something fails one goes with every entry.
    pub every_seconds: u32,
}

/// A name that no resolver has an address for: `test` is reserved (RFC 6761 §6.2), and a resolver
/// answers that it does not exist without asking anybody, or after the root said so once.
/// (`invalid`, reserved for this very use, never leaves a careful resolver library.)
pub const ABSENT_NAME: &str = "desserte-absent.test";

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
    /// One DNS question (RFC 1035), with the time until its answer.
    Dns {
        /// The whole name; no search list is tried.
        name: String,
        /// Type of the record asked for.
        record: DnsRecord,
        /// Whom to ask: `system`, or an address with or without a port.
        resolver: String,
        /// What counts as the answer.
        #[serde(default)]
        expected: DnsAnswer,
        /// How long the answer may take, milliseconds.
        timeout_ms: u32,
    },
    /// One TCP connection (RFC 9293): the handshake, then it is closed. Nothing is sent over it.
    Tcp {
        /// IPv4 or IPv6 address, or a host name that is resolved before every slot.
        host: String,
        /// Port.
        port: u16,
        /// How long the handshake may take, milliseconds.
        timeout_ms: u32,
    },
    /// ndt7 throughput (M-Lab's specification v0.11). Not measured on a metered line.
    Throughput {
        /// `collector`, or the `ws://` or `wss://` address of another server.
        server: String,
        /// Whether to measure towards the site.
        download: bool,
        /// Whether to measure from the site.
        upload: bool,
        /// Longest time of one direction, seconds.
        seconds_max: u32,
        /// Most bytes of one direction; a rate that has settled ends it earlier.
        bytes_max: u64,
    },
    /// The routers on the way, by hop limit.
    Path {
        /// IPv4 or IPv6 address, or a host name that is resolved before every slot.
        host: String,
        /// Most hops that are looked for.
        hops_max: u8,
        /// How long each may take to answer, milliseconds.
        timeout_ms: u32,
    },
}

/// Types of DNS records that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsRecord {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Mail servers.
    Mx,
    /// Name servers.
    Ns,
    /// Start of authority.
    Soa,
    /// Text.
    Txt,
}

/// What a DNS question is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsAnswer {
    /// At least one record.
    #[default]
    Records,
    /// That the name does not exist: records were put in by somebody on the way.
    NxDomain,
}

/// The system's own resolver, as a [`Measure::Dns`] names it.
pub const SYSTEM_RESOLVER: &str = "system";
/// The collector itself, as a [`Measure::Throughput`] names it.
pub const COLLECTOR_SERVER: &str = "collector";

impl Measure {
    /// Kind of measurement.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Icmp { .. } => Kind::Icmp,
            Self::Http { .. } => Kind::Http,
            Self::Dns { .. } => Kind::Dns,
            Self::Tcp { .. } => Kind::Tcp,
            Self::Throughput { .. } => Kind::Throughput,
            Self::Path { .. } => Kind::Path,
        }
    }

    /// What is measured, for people: a host, an address, a name with the resolver that is asked.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Icmp { host, .. } | Self::Path { host, .. } => host.clone(),
            Self::Http { url, .. } => url.clone(),
            Self::Dns { name, resolver, .. } => format!("{name} @{resolver}"),
            Self::Tcp { host, port, .. } if host.contains(':') => {
                format!("[{}]:{port}", host.trim_matches(['[', ']']))
            }
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Throughput { server, .. } => server.clone(),
        }
    }

    /// Shortest slots that a kind may have, seconds: a throughput test fills the line for seconds,
    /// and a path asks every router on the way.
    #[must_use]
    pub fn slot_seconds_min(&self) -> u32 {
        match self {
            Self::Throughput { .. } => 900,
            Self::Path { .. } => 300,
            Self::Icmp { .. } | Self::Http { .. } | Self::Dns { .. } | Self::Tcp { .. } => 1,
        }
    }
}

/// Signs a request for the schedule; the result goes into `Desserte-Signature`.
#[must_use]
pub fn sign_request(key: &SigningKey, agent: AgentId, time_unix_ms: i64) -> [u8; 64] {
    key.sign(&request_bytes(LABEL, agent, time_unix_ms))
        .to_bytes()
}

/// Checks a request for the schedule. The caller compares the time with his own
/// ([`REQUEST_SKEW_MS_MAX`]).
pub fn verify_request(
    key: &[u8; 32],
    agent: AgentId,
    time_unix_ms: i64,
    signature: &[u8; 64],
) -> Result<(), WireError> {
    verify(key, &request_bytes(LABEL, agent, time_unix_ms), signature)
}

/// Signs a request for a throughput test against the collector.
#[must_use]
pub fn sign_throughput(key: &SigningKey, agent: AgentId, time_unix_ms: i64) -> [u8; 64] {
    key.sign(&request_bytes(THROUGHPUT_LABEL, agent, time_unix_ms))
        .to_bytes()
}

/// Checks a request for a throughput test, as [`verify_request`] does for the schedule.
pub fn verify_throughput(
    key: &[u8; 32],
    agent: AgentId,
    time_unix_ms: i64,
    signature: &[u8; 64],
) -> Result<(), WireError> {
    let message = request_bytes(THROUGHPUT_LABEL, agent, time_unix_ms);
    verify(key, &message, signature)
}

fn request_bytes(label: &[u8], agent: AgentId, time_unix_ms: i64) -> Vec<u8> {
    [label, &agent.0, &time_unix_ms.to_be_bytes()].concat()
}
