//! What happens, and when: a stream of small faults, the larger ones of each day, and the scenes
//! that are set at each start of the demonstration, so that something begins and ends before the
//! eyes of whoever opens it.
//!
//! Faults of one site never overlap. What was told of the past does not change when time goes on:
//! faults are settled in the order of their starts, and a scene begins no earlier than the first
//! minute of which nothing was told yet.

mod days;
mod scenes;
mod stream;

use super::draw::draw;
use super::fault::{Fault, FaultKind};
use super::site::{Site, Technology, Terms};

/// Minutes between two faults of a site, at least: time for the first to be seen to end.
const APART: i64 = 12;
/// A day before the first minute is played too: what began then may reach into the first.
const BEFORE: i64 = super::DAY;

/// A start of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The minute in which it was started.
    pub minute: i64,
    /// First minute of which nothing was told yet.
    pub untold: i64,
}

/// What a script is written for.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The seed.
    pub seed: u64,
    /// The sites, by number.
    pub sites: &'a [Site],
    /// Starts, the oldest first.
    pub starts: &'a [Start],
    /// First minute.
    pub first: i64,
}

/// The faults of every site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    by_site: Vec<Vec<Fault>>,
}

impl Setting<'_> {
    /// The script up to a minute.
    #[must_use]
    pub fn script(&self, until: i64) -> Script {
        let mut by_site: Vec<Vec<Fault>> = vec![Vec::new(); self.sites.len()];
        let scenes = self.scenes();
        for (fault, _) in &scenes {
            if let Some(list) = by_site.get_mut(index(fault.site)) {
                let free = list.iter().all(|before| apart(before, fault));
                if free && fault.from < fault.to {
                    list.push(*fault);
                }
            }
        }
        for list in &mut by_site {
            list.sort_by_key(|fault| fault.from);
        }
        let mut others = self.others(until);
        others.sort_by_key(|fault| (fault.from, fault.site, fault.kind));
        for fault in others {
            if let Some(list) = by_site.get_mut(index(fault.site)) {
                settle(list, fault, &scenes);
            }
        }
        for list in &mut by_site {
            list.sort_by_key(|fault| fault.from);
            list.retain(|fault| fault.to > self.first);
        }
        Script { by_site }
    }

    /// Faults of every start, each with the first minute that was free for it.
    fn scenes(&self) -> Vec<(Fault, i64)> {
        let mut found = Vec::new();
        for start in self.starts {
            for fault in scenes::of(self, *start) {
                let from = fault.from.max(start.untold);
                found.push((Fault { from, ..fault }, start.untold));
            }
        }
        found
    }

    fn others(&self, until: i64) -> Vec<Fault> {
        let from = self.first - BEFORE;
        let mut found = stream::of(self, from, until);
        let first_day = from.div_euclid(super::DAY);
        for day in first_day..=until.div_euclid(super::DAY) {
            found.extend(days::of(self, day));
        }
        found.retain(|fault| fault.from >= from && fault.from < until);
        found
    }

    fn draw(&self, what: &[u64]) -> u64 {
        draw(self.seed, what)
    }

    fn with(&self, wanted: impl Fn(&Site) -> bool) -> Vec<&Site> {
        self.sites.iter().filter(|site| wanted(site)).collect()
    }
}

/// Takes a fault of the stream or of a day, unless the site is in another already. A scene gives way
/// to what was told before it was set.
fn settle(list: &mut Vec<Fault>, fault: Fault, scenes: &[(Fault, i64)]) {
    let told = |scene: &Fault| {
        let known = scenes.iter().find(|(one, _)| one == scene);
        known.is_some_and(|(_, untold)| fault.from < *untold)
    };
    let in_the_way = |before: &Fault| !apart(before, &fault) && !told(before);
    if list.iter().any(in_the_way) {
        return;
    }
    list.retain(|before| apart(before, &fault));
    list.push(fault);
}

fn apart(one: &Fault, other: &Fault) -> bool {
    one.to + APART <= other.from || other.to + APART <= one.from
}

fn index(site: u32) -> usize {
    usize::try_from(site).unwrap_or(usize::MAX)
}

impl Script {
    /// The faults of every site, by number of the site, each list by start.
    #[must_use]
    pub fn new(by_site: Vec<Vec<Fault>>) -> Self {
        Self { by_site }
    }

    /// Faults of a site, by start.
    #[must_use]
    pub fn of(&self, site: u32) -> &[Fault] {
        self.by_site.get(index(site)).map_or(&[], Vec::as_slice)
    }

    /// The fault of a site in a minute.
    #[must_use]
    pub fn at(&self, site: u32, minute: i64) -> Option<&Fault> {
        let faults = self.of(site);
        let after = faults.partition_point(|fault| fault.from <= minute);
        let last = faults.get(after.checked_sub(1)?)?;
        last.holds(minute).then_some(last)
    }
}

/// Kinds that a box which is off may have, by what its site has to prove a power cut with.
fn power(site: &Site) -> FaultKind {
    if site.number % 3 == 0 {
        FaultKind::PowerSensed
    } else {
        FaultKind::PowerGateway
    }
}

/// How easily a line fails, as a weight.
fn fragility(technology: Technology) -> usize {
    match technology {
        Technology::Fibre => 1,
        Technology::Microwave => 2,
        Technology::Mobile => 3,
        Technology::Satellite => 4,
    }
}

fn serves(site: &Site) -> bool {
    site.contract.terms() == Terms::Service
}

#[cfg(test)]
mod tests;
