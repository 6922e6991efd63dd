//! Maps for other programs, as tables of features: written as GeoPackage or KML, or drawn from
//! layers. What a table is made of (gaps, a plan, layers) stands with its subject.

pub mod kml;
mod layers;

use desserte_planning::Position;

use super::ExportError;
pub use crate::geopackage::{Column, Content, Kind, NewTable, Shape, Value};
pub(super) use layers::sources as layer_sources;
pub use layers::tables as layer_tables;

/// Six decimals of a degree are enough (RFC 7946, 11.2).
const DEGREE_SCALE: f64 = 1e6;

/// Writes tables as a GeoPackage, as of a time, Unix milliseconds.
pub fn write_geopackage(
    tables: &[NewTable],
    changed_unix_ms: i64,
    out: &mut dyn std::io::Write,
) -> Result<(), ExportError> {
    let what = "the map as GeoPackage";
    let failed = |source: std::io::Error| ExportError::Write { what, source };
    let bytes = crate::geopackage::write(tables, changed_unix_ms);
    let bytes = bytes.map_err(|error| failed(std::io::Error::other(error)))?;
    out.write_all(&bytes).map_err(failed)
}

/// A column of texts.
pub(super) fn text(name: &str) -> Column {
    column(name, Content::Text)
}

/// A column of something.
pub(super) fn column(name: &str, content: Content) -> Column {
    Column {
        name: name.to_owned(),
        content,
    }
}

/// A text, or nothing.
pub(super) fn said(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

/// A number, or nothing.
pub(super) fn number(number: Option<f64>) -> Value {
    number.map_or(Value::Null, Value::Real)
}

/// A whole number, or nothing.
pub(super) fn whole(count: Option<u64>) -> Value {
    let count = count.and_then(|count| i64::try_from(count).ok());
    count.map_or(Value::Null, Value::Integer)
}

/// Longitude and latitude, rounded.
pub(super) fn pair(at: Position) -> [f64; 2] {
    let rounded = |degrees: f64| (degrees * DEGREE_SCALE).round() / DEGREE_SCALE;
    [rounded(at.longitude()), rounded(at.latitude())]
}

/// A point.
pub(super) fn point(at: Option<Position>) -> Option<Shape> {
    at.map(|at| Shape::Points(vec![pair(at)]))
}

/// A line.
pub(super) fn line(positions: &[Position]) -> Shape {
    Shape::Lines(vec![positions.iter().copied().map(pair).collect()])
}

/// A ring, closed as the formats want it.
pub(super) fn ring(positions: &[Position]) -> Vec<[f64; 2]> {
    let mut ring: Vec<[f64; 2]> = positions.iter().copied().map(pair).collect();
    if ring.first() != ring.last() {
        ring.extend(ring.first().copied());
    }
    ring
}
