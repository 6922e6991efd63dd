//! Importing sites and layers: a dry run that names every refused row, unless `--apply` is given.
//! What was applied is listed and can be undone.

mod duplicates;
mod layers;
mod runs;
mod sites;

use std::path::Path;

use clap::{Args, Subcommand};

use super::output::{name_of, read, tell};
use super::{AUTHOR, Context, Failure, Outcome, now_unix_ms};
use crate::import::MAX_FILE_BYTES;
use crate::import::country::Country;
use crate::registry::Decision;

/// What is imported.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Sites from CSV, XLSX or GeoJSON.
    Sites(sites::SitesFile),
    /// Layers (fibre, masts, places, regions) named by a manifest.
    Layers(layers::LayersFile),
    /// Print the mapping that is proposed for a file of sites, to be adjusted and kept.
    Mapping(sites::MappingOf),
    /// Imports that were applied.
    List(runs::List),
    /// Take an import back.
    Undo(runs::Undo),
    /// Sites that may be one: list, merge, tell apart, undo.
    #[command(subcommand)]
    Duplicates(duplicates::Duplicates),
}

/// Who does something and why.
#[derive(Debug, Args)]
struct Signed {
    /// Who.
    #[arg(long, default_value = AUTHOR)]
    author: String,
    /// Why, in your words.
    #[arg(long)]
    reason: Option<String>,
}

impl Signed {
    fn decision(&self) -> Decision<'_> {
        Decision {
            author: &self.author,
            at_unix_ms: now_unix_ms(),
            reason: self.reason.as_deref().unwrap_or("no reason given"),
        }
    }
}

impl Import {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Sites(file) => file.run(context),
            Self::Layers(file) => file.run(context),
            Self::Mapping(file) => file.run(),
            Self::List(list) => list.run(),
            Self::Undo(undo) => undo.run(context),
            Self::Duplicates(duplicates) => duplicates.run(context),
        }
    }
}

fn outline(file: Option<&Path>) -> Result<Option<Country>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let bytes = read(file, MAX_FILE_BYTES as u64)?;
    Country::from_geojson(&name_of(file), &bytes)
        .map(Some)
        .map_err(Failure::input)
}

fn tell_dry(context: Context) {
    tell(context.language.pick(
        "Essai à blanc : rien n’a été modifié ; ajoutez --apply pour importer.",
        "Dry run: nothing was changed; add --apply to import.",
    ));
}

fn tell_undo(context: Context, id: &str) {
    let text = match context.language {
        crate::config::Language::Fr => {
            format!("import {id} ; pour l’annuler : desserte import undo {id} --data DIR")
        }
        crate::config::Language::En => {
            format!("import {id}; to take it back: desserte import undo {id} --data DIR")
        }
    };
    tell(&text);
}
