//! The country: one line of fibre, a site beside it, one far off, one lost, and a town.

use super::super::*;
use crate::layer::{Layer, Line, Provenance};
use crate::plan::{PlanSite, plan};
use crate::scenario::PhaseBudget;

fn provenance() -> Provenance {
    let text = r#"{"layer":"fibre","source":"invented","licence":"none","date":"2026","uncertainty":"none"}"#;
    serde_json::from_str(text).unwrap()
}

fn at(latitude: f64, longitude: f64) -> Option<Position> {
    Position::new(latitude, longitude).ok()
}

fn site(id: &str, position: Option<Position>) -> PlanSite {
    PlanSite {
        id: id.to_owned(),
        name: None,
        kind: "school".to_owned(),
        position,
        region: Some(
            if id.starts_with("town") {
                "east"
            } else {
                "west"
            }
            .to_owned(),
        ),
        invented: true,
        simulated: false,
        availability: None,
    }
}

/// A line of fibre along the equator; a site beside it, one 60 km off, and a town of five 20 km off.
pub(super) fn country() -> (Vec<PlanSite>, Layers) {
    let mut sites = vec![
        site("near", at(0.002, 10.0)),
        site("far", at(0.54, 10.2)),
        site("lost", None),
    ];
    for number in 0..5_u32 {
        let east = 11.0 + f64::from(number) * 0.002;
        sites.push(site(&format!("town-{number}"), at(0.18, east)));
    }
    let layers = Layers {
        fibre_lines: vec![Layer {
            provenance: provenance(),
            features: vec![Line {
                name: None,
                positions: vec![at(0.0, 9.0).unwrap(), at(0.0, 12.0).unwrap()],
            }],
        }],
        ..Layers::default()
    };
    (sites, layers)
}

/// Fibre at 10 a metre, satellite that costs a site some 60,000 more over the years than fibre.
pub(super) fn costs() -> CostParameters {
    let text = r#"{
        "name": "test", "source": "invented", "currency": "XAF", "years": 10,
        "discount_rate_basis_points": 0, "salvage_percent": 0,
        "demand": {"default_bits_per_second": 10000000},
        "power": {"grid_within_metres": 0, "when_grid_unknown": "solar",
            "grid_minor_per_kilowatt_hour": 0, "panels_minor_per_watt": 1, "panels_life_years": 20,
            "sun_hours_tenths": 50, "panels_efficiency_percent": 80,
            "battery_minor_per_watt_hour": 1, "battery_life_years": 20, "battery_hours": 24,
            "battery_depth_percent": 50},
        "fibre": {"route_minor_per_metre": 10, "route_life_years": 10,
            "site": {"equipment_minor": 1000, "equipment_life_years": 10, "watts": 0}},
        "satellite": {"site": {"equipment_minor": 1000, "equipment_life_years": 10, "watts": 0,
            "subscription_minor_per_year": 6000}}
    }"#;
    serde_json::from_str(text).unwrap()
}

pub(super) fn scenario() -> Scenario {
    let phase = |name: &str, capex_minor| PhaseBudget {
        name: name.to_owned(),
        capex_minor,
        yearly_minor: None,
    };
    Scenario {
        phases: vec![phase("first", 10_000), phase("second", 290_000)],
        benefit: Benefit::Sites,
        ..Scenario::default()
    }
}

pub(super) fn made(scenario: Scenario, evidence: &BTreeMap<String, Evidence>) -> Programme {
    let (sites, layers) = country();
    let plan = plan(sites, &layers, scenario).unwrap();
    programme(&plan, &layers, evidence, &costs(), &|_| {}).unwrap()
}

pub(super) fn of<'p>(programme: &'p Programme, id: &str) -> &'p SitePlan {
    programme.sites.iter().find(|site| site.site == id).unwrap()
}
