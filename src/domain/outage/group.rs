//! Outages that belong together: a cut that takes a whole area is one outage, not a thousand.
//!
//! How far a fault of one cause reaches decides with what it may be shared: a power cut with sites of
//! the same area, a fault of the operator's with sites of the same area and operator, a fault of the
//! box with nobody. Outages of one such circle that begin within [`JOIN_WITHIN_MS`] of the first,
//! while it lasts, at [`SITES_MIN`] sites or more, are one group; all others stand alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::cause::Cause;

/// So long after the first outage of a group another may begin and still belong to it, milliseconds.
/// Sites on metered lines have slots of five minutes, and two of them may lie a slot apart.
pub const JOIN_WITHIN_MS: i64 = 600_000;
/// Sites from which outages are no coincidence any more.
pub const SITES_MIN: usize = 3;

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// One site: its box, its own network.
    Site,
    /// Sites of one area, whoever connects them.
    Area,
    /// Sites of one area on one operator's network.
    AreaAndOperator,
    /// Sites of one operator, wherever they are.
    Operator,
    /// Every site.
    Country,
}

impl Reach {
    /// The identifier used in every interface.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Area => "area",
            Self::AreaAndOperator => "area_and_operator",
            Self::Operator => "operator",
            Self::Country => "country",
        }
    }

    /// How far a fault of this cause reaches. What is undetermined is compared with the operator's
    /// faults of the area: that is where evidence most often falls short.
    #[must_use]
    pub fn of(cause: Cause) -> Self {
        match cause {
            Cause::PlannedStop | Cause::Agent | Cause::HostSuspended | Cause::Lan => Self::Site,
            Cause::Power | Cause::RestartedUnproven => Self::Area,
            Cause::LastMile
            | Cause::Upstream
            | Cause::CaptivePortal
            | Cause::DnsLine
            | Cause::Undetermined => Self::AreaAndOperator,
            Cause::Transit => Self::Operator,
            Cause::DnsOther | Cause::Destination | Cause::Collector => Self::Country,
        }
    }
}

/// An outage of a site, as far as grouping looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located<'a> {
    /// The site.
    pub site: &'a str,
    /// Its administrative area, where it is known.
    pub area: Option<&'a str>,
    /// Who provides its line, where it is known.
    pub operator: Option<&'a str>,
    /// Why.
    pub cause: Cause,
    /// Start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// End; `None` while it lasts.
    pub end_unix_ms: Option<i64>,
}

/// Outages that are shown as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Positions of its outages in what was given, by start.
    pub members: Vec<usize>,
    /// With whom it is shared; [`Reach::Site`] for one that stands alone.
    pub reach: Reach,
    /// The cause of most of its sites; undetermined only when it is for all of them.
    pub cause: Cause,
    /// Sites by cause, in the order of the list of causes.
    pub causes: Vec<(Cause, usize)>,
    /// Sites, each counted once.
    pub sites: usize,
    /// Sites that are still cut off.
    pub open_sites: usize,
    /// Start of the first.
    pub start_unix_ms: i64,
    /// End of the last; `None` while one of them lasts.
    pub end_unix_ms: Option<i64>,
}

/// Who shares a fault.
type Circle<'a> = (Reach, Option<&'a str>, Option<&'a str>);

struct Candidate {
    reach: Reach,
    start_unix_ms: i64,
    /// `None` while one of its outages lasts.
    end_unix_ms: Option<i64>,
    members: Vec<usize>,
}

impl Candidate {
    fn takes(&self, outage: &Located<'_>) -> bool {
        outage.start_unix_ms - self.start_unix_ms <= JOIN_WITHIN_MS
            && self
                .end_unix_ms
                .is_none_or(|end| outage.start_unix_ms < end)
    }

    fn take(&mut self, position: usize, outage: &Located<'_>) {
        self.members.push(position);
        self.end_unix_ms = match (self.end_unix_ms, outage.end_unix_ms) {
            (Some(held), Some(end)) => Some(held.max(end)),
            _ => None,
        };
    }
}

/// Groups outages, whatever their order; the newest group first. Every outage is in exactly one.
#[must_use]
pub fn group(outages: &[Located<'_>]) -> Vec<Group> {
    let mut order: Vec<(usize, &Located<'_>)> = outages.iter().enumerate().collect();
    order.sort_by_key(|(position, outage)| (outage.start_unix_ms, *position));
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut newest: HashMap<Circle<'_>, usize> = HashMap::new();
    for (position, outage) in order {
        let circle = circle(outage);
        let held = circle
            .and_then(|circle| newest.get(&circle))
            .and_then(|index| candidates.get_mut(*index))
            .filter(|candidate| candidate.takes(outage));
        if let Some(candidate) = held {
            candidate.take(position, outage);
            continue;
        }
        if let Some(circle) = circle {
            newest.insert(circle, candidates.len());
        }
        candidates.push(Candidate {
            reach: circle.map_or(Reach::Site, |circle| circle.0),
            start_unix_ms: outage.start_unix_ms,
            end_unix_ms: outage.end_unix_ms,
            members: vec![position],
        });
    }
    let mut groups: Vec<Group> = candidates
        .into_iter()
        .flat_map(|candidate| finished(outages, candidate))
        .collect();
    groups.sort_by(|left, right| {
        let key = |group: &Group| (group.start_unix_ms, group.members.first().copied());
        key(right).cmp(&key(left))
    });
    groups
}

/// With whom an outage may be shared; `None` with nobody, also when it is not known where it is: what
/// is unknown is not one place.
fn circle<'a>(outage: &Located<'a>) -> Option<Circle<'a>> {
    let reach = Reach::of(outage.cause);
    match reach {
        Reach::Site => None,
        Reach::Area => Some((reach, Some(outage.area?), None)),
        Reach::AreaAndOperator => Some((reach, Some(outage.area?), Some(outage.operator?))),
        Reach::Operator => Some((reach, None, Some(outage.operator?))),
        Reach::Country => Some((reach, None, None)),
    }
}

/// A candidate with too few sites falls apart again.
fn finished(outages: &[Located<'_>], candidate: Candidate) -> Vec<Group> {
    let Candidate { reach, members, .. } = candidate;
    let sites: HashSet<&str> = members
        .iter()
        .filter_map(|member| outages.get(*member))
        .map(|outage| outage.site)
        .collect();
    if sites.len() >= SITES_MIN {
        return vec![summed(outages, reach, members)];
    }
    members
        .into_iter()
        .map(|member| summed(outages, Reach::Site, vec![member]))
        .collect()
}

fn summed(outages: &[Located<'_>], reach: Reach, members: Vec<usize>) -> Group {
    let (mut by_cause, mut open) = (BTreeMap::<Cause, HashSet<&str>>::new(), HashSet::new());
    let mut sites = HashSet::new();
    let (mut start_unix_ms, mut end_unix_ms) = (i64::MAX, Some(i64::MIN));
    for outage in members.iter().filter_map(|member| outages.get(*member)) {
        sites.insert(outage.site);
        by_cause
            .entry(outage.cause)
            .or_default()
            .insert(outage.site);
        start_unix_ms = start_unix_ms.min(outage.start_unix_ms);
        end_unix_ms = match (end_unix_ms, outage.end_unix_ms) {
            (Some(held), Some(end)) => Some(held.max(end)),
            _ => None,
        };
        if outage.end_unix_ms.is_none() {
            open.insert(outage.site);
        }
    }
    let causes: Vec<(Cause, usize)> = by_cause
        .into_iter()
        .map(|(cause, sites)| (cause, sites.len()))
        .collect();
    let cause = causes
        .iter()
        .filter(|(cause, _)| *cause != Cause::Undetermined)
        // Of equals the first of the list: `max_by_key` would take the last.
        .rev()
        .max_by_key(|(_, sites)| *sites)
        .map_or(Cause::Undetermined, |(cause, _)| *cause);
    Group {
        members,
        reach,
        cause,
        causes,
        sites: sites.len(),
        open_sites: open.len(),
        start_unix_ms,
        end_unix_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn outage(site: &str, cause: Cause, start: i64, end: Option<i64>) -> Located<'_> {
        Located {
            site,
            area: Some("Pool"),
            operator: Some("A"),
            cause,
            start_unix_ms: start * MINUTE,
            end_unix_ms: end.map(|end| end * MINUTE),
        }
    }

    #[test]
    fn a_thousand_sites_of_one_area_and_operator_are_one_outage() {
        let names: Vec<String> = (0..1_000).map(|number| format!("s{number:04}")).collect();
        let mut outages: Vec<Located<'_>> = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let start = i64::try_from(number % 7).unwrap();
                let cause = if number % 3 == 0 {
                    Cause::Undetermined
                } else {
                    Cause::Upstream
                };
                outage(name, cause, 100 + start, (number != 5).then_some(160))
            })
            .collect();
        // Another operator's site in the same area, and the same operator's elsewhere.
        outages.push(Located {
            operator: Some("B"),
            ..outage("other-operator", Cause::Upstream, 101, None)
        });
        outages.push(Located {
            area: Some("Likouala"),
            ..outage("elsewhere", Cause::Upstream, 101, None)
        });
        let groups = group(&outages);
        assert_eq!(groups.len(), 3);
        let big = groups.iter().find(|group| group.sites == 1_000).unwrap();
        assert_eq!(big.reach, Reach::AreaAndOperator);
        assert_eq!(big.cause, Cause::Upstream);
        assert_eq!(
            big.causes,
            [(Cause::Upstream, 666), (Cause::Undetermined, 334)]
        );
        assert_eq!((big.start_unix_ms, big.end_unix_ms), (100 * MINUTE, None));
        assert_eq!(big.open_sites, 1);
        assert!(
            groups
                .iter()
                .filter(|group| group.sites == 1)
                .all(|group| group.reach == Reach::Site)
        );
    }

    #[test]
    fn a_power_cut_is_shared_whoever_connects_the_sites_and_a_fault_of_the_box_with_nobody() {
        let power = |site, operator| Located {
            operator,
            ..outage(site, Cause::Power, 10, Some(20))
        };
        let groups = group(&[
            power("a", Some("A")),
            power("b", Some("B")),
            power("c", None),
            outage("d", Cause::Lan, 10, Some(20)),
            outage("e", Cause::Lan, 10, Some(20)),
            outage("f", Cause::Lan, 10, Some(20)),
        ]);
        let sizes: Vec<usize> = groups.iter().map(|group| group.sites).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 6);
        assert_eq!(sizes.iter().filter(|sites| **sites == 3).count(), 1);
        assert_eq!(groups.len(), 4);
    }

    #[test]
    fn two_sites_are_a_coincidence_and_so_are_starts_far_apart_or_after_the_end() {
        let upstream = |site, start, end| outage(site, Cause::Upstream, start, end);
        // Two sites only, one of them twice.
        let few = [
            upstream("a", 0, Some(5)),
            upstream("b", 1, Some(9)),
            upstream("a", 7, None),
        ];
        assert_eq!(group(&few).len(), 3);
        // The third begins more than ten minutes after the first.
        let late = [
            upstream("a", 0, None),
            upstream("b", 9, None),
            upstream("c", 11, None),
        ];
        assert_eq!(group(&late).len(), 3);
        // The third begins when the others are over.
        let over = [
            upstream("a", 0, Some(3)),
            upstream("b", 1, Some(4)),
            upstream("c", 4, None),
        ];
        assert_eq!(group(&over).len(), 3);
    }

    #[test]
    fn where_nothing_is_known_of_the_place_nothing_is_shared() {
        let nowhere = |site| Located {
            area: None,
            ..outage(site, Cause::Upstream, 0, None)
        };
        assert_eq!(group(&[nowhere("a"), nowhere("b"), nowhere("c")]).len(), 3);
        let collector = |site| Located {
            area: None,
            operator: None,
            ..outage(site, Cause::Collector, 0, None)
        };
        let groups = group(&[collector("a"), collector("b"), collector("c")]);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].reach, Reach::Country);
        assert!(group(&[]).is_empty());
    }

    #[test]
    fn the_order_in_which_outages_are_given_changes_no_group() {
        let mut outages = vec![
            outage("a", Cause::Upstream, 0, None),
            outage("b", Cause::Upstream, 4, None),
            outage("c", Cause::LastMile, 8, None),
            outage("d", Cause::Upstream, 12, None),
        ];
        let sites = |outages: &[Located<'_>]| -> Vec<(usize, Cause)> {
            group(outages)
                .iter()
                .map(|group| (group.sites, group.cause))
                .collect()
        };
        let forward = sites(&outages);
        outages.reverse();
        assert_eq!(sites(&outages), forward);
        assert_eq!(forward, [(1, Cause::Upstream), (3, Cause::Upstream)]);
    }
}
