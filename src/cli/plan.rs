//! The ranked list of sites, from a scenario, as a file.

use std::path::PathBuf;

use clap::Args;
use desserte_domain::period::Period;
use desserte_planning::plan::{PlanSite, plan};
use desserte_planning::scenario::Scenario;

use super::output::{json, name_of, read_text, write};
use super::words::{Text, not_a_month};
use super::{Context, Data, Failure, Outcome};
use crate::app::{PLAN_DAYS, Source, plan_site};
use crate::assess::long::{DAY_MS, slots_between};
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
    /// For Excel, with a second sheet of weights and sources.
    Xlsx,
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
        let layers = LayerStore::open(&self.data.data)
            .and_then(|store| store.read())
            .map_err(Failure::failed)?;
        let made = plan(self.sites(&scenario)?, &layers, scenario).map_err(Failure::input)?;
        let mut bytes = Vec::new();
        match self.format {
            PlanFormat::Csv => export::plan::write_csv(&made, context.export(), &mut bytes)
                .map_err(Failure::failed)?,
            PlanFormat::Geojson => {
                export::plan::write_geojson(&made, &mut bytes).map_err(Failure::failed)?;
            }
            PlanFormat::Xlsx => export::plan::write_xlsx(&made, context.export(), &mut bytes)
                .map_err(Failure::failed)?,
            PlanFormat::Json => bytes = json(&made)?,
        }
        write(Some(&self.output), &bytes)
    }

    fn sites(&self, scenario: &Scenario) -> Result<Vec<PlanSite>, Failure> {
        let source = Source::read_only(&self.data.data).map_err(Failure::failed)?;
        let directory = source.directory(1).map_err(Failure::failed)?;
        let now = source.now_unix_ms();
        let (period, span) = self.period(scenario, now)?;
        directory
            .sites()
            .iter()
            .map(|site| {
                if site.agents == 0 {
                    return Ok(plan_site(site, None));
                }
                let test = directory.test(&site.id);
                let slots =
                    slots_between(&source, &site.id, &test, span).map_err(Failure::failed)?;
                Ok(plan_site(site, Some((period.clone(), slots))))
            })
            .collect()
    }

    /// The period whose measurements count, and its bounds: the scenario's month, or the last days.
    fn period(&self, scenario: &Scenario, now: i64) -> Result<(String, (i64, i64)), Failure> {
        let Some(month) = &scenario.month else {
            let span = (now - PLAN_DAYS * DAY_MS, now);
            return Ok((format!("P{PLAN_DAYS}D"), span));
        };
        let refused = |reason: Text| {
            let place = format!("{}: month = {month:?}", name_of(&self.scenario));
            Failure::Input(reason.about(place))
        };
        let numbers = month
            .split_once('-')
            .and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
        let (year, number) = numbers.ok_or_else(|| refused(not_a_month(month)))?;
        let zone = scenario.time_zone.as_deref().unwrap_or("UTC");
        let period = Period::month(zone, year, number, 60).map_err(|error| {
            let fr = format!("ce mois n'a pas de calendrier ici : {error}");
            refused(Text::new(fr, error.to_string()))
        })?;
        if period.start_unix_ms > now {
            let text = Text::new("ce mois est à venir", "this month is yet to come");
            return Err(refused(text));
        }
        let end = period.end_unix_ms.min(now);
        Ok((month.clone(), (period.start_unix_ms, end)))
    }
}
