//! Small faults, one each few minutes somewhere in the country.

use super::{Fault, FaultKind, Setting, Site, fragility, serves};
use crate::demo::world::draw::{below, between, pick};

/// Minutes from one to the next, for 200 sites.
const EVERY: i64 = 6;
/// Sites for which [`EVERY`] is meant: a smaller fleet has fewer faults.
const SITES: i64 = 200;

/// Those that begin in `[from, until)`.
pub(super) fn of(setting: &Setting<'_>, from: i64, until: i64) -> Vec<Fault> {
    let count = i64::try_from(setting.sites.len()).unwrap_or(SITES).max(1);
    let every = (EVERY * SITES / count).max(EVERY);
    let pool: Vec<&Site> = setting
        .sites
        .iter()
        .flat_map(|site| std::iter::repeat_n(site, fragility(site.technology)))
        .collect();
    let windows = from.div_euclid(every)..=until.div_euclid(every);
    windows
        .filter_map(|window| {
            let drawn = |what| setting.draw(&[11, window.unsigned_abs(), what]);
            let site = pick(drawn(0), &pool)?;
            let kind = kind(site, drawn(1));
            let (short, long) = length(kind);
            let start = window * every + between(drawn(2), 0, every);
            Some(Fault {
                kind,
                site: site.number,
                from: start,
                to: start + between(drawn(3), short, long),
            })
        })
        .collect()
}

fn kind(site: &Site, drawn: u64) -> FaultKind {
    match below(drawn, 100) {
        0..45 => FaultKind::Flicker,
        45..60 => FaultKind::Lossy,
        75..83 => FaultKind::CarrierDown,
        83..88 => FaultKind::GatewaySilent,
        88..92 if serves(site) => FaultKind::ResolverOfLine,
        92..96 if serves(site) => FaultKind::AgentCrash,
        96..98 => FaultKind::WithoutEvidence,
        _ => FaultKind::LastMile,
    }
}

/// Minutes that a fault lasts, at least and less than.
fn length(kind: FaultKind) -> (i64, i64) {
    match kind {
        FaultKind::Flicker => (20, 70),
        FaultKind::Lossy => (9, 40),
        _ => (7, 18),
    }
}
