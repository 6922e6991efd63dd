//! Files that are brought in: what is in them, how they are read, what importing them would do and
//! did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An import: a file that waits, or one that was applied.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportItem {
    /// Identifier.
    pub id: String,
    /// `sites`, or a kind of layer: `fibre_lines`, `fibre_nodes`, `masts`, `coverage`, `roads`,
    /// `terrain`, `power_lines`, `power_nodes`, `places` or `regions`.
    pub what: String,
    /// Name of the file.
    pub file: String,
    /// `staged`, `applied` or `undone`.
    pub state: String,
    /// When the file came, or when it was applied.
    pub at: String,
    /// Rows or features of the file.
    pub rows_read: u64,
    /// Name of the layer.
    pub layer: Option<String>,
    /// What it did; `null` before it was applied.
    pub applied: Option<ImportApplied>,
    /// When and why it was undone.
    pub undone: Option<ImportUndone>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportApplied {
    /// New sites, or features of the layer.
    pub added: u64,
    /// Sites with a new version.
    pub changed: u64,
    /// Sites that were already so.
    pub unchanged: u64,
    /// Sites that became part of another.
    pub merged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// That an import was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportUndone {
    /// When.
    pub at: String,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Sites that stayed as they were, because they were changed or are used since.
    pub kept: Vec<ImportKept>,
}

/// A site that undoing left as it was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportKept {
    /// The site.
    pub site: String,
    /// `changed_since`, `has_agent`, `in_agreement` or `has_merged_sites`.
    pub reason: String,
}

/// An import in full.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportDetail {
    /// As in the list.
    pub import: ImportItem,
    /// What is in the file; `null` once it was applied.
    pub inspection: Option<ImportInspection>,
    /// How it is read; `null` once it was applied.
    pub mapping: Option<ImportMapping>,
    /// What importing it would do; `null` when it cannot be read so, or was applied.
    pub dry_run: Option<ImportDryRun>,
    /// Why it cannot be read so.
    pub problem: Option<ImportText>,
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportText {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportInspection {
    /// `csv`, `xlsx`, `geojson`, `geopackage`, `shapefile`, `pbf` or `terrain`.
    pub format: String,
    /// Size of the file, bytes.
    pub bytes: u64,
    /// Rows or features.
    pub rows: u64,
    /// Sheets of a workbook that a person sees, or tables of a GeoPackage.
    pub sheets: Vec<String>,
    /// Whether positions come from geometries.
    pub has_geometry: bool,
    /// The encoding with which it was read, when it is not UTF-8.
    pub encoding: Option<String>,
    /// Its columns.
    pub columns: Vec<ImportColumn>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportColumn {
    /// Its name.
    pub name: String,
    /// Rows in which it says something.
    pub filled: u64,
    /// Some of its values.
    pub samples: Vec<String>,
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// Field, to its columns: the first that says something counts. Fields of sites: `id`, `name`,
    /// `kind`, `latitude`, `longitude`, `place`, `region`, `operator`, `invented`; of layers: `name`,
    /// `latitude`, `longitude`, `population`, `class`, `operator`, `generation`, `radius_metres`.
    #[serde(default)]
    pub columns: BTreeMap<String, Vec<String>>,
    /// Field, to the same text for every row.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// Translation of kinds: `desserte`, `osm_amenity`, `kemri` or `words`.
    #[serde(default)]
    pub kind_scheme: Option<String>,
    /// Kinds of the file, to ours; before the translation.
    #[serde(default)]
    pub kinds: BTreeMap<String, String>,
    /// What becomes of kinds that nothing translates: `refuse`, `skip` or `other`.
    #[serde(default)]
    pub untranslated: Option<String>,
    /// Rows with other values are left out and counted.
    #[serde(default)]
    pub keep: Vec<ImportKeep>,
    /// Written before every identifier.
    #[serde(default)]
    pub id_prefix: Option<String>,
    /// Encoding of the file when it is not UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Sheet of a workbook; the first one with anything in it when left out.
    #[serde(default)]
    pub sheet: Option<String>,
    /// `EPSG:4326`, `EPSG:3857` or a UTM zone; that of the file when left out.
    #[serde(default)]
    pub crs: Option<String>,
    /// Where a layer comes from; every distance of a plan carries it.
    #[serde(default)]
    pub layer: Option<ImportLayer>,
}

/// A filter of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportKeep {
    /// The column.
    pub column: String,
    /// The values, compared without case.
    pub any_of: Vec<String>,
}

/// Where a layer comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportLayer {
    /// Its name; a layer of the same kind and name is replaced.
    pub name: String,
    /// Who made it, and how it is to be credited.
    pub source: String,
    /// Under which terms it was obtained.
    pub licence: String,
    /// The day of its content: `yyyy-mm-dd`, `yyyy-mm` or `yyyy`.
    pub date: String,
    /// How far it may be wrong, in words.
    pub uncertainty: String,
    /// The same as a class: `metres`, `hundreds_of_metres`, `kilometres` or `unknown`.
    #[serde(default)]
    pub uncertainty_class: Option<String>,
}

/// What importing a file would do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportDryRun {
    /// Rows or features of the file; the three that follow add up to it.
    pub rows_read: u64,
    /// Rows that are taken.
    pub accepted: u64,
    /// Rows that the filters leave out.
    pub left_out: u64,
    /// Rows that are refused.
    pub refused: u64,
    /// How many of the refused repeat an earlier row.
    pub repeated: u64,
    /// Sites that would be new, or features of the layer.
    pub added: u64,
    /// Sites that would get a new version.
    pub changed: u64,
    /// Sites that are already so.
    pub unchanged: u64,
    /// Pairs that may be one site.
    pub pairs: u64,
    /// Pairs beyond the most that are listed.
    pub pairs_unlisted: u64,
    /// Pairs that are decided to be one.
    pub pairs_same: u64,
    /// Pairs that are decided to be two.
    pub pairs_distinct: u64,
    /// Refused rows by reason.
    pub reasons: Vec<ImportReason>,
    /// What deserves a look.
    pub warnings: Vec<ImportWarning>,
    /// The file's kinds, most used first.
    pub kinds: Vec<ImportKind>,
    /// Whether positions were checked against an outline of the country.
    pub outline: bool,
}

/// Refused rows of one reason.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportReason {
    /// The reason's identifier.
    pub code: String,
    /// How many rows.
    pub count: u64,
    /// Which, as ranges.
    pub rows: String,
}

/// Rows that are taken and deserve a look.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportWarning {
    /// The warning's identifier.
    pub code: String,
    /// What it says.
    pub text: ImportText,
    /// How many rows; 0 when it is about the file.
    pub count: u64,
    /// Which, as ranges.
    pub rows: String,
}

/// A kind of the file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportKind {
    /// The file's word.
    pub word: String,
    /// Rows with it.
    pub rows: u64,
    /// What it means here; `null` when nothing translates it.
    pub kind: Option<String>,
}

/// A row that is refused.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportRefusal {
    /// The file.
    pub file: String,
    /// The row as a spreadsheet counts it, or the feature's number.
    pub row: u64,
    /// The column.
    pub field: String,
    /// The beginning of what stands there.
    pub value: Option<String>,
    /// The reason's identifier.
    pub code: String,
    /// The reason.
    pub reason: ImportText,
}

/// Positions of a file for a small map, as columns of equal length.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportPreview {
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// Names.
    pub name: Vec<Option<String>>,
    /// Kinds of sites.
    pub kind: Vec<Option<String>>,
    /// Rows that are taken; more than there are positions when these are a sample.
    pub accepted: u64,
}

/// Who does something and why: there are no accounts yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Who. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub author: String,
    /// Why.
    pub reason: String,
}
