//! The graph over which fibre may be laid: the sites, the roads where they are known, and one root
//! into which all existing fibre is contracted, so that a route begins anywhere along a line.
//!
//! With roads, routes follow them, and leave them at a higher price a metre. Without, they run
//! straight between neighbouring sites, a fixed percentage longer than the straight line; a plan says
//! which of both it did ([`Basis`]).

mod roads;
mod straight;

use serde::Serialize;

use crate::graph::{Edge, Graph, GraphError};
use crate::index::NearestIndex;
use crate::position::Position;

/// The node into which existing fibre is contracted.
pub const ROOT: u32 = 0;
/// Longest edge that is kept, metres: no country is wider.
const METRES_MAX: f64 = 10_000_000.0;

/// What routes run along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "along")]
pub enum Basis {
    /// Straight lines, so many percent as long as they are.
    StraightLines {
        /// 130: a third longer.
        detour_percent: u32,
    },
    /// Roads; straight lines away from them cost so many percent of a metre along them.
    Roads {
        /// Length of a straight line away from roads, percent.
        detour_percent: u32,
        /// Price of its metres, percent.
        off_road_percent: u32,
    },
}

/// A stretch over which fibre may be laid.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Its two nodes.
    pub ends: [u32; 2],
    /// Metres of route.
    pub metres: u32,
    /// Metres that are paid: more than its own away from roads.
    pub paid_metres: u32,
    /// From its first end to its second. An end that is the root is where existing fibre is met.
    pub path: Vec<Position>,
}

/// The graph with where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteNetwork {
    /// Nodes, the root among them.
    pub nodes: usize,
    /// Stretches; the number is the one of the graph's edge.
    pub stretches: Vec<Stretch>,
    /// By site, in the order given: its node; `None` without a position.
    pub site_nodes: Vec<Option<u32>>,
    /// What routes run along.
    pub basis: Basis,
}

/// How lengths are reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Length of a straight line, percent.
    pub detour_percent: u32,
    /// Price of a metre away from roads, percent.
    pub off_road_percent: u32,
}

impl RouteNetwork {
    /// The network of these sites. `fibre` and `roads` are lines; without fibre the root is reached
    /// by no stretch, without roads straight lines are taken.
    #[must_use]
    pub fn new<'l>(
        sites: &[Option<Position>],
        fibre: impl Iterator<Item = &'l [Position]>,
        roads: &[&[Position]],
        lengths: Lengths,
    ) -> Self {
        let fibre = NearestIndex::of_lines(fibre);
        let mut network = Self {
            nodes: 1,
            stretches: Vec::new(),
            site_nodes: Vec::with_capacity(sites.len()),
            basis: if roads.is_empty() {
                Basis::StraightLines {
                    detour_percent: lengths.detour_percent,
                }
            } else {
                Basis::Roads {
                    detour_percent: lengths.detour_percent,
                    off_road_percent: lengths.off_road_percent,
                }
            },
        };
        let mut placed = Vec::new();
        for site in sites {
            let node = site.map(|position| {
                let node = network.node();
                placed.push((node, position));
                node
            });
            network.site_nodes.push(node);
        }
        if !roads.is_empty() {
            roads::lay(&mut network, roads, &placed, &fibre, lengths);
        }
        straight::lay(&mut network, &placed, &fibre, lengths, !roads.is_empty());
        network
    }

    fn node(&mut self) -> u32 {
        let node = u32::try_from(self.nodes).unwrap_or(u32::MAX);
        self.nodes += 1;
        node
    }

    /// A stretch of so many metres, paid at so many percent.
    fn add(&mut self, ends: [u32; 2], metres: f64, paid_percent: u32, path: Vec<Position>) {
        if metres > METRES_MAX {
            return;
        }
        let metres = whole(metres);
        let paid = u64::from(metres) * u64::from(paid_percent) / 100;
        self.stretches.push(Stretch {
            ends,
            metres,
            paid_metres: u32::try_from(paid).unwrap_or(u32::MAX),
            path,
        });
    }

    /// The graph, each edge weighing what `price` makes of its paid metres.
    pub fn graph(&self, price: impl Fn(u32) -> u64) -> Result<Graph, GraphError> {
        let edges = self.stretches.iter().map(|stretch| Edge {
            ends: stretch.ends,
            weight: price(stretch.paid_metres),
        });
        Graph::new(self.nodes, edges.collect())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a distance is within 0 and METRES_MAX here"
)]
fn whole(metres: f64) -> u32 {
    metres.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geodesy::metres_between;
    use crate::route::{Problem, Work, solve};

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    const LENGTHS: Lengths = Lengths {
        detour_percent: 130,
        off_road_percent: 200,
    };

    fn tree_metres(network: &RouteNetwork, wanted: &[u32]) -> u64 {
        let graph = network.graph(u64::from).unwrap();
        let mut all = vec![ROOT];
        all.extend(wanted);
        let problem = Problem::steiner(graph, &all);
        let never = || false;
        solve(&problem, &mut Work::new(10_000_000, &never))
            .unwrap()
            .objective
    }

    #[test]
    fn straight_routes_share_the_way_from_the_nearest_point_of_a_line() {
        // A line along the equator; three sites one behind the other, 0.1, 0.2 and 0.3 degrees north.
        let fibre = [at(0.0, 0.0), at(0.0, 2.0)];
        let sites = [
            Some(at(0.1, 1.0)),
            Some(at(0.2, 1.0)),
            None,
            Some(at(0.3, 1.0)),
        ];
        let network = RouteNetwork::new(&sites, std::iter::once(&fibre[..]), &[], LENGTHS);
        assert_eq!(network.site_nodes, [Some(1), Some(2), None, Some(3)]);
        let straight = metres_between(at(0.0, 1.0), at(0.3, 1.0));
        let metres = tree_metres(&network, &[1, 2, 3]);
        let difference = metres as f64 - straight * 1.3;
        assert!(
            difference.abs() < 3.0,
            "one way for all three, 1.3 times as long: {difference}"
        );
        assert!(matches!(
            network.basis,
            Basis::StraightLines {
                detour_percent: 130
            }
        ));
        let tap = network
            .stretches
            .iter()
            .find(|one| one.ends == [ROOT, 1])
            .unwrap();
        assert!(
            metres_between(tap.path[0], at(0.0, 1.0)) < 1.0,
            "not at a vertex"
        );
    }

    #[test]
    fn two_towns_apart_are_joined_by_one_way_between_their_nearest_sites() {
        // Two clusters of thirty sites each, 50 km apart; the fibre begins 30 km west of the first.
        let mut sites = Vec::new();
        for town in [0.0, 0.45] {
            for number in 0..30_u32 {
                let (row, column) = (f64::from(number / 6), f64::from(number % 6));
                sites.push(Some(at(row * 0.002, town + column * 0.002)));
            }
        }
        let fibre = [at(0.0, -0.3), at(0.0, -0.27)];
        let network = RouteNetwork::new(&sites, std::iter::once(&fibre[..]), &[], LENGTHS);
        let all: Vec<u32> = (1..=60).collect();
        let between = metres_between(at(0.0, 0.01), at(0.0, 0.45));
        let to_fibre = metres_between(at(0.0, 0.0), at(0.0, -0.27));
        let inside = 58.0 * metres_between(at(0.0, 0.0), at(0.0, 0.002));
        let expected = (between + to_fibre + inside) * 1.3;
        let metres = tree_metres(&network, &all) as f64;
        assert!(
            (metres / expected - 1.0).abs() < 0.01,
            "{metres} instead of {expected}"
        );
    }

    #[test]
    fn a_road_is_followed_and_leaving_it_costs_double() {
        // A road from the fibre eastward then north; a site 0.01 degrees off its end.
        let fibre = [at(-0.5, 0.0), at(0.5, 0.0)];
        let road = [at(0.0, 0.0), at(0.0, 0.2), at(0.1, 0.2)];
        let sites = [Some(at(0.11, 0.2))];
        let roads: [&[Position]; 1] = [&road];
        let network = RouteNetwork::new(&sites, std::iter::once(&fibre[..]), &roads, LENGTHS);
        let along = metres_between(road[0], road[1]) + metres_between(road[1], road[2]);
        let off = metres_between(road[2], at(0.11, 0.2)) * 1.3 * 2.0;
        let metres = tree_metres(&network, &[1]) as f64;
        // The straight way, 1.3 × 2 the distance, is longer.
        assert!(
            (metres - along - off).abs() < 60.0,
            "{metres}, not {along} + {off}"
        );
        assert!(matches!(network.basis, Basis::Roads { .. }));
    }

    #[test]
    fn without_fibre_nothing_reaches_the_root() {
        let sites = [Some(at(0.0, 0.0)), Some(at(0.0, 0.1)), Some(at(0.0, 0.0))];
        let network = RouteNetwork::new(&sites, std::iter::empty(), &[], LENGTHS);
        assert!(
            network
                .stretches
                .iter()
                .all(|one| !one.ends.contains(&ROOT))
        );
        assert!(
            network.stretches.iter().any(|one| one.metres == 0),
            "the two at one place"
        );
    }
}
