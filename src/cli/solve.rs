//! Problems of the field, from published files, through the planner's own solvers: so that anybody
//! can hold them against known optima. `docs/solve.md` has formats and objectives.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use desserte_planning::cover::{self, Cover};
use desserte_planning::instance::{Unit, points, stp};
use desserte_planning::route::{self, Route, WORK_PER_SECOND, Work};
use desserte_probe::clock::{Clock as _, SystemClock};
use serde::Serialize;

use super::output::{Output, name_of, read_text, tell};
use super::words::{Text, solve as say};
use super::{Context, Failure, Outcome};

/// Largest problem, bytes: some 20 million edges.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Steps of a search when no time is given: about so many seconds of one core.
const SECONDS_DEFAULT: u64 = 1;
/// Longest time that may be given: a week.
const SECONDS_MAX: f64 = 604_800.0;

/// What is to be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The cheapest tree that contains all terminals.
    Steiner,
    /// The tree that costs least together with the prizes it leaves.
    Pcst,
    /// The p places from which most demand lies within a radius.
    Mclp,
}

/// A problem and how long to search.
#[derive(Debug, Args)]
pub(super) struct Solve {
    /// What is to be solved.
    #[arg(value_enum)]
    problem: Kind,
    /// The problem: `SteinLib` (.stp, .gr), or places for mclp.
    file: PathBuf,
    /// Number of places to choose (mclp).
    #[arg(long, value_name = "N")]
    p: Option<usize>,
    /// How far a place reaches, in the unit of its coordinates (mclp).
    #[arg(long, value_name = "R")]
    radius: Option<f64>,
    /// A node that the tree must contain, numbered as in the file (pcst).
    #[arg(long, value_name = "V")]
    root: Option<u32>,
    /// How long to search at most. Without it a fixed number of steps ends the search.
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    #[command(flatten)]
    output: Output,
}

/// A figure as the file would write it: whole, or with decimals.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Figure {
    Whole(u64),
    Decimal(f64),
}

/// The answer; nodes and places are numbered as in the file.
#[derive(Debug, Serialize)]
struct Answer {
    problem: &'static str,
    objective: Figure,
    lower_bound: Figure,
    upper_bound: Figure,
    gap: f64,
    proved: bool,
    seconds: f64,
    edges: Vec<[u32; 2]>,
    nodes: Vec<u32>,
    facilities: Vec<u32>,
}

impl Solve {
    pub(super) fn run(self, context: Context) -> Outcome {
        self.check_options().map_err(Failure::Input)?;
        let text = read_text(&self.file, FILE_BYTES_MAX)?;
        let answer = match self.problem {
            Kind::Steiner | Kind::Pcst => self.tree(&text)?,
            Kind::Mclp => self.places(&text)?,
        };
        self.output.one(&answer)?;
        tell(say::summary(answer.proved, answer.gap).pick(context.language));
        Ok(())
    }

    /// Options that say nothing about this kind of problem are a mistake of whoever gave them.
    fn check_options(&self) -> Result<(), Text> {
        let given = [
            ("--p", self.p.is_some(), self.problem == Kind::Mclp),
            (
                "--radius",
                self.radius.is_some(),
                self.problem == Kind::Mclp,
            ),
            ("--root", self.root.is_some(), self.problem == Kind::Pcst),
        ];
        if let Some((option, ..)) = given.iter().find(|(_, given, fits)| *given && !fits) {
            return Err(say::not_for_this(option, self.problem.name()));
        }
        match self.seconds {
            Some(seconds) if !(seconds > 0.0 && seconds <= SECONDS_MAX) => {
                Err(say::seconds(SECONDS_MAX))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, reason: impl Into<Text>) -> Failure {
        Failure::Input(reason.into().about(name_of(&self.file)))
    }

    fn tree(&self, text: &str) -> Result<Answer, Failure> {
        let stp = stp::read(text).map_err(|error| self.refused(error))?;
        let unit = stp.unit;
        let problem = if self.problem == Kind::Steiner {
            stp.steiner()
        } else {
            let nodes = stp.graph.nodes();
            let root = self.root.map(|root| root.wrapping_sub(1));
            if let (Some(root), Some(given)) = (root, self.root)
                && root as usize >= nodes
            {
                return Err(self.refused(say::no_such_root(given, nodes)));
            }
            stp.prize_collecting(root)
        };
        let (route, seconds) = self.timed(|work| route::solve(&problem, work));
        let route = route.map_err(|error| self.refused(error))?;
        let graph = &problem.graph;
        let edges = route.edges.iter().filter_map(|edge| {
            let edge = graph.edges().get(*edge as usize)?;
            Some(edge.ends.map(|node| node + 1))
        });
        Ok(Answer {
            edges: edges.collect(),
            nodes: route.nodes.iter().map(|node| node + 1).collect(),
            ..Answer::of_route(self.problem.name(), &route, unit, seconds)
        })
    }

    fn places(&self, text: &str) -> Result<Answer, Failure> {
        let points = points::read(text).map_err(|error| self.refused(error))?;
        let missing = |option| Failure::Input(say::missing(option));
        let count = self.p.or(points.count).ok_or_else(|| missing("--p"))?;
        let radius = self.radius.or(points.radius);
        let radius = radius.ok_or_else(|| missing("--radius"))?;
        let (choice, seconds) = self.timed(|work| {
            let cover = Cover::of_places(&points.places, radius)?;
            cover::solve(&cover, count, work)
        });
        let choice = choice.map_err(|error| self.refused(error))?;
        let nodes = choice.facilities.iter().map(|place| place + 1);
        Ok(Answer {
            problem: self.problem.name(),
            objective: Figure::Whole(choice.covered),
            lower_bound: Figure::Whole(choice.covered),
            upper_bound: Figure::Whole(choice.upper_bound),
            gap: choice.gap(),
            proved: choice.proved(),
            seconds,
            edges: Vec::new(),
            nodes: Vec::new(),
            facilities: nodes.collect(),
        })
    }

    /// Runs a search within its limit, and tells how many seconds it took.
    fn timed<T>(&self, search: impl FnOnce(&mut Work<'_>) -> T) -> (T, f64) {
        let begun = SystemClock.monotonic();
        let limit = self.seconds.map(Duration::from_secs_f64);
        let stop =
            || limit.is_some_and(|limit| SystemClock.monotonic().saturating_sub(begun) >= limit);
        let steps = match self.seconds {
            // A fast machine may end before the time does; the answer is then the same everywhere.
            Some(seconds) => Duration::from_secs_f64(seconds).as_millis() / 1_000 + 1,
            None => u128::from(SECONDS_DEFAULT),
        };
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let mut work = Work::new(steps.saturating_mul(WORK_PER_SECOND), &stop);
        let answer = search(&mut work);
        let took = SystemClock.monotonic().saturating_sub(begun);
        (answer, (took.as_secs_f64() * 1e4).round() / 1e4)
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Steiner => "steiner",
            Self::Pcst => "pcst",
            Self::Mclp => "mclp",
        }
    }
}

impl Answer {
    /// The figures of a tree.
    fn of_route(problem: &'static str, route: &Route, unit: Unit, seconds: f64) -> Self {
        let figure = |units: u64| {
            if unit.decimals() == 0 {
                Figure::Whole(units)
            } else {
                Figure::Decimal(unit.value(units))
            }
        };
        Self {
            problem,
            objective: figure(route.objective),
            lower_bound: figure(route.lower_bound),
            upper_bound: figure(route.objective),
            gap: route.gap(),
            proved: route.proved(),
            seconds,
            edges: Vec::new(),
            nodes: Vec::new(),
            facilities: Vec::new(),
        }
    }
}
