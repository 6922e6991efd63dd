//! GeoJSON (RFC 7946): features as rows, their properties as columns.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Geometry, Pair, Record, Table, ofds};
use crate::import::crs::{self, Crs};
use crate::import::{ImportError, MAX_COLUMNS, MAX_ROWS};

/// Only what is used of RFC 7946; other members are allowed there and ignored here.
#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    /// The Open Fibre Data Standard has these in the place of features.
    #[serde(default)]
    networks: Option<Vec<ofds::Network>>,
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

/// Reads a feature collection. Positions in Web Mercator become degrees when the caller or the file
/// itself names that system.
pub(super) fn read(file: &str, text: &str, named: Option<Crs>) -> Result<Table, ImportError> {
    let not_geojson = |detail: String| ImportError::NotGeoJson {
        file: file.to_owned(),
        detail,
    };
    let collection: Collection =
        serde_json::from_str(text).map_err(|error| not_geojson(error.to_string()))?;
    if let Some(networks) = &collection.networks {
        return ofds::read(file, networks);
    }
    match collection.kind.as_deref() {
        Some("FeatureCollection") => {}
        Some(other) => return Err(not_geojson(format!("its type is {other}"))),
        None => return Err(not_geojson("it has neither type nor networks".to_owned())),
    }
    if collection.features.len() > MAX_ROWS {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    let own = own_crs(file, collection.crs.as_ref())?;
    let crs = named.or(own).unwrap_or_default();
    let numbers = property_names(&collection.features);
    let records = collection.features.iter().enumerate();
    let records = records.map(|(number, feature)| {
        Record::feature(
            number + 1,
            properties(feature, &numbers),
            feature.geometry.as_ref().map_or(Geometry::None, geometry),
        )
    });
    let records = records.collect();
    let mut columns: Vec<(usize, String)> = numbers
        .into_iter()
        .map(|(name, number)| (number, name))
        .collect();
    columns.sort();
    let columns = columns.into_iter().map(|(_, name)| name).collect();
    Table::of_features(file, columns, records, crs)
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
fn own_crs(file: &str, crs: Option<&Value>) -> Result<Option<Crs>, ImportError> {
    let name = crs
        .and_then(|crs| crs.pointer("/properties/name"))
        .and_then(Value::as_str);
    name.map(|name| crs::named(file, name)).transpose()
}

/// What a GeoJSON geometry draws.
pub(super) fn geometry(value: &Value) -> Geometry {
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
        "Polygon" => paths(coordinates).map(|rings| Geometry::Polygons(vec![rings])),
        "MultiPolygon" => coordinates.as_array().and_then(|polygons| {
            let polygons: Option<Vec<_>> = polygons.iter().map(paths).collect();
            polygons.map(Geometry::Polygons)
        }),
        _ => None,
    };
    read.unwrap_or_else(|| Geometry::Unreadable(kind.to_owned()))
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
