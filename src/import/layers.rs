//! Layers of what exists (fibre, masts, places, regions) by a TOML manifest: an unknown country
//! needs a manifest, no code.

use std::collections::BTreeMap;

use desserte_planning::Position;
use desserte_planning::layer::{Layer, LayerKind, Layers, Line, Place, Point, Provenance, Region};
use serde::{Deserialize, Serialize};

use super::country::{self, Country};
use super::mapping::{ColumnNames, Keep};
use super::report::{Reason, Refusals, RowRanges, Warning, WarningRows};
use super::sites::parse_degrees;
use super::table::{Geometry, Pair, Record, Table, is_wgs84};
use super::{ImportError, MAX_FIELD_BYTES};

/// Most layers of a manifest.
pub const MAX_LAYERS: usize = 200;

/// A manifest: `[[layer]]` once for each file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layers.
    pub layer: Vec<Entry>,
}

/// One layer of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it shows.
    pub kind: LayerKind,
    /// Its name, as shown to people.
    pub name: String,
    /// The file, relative to the manifest: GeoJSON, or CSV for points.
    pub file: String,
    /// The coordinate system: WGS84 degrees only (`EPSG:4326` or `CRS84`).
    #[serde(default = "wgs84")]
    pub crs: String,
    /// Who made it, and how it is to be credited.
    pub source: String,
    /// Under which terms it was obtained.
    pub licence: String,
    /// The day of its content: `yyyy-mm-dd`, `yyyy-mm` or `yyyy`.
    pub date: String,
    /// How far it may be wrong, in words.
    pub uncertainty: String,
    /// The file's encoding when it is not UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Field ← column (CSV) or property (GeoJSON).
    #[serde(default)]
    pub columns: BTreeMap<LayerField, ColumnNames>,
    /// Filters; a row must pass all of them.
    #[serde(default)]
    pub keep: Vec<Keep>,
}

fn wgs84() -> String {
    "EPSG:4326".to_owned()
}

/// What a feature is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerField {
    /// Its name.
    Name,
    /// Degrees north (CSV).
    Latitude,
    /// Degrees east (CSV).
    Longitude,
    /// Inhabitants of a place; 0 means "not known", as in `GeoNames`.
    Population,
}

/// A layer of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyLayer {
    /// Routes of fibre.
    FibreLines(Layer<Line>),
    /// Fibre nodes.
    FibreNodes(Layer<Point>),
    /// Masts.
    Masts(Layer<Point>),
    /// Places.
    Places(Layer<Place>),
    /// Regions.
    Regions(Layer<Region>),
}

impl AnyLayer {
    /// Adds it to those of its kind.
    pub fn add_to(self, layers: &mut Layers) {
        match self {
            Self::FibreLines(layer) => layers.fibre_lines.push(layer),
            Self::FibreNodes(layer) => layers.fibre_nodes.push(layer),
            Self::Masts(layer) => layers.masts.push(layer),
            Self::Places(layer) => layers.places.push(layer),
            Self::Regions(layer) => layers.regions.push(layer),
        }
    }

    /// How many features it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::FibreLines(layer) => layer.features.len(),
            Self::FibreNodes(layer) | Self::Masts(layer) => layer.features.len(),
            Self::Places(layer) => layer.features.len(),
            Self::Regions(layer) => layer.features.len(),
        }
    }

    /// True when it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A layer and what became of the file's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerImport {
    /// The layer.
    pub layer: AnyLayer,
    /// Rows or features of the file.
    pub rows_read: usize,
    /// Rows that the manifest's filters left out.
    pub left_out: usize,
    /// What was refused.
    pub refused: Refusals,
    /// What deserves a look.
    pub warnings: Vec<WarningRows>,
}

impl Manifest {
    /// A manifest written in TOML; a misspelt or missing key is an error.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, ImportError> {
        let wrong = |detail| ImportError::Manifest {
            file: file.to_owned(),
            detail,
        };
        let manifest: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if manifest.layer.len() > MAX_LAYERS {
            return Err(wrong(format!("more layers than the limit of {MAX_LAYERS}")));
        }
        for entry in &manifest.layer {
            entry
                .check()
                .map_err(|detail| wrong(format!("layer {}: {detail}", entry.name)))?;
        }
        Ok(manifest)
    }
}

impl Entry {
    fn check(&self) -> Result<(), String> {
        let texts = [
            ("name", &self.name),
            ("source", &self.source),
            ("licence", &self.licence),
            ("uncertainty", &self.uncertainty),
        ];
        if let Some((key, _)) = texts.into_iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(format!("{key} is empty; write \"unknown\" where it is"));
        }
        if !is_date(&self.date) {
            return Err(format!(
                "date {} is not yyyy-mm-dd, yyyy-mm or yyyy",
                self.date
            ));
        }
        Ok(())
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            layer: self.name.clone(),
            source: self.source.clone(),
            licence: self.licence.clone(),
            date: self.date.clone(),
            uncertainty: self.uncertainty.clone(),
        }
    }
}

/// A day, a month or a year, by its form.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = parts
        .iter()
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    digits && [vec![4, 2, 2], vec![4, 2], vec![4]].contains(&lengths)
}

/// Reads the file of a manifest's entry. With the country's outline a layer whose latitude and
/// longitude are swapped is refused.
pub fn read_layer(
    entry: &Entry,
    bytes: &[u8],
    country: Option<&Country>,
) -> Result<LayerImport, ImportError> {
    if !is_wgs84(&entry.crs) {
        let (file, crs) = (entry.file.clone(), entry.crs.clone());
        return Err(ImportError::Projected { file, crs });
    }
    let table = Table::read(&entry.file, bytes, entry.encoding.as_deref())?;
    let reader = Reader::new(entry, &table)?;
    let (provenance, mut rows) = (entry.provenance(), Rows::default());
    let layer = match entry.kind {
        LayerKind::FibreLines => AnyLayer::FibreLines(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::lines),
        }),
        LayerKind::FibreNodes => AnyLayer::FibreNodes(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::point),
        }),
        LayerKind::Masts => AnyLayer::Masts(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::point),
        }),
        LayerKind::Places => AnyLayer::Places(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::place),
        }),
        LayerKind::Regions => AnyLayer::Regions(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::region),
        }),
    };
    refuse_swapped(entry, &rows.positions, country)?;
    let warnings = Some(rows.unread_populations).filter(|unread| unread.count() > 0);
    Ok(LayerImport {
        layer,
        rows_read: table.records.len(),
        left_out: rows.left_out,
        refused: rows.refused,
        warnings: warnings
            .into_iter()
            .map(|unread| WarningRows::new(Warning::PopulationUnread, unread))
            .collect(),
    })
}

/// Fibre of a neighbour may lie outside altogether; only "inside when swapped" is a mistake.
fn refuse_swapped(
    entry: &Entry,
    positions: &[Position],
    country: Option<&Country>,
) -> Result<(), ImportError> {
    let Some(country) = country else {
        return Ok(());
    };
    let near = |position| !matches!(country.place(position), country::Place::Outside(_));
    if positions.iter().any(|position| near(*position)) {
        return Ok(());
    }
    let swapped = positions
        .iter()
        .filter_map(|position| Position::new(position.longitude(), position.latitude()).ok())
        .filter(|position| near(*position))
        .count();
    if swapped == 0 {
        return Ok(());
    }
    Err(ImportError::LayerSwapped {
        file: entry.file.clone(),
        swapped,
    })
}

/// What became of the rows, beside the features.
#[derive(Default)]
struct Rows {
    left_out: usize,
    refused: Refusals,
    unread_populations: RowRanges,
    /// The first position of every feature.
    positions: Vec<Position>,
}

/// The field of a refused row, what stood there, why.
type No = (String, Option<String>, Reason);

struct Reader<'t> {
    entry: &'t Entry,
    table: &'t Table,
    columns: BTreeMap<LayerField, Vec<usize>>,
    keep: Vec<(usize, Vec<String>)>,
}

impl<'t> Reader<'t> {
    fn new(entry: &'t Entry, table: &'t Table) -> Result<Self, ImportError> {
        let mut needed: Vec<&str> = Vec::new();
        needed.extend(entry.columns.values().flat_map(ColumnNames::iter));
        needed.extend(entry.keep.iter().map(|keep| keep.column.as_str()));
        for (field, name) in [
            (LayerField::Latitude, "latitude"),
            (LayerField::Longitude, "longitude"),
        ] {
            if !table.has_geometry && !entry.columns.contains_key(&field) {
                needed.push(name);
            }
        }
        table.require(needed.into_iter())?;
        let columns = entry.columns.iter().map(|(field, names)| {
            (
                *field,
                names.iter().filter_map(|name| table.column(name)).collect(),
            )
        });
        let mut columns: BTreeMap<LayerField, Vec<usize>> = columns.collect();
        for (field, name) in [
            (LayerField::Latitude, "latitude"),
            (LayerField::Longitude, "longitude"),
        ] {
            if !table.has_geometry {
                columns
                    .entry(field)
                    .or_insert_with(|| table.column(name).into_iter().collect());
            }
        }
        let keep = entry.keep.iter().filter_map(|keep| {
            let values = keep
                .any_of
                .iter()
                .map(|value| value.to_lowercase())
                .collect();
            Some((table.column(&keep.column)?, values))
        });
        Ok(Self {
            entry,
            table,
            columns,
            keep: keep.collect(),
        })
    }

    fn all<F>(
        &self,
        rows: &mut Rows,
        read: impl Fn(&Self, &Record, &mut Rows) -> Result<Vec<F>, No>,
    ) -> Vec<F> {
        let mut features = Vec::new();
        for record in &self.table.records {
            let kept = self.keep.iter().all(|(column, values)| {
                let value = record.value(*column).unwrap_or_default().to_lowercase();
                values.contains(&value)
            });
            let (expected, found) = (self.table.columns.len(), record.values.len());
            let outcome = if expected != found {
                Err(("*".to_owned(), None, Reason::FieldCount { expected, found }))
            } else if !kept {
                rows.left_out += 1;
                continue;
            } else {
                read(self, record, rows)
            };
            match outcome {
                Ok(read) => features.extend(read),
                Err((field, value, reason)) => {
                    let file = &self.entry.file;
                    rows.refused
                        .add(file, record.row, &field, value.as_deref(), &reason);
                }
            }
        }
        features
    }

    fn value<'r>(&self, record: &'r Record, field: LayerField) -> Option<&'r str> {
        self.columns
            .get(&field)?
            .iter()
            .find_map(|column| record.value(*column))
    }

    fn name(&self, record: &Record) -> Result<Option<String>, No> {
        let Some(name) = self.value(record, LayerField::Name) else {
            return Ok(None);
        };
        if name.len() > MAX_FIELD_BYTES {
            let reason = Reason::FieldTooLong {
                bytes: name.len(),
                limit: MAX_FIELD_BYTES,
            };
            return Err(("name".to_owned(), Some(name.to_owned()), reason));
        }
        Ok(Some(name.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    fn position(&self, record: &Record) -> Result<Position, No> {
        if let Geometry::Point(pair) = &record.geometry {
            return checked(pair);
        }
        if self.table.has_geometry {
            return Err(unfit(record));
        }
        let degrees = |field, name: &str| {
            let raw = self
                .value(record, field)
                .ok_or_else(|| (name.to_owned(), None, Reason::CoordinateMissing))?;
            parse_degrees(raw).ok_or_else(|| {
                (
                    name.to_owned(),
                    Some(raw.to_owned()),
                    Reason::CoordinateInvalid,
                )
            })
        };
        let latitude = degrees(LayerField::Latitude, "latitude")?;
        let longitude = degrees(LayerField::Longitude, "longitude")?;
        checked(&[longitude, latitude])
    }

    fn point(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Point>, No> {
        let position = self.position(record)?;
        rows.positions.push(position);
        Ok(vec![Point {
            name: self.name(record)?,
            position,
        }])
    }

    fn place(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Place>, No> {
        let position = self.position(record)?;
        let raw = self.value(record, LayerField::Population);
        let population = raw.and_then(|raw| raw.parse::<u64>().ok());
        if raw.is_some() && population.is_none() {
            rows.unread_populations.add(record.row);
        }
        rows.positions.push(position);
        let population = population.filter(|inhabitants| *inhabitants > 0);
        Ok(vec![Place {
            name: self.name(record)?,
            position,
            population,
        }])
    }

    fn lines(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Line>, No> {
        let Geometry::Lines(parts) = &record.geometry else {
            return Err(unfit(record));
        };
        let name = self.name(record)?;
        let mut lines = Vec::new();
        for part in parts {
            let positions = path(part)?;
            if positions.windows(2).any(|pair| pair.first() != pair.last()) {
                rows.positions.extend(positions.first());
                lines.push(Line {
                    name: name.clone(),
                    positions,
                });
            }
        }
        if lines.is_empty() {
            return Err(("geometry".to_owned(), name, Reason::LineWithoutLength));
        }
        Ok(lines)
    }

    fn region(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Region>, No> {
        let Geometry::Rings(parts) = &record.geometry else {
            return Err(unfit(record));
        };
        let rings: Vec<Vec<Position>> = parts
            .iter()
            .map(|part| path(part))
            .collect::<Result<_, No>>()?;
        rows.positions
            .extend(rings.first().and_then(|ring| ring.first()));
        Ok(vec![Region {
            name: self.name(record)?,
            rings,
        }])
    }
}

fn path(pairs: &[Pair]) -> Result<Vec<Position>, No> {
    pairs.iter().map(checked).collect()
}

/// A position, or why it is none: one wrong vertex refuses the feature, a line that runs through
/// 0, 0 would be near everything.
fn checked(pair: &Pair) -> Result<Position, No> {
    let [longitude, latitude] = *pair;
    let no = |reason| {
        (
            "geometry".to_owned(),
            Some(format!("{latitude}, {longitude}")),
            reason,
        )
    };
    if latitude.abs() < f64::EPSILON && longitude.abs() < f64::EPSILON {
        return Err(no(Reason::NullIsland));
    }
    if latitude.abs() > 360.0 || longitude.abs() > 360.0 {
        return Err(no(Reason::CoordinatesProjected));
    }
    Position::new(latitude, longitude).map_err(|_| no(Reason::CoordinateOutOfRange))
}

fn unfit(record: &Record) -> No {
    let reason = match &record.geometry {
        Geometry::None => Reason::GeometryMissing,
        Geometry::Point(_) => Reason::GeometryUnfit {
            found: "Point".to_owned(),
        },
        Geometry::Lines(_) => Reason::GeometryUnfit {
            found: "LineString".to_owned(),
        },
        Geometry::Rings(_) => Reason::GeometryUnfit {
            found: "Polygon".to_owned(),
        },
        Geometry::Unreadable(found) => Reason::GeometryUnfit {
            found: found.clone(),
        },
    };
    ("geometry".to_owned(), None, reason)
}

#[cfg(test)]
mod tests;
