//! Small problems against exact methods of another kind: Dreyfus and Wagner's dynamic programme for
//! Steiner trees, and all sets of nodes for prizes.

use proptest::prelude::*;

use super::tree::{price, span};
use super::*;
use crate::graph::Edge;

fn never() -> bool {
    false
}

fn solved(problem: &Problem, steps: u64) -> Route {
    let route = solve(problem, &mut Work::new(steps, &never)).unwrap();
    holds(problem, &route);
    route
}

/// The route is a tree of the problem, costs what it says, and keeps above its bound.
fn holds(problem: &Problem, route: &Route) {
    let graph = &problem.graph;
    let mut joined = Joined::new(graph.nodes());
    for edge in &route.edges {
        let [a, b] = graph.edges()[*edge as usize].ends;
        assert!(joined.join(a, b), "a circle closes at edge {edge}");
        assert!(route.nodes.contains(&a) && route.nodes.contains(&b));
    }
    assert!(route.nodes.is_empty() || route.nodes.len() == route.edges.len() + 1);
    let inside = |node: &u32| route.nodes.binary_search(node).is_ok();
    let edges: u64 = route.edges.iter().map(|edge| graph.weight(*edge)).sum();
    let outside = graph.numbers().filter(|node| !inside(node));
    let lost: u64 = outside.map(|node| problem.prizes[node as usize]).sum();
    assert_eq!(route.objective, edges + lost);
    assert!(route.lower_bound <= route.objective);
    let required = |node: &u32| problem.required[*node as usize];
    assert!(graph.numbers().filter(required).all(|node| inside(&node)));
}

/// The cost of the cheapest Steiner tree (Dreyfus and Wagner 1971).
fn steiner_optimum(problem: &Problem) -> u64 {
    const FAR: u64 = u64::MAX / 4;
    let nodes = problem.graph.nodes();
    let mut distance = vec![vec![FAR; nodes]; nodes];
    for (node, row) in distance.iter_mut().enumerate() {
        row[node] = 0;
    }
    for edge in problem.graph.edges() {
        let [a, b] = edge.ends.map(|node| node as usize);
        let weight = edge.weight.min(distance[a][b]);
        (distance[a][b], distance[b][a]) = (weight, weight);
    }
    for over in 0..nodes {
        for from in 0..nodes {
            for to in 0..nodes {
                let longer = distance[from][over] + distance[over][to];
                distance[from][to] = distance[from][to].min(longer);
            }
        }
    }
    let terminals: Vec<usize> = (0..nodes).filter(|node| problem.required[*node]).collect();
    let Some((last, rest)) = terminals.split_last() else {
        return 0;
    };
    let mut best = vec![vec![FAR; nodes]; 1 << rest.len()];
    for set in 1_usize..1 << rest.len() {
        if set.is_power_of_two() {
            best[set].clone_from(&distance[rest[set.trailing_zeros() as usize]]);
            continue;
        }
        let mut met = vec![FAR; nodes];
        let mut part = (set - 1) & set;
        while part > 0 {
            for (node, met) in met.iter_mut().enumerate() {
                *met = (*met).min(best[part][node] + best[set ^ part][node]);
            }
            part = (part - 1) & set;
        }
        for node in 0..nodes {
            let ways = (0..nodes).map(|over| met[over] + distance[over][node]);
            best[set][node] = ways.min().unwrap();
        }
    }
    if rest.is_empty() {
        0
    } else {
        best[(1 << rest.len()) - 1][*last]
    }
}

/// The cheapest tree over every connected set of nodes.
fn prize_optimum(problem: &Problem) -> u64 {
    let nodes = problem.graph.nodes();
    let mut best = u64::MAX;
    for set in 1_u32..1 << nodes {
        let inside: Vec<bool> = (0..nodes).map(|node| set >> node & 1 == 1).collect();
        if (0..nodes).any(|node| problem.required[node] && !inside[node]) {
            continue;
        }
        let mut edges: Vec<u32> = (0_u32..)
            .zip(problem.graph.edges())
            .filter(|(_, edge)| edge.ends.iter().all(|node| inside[*node as usize]))
            .map(|(number, _)| number)
            .collect();
        edges.sort_by_key(|edge| problem.graph.weight(*edge));
        let mut joined = Joined::new(nodes);
        edges.retain(|edge| {
            let [a, b] = problem.graph.edges()[*edge as usize].ends;
            joined.join(a, b)
        });
        if edges.len() + 1 == set.count_ones() as usize {
            let nodes = (0..u32::try_from(nodes).unwrap()).filter(|node| inside[*node as usize]);
            let mut tree = tree::Tree {
                edges,
                nodes: nodes.collect(),
                cost: 0,
            };
            price(problem, &mut tree);
            best = best.min(tree.cost);
        }
    }
    best
}

/// A connected graph: a random tree, and further edges (loops and doubles among them).
fn graphs(most: u32) -> impl Strategy<Value = Graph> {
    (3..=most).prop_flat_map(|nodes| {
        let tree = proptest::collection::vec(
            (any::<prop::sample::Index>(), 1..30_u64),
            nodes as usize - 1,
        );
        let more =
            proptest::collection::vec((0..nodes, 0..nodes, 0..30_u64), 0..3 * nodes as usize);
        (tree, more).prop_map(move |(tree, more)| {
            let tree = (1_u32..).zip(tree).map(|(node, (to, weight))| Edge {
                ends: [node, u32::try_from(to.index(node as usize)).unwrap()],
                weight,
            });
            let more = more.into_iter().map(|(a, b, weight)| Edge {
                ends: [a, b],
                weight,
            });
            Graph::new(nodes as usize, tree.chain(more).collect()).unwrap()
        })
    })
}

/// The same problem with its nodes numbered backwards and its edges in another order.
fn renumbered(problem: &Problem) -> Problem {
    let nodes = u32::try_from(problem.graph.nodes()).unwrap();
    let edges = problem.graph.edges().iter().rev().map(|edge| Edge {
        ends: edge.ends.map(|node| nodes - 1 - node),
        weight: edge.weight,
    });
    Problem {
        graph: Graph::new(nodes as usize, edges.collect()).unwrap(),
        prizes: problem.prizes.iter().rev().copied().collect(),
        required: problem.required.iter().rev().copied().collect(),
    }
}

const ENOUGH: u64 = 20_000_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn steiner_trees_are_the_cheapest(graph in graphs(24), count in 1..7_u32) {
        let problem = Problem::steiner(graph, &(0..count).map(|n| n * 3).collect::<Vec<_>>());
        let route = solved(&problem, ENOUGH);
        prop_assert!(route.proved());
        prop_assert_eq!(route.objective, steiner_optimum(&problem));
        prop_assert_eq!(solved(&renumbered(&problem), ENOUGH).objective, route.objective);
        let (edges, cost) = terminal_spanning_tree(&problem);
        prop_assert!(cost >= route.objective && cost <= 2 * route.objective);
        prop_assert_eq!(edges.iter().map(|e| problem.graph.weight(*e)).sum::<u64>(), cost);
    }

    #[test]
    fn prize_collecting_trees_are_the_cheapest(
        graph in graphs(11),
        prizes in proptest::collection::vec(prop_oneof![Just(0), 0..60_u64], 11),
        root in proptest::option::of(0..3_u32),
    ) {
        let nodes = graph.nodes();
        let problem = Problem::prize_collecting(graph, prizes[..nodes].to_vec(), root);
        let route = solved(&problem, ENOUGH);
        prop_assert!(route.proved());
        prop_assert_eq!(route.objective, prize_optimum(&problem));
        prop_assert_eq!(solved(&renumbered(&problem), ENOUGH).objective, route.objective);
    }

    #[test]
    fn a_bound_holds_after_any_number_of_steps(
        graph in graphs(11),
        prizes in proptest::collection::vec(0..40_u64, 11),
        root in proptest::option::of(0..3_u32),
        steps in 0..3_000_u64,
    ) {
        let nodes = graph.nodes();
        let problem = Problem::prize_collecting(graph, prizes[..nodes].to_vec(), root);
        let route = solved(&problem, steps);
        let optimum = prize_optimum(&problem);
        prop_assert!(route.lower_bound <= optimum && optimum <= route.objective);
        let bound = lower_bound(&problem, route.objective, &mut Work::new(steps, &never));
        prop_assert!(bound <= optimum);
    }

    #[test]
    fn the_best_within_a_set_is_a_tree(graph in graphs(20), inside in proptest::collection::vec(any::<bool>(), 20)) {
        let nodes = graph.nodes();
        let mut inside = inside[..nodes].to_vec();
        inside[0] = true;
        let problem = Problem::prize_collecting(graph, vec![7; nodes], Some(0));
        let tree = span(&problem, &inside, 0);
        prop_assert_eq!(tree.nodes.len(), tree.edges.len() + 1);
        prop_assert!(tree.nodes.iter().all(|node| inside[*node as usize]));
    }
}

/// A grid with weights and terminals drawn by a fixed rule.
fn grid(side: u32, every: u32) -> Problem {
    let mut chance = pool::Chance(7);
    let mut edges = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let node = row * side + column;
            for (to, there) in [(node + 1, column + 1 < side), (node + side, row + 1 < side)] {
                if there {
                    let weight = 100 + chance.below(100);
                    edges.push(Edge {
                        ends: [node, to],
                        weight,
                    });
                }
            }
        }
    }
    let terminals: Vec<u32> = (0..side * side).filter(|node| node % every == 3).collect();
    Problem::steiner(
        Graph::new((side * side) as usize, edges).unwrap(),
        &terminals,
    )
}

#[test]
fn an_early_end_claims_nothing() {
    let Problem { graph, .. } = grid(16, 5);
    let prizes = graph
        .numbers()
        .map(|node| if node % 5 == 3 { 250 } else { 0 });
    let problem = Problem::prize_collecting(graph.clone(), prizes.collect(), None);
    let best = solved(&problem, 20_000_000);
    for steps in [0, 1_000, 10_000, 50_000, 200_000, 1_000_000] {
        let route = solved(&problem, steps);
        assert!(route.lower_bound <= best.objective, "{steps} steps");
        assert!(best.lower_bound <= route.objective, "{steps} steps");
    }
}

#[test]
fn an_answer_is_the_same_again_and_no_worse_with_more_steps() {
    let problem = grid(20, 23);
    let short = solved(&problem, 300_000);
    assert_eq!(short, solved(&problem, 300_000));
    let long = solved(&problem, 10_000_000);
    assert!(long.objective <= short.objective);
    assert!(long.gap() < 0.03, "{}", long.gap());
    assert!(long.objective < terminal_spanning_tree(&problem).1);
}

#[test]
fn a_stop_ends_the_search_with_a_tree_and_a_bound() {
    let problem = grid(40, 11);
    let stopped = solve(&problem, &mut Work::new(u64::MAX, &|| true)).unwrap();
    holds(&problem, &stopped);
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let edge = Edge {
        ends: [0, 1],
        weight: 1,
    };
    let graph = Graph::new(3, vec![edge]).unwrap();
    let mut work = Work::new(1_000, &never);
    let apart = Problem::steiner(graph.clone(), &[0, 2]);
    assert_eq!(solve(&apart, &mut work), Err(RouteError::Apart(0, 2)));
    let short = Problem::prize_collecting(graph.clone(), vec![1], None);
    assert_eq!(solve(&short, &mut work), Err(RouteError::Lengths));
    let heavy = Problem::prize_collecting(graph, vec![TOTAL_MAX; 3], None);
    assert_eq!(solve(&heavy, &mut work), Err(RouteError::TooHeavy));
}

#[test]
fn the_smallest_problems_have_answers() {
    let empty = Problem::steiner(Graph::default(), &[]);
    assert_eq!(solved(&empty, 1_000).objective, 0);
    let one = Problem::prize_collecting(Graph::new(1, Vec::new()).unwrap(), vec![9], None);
    let route = solved(&one, 1_000);
    assert_eq!((route.objective, route.nodes), (0, vec![0]));
    let lone = Problem::steiner(Graph::new(4, Vec::new()).unwrap(), &[2]);
    assert_eq!(solved(&lone, 1_000).nodes, [2]);
}
