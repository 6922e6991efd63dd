//! Small problems against every possible choice.

use proptest::prelude::*;

use super::*;

fn never() -> bool {
    false
}

fn solved(cover: &Cover, count: usize) -> Choice {
    let choice = solve(cover, count, &mut Work::new(50_000_000, &never)).unwrap();
    assert_eq!(choice.covered, cover.covered(&choice.facilities));
    assert_eq!(choice.facilities.len(), count.min(cover.reached.len()));
    assert!(choice.covered <= choice.upper_bound);
    choice
}

fn optimum(cover: &Cover, count: usize) -> u64 {
    let candidates = u32::try_from(cover.reached.len()).unwrap();
    (0_u32..1 << candidates)
        .filter(|set| set.count_ones() as usize <= count)
        .map(|set| {
            let list: Vec<u32> = (0..candidates).filter(|n| set >> n & 1 == 1).collect();
            cover.covered(&list)
        })
        .max()
        .unwrap()
}

fn places() -> impl Strategy<Value = Vec<Place>> {
    let place = (0..40_i32, 0..40_i32, 0..50_u64).prop_map(|(x, y, demand)| Place {
        x: f64::from(x),
        y: f64::from(y),
        demand,
    });
    proptest::collection::vec(place, 1..13)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn choices_are_the_best(places in places(), radius in 0..25_i32, count in 0..6_usize) {
        let cover = Cover::of_places(&places, f64::from(radius)).unwrap();
        let choice = solved(&cover, count);
        prop_assert!(choice.proved());
        prop_assert_eq!(choice.covered, optimum(&cover, count));
        let mut backwards = places;
        backwards.reverse();
        let other = Cover::of_places(&backwards, f64::from(radius)).unwrap();
        prop_assert_eq!(solved(&other, count).covered, choice.covered);
    }

    #[test]
    fn a_bound_holds_after_any_number_of_steps(places in places(), count in 1..5_usize, steps in 0..2_000_u64) {
        let cover = Cover::of_places(&places, 12.0).unwrap();
        let choice = solve(&cover, count, &mut Work::new(steps, &never)).unwrap();
        let optimum = optimum(&cover, count);
        prop_assert!(choice.covered <= optimum && optimum <= choice.upper_bound);
    }

    #[test]
    fn the_strip_reaches_what_all_pairs_do(places in places(), radius in 0..25_i32) {
        let cover = Cover::of_places(&places, f64::from(radius)).unwrap();
        for (from, list) in places.iter().zip(&cover.reached) {
            let near = |to: &Place| (from.x - to.x).hypot(from.y - to.y) <= f64::from(radius) + 1e-9;
            let all: Vec<u32> = (0..).zip(&places).filter(|(_, to)| near(to)).map(|(n, _)| n).collect();
            prop_assert_eq!(&all, list);
        }
    }
}

#[test]
fn a_choice_better_than_the_greedy_one_is_found() {
    // The middle one reaches most alone; the two outer ones together reach all.
    let cover = Cover {
        demand: vec![4, 3, 3, 4],
        reached: vec![vec![1, 2], vec![0, 1], vec![2, 3]],
    };
    assert_eq!(solved(&cover, 2).facilities, [1, 2]);
    assert_eq!(solved(&cover, 2).covered, 14);
    assert_eq!(solved(&cover, 9).facilities, [0, 1, 2]);
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let mut work = Work::new(1_000, &never);
    assert_eq!(Cover::of_places(&[], f64::NAN), Err(CoverError::Radius));
    assert_eq!(Cover::of_places(&[], -1.0), Err(CoverError::Radius));
    let wrong = Cover {
        demand: vec![1],
        reached: vec![vec![0], vec![1]],
    };
    let error = CoverError::NoSuchDemand {
        candidate: 1,
        demand: 1,
    };
    assert_eq!(solve(&wrong, 1, &mut work), Err(error));
    let heavy = Cover {
        demand: vec![TOTAL_MAX, 1],
        reached: Vec::new(),
    };
    assert_eq!(solve(&heavy, 1, &mut work), Err(CoverError::TooMuch));
    assert_eq!(solve(&Cover::default(), 3, &mut work).unwrap().covered, 0);
}
