//! Programmes of a small country of which everything is known by construction.

mod country;

use self::country::{costs, country, made, of, scenario};
use super::*;
use crate::cost::Technology;
use crate::layer::{Layer, Place};
use crate::plan::plan;
use crate::ranking::MeasuredAvailability;
use crate::scenario::PhaseBudget;

#[test]
fn a_town_shares_a_trench_that_no_site_of_it_could_pay() {
    let programme = made(scenario(), &BTreeMap::new());
    let technology = |id: &str| of(&programme, id).technology;
    assert_eq!(technology("near"), Some(Technology::Fibre));
    assert_eq!(
        technology("far"),
        Some(Technology::Satellite),
        "60 km for one site"
    );
    assert_eq!(
        technology("lost"),
        Some(Technology::Satellite),
        "no position, no route"
    );
    // 26 km of route cost 260,000; a site saves 60,000 by fibre: five save 300,000.
    for number in 0..5 {
        let town = of(&programme, &format!("town-{number}"));
        assert_eq!(town.technology, Some(Technology::Fibre));
        assert_eq!(town.break_even_metres, Some(6_000));
        assert!(town.route_metres.unwrap() < 6_000);
    }
    let paid: u64 = programme
        .sites
        .iter()
        .filter_map(|site| site.route_metres)
        .sum();
    assert!(
        paid.abs_diff(programme.target.route_metres) <= 5,
        "each metre is paid once"
    );
    assert_eq!(programme.target.by_technology[&Technology::Fibre], 6);
    assert!(programme.target.gap < 1e-6);
    let own: i64 = 8 * 1_000;
    let routes = i64::try_from(programme.target.route_metres).unwrap() * 10;
    assert_eq!(programme.target.capex_minor, own + routes);
    assert_eq!(programme.target.yearly_minor, 2 * 6_000);
}

#[test]
fn phases_build_what_is_cheap_first_and_the_frontier_goes_on_to_everything() {
    let programme = made(scenario(), &BTreeMap::new());
    assert_eq!(of(&programme, "near").phase, Some(1));
    assert_eq!(
        of(&programme, "far").phase,
        Some(1),
        "satellite is cheap to build"
    );
    assert_eq!(of(&programme, "town-3").phase, Some(2));
    let [first, second] = &programme.phases[..] else {
        panic!("two phases")
    };
    assert!(first.total_capex_minor <= 10_000 && second.total_capex_minor <= 300_000);
    assert_eq!(
        first.capex_minor + second.capex_minor,
        second.total_capex_minor
    );
    assert_eq!((first.sites, second.sites), (3, 5));
    assert_eq!(second.upper_bound, 8);
    assert_eq!(second.by_technology[&Technology::Fibre], 5);
    assert_eq!(programme.frontier.last().unwrap().sites, 8);
    assert!(programme.sites.iter().all(|site| site.step.is_some()));
    let parts: i64 = programme
        .sites
        .iter()
        .filter_map(|site| site.capex_minor)
        .sum();
    let total = i64::try_from(second.total_capex_minor).unwrap();
    assert!(
        (parts - total).abs() <= 60,
        "parts of shared routes sum to them: {parts}, {total}"
    );
    let straight = Limit::StraightLines {
        detour_percent: 130,
    };
    assert!(programme.limits.contains(&straight));
    assert_eq!(straight.text_en(), "straight lines × 1.3, no road layer");
    assert!(
        programme
            .limits
            .contains(&Limit::WithoutPosition { sites: 1 })
    );
}

#[test]
fn evidence_takes_a_site_out_of_the_building_list() {
    let slots = |up_slots, down_slots| MeasuredAvailability {
        period: "2026-06".to_owned(),
        up_slots,
        down_slots,
        unknown_slots: 0,
    };
    let known = |up, down, power| Evidence {
        line_known: true,
        promised_availability_millionths: Some(990_000),
        availability: Some(slots(up, down)),
        power_down_slots: power,
        ..Evidence::default()
    };
    let evidence = [
        ("near".to_owned(), known(40_000, 3_000, 0)),
        ("town-0".to_owned(), known(40_000, 3_000, 2_400)),
        ("town-1".to_owned(), known(3, 0, 0)),
    ];
    let programme = made(scenario(), &evidence.into());
    for (id, action) in [
        ("near", Action::Enforce),
        ("town-0", Action::PowerFirst),
        ("town-1", Action::ProbeFirst),
    ] {
        let site = of(&programme, id);
        assert_eq!(site.action, action);
        assert_eq!(
            (site.technology, site.phase, site.capex_minor),
            (None, None, None),
            "{id}"
        );
    }
    assert_eq!(programme.actions[&Action::Build], 5);
    // Three of the town do not pay for its trench any more.
    assert_eq!(
        of(&programme, "town-3").technology,
        Some(Technology::Satellite)
    );
}

#[test]
fn decisions_are_followed_and_shown() {
    let decided = |site: &str, decision| Override {
        site: site.to_owned(),
        decision,
        reason: "because".to_owned(),
        author: "N. N.".to_owned(),
    };
    let scenario = Scenario {
        phases: vec![
            PhaseBudget {
                name: "first".to_owned(),
                capex_minor: 280_000,
                yearly_minor: None,
            },
            PhaseBudget {
                name: "second".to_owned(),
                capex_minor: 280_000,
                yearly_minor: None,
            },
        ],
        overrides: vec![
            decided("town-0", Decision::Pin { phase: 1 }),
            decided("near", Decision::Exclude),
            decided(
                "far",
                Decision::Funded {
                    by: "Universal service fund".to_owned(),
                },
            ),
        ],
        ..scenario()
    };
    let programme = made(scenario.clone(), &BTreeMap::new());
    assert_eq!(of(&programme, "town-0").phase, Some(1));
    for id in ["near", "far"] {
        let site = of(&programme, id);
        assert_eq!((site.phase, site.technology), (None, None));
        assert_eq!(site.decision.as_ref().unwrap().author, "N. N.");
    }
    let (sites, layers) = country();
    let unknown = Scenario {
        overrides: vec![decided("nowhere", Decision::Exclude)],
        ..scenario
    };
    let plan = plan(sites, &layers, unknown).unwrap();
    let error = super::programme(&plan, &layers, &BTreeMap::new(), &costs(), &|_| {});
    assert!(error.unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn what_was_delivered_changes_the_next_plan_alike_each_time() {
    let delivered = |number: u32, realised_capex_minor| crate::delivery::Delivered {
        site: format!("town-{number}"),
        technology: Technology::Fibre,
        accepted: "2026-05-01".to_owned(),
        planned_capex_minor: 50_000,
        realised_capex_minor,
        promised_availability_millionths: None,
    };
    // Three of the town were connected by somebody's fibre for twice the price: the other two would
    // have to pay for the whole way, and at the true price not even five could.
    let with = |realised| Scenario {
        delivered: (0..3).map(|number| delivered(number, realised)).collect(),
        ..scenario()
    };
    let dear = made(with(100_000), &BTreeMap::new());
    assert_eq!(dear.corrections[0].percent, 200);
    assert_eq!(dear.costs.fibre.as_ref().unwrap().route_minor_per_metre, 20);
    assert_eq!(
        of(&dear, "town-0").action,
        Action::ProbeFirst,
        "connected, nothing measured yet"
    );
    assert_eq!(of(&dear, "near").own_capex_minor, Some(2_000));
    assert!(dear.limits.contains(&Limit::PricesCorrected));
    assert_eq!(dear, made(with(100_000), &BTreeMap::new()));
    let planned = made(with(50_000), &BTreeMap::new());
    assert_eq!(of(&planned, "near").own_capex_minor, Some(1_000));
    let changed = compare(&planned.sites, &dear.sites);
    assert_eq!(changed.in_both, 8);
}

#[test]
fn a_sheet_sums_to_the_site_and_a_comparison_names_what_changed() {
    let programme = made(scenario(), &BTreeMap::new());
    let town = of(&programme, "town-2");
    let sheet = sheet(&programme.costs, "school", town);
    let planned = sheet.planned.unwrap();
    assert_eq!(Some(planned.capex_minor()), town.capex_minor);
    assert_eq!(Some(planned.yearly_minor()), town.yearly_minor);
    assert_eq!(planned.years.len(), 11);
    assert_eq!(sheet.sensitivity[0].technology, Some(Technology::Fibre));
    assert_eq!(sheet.options.len(), 4);
    let poor = Scenario {
        phases: vec![PhaseBudget {
            name: "only".to_owned(),
            capex_minor: 5_000,
            yearly_minor: None,
        }],
        ..scenario()
    };
    let other = made(poor, &BTreeMap::new());
    let comparison = compare(&programme.sites, &other.sites);
    assert_eq!(
        (comparison.technology_changed, comparison.action_changed),
        (0, 0)
    );
    assert_eq!(comparison.phase_changed, comparison.changes.len());
    assert!(
        comparison
            .changes
            .iter()
            .any(|change| change.site == "town-0")
    );
    assert_eq!(
        comparison.in_both,
        comparison.alike + comparison.changes.len()
    );
}

#[test]
fn without_costs_that_make_sense_nothing_is_planned() {
    let (sites, layers) = country();
    let plan = plan(sites, &layers, scenario()).unwrap();
    let wrong = CostParameters {
        years: 0,
        ..costs()
    };
    let error = super::programme(&plan, &layers, &BTreeMap::new(), &wrong, &|_| {});
    assert!(error.unwrap_err().to_string().contains("years"));
}

#[test]
fn a_neighbour_less_lowers_the_score_by_exactly_its_weight() {
    use crate::ranking::{Criterion, Weighting};
    let weighting = Weighting {
        weight: 50,
        prefer: None,
        full_scale: Some(10.0),
    };
    let ranking = crate::ranking::Weights {
        criteria: [
            (Criterion::NeighbourSites, weighting),
            (Criterion::MastDistance, weighting),
        ]
        .into(),
        kind_importance: BTreeMap::new(),
    };
    let score = |without: &str| {
        let (mut sites, layers) = country();
        sites.retain(|site| site.id != without);
        let ranking = ranking.clone();
        let plan = plan(
            sites,
            &layers,
            Scenario {
                ranking,
                ..scenario()
            },
        )
        .unwrap();
        let row = plan
            .rows
            .iter()
            .find(|row| row.site.id == "town-0")
            .unwrap();
        row.ranked.score_millionths
    };
    // Four others in the town, each a tenth of the scale, at half of all weights.
    assert_eq!(score("nobody"), 200_000);
    assert_eq!(score("town-3"), 150_000);
    assert_eq!(score("far"), 200_000);
}

#[test]
fn people_of_two_layers_of_places_count_once() {
    let (sites, mut layers) = country::country();
    let place = |name: &str, population| Place {
        name: Some(name.to_owned()),
        position: Position::new(0.18, 11.0).unwrap(),
        population,
    };
    let layer = |name: &str, features| {
        let mut layer = Layer {
            provenance: layers.fibre_lines[0].provenance.clone(),
            features,
        };
        name.clone_into(&mut layer.provenance.layer);
        layer
    };
    let census = layer(
        "census",
        vec![place("Town", Some(4_000)), place("Hamlet", Some(50))],
    );
    let gazetteer = layer("gazetteer", vec![place("Town", Some(3_900))]);
    layers.places = vec![census, gazetteer];
    let wish: crate::service::ServiceWish = serde_json::from_str(
        r#"{"name":"points","radius_metres":5000,"points":1,"kinds":["school"]}"#,
    )
    .unwrap();
    let scenario = Scenario {
        cover: vec![wish],
        ..scenario()
    };
    let plan = plan(sites, &layers, scenario).unwrap();
    let made = programme(&plan, &layers, &BTreeMap::new(), &costs(), &|_| {}).unwrap();
    assert_eq!(made.services[0].people_total, 4_050);
    assert_eq!(made.services[0].people_covered, 4_050);
    let said = Limit::PlacesOfSeveralLayers {
        layers: 2,
        counted: "census".to_owned(),
    };
    assert!(said.text_en().contains("\"census\""));
    assert!(made.limits.contains(&said), "{:?}", made.limits);
}
