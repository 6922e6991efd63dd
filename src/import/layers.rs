//! Layers of what exists (fibre, masts, places, regions) by a TOML manifest: an unknown country
//! needs a manifest, no code.

use std::collections::BTreeMap;

use desserte_planning::Position;
use desserte_planning::layer::{Layer, LayerKind, Layers, Line, Place, Point, Provenance, Region};
use serde::{Deserialize, Serialize};

use super::ImportError;
use super::country::{self, Country};
use super::mapping::{ColumnNames, Keep};
use super::report::{Refusals, Warning, WarningRows};
use super::table::{Table, is_wgs84};
use read::{Reader, Rows};

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

#[cfg(test)]
mod tests;
