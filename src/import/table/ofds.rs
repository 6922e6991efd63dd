//! Networks of the Open Fibre Data Standard 0.4 as one JSON document: nodes and spans as rows.
//!
//! Source: Open Fibre Data Standard 0.4 schema, `network.json` (Open Telecom Data, CC BY 4.0).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Geometry, Record, Table, geojson};
use crate::import::crs::{self, Crs};
use crate::import::{ImportError, MAX_ROWS};

/// What is used of a network; the standard has more.
#[derive(Deserialize)]
pub(super) struct Network {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    crs: Option<Value>,
    #[serde(default)]
    nodes: Vec<Value>,
    #[serde(default)]
    spans: Vec<Value>,
}

/// Columns of the table: the fields of nodes and spans that say what they are.
const COLUMNS: [&str; 9] = [
    "network", "part", "id", "name", "status", "type", "start", "end", "operator",
];

/// Reads the nodes and spans of all networks, in the order of the document.
pub(super) fn read(file: &str, networks: &[Network]) -> Result<Table, ImportError> {
    let not_ofds = |detail: String| ImportError::NotOfds {
        file: file.to_owned(),
        detail,
    };
    if networks.is_empty() {
        return Err(not_ofds("it holds no network".to_owned()));
    }
    let parts: usize = networks
        .iter()
        .map(|one| one.nodes.len() + one.spans.len())
        .sum();
    if parts > MAX_ROWS {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    let mut system = Crs::Wgs84;
    let mut records = Vec::with_capacity(parts);
    for network in networks {
        system = own_crs(file, network.crs.as_ref())?;
        let name = network
            .name
            .clone()
            .or_else(|| network.id.as_ref().map(plain));
        let nodes = network.nodes.iter().map(|part| ("node", "location", part));
        let spans = network.spans.iter().map(|part| ("span", "route", part));
        for (kind, place, part) in nodes.chain(spans) {
            let mut values = BTreeMap::new();
            let said = [
                name.clone(),
                Some(kind.to_owned()),
                text(part, "/id"),
                text(part, "/name"),
                text(part, "/status"),
                text(part, "/type"),
                end(part, "/start"),
                end(part, "/end"),
                text(part, "/networkProviders/0/name"),
            ];
            for (column, value) in said.into_iter().enumerate() {
                values.extend(value.map(|value| (column, value)));
            }
            let shape = part.get(place).filter(|shape| !shape.is_null());
            let shape = shape.map_or(Geometry::None, geojson::geometry);
            records.push(Record::feature(records.len() + 1, values, shape));
        }
    }
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let table = Table::of_features(file, columns, records, system)?;
    Ok(Table {
        mixed: true,
        ..table
    })
}

/// The standard has one system, CRS84; a network may name another.
fn own_crs(file: &str, crs: Option<&Value>) -> Result<Crs, ImportError> {
    let said = |field: &str| crs.and_then(|crs| crs.get(field)).and_then(Value::as_str);
    match said("uri").or_else(|| said("name")) {
        None => Ok(Crs::Wgs84),
        Some(uri) if uri.ends_with("/OGC/1.3/CRS84") => Ok(Crs::Wgs84),
        Some(name) => crs::named(file, name),
    }
}

fn text(part: &Value, pointer: &str) -> Option<String> {
    part.pointer(pointer).map(|value| match value {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        other => plain(other),
    })
}

/// A span's end is the identifier of a node, or the node itself.
fn end(part: &Value, pointer: &str) -> Option<String> {
    let value = part.pointer(pointer)?;
    let id = value.get("id").unwrap_or(value);
    (!id.is_null() && !id.is_object()).then(|| plain(id))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
