//! Why a minute was unreachable: a closed list of causes, and the evidence for each.
//!
//! [`decide`] is a pure function over [`CauseEvidence`]; the first rule that matches wins, and a
//! verdict carries the facts that it used, as codes and numbers, so that a screen can phrase them
//! in any language. *Unknown* is said of slots, *undetermined* of causes.

mod combine;
mod decide;
mod evidence;
mod fact;
mod rules;

pub use combine::combine;
pub use decide::decide;
pub use evidence::{
    AgentEvidence, CauseEvidence, CollectorEvidence, LanEvidence, NameEvidence, NeighbourState,
    PathEvidence, PowerEvidence, ProbeCount, Share, TargetsEvidence,
};
pub use fact::Fact;

use serde::{Deserialize, Serialize};

/// Cause of an unreachable minute. Closed list; the identifiers are part of every interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The site lost power, corroborated.
    Power,
    /// The box restarted and nothing corroborates a power cut: it may have been unplugged.
    RestartedUnproven,
    /// The box was shut down cleanly.
    PlannedStop,
    /// The agent's process died and came back.
    Agent,
    /// The host slept.
    HostSuspended,
    /// The local network: carrier, Wi-Fi, route or gateway.
    Lan,
    /// Between the gateway and the operator's first hop.
    LastMile,
    /// Inside the operator's network, beyond the first hop.
    Upstream,
    /// International transit: national destinations answer.
    Transit,
    /// Somebody answers in the destinations' place.
    CaptivePortal,
    /// Names fail, addresses answer, and the resolver is the judged line's.
    DnsLine,
    /// Names fail, addresses answer, and the resolver is another's.
    DnsOther,
    /// The destination itself: the line works.
    Destination,
    /// The collector; never against the site.
    Collector,
    /// The evidence does not decide.
    Undetermined,
}

/// All causes, in the order of the list.
pub const CAUSES: [Cause; 15] = [
    Cause::Power,
    Cause::RestartedUnproven,
    Cause::PlannedStop,
    Cause::Agent,
    Cause::HostSuspended,
    Cause::Lan,
    Cause::LastMile,
    Cause::Upstream,
    Cause::Transit,
    Cause::CaptivePortal,
    Cause::DnsLine,
    Cause::DnsOther,
    Cause::Destination,
    Cause::Collector,
    Cause::Undetermined,
];

/// Where along the path the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locus {
    /// Power, box or agent at the site.
    Site,
    /// The site's own network.
    LocalNetwork,
    /// The access line.
    AccessLine,
    /// The operator's network.
    OperatorNetwork,
    /// International links.
    International,
    /// Name resolution.
    NameService,
    /// The destination.
    Destination,
    /// The collector.
    Collector,
    /// Not decided.
    Unknown,
}

impl Cause {
    /// Where a fault of this cause lies.
    #[must_use]
    pub fn locus(self) -> Locus {
        match self {
            Self::Power
            | Self::RestartedUnproven
            | Self::PlannedStop
            | Self::Agent
            | Self::HostSuspended => Locus::Site,
            Self::Lan => Locus::LocalNetwork,
            Self::LastMile => Locus::AccessLine,
            Self::Upstream | Self::CaptivePortal => Locus::OperatorNetwork,
            Self::Transit => Locus::International,
            Self::DnsLine | Self::DnsOther => Locus::NameService,
            Self::Destination => Locus::Destination,
            Self::Collector => Locus::Collector,
            Self::Undetermined => Locus::Unknown,
        }
    }

    /// The identifier used in every interface, for example `last_mile`.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::RestartedUnproven => "restarted_unproven",
            Self::PlannedStop => "planned_stop",
            Self::Agent => "agent",
            Self::HostSuspended => "host_suspended",
            Self::Lan => "lan",
            Self::LastMile => "last_mile",
            Self::Upstream => "upstream",
            Self::Transit => "transit",
            Self::CaptivePortal => "captive_portal",
            Self::DnsLine => "dns_line",
            Self::DnsOther => "dns_other",
            Self::Destination => "destination",
            Self::Collector => "collector",
            Self::Undetermined => "undetermined",
        }
    }
}

/// What the evidence says of an unreachable minute or outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Cause.
    pub cause: Cause,
    /// Where along the path.
    pub locus: Locus,
    /// Decided on partial loss: the part named lost some packets, not all.
    pub degraded: bool,
    /// The evidence used, strongest first.
    pub facts: Vec<Fact>,
}

impl Verdict {
    /// A verdict on a dead part.
    #[must_use]
    pub fn new(cause: Cause, facts: Vec<Fact>) -> Self {
        Self {
            cause,
            locus: cause.locus(),
            degraded: false,
            facts,
        }
    }
}
