use std::collections::BTreeSet;

use super::*;
use crate::demo::world::DAY;
use crate::demo::world::site::{Contract, WallClock};

pub(in crate::demo::world) fn sites(count: u32) -> Vec<Site> {
    let kinds = ["hospital", "court", "ministry", "school", "post"];
    (0..count)
        .map(|number| {
            let operator = ["A", "B", "C"][number as usize % 3];
            let technology = [
                Technology::Fibre,
                Technology::Microwave,
                Technology::Mobile,
                Technology::Satellite,
            ][number as usize % 4];
            Site {
                number,
                id: format!("site-{number}"),
                region: format!("region-{}", number % 7),
                place: format!("place-{}", number % 31),
                operator: operator.to_owned(),
                technology,
                contract: Contract::of(kinds[number as usize % 5], operator, technology),
                reports_over_sim: number % 3 == 0,
                wall_clock: WallClock::Right,
            }
        })
        .collect()
}

const START: i64 = 29_400_000;

fn setting<'a>(sites: &'a [Site], starts: &'a [Start]) -> Setting<'a> {
    Setting {
        seed: 1,
        sites,
        starts,
        first: START - 30 * DAY,
    }
}

const FIRST: Start = Start {
    minute: START,
    untold: i64::MIN,
};

#[test]
fn faults_of_a_site_lie_apart_and_every_kind_comes() {
    let sites = sites(200);
    let script = setting(&sites, &[FIRST]).script(START + DAY);
    let mut kinds = BTreeSet::new();
    for site in &sites {
        let faults = script.of(site.number);
        assert!(faults.windows(2).all(|pair| apart(&pair[0], &pair[1])));
        kinds.extend(faults.iter().map(|fault| fault.kind));
    }
    assert_eq!(kinds.len(), crate::demo::world::fault::KINDS.len());
}

#[test]
fn what_was_told_stays_when_time_goes_on_and_when_it_is_started_again() {
    let sites = sites(200);
    let early = setting(&sites, &[FIRST]).script(START + DAY);
    let later = setting(&sites, &[FIRST]).script(START + 3 * DAY);
    let untold = START + 500;
    let again = Start {
        minute: START + 900,
        untold,
    };
    let again = setting(&sites, &[FIRST, again]).script(START + 3 * DAY);
    let until = |script: &Script, site: &Site, end: i64| -> Vec<Fault> {
        let faults = script.of(site.number).iter().copied();
        faults.filter(|fault| fault.from < end).collect()
    };
    for site in &sites {
        let told = until(&early, site, START + DAY);
        assert_eq!(told, until(&later, site, START + DAY));
        assert_eq!(until(&later, site, untold), until(&again, site, untold));
    }
    assert_ne!(later, again);
}

#[test]
fn something_begins_and_ends_within_ten_minutes_of_any_start() {
    let sites = sites(200);
    let script = setting(&sites, &[FIRST]).script(START + DAY);
    let all = || sites.iter().flat_map(|site| script.of(site.number));
    let open = all().filter(|fault| fault.holds(START)).count();
    let begins = all().filter(|fault| (START..START + 10).contains(&fault.from));
    let ends = all().filter(|fault| (START..START + 10).contains(&fault.to));
    assert!(open >= 15, "{open}");
    assert!(begins.count() >= 2);
    assert!(ends.count() >= 5);
}
