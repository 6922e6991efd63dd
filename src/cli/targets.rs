//! Targets: what there is to measure, and which sites measure what beside their agreements.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::agreements::refused;
use super::output::{Output, read_text, tell};
use super::{AUTHOR, Context, Data, Failure, Outcome, now_unix_ms, registry};
use crate::config::Language;
use crate::registry::{Anchor, Decision, TargetsDocument};

/// Largest file of targets, bytes.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// What is done with targets.
#[derive(Debug, Subcommand)]
pub(super) enum Targets {
    /// Enter a file of targets, and which sites measure them: whole, or nothing of it.
    Apply(Apply),
    /// Every target.
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The file (TOML), like demo/examples/targets.toml.
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

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: Option<String>,
    kind: desserte_probe::report::Kind,
    address: String,
    anchor: Option<Anchor>,
}

impl Targets {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Apply(apply) => apply.run(context),
            Self::List(list) => list.run(),
        }
    }
}

impl Apply {
    fn run(&self, context: Context) -> Outcome {
        let text = read_text(&self.file, FILE_BYTES_MAX)?;
        let document = TargetsDocument::parse(&text).map_err(|e| refused(&self.file, e))?;
        let decision = Decision {
            author: AUTHOR,
            at_unix_ms: now_unix_ms(),
            reason: "entered by a command",
        };
        registry(&self.data)?
            .put_targets(&document, decision)
            .map_err(|error| refused(&self.file, error))?;
        let targets = document.target.len();
        let sites: usize = document.measure.iter().map(|one| one.sites.len()).sum();
        tell(&match context.language {
            Language::Fr => format!("Cibles enregistrées : {targets} ; sites réglés : {sites}."),
            Language::En => format!("Targets entered: {targets}; sites set: {sites}."),
        });
        Ok(())
    }
}

impl List {
    fn run(&self) -> Outcome {
        let targets = registry(&self.data)?.targets().map_err(Failure::failed)?;
        let rows: Vec<Row> = targets
            .into_iter()
            .map(|one| Row {
                kind: one.measure.kind(),
                address: one.measure.address(),
                id: one.id,
                name: one.name,
                anchor: one.anchor,
            })
            .collect();
        self.output.list(&rows)
    }
}
