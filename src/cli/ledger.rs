//! The log of a data folder: a checkpoint to hand out, and whether everything is as it was logged.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{self, Output};
use super::words::FileError;
use super::{Context, Data, Failure, Outcome, now_unix_ms};
use crate::collector::identity::Identity;
use crate::collector::{journal_path, registry_path};
use crate::ingest::entries_of;
use crate::ledger::Ledger;
use crate::registry::Registry;
use crate::store::journal::Journal;

/// What is done with the log.
#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Sign size and root of the log as it is now: hand it to those who must be able to show later that
    /// nothing was changed.
    Checkpoint(Checkpoint),
    /// Compare everything that was logged with what is there, and the log with every checkpoint that
    /// was handed out.
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Checkpoint {
    #[command(flatten)]
    data: Data,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Row {
    size: u64,
    made_at: String,
    root: String,
    holds: bool,
}

impl LedgerCommand {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Checkpoint(checkpoint) => checkpoint.run(),
            Self::Check(check) => check.run(context),
        }
    }
}

/// The files of a data folder with a log; a server may have it open at the same time.
pub(super) struct Opened {
    pub(super) journal: Arc<Journal>,
    pub(super) ledger: Arc<Ledger>,
}

/// Opens them; a folder that holds no collector's data is refused before anything is made in it.
pub(super) fn open(data: &Data) -> Result<Opened, Failure> {
    let folder = &data.data;
    for file in [registry_path(folder), journal_path(folder)] {
        if let Err(error) = std::fs::metadata(&file) {
            return Err(Failure::input(FileError::Read(file, error)));
        }
    }
    let identity = Identity::open(folder).map_err(Failure::failed)?;
    let registry = Registry::open(&registry_path(folder)).map_err(Failure::failed)?;
    let registry = Arc::new(registry);
    let journal = Journal::open(&journal_path(folder), entries_of).map_err(Failure::failed)?;
    let key = identity.signing_key().clone();
    let ledger = Ledger::open(&journal_path(folder), registry, key).map_err(Failure::failed)?;
    Ok(Opened {
        journal: Arc::new(journal),
        ledger: Arc::new(ledger),
    })
}

impl Checkpoint {
    fn run(&self) -> Outcome {
        let opened = open(&self.data)?;
        let kept = opened
            .ledger
            .checkpoint(now_unix_ms())
            .map_err(Failure::failed)?;
        output::write(self.output.as_deref(), kept.note.as_bytes())
    }
}

impl Check {
    fn run(&self, context: Context) -> Outcome {
        let opened = open(&self.data)?;
        let mut rows = Vec::new();
        let size = opened
            .ledger
            .check(&opened.journal, |kept| {
                rows.push(Row {
                    size: kept.size,
                    made_at: super::moment_text(kept.made_unix_ms),
                    root: desserte_probe::wire::hex(&kept.root),
                    holds: true,
                });
            })
            .map_err(Failure::failed)?;
        output::tell(context.language.pick(
            &format!(
                "{size} entrées : tout est tel qu’inscrit ; {} points de contrôle vérifiés.",
                rows.len()
            ),
            &format!(
                "{size} leaves: everything is as it was logged; {} checkpoints hold.",
                rows.len()
            ),
        ));
        self.output.list(&rows)
    }
}
