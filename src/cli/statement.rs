//! The statement of an agreement for a month, from a data folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use desserte_domain::agreement::{Agreement, in_force};

use super::output::write;
use super::words::{Text, not_a_month};
use super::{Context, Data, Failure, Outcome, bundle};
use crate::api::time::parse_month;
use crate::app::Source;
use crate::assess::months::MonthError;
use crate::export::statement::{Shown, write_csv, write_html, write_xlsx};
use crate::ledger::evidence::EvidenceError;
use crate::ledger::make::MakeError;
use crate::ledger::settle::SettleError;
use crate::statement::{FIRST_REVISION, StatementDocument};
use crate::text::moment_or_epoch;

/// How the statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum StatementFormat {
    /// The document as it is hashed and compared.
    #[default]
    Json,
    /// One row a site.
    Csv,
    /// For Excel, one sheet a subject.
    Xlsx,
    /// A page to print and sign.
    Html,
}

/// An agreement, a month and a file.
#[derive(Debug, Args)]
pub(super) struct Statement {
    /// Identifier of the agreement.
    agreement: String,
    /// The month, yyyy-mm, in the agreement's time zone.
    month: String,
    #[command(flatten)]
    data: Data,
    /// Version of the terms, where they change in the month; the last one when left out.
    #[arg(long, value_name = "N")]
    terms: Option<u32>,
    /// Which revision of a month that is settled; the last one when left out.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    /// Bundle to write instead: everything with which somebody else recomputes the statement by
    /// `desserte verify`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "output"])]
    bundle: Option<PathBuf>,
    /// How the statement is written.
    #[arg(long, value_enum, default_value = "json")]
    format: StatementFormat,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Statement {
    pub(super) fn run(self, context: Context) -> Outcome {
        let month =
            parse_month(&self.month).map_err(|_| Failure::Input(not_a_month(&self.month)))?;
        if let Some(file) = &self.bundle {
            let what = (self.agreement.as_str(), self.month.as_str());
            return bundle::write(&self.data, what, (self.terms, self.revision), file);
        }
        let source = Source::read_only(&self.data.data).map_err(Failure::failed)?;
        let terms = self.terms_of(&source, month)?;
        let text = self.text(&source, &terms, month)?;
        if self.format == StatementFormat::Json {
            return write(self.output.as_deref(), text.as_bytes());
        }
        let language = context.export();
        let document: StatementDocument = serde_json::from_str(&text).map_err(Failure::failed)?;
        let directory = source.directory(1).map_err(Failure::failed)?;
        let of_it = |site: &String| directory.site(site);
        let names: BTreeMap<String, String> = terms
            .sites
            .iter()
            .filter_map(|site| Some((site.clone(), of_it(site)?.name.clone()?)))
            .collect();
        let unreal = terms.sites.iter().filter_map(of_it).any(|site| {
            // Nobody may take what was made up for evidence.
            site.invented || site.simulated
        });
        let shown = Shown {
            document: &document,
            names: &names,
            unreal,
            made_at: &moment_or_epoch(source.now_unix_ms()),
            program: env!("CARGO_PKG_VERSION"),
        };
        let mut bytes = Vec::new();
        match self.format {
            StatementFormat::Json => Ok(()),
            StatementFormat::Csv => write_csv(&shown, language, &mut bytes),
            StatementFormat::Xlsx => write_xlsx(&shown, language, &mut bytes),
            StatementFormat::Html => write_html(&shown, language, &mut bytes),
        }
        .map_err(Failure::failed)?;
        write(self.output.as_deref(), &bytes)
    }

    /// The statement as it is hashed: the kept one of a settled month, or the figures as they are now.
    fn text(
        &self,
        source: &Source,
        terms: &Agreement,
        month: (i16, i8),
    ) -> Result<String, Failure> {
        let of = (self.agreement.as_str(), self.month.as_str(), terms.version);
        let registry = source.registry();
        let kept = registry
            .statement(of, self.revision)
            .map_err(Failure::failed)?;
        if let Some(kept) = kept {
            return Ok(kept.document);
        }
        if let Some(revision) = self.revision {
            let found = registry.statement_revisions(of).map_err(Failure::failed)?;
            return Err(bundle::refused(SettleError::NoRevision {
                month: self.month.clone(),
                revision,
                found: u32::try_from(found.len()).unwrap_or(u32::MAX),
            }));
        }
        // From the evidence, which is never behind a server that runs; from the store where it was let go.
        let part = (month, terms.version);
        let stamp = (source.now_unix_ms(), FIRST_REVISION);
        match bundle::files(&self.data)?.make(&self.agreement, part, stamp) {
            Ok(made) => return Ok(made.text),
            Err(MakeError::Evidence(EvidenceError::Gone { .. })) => {}
            Err(MakeError::Month(error)) => return Err(refused(error)),
            Err(error) => return Err(Failure::failed(error)),
        }
        let document = source
            .statement(terms, month)
            .map_err(Failure::failed)?
            .map_err(refused)?;
        document.canonical().map_err(Failure::failed)
    }

    /// The terms in force in the month, or in the part of it that is asked for.
    fn terms_of(&self, source: &Source, month: (i16, i8)) -> Result<Agreement, Failure> {
        let versions = versions(source, &self.agreement)?;
        let parts = in_force(&versions, month);
        let found = match self.terms {
            None => parts.last(),
            Some(version) => parts.iter().find(|one| one.version == version),
        };
        found.cloned().ok_or_else(|| {
            let held: Vec<String> = parts.iter().map(|one| one.version.to_string()).collect();
            let (agreement, month) = (&self.agreement, &self.month);
            Failure::Input(if held.is_empty() {
                Text::new(
                    format!("engagement {agreement} : en vigueur aucun jour de {month}"),
                    format!("agreement {agreement}: in force on no day of {month}"),
                )
            } else {
                let held = held.join(", ");
                Text::new(
                    format!(
                        "engagement {agreement} : en {month} sont en vigueur les versions {held}"
                    ),
                    format!("agreement {agreement}: in {month} versions {held} are in force"),
                )
            })
        })
    }
}

/// Every version of an agreement; an unknown one is wrong input.
pub(super) fn versions(source: &Source, agreement: &str) -> Result<Vec<Agreement>, Failure> {
    let versions = source
        .agreement_versions(agreement)
        .map_err(Failure::failed)?;
    if versions.is_empty() {
        return Err(Failure::Input(Text::new(
            format!("engagement inconnu : {agreement}"),
            format!("unknown agreement: {agreement}"),
        )));
    }
    Ok(versions)
}

/// Why there are no figures: a month that has not begun is wrong input, the rest a failure.
pub(super) fn refused(error: MonthError) -> Failure {
    match error {
        MonthError::Future => Failure::Input(Text::new(
            "ce mois n’a pas commencé",
            "this month has not begun",
        )),
        error => Failure::Failed(Text::new(
            format!("chiffres du mois : {error}"),
            error.to_string(),
        )),
    }
}
