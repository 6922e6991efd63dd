//! Reading what ministries have: sites and layers from tables (CSV, XLSX), maps (GeoJSON, GeoPackage,
//! shapefile, OFDS, `OpenStreetMap`) and heights (`.hgt`, GeoTIFF).
//!
//! From bytes to typed rows and refusals; no database, no file is opened here. Every row that is
//! not taken is named with its row, field and reason, in French and in English.

mod columns;
pub mod country;
pub mod crs;
mod duplicates;
pub mod error;
pub mod format;
pub mod kinds;
pub mod layers;
pub mod likeness;
pub mod mapping;
pub mod pairs;
pub mod propose;
pub mod report;
pub mod scenario;
pub mod site;
pub mod sites;
mod table;
mod text;

pub use error::ImportError;

/// Largest file that is read: a country's sites or fibre are a tenth of it, and parsing takes some
/// ten times its size in memory.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Largest file of roads or heights, which only the command line takes: an extract of a large
/// country, a second of arc over some degrees.
pub const MAX_BULK_BYTES: usize = 512 * 1024 * 1024;
/// Most rows or features of one file.
pub const MAX_ROWS: usize = 1_000_000;
/// Most columns of a CSV file, or distinct properties of a GeoJSON file.
pub const MAX_COLUMNS: usize = 1_000;
/// Largest workbook once unpacked, bytes: a spreadsheet packs five to ten times.
pub const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Most parts of a workbook: sheets, styles, drawings.
pub const MAX_PARTS: usize = 2_000;
/// Most cells of a sheet with anything in them.
pub const MAX_CELLS: usize = 5_000_000;
/// Longest value of a field that is kept, in bytes of UTF-8. Longer ones are a missing quote.
pub const MAX_FIELD_BYTES: usize = 400;
/// Longest identifier of a site, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// Refusals kept in full for each reason; the rest is counted, its rows given as ranges. A file with
/// more of one reason has a wrong mapping, not so many wrong rows.
pub const MAX_LISTED_PER_REASON: usize = 10_000;
/// Refusals of one reason that are printed at a terminal; files and the page have them all.
pub const MAX_PRINTED_PER_REASON: usize = 200;
/// Ranges of rows given for a reason or a warning; the rows beyond are counted.
pub const MAX_ROW_RANGES: usize = 500;
/// Longest excerpt of a refused value, in characters.
pub const MAX_EXCERPT_CHARS: usize = 60;
/// Two sites of one name and kind nearer than this are one: the same building drawn twice.
pub const DUPLICATE_METRES: f64 = 50.0;
/// A position this far outside the outline of the country may still be right: outlines at 1:10 M
/// are off by kilometres along rivers.
pub const BORDER_TOLERANCE_METRES: f64 = 10_000.0;
