//! What an agent measures and sees in one minute.
//!
//! Samples are taken in every minute in which the box runs. What the agent sees of its line is told
//! where a real agent's word would be read: while something fails, in the two minutes after it, and
//! once an hour.

mod evidence;
mod rate;
mod rtt;

use desserte_probe::report::{Minute, Outcome, Sample};

use super::MINUTE_MS;
use super::boots::Boot;
use super::draw::unit;
use super::fault::{Fault, FaultKind};
use super::script::Script;
use super::site::{Contract, Site, Technology, Terms};
use rtt::{Times, response};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Pings of the national exchange.
    National,
    /// Pings of an anchor abroad.
    International,
    /// A page of the national portal.
    Portal,
    /// Pings of another anchor abroad: one alone may be down itself.
    OtherAbroad,
    /// Throughput against the collector.
    Rate,
}

/// Targets of every site, and what some are asked beside them.
const OF_EVERY_SITE: [Target; 3] = [Target::National, Target::International, Target::Portal];
const OF_A_SERVICE: [Target; 4] = [
    Target::National,
    Target::International,
    Target::Portal,
    Target::OtherAbroad,
];
const WITH_RATE: [Target; 4] = [
    Target::National,
    Target::International,
    Target::Portal,
    Target::Rate,
];
/// Minutes of a slot in which throughput is measured once.
const RATE_EVERY: i64 = 360;
/// Most bytes of a throughput test in one direction, at which a fast line ends its test early.
pub const RATE_BYTES_MAX: u64 = 20_000_000;

/// What a site measures, in the order of a report's targets.
#[must_use]
pub fn targets(site: &Site) -> &'static [Target] {
    match (site.contract, site.contract.terms(), site.technology) {
        (_, Terms::Service, _) => &OF_A_SERVICE,
        (Contract::SchoolsB, _, _) => &WITH_RATE,
        // Paid by the megabyte.
        (_, _, Technology::Satellite) => &OF_EVERY_SITE,
        _ => &WITH_RATE,
    }
}

/// Length of a target's slots, seconds.
#[must_use]
pub fn slot_seconds(target: Target) -> u32 {
    match target {
        Target::Rate => 6 * 3_600,
        _ => 60,
    }
}
/// Pings to an anchor in a minute.
pub const PACKETS: u16 = 5;
/// Minutes after a fault in which the agent still tells of its line.
const TOLD_AFTER: i64 = 2;

/// One site's life, to be asked minute by minute.
#[derive(Debug, Clone, Copy)]
pub struct Life<'a> {
    /// The seed.
    pub seed: u64,
    /// The site.
    pub site: &'a Site,
    /// What happens.
    pub script: &'a Script,
}

impl Life<'_> {
    /// The fault of a minute.
    #[must_use]
    pub fn fault(&self, minute: i64) -> Option<&Fault> {
        self.script.at(self.site.number, minute)
    }

    /// Whether the box measures in a minute.
    #[must_use]
    pub fn measures(&self, minute: i64) -> bool {
        self.fault(minute)
            .is_none_or(|fault| !fault.kind.box_is_off())
    }

    /// Whether the collector can be reached in a minute.
    #[must_use]
    pub fn reaches_collector(&self, minute: i64) -> bool {
        let over_sim = self.site.reports_over_sim;
        self.fault(minute)
            .is_none_or(|fault| fault.kind.reaches_collector(over_sim))
    }

    /// The fault that was over just now, if there was one.
    fn just_over(&self, minute: i64) -> Option<&Fault> {
        (1..=TOLD_AFTER).find_map(|ago| self.fault(minute - ago))
    }

    /// What is measured and seen in a minute of a boot.
    #[must_use]
    pub fn minute(&self, minute: i64, boot: &Boot, before: Option<&Boot>) -> Minute {
        let start = minute * MINUTE_MS + self.site.phase_ms(self.seed);
        let samples = (0_u16..)
            .zip(targets(self.site))
            .filter(|(_, target)| **target != Target::Rate || self.tests_rate(minute))
            .map(|(index, target)| {
                let at = start + i64::from(index) * 2_000;
                self.sample((index, *target), minute, boot.boottime_ms(at))
            })
            .collect();
        Minute {
            samples,
            evidence: self.evidence(minute, boot, before),
        }
    }

    /// Throughput is tested once in its slot, each site at its own minute: together they would
    /// measure each other.
    fn tests_rate(&self, minute: i64) -> bool {
        minute.rem_euclid(RATE_EVERY) == i64::from(self.site.number) * 7 % RATE_EVERY
    }

    fn sample(
        &self,
        (index, target): (u16, Target),
        minute: i64,
        start_boottime_ms: u64,
    ) -> Sample {
        let drawn = |what| self.drawn(minute, &[u64::from(index), what]);
        let sent = match target {
            Target::Portal | Target::Rate => 1,
            _ => PACKETS,
        };
        let fate = self.fate(target, minute);
        let received = match fate {
            Fate::Answered(lost) => sent - lost.min(sent),
            Fate::Failed(_) => 0,
        };
        let times = Times::of(received, |packet| {
            response(self.site, target, minute, drawn(10 + u64::from(packet)))
        });
        let slow = u32::from(target == Target::Portal && self.is(minute, FaultKind::Lossy));
        let stretch = |us: u32| us.saturating_mul(1 + 9 * slow);
        Sample {
            target: index,
            line: Some(0),
            start_boottime_ms,
            outcome: match fate {
                Fate::Answered(_) if received == sent => Outcome::Ok,
                Fate::Answered(_) => Outcome::Timeout,
                Fate::Failed(outcome) => outcome,
            },
            sent,
            received,
            rtt_us_min: times.map(|times| stretch(times.min)),
            rtt_us_median: times.map(|times| stretch(times.median)),
            rtt_us_max: times.map(|times| stretch(times.max)),
            rtt_us_mean_successive_difference: times.and_then(|times| times.difference),
            coarse: self.is(minute, FaultKind::Lagging),
            detail: (target == Target::Rate && received > 0)
                .then(|| rate::measured(self.site, minute, drawn(30), drawn(31))),
        }
    }

    fn is(&self, minute: i64, kind: FaultKind) -> bool {
        self.fault(minute).is_some_and(|fault| fault.kind == kind)
    }

    fn drawn(&self, minute: i64, what: &[u64]) -> u64 {
        let key = self.site.draw(self.seed, &[51, minute.unsigned_abs()]);
        super::draw::draw(key, what)
    }

    /// What becomes of the requests to a target.
    fn fate(&self, target: Target, minute: i64) -> Fate {
        use FaultKind as Kind;
        let Some(fault) = self.fault(minute) else {
            return self.healthy(target, minute);
        };
        let page = target == Target::Portal;
        match fault.kind {
            Kind::CarrierDown => Fate::Failed(Outcome::NoRoute),
            Kind::ResolverOfLine | Kind::ResolverOfSite if page => {
                Fate::Failed(Outcome::DnsTimeout)
            }
            Kind::CaptivePortal if page => Fate::Failed(Outcome::Intercepted),
            Kind::Lossy if !page && target != Target::Rate => {
                Fate::Answered(2 + u16::from(self.coin(target, minute, 0.6)))
            }
            kind if times_out(kind, target, minute - fault.from) => Fate::Failed(Outcome::Timeout),
            _ => self.healthy(target, minute),
        }
    }

    /// A packet is lost now and then; a page is loaded again by TCP.
    fn healthy(&self, target: Target, minute: i64) -> Fate {
        let packets = !matches!(target, Target::Portal | Target::Rate);
        let lost = packets && self.coin(target, minute, rtt::loss(self.site));
        Fate::Answered(u16::from(lost))
    }

    fn coin(&self, target: Target, minute: i64, share: f64) -> bool {
        let what = match target {
            Target::National => 1,
            Target::International => 2,
            Target::Portal => 3,
            Target::OtherAbroad => 4,
            Target::Rate => 5,
        };
        unit(self.drawn(minute, &[what, 99])) < share
    }
}

/// What becomes of the requests of a minute.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// All but so many came back.
    Answered(u16),
    /// None did.
    Failed(Outcome),
}

/// Whether nothing comes back from a target so many minutes after a fault began.
fn times_out(kind: FaultKind, target: Target, since: i64) -> bool {
    use FaultKind as Kind;
    match kind {
        Kind::LastMile
        | Kind::Upstream
        | Kind::GatewaySilent
        | Kind::WithoutEvidence
        | Kind::CaptivePortal
        | Kind::Lagging => true,
        Kind::Transit => matches!(target, Target::International | Target::OtherAbroad),
        Kind::Destination => target == Target::Portal,
        // Two minutes of six, so that no run of them makes an outage.
        Kind::Flicker => since.rem_euclid(6) < 2,
        _ => false,
    }
}
