//! Sites: the list, one site, its history.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// A site in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteItem {
    /// What every answer says of it.
    #[serde(flatten)]
    pub site: SiteFacts,
    /// Number of agents assigned to it now.
    pub agents: u64,
}

/// What every answer says of a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteFacts {
    /// Stable identifier.
    pub id: String,
    /// Name; `null` when it has none.
    pub name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Town or village.
    pub place: Option<String>,
    /// Administrative area.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// `up`, `degraded`, `down`, `unknown` or `excluded`.
    pub state: String,
    /// Since when; `null` when it was never measured.
    pub since: Option<String>,
    /// Cause of the open outage.
    pub cause: Option<String>,
    /// Whether the site is invented, for a demonstration.
    pub invented: bool,
    /// Whether its live state needs a login once there are logins.
    pub sensitive: bool,
    /// Whether what is known of its connection is made up by a demonstration.
    pub simulated: bool,
}

/// What sites can be filtered by, each list in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facets {
    /// Regions.
    pub regions: Vec<String>,
    /// Operators of their lines.
    pub operators: Vec<String>,
    /// Kinds.
    pub kinds: Vec<String>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteDetail {
    /// What every answer says of it.
    #[serde(flatten)]
    pub site: SiteFacts,
    /// Other names and identifiers that it had.
    pub aliases: Vec<String>,
    /// What was true of it, and when; the oldest first.
    pub versions: Vec<SiteVersion>,
    /// Agents that are or were assigned to it.
    pub agents: Vec<SiteAgent>,
    /// What is measured from it.
    pub targets: Vec<SiteTarget>,
    /// Agreements that name it.
    pub agreements: Vec<String>,
    /// The last sample of each target.
    pub latest: Vec<LatestSample>,
}

/// What was true of a site in an interval.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteVersion {
    /// From when.
    pub valid_from: String,
    /// Until when; `null`: still.
    pub valid_to: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Who provides its line.
    pub operator: Option<String>,
    /// `open`, `closed`, or `merged_into:` and a site.
    pub status: String,
}

/// An agent of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteAgent {
    /// Identifier.
    pub id: String,
    /// `reporting`, `silent` or `revoked`.
    pub state: String,
    /// Since when it is assigned to the site, or was last.
    pub assigned_from: Option<String>,
    /// Until when it was; `null` while it is.
    pub assigned_to: Option<String>,
    /// Whether a demonstration made it up.
    pub simulated: bool,
    /// When its last batch came.
    pub last_batch_at: Option<String>,
    /// When its last heartbeat came.
    pub last_heartbeat_at: Option<String>,
    /// Name and version of its software.
    pub software: Option<String>,
    /// Boot of its last batch.
    pub boot: Option<String>,
    /// Entries that it still keeps.
    pub spool_records: Option<u64>,
    /// Lines over which it reported.
    pub lines: Vec<SiteLine>,
}

/// A line over which an agent reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteLine {
    /// Its key in this collector.
    pub key: String,
    /// Interface of the agent's machine.
    pub interface: Option<String>,
    /// Keyed hash of its gateway.
    pub gateway: Option<String>,
    /// `ipv4` or `ipv6`.
    pub family: Option<String>,
    /// Address from which the collector saw it come last.
    pub public_address: Option<String>,
    /// Whether its samples count for agreements.
    pub confirmed: bool,
    /// When it was first seen.
    pub first_seen_at: String,
    /// When it was last seen.
    pub last_seen_at: String,
}

/// Something that is measured from a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteTarget {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind of measurement.
    pub kind: String,
    /// Host or address.
    pub address: Option<String>,
    /// `national` or `international` when it stands for a part of the path.
    pub anchor: Option<String>,
}

/// What is measured from a site, over the last 24 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TargetDays {
    /// Start of the first step, Unix seconds.
    pub start_unix_s: i64,
    /// Length of a step, seconds.
    pub step_seconds: u32,
    /// One entry a target.
    pub items: Vec<TargetDay>,
}

/// A target with its last sample and its last day; columns of one length, empty when nothing was
/// measured in the day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TargetDay {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind of measurement.
    pub kind: String,
    /// Host or address.
    pub address: Option<String>,
    /// `national` or `international` when it stands for a part of the path.
    pub anchor: Option<String>,
    /// Whether it takes part in deciding the site's slots.
    pub decides: bool,
    /// Its last sample, however old.
    pub latest: Option<LatestSample>,
    /// `up`, `degraded`, `down` or `unknown` in each step.
    pub state: Vec<String>,
    /// Packets or requests sent.
    pub sent: Vec<Option<u64>>,
    /// Answers.
    pub received: Vec<Option<u64>>,
    /// Median of the slots' medians, microseconds.
    pub rtt_us_median: Vec<Option<u32>>,
}

/// Something that changed at a site, as an agent saw it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EvidenceItem {
    /// When.
    pub at: String,
    /// The agent that saw it.
    pub agent: String,
    /// Name of the line that it concerns.
    pub line: Option<String>,
    /// What changed, from a closed list.
    pub code: String,
    /// The numbers that belong to it.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, serde_json::Value>,
}

/// The last sample of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatestSample {
    /// The target.
    pub target: String,
    /// When it started.
    pub at: String,
    /// Packets or requests sent.
    pub sent: u16,
    /// Answers.
    pub received: u16,
    /// Median response time, microseconds; `null` when nothing was received.
    pub rtt_us_median: Option<u32>,
    /// What happened.
    pub outcome: String,
}

/// A target over time, one row a step; columns of equal length. Steps in which nothing was measured
/// hold `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct History {
    /// The target.
    pub target: String,
    /// Whether a demonstration made it up.
    pub simulated: bool,
    /// Length of a step, seconds.
    pub step_seconds: u32,
    /// Start of each step, Unix seconds.
    pub start_unix_s: Vec<i64>,
    /// Packets or requests sent.
    pub sent: Vec<Option<u64>>,
    /// Answers.
    pub received: Vec<Option<u64>>,
    /// Shortest response time, microseconds.
    pub rtt_us_min: Vec<Option<u32>>,
    /// Median of the slots' medians (nearest rank), microseconds.
    pub rtt_us_median: Vec<Option<u32>>,
    /// 95th percentile of the slots' medians (nearest rank), microseconds.
    pub rtt_us_p95: Vec<Option<u32>>,
    /// `up`, `degraded`, `down` or `unknown`: the site's worst slot of the step.
    pub state: Vec<String>,
    /// What the states were told by. `slots`: each slot was judged. `outages`, over more than eight days
    /// where a server of InfluxDB 2 holds the samples: `down` where an outage that was noted overlaps the
    /// step, `up` where a target that counts was measured; `degraded`, a bad slot outside an outage, is
    /// not told.
    pub states_from: String,
    /// What throughput tests found; `null` for targets of another kind.
    pub rates: Option<HistoryRates>,
}

/// Throughput over the same steps as the rest of the history; a step without a test holds `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryRates {
    /// Median rate towards the site (nearest rank), bits per second.
    pub download_bits_per_second: Vec<Option<u64>>,
    /// Median rate from the site (nearest rank), bits per second.
    pub upload_bits_per_second: Vec<Option<u64>>,
}

/// A site's state changed (server-sent event `site`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteChange {
    /// The site.
    pub id: String,
    /// Its new state.
    pub state: String,
    /// Since when.
    pub since: Option<String>,
    /// Cause of the open outage.
    pub cause: Option<String>,
}

/// A sample came (server-sent event `sample`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SampleEvent {
    /// The site.
    pub site: String,
    /// The target.
    pub target: String,
    /// When it started.
    pub at: String,
    /// Median response time, microseconds.
    pub rtt_us_median: Option<u32>,
    /// Packets or requests sent.
    pub sent: u16,
    /// Answers.
    pub received: u16,
}
