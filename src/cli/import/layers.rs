//! Layers by a manifest.

use std::path::{Path, PathBuf};

use clap::Args;
use desserte_planning::layer::{LayerKind, Layers};

use super::super::output::{name_of, read, read_text, tell, write};
use super::super::words::FileError;
use super::super::{Context, Data, Failure, Outcome, make_folder, registry};
use super::{Signed, outline, tell_dry, tell_undo};
use crate::export::import_report;
use crate::import::layers::{LayerImport, Manifest, read_layer, shapefile_archive};
use crate::import::{MAX_BULK_BYTES, MAX_FILE_BYTES};
use crate::layers::{Defects, Imported, LayerStore};
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
            let bytes = read_file(&folder.join(&entry.file), entry.kind)?;
            tell_reading(&entry.file, bytes.len(), context);
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
            imports.push(Imported {
                import: import.id,
                layers,
                defects: Defects::of(read.rows_read, read.left_out, &read.refused),
            });
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

/// Files of which people are told that they are being read, bytes: the others are read at once.
const TOLD_BYTES_MIN: usize = 8 * 1024 * 1024;
/// What lies beside the main file of a shapefile.
const BESIDE_SHAPES: [&str; 4] = ["dbf", "prj", "cpg", "shx"];

/// A file of a manifest. Roads and heights may be large; of a shapefile what lies beside its main
/// file comes along.
fn read_file(path: &Path, kind: LayerKind) -> Result<Vec<u8>, Failure> {
    let bulk = matches!(kind, LayerKind::Roads | LayerKind::Terrain);
    let limit = if bulk { MAX_BULK_BYTES } else { MAX_FILE_BYTES };
    let main = read(path, limit as u64)?;
    let is_shapes = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("shp"));
    if !is_shapes {
        return Ok(main);
    }
    let mut parts = vec![("shp", main)];
    for end in BESIDE_SHAPES {
        let spelt = [end.to_owned(), end.to_ascii_uppercase()];
        let mut beside = spelt.iter().map(|end| path.with_extension(end));
        if let Some(beside) = beside.find(|beside| beside.is_file()) {
            parts.push((end, read(&beside, limit as u64)?));
        }
    }
    shapefile_archive(&parts)
        .map_err(|error| Failure::failed(FileError::Read(path.to_owned(), error)))
}

fn tell_reading(file: &str, bytes: usize, context: Context) {
    if bytes >= TOLD_BYTES_MIN {
        let mebibytes = bytes / (1024 * 1024);
        let text = context.export().pick(
            format!("lecture de {file} ({mebibytes} Mio) …"),
            format!("reading {file} ({mebibytes} MiB) …"),
        );
        tell(&text);
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
