//! What can happen to a site, and which cause must be found from what its agent then reports.

use desserte_domain::cause::Cause;

use super::site::Terms;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// Power cut that a mains sensor saw.
    PowerSensed,
    /// Power cut after which the gateway says that it started anew too.
    PowerGateway,
    /// Power cut that nothing proves.
    PowerUnproven,
    /// The box was unplugged: its gateway ran on.
    Unplugged,
    /// The box was shut down cleanly.
    PlannedStop,
    /// The agent's process died and was started again.
    AgentCrash,
    /// The host slept.
    Suspended,
    /// The box is off, and nobody knows why.
    Silent,
    /// The access line is cut.
    LastMile,
    /// The operator's network behind the first hop is down.
    Upstream,
    /// International transit is down; the country answers.
    Transit,
    /// The operator's resolver is down.
    ResolverOfLine,
    /// The site's own resolver is down.
    ResolverOfSite,
    /// The gateway is silent.
    GatewaySilent,
    /// The cable is out.
    CarrierDown,
    /// The line loses half of the packets.
    Lossy,
    /// The line fails for a minute or two, again and again.
    Flicker,
    /// The national portal is down.
    Destination,
    /// A portal answers in everybody's place.
    CaptivePortal,
    /// Nothing answers, and the agent may not probe its line.
    WithoutEvidence,
    /// Nothing answers, and the box is overloaded.
    Lagging,
    /// The way to the collector is blocked: everything is measured and comes late.
    CollectorCut,
}

/// What must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An outage of this cause.
    Outage(Cause),
    /// No outage: the slots are good, or nobody knows.
    NoOutage,
}

/// Every kind, for tables and tests.
pub const KINDS: [FaultKind; 22] = [
    FaultKind::PowerSensed,
    FaultKind::PowerGateway,
    FaultKind::PowerUnproven,
    FaultKind::Unplugged,
    FaultKind::PlannedStop,
    FaultKind::AgentCrash,
    FaultKind::Suspended,
    FaultKind::Silent,
    FaultKind::LastMile,
    FaultKind::Upstream,
    FaultKind::Transit,
    FaultKind::ResolverOfLine,
    FaultKind::ResolverOfSite,
    FaultKind::GatewaySilent,
    FaultKind::CarrierDown,
    FaultKind::Lossy,
    FaultKind::Flicker,
    FaultKind::Destination,
    FaultKind::CaptivePortal,
    FaultKind::WithoutEvidence,
    FaultKind::Lagging,
    FaultKind::CollectorCut,
];

/// Something that happens to a site in `[from, to)`, minutes since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Number of the site.
    pub site: u32,
    /// First minute.
    pub from: i64,
    /// First minute after it.
    pub to: i64,
}

impl Fault {
    /// Whether it holds in a minute.
    #[must_use]
    pub fn holds(&self, minute: i64) -> bool {
        (self.from..self.to).contains(&minute)
    }
}

impl FaultKind {
    /// The box does not run: nothing is measured.
    #[must_use]
    pub fn box_is_off(self) -> bool {
        self.starts_again() || matches!(self, Self::AgentCrash | Self::Suspended)
    }

    /// The box boots afterwards.
    #[must_use]
    pub fn starts_again(self) -> bool {
        matches!(
            self,
            Self::PowerSensed
                | Self::PowerGateway
                | Self::PowerUnproven
                | Self::Unplugged
                | Self::PlannedStop
                | Self::Silent
        )
    }

    /// The site's own measurements show it while it lasts.
    #[must_use]
    pub fn is_felt(self) -> bool {
        !self.box_is_off() && self != Self::CollectorCut
    }

    /// The collector is reached while it lasts, by a box with or without a SIM of its own.
    #[must_use]
    pub fn reaches_collector(self, over_sim: bool) -> bool {
        match self {
            Self::GatewaySilent | Self::CollectorCut => false,
            Self::LastMile
            | Self::Upstream
            | Self::CarrierDown
            | Self::CaptivePortal
            | Self::WithoutEvidence
            | Self::Lagging => over_sim,
            _ => !self.box_is_off(),
        }
    }

    /// What must be found of it where these terms decide, while it lasts or when it is over.
    #[must_use]
    pub fn expected(self, terms: Terms, over: bool) -> Expected {
        use Expected::{NoOutage, Outage};
        let service = terms == Terms::Service;
        let of_service = |cause| if service { Outage(cause) } else { NoOutage };
        match self {
            Self::PowerSensed | Self::PowerGateway => of_service(Cause::Power),
            Self::PowerUnproven | Self::Unplugged => of_service(Cause::RestartedUnproven),
            Self::PlannedStop => of_service(Cause::PlannedStop),
            Self::AgentCrash => of_service(Cause::Agent),
            Self::Suspended => of_service(Cause::HostSuspended),
            Self::Silent if over => of_service(Cause::RestartedUnproven),
            Self::Silent => of_service(Cause::Undetermined),
            Self::Upstream => Outage(Cause::Upstream),
            Self::Transit => of_service(Cause::Transit),
            Self::ResolverOfLine => of_service(Cause::DnsLine),
            Self::ResolverOfSite => of_service(Cause::DnsOther),
            Self::GatewaySilent | Self::CarrierDown => Outage(Cause::Lan),
            // A page still comes over a line that loses half of its pings: slowly.
            Self::Lossy if terms == Terms::AnyTarget => NoOutage,
            Self::LastMile | Self::Lossy => Outage(Cause::LastMile),
            Self::Destination => of_service(Cause::Destination),
            Self::CaptivePortal => Outage(Cause::CaptivePortal),
            Self::WithoutEvidence | Self::Lagging => Outage(Cause::Undetermined),
            Self::Flicker | Self::CollectorCut => NoOutage,
        }
    }
}
