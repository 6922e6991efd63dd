//! Small problems against every possible plan; properties on drawn ones.

use proptest::prelude::*;

use super::*;
use crate::graph::{Edge, Graph};

fn budgeted(
    nodes: usize,
    edges: &[(u32, u32, u64)],
    items: &[(Option<u32>, u64, u64, u64)],
) -> Budgeted {
    let graph = edges.iter().map(|&(a, b, weight)| Edge {
        ends: [a, b],
        weight,
    });
    Budgeted {
        graph: Graph::new(nodes, graph.collect()).unwrap(),
        yearly: edges.iter().map(|(_, _, weight)| weight / 10).collect(),
        root: 0,
        items: items
            .iter()
            .map(|&(node, capex, yearly, benefit)| Item {
                node,
                capex,
                yearly,
                benefit,
            })
            .collect(),
    }
}

fn ceiling(capex: u64) -> Ceiling {
    Ceiling {
        capex,
        yearly: None,
    }
}

fn phases(problem: &Budgeted, wanted: &[(Ceiling, Orders)]) -> Vec<Built> {
    let mut planner = Planner::new(problem, Effort::of(problem)).unwrap();
    let built = planner.phases(wanted, &|_| {}).unwrap();
    for (phase, (ceiling, _)) in built.iter().zip(wanted) {
        check(problem, phase, *ceiling);
    }
    built
}

/// What is said of a phase is true of it.
fn check(problem: &Budgeted, phase: &Built, ceiling: Ceiling) {
    let items = phase.items.iter().map(|item| problem.items[*item]);
    let edges = &phase.edges;
    let capex: u64 = items.clone().map(|item| item.capex).sum();
    let routes: u64 = edges.iter().map(|edge| problem.graph.weight(*edge)).sum();
    assert_eq!(phase.capex, capex + routes);
    let yearly: u64 = items.clone().map(|item| item.yearly).sum();
    let upkeep: u64 = edges
        .iter()
        .map(|edge| problem.yearly[*edge as usize])
        .sum();
    assert_eq!(phase.yearly, yearly + upkeep);
    assert_eq!(
        phase.benefit,
        items.clone().map(|item| item.benefit).sum::<u64>()
    );
    assert!(phase.benefit <= phase.upper_bound);
    if !phase.over {
        assert!(phase.capex <= ceiling.capex, "{phase:?} under {ceiling:?}");
        assert!(ceiling.yearly.is_none_or(|most| phase.yearly <= most));
    }
    let mut joined = crate::graph::Joined::new(problem.graph.nodes());
    for edge in edges {
        let [a, b] = problem.graph.edges()[*edge as usize].ends;
        assert!(joined.join(a, b), "a ring in {phase:?}");
    }
    for node in items.filter_map(|item| item.node) {
        assert_eq!(
            joined.top(node),
            joined.top(problem.root),
            "{node} is not reached"
        );
    }
}

/// The most benefit under a ceiling, by trying every set of edges.
fn optimum(problem: &Budgeted, ceiling: Ceiling) -> u64 {
    let edges = problem.graph.edges().len();
    let mut best = 0;
    for set in 0_u32..1 << edges {
        let mut joined = crate::graph::Joined::new(problem.graph.nodes());
        let (mut capex, mut yearly) = (0, 0);
        for edge in (0..edges).filter(|edge| set >> edge & 1 == 1) {
            let [a, b] = problem.graph.edges()[edge].ends;
            joined.join(a, b);
            capex += problem.graph.edges()[edge].weight;
            yearly += problem.yearly[edge];
        }
        let root = joined.top(problem.root);
        let open: Vec<&Item> = problem
            .items
            .iter()
            .filter(|item| item.node.is_none_or(|node| joined.top(node) == root))
            .collect();
        for chosen in 0_u32..1 << open.len() {
            let items = open
                .iter()
                .enumerate()
                .filter(|(n, _)| chosen >> n & 1 == 1);
            let (mut c, mut y, mut b) = (capex, yearly, 0);
            for (_, item) in items {
                c += item.capex;
                y += item.yearly;
                b += item.benefit;
            }
            if c <= ceiling.capex && ceiling.yearly.is_none_or(|most| y <= most) {
                best = best.max(b);
            }
        }
    }
    best
}

#[test]
fn a_far_town_beats_near_single_sites_when_it_shares_its_way() {
    // Root 0; a near site for 10 worth 11; a town of three behind a way of 20, each worth 10.
    let problem = budgeted(
        6,
        &[(0, 1, 10), (0, 2, 20), (2, 3, 1), (2, 4, 1), (2, 5, 1)],
        &[
            (Some(1), 0, 0, 11),
            (Some(3), 0, 0, 10),
            (Some(4), 0, 0, 10),
            (Some(5), 0, 0, 10),
        ],
    );
    let built = phases(
        &problem,
        &[
            (ceiling(23), Orders::default()),
            (ceiling(33), Orders::default()),
        ],
    );
    assert_eq!(built[0].items, [1, 2, 3]);
    assert_eq!(built[1].items, [0, 1, 2, 3]);
    assert_eq!(built[1].gap(), 0.0);
}

#[test]
fn a_yearly_ceiling_turns_the_choice() {
    // Free-standing sites: cheap to build and dear to run, or the other way round.
    let problem = budgeted(
        1,
        &[],
        &[
            (None, 1, 100, 10),
            (None, 1, 100, 10),
            (None, 50, 1, 8),
            (None, 50, 1, 8),
        ],
    );
    let both = Ceiling {
        capex: 100,
        yearly: Some(150),
    };
    let built = phases(&problem, &[(both, Orders::default())]);
    assert_eq!(built[0].benefit, optimum(&problem, both));
    let rich = Ceiling {
        capex: 100,
        yearly: None,
    };
    assert_eq!(
        phases(&problem, &[(rich, Orders::default())])[0].benefit,
        28
    );
}

#[test]
fn orders_are_followed_and_what_they_cost_beyond_the_ceiling_is_said() {
    let problem = budgeted(
        4,
        &[(0, 1, 10), (1, 2, 10), (0, 3, 5)],
        &[(Some(1), 1, 0, 5), (Some(2), 1, 0, 1), (Some(3), 1, 0, 9)],
    );
    let pin = Orders {
        forced: vec![1],
        quotas: Vec::new(),
    };
    let built = phases(
        &problem,
        &[(ceiling(22), pin.clone()), (ceiling(28), Orders::default())],
    );
    assert_eq!(built[0].items, [0, 1]);
    assert_eq!(built[1].items, [0, 1, 2]);
    let poor = phases(&problem, &[(ceiling(20), pin)]);
    assert!(poor[0].over && poor[0].items == [1]);
    let quota = Orders {
        forced: Vec::new(),
        quotas: vec![(vec![0, 1], 1), (vec![1], 1)],
    };
    let built = phases(&problem, &[(ceiling(12), quota)]);
    assert_eq!(built[0].items, [0]);
    assert_eq!(built[0].missing, [0, 1], "no room for the second quota");
}

#[test]
fn what_does_not_fit_is_refused() {
    let shared = budgeted(2, &[(0, 1, 1)], &[(Some(1), 0, 0, 1), (Some(1), 0, 0, 1)]);
    let error = Planner::new(&shared, Effort::of(&shared)).unwrap_err();
    assert_eq!(error, PhaseError::Shared(1));
    let outside = budgeted(2, &[(0, 1, 1)], &[(Some(2), 0, 0, 1)]);
    assert_eq!(
        Planner::new(&outside, Effort::of(&outside)).unwrap_err(),
        PhaseError::Misfit
    );
    let fine = budgeted(2, &[(0, 1, 1)], &[(Some(1), 0, 0, 1)]);
    let falling = [
        (ceiling(2), Orders::default()),
        (ceiling(1), Orders::default()),
    ];
    let mut planner = Planner::new(&fine, Effort::of(&fine)).unwrap();
    assert_eq!(
        planner.phases(&falling, &|_| {}),
        Err(PhaseError::Falling(2))
    );
    let apart = budgeted(2, &[], &[(Some(1), 0, 0, 1), (None, 1, 0, 4)]);
    let pinned = Orders {
        forced: vec![0],
        quotas: Vec::new(),
    };
    assert_eq!(
        phases(&apart, &[(ceiling(9), pinned)])[0].items,
        [1],
        "no route leads to the first"
    );
}

fn drawn() -> impl Strategy<Value = Budgeted> {
    let edge = |nodes: u32| (0..nodes, 0..nodes, 1..30_u64);
    let edges = proptest::collection::vec(edge(7), 0..9);
    let item = (0..4_u64, 0..4_u64, 1..20_u64);
    (edges, proptest::collection::vec(item, 6), 0..3_usize).prop_map(|(edges, items, alone)| {
        let items: Vec<(Option<u32>, u64, u64, u64)> = (1_u32..)
            .zip(items)
            .map(|(node, (capex, yearly, benefit))| {
                let node = Some(node).filter(|node| *node as usize > alone);
                let far = if node.is_none() { 15 } else { 0 };
                (node, capex + far, yearly, benefit)
            })
            .collect();
        budgeted(7, &edges, &items)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn phases_are_nested_and_their_bounds_hold(problem in drawn(), capex in 1..90_u64, yearly in proptest::option::of(0..20_u64)) {
        let first = Ceiling { capex, yearly };
        let second = Ceiling { capex: capex * 2, yearly: yearly.map(|most| most * 2) };
        let built = phases(&problem, &[(first, Orders::default()), (second, Orders::default())]);
        prop_assert!(built[0].items.iter().all(|item| built[1].items.contains(item)));
        prop_assert!(built[0].edges.iter().all(|edge| built[1].edges.contains(edge)));
        for (phase, ceiling) in built.iter().zip([first, second]) {
            let best = optimum(&problem, ceiling);
            prop_assert!(phase.upper_bound >= best, "{phase:?}: {best}");
        }
        let best = optimum(&problem, first);
        prop_assert!(built[0].benefit * 100 >= best * 93, "{:?} brings less than {best}", built[0]);
    }

    #[test]
    fn the_staircase_rises_to_everything(problem in drawn()) {
        let mut planner = Planner::new(&problem, Effort::of(&problem)).unwrap();
        let stairs = planner.frontier(8).unwrap();
        prop_assert_eq!(stairs.points.len(), 9);
        for pair in stairs.points.windows(2) {
            prop_assert!(pair[0].benefit <= pair[1].benefit && pair[0].sites <= pair[1].sites);
            prop_assert!(pair[1].capex_minor <= pair[1].ceiling_minor);
            prop_assert!(pair[1].benefit <= pair[1].upper_bound);
        }
        let mut joined = crate::graph::Joined::new(7);
        for edge in problem.graph.edges() {
            joined.join(edge.ends[0], edge.ends[1]);
        }
        let root = joined.top(0);
        for (item, step) in problem.items.iter().zip(&stairs.item_steps) {
            let reachable = item.node.is_none_or(|node| joined.top(node) == root);
            prop_assert_eq!(step.is_some(), reachable);
        }
    }

    #[test]
    fn threads_change_nothing(problem in drawn(), capex in 1..90_u64) {
        let wanted = [(ceiling(capex), Orders::default())];
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let alone = one.install(|| phases(&problem, &wanted));
        prop_assert_eq!(alone, three.install(|| phases(&problem, &wanted)));
    }
}
