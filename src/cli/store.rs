//! The data folder: check, figures, compaction, backup, restore.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{json, tell, write};
use super::words::Text;
use super::{Context, Data, Failure, Outcome, now_unix_ms};
use crate::collector::samples_reading;
use crate::config::Language;
use crate::store::StoreError;
use crate::upkeep::{UpkeepError, backup, check, compact, restore, stats};

/// What is done with what was measured.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Read every batch and every chunk, and compare the samples with the journal.
    Check(Check),
    /// What the journal, the months and their evidence take, and for each sample.
    Stats(Stats),
    /// Write months anew in which much holds nothing any more. Not while a server runs on the folder.
    Compact(Compact),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
struct Report {
    /// How the result is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    data: Data,
    /// Read only; do not make the samples once more from the journal to compare them, which takes the
    /// time and the room of making them.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    report: Report,
}

#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    report: Report,
}

#[derive(Debug, Args)]
pub(super) struct Compact {
    #[command(flatten)]
    data: Data,
    /// Every month, however little of it is free.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    report: Report,
}

/// Copies a data folder while it serves.
#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    data: Data,
    /// A folder to make, or one file when its name ends in .zip. It holds the collector's keys.
    #[arg(long, value_name = "FILE|DIR")]
    output: PathBuf,
}

/// Puts a backup back.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup: a folder or a .zip file.
    #[arg(value_name = "FILE|DIR")]
    backup: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Restore even if the folder's own journal goes further, went another way, or cannot be read: what
    /// it acknowledged since is then only in what is moved aside.
    #[arg(long)]
    accept_older: bool,
}

#[derive(Debug, Serialize)]
struct Compacted {
    file: String,
    bytes_before: u64,
    bytes_now: u64,
}

fn failure(error: UpkeepError) -> Failure {
    if error.is_input() {
        Failure::input(error)
    } else {
        Failure::failed(error)
    }
}

impl Report {
    fn write(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
        let bytes = match self.format {
            Format::Json => json(value)?,
            Format::Text => text().into_bytes(),
        };
        write(self.output.as_deref(), &bytes)
    }
}

impl Store {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Check(check) => check.run(context.language),
            Self::Stats(stats) => stats.run(context.language),
            Self::Compact(compact) => compact.run(context.language),
        }
    }
}

impl Check {
    fn run(self, language: Language) -> Outcome {
        let mut told = |text: &str| tell(text);
        let found = check::check(&self.data.data, !self.quick, &mut told).map_err(failure)?;
        self.report.write(&found, || checked(&found, language))?;
        if found.is_sound() {
            return Ok(());
        }
        Err(Failure::failed(unsound(found.evidence_let_go)))
    }
}

/// What to do where not everything is as it was accepted.
fn unsound(evidence_let_go: bool) -> Text {
    if evidence_let_go {
        return Text::new(
            "tout n’est pas comme il a été accepté ; si le journal est abîmé, remettez la dernière sauvegarde, sinon \
             remettez le dossier samples de cette sauvegarde : ne le supprimez pas avant, le journal n’a plus tout ce \
             dont il a été fait",
            "not everything is as it was accepted; if the journal is damaged put the last backup back, else \
             put the folder samples back from that backup: do not delete it before, the journal no longer has \
             all that it was made from",
        );
    }
    Text::new(
        "tout n’est pas comme il a été accepté ; si le journal est abîmé, remettez la dernière sauvegarde, sinon \
         supprimez le dossier samples : il est refait à partir du journal",
        "not everything is as it was accepted; if the journal is damaged put the last backup back, else \
         delete the folder samples: it is made again from the journal",
    )
}

fn checked(found: &check::Checked, language: Language) -> String {
    let mut text = String::new();
    let compared = match (found.compared_until, language) {
        (Some(until), Language::Fr) => format!("comparées au journal jusqu’à la position {until}"),
        (Some(until), Language::En) => format!("compared with the journal up to position {until}"),
        (None, Language::Fr) => "non comparées au journal".to_owned(),
        (None, Language::En) => "not compared with the journal".to_owned(),
    };
    let _ = match language {
        Language::Fr => write!(
            text,
            "journal : {} lots\nmesures : {} en {} blocs, {compared}\nconstats : {}\n\
             manquantes : {} ; en trop : {} ; différentes : {}\n",
            found.batches,
            found.samples,
            found.chunks,
            found.facts,
            found.missing,
            found.surplus,
            found.different
        ),
        Language::En => write!(
            text,
            "journal: {} batches\nsamples: {} in {} chunks, {compared}\nfacts: {}\n\
             missing: {}; surplus: {}; different: {}\n",
            found.batches,
            found.samples,
            found.chunks,
            found.facts,
            found.missing,
            found.surplus,
            found.different
        ),
    };
    for fault in &found.faults {
        let _ = writeln!(text, "- {fault}");
    }
    text
}

impl Stats {
    fn run(self, language: Language) -> Outcome {
        let parts = stats::stats(&self.data.data).map_err(failure)?;
        // What lies on this disk is told all the same; that it is not all is said beside it.
        if let Err(elsewhere @ StoreError::Elsewhere { .. }) = samples_reading(&self.data.data) {
            tell(Text::from(elsewhere).pick(language));
        }
        self.report.write(&parts, || table(&parts, language))
    }
}

fn table(parts: &[stats::PartFigures], language: Language) -> String {
    let head = language.pick(
        "partie                 octets  dont libres     mesures  octets/mesure      preuves\n",
        "part                    bytes         free     samples   bytes/sample     evidence\n",
    );
    let mut text = head.to_owned();
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |one| one.to_string());
    for part in parts {
        let each = part.bytes_per_sample.map_or_else(
            || "-".to_owned(),
            |each| match language {
                Language::Fr => format!("{each:.2}").replace('.', ","),
                Language::En => format!("{each:.2}"),
            },
        );
        let _ = writeln!(
            text,
            "{:<16}{:>13}{:>13}{:>12}{each:>15}{:>13}",
            part.part,
            part.file_bytes,
            part.free_bytes,
            number(part.samples),
            number(part.evidence_bytes)
        );
    }
    text
}

impl Compact {
    fn run(self, language: Language) -> Outcome {
        let written: Vec<Compacted> = compact(&self.data.data, self.all)
            .map_err(failure)?
            .into_iter()
            .map(|(file, bytes_before, bytes_now)| Compacted {
                file,
                bytes_before,
                bytes_now,
            })
            .collect();
        self.report.write(&written, || {
            if written.is_empty() {
                let nothing = language.pick("rien à réécrire\n", "nothing to write anew\n");
                return nothing.to_owned();
            }
            written.iter().fold(String::new(), |mut text, one| {
                let _ = writeln!(
                    text,
                    "{}: {} -> {}",
                    one.file, one.bytes_before, one.bytes_now
                );
                text
            })
        })
    }
}

impl Backup {
    pub(super) fn run(self, context: Context) -> Outcome {
        let mut told = |text: &str| tell(text);
        let made = backup::backup(&self.data.data, &self.output, now_unix_ms(), &mut told)
            .map_err(failure)?;
        let (output, position) = (self.output.display(), made.journal_position);
        tell(&match context.language {
            Language::Fr => format!(
                "{output} contient tout ce qui a été accepté jusqu’à la position {position}, et les clés du collecteur : \
                 gardez-la en lieu sûr."
            ),
            Language::En => format!(
                "{output} holds everything accepted up to position {position}, and the collector's keys: \
                 keep it in a safe place."
            ),
        });
        Ok(())
    }
}

impl Restore {
    pub(super) fn run(self, context: Context) -> Outcome {
        let mut told = |text: &str| tell(text);
        let restored =
            restore::restore(&self.backup, &self.data.data, self.accept_older, &mut told)
                .map_err(failure)?;
        let position = restored.manifest.journal_position;
        tell(&match context.language {
            Language::Fr => {
                format!("remis : tout ce qui a été accepté jusqu’à la position {position}")
            }
            Language::En => format!("restored: everything accepted up to position {position}"),
        });
        if let Some(aside) = restored.aside {
            let aside = aside.display();
            tell(&match context.language {
                Language::Fr => format!("ce que contenait le dossier se trouve dans {aside}"),
                Language::En => format!("what the folder held lies in {aside}"),
            });
        }
        Ok(())
    }
}
