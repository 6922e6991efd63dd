//! Layers by a manifest.

use std::path::{Path, PathBuf};

use clap::Args;
use desserte_planning::layer::Layers;

use super::super::output::{name_of, read, read_text, write};
use super::super::{Context, Data, Failure, Outcome, make_folder, registry};
use super::{Signed, outline, tell_dry, tell_undo};
use crate::export::import_report;
use crate::import::MAX_FILE_BYTES;
use crate::import::layers::{LayerImport, Manifest, read_layer};
use crate::layers::LayerStore;
use crate::registry::NewImport;
use crate::staging::new_id;

/// Largest manifest, bytes: a few lines a layer.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// A manifest of layers.
#[derive(Debug, Args)]
pub(in crate::cli) struct LayersFile {
    /// The manifest (TOML); the files it names lie beside it.
    manifest: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Outline of the country (GeoJSON): swapped layers are recognised with it.
    #[arg(long, value_name = "FILE")]
    country: Option<PathBuf>,
    /// Store the layers; without it nothing is changed.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    signed: Signed,
}

impl LayersFile {
    pub(super) fn run(self, context: Context) -> Outcome {
        let text = read_text(&self.manifest, TEXT_BYTES_MAX)?;
        let manifest =
            Manifest::from_toml(&name_of(&self.manifest), &text).map_err(Failure::input)?;
        let country = outline(self.country.as_deref())?;
        let folder = self.manifest.parent().unwrap_or(Path::new("."));
        let (mut imports, mut notes, mut report) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &manifest.layer {
            let bytes = read(&folder.join(&entry.file), MAX_FILE_BYTES as u64)?;
            let read = read_layer(entry, &bytes, country.as_ref()).map_err(Failure::input)?;
            describe(&entry.name, &read, context, &mut report)?;
            let import = NewImport {
                id: new_id(),
                what: entry.kind.code().to_owned(),
                file: entry.file.clone(),
                layer: Some(entry.name.clone()),
                rows_read: read.rows_read,
                refused: read.refused.count,
            };
            notes.push((import.clone(), read.layer.len()));
            let mut layers = Layers::default();
            read.layer.add_to(&mut layers);
            imports.push((import.id, layers));
        }
        write(None, &report)?;
        if !self.apply {
            tell_dry(context);
            return Ok(());
        }
        make_folder(&self.data.data)?;
        let (registry, decision) = (registry(&self.data)?, self.signed.decision());
        LayerStore::open(&self.data.data)
            .and_then(|store| store.import(&imports, decision.at_unix_ms))
            .map_err(Failure::failed)?;
        for (import, features) in &notes {
            registry
                .note_layer_import(import, *features, decision)
                .map_err(Failure::failed)?;
            tell_undo(context, &import.id);
        }
        Ok(())
    }
}

fn describe(
    name: &str,
    read: &LayerImport,
    context: Context,
    report: &mut Vec<u8>,
) -> Result<(), Failure> {
    let language = context.export();
    let (rows, features, left_out, refused) = (
        read.rows_read,
        read.layer.len(),
        read.left_out,
        read.refused.count,
    );
    let line = language.pick(
        format!("{name} : {rows} lignes lues, {features} objets, {left_out} laissées de côté, {refused} refusées\n"),
        format!("{name}: {rows} rows read, {features} features, {left_out} left out, {refused} refused\n"),
    );
    report.extend_from_slice(line.as_bytes());
    import_report::write_warnings(&read.warnings, language, report).map_err(Failure::failed)?;
    import_report::write_refusals(&read.refused, language, report).map_err(Failure::failed)
}
