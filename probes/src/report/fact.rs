//! Evidence: what an agent saw of its own state and of the line.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::Report;
use crate::wire::id::BootId;

/// Something the agent saw, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// When.
    pub boottime_ms: u64,
    /// What.
    pub fact: Fact,
}

/// What an agent can see without reading anyone's traffic. `null` = could not be known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// The agent's process started.
    Started {
        /// Whether the process before it left its clean-stop mark; `null` for the first ever.
        clean_stop: Option<bool>,
        /// The boot in which the process before it ran.
        previous_boot: Option<BootId>,
        /// Boot time at which that process last wrote, in its own boot.
        previous_written_boottime_ms: Option<u64>,
    },
    /// The agent stops because it was told to; the clean-stop mark is on disk.
    Stopping {
        /// Whether the whole machine is being shut down; `null` when not known.
        machine: Option<bool>,
    },
    /// The machine slept (`CLOCK_BOOTTIME` ran ahead of `CLOCK_MONOTONIC`).
    Suspended {
        /// For how long.
        milliseconds: u64,
    },
    /// State of a line.
    Line {
        /// Index into [`Report::lines`].
        line: u16,
        /// Carrier of its interface.
        carrier: Option<bool>,
        /// Wi-Fi association; `null` for a wired interface.
        associated: Option<bool>,
        /// Whether a default route leads over it.
        route: Option<bool>,
        /// The gateway in the kernel's neighbour table.
        gateway: Neighbour,
    },
    /// Active probe of the gateway.
    Gateway {
        /// Index into [`Report::lines`].
        line: u16,
        /// Probes sent.
        sent: u16,
        /// Answers.
        received: u16,
    },
    /// Active probe of the first hop beyond the gateway.
    FirstHop {
        /// Index into [`Report::lines`].
        line: u16,
        /// Probes sent.
        sent: u16,
        /// Answers.
        received: u16,
    },
    /// Active probe of the resolver.
    Resolver {
        /// Whether the resolver lies on the judged line (the contractor's).
        on_line: Option<bool>,
        /// Queries.
        sent: u16,
        /// Answers of any kind.
        received: u16,
    },
    /// Interception by a portal.
    Captive {
        /// Whether a known answer came back changed.
        intercepted: bool,
    },
    /// Uptime of the gateway, where it tells (SNMP, `UPnP`).
    GatewayUptime {
        /// Seconds.
        seconds: u64,
    },
    /// Power supply, where the machine knows.
    Power {
        /// On mains.
        mains: Option<bool>,
        /// Charge of the battery, percent.
        battery_percent: Option<u8>,
    },
    /// ICMP errors received for a target since the entry before.
    IcmpError {
        /// Index into [`Report::targets`].
        target: u16,
        /// ICMP type.
        icmp_type: u8,
        /// ICMP code.
        icmp_code: u8,
        /// How many.
        count: u16,
    },
    /// Attempts to reach the collector since the entry before.
    Collector {
        /// Attempts.
        attempts: u16,
        /// Attempts that were answered.
        answered: u16,
    },
    /// The agent itself ran late: its measurements of this minute are doubtful.
    Lag {
        /// By how much at most.
        milliseconds: u64,
    },
    /// The wall clock was stepped.
    ClockStep {
        /// New minus expected, milliseconds.
        milliseconds: i64,
    },
    /// State of the spool.
    Spool {
        /// Entries not yet receipted.
        entries: u64,
        /// Bytes on disk.
        bytes: u64,
        /// Minutes thinned to summaries over the agent's life.
        minutes_thinned: u64,
        /// Entries lost to damage or space over the agent's life.
        entries_lost: u64,
        /// Batches that the collector refused for good, kept aside.
        batches_refused: u64,
    },
    /// Volume of this month (by the corrected time), everything the agent sent and received.
    Volume {
        /// Bytes sent.
        sent_bytes: u64,
        /// Bytes received.
        received_bytes: u64,
    },
}

/// A gateway in the kernel's neighbour table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Neighbour {
    /// Answered lately.
    Reachable,
    /// Asked and silent.
    Failed,
    /// No entry, stale, or no such table here.
    NotKnown,
}
