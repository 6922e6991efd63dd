//! One shape for CSV rows and GeoJSON features: named values and, for features, a geometry.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::report::Reason;
use super::{ImportError, MAX_COLUMNS, MAX_ROWS, text};

/// Longitude and latitude, or what a projected file has in their place.
pub(super) type Pair = [f64; 2];

/// A file as rows of named values.
pub(super) struct Table {
    pub(super) file: String,
    pub(super) columns: Vec<String>,
    pub(super) records: Vec<Record>,
    /// GeoJSON: positions come from the geometry, not from columns.
    pub(super) has_geometry: bool,
}

/// One CSV row or GeoJSON feature.
pub(super) struct Record {
    /// CSV: the row as a spreadsheet counts it (the header is 1). GeoJSON: the feature, from 1.
    pub(super) row: usize,
    values: Values,
    pub(super) geometry: Geometry,
}

/// The values of a row. Features are sparse: a file in which every feature has properties of its
/// own must not become a table of rows × columns.
enum Values {
    Csv(csv::StringRecord),
    Feature(BTreeMap<usize, String>),
}

/// What a feature draws.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Geometry {
    /// A CSV row, or a feature without geometry.
    None,
    Point(Pair),
    Lines(Vec<Vec<Pair>>),
    /// Outer rings.
    Rings(Vec<Vec<Pair>>),
    /// Another type, or coordinates that cannot be read: its name in the file.
    Unreadable(String),
}

impl Table {
    /// Reads a file; which of the two formats it is shows in its first character.
    pub(super) fn read(
        file: &str,
        bytes: &[u8],
        encoding: Option<&str>,
    ) -> Result<Self, ImportError> {
        let text = text::decode(file, bytes, encoding)?;
        if text.trim_start().starts_with('{') {
            geojson(file, &text)
        } else {
            csv(file, &text)
        }
    }

    /// The number of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Why a row does not fit the header; a feature always fits.
    pub(super) fn misfit(&self, record: &Record) -> Option<Reason> {
        let Values::Csv(fields) = &record.values else {
            return None;
        };
        let (expected, found) = (self.columns.len(), fields.len());
        (expected != found).then_some(Reason::FieldCount { expected, found })
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
    /// The value of a column, without surrounding space; `None` when it says nothing.
    pub(super) fn value(&self, column: usize) -> Option<&str> {
        let value = match &self.values {
            Values::Csv(record) => record.get(column)?,
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

fn csv(file: &str, text: &str) -> Result<Table, ImportError> {
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
            values: Values::Csv(record.map_err(failed)?),
            geometry: Geometry::None,
        });
    }
    Ok(Table {
        file: file.to_owned(),
        columns,
        records,
        has_geometry: false,
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

/// Only what is used of RFC 7946; other members are allowed there and ignored here.
#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    crs: Option<Value>,
    #[serde(default)]
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    properties: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    geometry: Option<Value>,
}

fn geojson(file: &str, text: &str) -> Result<Table, ImportError> {
    let not_geojson = |detail: String| ImportError::NotGeoJson {
        file: file.to_owned(),
        detail,
    };
    let collection: Collection =
        serde_json::from_str(text).map_err(|error| not_geojson(error.to_string()))?;
    if collection.kind != "FeatureCollection" {
        return Err(not_geojson(format!("its type is {}", collection.kind)));
    }
    if collection.features.len() > MAX_ROWS {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    check_crs(file, collection.crs.as_ref())?;
    let numbers = property_names(&collection.features);
    check_columns(file, numbers.len())?;
    let records = collection
        .features
        .iter()
        .enumerate()
        .map(|(number, feature)| Record {
            row: number + 1,
            values: Values::Feature(properties(feature, &numbers)),
            geometry: feature.geometry.as_ref().map_or(Geometry::None, geometry),
        });
    let records: Vec<Record> = records.collect();
    let mut columns: Vec<(usize, String)> = numbers
        .into_iter()
        .map(|(name, number)| (number, name))
        .collect();
    columns.sort();
    let columns = columns.into_iter().map(|(_, name)| name).collect();
    refuse_projected(file, &records)?;
    Ok(Table {
        file: file.to_owned(),
        columns,
        records,
        has_geometry: true,
    })
}

/// `@id` is the feature's own identifier, which is no property.
const FEATURE_ID: &str = "@id";

fn property_names(features: &[Feature]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for feature in features {
        for name in feature.properties.iter().flat_map(BTreeMap::keys) {
            let next = names.len();
            names.entry(name.clone()).or_insert(next);
        }
        if feature.id.is_some() {
            let next = names.len();
            names.entry(FEATURE_ID.to_owned()).or_insert(next);
        }
        if names.len() > MAX_COLUMNS {
            break; // one too many is enough to refuse the file
        }
    }
    names
}

fn properties(feature: &Feature, columns: &BTreeMap<String, usize>) -> BTreeMap<usize, String> {
    let id = feature.id.iter().map(|id| (FEATURE_ID, id));
    let own = feature
        .properties
        .iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value));
    // A property named like the identifier goes before it: the later entry stays.
    id.chain(own)
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            Some((*columns.get(name)?, text))
        })
        .collect()
}

/// RFC 7946 knows WGS84 only; older files name their system in a `crs` member.
fn check_crs(file: &str, crs: Option<&Value>) -> Result<(), ImportError> {
    let name = crs
        .and_then(|crs| crs.pointer("/properties/name"))
        .and_then(Value::as_str);
    match name {
        Some(name) if !is_wgs84(name) => Err(ImportError::Projected {
            file: file.to_owned(),
            crs: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The ways in which files name longitude and latitude on WGS84.
pub(super) fn is_wgs84(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("CRS84") || name.ends_with(":4326") || name == "WGS84"
}

/// Coordinates beyond any degree are metres of some projection: the whole file is then, not a row.
fn refuse_projected(file: &str, records: &[Record]) -> Result<(), ImportError> {
    let beyond = |pair: &Pair| pair.iter().any(|number| number.abs() > 360.0);
    let projected = records.iter().filter(|record| match &record.geometry {
        Geometry::Point(pair) => beyond(pair),
        Geometry::Lines(parts) | Geometry::Rings(parts) => parts.iter().flatten().any(beyond),
        Geometry::None | Geometry::Unreadable(_) => false,
    });
    let drawn = records
        .iter()
        .filter(|record| record.geometry != Geometry::None)
        .count();
    // One stray number is one refused row.
    if drawn > 0 && projected.count() * 2 > drawn {
        let crs = "metres of a projection (EPSG:3857?)".to_owned();
        return Err(ImportError::Projected {
            file: file.to_owned(),
            crs,
        });
    }
    Ok(())
}

fn geometry(value: &Value) -> Geometry {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or("?");
    let coordinates = value.get("coordinates").unwrap_or(&Value::Null);
    let read = match kind {
        "Point" => pair(coordinates).map(Geometry::Point),
        "MultiPoint" => match path(coordinates).as_deref() {
            Some([only]) => Some(Geometry::Point(*only)),
            _ => None,
        },
        "LineString" => path(coordinates).map(|line| Geometry::Lines(vec![line])),
        "MultiLineString" => paths(coordinates).map(Geometry::Lines),
        "Polygon" => paths(coordinates).map(outer).map(Geometry::Rings),
        "MultiPolygon" => coordinates.as_array().and_then(|polygons| {
            let rings: Option<Vec<_>> = polygons
                .iter()
                .map(|polygon| paths(polygon).map(outer))
                .collect();
            Some(Geometry::Rings(rings?.into_iter().flatten().collect()))
        }),
        _ => None,
    };
    read.unwrap_or_else(|| Geometry::Unreadable(kind.to_owned()))
}

/// The outer ring of a polygon comes first (RFC 7946, 3.1.6); holes are left out.
fn outer(rings: Vec<Vec<Pair>>) -> Vec<Vec<Pair>> {
    rings.into_iter().take(1).collect()
}

fn paths(value: &Value) -> Option<Vec<Vec<Pair>>> {
    value.as_array()?.iter().map(path).collect()
}

fn path(value: &Value) -> Option<Vec<Pair>> {
    value.as_array()?.iter().map(pair).collect()
}

/// A third number, the height, is allowed and not used.
fn pair(value: &Value) -> Option<Pair> {
    match value.as_array()?.as_slice() {
        [longitude, latitude, ..] => Some([longitude.as_f64()?, latitude.as_f64()?]),
        _ => None,
    }
}
