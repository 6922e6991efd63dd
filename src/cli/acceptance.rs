//! Acceptance of a newly delivered site.

use clap::Args;
use jiff::civil::Date;
use serde::Serialize;

use super::output::Output;
use super::statement::{refused, versions};
use super::words::{Text, unknown_site};
use super::{Data, Failure, Outcome};
use crate::app::Source;

/// A site and the day on which its line was delivered.
#[derive(Debug, Args)]
pub(super) struct Acceptance {
    /// Identifier of the agreement.
    agreement: String,
    /// The site.
    site: String,
    /// First day that counts, yyyy-mm-dd, in the agreement's time zone.
    #[arg(long, value_name = "DAY")]
    from: Date,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Answer {
    agreement: String,
    version: u32,
    site: String,
    delivered_on: String,
    days_asked: u32,
    availability_percent: String,
    minimum_measured_share: String,
    accepted: bool,
    accepted_on: Option<String>,
    passed_in_a_row: u32,
    days: Vec<Day>,
}

#[derive(Debug, Serialize)]
struct Day {
    date: String,
    verdict: &'static str,
}

impl Acceptance {
    pub(super) fn run(&self) -> Outcome {
        let source = Source::read_only(&self.data.data).map_err(Failure::failed)?;
        let versions = versions(&source, &self.agreement)?;
        let terms = versions.iter().rfind(|one| one.sites.contains(&self.site));
        let terms = terms.ok_or_else(|| Failure::Input(unknown_site(&self.site)))?;
        let Some(asked) = &terms.acceptance else {
            let name = &self.agreement;
            return Err(Failure::Input(Text::new(
                format!("engagement {name} : sans table [acceptance], rien n’est demandé"),
                format!("agreement {name}: without a table [acceptance] nothing is asked for"),
            )));
        };
        let found = source
            .acceptance(&versions, asked, (&self.site, self.from))
            .map_err(Failure::failed)?
            .map_err(refused)?;
        self.output.one(&Answer {
            agreement: terms.id.clone(),
            version: terms.version,
            site: self.site.clone(),
            delivered_on: self.from.to_string(),
            days_asked: asked.days,
            availability_percent: asked.availability_percent.to_string(),
            minimum_measured_share: asked.minimum_measured_share.to_string(),
            accepted: found.accepted_on.is_some(),
            accepted_on: found.accepted_on.map(|day| day.to_string()),
            passed_in_a_row: found.passed_in_a_row,
            days: found
                .days
                .into_iter()
                .map(|(date, verdict)| Day {
                    date: date.to_string(),
                    verdict: verdict.identifier(),
                })
                .collect(),
        })
    }
}
