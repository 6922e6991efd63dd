//! OGC GeoPackage: a table of features as rows.

use std::collections::BTreeMap;

use super::{Form, Geometry, Record, Table};
use crate::geopackage::{self, Shape};
use crate::import::crs::{self, Crs};
use crate::import::{ImportError, MAX_COLUMNS, MAX_ROWS};

/// Reads the table of features named as the sheet, else the first one with anything in it.
pub(super) fn read(file: &str, bytes: &[u8], form: Form<'_>) -> Result<Table, ImportError> {
    let failed = |error: geopackage::GeoPackageError| ImportError::NotGeoPackage {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    let package = geopackage::Reader::open(bytes).map_err(failed)?;
    let tables = package.tables().map_err(failed)?;
    let chosen = match form.sheet {
        Some(name) => tables.iter().find(|table| table.name == name),
        None => tables
            .iter()
            .find(|table| table.rows > 0)
            .or(tables.first()),
    };
    let Some(chosen) = chosen else {
        return Err(ImportError::NoSheet {
            file: file.to_owned(),
            sheet: form.sheet.unwrap_or("features").to_owned(),
            present: tables.into_iter().map(|table| table.name).collect(),
        });
    };
    if chosen.rows > MAX_ROWS {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    if chosen.columns.len() > MAX_COLUMNS {
        return Err(ImportError::TooManyColumns {
            file: file.to_owned(),
        });
    }
    let system = match form.crs {
        Some(crs) => crs,
        None => own_crs(file, chosen)?,
    };
    let mut records = Vec::with_capacity(chosen.rows);
    package
        .each(chosen, |values, shape| {
            let values: BTreeMap<usize, String> = values
                .into_iter()
                .enumerate()
                .filter_map(|(column, value)| Some((column, value?)))
                .collect();
            let shape = shape.map_or(Geometry::None, geometry);
            records.push(Record::feature(records.len() + 1, values, shape));
        })
        .map_err(failed)?;
    Table::of_features(file, chosen.columns.clone(), records, system)
}

/// The names of the tables of features, in the order in which the package lists them.
pub(in crate::import) fn table_names(file: &str, bytes: &[u8]) -> Result<Vec<String>, ImportError> {
    let tables = geopackage::Reader::open(bytes).and_then(|package| package.tables());
    let tables = tables.map_err(|error| ImportError::NotGeoPackage {
        file: file.to_owned(),
        detail: error.to_string(),
    })?;
    Ok(tables.into_iter().map(|table| table.name).collect())
}

fn own_crs(file: &str, table: &geopackage::FeatureTable) -> Result<Crs, ImportError> {
    let system = &table.system;
    if system.organization.eq_ignore_ascii_case("EPSG")
        && let Some(crs) = Crs::from_epsg(system.code)
    {
        return Ok(crs);
    }
    if system.organization.eq_ignore_ascii_case("NONE") {
        // Undefined in the package: as in a file that does not say; metres are then refused.
        return Ok(Crs::Wgs84);
    }
    crs::from_wkt(&system.definition).map_err(|name| {
        let name = format!("{}:{} ({name})", system.organization, system.code);
        crs::unknown(file, &name)
    })
}

fn geometry(shape: Shape) -> Geometry {
    match shape {
        Shape::Points(points) => match points.as_slice() {
            [only] => Geometry::Point(*only),
            _ => Geometry::Unreadable("MultiPoint".to_owned()),
        },
        Shape::Lines(parts) => Geometry::Lines(parts),
        Shape::Polygons(polygons) => Geometry::Polygons(polygons),
        Shape::Other(name) => Geometry::Unreadable(name),
    }
}
