//! Flows and values against tables computed by hand.

use super::*;
use crate::finding::{Finding, UnknownReason};
use crate::layer::LayerKind;

/// A small set: five years at 10 %, round prices.
pub(crate) fn small() -> CostParameters {
    let site = |equipment_minor, watts| SiteCosts {
        equipment_minor,
        equipment_life_years: 3,
        upkeep_basis_points: 1_000,
        installation_minor: 200,
        watts,
        subscription_minor_per_year: 300,
        bandwidth_minor_per_megabit_year: 10,
        bits_per_second_max: None,
    };
    CostParameters {
        name: "small".to_owned(),
        source: "invented for tests".to_owned(),
        currency: "XAF".to_owned(),
        years: 5,
        discount_rate_basis_points: 1_000,
        salvage_percent: 100,
        demand: Demand {
            default_bits_per_second: 2_500_000,
            kinds: [("school".to_owned(), 10_000_000)].into(),
        },
        power: Power {
            grid_within_metres: 100,
            when_grid_unknown: UnknownGrid::Solar,
            grid_minor_per_kilowatt_hour: 5,
            panels_minor_per_watt: 2,
            panels_life_years: 4,
            sun_hours_tenths: 50,
            panels_efficiency_percent: 80,
            battery_minor_per_watt_hour: 1,
            battery_life_years: 2,
            battery_hours: 24,
            battery_depth_percent: 50,
            upkeep_basis_points: 500,
        },
        fibre: Some(Fibre {
            route_minor_per_metre: 3,
            route_life_years: 20,
            route_upkeep_basis_points: 100,
            detour_percent: 130,
            off_road_percent: 200,
            site: SiteCosts {
                subscription_minor_per_year: 0,
                ..site(400, 0)
            },
        }),
        microwave: Some(Microwave {
            range_metres: 20_000,
            mast_minor: 5_000,
            mast_life_years: 10,
            site_antenna_metres: 30,
            far_antenna_metres: 40,
            frequency_megahertz: 7_000,
            without_terrain: false,
            site: site(900, 10),
        }),
        mobile: Some(Mobile {
            assumed_reach_metres: 0,
            site: SiteCosts {
                bits_per_second_max: Some(5_000_000),
                ..site(100, 10)
            },
        }),
        satellite: Some(Satellite {
            site: site(1_000, 10),
        }),
    }
}

pub(crate) fn nowhere() -> Surroundings {
    let absent = UnknownReason::LayerAbsent(LayerKind::Masts);
    Surroundings {
        fibre_metres: Finding::Unknown(absent),
        mast_metres: Finding::Unknown(absent),
        grid_metres: Finding::Unknown(absent),
        covered: Finding::Unknown(absent),
        sight: Finding::Unknown(absent),
    }
}

fn of(options: &[TechnologyOption], technology: Technology) -> &TechnologyOption {
    let found = options.iter().find(|one| one.technology == technology);
    found.expect("every technology is listed")
}

#[test]
fn yearly_flows_are_those_of_a_hand_computed_table() {
    let options = options(&small(), "town_hall", &nowhere());
    let satellite = of(&options, Technology::Satellite);
    let flows = satellite.flows.as_ref().unwrap();
    // Panels: 10 W × 24 h / (5 h × 80 %) = 60 W at 2; battery: 10 W × 24 h / 50 % = 480 Wh at 1.
    // capex 1,000 + 200 + 120 + 480; upkeep 100 + 6 + 24; bandwidth 300 + 2.5 × 10; equipment again
    // in year 3, battery in 2 and 4, panels in 4; left 1/3 of 1,000, 3/4 of 120, 1/2 of 480.
    let table = [
        (0, 1_800, 0, 0, 0, 0, 1_800),
        (1, 0, 0, 325, 130, 0, 455),
        (2, 0, 480, 325, 130, 0, 935),
        (3, 0, 1_000, 325, 130, 0, 1_455),
        (4, 0, 600, 325, 130, 0, 1_055),
        (5, 0, 0, 325, 130, 663, -208),
    ];
    for (flow, (year, capex, renewal, bandwidth, upkeep, salvage, total)) in
        flows.years.iter().zip(table)
    {
        let expected = YearFlow {
            year,
            capex_minor: capex,
            renewal_minor: renewal,
            power_minor: 0,
            bandwidth_minor: bandwidth,
            upkeep_minor: upkeep,
            salvage_minor: salvage,
        };
        assert_eq!(*flow, expected);
        assert_eq!(flow.total(), total);
    }
    assert_eq!(flows.years.len(), 6);
    assert_eq!(flows.capex_minor(), 1_800);
    assert_eq!(flows.yearly_minor(), 455);
    // 1,800 + 414 + 773 + 1,093 + 721 − 129; / 3.790786769409.
    assert_eq!(satellite.net_present_minor, Some(4_672));
    assert_eq!(satellite.annuity_minor, Some(1_232));
    assert_eq!(satellite.feasibility, Feasibility::Feasible);
}

#[test]
fn discount_factors_are_those_of_a_table() {
    let discount = Discount::new(5, 1_000);
    let factors = [
        1_000_000_000_000,
        909_090_909_091,
        826_446_280_992,
        751_314_800_902,
        683_013_455_365,
        620_921_323_059,
    ];
    for (year, factor) in (0..).zip(factors) {
        assert_eq!(discount.factor(year), factor);
    }
    assert_eq!(Discount::new(3, 0).present(3, 77), 77);
    assert_eq!(Discount::new(4, 0).annuity(100), 25);
    assert_eq!(
        discount.present(1, -455),
        -414,
        "half away from zero, both ways"
    );
}

#[test]
fn a_site_on_the_grid_buys_power_and_no_battery() {
    let around = Surroundings {
        grid_metres: Finding::Known(100.0),
        ..nowhere()
    };
    let near = options(&small(), "school", &around);
    let satellite = of(&near, Technology::Satellite);
    let year = satellite.flows.as_ref().unwrap().years[1];
    // 10 W × 8,760 h = 87.6 kWh at 5; 300 + 10 × 10 Mbit/s.
    assert_eq!((year.power_minor, year.bandwidth_minor), (438, 400));
    assert!(satellite.assets.iter().all(|asset| asset.what != "battery"));
    let far = Surroundings {
        grid_metres: Finding::Known(100.5),
        ..nowhere()
    };
    let far = options(&small(), "school", &far);
    let battery = |asset: &Asset| asset.what == "battery";
    assert!(of(&far, Technology::Satellite).assets.iter().any(battery));
}

#[test]
fn what_nobody_knows_is_unknown_and_not_planned() {
    let mut parameters = small();
    let feasible = |parameters: &CostParameters, around: &Surroundings, technology| {
        of(&options(parameters, "court", around), technology).feasibility
    };
    let nothing = nowhere();
    assert_eq!(
        feasible(&parameters, &nothing, Technology::Fibre),
        Feasibility::Unknown(Barrier::NoFibreKnown)
    );
    assert_eq!(
        feasible(&parameters, &nothing, Technology::Mobile),
        Feasibility::Unknown(Barrier::CoverageUnknown)
    );
    let mast = Surroundings {
        mast_metres: Finding::Known(20_000.0),
        ..nothing
    };
    assert_eq!(
        feasible(&parameters, &mast, Technology::Microwave),
        Feasibility::Unknown(Barrier::TerrainUnknown)
    );
    let blocked = Surroundings {
        sight: Finding::Known(false),
        ..mast
    };
    assert_eq!(
        feasible(&parameters, &blocked, Technology::Microwave),
        Feasibility::Infeasible(Barrier::SightBlocked)
    );
    let far = Surroundings {
        mast_metres: Finding::Known(20_000.1),
        ..mast
    };
    assert_eq!(
        feasible(&parameters, &far, Technology::Microwave),
        Feasibility::Infeasible(Barrier::MastTooFar)
    );
    parameters.microwave.as_mut().unwrap().without_terrain = true;
    parameters.mobile.as_mut().unwrap().assumed_reach_metres = 20_000;
    assert_eq!(
        feasible(&parameters, &mast, Technology::Microwave),
        Feasibility::Assumed(Barrier::TerrainUnknown)
    );
    assert_eq!(
        feasible(&parameters, &mast, Technology::Mobile),
        Feasibility::Assumed(Barrier::CoverageUnknown)
    );
    let school = options(&parameters, "school", &mast);
    assert_eq!(
        of(&school, Technology::Mobile).feasibility,
        Feasibility::Infeasible(Barrier::TooSlow),
        "10 Mbit/s over a terminal of 5"
    );
    parameters.satellite = None;
    assert_eq!(
        feasible(&parameters, &mast, Technology::Satellite),
        Feasibility::Infeasible(Barrier::NotOffered)
    );
}

#[test]
fn break_even_is_where_both_cost_the_same() {
    let parameters = small();
    let known = Surroundings {
        fibre_metres: Finding::Known(5_000.0),
        ..nowhere()
    };
    let options = options(&parameters, "court", &known);
    let fibre = of(&options, Technology::Fibre).net_present_minor.unwrap();
    let satellite = of(&options, Technology::Satellite)
        .net_present_minor
        .unwrap();
    let metres = break_even_metres(&parameters, &options).unwrap();
    let discount = Discount::new(parameters.years, parameters.discount_rate_basis_points);
    let with_route = |metres: u64| {
        let (_, route) = fibre_route(&parameters, metres).unwrap();
        fibre + discount.net_present(&route)
    };
    assert!(
        with_route(metres) <= satellite + 2,
        "to the rounding of a year"
    );
    assert!(with_route(metres + 3) > satellite, "{metres}");
    // 1 km: 3,000 at first, 30 a year, 15/20 of it left: 3,000 + 114 − 1,397 to the rounding.
    let (asset, route) = fibre_route(&parameters, 1_000).unwrap();
    assert_eq!((asset.minor, route.years[5].salvage_minor), (3_000, 2_250));
    let mut dear = parameters.clone();
    dear.fibre.as_mut().unwrap().site.equipment_minor = 1_000_000;
    let dear_options = super::options(&dear, "court", &known);
    assert_eq!(break_even_metres(&dear, &dear_options), Some(0));
    dear.satellite = None;
    let alone = super::options(&dear, "court", &known);
    assert_eq!(break_even_metres(&dear, &alone), None);
}

#[test]
fn sensitivity_moves_the_choice_across_the_break_even() {
    let parameters = small();
    let known = Surroundings {
        fibre_metres: Finding::Known(500.0),
        ..nowhere()
    };
    let options = options(&parameters, "court", &known);
    let even = break_even_metres(&parameters, &options).unwrap();
    // A little below the break-even distance: dearer routes turn the choice, cheaper ones do not.
    let rows = sensitivity(&parameters, "court", &known, Some(even * 95 / 100), 20);
    let of = |factor, percent| {
        let row = rows
            .iter()
            .find(|row| row.factor == factor && row.percent == percent);
        row.and_then(|row| row.technology)
    };
    assert_eq!(of(Factor::None, 100), Some(Technology::Fibre));
    assert_eq!(of(Factor::Route, 120), Some(Technology::Satellite));
    assert_eq!(of(Factor::Route, 80), Some(Technology::Fibre));
    assert_eq!(of(Factor::Bandwidth, 80), Some(Technology::Satellite));
    assert_eq!(rows.len(), 11);
}

#[test]
fn every_wrong_parameter_is_named() {
    assert_eq!(small().problems(), Vec::new());
    let mut wrong = small();
    wrong.currency = "CFA franc".to_owned();
    wrong.years = 0;
    wrong.power.sun_hours_tenths = 0;
    wrong.fibre.as_mut().unwrap().route_minor_per_metre = -1;
    wrong.satellite.as_mut().unwrap().site.equipment_life_years = 0;
    wrong.demand.kinds.insert("post".to_owned(), 0);
    let problems = wrong.problems();
    let keys: Vec<&str> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "currency",
            "years",
            "demand.kinds.post",
            "power.sun_hours_tenths",
            "fibre.route_minor_per_metre",
            "satellite.site.equipment_life_years",
        ]
    );
    let mut nothing = small();
    (
        nothing.fibre,
        nothing.microwave,
        nothing.mobile,
        nothing.satellite,
    ) = (None, None, None, None);
    assert_eq!(nothing.problems().len(), 1);
}
