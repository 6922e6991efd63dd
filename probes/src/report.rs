//! The report: what an agent measured and saw, in the order of its own boot's clock.
//!
//! Times are milliseconds of `CLOCK_BOOTTIME` of the boot named in the report: they never step.
//! Wall time is a hint. The collector turns boot time into Unix time with the exchanges in
//! [`Report::time_exchanges`] and keeps the map it used as evidence.
//!
//! A report is sent as JSON (these types as serde writes them: enums as `{"variant": {…}}` or
//! `"variant"`, absent values `null` or left out) or as columns ([`encode`]: postcard + zstd).

mod bounded;
mod columns;
mod fact;
mod validate;

use serde::{Deserialize, Serialize};

use self::bounded::bounded;
pub use self::{
    columns::{ColumnsError, decode, encode},
    fact::{Evidence, Fact, Neighbour},
    validate::{
        BOOTTIME_MS_MAX, ReportProblem, SUMMARY_RUNS_MAX, SUMMARY_SLOTS_MAX, TEXT_BYTES_MAX,
        validate,
    },
};
use crate::wire::{
    id::{AgentId, BootId},
    schedule::Profile,
};

/// Most entries in one report.
pub const ENTRIES_MAX: usize = 4_096;
/// Most samples in one report, over all its entries.
pub const SAMPLES_MAX: usize = 65_536;
/// Most evidence records in one report, over all its entries.
pub const EVIDENCE_MAX: usize = 16_384;
/// Most lines in one report.
pub const LINES_MAX: usize = 16;
/// Most time exchanges in one report.
pub const TIME_EXCHANGES_MAX: usize = 256;
/// Most hops of one path: the largest useful time to live.
pub const HOPS_MAX: usize = 64;

/// Body of a batch. All entries belong to one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of the wire contract ([`crate::wire::VERSION`]).
    pub version: u16,
    /// Who measured; equals the envelope's.
    pub agent: AgentId,
    /// The boot; equals the envelope's.
    pub boot: BootId,
    /// Name and version of the software, at most 64 bytes.
    pub software: String,
    /// Profile in use.
    pub profile: Profile,
    /// Boot time when the batch was sealed.
    pub sealed_boottime_ms: u64,
    /// What the machine's wall clock said then, Unix milliseconds; a hint, `null` without a clock.
    pub sealed_wall_unix_ms: Option<i64>,
    /// Exchanges with the collector in this boot, at most [`TIME_EXCHANGES_MAX`], newest last.
    #[serde(deserialize_with = "bounded::<_, _, TIME_EXCHANGES_MAX>")]
    pub time_exchanges: Vec<TimeExchange>,
    /// Targets that samples refer to by index; their identifiers in the schedule.
    #[serde(deserialize_with = "bounded::<_, _, {crate::wire::schedule::TARGETS_MAX}>")]
    pub targets: Vec<ReportedTarget>,
    /// Lines that samples and evidence refer to by index, at most [`LINES_MAX`].
    #[serde(deserialize_with = "bounded::<_, _, LINES_MAX>")]
    pub lines: Vec<Line>,
    /// Entries in ascending order of sequence, at most [`ENTRIES_MAX`].
    #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
    pub entries: Vec<Entry>,
}

/// One exchange of time with the collector (as in NTP, RFC 5905 §8): the offset lies within
/// ± half the round trip of `collector − agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeExchange {
    /// Boot time when the agent sent its request.
    pub sent_boottime_ms: u64,
    /// Boot time when the agent had the answer.
    pub received_boottime_ms: u64,
    /// `received_unix_ms` of the receipt or time statement.
    pub collector_received_unix_ms: i64,
    /// `sent_unix_ms` of the receipt or time statement.
    pub collector_sent_unix_ms: i64,
}

/// A target as the samples name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedTarget {
    /// Identifier in the schedule.
    pub id: String,
    /// Kind of measurement.
    pub kind: Kind,
    /// Length of its slots, seconds.
    pub slot_seconds: u32,
}

/// Kinds of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// ICMP echo; response time = round trip.
    Icmp,
    /// HTTP or HTTPS request; response time = whole request.
    Http,
    /// DNS query; response time = answer.
    Dns,
    /// TCP connection; response time = handshake.
    Tcp,
    /// ndt7 throughput; response time = connecting.
    Throughput,
    /// Path to a target; response time = the target's answer.
    Path,
}

/// A way out of the machine. Gateways appear as keyed hashes only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Local interface, e.g. `eth0`.
    pub interface: String,
    /// First 16 bytes of the keyed hash of the gateway, 32 hexadecimal digits; `null` when the route
    /// has no gateway (loopback, point to point) or none is known.
    pub gateway: Option<String>,
    /// Address family.
    pub family: Family,
}

/// Address family of a line. The two are separate series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// One entry of the spool. (agent, boot, sequence) is its identity for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Grows by one with every entry over the agent's life, across boots.
    pub sequence: u64,
    /// Boot time when the entry was written.
    pub written_boottime_ms: u64,
    /// What it holds.
    pub content: Content,
}

/// Content of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// What was measured and seen since the entry before.
    Minute(Minute),
    /// Old lossless minutes, thinned because the spool was full.
    Summary(Summary),
}

/// What was measured and seen in one recording interval (a minute, or less).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minute {
    /// Measurements.
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    pub samples: Vec<Sample>,
    /// What the agent saw of its own state and of the line.
    #[serde(deserialize_with = "bounded::<_, _, EVIDENCE_MAX>")]
    pub evidence: Vec<Evidence>,
}

/// One target in one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Index into [`Report::targets`].
    pub target: u16,
    /// Index into [`Report::lines`]; `null` when the line is not known.
    pub line: Option<u16>,
    /// Boot time of the first packet.
    pub start_boottime_ms: u64,
    /// What happened.
    pub outcome: Outcome,
    /// Packets or requests sent. 0 means that nothing was measured.
    pub sent: u16,
    /// Answers that came in time.
    pub received: u16,
    /// Shortest response time, microseconds; `null` when nothing was received.
    pub rtt_us_min: Option<u32>,
    /// Median response time (nearest rank), microseconds.
    pub rtt_us_median: Option<u32>,
    /// Longest response time, microseconds.
    pub rtt_us_max: Option<u32>,
    /// Mean absolute difference of successive response times, microseconds; needs two answers.
    pub rtt_us_mean_successive_difference: Option<u32>,
    /// The times are of the process, not of the kernel: milliseconds off on a busy machine.
    pub coarse: bool,
    /// What only this kind of measurement has.
    pub detail: Option<Detail>,
}

/// What happened in a slot: that of the last packet or request that failed, `ok` when none did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every packet was answered.
    Ok,
    /// No answer in time.
    Timeout,
    /// ICMP: network or host unreachable, or prohibited.
    Unreachable,
    /// ICMP: time exceeded on the way.
    TimeExceeded,
    /// The machine has no route.
    NoRoute,
    /// TCP connection refused.
    Refused,
    /// TCP connection reset or closed early.
    Reset,
    /// The name does not exist (NXDOMAIN).
    DnsNxDomain,
    /// The name exists without such a record (NODATA).
    DnsNoData,
    /// The resolver failed (SERVFAIL).
    DnsServFail,
    /// The resolver refused.
    DnsRefused,
    /// The resolver did not answer.
    DnsTimeout,
    /// The answer was truncated and not available over TCP.
    DnsTruncated,
    /// TLS handshake failed.
    TlsFailed,
    /// An HTTP answer with a status outside the expected range.
    HttpStatus,
    /// An answer that is not HTTP.
    HttpMalformed,
    /// Something on the way answered in the target's place.
    Intercepted,
    /// Not sent: the volume budget is used up.
    OverBudget,
    /// Not sent: the agent could not (no socket, its own fault).
    NotSent,
}

/// What only one kind of measurement has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Detail {
    /// Phases of an HTTP request; a phase that was not reached is `null`.
    Http {
        /// Name resolution, microseconds; `null` also for literal addresses.
        dns_us: Option<u32>,
        /// TCP handshake, microseconds.
        connect_us: Option<u32>,
        /// TLS handshake, microseconds.
        tls_us: Option<u32>,
        /// From the request to the first byte of the answer, microseconds.
        first_byte_us: Option<u32>,
        /// The whole, microseconds.
        total_us: Option<u32>,
        /// HTTP status.
        status: Option<u16>,
        /// End of validity of the leaf certificate, Unix seconds.
        leaf_expires_unix_s: Option<i64>,
        /// Earliest end of validity in the chain that was sent, Unix seconds.
        chain_expires_unix_s: Option<i64>,
        /// Whether the chain is valid for the name at the corrected time; `null` when not known.
        certificate_valid: Option<bool>,
    },
    /// DNS answer.
    Dns {
        /// Records in the answer.
        answers: u16,
        /// Shortest time to live, seconds.
        ttl_seconds: Option<u32>,
    },
    /// ndt7 throughput (specification v0.11).
    Throughput {
        /// Mean download rate.
        download_bits_per_second: Option<u64>,
        /// Mean upload rate.
        upload_bits_per_second: Option<u64>,
        /// Bytes that the measurement cost.
        bytes: u64,
    },
    /// Hops of a path; a hop that did not answer is `null`. Addresses as keyed hashes.
    Path {
        /// One per time to live, from 1; at most [`HOPS_MAX`].
        #[serde(deserialize_with = "bounded::<_, _, HOPS_MAX>")]
        hops: Vec<Option<Hop>>,
    },
}

/// One hop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// First 16 bytes of the keyed hash of its address, 32 hexadecimal digits.
    pub address: String,
    /// Response time, microseconds.
    pub rtt_us: u32,
}

/// Old minutes without any loss, thinned. A minute in which anything failed is never thinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// First sequence number that it replaces.
    pub replaces_first: u64,
    /// Last sequence number that it replaces.
    pub replaces_last: u64,
    /// Runs of equally spaced, lossless samples.
    #[serde(deserialize_with = "bounded::<_, _, SUMMARY_RUNS_MAX>")]
    pub runs: Vec<SummaryRun>,
}

/// Equally spaced samples of one target over one line, each with outcome `ok` and
/// received = sent = `sent_per_slot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryRun {
    /// Index into [`Report::targets`].
    pub target: u16,
    /// Index into [`Report::lines`].
    pub line: Option<u16>,
    /// Boot time of the first sample.
    pub first_start_boottime_ms: u64,
    /// Distance of the samples, milliseconds.
    pub interval_ms: u32,
    /// Number of samples, from 1.
    pub slots: u32,
    /// Packets sent, and received, in each.
    pub sent_per_slot: u16,
    /// Shortest response time of all, microseconds.
    pub rtt_us_min: u32,
    /// Median of the slots' medians (nearest rank), microseconds.
    pub rtt_us_median: u32,
    /// Longest response time of all, microseconds.
    pub rtt_us_max: u32,
}
