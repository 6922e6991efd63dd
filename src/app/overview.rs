//! The country at a glance: counts by region, kind and operator, and what is down, grouped by what
//! it has in common. Made from the image of the registry and the live states alone.

use std::collections::{BTreeMap, HashMap};

use desserte_domain::cause::Cause;
use desserte_domain::live::SiteState;
use desserte_domain::outage::group::{Located, Reach, group as group_outages};

use super::App;
use super::directory::{Directory, SiteEntry};
use super::groups::shared;
use crate::live::SiteLive;

/// Sites named as examples in a group.
const EXAMPLES_MAX: usize = 3;

/// Sites by state, and what of them is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub total: u64,
    /// Reachable.
    pub up: u64,
    /// Reachable, with losses.
    pub degraded: u64,
    /// In an outage.
    pub down: u64,
    /// Nobody measures, or the agent is silent.
    pub unknown: u64,
    /// In an agreed exclusion.
    pub excluded: u64,
    /// With an agent.
    pub measured: u64,
    /// With an agent that was heard before and is silent now.
    pub silent: u64,
    /// Of which what is known is made up by a demonstration.
    pub simulated: u64,
    /// Slots of the last 24 hours counted as up.
    pub up_slots: u64,
    /// Slots of the last 24 hours that were measured.
    pub measured_slots: u64,
}

impl App {
    /// Counts and groups the open sites as they are now.
    #[must_use]
    pub fn overview(&self) -> Overview {
        overview(&self.directory(), &self.live.read())
    }

    /// Counts the open sites as they are now.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::of(&self.directory(), &self.live.read())
    }
}

impl Tally {
    fn of(directory: &Directory, live: &HashMap<String, SiteLive>) -> Self {
        let mut tally = Self::default();
        for site in directory.sites() {
            tally.add(site, live.get(&site.id));
        }
        tally
    }

    fn add(&mut self, site: &SiteEntry, now: Option<&SiteLive>) {
        let state = now.map_or(SiteState::Unknown, |now| now.state);
        self.total += 1;
        *match state {
            SiteState::Up => &mut self.up,
            SiteState::Degraded => &mut self.degraded,
            SiteState::Down => &mut self.down,
            SiteState::Unknown => &mut self.unknown,
            SiteState::Excluded => &mut self.excluded,
        } += 1;
        self.measured += u64::from(site.agents > 0);
        self.simulated += u64::from(site.simulated);
        self.silent += u64::from(is_silent(site, now));
        let (up, measured) = now.map_or((0, 0), |now| now.last_day);
        self.up_slots += up;
        self.measured_slots += measured;
    }
}

/// Sites that are down by one outage, or have region, operator and cause in common, or are silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Whether they are one outage: begun together, with what its cause reaches in common.
    pub shared: bool,
    /// Whether they are silent: nothing is known of them, so there is no cause yet.
    pub silent: bool,
    /// Why they are down.
    pub cause: Option<Cause>,
    /// Where.
    pub region: Option<String>,
    /// Over whose line.
    pub operator: Option<String>,
    /// How many.
    pub sites: u64,
    /// Since when the first of them.
    pub first_since_unix_ms: Option<i64>,
    /// Since when the last of them.
    pub last_since_unix_ms: Option<i64>,
    /// Whether what is known of one of them is made up by a demonstration.
    pub simulated: bool,
    /// How many of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// Some of them, those that are down longest: identifier and name.
    pub examples: Vec<(String, Option<String>)>,
}

/// The country at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// All open sites.
    pub whole: Tally,
    /// By region; `None`: no region is known.
    pub regions: BTreeMap<Option<String>, Tally>,
    /// By kind.
    pub kinds: BTreeMap<String, Tally>,
    /// By operator; `None`: no operator is known.
    pub operators: BTreeMap<Option<String>, Tally>,
    /// Sites that are down, by cause, with the moment since when the first of them is.
    pub causes: BTreeMap<Cause, (u64, Option<i64>)>,
    /// What is down or silent, grouped; the most sites first, what is down before what is silent.
    pub groups: Vec<Group>,
}

/// A site that is down or silent.
#[derive(Clone, Copy)]
struct Fallen<'a> {
    site: &'a SiteEntry,
    silent: bool,
    cause: Option<Cause>,
    since_unix_ms: Option<i64>,
}

/// A site that has an agent, was heard before and is not heard now. One that was never heard waits
/// for its first measurement.
fn is_silent(site: &SiteEntry, now: Option<&SiteLive>) -> bool {
    let fell_silent =
        |now: &SiteLive| now.state == SiteState::Unknown && now.since_unix_ms.is_some();
    site.agents > 0 && now.is_some_and(fell_silent)
}

fn overview(directory: &Directory, live: &HashMap<String, SiteLive>) -> Overview {
    let mut found = Overview::default();
    let mut regions: HashMap<&Option<String>, Tally> = HashMap::new();
    let mut kinds: HashMap<&str, Tally> = HashMap::new();
    let mut operators: HashMap<&Option<String>, Tally> = HashMap::new();
    let mut fallen: Vec<Fallen<'_>> = Vec::new();
    for site in directory.sites() {
        let now = live.get(&site.id);
        found.whole.add(site, now);
        regions.entry(&site.region).or_default().add(site, now);
        kinds.entry(&site.kind).or_default().add(site, now);
        operators.entry(&site.operator).or_default().add(site, now);
        let state = now.map_or(SiteState::Unknown, |now| now.state);
        let silent = is_silent(site, now);
        if !silent && state != SiteState::Down {
            continue;
        }
        let cause = now.and_then(|now| now.cause).filter(|_| !silent);
        let since = now.and_then(|now| now.since_unix_ms);
        if let Some(cause) = cause {
            let (sites, first) = found.causes.entry(cause).or_default();
            *sites += 1;
            *first = earlier(*first, since);
        }
        fallen.push(Fallen {
            site,
            silent,
            cause,
            since_unix_ms: since,
        });
    }
    let owned = |named: HashMap<&Option<String>, Tally>| {
        named
            .into_iter()
            .map(|(name, tally)| (name.clone(), tally))
            .collect()
    };
    found.regions = owned(regions);
    found.operators = owned(operators);
    found.kinds = kinds
        .into_iter()
        .map(|(kind, tally)| (kind.to_owned(), tally))
        .collect();
    found.groups = groups(&fallen);
    found
}

/// What is one outage, then what stands alone by what it has in common.
fn groups(fallen: &[Fallen<'_>]) -> Vec<Group> {
    let placed: Vec<(usize, Located<'_>)> = fallen
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, located(one)?)))
        .collect();
    let located: Vec<Located<'_>> = placed.iter().map(|(_, one)| *one).collect();
    let mut taken = vec![false; fallen.len()];
    let mut found = Vec::new();
    for outage in group_outages(&located) {
        if outage.reach == Reach::Site {
            continue;
        }
        let members: Vec<usize> = outage
            .members
            .iter()
            .filter_map(|member| placed.get(*member).map(|(at, _)| *at))
            .collect();
        let sites = members.iter().filter_map(|at| fallen.get(*at).copied());
        let (region, operator) = shared(&outage, &located);
        let held = sites.collect();
        found.push(group(true, Some(outage.cause), (&region, &operator), held));
        for at in members {
            if let Some(held) = taken.get_mut(at) {
                *held = true;
            }
        }
    }
    let mut alone: HashMap<_, Vec<Fallen<'_>>> = HashMap::new();
    for (one, taken) in fallen.iter().zip(taken) {
        if !taken {
            let key = (one.silent, one.cause, &one.site.region, &one.site.operator);
            alone.entry(key).or_default().push(*one);
        }
    }
    found.extend(
        alone
            .into_iter()
            .map(|((_, cause, region, operator), sites)| {
                group(false, cause, (region, operator), sites)
            }),
    );
    found.sort_by(|left, right| {
        let order = |one: &Group| (one.silent, std::cmp::Reverse(one.sites));
        order(left)
            .cmp(&order(right))
            .then_with(|| left.first_since_unix_ms.cmp(&right.first_since_unix_ms))
            .then_with(|| left.region.cmp(&right.region))
            .then_with(|| left.operator.cmp(&right.operator))
            .then_with(|| left.cause.cmp(&right.cause))
    });
    found
}

/// The outage that a site is in, as far as grouping looks at it.
fn located<'a>(one: &Fallen<'a>) -> Option<Located<'a>> {
    Some(Located {
        site: &one.site.id,
        area: one.site.region.as_deref(),
        operator: one.site.operator.as_deref(),
        cause: one.cause?,
        start_unix_ms: one.since_unix_ms?,
        end_unix_ms: None,
    })
}

fn group(
    shared: bool,
    cause: Option<Cause>,
    (region, operator): (&Option<String>, &Option<String>),
    mut sites: Vec<Fallen<'_>>,
) -> Group {
    // The longest first; those of which no moment is known come last.
    sites.sort_by_key(|one| (one.since_unix_ms.unwrap_or(i64::MAX), one.site.id.as_str()));
    let mut kinds = BTreeMap::new();
    for one in &sites {
        *kinds.entry(one.site.kind.clone()).or_insert(0) += 1;
    }
    let known = || sites.iter().filter_map(|one| one.since_unix_ms);
    Group {
        shared,
        silent: sites.first().is_some_and(|one| one.silent),
        cause,
        region: region.clone(),
        operator: operator.clone(),
        sites: sites.len() as u64,
        first_since_unix_ms: known().min(),
        last_since_unix_ms: known().max(),
        simulated: sites.iter().any(|one| one.site.simulated),
        kinds,
        examples: sites
            .iter()
            .take(EXAMPLES_MAX)
            .map(|one| (one.site.id.clone(), one.site.name.clone()))
            .collect(),
    }
}

fn earlier(held: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (held, other) {
        (Some(held), Some(other)) => Some(held.min(other)),
        (held, other) => held.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(id: &str, region: Option<&str>, agents: usize) -> SiteEntry {
        SiteEntry {
            id: id.to_owned(),
            name: Some(id.to_uppercase()),
            kind: if id.ends_with('1') {
                "hospital"
            } else {
                "school"
            }
            .to_owned(),
            latitude: 0.0,
            longitude: 0.0,
            place: None,
            region: region.map(str::to_owned),
            operator: Some("A".to_owned()),
            invented: true,
            simulated: false,
            agents,
            upload_seconds: None,
            folded: String::new(),
        }
    }

    fn live(state: SiteState, since: i64, cause: Option<Cause>) -> SiteLive {
        SiteLive {
            state,
            since_unix_ms: Some(since),
            cause,
            last_day: (9, 10),
            ..SiteLive::default()
        }
    }

    #[test]
    fn one_outage_of_an_operator_in_a_region_is_one_group() {
        let sites = vec![
            site("a1", Some("Pool"), 1),
            site("a2", Some("Pool"), 1),
            site("b1", Some("Niari"), 1),
            site("c1", None, 1),
            site("c2", None, 0),
            site("d1", Some("Pool"), 1),
        ];
        let directory = Directory::new(sites, Vec::new(), jiff::civil::Date::default(), 1);
        let down = |since| live(SiteState::Down, since, Some(Cause::Upstream));
        let states = HashMap::from([
            ("a1".to_owned(), down(50)),
            ("a2".to_owned(), down(40)),
            ("b1".to_owned(), live(SiteState::Up, 1, None)),
            ("c1".to_owned(), live(SiteState::Unknown, 30, None)),
        ]);
        let found = overview(&directory, &states);
        let whole = found.whole;
        assert_eq!((whole.total, whole.down, whole.up), (6, 2, 1));
        // Of three unknown ones c1 fell silent, c2 has no agent, d1 was never heard.
        assert_eq!((whole.unknown, whole.measured, whole.silent), (3, 5, 1));
        assert_eq!((whole.up_slots, whole.measured_slots), (36, 40));
        assert_eq!(found.regions[&Some("Pool".to_owned())].down, 2);
        assert_eq!(found.kinds["hospital"].down, 1);
        assert_eq!(found.causes[&Cause::Upstream], (2, Some(40)));
        assert_eq!(found.groups.len(), 2);
        let first = &found.groups[0];
        assert_eq!((first.sites, first.silent), (2, false));
        assert_eq!(
            (first.first_since_unix_ms, first.last_since_unix_ms),
            (Some(40), Some(50))
        );
        assert_eq!(first.examples[0].0, "a2");
        // Two sites are no coincidence to speak of: they stand side by side, not as one outage.
        assert!(!first.shared);
        let silent = &found.groups[1];
        assert_eq!((silent.silent, silent.cause, silent.sites), (true, None, 1));
        assert_eq!(silent.region, None);
    }

    #[test]
    fn what_began_together_on_one_operator_in_a_region_is_one_outage() {
        let names = ["a1", "a2", "a3", "b1", "late"];
        let region = |id: &str| Some(if id == "b1" { "Niari" } else { "Pool" });
        let sites = names.iter().map(|id| site(id, region(id), 1)).collect();
        let directory = Directory::new(sites, Vec::new(), jiff::civil::Date::default(), 1);
        let hour = 3_600_000;
        let states = names
            .into_iter()
            .map(|id| {
                let since = if id == "late" { 9 * hour } else { hour };
                let now = live(SiteState::Down, since, Some(Cause::Upstream));
                (id.to_owned(), now)
            })
            .collect();
        let found = overview(&directory, &states);
        let shown: Vec<(bool, u64, Option<&str>)> = found
            .groups
            .iter()
            .map(|group| (group.shared, group.sites, group.region.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                (true, 3, Some("Pool")),
                (false, 1, Some("Niari")),
                (false, 1, Some("Pool"))
            ]
        );
    }
}
