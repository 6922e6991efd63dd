//! Checks: a configuration file, and the rules against worked cases.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::words::Text;
use super::{Context, Failure, Outcome, output};
use crate::config::Config;
use crate::conformance;

/// Largest file of worked cases, bytes.
const CASES_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Which worked cases.
#[derive(Debug, Subcommand)]
pub(super) enum Conformance {
    /// Cases of slots, outages and figures.
    Sla {
        /// The cases (JSON).
        file: PathBuf,
    },
}

impl Conformance {
    pub(super) fn run(self) -> Outcome {
        let Self::Sla { file } = self;
        let json = output::read_text(&file, CASES_BYTES_MAX)?;
        let mut report = Vec::new();
        let passed = conformance::run_sla(&json, &mut report)
            .map_err(|error| Failure::Input(Text::from(error).about(file.display())))?;
        output::write(None, &report)?;
        if passed {
            return Ok(());
        }
        Err(Failure::failed(Text::new(
            "des cas diffèrent ; le rapport les nomme",
            "some cases differ; the report names them",
        )))
    }
}

/// Checks a configuration file.
#[derive(Debug, Args)]
pub(super) struct CheckConfig {
    /// The file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl CheckConfig {
    pub(super) fn run(self, context: Context) -> Outcome {
        Config::read(&self.config).map_err(Failure::input)?;
        output::tell(context.language.pick(
            "La configuration est valable.",
            "The configuration is valid.",
        ));
        Ok(())
    }
}
