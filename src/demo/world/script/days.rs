//! The larger faults of a day: power cuts of a feeder in the evening, now and then an operator's
//! region, the transit or the portal, and one of each of the rest somewhere.

use super::{Fault, FaultKind, Setting, Site, power, serves};
use crate::demo::world::DAY;
use crate::demo::world::draw::{below, between, pick};

/// An operator's network goes down in one region each so many days.
const REGION_EVERY: i64 = 5;
/// Transit of an operator.
const TRANSIT_EVERY: i64 = 9;
/// The portal.
const PORTAL_EVERY: i64 = 11;
/// The way to the collector, for more than a day, at one site.
const COLLECTOR_EVERY: i64 = 4;

/// Kind, whether only where every target must answer, first minute of the day and the one after the
/// last in which it may begin, minutes that it lasts at least and less than.
type Single = (FaultKind, bool, (i64, i64), (i64, i64));

/// One of each somewhere each day.
const SINGLES: [Single; 12] = [
    (FaultKind::LastMile, false, (0, 1_440), (180, 1_500)),
    (FaultKind::GatewaySilent, false, (960, 1_300), (120, 540)),
    (FaultKind::PlannedStop, true, (480, 900), (30, 120)),
    (FaultKind::PowerUnproven, true, (0, 900), (20, 200)),
    (FaultKind::Unplugged, true, (420, 1_000), (60, 300)),
    (FaultKind::Suspended, true, (0, 1_440), (30, 240)),
    (FaultKind::AgentCrash, true, (0, 1_440), (8, 25)),
    (FaultKind::ResolverOfLine, true, (300, 1_200), (20, 90)),
    (FaultKind::ResolverOfSite, true, (300, 1_200), (20, 90)),
    (FaultKind::CaptivePortal, false, (360, 1_100), (30, 120)),
    (FaultKind::WithoutEvidence, false, (0, 1_440), (15, 60)),
    (FaultKind::Lagging, false, (0, 1_440), (10, 30)),
];

/// Faults that begin on a day since the Unix epoch.
pub(super) fn of(setting: &Setting<'_>, day: i64) -> Vec<Fault> {
    let drawn = |what: &[u64]| {
        let parts: Vec<u64> = [21, day.unsigned_abs()]
            .iter()
            .chain(what)
            .copied()
            .collect();
        setting.draw(&parts)
    };
    let mut found = Vec::new();
    feeder(setting, day, &drawn, &mut found);
    if day.rem_euclid(REGION_EVERY) == 0 {
        let span = at(day, &drawn, 2, (360, 1_260), (30, 110));
        if let Some(one) = pick(drawn(&[3]), setting.sites) {
            let hit = |site: &Site| site.region == one.region && site.operator == one.operator;
            all(setting, FaultKind::Upstream, span, hit, &mut found);
        }
    }
    if day.rem_euclid(TRANSIT_EVERY) == 1 {
        let span = at(day, &drawn, 4, (480, 1_260), (15, 60));
        if let Some(one) = pick(drawn(&[5]), setting.sites) {
            let hit = |site: &Site| serves(site) && site.operator == one.operator;
            all(setting, FaultKind::Transit, span, hit, &mut found);
        }
    }
    if day.rem_euclid(PORTAL_EVERY) == 3 {
        let span = at(day, &drawn, 6, (420, 1_260), (12, 30));
        all(setting, FaultKind::Destination, span, serves, &mut found);
    }
    singles(setting, day, &drawn, &mut found);
    found
}

type Draw<'d> = &'d dyn Fn(&[u64]) -> u64;

/// Start and end of something on a day.
fn at(day: i64, drawn: Draw<'_>, what: u64, start: (i64, i64), length: (i64, i64)) -> (i64, i64) {
    let from = day * DAY + between(drawn(&[what, 1]), start.0, start.1);
    (from, from + between(drawn(&[what, 2]), length.0, length.1))
}

fn all(
    setting: &Setting<'_>,
    kind: FaultKind,
    (from, to): (i64, i64),
    hit: impl Fn(&Site) -> bool,
    found: &mut Vec<Fault>,
) {
    let sites = setting.sites.iter().filter(|site| hit(site));
    found.extend(sites.map(|site| Fault {
        kind,
        site: site.number,
        from,
        to,
    }));
}

/// In the evening a feeder goes.
fn feeder(setting: &Setting<'_>, day: i64, drawn: Draw<'_>, found: &mut Vec<Fault>) {
    let (from, to) = at(day, drawn, 7, (1_020, 1_260), (40, 150));
    let Some(one) = pick(drawn(&[8]), setting.sites) else {
        return;
    };
    let hit = setting
        .sites
        .iter()
        .filter(|site| site.feeder() == one.feeder());
    found.extend(hit.map(|site| Fault {
        kind: power(site),
        site: site.number,
        from,
        // The box of each comes up a little later than the other's.
        to: to + i64::from(site.number % 3),
    }));
}

fn singles(setting: &Setting<'_>, day: i64, drawn: Draw<'_>, found: &mut Vec<Fault>) {
    let serving = setting.with(serves);
    let every = setting.with(|_| true);
    let rows = (100_u64..).zip(SINGLES);
    for (what, (kind, of_service, start, length)) in rows {
        let pool = if of_service { &serving } else { &every };
        // A small fleet has one of each now and then only.
        let share = u64::try_from(pool.len()).unwrap_or(0);
        if below(drawn(&[what, 9]), 25) >= share {
            continue;
        }
        if let Some(site) = pick(drawn(&[what]), pool) {
            let (from, to) = at(day, drawn, what, start, length);
            found.push(Fault {
                kind,
                site: site.number,
                from,
                to,
            });
        }
    }
    if day.rem_euclid(COLLECTOR_EVERY) == 2
        && let Some(site) = pick(drawn(&[9]), &every)
    {
        let (from, to) = at(day, drawn, 10, (0, 1_440), (1_500, 1_700));
        found.push(Fault {
            kind: FaultKind::CollectorCut,
            site: site.number,
            from,
            to,
        });
    }
}
