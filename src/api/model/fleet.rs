//! The whole at a glance: health, summary, map, agents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SiteLine;

/// The collector answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Version of the collector.
    pub version: String,
}

/// Counts and the availability of the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Summary {
    /// When this was true.
    pub as_of: String,
    /// Open sites by state.
    pub sites: SiteCounts,
    /// Agents that are not revoked.
    pub agents: AgentCounts,
    /// Sites with an agent.
    pub measured_sites: u64,
    /// Sites of which what is known is made up by a demonstration.
    pub simulated_sites: u64,
    /// Over all measured sites; `null` when nothing was measured.
    pub availability_24_hours: Option<Availability24Hours>,
}

/// Open sites by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteCounts {
    /// All.
    pub total: u64,
    /// Reachable.
    pub up: u64,
    /// Reachable, with losses.
    pub degraded: u64,
    /// In an outage.
    pub down: u64,
    /// Nobody measures, or the agent is silent.
    pub unknown: u64,
    /// In an agreed exclusion.
    pub excluded: u64,
}

/// Agents that are not revoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentCounts {
    /// All.
    pub total: u64,
    /// Those that send nothing any more.
    pub silent: u64,
}

/// Slots of the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Availability24Hours {
    /// Slots counted as up.
    pub up_slots: u64,
    /// Slots measured.
    pub measured_slots: u64,
    /// The ratio in percent, six decimals.
    pub percent: String,
}

/// All open sites in columns of equal length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct MapColumns {
    /// Identifiers.
    pub id: Vec<String>,
    /// Names; `null` when a site has none.
    pub name: Vec<Option<String>>,
    /// Kinds.
    pub kind: Vec<String>,
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// States.
    pub state: Vec<String>,
    /// Regions; `null` when not known.
    pub region: Vec<Option<String>>,
    /// Whether any of the sites is invented.
    pub invented: bool,
    /// Whether the state of any of the sites is made up by a demonstration.
    pub simulated: bool,
}

/// An agent in the list of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentItem {
    /// Identifier.
    pub id: String,
    /// Site to which it is assigned now; `null` when to none.
    pub site: Option<String>,
    /// Name of that site.
    pub site_name: Option<String>,
    /// `reporting`, `silent` or `revoked`.
    pub state: String,
    /// Whether a demonstration made it up.
    pub simulated: bool,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When its last batch came.
    pub last_batch_at: Option<String>,
    /// When its last heartbeat came.
    pub last_heartbeat_at: Option<String>,
    /// Name and version of its software.
    pub software: Option<String>,
    /// Entries that it still keeps.
    pub spool_records: Option<u64>,
    /// Entries that it lost or thinned over its life.
    pub spool_dropped: Option<u64>,
    /// Lines that nobody has confirmed.
    pub unconfirmed_lines: u64,
    /// Kind of the site.
    pub site_kind: Option<String>,
    /// Region of the site.
    pub region: Option<String>,
    /// Whether the site is invented, for a demonstration.
    pub invented: bool,
    /// Since when a silent agent has been silent: its last batch, or its enrolment.
    pub silent_since: Option<String>,
    /// Boot of what it said last.
    pub boot: Option<String>,
    /// Uptime of its machine at the last heartbeat, seconds.
    pub uptime_seconds: Option<u32>,
    /// Bytes of its spool.
    pub spool_bytes: Option<u64>,
    /// The line over which it reported last.
    pub line: Option<SiteLine>,
    /// Lines over which it reported.
    pub lines: u64,
    /// What it said of its wall clock last.
    pub clock: Option<AgentClock>,
    /// Most bytes that it may send and receive in a month, as its schedule says; `null`: no limit of
    /// the collector's.
    pub monthly_volume_bytes_max: Option<u64>,
    /// What it said of its volume last.
    pub volume: Option<AgentVolume>,
}

/// An agent's wall clock. Nothing is measured by it: times are the collector's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentClock {
    /// Wall clock minus corrected time, milliseconds; `null` when it has no clock.
    pub offset_ms: Option<i64>,
    /// How far corrected time may be off, milliseconds.
    pub uncertainty_ms: u64,
    /// When that was.
    pub at: String,
}

/// Everything that an agent sent and received in a month, as it counted itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentVolume {
    /// The month, `yyyy-mm`, in UTC.
    pub month: String,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// When it said so.
    pub at: String,
}

/// A new enrolment code. It is shown here and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CodeCreated {
    /// What to type on the agent's machine.
    pub code: String,
    /// Address of the agents' listener.
    pub collector: String,
    /// The site.
    pub site: String,
    /// Until when the code is worth an enrolment.
    pub expires_at: String,
}

/// Who confirms a line, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Who says that the agent was not moved. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub author: String,
    /// How he knows.
    pub reason: String,
}

/// A line that is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Confirmed {
    /// The agent.
    pub agent: String,
    /// The line.
    pub line: String,
    /// Always true.
    pub confirmed: bool,
}

/// An agent that is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revoked {
    /// The agent.
    pub agent: String,
    /// Always true.
    pub revoked: bool,
}
