//! Facts that a verdict used, as a code and numbers.

use serde::{Deserialize, Serialize};

use super::evidence::{ProbeCount, Share};

/// One piece of evidence. In JSON: `{"code":"first_hop_probe","sent":5,"received":0}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fact {
    /// The boot id changed.
    BootChanged,
    /// A clean stop was marked before.
    CleanStopMark,
    /// No clean stop was marked.
    NoCleanStopMark,
    /// A mains sensor or UPS saw mains lost.
    MainsLost,
    /// The gateway restarted too.
    GatewayUptimeReset,
    /// The gateway did not restart: it kept its power.
    GatewayKeptRunning,
    /// Sites on the same feeder that went at the same time.
    NeighboursDown(Share),
    /// The agent's process was replaced within the same boot.
    ProcessRestarted,
    /// The host was suspended.
    HostSuspended {
        /// For so long, milliseconds.
        milliseconds: u64,
    },
    /// The agent is silent: nothing is known of the interval.
    AgentSilent,
    /// The host lagged: its probes are not trusted.
    HostLagging,
    /// No carrier on the interface.
    CarrierDown,
    /// Wi-Fi not associated.
    WifiNotAssociated,
    /// No route.
    NoRoute,
    /// The gateway did not answer ARP or NDP.
    GatewayNeighbourFailed,
    /// The gateway answered ARP or NDP.
    GatewayNeighbourReachable,
    /// Pings of the gateway.
    GatewayProbe(ProbeCount),
    /// Pings of the operator's first hop.
    FirstHopProbe(ProbeCount),
    /// The first hop was not measured: last mile and upstream cannot be told apart.
    FirstHopNotMeasured,
    /// Nothing is known of the gateway: the local network cannot be ruled out.
    GatewayNotMeasured,
    /// Anchors inside the country.
    NationalAnchorsProbe(ProbeCount),
    /// Anchors abroad.
    InternationalAnchorsProbe(ProbeCount),
    /// Other anchors.
    OtherAnchorsProbe(ProbeCount),
    /// Answers were intercepted.
    AnswersIntercepted,
    /// No name could be resolved.
    NamesFail,
    /// Destinations given by address answer.
    AddressesAnswer,
    /// The resolver belongs to the judged line.
    ResolverOnJudgedLine,
    /// The resolver is another's.
    ResolverElsewhere,
    /// It is not known whose resolver it is.
    ResolverOwnerUnknown,
    /// Targets that fail, of those measured.
    TargetsFailing(Share),
    /// Targets that lose packets, of those measured.
    TargetsLossy(Share),
    /// The collector was reached over the line during the interval.
    CollectorReachable,
    /// The agent could not reach the collector.
    CollectorUnreachable,
    /// The collector's own heartbeat was missing.
    CollectorHeartbeatMissing,
    /// Two pieces of evidence exclude each other.
    Contradiction,
    /// Nothing in the evidence decides.
    EvidenceInsufficient,
}
