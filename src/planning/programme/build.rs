//! Phases, frontier and routes, and what each site costs in them.

use super::choice::Chosen;
use super::share::Shares;
use super::{PhaseReport, ProgrammeError, RoutePlan, SitePlan, Step, Target};
use crate::cost::{CostParameters, Technology, options};
use crate::layer::{Layers, Place};
use crate::network::ROOT;
use crate::overrides::Decision;
use crate::phase::{Budgeted, Built, Ceiling, Effort, FrontierPoint, Item, Orders, Planner};
use crate::plan::Plan;
use crate::scenario::Scenario;
use crate::service::{Candidate, ServicePlan, place};

/// What was built.
pub(super) struct Outcome {
    pub(super) target: Target,
    pub(super) phases: Vec<PhaseReport>,
    pub(super) frontier: Vec<FrontierPoint>,
    pub(super) routes: Vec<RoutePlan>,
}

/// Gives sites their phases, steps and costs.
pub(super) fn build(
    sites: &mut [SitePlan],
    chosen: &Chosen,
    plan: &Plan,
    costs: &CostParameters,
    progress: &dyn Fn(Step),
) -> Result<Outcome, ProgrammeError> {
    let scenario = &plan.scenario;
    own_costs(sites, chosen, plan, costs);
    let target = summed(sites, chosen);
    let (problem, places) = budgeted(sites, chosen)?;
    let wanted = wanted(scenario, sites, &places, plan);
    let mut planner = Planner::new(&problem, Effort::of(&problem))?;
    let total = wanted.len();
    let built = planner.phases(&wanted, &|done| progress(Step::Phases(done, total)))?;
    let stairs = planner.frontier(scenario.frontier_steps.max(1))?;
    progress(Step::Frontier);
    for (number, phase) in built.iter().enumerate() {
        for item in &phase.items {
            let site = places.get(*item).and_then(|place| sites.get_mut(*place));
            if let Some(site) = site.filter(|site| site.phase.is_none()) {
                site.phase = Some(number + 1);
            }
        }
    }
    for (place, step) in places.iter().zip(&stairs.item_steps) {
        if let Some(site) = sites.get_mut(*place) {
            site.step = *step;
        }
    }
    shared_costs(sites, chosen, &built);
    let phases = reports(scenario, sites, chosen, &wanted, &built);
    let mut routes = Vec::new();
    let edges = problem.graph.edges();
    for (number, (stretch, edge)) in chosen.network.stretches.iter().zip(edges).enumerate() {
        let edge_number = u32::try_from(number).unwrap_or(u32::MAX);
        let phase = built
            .iter()
            .position(|one| one.edges.binary_search(&edge_number).is_ok());
        let step = stairs.edge_steps.get(number).copied().flatten();
        let target = chosen.edges.binary_search(&edge_number).is_ok();
        if phase.is_some() || step.is_some() || target {
            routes.push(RoutePlan {
                phase: phase.map(|phase| phase + 1),
                step,
                target,
                metres: stretch.metres,
                capex_minor: edge.weight,
                path: stretch.path.clone(),
            });
        }
    }
    Ok(Outcome {
        target,
        phases,
        frontier: stairs.points,
        routes,
    })
}

/// What stands at each site costs.
fn own_costs(sites: &mut [SitePlan], chosen: &Chosen, plan: &Plan, costs: &CostParameters) {
    for place in &chosen.in_play {
        let (Some(site), Some(row)) = (sites.get_mut(*place), plan.rows.get(*place)) else {
            continue;
        };
        let Some(technology) = site.technology else {
            continue;
        };
        let all = options(costs, &row.site.kind, &site.around.surroundings());
        let own = all.iter().find(|one| one.technology == technology);
        let Some(flows) = own.and_then(|one| one.flows.as_ref()) else {
            continue;
        };
        site.own_capex_minor = Some(flows.capex_minor());
        site.capex_minor = site.own_capex_minor;
        site.yearly_minor = Some(flows.yearly_minor());
        site.net_present_minor = own.and_then(|one| one.net_present_minor);
    }
}

/// The target with what building all of it costs.
fn summed(sites: &[SitePlan], chosen: &Chosen) -> Target {
    let signed = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
    let mut target = chosen.target.clone();
    target.capex_minor = signed(chosen.paid_metres.saturating_mul(chosen.prices.capex));
    target.yearly_minor = signed(chosen.prices.yearly(chosen.paid_metres));
    for site in chosen.in_play.iter().filter_map(|place| sites.get(*place)) {
        target.capex_minor += site.own_capex_minor.unwrap_or(0);
        target.yearly_minor += site.yearly_minor.unwrap_or(0);
    }
    target
}

/// The problem of the phases, and by item its place in the list of sites.
fn budgeted(sites: &[SitePlan], chosen: &Chosen) -> Result<(Budgeted, Vec<usize>), ProgrammeError> {
    let prices = chosen.prices;
    let graph = chosen
        .network
        .graph(|metres| u64::from(metres) * prices.capex)?;
    let yearly = chosen.network.stretches.iter();
    let yearly = yearly.map(|one| prices.yearly(u64::from(one.paid_metres)));
    let mut items = Vec::new();
    let mut places = Vec::new();
    let whole = |minor: Option<i64>| u64::try_from(minor.unwrap_or(0)).unwrap_or(0);
    for (place, node) in chosen.in_play.iter().zip(&chosen.network.site_nodes) {
        let Some(site) = sites.get(*place) else {
            continue;
        };
        let Some(technology) = site.technology else {
            continue;
        };
        items.push(Item {
            node: node.filter(|_| technology == Technology::Fibre),
            capex: whole(site.own_capex_minor),
            yearly: whole(site.yearly_minor),
            benefit: site.benefit,
        });
        places.push(*place);
    }
    let problem = Budgeted {
        graph,
        yearly: yearly.collect(),
        root: ROOT,
        items,
    };
    Ok((problem, places))
}

/// Ceilings, cumulative, with the decisions of each phase.
fn wanted(
    scenario: &Scenario,
    sites: &[SitePlan],
    places: &[usize],
    plan: &Plan,
) -> Vec<(Ceiling, Orders)> {
    let mut capex = 0_u64;
    let pinned = |item: &usize, wanted: usize| {
        let site = places.get(*item).and_then(|place| sites.get(*place));
        let decision = site.and_then(|site| site.decision.as_ref());
        decision.is_some_and(|one| one.decision == Decision::Pin { phase: wanted })
    };
    let region = |item: usize| {
        let row = places.get(item).and_then(|place| plan.rows.get(*place));
        row.and_then(|row| row.site.region.as_deref())
    };
    let mut phases = Vec::new();
    for (number, phase) in scenario.phases.iter().enumerate() {
        capex = capex.saturating_add(phase.capex_minor);
        let all = 0..places.len();
        let quotas = scenario
            .quotas
            .iter()
            .filter(|quota| quota.phase == number + 1);
        let orders = Orders {
            forced: all
                .clone()
                .filter(|item| pinned(item, number + 1))
                .collect(),
            quotas: quotas
                .map(|quota| {
                    let inside = all
                        .clone()
                        .filter(|item| region(*item) == Some(&quota.region));
                    (inside.collect(), quota.sites)
                })
                .collect(),
        };
        let ceiling = Ceiling {
            capex,
            yearly: phase.yearly_minor,
        };
        phases.push((ceiling, orders));
    }
    phases
}

/// Adds each fibre site's part of the routes: of those of the phases where a phase builds it, else of
/// those that cost least over the years.
fn shared_costs(sites: &mut [SitePlan], chosen: &Chosen, built: &[Built]) {
    let network = &chosen.network;
    let by_fibre: Vec<(u32, usize)> = chosen
        .in_play
        .iter()
        .zip(&network.site_nodes)
        .filter_map(|(place, node)| Some(((*node)?, *place)))
        .filter(|(_, place)| {
            let technology = sites.get(*place).and_then(|site| site.technology);
            technology == Some(Technology::Fibre)
        })
        .collect();
    let counts = |phased: bool| {
        let mut counts = vec![false; network.nodes];
        for (node, place) in &by_fibre {
            let inside = sites
                .get(*place)
                .is_some_and(|site| !phased || site.phase.is_some());
            if let Some(counts) = counts.get_mut(*node as usize) {
                *counts = inside;
            }
        }
        counts
    };
    let (all, phased) = (counts(false), counts(true));
    let of = |counts: &[bool], node: u32| counts.get(node as usize).copied().unwrap_or(false);
    let target = Shares::new(network, &chosen.edges, |node| of(&all, node));
    let last = built
        .last()
        .map(|phase| phase.edges.as_slice())
        .unwrap_or_default();
    let built_routes = Shares::new(network, last, |node| of(&phased, node));
    for (node, place) in by_fibre {
        let Some(site) = sites.get_mut(place) else {
            continue;
        };
        let shares = if site.phase.is_some() {
            &built_routes
        } else {
            &target
        };
        let metres = shares.paid_metres(node);
        site.route_metres = Some(metres);
        let signed = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
        let add = |held: &mut Option<i64>, more: i64| {
            *held = held.map(|held| held.saturating_add(more));
        };
        add(
            &mut site.capex_minor,
            signed(metres.saturating_mul(chosen.prices.capex)),
        );
        add(&mut site.yearly_minor, signed(chosen.prices.yearly(metres)));
        add(
            &mut site.net_present_minor,
            chosen.prices.net_present(metres),
        );
    }
}

fn reports(
    scenario: &Scenario,
    sites: &[SitePlan],
    chosen: &Chosen,
    wanted: &[(Ceiling, Orders)],
    built: &[Built],
) -> Vec<PhaseReport> {
    let mut before: Option<&Built> = None;
    let mut reports = Vec::new();
    for (number, ((budget, (ceiling, _)), phase)) in
        scenario.phases.iter().zip(wanted).zip(built).enumerate()
    {
        let mine = sites.iter().filter(|site| site.phase == Some(number + 1));
        let mut by_technology = std::collections::BTreeMap::new();
        for technology in mine.clone().filter_map(|site| site.technology) {
            *by_technology.entry(technology).or_default() += 1;
        }
        let held = before
            .map(|phase| phase.edges.as_slice())
            .unwrap_or_default();
        let fresh = phase
            .edges
            .iter()
            .filter(|edge| held.binary_search(edge).is_err());
        let metres = fresh.filter_map(|edge| chosen.network.stretches.get(*edge as usize));
        let quotas = scenario
            .quotas
            .iter()
            .filter(|quota| quota.phase == number + 1);
        reports.push(PhaseReport {
            name: budget.name.clone(),
            ceiling_minor: ceiling.capex,
            yearly_ceiling_minor: ceiling.yearly,
            capex_minor: phase.capex - before.map_or(0, |before| before.capex),
            total_capex_minor: phase.capex,
            yearly_minor: phase.yearly,
            sites: mine.count(),
            by_technology,
            route_metres: metres.map(|one| u64::from(one.metres)).sum(),
            benefit: phase.benefit,
            upper_bound: phase.upper_bound,
            gap: phase.gap(),
            over_ceiling: phase.over,
            quotas_missed: quotas
                .zip(&phase.missing)
                .filter(|(_, missing)| **missing > 0)
                .map(|(quota, missing)| (quota.region.clone(), *missing))
                .collect(),
        });
        before = Some(phase);
    }
    reports
}

/// E-service points, one plan a wish.
pub(super) fn services(plan: &Plan, layers: &Layers) -> Result<Vec<ServicePlan>, ProgrammeError> {
    let candidates: Vec<Candidate> = plan
        .rows
        .iter()
        .map(|row| Candidate {
            site: row.site.id.clone(),
            kind: row.site.kind.clone(),
            position: row.site.position,
        })
        .collect();
    let counted = layers.counted_places();
    let places: Vec<&Place> = counted.iter().flat_map(|layer| &layer.features).collect();
    let wishes = plan.scenario.cover.iter();
    let plans = wishes.map(|wish| place(wish, &candidates, &places));
    Ok(plans.collect::<Result<_, _>>()?)
}
