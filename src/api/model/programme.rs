//! Plans with a programme.

use std::collections::BTreeMap;

use desserte_planning::programme::RoutePlan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::time;
use crate::app::PlanningNow;
use crate::plans::{KeptPlan, KeptSite};

/// What a plan is to be made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The scenario, as TOML; `demo/examples/scenario.toml` shows every key.
    pub scenario: String,
    /// What things cost, as TOML; `/api/v1/plans/examples` holds sets to start from.
    pub costs: String,
}

/// Costs to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanExamples {
    /// TOML by name.
    pub costs: BTreeMap<String, String>,
}

/// How far a plan is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanProgress {
    /// Whether one is being made.
    pub running: bool,
    /// What was done last: `costs`, `routes`, `phases`, `frontier`, `services`; `null` before.
    pub step: Option<String>,
    /// Phases made, where that is the step.
    pub phases_done: Option<u64>,
    /// Phases in all.
    pub phases: Option<u64>,
    /// The plan that was made last.
    pub plan: Option<String>,
    /// Why the last one could not be made.
    pub error: Option<String>,
}

impl PlanProgress {
    pub(crate) fn of(now: &PlanningNow) -> Self {
        use desserte_planning::programme::Step;
        let (step, phases) = match now.step {
            None => (None, None),
            Some(Step::Costs) => (Some("costs"), None),
            Some(Step::Routes) => (Some("routes"), None),
            Some(Step::Phases(done, of)) => (Some("phases"), Some((done as u64, of as u64))),
            Some(Step::Frontier) => (Some("frontier"), None),
            Some(Step::Services) => (Some("services"), None),
        };
        Self {
            running: now.running,
            step: step.map(str::to_owned),
            phases_done: phases.map(|(done, _)| done),
            phases: phases.map(|(_, of)| of),
            plan: now.plan.clone(),
            error: now.error.clone(),
        }
    }
}

/// A kept plan in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptPlanItem {
    /// Its identifier, from the hash of its inputs.
    pub id: String,
    /// Its scenario's name.
    pub name: String,
    /// When it was made.
    pub made_at: String,
    /// ISO 4217 code; amounts are in its minor unit.
    pub currency: String,
    /// Name of the set of costs.
    pub costs: String,
    /// Sites ranked.
    pub sites: u64,
    /// Of these, sites to be built.
    pub sites_to_build: u64,
    /// Phases.
    pub phases: u64,
    /// Capex of all phases, minor units; `null` without phases.
    pub capex_minor: Option<u64>,
}

impl KeptPlanItem {
    pub(crate) fn of(plan: &KeptPlan) -> Self {
        let phases = plan.stated("/phases").as_array();
        let last = phases.and_then(|phases| phases.last());
        Self {
            id: plan.id.clone(),
            name: plan.name.clone(),
            made_at: time::text_or_epoch(plan.made_unix_ms),
            currency: plan.currency().to_owned(),
            costs: plan
                .stated("/costs/name")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            sites: plan.stated("/site_count").as_u64().unwrap_or(0),
            sites_to_build: plan.stated("/target/sites").as_u64().unwrap_or(0),
            phases: phases.map_or(0, |phases| phases.len() as u64),
            capex_minor: last.and_then(|phase| phase["total_capex_minor"].as_u64()),
        }
    }
}

/// A kept plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanDetail {
    /// As in the list.
    #[serde(flatten)]
    pub item: KeptPlanItem,
    /// SHA-256 of each input.
    #[schema(value_type = Object)]
    pub inputs: serde_json::Value,
    /// The scenario.
    #[schema(value_type = Object)]
    pub scenario: serde_json::Value,
    /// Costs, target, phases, frontier, services, deliveries and limits, as `desserte plan --format
    /// json` writes them.
    #[schema(value_type = Object)]
    pub programme: serde_json::Value,
}

/// A site of a kept plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanSiteItem {
    /// Its rank, from 1.
    pub rank: u32,
    /// The site.
    pub site: String,
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its region.
    pub region: Option<String>,
    /// Whether a demonstration made its measurements up.
    pub simulated: bool,
    /// Its score, 0 to 1.
    pub score: f64,
    /// `build`, `enforce`, `power_first`, `probe_first` or `served`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// `fibre`, `microwave`, `mobile` or `satellite`.
    pub technology: Option<String>,
    /// Phase that builds it, from 1.
    pub phase: Option<u64>,
    /// Step of the frontier that builds it, from 1.
    pub step: Option<u64>,
    /// Capex with its part of the routes, minor units.
    pub capex_minor: Option<i64>,
    /// Cost of a year, minor units.
    pub yearly_minor: Option<i64>,
    /// Whether a person decided of it.
    pub decided: bool,
}

impl PlanSiteItem {
    pub(crate) fn of(site: &KeptSite) -> Self {
        let plan = &site.plan;
        Self {
            rank: site.rank,
            site: plan.site.clone(),
            name: site.name.clone(),
            kind: site.kind.clone(),
            region: site.region.clone(),
            simulated: site.simulated,
            score: f64::from(site.score_millionths) / 1e6,
            action: plan.action.code().to_owned(),
            reason: plan.reason.code().to_owned(),
            technology: plan.technology.map(|one| one.code().to_owned()),
            phase: plan.phase.map(|phase| phase as u64),
            step: plan.step.map(|step| step as u64),
            capex_minor: plan.capex_minor,
            yearly_minor: plan.yearly_minor,
            decided: plan.decision.is_some(),
        }
    }
}

/// A page of sites.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanSitesPage {
    /// The sites, by rank.
    pub items: Vec<PlanSiteItem>,
    /// Cursor of the page that follows.
    pub next: Option<String>,
}

/// A site's sheet.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanSheet {
    /// As in the list.
    #[serde(flatten)]
    pub item: PlanSiteItem,
    /// ISO 4217 code; amounts are in its minor unit.
    pub currency: String,
    /// What each criterion contributes to its rank.
    #[schema(value_type = Vec<Object>)]
    pub contributions: serde_json::Value,
    /// What is planned, with its options and what is known around it.
    #[schema(value_type = Object)]
    pub plan: serde_json::Value,
    /// Flows year by year of each technology, of its part of the routes and of what is planned; how the
    /// choice hangs on the parameters.
    #[schema(value_type = Object)]
    pub money: serde_json::Value,
}

/// Two plans.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanComparison {
    /// The first.
    pub first: KeptPlanItem,
    /// The second.
    pub second: KeptPlanItem,
    /// Counts, and every site that is planned differently.
    #[schema(value_type = Object)]
    pub comparison: serde_json::Value,
}

/// Sites and routes for a map; the columns are as long as each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PlanMap {
    /// Identifiers.
    pub site: Vec<String>,
    /// Names.
    pub name: Vec<Option<String>>,
    /// Kinds.
    pub kind: Vec<String>,
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// Actions.
    pub action: Vec<String>,
    /// Technologies.
    pub technology: Vec<Option<String>>,
    /// Phases.
    pub phase: Vec<Option<u64>>,
    /// Steps of the frontier.
    pub step: Vec<Option<u64>>,
    /// Routes.
    pub routes: Vec<PlanRoute>,
    /// Sites that have no position and are not here.
    pub without_position: u64,
}

/// A stretch of route.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanRoute {
    /// Phase that lays it.
    pub phase: Option<u64>,
    /// Step of the frontier that lays it.
    pub step: Option<u64>,
    /// Whether it belongs to what costs least over the years for all sites.
    pub least_cost: bool,
    /// Metres.
    pub metres: u32,
    /// Longitude and latitude, degrees, from end to end.
    pub path: Vec<[f64; 2]>,
}

impl PlanMap {
    pub(crate) fn of(sites: &[KeptSite], routes: &[RoutePlan]) -> Self {
        let mut map = Self::default();
        for site in sites {
            let (Some(latitude), Some(longitude)) = (site.latitude, site.longitude) else {
                map.without_position += 1;
                continue;
            };
            let plan = &site.plan;
            map.site.push(plan.site.clone());
            map.name.push(site.name.clone());
            map.kind.push(site.kind.clone());
            map.latitude.push(latitude);
            map.longitude.push(longitude);
            map.action.push(plan.action.code().to_owned());
            map.technology
                .push(plan.technology.map(|one| one.code().to_owned()));
            map.phase.push(plan.phase.map(|phase| phase as u64));
            map.step.push(plan.step.map(|step| step as u64));
        }
        map.routes = routes
            .iter()
            .map(|route| PlanRoute {
                phase: route.phase.map(|phase| phase as u64),
                step: route.step.map(|step| step as u64),
                least_cost: route.target,
                metres: route.metres,
                path: route
                    .path
                    .iter()
                    .map(|at| [at.longitude(), at.latitude()])
                    .collect(),
            })
            .collect();
        map
    }
}
