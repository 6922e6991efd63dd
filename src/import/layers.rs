//! Layers of what exists (fibre, masts, places, regions) by a TOML manifest: an unknown country
//! needs a manifest, no code.

use std::collections::BTreeMap;

use desserte_planning::Position;
use desserte_planning::layer::{Layer, LayerKind, Layers, Line, Place, Point, Provenance, Region};
use serde::{Deserialize, Serialize};

use super::country::{self, Country};
use super::mapping::{ColumnNames, Keep};
use super::report::{Refusals, RowRanges, Warning, WarningRows};
use super::table::{Form, Table};
use super::{ImportError, crs};
use read::{Reader, Rows};

mod population;
mod read;

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
    /// The coordinate system: that of the file when left out, else `EPSG:4326`; `EPSG:3857` is
    /// converted.
    #[serde(default)]
    pub crs: Option<String>,
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
    /// The sheet of a workbook; the first one with anything in it when left out.
    #[serde(default)]
    pub sheet: Option<String>,
    /// Field ← column (CSV) or property (GeoJSON).
    #[serde(default)]
    pub columns: BTreeMap<LayerField, ColumnNames>,
    /// Filters; a row must pass all of them.
    #[serde(default)]
    pub keep: Vec<Keep>,
}

impl LayerField {
    /// Every field.
    pub const ALL: [Self; 5] = [
        Self::Name,
        Self::Latitude,
        Self::Longitude,
        Self::Population,
        Self::Class,
    ];

    /// The identifier used in manifests and refusals.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
            Self::Population => "population",
            Self::Class => "class",
        }
    }

    /// The field with this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }
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
    /// What a place is (`village`, `country`): the name point of an area is refused.
    Class,
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
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
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
    let crs = entry.crs.as_deref();
    let form = Form {
        encoding: entry.encoding.as_deref(),
        sheet: entry.sheet.as_deref(),
        crs: crs.map(|name| crs::named(&entry.file, name)).transpose()?,
    };
    let table = Table::read(&entry.file, bytes, form)?;
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
            features: population::note_dominant(reader.all(&mut rows, Reader::place), &mut rows),
        }),
        LayerKind::Regions => AnyLayer::Regions(Layer {
            provenance,
            features: reader.all(&mut rows, Reader::region),
        }),
    };
    refuse_swapped(entry, &rows.positions, country)?;
    let converted = table.converted || table.crs != crs::Crs::Wgs84;
    Ok(LayerImport {
        layer,
        rows_read: table.records.len(),
        left_out: rows.left_out,
        warnings: warnings(&mut rows, converted, country),
        refused: rows.refused,
    })
}

fn warnings(rows: &mut Rows, converted: bool, country: Option<&Country>) -> Vec<WarningRows> {
    let mut outside = RowRanges::default();
    if let Some(country) = country {
        for (position, row) in &rows.positions {
            if matches!(country.place(*position), country::Place::Outside(_)) {
                outside.add(*row);
            }
        }
    }
    let take = std::mem::take::<RowRanges>;
    let found = [
        (
            Warning::PopulationUnread,
            take(&mut rows.unread_populations),
        ),
        (
            Warning::PopulationDominant,
            take(&mut rows.dominant_populations),
        ),
        (Warning::FeatureUnnamed, take(&mut rows.unnamed)),
        (Warning::FeatureOutside, outside),
    ];
    let file = converted.then(|| WarningRows::new(Warning::Converted, RowRanges::default()));
    let rows = found
        .into_iter()
        .filter(|(_, rows)| rows.count() > 0)
        .map(|(warning, rows)| WarningRows::new(warning, rows));
    file.into_iter().chain(rows).collect()
}

/// Fibre of a neighbour may lie outside altogether; only "inside when swapped" is a mistake.
fn refuse_swapped(
    entry: &Entry,
    positions: &[(Position, usize)],
    country: Option<&Country>,
) -> Result<(), ImportError> {
    let Some(country) = country else {
        return Ok(());
    };
    let near = |position| !matches!(country.place(position), country::Place::Outside(_));
    if positions.iter().any(|(position, _)| near(*position)) {
        return Ok(());
    }
    let swapped = positions
        .iter()
        .filter_map(|(position, _)| Position::new(position.longitude(), position.latitude()).ok())
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

#[cfg(test)]
mod tests;
