//! A small plan with one route and two phases.

use desserte_planning::layer::Layers;
use desserte_planning::plan::{PlanSite, plan};
use desserte_planning::scenario::Scenario;

use super::*;
use crate::export::Language;

fn at(latitude: f64, longitude: f64) -> Position {
    Position::new(latitude, longitude).unwrap()
}

fn ranked() -> Plan {
    let site = |id: &str, name: &str, latitude: f64| PlanSite {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        kind: "school".to_owned(),
        position: Position::new(latitude, 15.0).ok(),
        region: Some("Pool".to_owned()),
        invented: true,
        simulated: false,
        availability: None,
    };
    let sites = vec![site("a", "École <A> & fils", -4.0), site("b", "B", -4.1)];
    plan(sites, &Layers::default(), Scenario::default()).unwrap()
}

fn route(phase: Option<usize>, target: bool, path: Vec<Position>) -> RoutePlan {
    RoutePlan {
        phase,
        step: None,
        target,
        metres: 11_000,
        capex_minor: 5_000,
        path,
    }
}

fn phase(name: &str) -> PhaseReport {
    PhaseReport {
        name: name.to_owned(),
        ceiling_minor: 10_000,
        yearly_ceiling_minor: None,
        capex_minor: 1_234_567,
        total_capex_minor: 1_234_567,
        yearly_minor: 1_000,
        sites: 1,
        by_technology: std::collections::BTreeMap::new(),
        route_metres: 11_001,
        benefit: 7,
        upper_bound: 8,
        gap: 0.125,
        over_ceiling: false,
        quotas_missed: Vec::new(),
    }
}

#[test]
fn the_planned_network_names_its_nodes_after_sites_and_its_phases() {
    let plan = ranked();
    let routes = [
        route(Some(1), true, vec![at(-4.2, 15.0), at(-4.1, 15.0)]),
        route(None, true, vec![at(-4.1, 15.0), at(-4.0, 15.0)]),
        route(None, false, vec![at(-4.1, 15.0), at(-4.0, 16.0)]),
    ];
    let phases = [phase("2027"), phase("2028")];
    let planned = Planned {
        routes: &routes,
        phases: phases.to_vec(),
        currency: Some("XAF"),
        limits: vec![("sans routes".to_owned(), "no roads".to_owned())],
        ..Planned::new(&plan, None)
    };
    let mut bytes = Vec::new();
    assert!(write_ofds(&planned, Language::En, &mut bytes).unwrap());
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let network = &document["networks"][0];
    assert_eq!(
        network["spans"].as_array().unwrap().len(),
        2,
        "alternatives are not planned"
    );
    assert_eq!(network["spans"][0]["status"], "planned");
    assert_eq!(network["spans"][0]["phase"]["name"], "2027");
    assert_eq!(network["spans"][1]["status"], "proposed");
    assert_eq!(network["spans"][0]["end"], "b");
    assert_eq!(network["nodes"][1]["name"], "B");
    assert_eq!(network["id"].as_str().unwrap().len(), 36);
    assert!(
        network["accuracyDetails"]
            .as_str()
            .unwrap()
            .contains("no roads")
    );
    let tables = tables(&planned, Language::Fr);
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["plan", "routes", "phases", "sources"]);
    for table in &tables {
        for (_, values) in &table.rows {
            assert_eq!(values.len(), table.columns.len(), "{}", table.name);
        }
    }
    let mut html = Vec::new();
    write_brief(
        &planned,
        &Layers::default(),
        ("2026-11-26", Language::Fr),
        &mut html,
    )
    .unwrap();
    let html = String::from_utf8(html).unwrap();
    assert!(html.contains("École &lt;A&gt; &amp; fils"), "{html}");
    assert!(html.contains("1\u{202f}234\u{202f}567 XAF"), "{html}");
    assert!(
        html.contains("12,5 %") && html.contains("Sites inventés"),
        "{html}"
    );
    assert!(
        html.contains("tracés de fibre, nœuds de fibre"),
        "absent layers are named"
    );
    assert!(!html.contains("http"), "nothing is fetched from elsewhere");
}

#[test]
fn a_ranking_without_costs_has_no_network() {
    let plan = ranked();
    let planned = Planned::new(&plan, None);
    let mut bytes = Vec::new();
    assert!(!write_ofds(&planned, Language::Fr, &mut bytes).unwrap());
    assert!(bytes.is_empty());
    assert_eq!(tables(&planned, Language::En).len(), 2);
}
