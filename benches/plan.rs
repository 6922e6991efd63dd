//! Routes, covers, phases and distances beside known optima, the terminal spanning tree (the way connectivity planners
//! route fibre today), `pcst_fast` and `networkx`, in the same run on the same machine.
//!
//! `plan --reference DIR --output FILE [--python PROGRAM] [--only NAME] [--large NODES]`: problems are
//! read from `DIR/instances`; graphs that are drawn from a seed are made here.

#[path = "plan/distances.rs"]
mod distances;
#[path = "plan/drawn.rs"]
mod drawn;
#[path = "plan/peers.rs"]
mod peers;
#[path = "plan/phases.rs"]
mod phases;
#[path = "plan/report.rs"]
mod report;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desserte_planning::cover::{self, Cover};
use desserte_planning::instance::{points, stp};
use desserte_planning::route::{self, Problem, Route, WORK_PER_SECOND, Work};

use peers::Peers;
use report::{Report, Row};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Steps of a search on published problems, in nominal seconds: what `desserte solve` takes.
const SECONDS: u64 = 1;
/// Runs of which the time reported is the median.
const RUNS: usize = 5;

struct Options {
    reference: PathBuf,
    output: PathBuf,
    python: Option<PathBuf>,
    only: String,
    large: u32,
}

fn main() -> Outcome {
    let Some(options) = Options::read()? else {
        return Ok(());
    };
    let peers = Peers::new(options.python.clone());
    let mut report = Report::default();
    let instances = options.reference.join("instances");
    if instances.is_dir() {
        trees(&options, &instances, "steiner", &peers, &mut report)?;
        trees(&options, &instances, "pcst", &peers, &mut report)?;
        covers(&options, &instances, &mut report)?;
    } else {
        say(&format!(
            "no {}: published problems are left out",
            instances.display()
        ));
    }
    phases::small(&options, &peers, &mut report)?;
    phases::country(&options, &mut report)?;
    distances::nearest(&options, &peers, &mut report)?;
    distances::coverage(&options, &peers, &mut report)?;
    phases::gaps(&options, &mut report)?;
    large(&options, &peers, &mut report)?;
    report.write(&options.output)?;
    say(&format!("written: {}", options.output.display()));
    Ok(())
}

impl Options {
    fn read() -> Outcome<Option<Self>> {
        let mut options = Self {
            reference: PathBuf::from("../shared"),
            output: PathBuf::from("target/bench/plan.json"),
            python: None,
            only: String::new(),
            large: 1_000_000,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                // What cargo itself says to a bench.
                "--bench" => {}
                // `cargo test --all-targets` runs benches as tests; there is nothing to time then.
                "--test" => return Ok(None),
                "--reference" => options.reference = value()?.into(),
                "--output" => options.output = value()?.into(),
                "--python" => options.python = Some(value()?.into()),
                "--only" => options.only = value()?,
                "--large" => options.large = value()?.parse()?,
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(Some(options))
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Runs something and takes its time.
#[expect(clippy::disallowed_methods, reason = "a bench takes times")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let answer = run();
    (answer, begun.elapsed())
}

/// A clock that begins now.
#[expect(clippy::disallowed_methods, reason = "a bench takes times")]
fn clock() -> impl Fn() -> Duration {
    let begun = Instant::now();
    move || begun.elapsed()
}

/// The same several times: the answer, and the median of the times.
fn median<T>(run: impl Fn() -> T) -> (T, f64) {
    let (answer, first) = timed(&run);
    let mut times = vec![first];
    for _ in 1..RUNS {
        times.push(timed(&run).1);
    }
    times.sort();
    let middle = times.get(RUNS / 2).copied().unwrap_or(first);
    (answer, middle.as_secs_f64())
}

fn never() -> bool {
    false
}

fn solve(problem: &Problem, seconds: u64) -> Outcome<Route> {
    let mut work = Work::new(seconds * WORK_PER_SECOND, &never);
    Ok(route::solve(problem, &mut work)?)
}

/// The rows of `optima.csv` of one kind: the name and the further cells.
fn optima(folder: &Path) -> Outcome<Vec<(String, Vec<String>)>> {
    let text = fs::read_to_string(folder.join("optima.csv"))?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',').map(|cell| cell.trim().to_owned());
        Some((cells.next()?, cells.collect()))
    });
    Ok(rows.collect())
}

#[expect(clippy::cast_precision_loss, reason = "shares for a table")]
fn percent_above(value: u64, optimum: u64) -> f64 {
    (value as f64 / optimum as f64 - 1.0) * 100.0
}

fn trees(
    options: &Options,
    instances: &Path,
    kind: &'static str,
    peers: &Peers,
    report: &mut Report,
) -> Outcome {
    let folder = instances.join(kind);
    let (mut ours, mut theirs, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    say(&format!(
        "\n{kind:24} {:>12} {:>12} {:>8} {:>8} {:>6} {:>8}  beside",
        "ours", "optimum", "above %", "bound %", "proved", "seconds"
    ));
    for (name, cells) in optima(&folder)? {
        if !name.contains(&options.only) {
            continue;
        }
        let optimum: u64 = cells.first().ok_or("no optimum")?.parse()?;
        let file = [folder.join(&name), folder.join(format!("{name}.stp"))];
        let file = file
            .iter()
            .find(|file| file.is_file())
            .ok_or("no such file")?;
        let read = stp::read(&fs::read_to_string(file)?)?;
        let problem = if kind == "steiner" {
            read.steiner()
        } else {
            read.prize_collecting(None)
        };
        let (route, seconds) = median(|| solve(&problem, SECONDS));
        let route = route?;
        let above = percent_above(route.objective, optimum);
        let below = -percent_above(route.lower_bound, optimum);
        let mut beside = peers.tree(kind, file)?;
        if kind == "steiner" {
            let ((_, cost), seconds) = timed(|| route::terminal_spanning_tree(&problem));
            beside.insert(
                0,
                peers::Peer::new("terminal spanning tree", cost, seconds.as_secs_f64()),
            );
        }
        say(&format!(
            "{name:24} {:>12} {optimum:>12} {above:>8.4} {below:>8.4} {:>6} {seconds:>8.3}  {}",
            route.objective,
            route.proved(),
            peers::told(&beside, optimum)
        ));
        ours.push(above);
        bounds.push(below);
        if let Some(peer) = beside.first() {
            theirs.push(percent_above(peer.cost, optimum));
        }
        for peer in &beside {
            let theirs = percent_above(peer.cost, optimum);
            report.row(
                Row::new(format!("{kind} {name}: above the optimum"), "%", above)
                    .beside(&peer.name, theirs),
            );
            report.row(
                Row::new(format!("{kind} {name}: time"), "s", seconds)
                    .beside(&peer.name, peer.seconds),
            );
        }
        report.row(Row::new(
            format!("{kind} {name}: own bound below the optimum"),
            "%",
            below,
        ));
    }
    summary(kind, &ours, &theirs, &bounds, report);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a mean of a few figures")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn summary(kind: &str, ours: &[f64], theirs: &[f64], bounds: &[f64], report: &mut Report) {
    if ours.is_empty() {
        return;
    }
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let peer = if kind == "steiner" {
        "terminal spanning tree"
    } else {
        "pcst_fast"
    };
    say(&format!(
        "{kind}: mean {:.4} %, most {:.4} %; own bound at most {:.4} % below",
        mean(ours),
        most(ours),
        most(bounds)
    ));
    for (what, of) in [("mean", mean as fn(&[f64]) -> f64), ("most", most)] {
        let mut row = Row::new(format!("{kind}: {what} above the optimum"), "%", of(ours));
        if !theirs.is_empty() {
            row = row.beside(peer, of(theirs));
        }
        let goal = if what == "mean" { "<= 0.5" } else { "<= 2" };
        report.row(row.goal(goal));
    }
    let row = Row::new(
        format!("{kind}: own bound, most below the optimum"),
        "%",
        most(bounds),
    );
    report.row(row.goal("<= 2"));
}

fn covers(options: &Options, instances: &Path, report: &mut Report) -> Outcome {
    let folder = instances.join("mclp");
    say(&format!(
        "\n{:24} {:>4} {:>8} {:>10} {:>10} {:>10} {:>6} {:>8}",
        "mclp", "p", "radius", "ours", "optimum", "greedy", "proved", "seconds"
    ));
    for (name, cells) in optima(&folder)? {
        if !name.contains(&options.only) {
            continue;
        }
        let cell = |at: usize| cells.get(at).map_or("", String::as_str);
        let (count, radius): (usize, f64) = (cell(0).parse()?, cell(1).parse()?);
        let (optimum, greedy): (u64, u64) = (cell(2).parse()?, cell(5).parse()?);
        let places = points::read(&fs::read_to_string(folder.join(format!("{name}.txt")))?)?.places;
        let (choice, seconds) = median(|| -> Outcome<cover::Choice> {
            let cover = Cover::of_places(&places, radius)?;
            Ok(cover::solve(
                &cover,
                count,
                &mut Work::new(SECONDS * WORK_PER_SECOND, &never),
            )?)
        });
        let choice = choice?;
        say(&format!(
            "{name:24} {count:>4} {radius:>8} {:>10} {optimum:>10} {greedy:>10} {:>6} {seconds:>8.3}",
            choice.covered,
            choice.proved()
        ));
        let what = format!("mclp {name} p={count} radius={radius}");
        let short = -percent_above(choice.covered, optimum);
        let row = Row::new(format!("{what}: short of the optimum"), "%", short);
        report.row(
            row.beside("greedy", -percent_above(greedy, optimum))
                .goal("0"),
        );
        report.row(
            Row::new(
                format!("{what}: gap to the own bound"),
                "%",
                choice.gap() * 100.0,
            )
            .goal("0"),
        );
        report.row(Row::new(format!("{what}: time"), "s", seconds).goal("<= 0.2"));
    }
    Ok(())
}

/// A graph as large as the roads of a country.
fn large(options: &Options, peers: &Peers, report: &mut Report) -> Outcome {
    if options.large == 0 || !"drawn".contains(&options.only) {
        return Ok(());
    }
    let problem = drawn::roads(options.large)?;
    let nodes = problem.graph.nodes();
    say(&format!(
        "\ndrawn: prize-collecting, {nodes} nodes, {} edges",
        problem.graph.edges().len()
    ));
    let (route, seconds) = timed(|| solve(&problem, SECONDS));
    let (route, seconds) = (route?, seconds.as_secs_f64());
    let steps = SECONDS * WORK_PER_SECOND * 10;
    let (bound, bound_seconds) =
        timed(|| route::lower_bound(&problem, route.objective, &mut Work::new(steps, &never)));
    let gap = route::gap(bound.max(route.lower_bound), route.objective) * 100.0;
    say(&format!(
        "ours {} in {seconds:.1} s; bound {bound} (gap {gap:.2} %) in {:.1} s more",
        route.objective,
        bound_seconds.as_secs_f64()
    ));
    let mut row = Row::new(format!("pcst drawn, {nodes} nodes: time"), "s", seconds);
    if let Some(peer) = peers.drawn(&problem)? {
        let apart = percent_above(route.objective, peer.cost);
        say(&format!(
            "{} {} in {:.1} s; ours costs {apart:+.3} %",
            peer.name, peer.cost, peer.seconds
        ));
        row = row.beside(&peer.name, peer.seconds);
        report.row(
            Row::new(
                format!("pcst drawn, {nodes} nodes: cost against it"),
                "%",
                apart,
            )
            .beside(&peer.name, 0.0),
        );
    }
    report.row(row.goal("<= 20"));
    report.row(Row::new(
        format!("pcst drawn, {nodes} nodes: gap to the own bound"),
        "%",
        gap,
    ));
    Ok(())
}
