//! What is on at a start: faults that are open when the page opens, and some that begin and end
//! within its first ten minutes.

use super::{Fault, FaultKind, Setting, Site, Start, power, serves};
use crate::demo::world::draw::{draw, pick};

/// Which sites a row of the scene may take.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// A site that reports while its line is cut.
    OverSim,
    /// A site that does not.
    Alone,
    /// A site where every target must answer.
    Service,
    /// The same, reporting over a SIM.
    ServiceOverSim,
}

/// Rows: kind, who, begin and end in minutes after the start. The first ten minutes have ends and
/// begins; the rest is there to be found.
const ROWS: [(FaultKind, Who, i64, i64); 22] = [
    (FaultKind::LastMile, Who::OverSim, -95, 260),
    (FaultKind::LastMile, Who::OverSim, 1, 9),
    (FaultKind::LastMile, Who::Alone, -44, 5),
    (FaultKind::CarrierDown, Who::OverSim, -30, 190),
    (FaultKind::CarrierDown, Who::OverSim, 2, 10),
    (FaultKind::GatewaySilent, Who::Alone, -18, 7),
    (FaultKind::ResolverOfLine, Who::Service, -40, 20),
    (FaultKind::ResolverOfLine, Who::Service, -12, 3),
    (FaultKind::Destination, Who::Service, -9, 6),
    (FaultKind::Transit, Who::Service, -14, 4),
    (FaultKind::CaptivePortal, Who::ServiceOverSim, -300, 30),
    (FaultKind::Lossy, Who::OverSim, -120, 300),
    (FaultKind::Lossy, Who::Service, -25, 8),
    (FaultKind::Flicker, Who::OverSim, -60, 240),
    (FaultKind::Flicker, Who::Alone, -20, 90),
    (FaultKind::PowerSensed, Who::Service, -50, 6),
    (FaultKind::PowerGateway, Who::Service, -70, 3),
    (FaultKind::Unplugged, Who::Service, -150, 8),
    (FaultKind::Silent, Who::Service, -1_100, 4_000),
    (FaultKind::Silent, Who::Alone, -180, 5_000),
    (FaultKind::Silent, Who::Alone, -35, 3_000),
    (FaultKind::CollectorCut, Who::Alone, -1_300, 4),
];

/// An operator's network is down in one region: begun before the start, over within ten minutes.
const REGION: (i64, i64) = (-25, 9);
/// A feeder comes back.
const FEEDER: (i64, i64) = (-65, 11);
/// Sites for which the whole scene is meant; a smaller fleet gets its first rows.
const SITES_OF_ALL: usize = 60;

/// The scene of a start.
pub(super) fn of(setting: &Setting<'_>, start: Start) -> Vec<Fault> {
    let mut taken: Vec<u32> = Vec::new();
    let mut found = Vec::new();
    let minute = start.minute.unsigned_abs();
    let region = pick(setting.draw(&[31, minute]), setting.sites);
    let rows = ROWS.len() * setting.sites.len() / SITES_OF_ALL;
    for (row, (kind, who, from, to)) in (0_u64..).zip(ROWS).take(rows) {
        let free = |site: &Site| {
            let of_region = region.is_some_and(|one| same_network(one, site));
            fits(who, site) && !of_region && !taken.contains(&site.number)
        };
        let pool = setting.with(free);
        if let Some(site) = pick(draw(setting.seed, &[32, minute, row]), &pool) {
            taken.push(site.number);
            found.push(fault(kind, site, start, (from, to)));
        }
    }
    if rows < ROWS.len() {
        return found;
    }
    let free = setting.with(|site| !taken.contains(&site.number));
    let of_region = free
        .iter()
        .filter(|site| region.is_some_and(|one| same_network(one, site)));
    found.extend(of_region.map(|site| fault(FaultKind::Upstream, site, start, REGION)));
    let others = setting.with(|site| {
        !taken.contains(&site.number) && !region.is_some_and(|one| same_network(one, site))
    });
    if let Some(one) = pick(setting.draw(&[33, minute]), &others) {
        let of_feeder = others.iter().filter(|site| site.feeder() == one.feeder());
        found.extend(of_feeder.map(|site| fault(power(site), site, start, FEEDER)));
    }
    found
}

fn fault(kind: FaultKind, site: &Site, start: Start, (from, to): (i64, i64)) -> Fault {
    Fault {
        kind,
        site: site.number,
        from: start.minute + from,
        to: start.minute + to,
    }
}

fn same_network(one: &Site, other: &Site) -> bool {
    one.region == other.region && one.operator == other.operator
}

fn fits(who: Who, site: &Site) -> bool {
    match who {
        Who::OverSim => site.reports_over_sim,
        Who::Alone => !site.reports_over_sim,
        Who::Service => serves(site),
        Who::ServiceOverSim => serves(site) && site.reports_over_sim,
    }
}
