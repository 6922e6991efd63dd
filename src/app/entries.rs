//! What the face reads of agents, sites and outages.

use desserte_domain::cause::Cause;
use desserte_domain::observation::Observation;

use super::SiteEntry;
use crate::ingest::{ClockSeen, VolumeSeen};

/// An agent, as the registry and its last batches tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentEntry {
    /// Identifier.
    pub id: String,
    /// Site to which it is assigned now.
    pub site: Option<String>,
    /// When it was enrolled.
    pub enrolled_unix_ms: i64,
    /// Nothing of it is accepted any more.
    pub revoked: bool,
    /// A demonstration made it up.
    pub simulated: bool,
    /// When its last batch came.
    pub last_batch_unix_ms: Option<i64>,
    /// When its last heartbeat came.
    pub last_heartbeat_unix_ms: Option<i64>,
    /// Name and version of its software.
    pub software: Option<String>,
    /// Boot of its last batch.
    pub boot: Option<String>,
    /// Entries that it still keeps.
    pub spool_records: Option<u64>,
    /// Entries that it lost or thinned over its life.
    pub spool_dropped: Option<u64>,
    /// Seconds between its uploads.
    pub upload_seconds: u32,
    /// Lines over which it reported.
    pub lines: Vec<LineEntry>,
    /// Of an agent of one site: from when to when it is or was last assigned to it.
    pub assigned_unix_ms: Option<(i64, Option<i64>)>,
    /// Uptime of its machine when the last heartbeat came, seconds.
    pub uptime_seconds: Option<u32>,
    /// Bytes of its spool.
    pub spool_bytes: Option<u64>,
    /// What it said of its clock last.
    pub clock: Option<ClockSeen>,
    /// Most bytes of a month that its schedule allows it.
    pub monthly_volume_bytes_max: Option<u64>,
    /// What it said of its volume last.
    pub volume: Option<VolumeSeen>,
}

/// A line over which an agent reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEntry {
    /// Its key in this collector.
    pub key: String,
    /// Interface of the agent's machine.
    pub interface: Option<String>,
    /// Keyed hash of its gateway.
    pub gateway: Option<String>,
    /// `ipv4` or `ipv6`.
    pub family: Option<String>,
    /// Address from which it came last.
    pub public_address: Option<String>,
    /// Whether its samples count for agreements.
    pub confirmed: bool,
    /// When it was first seen.
    pub first_seen_unix_ms: i64,
    /// When it was last seen.
    pub last_seen_unix_ms: i64,
}

/// A site with its past.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRecord {
    /// What is true of it now, or was last.
    pub entry: SiteEntry,
    /// Other names and identifiers.
    pub aliases: Vec<String>,
    /// What was true of it, the oldest first.
    pub versions: Vec<VersionEntry>,
    /// Agents that are or were assigned to it.
    pub agents: Vec<AgentEntry>,
    /// What is measured from it.
    pub targets: Vec<TargetEntry>,
    /// The last sample of each target.
    pub latest: Vec<(String, Observation)>,
}

/// What was true of a site in an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionEntry {
    /// From when.
    pub valid_from_unix_ms: i64,
    /// Until when; `None`: still.
    pub valid_to_unix_ms: Option<i64>,
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

/// Something that is measured from a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetEntry {
    /// Identifier.
    pub id: String,
    /// What a person calls it.
    pub name: Option<String>,
    /// Kind of measurement.
    pub kind: String,
    /// Host or address.
    pub address: Option<String>,
    /// Where it lies, when it stands for a part of the path.
    pub anchor: Option<String>,
}

/// Which outages, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutageFilter {
    /// Not over before this moment.
    pub from_unix_ms: Option<i64>,
    /// Begun before this moment.
    pub to_unix_ms: Option<i64>,
    /// Of this site.
    pub site: Option<String>,
    /// Of one of these sites: those that a viewer sees, when that is not all.
    pub sites: Option<Vec<String>>,
    /// Of this cause.
    pub cause: Option<Cause>,
    /// Those that last, or those that are over.
    pub open: Option<bool>,
    /// At sites of this area.
    pub region: Option<String>,
    /// At sites whose line this operator provides.
    pub operator: Option<String>,
    /// At sites of this kind.
    pub kind: Option<String>,
    /// Those after this start and number, in the order of the list.
    pub after: Option<(i64, i64)>,
    /// At most so many.
    pub limit: usize,
}
