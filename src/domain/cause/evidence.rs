//! The facts that a verdict may rest on. Every one is optional: absent means *not known*, which is
//! never read as "no".

use serde::{Deserialize, Serialize};

/// Evidence about one interval (a slot or an outage) of one site, on the judged line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CauseEvidence {
    /// The agent and its host.
    pub agent: AgentEvidence,
    /// Power.
    pub power: PowerEvidence,
    /// The site's own network.
    pub lan: LanEvidence,
    /// The path beyond the gateway.
    pub path: PathEvidence,
    /// Name resolution.
    pub names: NameEvidence,
    /// The targets of the site.
    pub targets: TargetsEvidence,
    /// The collector.
    pub collector: CollectorEvidence,
}

/// The agent and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentEvidence {
    /// Nothing was received about the interval, yet.
    pub silent: Option<bool>,
    /// The boot id after the interval is another than before it.
    pub boot_changed: Option<bool>,
    /// The host marked a clean stop before the interval.
    pub clean_stop_mark: Option<bool>,
    /// Same boot, clock ran on, and the agent's process is another.
    pub process_restarted: Option<bool>,
    /// Time the host was suspended in the interval, milliseconds.
    pub suspended_ms: Option<u64>,
    /// The host lagged so much that its probes are not trusted.
    pub lagging: Option<bool>,
}

/// Power at the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PowerEvidence {
    /// A mains sensor or UPS said that mains were lost.
    pub mains_lost: Option<bool>,
    /// The gateway's own uptime started anew in the interval.
    pub gateway_uptime_reset: Option<bool>,
    /// Sites on the same feeder that restarted or went silent at the same time.
    pub neighbours_down: Option<Share>,
}

/// A count out of a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// How many.
    pub count: u32,
    /// Out of how many.
    pub total: u32,
}

/// State of the gateway in the host's neighbour table (ARP or NDP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// It answered.
    Reachable,
    /// It was asked and did not answer.
    Failed,
}

/// Packets sent to one place, and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeCount {
    /// Sent.
    pub sent: u32,
    /// Received.
    pub received: u32,
}

impl ProbeCount {
    /// Something came back.
    #[must_use]
    pub fn alive(self) -> bool {
        self.received > 0
    }

    /// Something was sent and nothing came back.
    #[must_use]
    pub fn dead(self) -> bool {
        self.sent > 0 && self.received == 0
    }

    /// Strictly more than a fifth was lost (the default threshold of a bad slot).
    #[must_use]
    pub fn lossy(self) -> bool {
        u64::from(self.sent.saturating_sub(self.received)) * 5 > u64::from(self.sent)
    }

    /// Everything sent came back.
    #[must_use]
    pub fn whole(self) -> bool {
        self.sent > 0 && self.received >= self.sent
    }
}

/// The site's own network, on the interface that carries the packets to the targets. Left out whole
/// for targets that need no link (on the host itself): a host without a route reaches those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LanEvidence {
    /// The interface has a carrier.
    pub carrier: Option<bool>,
    /// The Wi-Fi interface is associated (absent on a wire).
    pub wifi_associated: Option<bool>,
    /// The host has a route to its targets.
    pub route: Option<bool>,
    /// What the neighbour table says of the gateway.
    pub gateway_neighbour: Option<NeighbourState>,
    /// Pings of the gateway.
    pub gateway: Option<ProbeCount>,
}

/// The path beyond the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PathEvidence {
    /// The operator's first hop.
    pub first_hop: Option<ProbeCount>,
    /// Anchors beyond the operator's network, inside the country.
    pub national_anchors: Option<ProbeCount>,
    /// Anchors abroad.
    pub international_anchors: Option<ProbeCount>,
    /// Anchors beyond the operator's network of which no more is known.
    pub other_anchors: Option<ProbeCount>,
    /// A page with a known empty answer, or a name known not to exist, was answered by another.
    pub intercepted: Option<bool>,
}

/// Name resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NameEvidence {
    /// Some name was resolved; `false`: all failed.
    pub resolve: Option<bool>,
    /// Destinations given by address answer. When absent, anchors and targets say it.
    pub addresses_answer: Option<bool>,
    /// The resolver asked belongs to the judged line.
    pub resolver_on_judged_line: Option<bool>,
}

/// The targets of the site (those of the interval; anchors apart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsEvidence {
    /// Targets with enough sent to judge them.
    pub measured: Option<u32>,
    /// Of these, the ones that did not answer at all.
    pub failing: Option<u32>,
    /// Of these, the ones that lost too much and yet answered.
    pub lossy: Option<u32>,
}

/// The collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectorEvidence {
    /// Batches or heartbeats of this agent arrived over the judged line *during* the interval
    /// (`true`), or the agent tried and could not deliver (`false`). A batch that came afterwards
    /// says nothing.
    pub reachable: Option<bool>,
    /// The collector's own heartbeat ran through the interval.
    pub own_heartbeat: Option<bool>,
}
