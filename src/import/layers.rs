//! Layers of what exists (fibre, masts, coverage, roads, terrain, electricity, places, regions) by a
//! TOML manifest: an unknown country needs a manifest, no code.

use std::collections::BTreeMap;

use desserte_planning::Position;
use desserte_planning::layer::{Layer, LayerKind, Provenance, UncertaintyClass};
use serde::{Deserialize, Serialize};

use super::country::{self, Country};
use super::format::Format;
use super::mapping::{ColumnNames, Keep};
use super::report::{Refusals, RowRanges, Warning, WarningRows};
use super::table::{Form, Table};
use super::{ImportError, crs};
use read::{Reader, Rows};

pub use any::AnyLayer;
pub use field::LayerField;
pub use terrain::MAX_TERRAIN_BYTES;

mod any;
mod field;
mod population;
mod read;
mod terrain;

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
    /// The file, relative to the manifest.
    pub file: String,
    /// The coordinate system: that of the file when left out, else `EPSG:4326`; `EPSG:3857` and UTM
    /// zones are converted.
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
    /// The same as a class.
    #[serde(default)]
    pub uncertainty_class: UncertaintyClass,
    /// The file's encoding when it is not UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The sheet of a workbook or the table of a GeoPackage; the first one with anything in it when
    /// left out.
    #[serde(default)]
    pub sheet: Option<String>,
    /// Field ← column (CSV) or property (GeoJSON).
    #[serde(default)]
    pub columns: BTreeMap<LayerField, ColumnNames>,
    /// Field = text for every row: operator, generation, radius.
    #[serde(default)]
    pub constants: BTreeMap<LayerField, String>,
    /// Filters; a row must pass all of them.
    #[serde(default)]
    pub keep: Vec<Keep>,
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
        if let Some(field) = self.constants.keys().find(|field| !field.may_be_constant()) {
            return Err(format!("constants: {} has to be a column", field.code()));
        }
        let both = self
            .constants
            .keys()
            .find(|field| self.columns.contains_key(field));
        if let Some(field) = both {
            return Err(format!("{} is both a column and a constant", field.code()));
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
            uncertainty_class: self.uncertainty_class,
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

/// The parts of a shapefile, by their endings, as one file that can be read.
pub fn shapefile_archive(parts: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, std::io::Error> {
    super::table::shapefile_archive(parts).map_err(std::io::Error::other)
}

/// Reads the file of a manifest's entry. With the country's outline a layer whose latitude and
/// longitude are swapped is refused.
pub fn read_layer(
    entry: &Entry,
    bytes: &[u8],
    country: Option<&Country>,
) -> Result<LayerImport, ImportError> {
    let named = entry.crs.as_deref();
    let named = named
        .map(|name| crs::named(&entry.file, name))
        .transpose()?;
    if entry.kind == LayerKind::Terrain {
        return read_terrain(entry, bytes, named);
    }
    let form = Form {
        encoding: entry.encoding.as_deref(),
        sheet: entry.sheet.as_deref(),
        crs: named,
    };
    let table = Table::read(&entry.file, bytes, form)?;
    let reader = Reader::new(entry, &table)?;
    let mut rows = Rows::default();
    let layer = features(entry, &reader, &mut rows);
    refuse_swapped(entry, &rows.positions, country)?;
    let converted = table.converted || table.crs != crs::Crs::Wgs84;
    let mut warnings = warnings(&mut rows, converted, country);
    if table.cut.count() > 0 {
        warnings.push(WarningRows::new(Warning::FeatureCut, table.cut.clone()));
    }
    Ok(LayerImport {
        layer,
        rows_read: table.records.len(),
        left_out: rows.left_out,
        warnings,
        refused: rows.refused,
    })
}

/// The features of a table, as the entry's kind wants them.
fn features(entry: &Entry, reader: &Reader<'_>, rows: &mut Rows) -> AnyLayer {
    fn layer<F>(entry: &Entry, features: Vec<F>) -> Layer<F> {
        Layer {
            provenance: entry.provenance(),
            features,
        }
    }
    match entry.kind {
        LayerKind::FibreLines => {
            AnyLayer::FibreLines(layer(entry, reader.all(rows, Reader::lines)))
        }
        LayerKind::FibreNodes => {
            AnyLayer::FibreNodes(layer(entry, reader.all(rows, Reader::point)))
        }
        LayerKind::Masts => AnyLayer::Masts(layer(entry, reader.all(rows, Reader::mast))),
        LayerKind::Coverage => AnyLayer::Coverage(layer(entry, reader.all(rows, Reader::coverage))),
        LayerKind::Roads => AnyLayer::Roads(layer(entry, reader.all(rows, Reader::lines))),
        LayerKind::PowerLines => {
            AnyLayer::PowerLines(layer(entry, reader.all(rows, Reader::lines)))
        }
        LayerKind::PowerNodes => {
            AnyLayer::PowerNodes(layer(entry, reader.all(rows, Reader::point)))
        }
        LayerKind::Places => {
            let places = reader.all(rows, Reader::place);
            AnyLayer::Places(layer(entry, population::note_dominant(places, rows)))
        }
        LayerKind::Regions => AnyLayer::Regions(layer(entry, reader.all(rows, Reader::region))),
        // Read before any table is made.
        LayerKind::Terrain => AnyLayer::Terrain(layer(entry, Vec::new())),
    }
}

/// Heights are no rows: each tile counts as one, and its unknown samples are said.
fn read_terrain(
    entry: &Entry,
    bytes: &[u8],
    named: Option<crs::Crs>,
) -> Result<LayerImport, ImportError> {
    if Format::of(&entry.file, bytes) != Format::Terrain {
        return Err(ImportError::NotTerrain {
            file: entry.file.clone(),
            detail: (
                "ce n'est ni un GeoTIFF, ni un .hgt, ni une archive qui en contient".to_owned(),
                "it is neither a GeoTIFF nor an .hgt nor an archive of these".to_owned(),
            ),
        });
    }
    let heights = terrain::read(&entry.file, bytes, named)?;
    let warnings = (heights.unknown_samples > 0).then(|| WarningRows {
        count: heights.unknown_samples,
        ..WarningRows::new(Warning::HeightsUnknown, RowRanges::default())
    });
    let warnings = warnings.into_iter().collect();
    Ok(LayerImport {
        rows_read: heights.tiles.len(),
        layer: AnyLayer::Terrain(Layer {
            provenance: entry.provenance(),
            features: heights.tiles,
        }),
        left_out: 0,
        refused: Refusals::default(),
        warnings,
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
