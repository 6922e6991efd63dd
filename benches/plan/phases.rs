//! Phases beside a mixed integer programme (`HiGHS`), and a programme for a whole country.

use std::fmt::Write as _;

use desserte_planning::cost::CostParameters;
use desserte_planning::graph::{Edge, Graph};
use desserte_planning::layer::{Layer, Layers, Line, Place, Provenance};
use desserte_planning::phase::{Budgeted, Ceiling, Effort, Item, Orders, Planner};
use desserte_planning::plan::{PlanSite, plan};
use desserte_planning::programme::programme;
use desserte_planning::scenario::{PhaseBudget, Scenario};
use desserte_planning::{Position, gap::GapIndex};

use super::drawn::Chance;
use super::peers::Peers;
use super::report::{Report, Row};
use super::{Options, Outcome, mean, median, say, timed};

/// Nodes and sites of the graphs that are small enough for a mixed integer programme.
const SMALL: [(u32, u32); 5] = [(60, 20), (100, 30), (150, 45), (200, 60), (200, 60)];
/// Budgets, percent of what everything would cost.
const BUDGETS_PERCENT: [u64; 2] = [20, 50];
/// Sites of the country.
const COUNTRY_SITES: u32 = 20_000;

/// Each small graph under each budget, beside the mixed integer programme's best.
pub(crate) fn small(options: &Options, peers: &Peers, report: &mut Report) -> Outcome {
    if !"phases".contains(&options.only) {
        return Ok(());
    }
    say(&format!(
        "\n{:24} {:>8} {:>10} {:>10} {:>8} {:>10} {:>10} {:>8}",
        "phases", "budget %", "ours", "bound", "seconds", "MILP", "its bound", "seconds"
    ));
    let (mut short, mut open) = (Vec::new(), Vec::new());
    for (number, (nodes, sites)) in SMALL.into_iter().enumerate() {
        let problem = drawn(nodes, sites, number as u64)?;
        let whole = everything(&problem)?;
        let budgets = BUDGETS_PERCENT.map(|percent| whole * percent / 100);
        let theirs = peers.phases(&text(&problem, &budgets))?;
        for (at, (budget, percent)) in budgets.into_iter().zip(BUDGETS_PERCENT).enumerate() {
            let ceiling = Ceiling {
                capex: budget,
                yearly: None,
            };
            let (built, seconds) = median(|| -> Outcome<_> {
                let mut planner = Planner::new(&problem, Effort::of(&problem))?;
                Ok(planner.phases(&[(ceiling, Orders::default())], &|_| {})?)
            });
            let built = built?;
            let built = built.first().ok_or("no phase")?;
            let name = format!("{nodes} nodes, {sites} sites");
            let peer = theirs.get(at);
            let told = peer.map_or(String::new(), |peer| {
                format!(
                    "{:>10} {:>10} {:>8.2}",
                    peer.benefit, peer.bound, peer.seconds
                )
            });
            say(&format!(
                "{name:24} {percent:>8} {:>10} {:>10} {seconds:>8.3} {told}",
                built.benefit, built.upper_bound
            ));
            open.push(built.gap() * 100.0);
            if let Some(peer) = peer {
                let below = -super::percent_above(built.benefit, peer.benefit);
                short.push(below);
                report.row(
                    Row::new(
                        format!("phases {name} #{number} {percent} %: below the MILP"),
                        "%",
                        below,
                    )
                    .beside("HiGHS", 0.0)
                    .goal("<= 1"),
                );
                report.row(
                    Row::new(
                        format!("phases {name} #{number} {percent} %: time"),
                        "s",
                        seconds,
                    )
                    .beside("HiGHS", peer.seconds),
                );
            }
        }
    }
    summary(&open, &short, report);
    Ok(())
}

/// Gaps and shortfalls of all of them.
fn summary(open: &[f64], short: &[f64], report: &mut Report) {
    say(&format!(
        "phases: gap to the own bound, mean {:.2} %",
        mean(open)
    ));
    report.row(Row::new(
        "phases: gap to the own bound, mean".to_owned(),
        "%",
        mean(open),
    ));
    if !short.is_empty() {
        let most = short.iter().copied().fold(f64::MIN, f64::max);
        say(&format!(
            "phases: below the MILP, mean {:.3} %, most {most:.3} %",
            mean(short)
        ));
        let row = Row::new("phases: below the MILP, most".to_owned(), "%", most);
        report.row(row.beside("HiGHS, 60 s", 0.0).goal("<= 1"));
    }
}

/// Capex of everything, over the cheapest routes.
fn everything(problem: &Budgeted) -> Outcome<u64> {
    let mut planner = Planner::new(problem, Effort::of(problem))?;
    let stairs = planner.frontier(1)?;
    Ok(stairs.points.last().ok_or("no step")?.capex_minor)
}

/// Points in a square, joined to their neighbours; a root in a corner, sites drawn in clusters.
fn drawn(nodes: u32, sites: u32, seed: u64) -> Outcome<Budgeted> {
    let mut chance = Chance(77 + seed);
    let places: Vec<[u64; 2]> = (0..nodes)
        .map(|number| {
            let town = u64::from(number % 7);
            let spread = if number % 3 == 0 { 10_000 } else { 1_500 };
            let centre = [town * 1_400 % 10_000, town * town * 1_100 % 10_000];
            let near = centre.map(|at| (at + chance.below(spread)).min(10_000));
            if number == 0 { [0, 0] } else { near }
        })
        .collect();
    let apart = |a: &[u64; 2], b: &[u64; 2]| {
        let square = |at: usize| {
            a.get(at)
                .zip(b.get(at))
                .map_or(0, |(a, b)| a.abs_diff(*b).pow(2))
        };
        (square(0) + square(1)).isqrt()
    };
    let mut pairs = Vec::new();
    for (a, from) in (0_u32..).zip(&places) {
        let mut near: Vec<(u64, u32)> = (0_u32..)
            .zip(&places)
            .filter(|(b, _)| *b != a)
            .map(|(b, to)| (apart(from, to), b))
            .collect();
        near.sort_unstable();
        pairs.extend(
            near.into_iter()
                .take(4)
                .map(|(weight, b)| (a.min(b), a.max(b), weight)),
        );
        // Something always leads to the root.
        if a > 0 {
            let back = places.get(..a as usize).into_iter().flatten();
            let nearest = (0_u32..)
                .zip(back)
                .map(|(b, to)| (apart(from, to), b))
                .min();
            pairs.extend(nearest.map(|(weight, b)| (b, a, weight)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let edges = pairs.into_iter().map(|(a, b, weight)| Edge {
        ends: [a, b],
        weight: weight + 1,
    });
    let graph = Graph::new(usize::try_from(nodes)?, edges.collect())?;
    let items = (0..sites).map(|number| Item {
        node: (number % 5 != 4).then_some(nodes - 1 - number),
        capex: 100 + chance.below(900),
        yearly: 10 + chance.below(90),
        benefit: 100 + chance.below(900),
    });
    let items = items.collect();
    let yearly = graph.edges().iter().map(|edge| edge.weight / 50).collect();
    Ok(Budgeted {
        graph,
        yearly,
        root: 0,
        items,
    })
}

/// As `peers.py` reads it.
fn text(problem: &Budgeted, budgets: &[u64]) -> String {
    let mut text = format!("nodes {}\n", problem.graph.nodes());
    for edge in problem.graph.edges() {
        let [a, b] = edge.ends;
        let _ = writeln!(text, "edge {a} {b} {}", edge.weight);
    }
    for item in &problem.items {
        let node = item.node.map_or(-1, i64::from);
        let _ = writeln!(text, "item {node} {} {}", item.capex, item.benefit);
    }
    for budget in budgets {
        let _ = writeln!(text, "budget {budget}");
    }
    text
}

/// A country: fibre along a cross, 20,000 sites in towns and villages, four phases.
pub(crate) fn country(options: &Options, report: &mut Report) -> Outcome {
    if !"country".contains(&options.only) {
        return Ok(());
    }
    let (sites, layers) = land(COUNTRY_SITES)?;
    let costs: CostParameters = serde_json::from_str(include_str!("costs.json"))?;
    let phase = |name: &str, capex_minor| PhaseBudget {
        name: name.to_owned(),
        capex_minor,
        yearly_minor: None,
    };
    let scenario = Scenario {
        phases: vec![
            phase("1", 5_000_000_000),
            phase("2", 10_000_000_000),
            phase("3", 20_000_000_000),
            phase("4", 40_000_000_000),
        ],
        ..Scenario::default()
    };
    let told = std::cell::RefCell::new(String::new());
    let clock = super::clock();
    let (made, seconds) = timed(|| -> Outcome<_> {
        let ranked = plan(sites.clone(), &layers, scenario.clone())?;
        let evidence = std::collections::BTreeMap::new();
        Ok(programme(&ranked, &layers, &evidence, &costs, &|step| {
            let _ = write!(told.borrow_mut(), " {step:?} {:.1}", clock().as_secs_f64());
        })?)
    });
    let (made, seconds) = (made?, seconds.as_secs_f64());
    say(&format!(
        "\ncountry: {COUNTRY_SITES} sites planned in {seconds:.1} s; {:?}, gap {:.3} %",
        made.target.by_technology,
        made.target.gap * 100.0
    ));
    say(&format!("  seconds when done:{}", told.borrow()));
    for phase in &made.phases {
        say(&format!(
            "  phase {}: {} sites, {} km, gap to the bound {:.2} %",
            phase.name,
            phase.sites,
            phase.route_metres / 1_000,
            phase.gap * 100.0
        ));
        let what = format!("country, phase {}: gap to the own bound", phase.name);
        report.row(Row::new(what, "%", phase.gap * 100.0));
    }
    let row = Row::new(
        format!("country of {COUNTRY_SITES} sites: plan"),
        "s",
        seconds,
    );
    report.row(row.goal("< 60"));
    Ok(())
}

fn land(count: u32) -> Outcome<(Vec<PlanSite>, Layers)> {
    let mut chance = Chance(4);
    let mut degrees =
        |below: u64| -> Outcome<f64> { Ok(f64::from(u32::try_from(chance.below(below))?) / 1e4) };
    let mut sites = Vec::new();
    let mut places = Vec::new();
    let mut centre = (0.0, 0.0);
    for number in 0..count {
        if number % 12 == 0 {
            centre = (degrees(60_000)?, 10.0 + degrees(60_000)?);
            places.push(Place {
                name: None,
                position: Position::new(centre.0, centre.1)?,
                population: Some(u64::from(number % 7) * 900 + 100),
            });
        }
        let spread = if number % 12 < 8 { 400 } else { 1_500 };
        let (north, east) = (centre.0 + degrees(spread)?, centre.1 + degrees(spread)?);
        sites.push(PlanSite {
            id: format!("s{number:06}"),
            name: None,
            kind: match number % 3 {
                0 => "school",
                1 => "health_centre",
                _ => "town_hall",
            }
            .to_owned(),
            position: Some(Position::new(north, east)?),
            region: None,
            invented: true,
            simulated: false,
            availability: None,
        });
    }
    let provenance: Provenance = serde_json::from_str(
        r#"{"layer":"drawn","source":"drawn","licence":"none","date":"2026","uncertainty":"none"}"#,
    )?;
    let line = |from: (f64, f64), to: (f64, f64)| -> Outcome<Line> {
        let positions = vec![Position::new(from.0, from.1)?, Position::new(to.0, to.1)?];
        Ok(Line {
            name: None,
            positions,
        })
    };
    let fibre_lines = vec![Layer {
        provenance: provenance.clone(),
        features: vec![
            line((3.0, 10.0), (3.1, 16.0))?,
            line((0.0, 13.0), (6.0, 12.8))?,
        ],
    }];
    let places = vec![Layer {
        provenance,
        features: places,
    }];
    Ok((
        sites,
        Layers {
            fibre_lines,
            places,
            ..Layers::default()
        },
    ))
}

/// Gaps of 100,000 sites over a country's layers, for the record.
pub(crate) fn gaps(options: &Options, report: &mut Report) -> Outcome {
    if !"gaps".contains(&options.only) {
        return Ok(());
    }
    let (sites, layers) = land(100_000)?;
    let ((), seconds) = median(|| {
        let index = GapIndex::new(&layers);
        for site in &sites {
            std::hint::black_box(index.gap(site.position));
        }
    });
    say(&format!("gaps of 100,000 sites: {seconds:.2} s"));
    report.row(Row::new("gaps of 100 k sites".to_owned(), "s", seconds));
    Ok(())
}
