//! A plan from a scenario: the ranked list, and what to build where costs are given; kept plans, and
//! what differs between two.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use desserte_planning::layer::Layers;
use desserte_planning::programme::{Step, compare};
use desserte_probe::clock::{Clock as _, SystemClock};
use serde::Serialize;

use super::output::{Output, json, name_of, read_text, tell, write};
use super::words::{Text, plan as say};
use super::{Context, Data, Failure, Outcome};
use crate::app::Source;
use crate::export;
use crate::export::planned::{Planned, PlannedFormat};
use crate::import::scenario::{costs_from_toml, scenario_from_toml};
use crate::layers::LayerStore;
use crate::planner::{Made, PlannerError, make};
use crate::plans::{KeptPlan, PlanStore};

/// Largest scenario, bytes: some 100,000 decisions.
const SCENARIO_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Largest file of costs, bytes.
const COSTS_BYTES_MAX: u64 = 256 * 1024;
/// A step is told when the work has taken longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum PlanFormat {
    /// For a spreadsheet: semicolons and decimal commas in French, commas and points in English.
    #[default]
    Csv,
    /// For a map (RFC 7946).
    Geojson,
    /// For Excel, with sheets of weights, sources, phases and limits.
    Xlsx,
    /// For QGIS: sites, routes, phases and sources as tables (OGC GeoPackage).
    Geopackage,
    /// For Google Earth (OGC KML).
    Kml,
    /// The planned routes as a network of the Open Fibre Data Standard 0.4.
    Ofds,
    /// A page to print (HTML, A4): phases, map, first sites, what the plan does not know.
    Brief,
    /// Everything, as the planner knows it.
    Json,
}

/// Makes a plan, or works with kept ones.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct PlanCommand {
    #[command(subcommand)]
    kept: Option<Kept>,
    /// Data folder of the collector.
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// What the planner decides (TOML); a file of costs that it names lies beside it.
    #[arg(long, value_name = "FILE", required = true)]
    scenario: Option<PathBuf>,
    /// File to write.
    #[arg(long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// How the list is written.
    #[arg(long, value_enum, default_value = "csv")]
    format: PlanFormat,
}

/// Plans that were made with costs, and are kept.
#[derive(Debug, Subcommand)]
enum Kept {
    /// List kept plans, the newest first.
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// What differs between two kept plans, site by site.
    Compare {
        /// Identifier of the first, as `plan list` gives it.
        first: String,
        /// Identifier of the second.
        second: String,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// Drop a kept plan.
    Drop {
        /// Its identifier, as `plan list` gives it.
        plan: String,
        #[command(flatten)]
        data: Data,
    },
}

impl PlanCommand {
    pub(super) fn run(self, context: Context) -> Outcome {
        if let Some(kept) = self.kept {
            return kept.run(context);
        }
        let (Some(data), Some(scenario_file), Some(output)) =
            (self.data, self.scenario, self.output)
        else {
            return Err(Failure::Input(say::missing()));
        };
        let text = read_text(&scenario_file, SCENARIO_BYTES_MAX)?;
        let scenario =
            scenario_from_toml(&name_of(&scenario_file), &text).map_err(Failure::input)?;
        let costs = match &scenario.costs {
            None => None,
            Some(name) => {
                let file = scenario_file.with_file_name(name);
                let text = read_text(&file, COSTS_BYTES_MAX)?;
                Some(costs_from_toml(&name_of(&file), &text).map_err(Failure::input)?)
            }
        };
        let layers = LayerStore::open(&data)
            .and_then(|store| store.read())
            .map_err(Failure::failed)?;
        let source = Source::read_only(&data).map_err(Failure::failed)?;
        let directory = source.directory(1).map_err(Failure::failed)?;
        let clock = SystemClock;
        let begun = clock.monotonic();
        let progress = |step: Step| {
            if clock.monotonic().saturating_sub(begun) > PATIENCE {
                tell(say::step(step).pick(context.language));
            }
        };
        let made = make(
            &source,
            &directory,
            &layers,
            scenario,
            costs.as_ref(),
            &progress,
        );
        let made = made.map_err(|error| refused(&error, &name_of(&scenario_file)))?;
        let store = PlanStore::open(&data).map_err(Failure::failed)?;
        let kept = store
            .keep(&made, source.now_unix_ms())
            .map_err(Failure::failed)?;
        let at = source.now_unix_ms();
        let bytes = self.format.write(&made, (&layers, at), context)?;
        write(Some(&output), &bytes)?;
        if let (Some(id), Some(programme)) = (kept, &made.plan.programme) {
            tell(say::made(&id, programme).pick(context.language));
            for limit in &programme.limits {
                let text = Text::new(limit.text_fr(), limit.text_en());
                tell(say::limit(&text).pick(context.language));
            }
        }
        Ok(())
    }
}

/// What is wrong with the scenario exits with 2, what is wrong with the data folder with 1.
fn refused(error: &PlannerError, file: &str) -> Failure {
    let text = say::planner(error);
    if error.is_input() {
        Failure::Input(text.about(file))
    } else {
        Failure::Failed(text)
    }
}

impl PlanFormat {
    fn write(
        self,
        made: &Made,
        (layers, at_unix_ms): (&Layers, i64),
        context: Context,
    ) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let plan = &made.plan;
        let planned = |format: PlannedFormat| {
            let planned = Planned::new(plan, plan.programme.as_ref());
            let when = (at_unix_ms, context.export());
            let written = export::planned::write(format, (&planned, layers), when);
            let written = written.map_err(Failure::failed)?;
            written.ok_or_else(|| Failure::Input(say::no_routes()))
        };
        match self {
            Self::Geopackage => return planned(PlannedFormat::Geopackage),
            Self::Kml => return planned(PlannedFormat::Kml),
            Self::Ofds => return planned(PlannedFormat::Ofds),
            Self::Brief => return planned(PlannedFormat::Brief),
            Self::Csv => export::plan::write_csv(plan, context.export(), &mut bytes)
                .map_err(Failure::failed)?,
            Self::Geojson => {
                export::plan::write_geojson(plan, &mut bytes).map_err(Failure::failed)?;
            }
            Self::Xlsx => export::plan::write_xlsx(plan, context.export(), &mut bytes)
                .map_err(Failure::failed)?,
            Self::Json => bytes = json(plan)?,
        }
        Ok(bytes)
    }
}

/// A kept plan as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    name: String,
    made_at: String,
    sites: serde_json::Value,
    currency: serde_json::Value,
    phases: usize,
    capex_minor: serde_json::Value,
}

/// A moment as text; empty when it lies outside the calendar.
fn moment(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| String::new(), |at| at.to_string())
}

impl Listed {
    fn of(plan: KeptPlan) -> Self {
        let phases = plan.stated("/phases").as_array();
        let last = phases.and_then(|phases| phases.last());
        Self {
            made_at: moment(plan.made_unix_ms),
            sites: plan.stated("/site_count").clone(),
            currency: plan.stated("/costs/currency").clone(),
            phases: phases.map_or(0, Vec::len),
            capex_minor: last.map_or(serde_json::Value::Null, |phase| {
                phase["total_capex_minor"].clone()
            }),
            id: plan.id,
            name: plan.name,
        }
    }
}

impl Kept {
    fn run(self, context: Context) -> Outcome {
        match self {
            Self::List { data, output } => {
                let store = PlanStore::open(&data.data).map_err(Failure::failed)?;
                let plans = store.list().map_err(Failure::failed)?;
                let listed: Vec<Listed> = plans.into_iter().map(Listed::of).collect();
                output.list(&listed)
            }
            Self::Compare {
                first,
                second,
                data,
                output,
            } => {
                let store = PlanStore::open(&data.data).map_err(Failure::failed)?;
                let sites = |id: &str| {
                    if store.plan(id).map_err(Failure::failed)?.is_none() {
                        return Err(Failure::Input(say::no_such_plan(id)));
                    }
                    let sites = store.all_sites(id).map_err(Failure::failed)?;
                    Ok(sites.into_iter().map(|site| site.plan).collect::<Vec<_>>())
                };
                let compared = compare(&sites(&first)?, &sites(&second)?);
                tell(say::compared(&compared).pick(context.language));
                output.list(&compared.changes)
            }
            Self::Drop { plan, data } => {
                let store = PlanStore::open(&data.data).map_err(Failure::failed)?;
                if store.drop_plan(&plan).map_err(Failure::failed)? {
                    Ok(())
                } else {
                    Err(Failure::Input(say::no_such_plan(&plan)))
                }
            }
        }
    }
}
