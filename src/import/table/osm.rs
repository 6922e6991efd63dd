//! Roads of an extract of `OpenStreetMap` (PBF): ways with `highway=*` that carry vehicles.
//!
//! Two passes: the ways say which nodes are needed, then only those are kept. An extract is cut at a
//! border: of a way that crosses it the nodes beyond are missing, and its parts are kept.

use std::collections::BTreeMap;
use std::io::Cursor;

use osmpbf::{Element, ElementReader};

use super::{Geometry, Pair, Record, Table};
use crate::import::crs::Crs;
use crate::import::{ImportError, MAX_ROWS};

/// Columns of the table: tags of the way.
const COLUMNS: [&str; 6] = ["@id", "name", "highway", "ref", "surface", "bridge"];
/// Values of `highway=*` along which nothing drives or that are not there (yet).
const NOT_ROADS: [&str; 18] = [
    "footway",
    "steps",
    "corridor",
    "platform",
    "pedestrian",
    "bridleway",
    "cycleway",
    "path",
    "elevator",
    "escalator",
    "via_ferrata",
    "proposed",
    "construction",
    "abandoned",
    "razed",
    "raceway",
    "rest_area",
    "services",
];
/// Most nodes of all roads of a file: some 16 bytes each while it is read.
const NODES_MAX: usize = 40_000_000;

struct Way {
    id: i64,
    tags: [Option<String>; 5],
    nodes: Vec<i64>,
}

/// Reads the roads. Positions are degrees on WGS84 by the format's own definition.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Table, ImportError> {
    let ways = ways(file, bytes)?;
    let positions = positions(file, bytes, &ways)?;
    let (mut records, mut cut) = (Vec::with_capacity(ways.len()), Vec::new());
    for (number, way) in ways.into_iter().enumerate() {
        let found: Vec<Option<Pair>> = way.nodes.iter().map(|node| positions.at(*node)).collect();
        if found.contains(&None) {
            cut.push(number + 1);
        }
        let runs = found.split(Option::is_none).filter(|run| run.len() > 1);
        let lines: Vec<Vec<Pair>> = runs
            .map(|run| run.iter().flatten().copied().collect())
            .collect();
        let shape = if lines.is_empty() {
            Geometry::None
        } else {
            Geometry::Lines(lines)
        };
        let mut values = BTreeMap::from([(0, format!("way/{}", way.id))]);
        for (column, value) in way.tags.into_iter().enumerate() {
            values.extend(value.map(|value| (column + 1, value)));
        }
        records.push(Record::feature(number + 1, values, shape));
    }
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let mut table = Table::of_features(file, columns, records, Crs::Wgs84)?;
    for row in cut {
        table.cut.add(row);
    }
    Ok(table)
}

fn not_pbf(file: &str, detail: impl std::fmt::Display) -> ImportError {
    ImportError::NotPbf {
        file: file.to_owned(),
        detail: detail.to_string(),
    }
}

/// The roads, without positions.
fn ways(file: &str, bytes: &[u8]) -> Result<Vec<Way>, ImportError> {
    let (mut ways, mut nodes) = (Vec::new(), 0);
    let each = |element: Element<'_>| {
        let Element::Way(way) = element else { return };
        let tag = |key: &str| {
            let mut tags = way.tags();
            tags.find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_owned())
        };
        let is_road = tag("highway").is_some_and(|kind| !NOT_ROADS.contains(&kind.as_str()));
        // One more than the limit is enough to refuse the file.
        if is_road && ways.len() <= MAX_ROWS && nodes <= NODES_MAX {
            let of_way: Vec<i64> = way.refs().collect();
            nodes += of_way.len();
            ways.push(Way {
                id: way.id(),
                tags: ["name", "highway", "ref", "surface", "bridge"].map(tag),
                nodes: of_way,
            });
        }
    };
    ElementReader::new(Cursor::new(bytes))
        .for_each(each)
        .map_err(|error| not_pbf(file, error))?;
    if ways.len() > MAX_ROWS {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    if nodes > NODES_MAX {
        let detail = format!("its roads have more than {NODES_MAX} nodes; cut it into parts");
        return Err(not_pbf(file, detail));
    }
    Ok(ways)
}

/// Nodes by identifier, and where they are.
struct Positions {
    ids: Vec<i64>,
    found: Vec<Option<Pair>>,
}

impl Positions {
    fn at(&self, node: i64) -> Option<Pair> {
        let place = self.ids.binary_search(&node).ok()?;
        *self.found.get(place)?
    }

    fn put(&mut self, node: i64, pair: Pair) {
        if let Ok(place) = self.ids.binary_search(&node)
            && let Some(found) = self.found.get_mut(place)
        {
            *found = Some(pair);
        }
    }
}

fn positions(file: &str, bytes: &[u8], ways: &[Way]) -> Result<Positions, ImportError> {
    let mut ids: Vec<i64> = ways
        .iter()
        .flat_map(|way| way.nodes.iter().copied())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut positions = Positions {
        found: vec![None; ids.len()],
        ids,
    };
    ElementReader::new(Cursor::new(bytes))
        .for_each(|element| match element {
            Element::Node(node) => positions.put(node.id(), [node.lon(), node.lat()]),
            Element::DenseNode(node) => positions.put(node.id(), [node.lon(), node.lat()]),
            Element::Way(_) | Element::Relation(_) => {}
        })
        .map_err(|error| not_pbf(file, error))?;
    Ok(positions)
}
