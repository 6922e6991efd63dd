//! The programme: what is to be done with each site, by which technology, over which routes, in which
//! phase, for how much money, and how far from the best that is at most.
//!
//! It rests on a ranked plan ([`crate::plan`]), on what things cost ([`crate::cost`]) and on what was
//! measured ([`crate::class`]). Each site's technology is the one that costs least over the years when
//! routes are shared ([`Target`]); which sites then come first is a matter of the phases
//! ([`crate::phase`]). Every figure of money is in minor units of the parameters' currency.

mod around;
mod build;
mod choice;
mod compare;
mod limit;
mod share;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::class::{Action, ActionReason, Evidence, classify};
use crate::cost::{Barrier, CostParameters, CostProblem, Technology};
use crate::delivery::{self, Correction, DeliveryRow};
use crate::finding::Finding;
use crate::layer::Layers;
use crate::network::Basis;
use crate::overrides::{Decision, Override, OverrideError};
use crate::phase::{FrontierPoint, PhaseError};
use crate::plan::Plan;
use crate::position::Position;
use crate::route::RouteError;
use crate::scenario::{Benefit, Scenario, ScenarioError};
use crate::service::{ServiceError, ServicePlan};

pub use around::Around;
pub use compare::{Change, Comparison, Side, compare};
pub use limit::Limit;
pub use sheet::{SPREAD_PERCENT, SiteSheet, sheet};

/// A programme and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Programme {
    /// What things cost, with the corrections that deliveries brought.
    pub costs: CostParameters,
    /// Those corrections.
    pub corrections: Vec<Correction>,
    /// What routes run along.
    pub basis: Basis,
    /// The choice of technologies over the years of the plan.
    pub target: Target,
    /// Phases, in order.
    pub phases: Vec<PhaseReport>,
    /// Benefit against budget.
    pub frontier: Vec<FrontierPoint>,
    /// Sites by what is to be done with them.
    pub actions: BTreeMap<Action, usize>,
    /// E-service points.
    pub services: Vec<ServicePlan>,
    /// What was delivered, beside what was planned.
    pub deliveries: Vec<DeliveryRow>,
    /// What the plan could not know.
    pub limits: Vec<Limit>,
    /// The sites, in the order of the plan's rows.
    pub sites: Vec<SitePlan>,
    /// Routes of fibre.
    pub routes: Vec<RoutePlan>,
}

/// What all sites to be built cost over the years of the plan, each by its cheapest technology.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// Sites to be built.
    pub sites: usize,
    /// By technology: sites.
    pub by_technology: BTreeMap<Technology, usize>,
    /// Sites that no technology reaches.
    pub unreached: usize,
    /// Metres of route, each once.
    pub route_metres: u64,
    /// Capex, minor units.
    pub capex_minor: i64,
    /// Cost of a year, minor units.
    pub yearly_minor: i64,
    /// Net present value of everything, minor units.
    pub net_present_minor: i64,
    /// No choice of technologies and routes costs less, minor units.
    pub lower_bound_minor: i64,
    /// Difference of the two, as a share of the first.
    pub gap: f64,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// Its name.
    pub name: String,
    /// Capex that may be spent up to and with it, minor units.
    pub ceiling_minor: u64,
    /// Yearly cost that all built may have, minor units.
    pub yearly_ceiling_minor: Option<u64>,
    /// Capex of this phase, minor units.
    pub capex_minor: u64,
    /// Capex up to and with it, minor units.
    pub total_capex_minor: u64,
    /// Yearly cost of all that is built then, minor units.
    pub yearly_minor: u64,
    /// Sites that this phase builds.
    pub sites: usize,
    /// By technology: sites that this phase builds.
    pub by_technology: BTreeMap<Technology, usize>,
    /// Metres of route that this phase lays.
    pub route_metres: u64,
    /// Benefit of all that is built then.
    pub benefit: u64,
    /// No plan under these ceilings brings more.
    pub upper_bound: u64,
    /// Difference of the two, as a share of the bound.
    pub gap: f64,
    /// Decisions cost more than the ceilings allow.
    pub over_ceiling: bool,
    /// Regions whose quota is not met, and sites missing.
    pub quotas_missed: Vec<(String, usize)>,
}

/// What is planned for a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SitePlan {
    /// The site.
    pub site: String,
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub reason: ActionReason,
    /// Download rate that its agreement promises; `None`: none does.
    #[serde(default)]
    pub promised_bits_per_second: Option<u64>,
    /// Median of what was measured of it; `None`: nothing was.
    #[serde(default)]
    pub download_bits_per_second: Option<u64>,
    /// Measurements that it is the median of.
    #[serde(default)]
    pub download_measurements: u64,
    /// What a person decided of it.
    pub decision: Option<Override>,
    /// How it is to be connected; `None`: not at all, or nothing reaches it.
    pub technology: Option<Technology>,
    /// Phase that builds it, from 1.
    pub phase: Option<usize>,
    /// Step of the frontier that builds it, from 1.
    pub step: Option<usize>,
    /// What it is worth to the phases.
    pub benefit: u64,
    /// What stands at it costs, without its part of the routes, minor units.
    pub own_capex_minor: Option<i64>,
    /// Its capex with its part of the routes, minor units.
    pub capex_minor: Option<i64>,
    /// Its cost of a year with its part of the routes' upkeep, minor units.
    pub yearly_minor: Option<i64>,
    /// The same over the years of the plan, minor units.
    pub net_present_minor: Option<i64>,
    /// Its part of the routes, metres.
    pub route_metres: Option<u64>,
    /// Longest route of its own at which fibre costs no more than the best other, metres.
    pub break_even_metres: Option<u64>,
    /// What each technology would cost over the years, or what stands against it.
    pub options: Vec<OptionSummary>,
    /// What is known around it.
    pub around: Around,
}

/// A technology at a site, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionSummary {
    /// The technology.
    pub technology: Technology,
    /// Whether it can be had.
    pub planned: bool,
    /// What stands against it, or is assumed.
    pub barrier: Option<String>,
    /// What it costs over the years, of fibre without any route, minor units.
    pub net_present_minor: Option<i64>,
}

/// A stretch of route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoutePlan {
    /// Phase that lays it, from 1; `None`: none.
    pub phase: Option<usize>,
    /// Step of the frontier that lays it.
    pub step: Option<usize>,
    /// Whether it belongs to what costs least over the years for all sites.
    pub target: bool,
    /// Metres.
    pub metres: u32,
    /// Capex, minor units.
    pub capex_minor: u64,
    /// Where it runs.
    pub path: Vec<Position>,
}

/// How far a programme has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Each site's costs are computed.
    Costs,
    /// Routes and technologies are chosen.
    Routes,
    /// So many phases of so many are made.
    Phases(usize, usize),
    /// The frontier is made.
    Frontier,
    /// E-service points are chosen.
    Services,
}

/// Why there is no programme.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProgrammeError {
    /// The scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Decisions about sites that are not there.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The parameters, every one that is wrong.
    #[error("costs: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Costs(Vec<CostProblem>),
    /// Routes.
    #[error("routes: {0}")]
    Route(#[from] RouteError),
    /// The graph.
    #[error("routes: {0}")]
    Graph(#[from] crate::graph::GraphError),
    /// Phases.
    #[error("phases: {0}")]
    Phase(#[from] PhaseError),
    /// E-service points.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Makes the programme of a plan. `evidence` says what is known of sites' lines; a site without an
/// entry has none. `progress` hears what has been done.
pub fn programme(
    plan: &Plan,
    layers: &Layers,
    evidence: &BTreeMap<String, Evidence>,
    costs: &CostParameters,
    progress: &dyn Fn(Step),
) -> Result<Programme, ProgrammeError> {
    let scenario = &plan.scenario;
    scenario.check()?;
    named(plan)?;
    let problems = costs.problems();
    if !problems.is_empty() {
        return Err(ProgrammeError::Costs(problems));
    }
    let corrections = delivery::corrections(&scenario.delivered);
    let costs = delivery::corrected(costs, &corrections);
    let mut sites = classified(plan, evidence, &costs, layers);
    progress(Step::Costs);
    let chosen = choice::choose(&mut sites, plan, layers, &costs)?;
    progress(Step::Routes);
    let built = build::build(&mut sites, &chosen, plan, &costs, progress)?;
    let services = build::services(plan, layers)?;
    progress(Step::Services);
    let mut actions = BTreeMap::new();
    for site in &sites {
        *actions.entry(site.action).or_default() += 1;
    }
    Ok(Programme {
        limits: limit::limits(plan, layers, &costs, &sites, chosen.network.basis),
        deliveries: deliveries(scenario, evidence),
        costs,
        corrections,
        basis: chosen.network.basis,
        target: built.target,
        phases: built.phases,
        frontier: built.frontier,
        actions,
        services,
        sites,
        routes: built.routes,
    })
}

/// Decisions name sites and regions that are there.
fn named(plan: &Plan) -> Result<(), OverrideError> {
    let mut sites: Vec<&str> = plan.rows.iter().map(|row| row.site.id.as_str()).collect();
    sites.sort_unstable();
    for one in &plan.scenario.overrides {
        if sites.binary_search(&one.site.as_str()).is_err() {
            return Err(OverrideError::NoSuchSite(one.site.clone()));
        }
    }
    for quota in &plan.scenario.quotas {
        let there = |row: &crate::plan::PlanRow| row.site.region.as_deref() == Some(&quota.region);
        if !plan.rows.iter().any(there) {
            return Err(OverrideError::NoSuchRegion(quota.region.clone()));
        }
    }
    Ok(())
}

/// Every site with its class and its options.
fn classified(
    plan: &Plan,
    evidence: &BTreeMap<String, Evidence>,
    costs: &CostParameters,
    layers: &Layers,
) -> Vec<SitePlan> {
    let scenario = &plan.scenario;
    let decisions: BTreeMap<&str, &Override> = scenario
        .overrides
        .iter()
        .map(|one| (one.site.as_str(), one))
        .collect();
    let delivered: Vec<&str> = scenario
        .delivered
        .iter()
        .map(|one| one.site.as_str())
        .collect();
    let none = Evidence::default();
    plan.rows
        .iter()
        .map(|row| {
            let id = row.site.id.as_str();
            let mut known = evidence.get(id).unwrap_or(&none).clone();
            known.line_known |= delivered.contains(&id);
            let (action, reason) = classify(&known, &scenario.classes);
            let around = Around::of(row, costs, layers);
            let options = crate::cost::options(costs, &row.site.kind, &around.surroundings());
            SitePlan {
                site: row.site.id.clone(),
                action,
                reason,
                promised_bits_per_second: known.promised_bits_per_second,
                download_bits_per_second: known.download_bits_per_second,
                download_measurements: known.download_measurements,
                decision: decisions.get(id).map(|one| (*one).clone()),
                technology: None,
                phase: None,
                step: None,
                benefit: match scenario.benefit {
                    Benefit::Score => u64::from(row.ranked.score_millionths).max(1),
                    Benefit::Sites => 1,
                },
                own_capex_minor: None,
                capex_minor: None,
                yearly_minor: None,
                net_present_minor: None,
                route_metres: None,
                break_even_metres: crate::cost::break_even_metres(costs, &options),
                options: options.iter().map(OptionSummary::of).collect(),
                around,
            }
        })
        .collect()
}

impl SitePlan {
    /// Whether this plan may build it.
    fn open(&self) -> bool {
        let decided = self.decision.as_ref().map(|one| &one.decision);
        self.action == Action::Build
            && !matches!(decided, Some(Decision::Exclude | Decision::Funded { .. }))
    }

    fn option(&self, technology: Technology) -> Option<i64> {
        let found = self
            .options
            .iter()
            .find(|one| one.technology == technology)?;
        found.net_present_minor.filter(|_| found.planned)
    }

    /// The cheapest technology beside fibre.
    fn best_other(&self) -> Option<(i64, Technology)> {
        Technology::ALL
            .into_iter()
            .filter(|technology| *technology != Technology::Fibre)
            .filter_map(|technology| Some((self.option(technology)?, technology)))
            .min()
    }
}

impl OptionSummary {
    fn of(option: &crate::cost::TechnologyOption) -> Self {
        use crate::cost::Feasibility::{Assumed, Feasible, Infeasible, Unknown};
        let barrier: Option<Barrier> = match option.feasibility {
            Feasible => None,
            Assumed(barrier) | Infeasible(barrier) | Unknown(barrier) => Some(barrier),
        };
        Self {
            technology: option.technology,
            planned: option.feasibility.planned(),
            barrier: barrier.map(|barrier| barrier.code().to_owned()),
            net_present_minor: option.net_present_minor,
        }
    }
}

fn deliveries(scenario: &Scenario, evidence: &BTreeMap<String, Evidence>) -> Vec<DeliveryRow> {
    let delivered = scenario.delivered.iter();
    delivered
        .map(|one| {
            let measured = evidence
                .get(&one.site)
                .and_then(|known| known.availability.as_ref());
            delivery::row(
                one,
                measured.map(|slots| (slots.up_slots, slots.down_slots)),
            )
        })
        .collect()
}

/// Whether a finding is known.
fn is_known<T>(finding: &Finding<T>) -> bool {
    finding.known().is_some()
}
