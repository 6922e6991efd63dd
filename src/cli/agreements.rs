//! Agreements: add, list, check, and their exclusions.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use desserte_domain::detection::{bounds_seconds, chance};
use serde::Serialize;

use super::output::{Output, read_text, tell, write};
use super::words::{Text, unknown_site};
use super::{
    AUTHOR, Context, Data, Failure, Outcome, acceptance, exclusions, now_unix_ms, registry,
};
use crate::config::Language;
use crate::registry::{AgreementDocument, Decision, RegistryError};

/// Largest file of an agreement, bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is done with agreements.
#[derive(Debug, Subcommand)]
pub(super) enum Agreements {
    /// Enter an agreement, or a later version of one.
    Add(Add),
    /// The newest version of each.
    List(List),
    /// Read a file and name every error; nothing is entered.
    Check(Check),
    /// Print an agreement to begin with, every key explained.
    Template(Template),
    /// Whether a newly delivered site had enough good days in a row.
    Acceptance(acceptance::Acceptance),
    /// List the exclusions of an agreement, whatever became of them.
    Exclusions(exclusions::List),
    /// Ask for an exclusion; it counts once another person approved it.
    Exclude(exclusions::Exclude),
    /// Approve an exclusion: not the person who asked for it.
    Approve(exclusions::Approve),
    /// Withdraw an exclusion: it stays on record and counts no more.
    Withdraw(exclusions::Withdraw),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The agreement (TOML).
    file: PathBuf,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The agreement (TOML).
    file: PathBuf,
    /// Data folder: its sites must be there too.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Agreements to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TemplateName {
    /// Every key that an agreement may have, for a lot of town halls.
    Basic,
    /// A French contract with a guaranteed time to restore.
    Gtr,
    /// A penalty for each hour beyond the promise.
    Hourly,
    /// Schools: contracted speed, school hours, working days without connection.
    School,
}

impl TemplateName {
    fn text(self) -> &'static str {
        match self {
            Self::Basic => include_str!("../../demo/examples/agreement.toml"),
            Self::Gtr => include_str!("../../demo/examples/agreements/gtr.toml"),
            Self::Hourly => include_str!("../../demo/examples/agreements/hourly.toml"),
            Self::School => include_str!("../../demo/examples/agreements/school.toml"),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Template {
    /// Which one.
    #[arg(value_enum)]
    name: TemplateName,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Template {
    fn run(&self) -> Outcome {
        write(self.output.as_deref(), self.name.text().as_bytes())
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    version: u32,
    title: String,
    valid_from: String,
    valid_to: Option<String>,
    sites: Vec<String>,
    slot_seconds: u32,
    target_availability_percent: String,
}

impl Agreements {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Add(add) => add.run(context),
            Self::List(list) => list.run(),
            Self::Check(check) => check.run(context),
            Self::Template(template) => template.run(),
            Self::Acceptance(acceptance) => acceptance.run(),
            Self::Exclusions(list) => list.run(),
            Self::Exclude(exclude) => exclude.run(context),
            Self::Approve(approve) => approve.run(context),
            Self::Withdraw(withdraw) => withdraw.run(context),
        }
    }
}

impl Add {
    fn run(&self, context: Context) -> Outcome {
        let text = read_text(&self.file, FILE_BYTES_MAX)?;
        let decision = Decision {
            author: AUTHOR,
            at_unix_ms: now_unix_ms(),
            reason: "entered by a command",
        };
        let entered = registry(&self.data)?
            .put_agreement(&text, decision)
            .map_err(|error| refused(&self.file, error))?;
        let volume = entered.schedule().monthly_volume_bytes();
        tell(&match context.language {
            Language::Fr => format!(
                "Engagement {} version {} enregistré ; volume mensuel de mesure par site : {volume} octets.",
                entered.id, entered.version
            ),
            Language::En => format!(
                "Agreement {} version {} entered; monthly volume of measuring per site: {volume} bytes.",
                entered.id, entered.version
            ),
        });
        Ok(())
    }
}

impl List {
    fn run(&self) -> Outcome {
        let stored = registry(&self.data)?
            .agreements()
            .map_err(Failure::failed)?;
        let rows: Vec<Row> = stored
            .into_iter()
            .map(|one| Row {
                id: one.agreement.id,
                version: one.agreement.version,
                title: one.agreement.title,
                valid_from: one.agreement.valid_from.to_string(),
                valid_to: one.agreement.valid_to.map(|day| day.to_string()),
                sites: one.agreement.sites,
                slot_seconds: one.agreement.test.slot_seconds,
                target_availability_percent: one
                    .agreement
                    .objective
                    .availability_percent
                    .to_string(),
            })
            .collect();
        self.output.list(&rows)
    }
}

impl Check {
    fn run(&self, context: Context) -> Outcome {
        let text = read_text(&self.file, FILE_BYTES_MAX)?;
        let document =
            AgreementDocument::parse(&text).map_err(|error| refused(&self.file, error))?;
        if let Some(data) = &self.data {
            self.check_sites(&document, data)?;
        }
        let terms = &document.agreement;
        let [never, always] = bounds_seconds(terms.test.slot_seconds, terms.machine);
        let middle = never.midpoint(always);
        let chance = chance(middle, terms.test.slot_seconds, terms.machine.n_enter);
        let percent = chance.percent_two_decimals_floor();
        tell(&match context.language {
            Language::Fr => format!(
                "L’engagement est valable. Une coupure de {never} s au plus n’est jamais vue, une de {middle} s l’est avec une chance de {percent} %, une de {always} s toujours."
            ),
            Language::En => format!(
                "The agreement is valid. An outage of at most {never} s is never seen, one of {middle} s with a chance of {percent} %, one of {always} s always."
            ),
        });
        Ok(())
    }

    fn check_sites(&self, document: &AgreementDocument, data: &Path) -> Outcome {
        let registry = registry(&Data {
            data: data.to_owned(),
        })?;
        for site in &document.agreement.sites {
            if registry.site(site).map_err(Failure::failed)?.is_none() {
                let place = format!("{}: sites", self.file.display());
                return Err(Failure::Input(unknown_site(site).about(place)));
            }
        }
        Ok(())
    }
}

/// An agreement's errors with its file. What a file says is input; a registry that fails is not.
pub(super) fn refused(file: &Path, error: RegistryError) -> Failure {
    let failed = matches!(error, RegistryError::Database { .. });
    let text = Text::from(error).about(file.display());
    if failed {
        Failure::Failed(text)
    } else {
        Failure::Input(text)
    }
}
