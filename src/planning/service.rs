//! E-service points: which of the candidate schools, post offices … become one, so that most people
//! live within reach of one.

use std::collections::BTreeMap;

use rstar::RTree;
use rstar::primitives::GeomWithData;
use serde::{Deserialize, Serialize};

use crate::cover::{self, Cover, CoverError};
use crate::geodesy::{earth_centred, metres_between};
use crate::layer::Place;
use crate::position::Position;
use crate::route::{WORK_PER_SECOND, Work};

/// Longest reach, metres.
pub const RADIUS_METRES_MAX: u32 = 500_000;
/// Steps of a search: about so many seconds of one core.
const SECONDS: u64 = 2;

/// What a planner asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWish {
    /// What a person calls it.
    pub name: String,
    /// How far people go, metres.
    pub radius_metres: u32,
    /// Kinds of sites that may become a point; all when `by_kind` names them.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// So many points of any of these kinds. Left out where `by_kind` says how many of each.
    #[serde(default)]
    pub points: Option<usize>,
    /// So many points of each kind.
    #[serde(default)]
    pub by_kind: BTreeMap<String, usize>,
}

/// A site that may become a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its identifier.
    pub site: String,
    /// Its kind.
    pub kind: String,
    /// Where it stands; `None`: it reaches nobody.
    pub position: Option<Position>,
}

/// A site that becomes a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServicePoint {
    /// The site.
    pub site: String,
    /// Its kind.
    pub kind: String,
    /// People within its reach, those whom other points reach too among them.
    pub people: u64,
    /// Settlements within its reach.
    pub settlements: u64,
}

/// More points were asked for than there are candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shortfall {
    /// Of which kind; `None`: of all together.
    pub kind: Option<String>,
    /// Points asked for.
    pub asked: usize,
    /// Candidates with a position.
    pub candidates: usize,
}

/// The points, and whom they reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServicePlan {
    /// As it was asked for.
    pub wish: ServiceWish,
    /// The points, by identifier.
    pub points: Vec<ServicePoint>,
    /// Where fewer candidates stand than points were asked for.
    pub shortfalls: Vec<Shortfall>,
    /// People within reach of a point.
    pub people_covered: u64,
    /// People in all settlements whose population is known.
    pub people_total: u64,
    /// No choice of so many points reaches more people.
    pub upper_bound: u64,
    /// Settlements within reach of a point.
    pub settlements_covered: u64,
    /// Settlements.
    pub settlements_total: u64,
    /// Settlements whose population nobody knows: they decide nothing.
    pub settlements_without_population: u64,
}

/// Why a wish cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The radius.
    #[error("cover {name:?}: radius_metres must be within 1 and {RADIUS_METRES_MAX}")]
    Radius {
        /// The wish.
        name: String,
    },
    /// Neither or both ways to say how many.
    #[error("cover {name:?}: give either points with kinds, or by_kind")]
    HowMany {
        /// The wish.
        name: String,
    },
    /// The problem.
    #[error("cover {name:?}: {source}")]
    Cover {
        /// The wish.
        name: String,
        /// What is wrong.
        source: CoverError,
    },
}

impl ServiceWish {
    fn check(&self) -> Result<(), ServiceError> {
        let name = || self.name.clone();
        if self.radius_metres == 0 || self.radius_metres > RADIUS_METRES_MAX {
            return Err(ServiceError::Radius { name: name() });
        }
        let either = self.points.is_some() != !self.by_kind.is_empty();
        let kinds = self.points.is_none() == self.kinds.is_empty();
        if !either || !kinds {
            return Err(ServiceError::HowMany { name: name() });
        }
        Ok(())
    }

    fn takes(&self, kind: &str) -> bool {
        self.by_kind.contains_key(kind) || self.kinds.iter().any(|one| one == kind)
    }
}

/// The points of a wish.
pub fn place(
    wish: &ServiceWish,
    candidates: &[Candidate],
    places: &[&Place],
) -> Result<ServicePlan, ServiceError> {
    wish.check()?;
    let mut taking: Vec<(&Candidate, Position)> = candidates
        .iter()
        .filter(|candidate| wish.takes(&candidate.kind))
        .filter_map(|candidate| Some((candidate, candidate.position?)))
        .collect();
    taking.sort_by(|(a, _), (b, _)| a.site.cmp(&b.site));
    let reached = reach(&taking, places, f64::from(wish.radius_metres));
    let cover = Cover {
        demand: places
            .iter()
            .map(|place| place.population.unwrap_or(0))
            .collect(),
        reached,
    };
    let failed = |source| ServiceError::Cover {
        name: wish.name.clone(),
        source,
    };
    let never = || false;
    let mut work = Work::new(SECONDS * WORK_PER_SECOND, &never);
    let (chosen, upper_bound) = if wish.by_kind.is_empty() {
        let count = wish.points.unwrap_or(0);
        let choice = cover::solve(&cover, count, &mut work).map_err(failed)?;
        (choice.facilities, choice.upper_bound)
    } else {
        let quotas: Vec<usize> = taking
            .iter()
            .map(|(candidate, _)| kind_number(wish, &candidate.kind))
            .collect();
        let counts: Vec<usize> = wish.by_kind.values().copied().collect();
        let total = counts.iter().sum();
        // A bound for any so many points bounds those of given kinds too.
        let any = cover::solve(&cover, total, &mut work).map_err(failed)?;
        let chosen = by_kind(&cover, &quotas, counts);
        let covered = cover.covered(&chosen);
        (chosen, any.upper_bound.max(covered))
    };
    Ok(report(
        wish,
        &taking,
        &cover,
        places,
        (&chosen, upper_bound),
    ))
}

fn kind_number(wish: &ServiceWish, kind: &str) -> usize {
    wish.by_kind
        .keys()
        .position(|one| one == kind)
        .unwrap_or(usize::MAX)
}

/// By candidate: the places within reach, ascending.
fn reach(taking: &[(&Candidate, Position)], places: &[&Place], metres: f64) -> Vec<Vec<u32>> {
    let points = (0_u32..)
        .zip(places)
        .map(|(number, place)| GeomWithData::new(earth_centred(place.position), number));
    let tree = RTree::bulk_load(points.collect());
    let of = |position: Position| {
        // The chord is never longer than the way over the surface.
        let near = tree.locate_within_distance(earth_centred(position), metres * metres);
        let mut near: Vec<u32> = near
            .map(|point| point.data)
            .filter(|number| {
                let place = places.get(*number as usize);
                place.is_some_and(|place| metres_between(position, place.position) <= metres)
            })
            .collect();
        near.sort_unstable();
        near
    };
    taking.iter().map(|(_, position)| of(*position)).collect()
}

/// So many of each kind: the candidate that adds most, one after the other, then exchanges within a
/// kind while they bring more.
fn by_kind(cover: &Cover, kinds: &[usize], mut left: Vec<usize>) -> Vec<u32> {
    let mut times = vec![0_u32; cover.demand.len()];
    let mut chosen: Vec<u32> = Vec::new();
    let demand = |number: u32| cover.demand.get(number as usize).copied().unwrap_or(0);
    let reached = |candidate: u32| cover.reached.get(candidate as usize).into_iter().flatten();
    let kind = |candidate: u32| kinds.get(candidate as usize).copied();
    let all: Vec<u32> = (0_u32..).take(cover.reached.len()).collect();
    loop {
        let gain = |candidate: u32| -> u64 {
            let fresh = reached(candidate).filter(|one| times.get(**one as usize) == Some(&0));
            fresh.map(|one| demand(*one)).sum()
        };
        let open = all.iter().copied().filter(|candidate| {
            let room = kind(*candidate).and_then(|kind| left.get(kind));
            room.is_some_and(|room| *room > 0) && !chosen.contains(candidate)
        });
        let Some((_, std::cmp::Reverse(next))) = open
            .map(|candidate| (gain(candidate), std::cmp::Reverse(candidate)))
            .max()
        else {
            break;
        };
        if let Some(room) = kind(next).and_then(|kind| left.get_mut(kind)) {
            *room -= 1;
        }
        reached(next).for_each(|one| bump(&mut times, *one, 1));
        chosen.push(next);
    }
    while exchange(&mut chosen, &mut times, cover, kinds) {}
    chosen.sort_unstable();
    chosen
}

fn bump(times: &mut [u32], demand: u32, by: i32) {
    if let Some(times) = times.get_mut(demand as usize) {
        *times = times.saturating_add_signed(by);
    }
}

/// The first exchange of one for another of its kind that brings more; false when none does.
fn exchange(chosen: &mut [u32], times: &mut [u32], cover: &Cover, kinds: &[usize]) -> bool {
    let reached = |candidate: u32| cover.reached.get(candidate as usize).into_iter().flatten();
    let demand = |number: u32| cover.demand.get(number as usize).copied().unwrap_or(0);
    let kind = |candidate: u32| kinds.get(candidate as usize).copied();
    let all: Vec<u32> = (0_u32..).take(cover.reached.len()).collect();
    for at in 0..chosen.len() {
        let Some(&out) = chosen.get(at) else {
            return false;
        };
        reached(out).for_each(|one| bump(times, *one, -1));
        let fresh = |candidate: u32| -> u64 {
            let new = reached(candidate).filter(|one| times.get(**one as usize) == Some(&0));
            new.map(|one| demand(*one)).sum()
        };
        let loss = fresh(out);
        let others = all
            .iter()
            .copied()
            .filter(|other| kind(*other) == kind(out) && !chosen.contains(other));
        let best = others
            .map(|other| (fresh(other), std::cmp::Reverse(other)))
            .max();
        let into = best
            .filter(|(gain, _)| *gain > loss)
            .map(|(_, std::cmp::Reverse(other))| other);
        reached(into.unwrap_or(out)).for_each(|one| bump(times, *one, 1));
        if let (Some(into), Some(place)) = (into, chosen.get_mut(at)) {
            *place = into;
            return true;
        }
    }
    false
}

fn report(
    wish: &ServiceWish,
    taking: &[(&Candidate, Position)],
    cover: &Cover,
    places: &[&Place],
    (chosen, upper_bound): (&[u32], u64),
) -> ServicePlan {
    let mut seen = vec![false; places.len()];
    let points = chosen.iter().filter_map(|number| {
        let (candidate, _) = taking.get(*number as usize)?;
        let reached = cover.reached.get(*number as usize)?;
        for one in reached {
            if let Some(seen) = seen.get_mut(*one as usize) {
                *seen = true;
            }
        }
        let people = reached
            .iter()
            .filter_map(|one| cover.demand.get(*one as usize))
            .sum();
        Some(ServicePoint {
            site: candidate.site.clone(),
            kind: candidate.kind.clone(),
            people,
            settlements: reached.len() as u64,
        })
    });
    let points: Vec<ServicePoint> = points.collect();
    let count = |kind: &str| taking.iter().filter(|(one, _)| one.kind == kind).count();
    let of_kinds = wish.by_kind.iter().map(|(kind, asked)| Shortfall {
        kind: Some(kind.clone()),
        asked: *asked,
        candidates: count(kind),
    });
    let of_all = wish.points.map(|asked| Shortfall {
        kind: None,
        asked,
        candidates: taking.len(),
    });
    ServicePlan {
        wish: wish.clone(),
        points,
        shortfalls: of_kinds
            .chain(of_all)
            .filter(|one| one.asked > one.candidates)
            .collect(),
        people_covered: cover.covered(chosen),
        people_total: cover.demand.iter().sum(),
        upper_bound,
        settlements_covered: seen.iter().filter(|seen| **seen).count() as u64,
        settlements_total: places.len() as u64,
        settlements_without_population: places
            .iter()
            .filter(|place| place.population.is_none())
            .count() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_at(longitude: f64, population: Option<u64>) -> Place {
        Place {
            name: None,
            position: Position::new(0.0, longitude).unwrap(),
            population,
        }
    }

    fn candidate(site: &str, kind: &str, longitude: Option<f64>) -> Candidate {
        Candidate {
            site: site.to_owned(),
            kind: kind.to_owned(),
            position: longitude.map(|longitude| Position::new(0.0, longitude).unwrap()),
        }
    }

    fn wish(points: usize) -> ServiceWish {
        ServiceWish {
            name: "e-services".to_owned(),
            radius_metres: 5_000,
            kinds: vec!["school".to_owned(), "post".to_owned()],
            points: Some(points),
            by_kind: BTreeMap::new(),
        }
    }

    /// Villages every 4 km along the equator; a degree is 111.32 km.
    fn country() -> (Vec<Place>, Vec<Candidate>) {
        let at = |number: u32| f64::from(number) * 4_000.0 / 111_320.0;
        let places = [Some(100), Some(50), Some(10), None, Some(400), Some(30)];
        let places = (0..)
            .zip(places)
            .map(|(number, people)| place_at(at(number), people));
        let candidates = vec![
            candidate("a", "school", Some(at(1))),
            candidate("b", "school", Some(at(4))),
            candidate("c", "post", Some(at(5))),
            candidate("d", "post", None),
            candidate("e", "court", Some(at(4))),
        ];
        (places.collect(), candidates)
    }

    #[test]
    fn most_people_are_reached_and_the_rest_is_counted() {
        let (places, candidates) = country();
        let places: Vec<&Place> = places.iter().collect();
        let plan = place(&wish(2), &candidates, &places).unwrap();
        let sites: Vec<&str> = plan
            .points
            .iter()
            .map(|point| point.site.as_str())
            .collect();
        assert_eq!(sites, ["a", "b"]);
        assert_eq!((plan.people_covered, plan.people_total), (590, 590));
        assert_eq!(
            (plan.points[0].people, plan.points[0].settlements),
            (160, 3)
        );
        assert_eq!((plan.settlements_covered, plan.settlements_total), (6, 6));
        assert_eq!(plan.settlements_without_population, 1);
        assert_eq!(plan.upper_bound, 590);
        assert!(plan.shortfalls.is_empty());
        let one = place(&wish(1), &candidates, &places).unwrap();
        assert_eq!((one.people_covered, one.settlements_covered), (430, 3));
    }

    #[test]
    fn more_points_than_candidates_of_a_kind_are_said_to_be_too_many() {
        let (places, candidates) = country();
        let places: Vec<&Place> = places.iter().collect();
        let plan = place(&wish(9), &candidates, &places).unwrap();
        assert_eq!(plan.points.len(), 3);
        assert_eq!(
            plan.shortfalls,
            [Shortfall {
                kind: None,
                asked: 9,
                candidates: 3
            }]
        );
        let each = ServiceWish {
            kinds: Vec::new(),
            points: None,
            by_kind: [("school".to_owned(), 1), ("post".to_owned(), 2)].into(),
            ..wish(0)
        };
        let plan = place(&each, &candidates, &places).unwrap();
        let sites: Vec<&str> = plan
            .points
            .iter()
            .map(|point| point.site.as_str())
            .collect();
        // The post office reaches the town too, so the school is the one of the west.
        assert_eq!(sites, ["a", "c"]);
        let short = Shortfall {
            kind: Some("post".to_owned()),
            asked: 2,
            candidates: 1,
        };
        assert_eq!(plan.shortfalls, [short]);
        assert_eq!(plan.people_covered, 590);
    }

    #[test]
    fn a_wish_that_says_two_things_is_refused() {
        let (places, candidates) = country();
        let places: Vec<&Place> = places.iter().collect();
        let refused =
            |wish: &ServiceWish| place(wish, &candidates, &places).unwrap_err().to_string();
        let far = ServiceWish {
            radius_metres: 0,
            ..wish(1)
        };
        assert!(refused(&far).contains("radius_metres"));
        let both = ServiceWish {
            by_kind: [("post".to_owned(), 1)].into(),
            ..wish(1)
        };
        assert!(refused(&both).contains("either"));
        let neither = ServiceWish {
            points: None,
            ..wish(1)
        };
        assert!(refused(&neither).contains("either"));
    }
}
