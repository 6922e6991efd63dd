//! The ranked list of sites, from a scenario, as a file.

use std::path::PathBuf;

use clap::Args;
use desserte_planning::plan::{PlanSite, plan};

use super::output::{json, name_of, read_text, write};
use super::words::Text;
use super::{Context, Data, Failure, Outcome};
use crate::app::{Source, plan_site};
use crate::assess::long::{LongFigures, long_figures};
use crate::export;
use crate::import::scenario::scenario_from_toml;
use crate::layers::LayerStore;

/// Largest scenario, bytes.
const SCENARIO_BYTES_MAX: u64 = 256 * 1024;

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum PlanFormat {
    /// For a spreadsheet: semicolons and decimal commas in French, commas and points in English.
    #[default]
    Csv,
    /// For a map (RFC 7946).
    Geojson,
    /// Everything, as the ranking knows it.
    Json,
}

/// Scenario, data and file.
#[derive(Debug, Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    data: Data,
    /// What the planner decides (TOML).
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// How the list is written.
    #[arg(long, value_enum, default_value = "csv")]
    format: PlanFormat,
}

impl PlanCommand {
    pub(super) fn run(self, context: Context) -> Outcome {
        let text = read_text(&self.scenario, SCENARIO_BYTES_MAX)?;
        let scenario =
            scenario_from_toml(&name_of(&self.scenario), &text).map_err(Failure::input)?;
        if let Some(month) = &scenario.month {
            // Measurements of the last days count; a month in a scenario is not silently ignored.
            let place = format!("{}: month = {month:?}", name_of(&self.scenario));
            let text = Text::new(
                "pas encore pris en compte ; retirez la clé pour utiliser les 30 derniers jours",
                "not taken into account yet; remove the key to use the last 30 days",
            );
            return Err(Failure::Input(text.about(place)));
        }
        let layers = LayerStore::open(&self.data.data)
            .and_then(|store| store.read())
            .map_err(Failure::failed)?;
        let made = plan(self.sites()?, &layers, scenario).map_err(Failure::input)?;
        let mut bytes = Vec::new();
        match self.format {
            PlanFormat::Csv => export::plan::write_csv(&made, context.export(), &mut bytes)
                .map_err(Failure::failed)?,
            PlanFormat::Geojson => {
                export::plan::write_geojson(&made, &mut bytes).map_err(Failure::failed)?;
            }
            PlanFormat::Json => bytes = json(&made)?,
        }
        write(Some(&self.output), &bytes)
    }

    fn sites(&self) -> Result<Vec<PlanSite>, Failure> {
        let source = Source::read_only(&self.data.data).map_err(Failure::failed)?;
        let directory = source.directory(1).map_err(Failure::failed)?;
        let now = source.now_unix_ms();
        directory
            .sites()
            .iter()
            .map(|site| {
                if site.agents == 0 {
                    return Ok(plan_site(site, None));
                }
                let test = directory.test(&site.id);
                let LongFigures { plan, .. } =
                    long_figures(&source, &site.id, &test, now).map_err(Failure::failed)?;
                Ok(plan_site(
                    site,
                    Some(plan).filter(|(up, down, _)| up + down > 0),
                ))
            })
            .collect()
    }
}
