//! Which technology each site takes, when routes of fibre are shared.
//!
//! One problem, not two: the rooted prize-collecting Steiner tree over the route network. An edge
//! weighs what its route costs over the years; a site's prize is what fibre saves at the site itself
//! against the cheapest other technology. The tree that costs least with the prizes that it leaves is
//! the choice that costs least.

use std::collections::BTreeMap;

use super::share::Shares;
use super::{ProgrammeError, SitePlan, Target};
use crate::cost::{CostParameters, Discount, Technology, fibre_route};
use crate::graph::TOTAL_MAX;
use crate::layer::Layers;
use crate::network::{Lengths, ROOT, RouteNetwork};
use crate::plan::Plan;
use crate::position::Position;
use crate::route::{Problem, Route, WORK_PER_SECOND, Work, solve};

/// Steps of the search: about so many seconds of one core.
const SECONDS: u64 = 8;
/// Of a route's net present value, parts that a metre's is counted in: prices of a metre may be small.
const PARTS: u64 = 1_000;

/// What was chosen.
pub(super) struct Chosen {
    pub(super) network: RouteNetwork,
    /// By site in play: its place in the list of sites.
    pub(super) in_play: Vec<usize>,
    /// Without capex and yearly cost, which are summed later.
    pub(super) target: Target,
    /// Paid metres of the routes below.
    pub(super) paid_metres: u64,
    /// Edges of the least-cost tree, ascending.
    pub(super) edges: Vec<u32>,
    pub(super) prices: RoutePrices,
}

/// What a metre of route costs, minor units.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoutePrices {
    /// Net present value of 1,000 kilometres.
    million: u64,
    /// Capex of a metre.
    pub(super) capex: u64,
    /// Upkeep of a year of 1,000 kilometres.
    yearly_million: u64,
}

impl RoutePrices {
    fn of(costs: &CostParameters) -> Self {
        const METRES: u64 = 1_000_000;
        let discount = Discount::new(costs.years, costs.discount_rate_basis_points);
        let Some((asset, flows)) = fibre_route(costs, METRES) else {
            return Self::default();
        };
        let whole = |minor: i64| u64::try_from(minor).unwrap_or(0);
        Self {
            million: whole(discount.net_present(&flows)),
            capex: whole(asset.minor) / METRES,
            yearly_million: whole(flows.yearly_minor()),
        }
    }

    /// Net present value of so many metres, in thousandths of a minor unit.
    fn parts(self, metres: u32) -> u64 {
        let parts = u128::from(metres) * u128::from(self.million) * u128::from(PARTS) / 1_000_000;
        u64::try_from(parts).unwrap_or(TOTAL_MAX)
    }

    /// Net present value of so many metres, minor units.
    pub(super) fn net_present(self, metres: u64) -> i64 {
        let minor = (u128::from(metres) * u128::from(self.million) + 500_000) / 1_000_000;
        i64::try_from(minor).unwrap_or(i64::MAX)
    }

    /// Upkeep of a year of so many metres, minor units.
    pub(super) fn yearly(self, metres: u64) -> u64 {
        let minor = (u128::from(metres) * u128::from(self.yearly_million) + 500_000) / 1_000_000;
        u64::try_from(minor).unwrap_or(u64::MAX)
    }
}

/// Gives each site in play its technology, and its part of the routes.
pub(super) fn choose(
    sites: &mut [SitePlan],
    plan: &Plan,
    layers: &Layers,
    costs: &CostParameters,
) -> Result<Chosen, ProgrammeError> {
    let open = sites.iter().enumerate().filter(|(_, site)| site.open());
    let in_play: Vec<usize> = open.map(|(place, _)| place).collect();
    let network = network(plan, layers, costs, &in_play);
    let prices = RoutePrices::of(costs);
    let graph = network.graph(|metres| prices.parts(metres))?;
    let total: u64 = graph
        .edges()
        .iter()
        .fold(1, |sum, edge| sum.saturating_add(edge.weight));
    let cap = (TOTAL_MAX / 4 / (in_play.len() as u64 + 1)).max(1);
    let mut prizes = vec![0; graph.nodes()];
    for (place, node) in in_play.iter().zip(&network.site_nodes) {
        let (Some(site), Some(node)) = (sites.get(*place), node) else {
            continue;
        };
        if let Some(prize) = prizes.get_mut(*node as usize) {
            *prize = saved(site, total).min(cap);
        }
    }
    let problem = Problem::prize_collecting(graph, prizes, Some(ROOT));
    let never = || false;
    let mut work = Work::new(SECONDS * WORK_PER_SECOND, &never);
    let route = solve(&problem, &mut work)?;
    let shares = Shares::new(&network, &route.edges, |node| {
        problem
            .prizes
            .get(node as usize)
            .is_some_and(|prize| *prize > 0)
    });
    for (place, node) in in_play.iter().zip(&network.site_nodes) {
        let Some(site) = sites.get_mut(*place) else {
            continue;
        };
        let by_fibre = node.filter(|node| {
            let prize = problem.prizes.get(*node as usize).copied().unwrap_or(0);
            prize > 0 && route.nodes.binary_search(node).is_ok()
        });
        if let Some(node) = by_fibre {
            site.technology = Some(Technology::Fibre);
            site.route_metres = Some(shares.paid_metres(node));
        } else {
            site.technology = site.best_other().map(|(_, technology)| technology);
        }
    }
    let (target, paid_metres) = target(sites, &in_play, &network, &route, prices);
    let edges = route.edges;
    Ok(Chosen {
        network,
        in_play,
        target,
        paid_metres,
        edges,
        prices,
    })
}

fn network(
    plan: &Plan,
    layers: &Layers,
    costs: &CostParameters,
    in_play: &[usize],
) -> RouteNetwork {
    let positions: Vec<Option<Position>> = in_play
        .iter()
        .map(|place| plan.rows.get(*place).and_then(|row| row.site.position))
        .collect();
    let lengths = costs.fibre.as_ref().map_or(
        Lengths {
            detour_percent: 100,
            off_road_percent: 100,
        },
        |fibre| Lengths {
            detour_percent: fibre.detour_percent,
            off_road_percent: fibre.off_road_percent,
        },
    );
    // Where fibre is not offered no route is looked for.
    let offered = costs.fibre.is_some();
    let fibre = layers.fibre_lines.iter().flat_map(|layer| &layer.features);
    let fibre = fibre
        .filter(|_| offered)
        .map(|line| line.positions.as_slice());
    let roads = super::around::roads(layers);
    RouteNetwork::new(&positions, fibre, &roads, lengths)
}

/// What fibre saves at the site itself, in the parts of the edges' weights; where nothing else reaches
/// it, as much as all routes cost.
fn saved(site: &SitePlan, total: u64) -> u64 {
    let Some(fibre) = site.option(Technology::Fibre) else {
        return 0;
    };
    let Some((other, _)) = site.best_other() else {
        return total;
    };
    let saved = u64::try_from(other.saturating_sub(fibre)).unwrap_or(0);
    saved.saturating_mul(PARTS)
}

fn target(
    sites: &[SitePlan],
    in_play: &[usize],
    network: &RouteNetwork,
    route: &Route,
    prices: RoutePrices,
) -> (Target, u64) {
    let mut target = Target {
        sites: in_play.len(),
        by_technology: BTreeMap::new(),
        unreached: 0,
        route_metres: 0,
        capex_minor: 0,
        yearly_minor: 0,
        net_present_minor: 0,
        lower_bound_minor: 0,
        gap: 0.0,
    };
    for site in in_play.iter().filter_map(|place| sites.get(*place)) {
        match site.technology {
            None => target.unreached += 1,
            Some(technology) => {
                *target.by_technology.entry(technology).or_default() += 1;
                target.net_present_minor += site.option(technology).unwrap_or(0);
            }
        }
    }
    let stretches = route
        .edges
        .iter()
        .filter_map(|edge| network.stretches.get(*edge as usize));
    let mut paid = 0;
    for stretch in stretches {
        target.route_metres += u64::from(stretch.metres);
        paid += u64::from(stretch.paid_metres);
    }
    target.net_present_minor += prices.net_present(paid);
    // What the search may have missed, in whole minor units, rounded up.
    let missed = route
        .objective
        .saturating_sub(route.lower_bound)
        .div_ceil(PARTS);
    let missed = i64::try_from(missed).unwrap_or(i64::MAX);
    target.lower_bound_minor = target.net_present_minor.saturating_sub(missed);
    let whole = |minor: i64| u64::try_from(minor).unwrap_or(0);
    target.gap = crate::route::gap(
        whole(target.lower_bound_minor),
        whole(target.net_present_minor),
    );
    (target, paid)
}
