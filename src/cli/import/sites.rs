//! Sites from a file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::super::output::{Format, json, name_of, read, read_text, write};
use super::super::{Context, Data, Failure, Outcome, registry};
use super::{Signed, outline, tell_dry, tell_undo};
use crate::collector::registry_path;
use crate::export::{self, import_report};
use crate::import::MAX_FILE_BYTES;
use crate::import::crs::Crs;
use crate::import::mapping::Mapping;
use crate::import::pairs::Rule;
use crate::import::propose::{KindUse, inspect};
use crate::import::report::{Refusals, WarningRows};
use crate::registry::{ImportOutcome, NewImport, PairVerdict, Registry, Verdict};
use crate::staging::{Content, DryRun, SitesRun, new_id, try_sites};

/// Largest mapping, bytes: a few lines a column.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Pairs that are printed; `import duplicates list` and the page have them all.
const PAIRS_PRINTED: usize = 20;

/// A file of sites.
#[derive(Debug, Args)]
pub(in crate::cli) struct SitesFile {
    /// The file: XLSX, CSV with commas, semicolons or tabs, or GeoJSON points.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// What its columns mean: a TOML file, `id=column,name=column,kind:=hospital`, or `auto` for
    /// the proposal of `import mapping`.
    #[arg(long, value_name = "FILE|TEXT|auto")]
    mapping: Option<String>,
    /// Its encoding when it is not UTF-8, such as windows-1252.
    #[arg(long)]
    encoding: Option<String>,
    /// The sheet of a workbook; the first one with anything in it when left out.
    #[arg(long)]
    sheet: Option<String>,
    /// Its coordinate system, EPSG:4326 or EPSG:3857; that of the file when left out.
    #[arg(long)]
    crs: Option<String>,
    /// Outline of the country (GeoJSON): swapped coordinates are recognised with it.
    #[arg(long, value_name = "FILE")]
    country: Option<PathBuf>,
    /// Merge duplicates of one kind at most so many metres apart, together with --merge-likeness.
    #[arg(long, value_name = "METRES", requires = "merge_likeness")]
    merge_within: Option<f64>,
    /// Merge duplicates whose names are at least so alike, 0 to 1.
    #[arg(long, value_name = "SHARE", requires = "merge_within")]
    merge_likeness: Option<f64>,
    /// Enter the accepted rows; without it nothing is changed.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    signed: Signed,
    /// Write the report as JSON, or its refused rows as CSV; text when left out.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File for the report instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A file for which a mapping is proposed.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingOf {
    /// The file: XLSX, CSV or GeoJSON.
    file: PathBuf,
    /// The sheet of a workbook.
    #[arg(long)]
    sheet: Option<String>,
    /// Its encoding when it is not UTF-8.
    #[arg(long)]
    encoding: Option<String>,
    /// File for the mapping instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A report of sites, and what became of it.
#[derive(Debug, Serialize)]
struct Reported<'r> {
    import: Option<&'r str>,
    applied: Option<ImportOutcome>,
    merged: usize,
    file: &'r str,
    rows_read: usize,
    accepted_count: usize,
    left_out: usize,
    forecast: ImportOutcome,
    refused: &'r Refusals,
    warnings: &'r [WarningRows],
    kinds: &'r [KindUse],
    duplicates: Vec<PairRow<'r>>,
}

/// A pair that may be one site.
#[derive(Debug, Serialize)]
pub(super) struct PairRow<'r> {
    pub(super) keep: &'r str,
    pub(super) keep_name: Option<&'r str>,
    pub(super) keep_source: Option<&'r str>,
    pub(super) other: &'r str,
    pub(super) other_name: Option<&'r str>,
    pub(super) other_source: Option<&'r str>,
    pub(super) metres: f64,
    pub(super) likeness: Option<f64>,
    pub(super) same_kind: bool,
}

/// What was applied: the import, what it did, sites merged.
type Done = (String, ImportOutcome, usize);

impl MappingOf {
    pub(super) fn run(&self) -> Outcome {
        let bytes = read(&self.file, MAX_FILE_BYTES as u64)?;
        let form = (self.encoding.as_deref(), self.sheet.as_deref(), None);
        let (inspection, proposal) =
            inspect(&name_of(&self.file), &bytes, form).map_err(Failure::input)?;
        let text = proposal.sites(&inspection).to_toml();
        write(
            self.output.as_deref(),
            text.map_err(Failure::failed)?.as_bytes(),
        )
    }
}

impl SitesFile {
    pub(super) fn run(self, context: Context) -> Outcome {
        let bytes = read(&self.file, MAX_FILE_BYTES as u64)?;
        let mapping = self.mapping(&bytes)?;
        let country = outline(self.country.as_deref())?;
        // A dry run makes no data folder.
        let there = registry_path(&self.data.data).exists();
        let registry = if self.apply || there {
            registry(&self.data)?
        } else {
            Registry::in_memory().map_err(Failure::failed)?
        };
        let file = name_of(&self.file);
        let run = try_sites((&file, &bytes), &mapping, (&registry, country.as_ref()))
            .map_err(Failure::input)?;
        let Content::Sites(sites) = &run.content else {
            return Ok(());
        };
        let done = self
            .apply
            .then(|| self.enter(&file, &registry, &run, sites))
            .transpose()?;
        self.report((&file, &run, sites), done.as_ref(), context)?;
        match done {
            Some((id, ..)) => tell_undo(context, &id),
            None => tell_dry(context),
        }
        Ok(())
    }

    fn mapping(&self, bytes: &[u8]) -> Result<Mapping, Failure> {
        let crs = self.crs.as_deref().map(|name| {
            Crs::from_name(name).ok_or_else(|| {
                let (file, crs) = (name_of(&self.file), name.to_owned());
                Failure::input(crate::import::ImportError::Projected { file, crs })
            })
        });
        let crs = crs.transpose()?;
        let form = (self.encoding.as_deref(), self.sheet.as_deref(), crs);
        let file = name_of(&self.file);
        let mut mapping = match self.mapping.as_deref() {
            Some("auto") => {
                let (inspection, proposal) = inspect(&file, bytes, form).map_err(Failure::input)?;
                proposal.sites(&inspection)
            }
            Some(given) => mapping(given)?,
            None => Mapping::of_own_columns(&file, bytes, form).map_err(Failure::input)?,
        };
        mapping.crs = crs.or(mapping.crs);
        mapping.sheet = self.sheet.clone().or(mapping.sheet);
        mapping.encoding = self.encoding.clone().or(mapping.encoding);
        Ok(mapping)
    }

    fn enter(
        &self,
        file: &str,
        registry: &Registry,
        run: &DryRun,
        sites: &SitesRun,
    ) -> Result<Done, Failure> {
        let import = NewImport {
            id: new_id(),
            what: "sites".to_owned(),
            file: file.to_owned(),
            layer: None,
            rows_read: run.rows_read,
            refused: run.refused.count,
        };
        let pairs = self.merges(sites);
        let (outcome, merged) = registry
            .apply_import(&import, &sites.sites, &pairs, self.signed.decision())
            .map_err(Failure::failed)?;
        Ok((import.id, outcome, merged))
    }

    fn merges(&self, sites: &SitesRun) -> Vec<PairVerdict> {
        let (Some(metres_max), Some(likeness_min)) = (self.merge_within, self.merge_likeness)
        else {
            return Vec::new();
        };
        let rule = Rule {
            metres_max,
            likeness_min,
            same_kind: true,
        };
        let pairs = sites.pairs.listed.iter().filter(|pair| rule.covers(pair));
        pairs
            .map(|pair| {
                let (keep, other) = sites.ids(pair);
                PairVerdict {
                    keep: keep.to_owned(),
                    other: other.to_owned(),
                    verdict: Verdict::Merged,
                    metres: pair.metres,
                    likeness: pair.likeness,
                    same_kind: pair.same_kind,
                }
            })
            .collect()
    }

    fn report(
        &self,
        (file, run, sites): (&str, &DryRun, &SitesRun),
        done: Option<&Done>,
        context: Context,
    ) -> Outcome {
        let language = context.export();
        let bytes = match self.format {
            Some(Format::Json) => json(&Reported {
                import: done.map(|(id, ..)| id.as_str()),
                applied: done.map(|(_, outcome, _)| *outcome),
                merged: done.map_or(0, |(.., merged)| *merged),
                file,
                rows_read: run.rows_read,
                accepted_count: run.accepted,
                left_out: run.left_out,
                forecast: sites.forecast,
                refused: &run.refused,
                warnings: &run.warnings,
                kinds: &run.kinds,
                duplicates: pair_rows(sites),
            })?,
            Some(Format::Csv) => {
                let mut bytes = Vec::new();
                import_report::write_csv(&run.refused, language, &mut bytes)
                    .map_err(Failure::failed)?;
                bytes
            }
            None => text((file, run, sites), done, language)?,
        };
        write(self.output.as_deref(), &bytes)
    }
}

fn pair_rows(sites: &SitesRun) -> Vec<PairRow<'_>> {
    let pairs = sites.pairs.listed.iter();
    pairs
        .filter_map(|pair| {
            let (keep, other) = sites.sides(pair)?;
            Some(PairRow {
                keep: &keep.site.id,
                keep_name: keep.site.name.as_deref(),
                keep_source: keep.source,
                other: &other.site.id,
                other_name: other.site.name.as_deref(),
                other_source: other.source,
                metres: pair.metres,
                likeness: pair.likeness,
                same_kind: pair.same_kind,
            })
        })
        .collect()
}

fn text(
    (file, run, sites): (&str, &DryRun, &SitesRun),
    done: Option<&Done>,
    language: export::Language,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    import_report::write_text(&run.totals(file), language, &mut bytes).map_err(Failure::failed)?;
    let mut line = |text: String| bytes.extend_from_slice(text.as_bytes());
    let pairs = pair_rows(sites);
    let (count, more) = (pairs.len(), sites.pairs.unlisted);
    line(language.pick(
        format!("paires peut-être en double : {count} (+{more})\n"),
        format!("pairs that may be one site: {count} (+{more})\n"),
    ));
    for pair in pairs.iter().take(PAIRS_PRINTED) {
        let name = |name: Option<&str>| name.unwrap_or("—").to_owned();
        let likeness = pair
            .likeness
            .map_or_else(|| "—".to_owned(), |likeness| format!("{likeness:.2}"));
        line(format!(
            "  {} « {} » = {} « {} »: {:.0} m, {likeness}\n",
            pair.keep,
            name(pair.keep_name),
            pair.other,
            name(pair.other_name),
            pair.metres
        ));
    }
    if let Some((_, outcome, merged)) = done {
        let (added, changed, same) = (outcome.added, outcome.changed, outcome.unchanged);
        line(language.pick(
            format!(
                "importés : {added} nouveaux, {changed} modifiés, {same} inchangés, {merged} réunis\n"
            ),
            format!("imported: {added} new, {changed} changed, {same} unchanged, {merged} merged\n"),
        ));
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
