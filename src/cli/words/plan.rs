//! What `desserte plan` says.

use desserte_planning::programme::{Comparison, Programme, Step};

use super::{Text, not_a_month};
use crate::planner::PlannerError;
use crate::plans::PlansError;

/// Options that a plan needs.
pub(in crate::cli) fn missing() -> Text {
    Text::new(
        "un plan demande --data, --scenario et --output",
        "a plan needs --data, --scenario and --output",
    )
}

/// A network is asked for, and there is none.
pub(in crate::cli) fn no_routes() -> Text {
    Text::new(
        "aucun tracé n'est prévu ; un réseau OFDS demande un scénario avec des coûts (costs = \"…\")",
        "no route is planned; an OFDS network needs a scenario with costs (costs = \"…\")",
    )
}

/// How far the work has come.
pub(in crate::cli) fn step(step: Step) -> Text {
    match step {
        Step::Costs => Text::new(
            "coûts de chaque site calculés",
            "costs of every site computed",
        ),
        Step::Routes => Text::new(
            "tracés et technologies choisis",
            "routes and technologies chosen",
        ),
        Step::Phases(done, of) => Text::new(
            format!("phase {done} sur {of} faite"),
            format!("phase {done} of {of} made"),
        ),
        Step::Frontier => Text::new("frontière faite", "frontier made"),
        Step::Services => Text::new("points de service placés", "service points placed"),
    }
}

/// A plan that was made.
pub(in crate::cli) fn made(id: &str, programme: &Programme) -> Text {
    let target = &programme.target;
    let gap = target.gap * 100.0;
    Text::new(
        format!(
            "plan {id} gardé : {} sites à construire, {} km de tracés, coût à {} % au plus du minimum",
            target.sites,
            target.route_metres / 1_000,
            format!("{gap:.2}").replace('.', ","),
        ),
        format!(
            "plan {id} kept: {} sites to build, {} km of routes, cost at most {gap:.2} % above the least",
            target.sites,
            target.route_metres / 1_000,
        ),
    )
}

/// Something that the plan could not know.
pub(in crate::cli) fn limit(text: &Text) -> Text {
    Text::new(
        format!("limite : {}", text.fr),
        format!("limit: {}", text.en),
    )
}

/// An identifier that names no kept plan.
pub(in crate::cli) fn no_such_plan(id: &str) -> Text {
    Text::new(
        format!("aucun plan « {id} » ; « desserte plan list --data DIR » donne les plans gardés"),
        format!("no plan {id:?}; \"desserte plan list --data DIR\" lists the kept ones"),
    )
}

/// Two plans side by side, in one line.
pub(in crate::cli) fn compared(compared: &Comparison) -> Text {
    let Comparison {
        in_both,
        alike,
        action_changed,
        technology_changed,
        phase_changed,
        ..
    } = compared;
    Text::new(
        format!(
            "{in_both} sites communs, {alike} prévus de même ; changent d'action {action_changed}, de technologie {technology_changed}, de phase {phase_changed}"
        ),
        format!(
            "{in_both} sites in both, {alike} planned alike; another action {action_changed}, technology {technology_changed}, phase {phase_changed}"
        ),
    )
}

/// Why there is no plan.
pub(in crate::cli) fn planner(error: &PlannerError) -> Text {
    match error {
        PlannerError::Month(month) => not_a_month(month).about(format!("month = {month:?}")),
        PlannerError::Period { month, source } => Text::new(
            format!("month = {month:?} : ce mois n'a pas de calendrier ici : {source}"),
            format!("month = {month:?}: {source}"),
        ),
        PlannerError::ToCome(month) => Text::new(
            format!("month = {month:?} : ce mois est à venir"),
            format!("month = {month:?}: this month is yet to come"),
        ),
        PlannerError::WithoutCosts => Text::new(
            "le scénario a des phases, des décisions ou une couverture, mais ne nomme pas de fichier de coûts : ajoutez costs = \"costs.toml\"",
            "the scenario has phases, decisions or a cover, but names no file of costs: add costs = \"costs.toml\"",
        ),
        PlannerError::Ranking(error) => error.clone().into(),
        PlannerError::Programme(error) => {
            Text::new(format!("programme : {error}"), error.to_string())
        }
        PlannerError::Source(error) => Text::new(error.to_string(), error.to_string()),
    }
}

impl From<PlansError> for Text {
    fn from(error: PlansError) -> Self {
        let fr = match &error {
            PlansError::Full => {
                "trop de plans gardés : « desserte plan drop ID --data DIR » en retire un"
                    .to_owned()
            }
            PlansError::Database {
                operation: _,
                source,
            } => {
                format!("plans gardés (plans.sqlite) : {source}")
            }
            PlansError::Content(source) => format!("lecture d'un plan de plans.sqlite : {source}"),
        };
        Self::new(fr, error.to_string())
    }
}
