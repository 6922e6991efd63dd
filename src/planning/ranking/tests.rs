//! Properties of every ranking, and the cases that a planner would complain about.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::finding::UnknownReason;
use crate::gap::{Nearest, NearestPlace};
use crate::layer::{LayerKind, Provenance};
use crate::position::Position;

fn nearest(metres: f64) -> Nearest {
    Nearest {
        metres,
        at: Position::new(0.0, 15.0).unwrap(),
        name: None,
        provenance: Arc::new(Provenance {
            layer: "synthetic".to_owned(),
            source: "synthetic, for tests".to_owned(),
            licence: "none".to_owned(),
            date: "2026".to_owned(),
            uncertainty: "invented".to_owned(),
            uncertainty_class: crate::layer::UncertaintyClass::Unknown,
        }),
    }
}

fn facts(site: &str, fibre: Option<f64>, population: Option<u64>, down: Option<u64>) -> SiteFacts {
    let absent = |kind| Finding::Unknown(UnknownReason::LayerAbsent(kind));
    SiteFacts {
        site: site.to_owned(),
        kind: "hospital".to_owned(),
        neighbours: Finding::Known(7),
        gap: Gap {
            fibre_line: fibre.map_or(
                Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::FibreLines)),
                |m| Finding::Known(nearest(m)),
            ),
            fibre_node: absent_nearest(LayerKind::FibreNodes),
            mast: absent_nearest(LayerKind::Masts),
            coverage: Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::Coverage)),
            road: absent_nearest(LayerKind::Roads),
            power_line: absent_nearest(LayerKind::PowerLines),
            power_node: absent_nearest(LayerKind::PowerNodes),
            place: population.map_or(absent(LayerKind::Places), |inhabitants| {
                Finding::Known(NearestPlace {
                    nearest: nearest(10.0),
                    population: Some(inhabitants),
                })
            }),
        },
        availability: down.map(|down_slots| MeasuredAvailability {
            period: "2026-06".to_owned(),
            up_slots: 1_000,
            down_slots,
            unknown_slots: 7,
        }),
    }
}

fn absent_nearest(kind: LayerKind) -> Finding<Nearest> {
    Finding::Unknown(UnknownReason::LayerAbsent(kind))
}

fn weights(fibre: u32, population: u32, unavailability: u32) -> Weights {
    let weighting = |weight| Weighting {
        weight,
        prefer: None,
        full_scale: None,
    };
    Weights {
        criteria: BTreeMap::from([
            (Criterion::FibreDistance, weighting(fibre)),
            (Criterion::PlacePopulation, weighting(population)),
            (Criterion::Unavailability, weighting(unavailability)),
        ]),
        kind_importance: BTreeMap::new(),
    }
}

fn order(ranked: &[RankedSite]) -> Vec<&str> {
    ranked.iter().map(|site| site.site.as_str()).collect()
}

#[test]
fn unknown_is_listed_and_is_not_zero_quality() {
    let sites = [
        facts("far", Some(60_000.0), Some(1_000), None),
        facts("unknown", None, Some(1_000), None),
    ];
    let ranked = rank(&sites, &weights(1, 1, 2)).unwrap();
    // Both get the same score, and the reader sees that one of them is known to half the extent.
    assert_eq!(ranked[0].score_millionths, ranked[1].score_millionths);
    assert_eq!(ranked[0].known_weight_millionths, 500_000);
    assert_eq!(ranked[1].known_weight_millionths, 250_000);
    assert_eq!(
        ranked[1].contributions[0].finding,
        Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::FibreLines))
    );
    assert_eq!(
        ranked[1].contributions[2].finding,
        Finding::Unknown(UnknownReason::NotMeasured)
    );
}

#[test]
fn slots_that_nobody_knows_are_no_measurement() {
    let mut site = facts("silent", None, None, Some(0));
    site.availability.as_mut().unwrap().up_slots = 0;
    let ranked = rank(&[site], &weights(0, 0, 1)).unwrap();
    assert_eq!(ranked[0].known_weight_millionths, 0);
    assert_eq!(
        ranked[0].contributions[2].finding,
        Finding::Unknown(UnknownReason::NotMeasured)
    );
}

#[test]
fn equal_scores_are_ordered_by_identifier() {
    let sites = ["c", "a", "b"].map(|site| facts(site, Some(5.0), None, None));
    let ranked = rank(&sites, &weights(1, 1, 1)).unwrap();
    assert_eq!(order(&ranked), ["a", "b", "c"]);
    assert_eq!(
        ranked.iter().map(|site| site.rank).collect::<Vec<_>>(),
        [1, 2, 3]
    );
}

#[test]
fn a_preference_and_a_scale_of_the_planner_count() {
    let sites = [
        facts("near", Some(1_000.0), None, None),
        facts("far", Some(9_000.0), None, None),
    ];
    let mut chosen = weights(1, 0, 0);
    assert_eq!(order(&rank(&sites, &chosen).unwrap()), ["near", "far"]);
    let fibre = chosen.criteria.get_mut(&Criterion::FibreDistance).unwrap();
    fibre.prefer = Some(Prefer::High);
    fibre.full_scale = Some(10_000.0);
    let ranked = rank(&sites, &chosen).unwrap();
    assert_eq!(order(&ranked), ["far", "near"]);
    assert_eq!(ranked[0].score_millionths, 900_000);
}

#[test]
fn kinds_count_only_where_the_planner_said_how_much() {
    let mut chosen = weights(0, 0, 0);
    chosen.criteria.insert(
        Criterion::SiteKind,
        Weighting {
            weight: 3,
            prefer: None,
            full_scale: None,
        },
    );
    chosen.kind_importance.insert("hospital".to_owned(), 0.8);
    let mut school = facts("school", None, None, None);
    school.kind = "school".to_owned();
    let ranked = rank(&[school, facts("hospital", None, None, None)], &chosen).unwrap();
    assert_eq!(ranked[0].score_millionths, 800_000);
    assert_eq!(ranked[1].known_weight_millionths, 0);
}

#[test]
fn bad_weights_are_named() {
    let sites = [facts("a", None, None, None)];
    assert_eq!(rank(&sites, &weights(0, 0, 0)), Err(RankingError::NoWeight));
    assert!(matches!(
        rank(&sites, &weights(MAX_WEIGHT + 1, 0, 0)),
        Err(RankingError::WeightTooLarge {
            criterion: Criterion::FibreDistance,
            ..
        })
    ));
    let mut scale = weights(1, 0, 0);
    scale
        .criteria
        .get_mut(&Criterion::FibreDistance)
        .unwrap()
        .full_scale = Some(0.0);
    let error = rank(&sites, &scale).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the full scale of fibre_distance: 0 is not above 0"
    );
    let mut importance = weights(1, 0, 0);
    importance
        .kind_importance
        .insert("school".to_owned(), f64::NAN);
    assert!(matches!(
        rank(&sites, &importance),
        Err(RankingError::Importance { .. })
    ));
}

fn any_sites() -> impl Strategy<Value = Vec<SiteFacts>> {
    let site = (
        prop::option::of(0.0..100_000.0_f64),
        prop::option::of(0..5_000_000_u64),
        prop::option::of(0..500_u64),
    );
    prop::collection::vec(site, 1..40).prop_map(|sites| {
        sites
            .into_iter()
            .enumerate()
            .map(|(number, (fibre, population, down))| {
                facts(&format!("site-{number:03}"), fibre, population, down)
            })
            .collect()
    })
}

fn any_weights() -> impl Strategy<Value = Weights> {
    (1..100_u32, 0..100_u32, 0..100_u32).prop_map(|(a, b, c)| weights(a, b, c))
}

proptest! {
    #[test]
    fn the_score_is_the_sum_of_what_is_shown(sites in any_sites(), weights in any_weights()) {
        for site in rank(&sites, &weights).unwrap() {
            let shown: u32 = site
                .contributions
                .iter()
                .filter_map(|contribution| contribution.finding.known())
                .map(|assessed| assessed.contribution_millionths)
                .sum();
            prop_assert_eq!(site.score_millionths, shown);
            prop_assert!(site.score_millionths <= site.known_weight_millionths);
            prop_assert!(site.known_weight_millionths <= MILLIONTHS);
            prop_assert_eq!(site.contributions.len(), weights.criteria.len());
        }
    }

    #[test]
    fn the_order_of_the_input_changes_nothing(
        sites in any_sites(), weights in any_weights(), turn in 0..40_usize,
    ) {
        let mut turned = sites.clone();
        turned.rotate_left(turn % sites.len());
        turned.reverse();
        prop_assert_eq!(rank(&sites, &weights).unwrap(), rank(&turned, &weights).unwrap());
    }

    #[test]
    fn a_common_factor_of_the_weights_changes_nothing(
        sites in any_sites(), weights in any_weights(), factor in 1..10_000_u32,
    ) {
        let mut scaled = weights.clone();
        for weighting in scaled.criteria.values_mut() {
            weighting.weight *= factor;
        }
        let (plain, scaled) = (rank(&sites, &weights).unwrap(), rank(&sites, &scaled).unwrap());
        prop_assert_eq!(order(&plain), order(&scaled));
        for (a, b) in plain.iter().zip(&scaled) {
            prop_assert_eq!(a.score_millionths, b.score_millionths);
        }
    }

    #[test]
    fn a_site_in_greater_need_never_falls(
        sites in any_sites(), weights in any_weights(), more in 0..1_000_u64, closer in 0.0..1.0_f64,
    ) {
        let before = rank(&sites, &weights).unwrap();
        let mut improved = sites.clone();
        if let Some(measured) = improved[0].availability.as_mut() {
            measured.down_slots += more;
        }
        if let Finding::Known(nearest) = &mut improved[0].gap.fibre_line {
            nearest.metres *= closer;
        }
        let after = rank(&improved, &weights).unwrap();
        let place = |list: &[RankedSite]| {
            list.iter().find(|site| site.site == "site-000").unwrap().rank
        };
        prop_assert!(place(&after) <= place(&before));
    }
}
