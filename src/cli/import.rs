//! Importing sites and layers: a dry run that names every refused row, unless `--apply` is given.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use desserte_planning::layer::Layers;
use serde::Serialize;

use super::output::{Format, json, name_of, read, read_text, tell, write};
use super::{Context, Data, Failure, Outcome};
use crate::enter::new_site;
use crate::export::{self, import_report};
use crate::import::MAX_FILE_BYTES;
use crate::import::country::Country;
use crate::import::layers::{LayerImport, Manifest, read_layer};
use crate::import::mapping::Mapping;
use crate::import::report::ImportReport;
use crate::import::sites::{Options, import_sites};
use crate::layers::LayerStore;
use crate::registry::{ImportOutcome, NewSite};

/// Largest mapping or manifest, bytes: a few lines a column or layer.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// What is imported.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Sites from CSV or GeoJSON.
    Sites(SitesFile),
    /// Layers (fibre, masts, places) named by a manifest.
    Layers(LayersFile),
}

/// A file of sites.
#[derive(Debug, Args)]
pub(super) struct SitesFile {
    /// The file: CSV with commas, semicolons or tabs, or GeoJSON points.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// What its columns mean: a TOML file, or `id=column,name=column,kind:=hospital`.
    #[arg(long, value_name = "FILE|TEXT")]
    mapping: Option<String>,
    /// Its encoding when it is not UTF-8, such as windows-1252.
    #[arg(long)]
    encoding: Option<String>,
    /// Outline of the country (GeoJSON): swapped coordinates are recognised with it.
    #[arg(long, value_name = "FILE")]
    country: Option<PathBuf>,
    /// Enter the accepted rows; without it nothing is changed.
    #[arg(long)]
    apply: bool,
    /// Write the report as JSON, or its refused rows as CSV; text when left out.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File for the report instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A manifest of layers.
#[derive(Debug, Args)]
pub(super) struct LayersFile {
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
}

/// A report of sites, and what became of it.
#[derive(Debug, Serialize)]
struct Reported<'r> {
    applied: Option<ImportOutcome>,
    accepted_count: usize,
    #[serde(flatten)]
    report: &'r ImportReport,
}

impl Import {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::Sites(file) => file.run(context),
            Self::Layers(file) => file.run(context),
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

impl SitesFile {
    fn run(self, context: Context) -> Outcome {
        let bytes = read(&self.file, MAX_FILE_BYTES as u64)?;
        let mapping = self.mapping.as_deref().map(mapping).transpose()?;
        let country = outline(self.country.as_deref())?;
        let options = Options {
            mapping: mapping.as_ref(),
            encoding: self.encoding.as_deref(),
            crs: None,
            country: country.as_ref(),
        };
        let report =
            import_sites(&name_of(&self.file), &bytes, &options).map_err(Failure::input)?;
        let applied = self.apply.then(|| self.enter(&report)).transpose()?;
        self.report(&report, applied, context)?;
        if self.apply {
            return Ok(());
        }
        tell(context.language.pick(
            "Essai à blanc : rien n’a été modifié ; ajoutez --apply pour importer.",
            "Dry run: nothing was changed; add --apply to import.",
        ));
        Ok(())
    }

    fn enter(&self, report: &ImportReport) -> Result<ImportOutcome, Failure> {
        let registry = super::registry(&self.data)?;
        let sites: Vec<NewSite> = report.accepted.iter().map(new_site).collect();
        registry
            .upsert_sites(&sites, super::AUTHOR, super::now_unix_ms())
            .map_err(Failure::failed)
    }

    fn report(
        &self,
        report: &ImportReport,
        applied: Option<ImportOutcome>,
        context: Context,
    ) -> Outcome {
        let bytes = match self.format {
            Some(Format::Json) => json(&Reported {
                applied,
                accepted_count: report.accepted.len(),
                report,
            })?,
            Some(Format::Csv) => {
                let mut bytes = Vec::new();
                import_report::write_csv(&report.refused, context.export(), &mut bytes)
                    .map_err(Failure::failed)?;
                bytes
            }
            None => text(report, applied, context.export())?,
        };
        write(self.output.as_deref(), &bytes)
    }
}

fn text(
    report: &ImportReport,
    applied: Option<ImportOutcome>,
    language: export::Language,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    import_report::write_text(report, language, &mut bytes).map_err(Failure::failed)?;
    if let Some(done) = applied {
        let (added, changed, same) = (done.added, done.changed, done.unchanged);
        let line = language.pick(
            format!("importés : {added} nouveaux, {changed} modifiés, {same} inchangés\n"),
            format!("imported: {added} new, {changed} changed, {same} unchanged\n"),
        );
        bytes.extend_from_slice(line.as_bytes());
    }
    Ok(bytes)
}

/// A mapping given as a TOML file, or inline.
fn mapping(given: &str) -> Result<Mapping, Failure> {
    let file = Path::new(given);
    let is_file = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let read = if is_file {
        Mapping::from_toml(&read_text(file, TEXT_BYTES_MAX)?)
    } else {
        Mapping::from_text(given)
    };
    read.map_err(Failure::input)
}

impl LayersFile {
    fn run(self, context: Context) -> Outcome {
        let text = read_text(&self.manifest, TEXT_BYTES_MAX)?;
        let manifest =
            Manifest::from_toml(&name_of(&self.manifest), &text).map_err(Failure::input)?;
        let country = outline(self.country.as_deref())?;
        let folder = self.manifest.parent().unwrap_or(Path::new("."));
        let mut layers = Layers::default();
        let mut report = Vec::new();
        for entry in &manifest.layer {
            let bytes = read(&folder.join(&entry.file), MAX_FILE_BYTES as u64)?;
            let read = read_layer(entry, &bytes, country.as_ref()).map_err(Failure::input)?;
            describe(&entry.name, &read, context, &mut report)?;
            read.layer.add_to(&mut layers);
        }
        write(None, &report)?;
        if !self.apply {
            tell(context.language.pick(
                "Essai à blanc : rien n’a été modifié ; ajoutez --apply pour importer.",
                "Dry run: nothing was changed; add --apply to import.",
            ));
            return Ok(());
        }
        super::make_folder(&self.data.data)?;
        LayerStore::open(&self.data.data)
            .and_then(|store| store.replace(&layers, super::now_unix_ms()))
            .map_err(Failure::failed)
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
