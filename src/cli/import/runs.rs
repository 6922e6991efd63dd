//! Imports that were applied: list, undo.

use clap::Args;
use serde::Serialize;

use super::super::output::{Output, tell};
use super::super::{Context, Data, Failure, Outcome, registry};
use super::Signed;
use crate::api::time;
use crate::config::Language;
use crate::layers::LayerStore;
use crate::registry::ImportRun;
use crate::staging::{Ground, undo};

/// Imports that are listed at once.
const LISTED_MAX: u32 = 10_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Undo {
    /// The import, by its identifier (`import list` gives it).
    id: String,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    what: String,
    file: String,
    layer: Option<String>,
    at: Option<String>,
    author: String,
    reason: String,
    added: usize,
    changed: usize,
    unchanged: usize,
    merged: usize,
    refused: usize,
    undone_at: Option<String>,
}

impl List {
    pub(super) fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        let runs = registry.import_runs(LISTED_MAX).map_err(Failure::failed)?;
        let rows: Vec<Row> = runs.into_iter().map(row).collect();
        self.output.list(&rows)
    }
}

fn row(run: ImportRun) -> Row {
    Row {
        id: run.import.id,
        what: run.import.what,
        file: run.import.file,
        layer: run.import.layer,
        at: time::text(run.at_unix_ms),
        author: run.author,
        reason: run.reason,
        added: run.outcome.added,
        changed: run.outcome.changed,
        unchanged: run.outcome.unchanged,
        merged: run.merged,
        refused: run.import.refused,
        undone_at: run.undone.and_then(|(at, ..)| time::text(at)),
    }
}

impl Undo {
    pub(super) fn run(&self, context: Context) -> Outcome {
        let registry = registry(&self.data)?;
        let layers = LayerStore::open(&self.data.data).map_err(Failure::failed)?;
        let ground = Ground {
            registry: &registry,
            layers: &layers,
            border: None,
        };
        let undone = undo(&self.id, ground, self.signed.decision()).map_err(Failure::input)?;
        let (removed, restored, parted, kept) = (
            undone.removed,
            undone.restored,
            undone.parted,
            undone.kept.len(),
        );
        tell(&match context.language {
            Language::Fr => format!(
                "annulé : {removed} retirés, {restored} rétablis, {parted} séparés, {kept} gardés"
            ),
            Language::En => {
                format!(
                    "undone: {removed} removed, {restored} restored, {parted} parted, {kept} kept"
                )
            }
        });
        for site in undone.kept {
            tell(&format!("  {} [{}]", site.site, site.reason));
        }
        Ok(())
    }
}
