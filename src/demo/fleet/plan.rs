//! Which sites of the country are in the fleet, and who they are.

use std::collections::BTreeMap;

use super::super::DemoError;
use super::super::world::draw::{below, draw, name};
use super::super::world::site::{Contract, Site, WallClock, technology};
use crate::registry::{Registry, SiteRecord, SiteStatus};

/// Sites at which the demonstration's one real agent may be: the first of this kind.
const REAL_AGENT_KIND: &str = "town_hall";
/// Share of sites whose box reports over a SIM of its own, percent.
const OVER_SIM_PERCENT: u64 = 40;

/// Chooses sites in turn from every kind in every region, so that all of them are there, and the
/// frequent ones are not left out. The same registry gives the same sites.
pub fn choose(registry: &Registry, seed: u64, count: u32) -> Result<Vec<Site>, DemoError> {
    let mut groups: BTreeMap<(String, String), Vec<SiteRecord>> = BTreeMap::new();
    let mut real_agent_passed = false;
    for site in registry.sites()? {
        let current = &site.current;
        if current.kind == REAL_AGENT_KIND && !real_agent_passed {
            real_agent_passed = true;
            continue;
        }
        if current.status == SiteStatus::Open && current.invented {
            let region = current.region.clone().unwrap_or_default();
            let group = groups.entry((current.kind.clone(), region)).or_default();
            group.push(site);
        }
    }
    for group in groups.values_mut() {
        group.sort_by_key(|site| draw(seed, &[name(&site.id)]));
    }
    let longest = groups.values().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|turn| groups.values().filter_map(move |g| g.get(turn)));
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let mut chosen: Vec<&SiteRecord> = in_turn.take(wanted).collect();
    chosen.sort_by(|left, right| left.id.cmp(&right.id));
    Ok((0..count)
        .zip(chosen)
        .map(|(number, record)| site(seed, number, record))
        .collect())
}

fn site(seed: u64, number: u32, record: &SiteRecord) -> Site {
    let current = &record.current;
    let region = current.region.clone().unwrap_or_default();
    let operator = current.operator.clone().unwrap_or_default();
    let technology = technology(seed, &record.id, &region);
    let drawn = |what| draw(seed, &[name(&record.id), what]);
    Site {
        number,
        id: record.id.clone(),
        place: current.place.clone().unwrap_or_default(),
        contract: Contract::of(&current.kind, &operator, technology),
        reports_over_sim: below(drawn(3), 100) < OVER_SIM_PERCENT,
        wall_clock: match below(drawn(4), 40) {
            0 => WallClock::Epoch,
            1 => WallClock::WeekBehind,
            _ => WallClock::Right,
        },
        region,
        operator,
        technology,
    }
}
