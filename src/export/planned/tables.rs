//! A plan as tables of features.

use desserte_planning::programme::{PhaseReport, RoutePlan};

use super::{Planned, PlannedSite};
use crate::export::Language;
use crate::export::map::{
    Column, Content, Kind, NewTable, Value, column, layer_sources, line, number, point, said, text,
    whole,
};

/// Sites, routes, phases and sources; tables of what was not computed are left out. Names of tables
/// and columns are identifiers and do not change with the language.
#[must_use]
pub fn tables(planned: &Planned<'_>, language: Language) -> Vec<NewTable> {
    let sites = planned.sites.iter();
    let mut tables = vec![NewTable {
        name: "plan".to_owned(),
        title: language
            .pick("Sites du plan", "Sites of the plan")
            .to_owned(),
        description: about(planned, language),
        kind: Kind::Point,
        columns: site_columns(),
        rows: sites
            .map(|site| (point(site.position), site_values(site, planned.currency)))
            .collect(),
    }];
    let routes: Vec<_> = planned
        .laid()
        .map(|route| {
            (
                Some(line(&route.path)),
                route_values(route, planned.currency),
            )
        })
        .collect();
    if !routes.is_empty() {
        tables.push(NewTable {
            name: "routes".to_owned(),
            title: language
                .pick("Tracés de fibre prévus", "Planned fibre routes")
                .to_owned(),
            description: about(planned, language),
            kind: Kind::MultiLineString,
            columns: route_columns(),
            rows: routes,
        });
    }
    if !planned.phases.is_empty() {
        let phases = planned.phases.iter().enumerate();
        tables.push(NewTable {
            name: "phases".to_owned(),
            title: language.pick("Phases", "Phases").to_owned(),
            description: about(planned, language),
            kind: Kind::Attributes,
            columns: phase_columns(),
            rows: phases
                .map(|(place, phase)| (None, phase_values(place, phase, planned.currency)))
                .collect(),
        });
    }
    if !planned.layers.is_empty() {
        tables.push(layer_sources(planned.layers, language));
    }
    tables
}

/// The scenario, and what the plan could not know.
fn about(planned: &Planned<'_>, language: Language) -> String {
    let mut parts = vec![format!(
        "{} {}",
        language.pick("scénario", "scenario"),
        planned.title
    )];
    let limits = planned.limits.iter();
    parts.extend(limits.map(|(fr, en)| language.pick(fr, en).clone()));
    parts.join(" ; ")
}

fn site_columns() -> Vec<Column> {
    let mut columns = vec![column("rank", Content::Integer)];
    columns.extend(["site", "name", "kind", "region"].map(text));
    columns.push(column("invented", Content::Boolean));
    columns.push(column("simulated", Content::Boolean));
    for name in ["score", "known_weight_share", "fibre_metres"] {
        columns.push(column(name, Content::Real));
    }
    columns.extend(["action", "reason", "technology"].map(text));
    for name in [
        "phase",
        "benefit",
        "capex_minor",
        "yearly_minor",
        "net_present_minor",
        "route_metres",
        "break_even_metres",
    ] {
        columns.push(column(name, Content::Integer));
    }
    columns.extend(["currency", "decision_reason", "decision_author"].map(text));
    columns
}

fn share(millionths: u32) -> Value {
    Value::Real(f64::from(millionths) / 1_000_000.0)
}

fn money(minor: Option<i64>) -> Value {
    minor.map_or(Value::Null, Value::Integer)
}

fn site_values(site: &PlannedSite<'_>, currency: Option<&str>) -> Vec<Value> {
    let plan = site.plan;
    let decision = plan.and_then(|plan| plan.decision.as_ref());
    vec![
        whole(Some(site.rank)),
        said(Some(site.id)),
        said(site.name),
        said(Some(site.kind)),
        said(site.region),
        Value::Boolean(site.invented),
        Value::Boolean(site.simulated),
        share(site.score_millionths),
        share(site.known_weight_millionths),
        number(site.fibre_metres.map(f64::round)),
        said(plan.map(|plan| plan.action.code())),
        said(plan.map(|plan| plan.reason.code())),
        said(plan.and_then(|plan| Some(plan.technology?.code()))),
        whole(plan.and_then(|plan| Some(plan.phase? as u64))),
        whole(plan.map(|plan| plan.benefit)),
        money(plan.and_then(|plan| plan.capex_minor)),
        money(plan.and_then(|plan| plan.yearly_minor)),
        money(plan.and_then(|plan| plan.net_present_minor)),
        whole(plan.and_then(|plan| plan.route_metres)),
        whole(plan.and_then(|plan| plan.break_even_metres)),
        said(currency),
        said(decision.map(|decision| decision.reason.as_str())),
        said(decision.map(|decision| decision.author.as_str())),
    ]
}

fn route_columns() -> Vec<Column> {
    let mut columns =
        Vec::from(["phase", "metres", "capex_minor"].map(|name| column(name, Content::Integer)));
    columns.push(text("currency"));
    columns
}

fn route_values(route: &RoutePlan, currency: Option<&str>) -> Vec<Value> {
    vec![
        whole(route.phase.map(|phase| phase as u64)),
        whole(Some(u64::from(route.metres))),
        whole(Some(route.capex_minor)),
        said(currency),
    ]
}

fn phase_columns() -> Vec<Column> {
    let mut columns = vec![column("phase", Content::Integer), text("name")];
    for name in [
        "ceiling_minor",
        "capex_minor",
        "total_capex_minor",
        "yearly_minor",
        "sites",
        "route_metres",
        "benefit",
        "benefit_upper_bound",
    ] {
        columns.push(column(name, Content::Integer));
    }
    columns.push(text("currency"));
    columns
}

fn phase_values(place: usize, phase: &PhaseReport, currency: Option<&str>) -> Vec<Value> {
    vec![
        whole(Some(place as u64 + 1)),
        said(Some(&phase.name)),
        whole(Some(phase.ceiling_minor)),
        whole(Some(phase.capex_minor)),
        whole(Some(phase.total_capex_minor)),
        whole(Some(phase.yearly_minor)),
        whole(Some(phase.sites as u64)),
        whole(Some(phase.route_metres)),
        whole(Some(phase.benefit)),
        whole(Some(phase.upper_bound)),
        said(currency),
    ]
}
