//! One shape for rows of CSV and XLSX and for the features of maps (GeoJSON, GeoPackage, shapefile,
//! OFDS, OpenStreetMap): named values and, for features, a geometry.

use std::collections::BTreeMap;

use super::crs::Crs;
use super::format::Format;
use super::report::{Reason, RowRanges};
use super::sites::parse_degrees;
use super::{ImportError, MAX_COLUMNS, MAX_ROWS, text};

mod geojson;
mod geopackage;
mod ofds;
mod osm;
mod shapefile;
mod xlsx;

pub(super) use geopackage::table_names;
pub(super) use shapefile::archive as shapefile_archive;
pub(super) use xlsx::sheet_names;

/// Longitude and latitude, or what a projected file has in their place.
pub(super) type Pair = [f64; 2];

/// A file as rows of named values.
pub(super) struct Table {
    pub(super) file: String,
    pub(super) columns: Vec<String>,
    pub(super) records: Vec<Record>,
    /// Maps: positions come from the geometry, not from columns.
    pub(super) has_geometry: bool,
    /// What the columns of coordinates are in; geometries are in degrees already.
    pub(super) crs: Crs,
    /// The geometries were in a projection and are degrees now.
    pub(super) converted: bool,
    /// The file holds things of several kinds (nodes and spans of a network): those whose geometry
    /// does not fit are another layer's, not wrong.
    pub(super) mixed: bool,
    /// Features that the file holds only in part: ways cut off at the edge of an extract.
    pub(super) cut: RowRanges,
}

/// How a file is to be read where it does not say so itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form<'f> {
    /// Its encoding when it is text and not UTF-8.
    pub(super) encoding: Option<&'f str>,
    /// The sheet of a workbook; the first one with anything in it when left out.
    pub(super) sheet: Option<&'f str>,
    /// The coordinate system; that of the file, else WGS84.
    pub(super) crs: Option<Crs>,
}

/// One row or feature.
pub(super) struct Record {
    /// CSV, XLSX: the row as a spreadsheet counts it. Maps: the feature, from 1.
    pub(super) row: usize,
    values: Values,
    pub(super) geometry: Geometry,
}

/// The values of a row. Features are sparse: a file in which every feature has properties of its
/// own must not become a table of rows × columns.
enum Values {
    Row(csv::StringRecord),
    Feature(BTreeMap<usize, String>),
}

/// What a feature draws.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Geometry {
    /// A CSV row, or a feature without geometry.
    None,
    Point(Pair),
    Lines(Vec<Vec<Pair>>),
    /// Polygons: the outer ring of each first, then its holes.
    Polygons(Vec<Vec<Vec<Pair>>>),
    /// Another type, or coordinates that cannot be read: its name in the file.
    Unreadable(String),
}

impl Table {
    /// Reads a file; which format it is shows in its bytes.
    pub(super) fn read(file: &str, bytes: &[u8], form: Form<'_>) -> Result<Self, ImportError> {
        match Format::of(file, bytes) {
            Format::Xlsx => xlsx::read(file, bytes, form),
            Format::Shapefile => shapefile::read(file, bytes, form),
            Format::Geopackage => geopackage::read(file, bytes, form),
            Format::Pbf => osm::read(file, bytes),
            Format::Terrain => Err(ImportError::Heights {
                file: file.to_owned(),
            }),
            Format::Csv => {
                let text = text::decode(file, bytes, form.encoding)?;
                csv(file, &text, form.crs.unwrap_or_default())
            }
            Format::Geojson => {
                let text = text::decode(file, bytes, form.encoding)?;
                geojson::read(file, &text, form.crs)
            }
        }
    }

    /// A table in which nothing is.
    pub(super) fn without_rows(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            columns: Vec::new(),
            records: Vec::new(),
            has_geometry: true,
            crs: Crs::Wgs84,
            converted: false,
            mixed: false,
            cut: RowRanges::default(),
        }
    }

    /// A table of features whose geometries are in a system: they become degrees.
    fn of_features(
        file: &str,
        columns: Vec<String>,
        mut records: Vec<Record>,
        crs: Crs,
    ) -> Result<Self, ImportError> {
        check_columns(file, columns.len())?;
        check_system(file, &records, crs)?;
        for record in &mut records {
            record.geometry.convert(crs);
        }
        Ok(Self {
            file: file.to_owned(),
            columns,
            records,
            has_geometry: true,
            crs: Crs::Wgs84,
            converted: crs != Crs::Wgs84,
            mixed: false,
            cut: RowRanges::default(),
        })
    }

    /// The number of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Why a row does not fit the header; a feature always fits.
    pub(super) fn misfit(&self, record: &Record) -> Option<Reason> {
        let Values::Row(fields) = &record.values else {
            return None;
        };
        let (expected, found) = (self.columns.len(), fields.len());
        (expected != found).then_some(Reason::FieldCount { expected, found })
    }

    /// Refuses a file whose columns of coordinates are degrees where metres were named.
    pub(super) fn check_metres(
        &self,
        latitude: Option<usize>,
        longitude: Option<usize>,
    ) -> Result<(), ImportError> {
        let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
            return Ok(());
        };
        if self.crs == Crs::Wgs84 {
            return Ok(());
        }
        let pairs = self.records.iter().filter_map(|record| {
            let number = |column| parse_degrees(record.value(column)?);
            Some([number(longitude)?, number(latitude)?])
        });
        let (mut drawn, mut fitting) = (0, 0);
        for pair in pairs {
            drawn += 1;
            fitting += usize::from(self.crs.fits(&pair));
        }
        super::crs::check(&self.file, self.crs, fitting, drawn)
    }

    /// The error that names the missing columns and those that exist.
    pub(super) fn require<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), ImportError> {
        let missing: Vec<String> = names
            .filter(|name| self.column(name).is_none())
            .map(str::to_owned)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ImportError::MissingColumns {
            file: self.file.clone(),
            missing,
            present: self.columns.clone(),
        })
    }
}

impl Record {
    /// A feature: its number from 1, what it says by column, what it draws.
    fn feature(row: usize, values: BTreeMap<usize, String>, geometry: Geometry) -> Self {
        Self {
            row,
            values: Values::Feature(values),
            geometry,
        }
    }
}

/// Coordinates beyond any degree are metres of some projection, and degrees are none: the whole file
/// is refused then, not a row.
fn check_system(file: &str, records: &[Record], crs: Crs) -> Result<(), ImportError> {
    let drawn = records.iter().filter(|record| record.geometry.is_drawn());
    let fitting = drawn
        .clone()
        .filter(|record| !record.geometry.any(|pair| !crs.fits(pair)));
    // One stray number is one refused row.
    super::crs::check(file, crs, fitting.count(), drawn.count())
}

impl Geometry {
    /// Whether there is a position in it.
    fn is_drawn(&self) -> bool {
        !matches!(self, Self::None | Self::Unreadable(_))
    }

    /// Every position, whatever is drawn.
    fn any(&self, is: impl Fn(&Pair) -> bool) -> bool {
        match self {
            Self::Point(pair) => is(pair),
            Self::Lines(parts) => parts.iter().flatten().any(is),
            Self::Polygons(polygons) => polygons.iter().flatten().flatten().any(is),
            Self::None | Self::Unreadable(_) => false,
        }
    }

    /// Makes its positions degrees.
    fn convert(&mut self, crs: Crs) {
        match self {
            Self::Point(pair) => *pair = crs.degrees(*pair),
            Self::Lines(parts) => {
                for pair in parts.iter_mut().flatten() {
                    *pair = crs.degrees(*pair);
                }
            }
            Self::Polygons(polygons) => {
                for pair in polygons.iter_mut().flatten().flatten() {
                    *pair = crs.degrees(*pair);
                }
            }
            Self::None | Self::Unreadable(_) => {}
        }
    }
}

impl Record {
    /// The value of a column, without surrounding space; `None` when it says nothing.
    pub(super) fn value(&self, column: usize) -> Option<&str> {
        let value = match &self.values {
            Values::Row(record) => record.get(column)?,
            Values::Feature(values) => values.get(&column)?.as_str(),
        };
        let value = value.trim();
        // What databases and statistics programs print for "nothing".
        let nothing = ["", "null", "<na>", "nan", "n/a", "none", "\\n"];
        if nothing.contains(&value.to_ascii_lowercase().as_str()) {
            None
        } else {
            Some(value)
        }
    }
}

fn csv(file: &str, text: &str, crs: Crs) -> Result<Table, ImportError> {
    let failed = |error: csv::Error| ImportError::NotCsv {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(text::delimiter_of(text.as_bytes()))
        .flexible(true) // a row with too many or too few fields is refused by itself
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(failed)?;
    let columns: Vec<String> = headers.iter().map(|name| name.trim().to_owned()).collect();
    check_columns(file, columns.len())?;
    let mut records = Vec::new();
    for (number, record) in reader.records().enumerate() {
        if number >= MAX_ROWS {
            return Err(ImportError::TooManyRows {
                file: file.to_owned(),
            });
        }
        records.push(Record {
            row: number + 2,
            values: Values::Row(record.map_err(failed)?),
            geometry: Geometry::None,
        });
    }
    Ok(Table {
        file: file.to_owned(),
        columns,
        records,
        has_geometry: false,
        crs,
        converted: false,
        mixed: false,
        cut: RowRanges::default(),
    })
}

fn check_columns(file: &str, count: usize) -> Result<(), ImportError> {
    if count > MAX_COLUMNS {
        return Err(ImportError::TooManyColumns {
            file: file.to_owned(),
        });
    }
    Ok(())
}
