//! The country as the map needs it: outlines and names, from a folder of files.

pub mod areas;
pub mod imported;
pub mod outline;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use geojson::{FeatureCollection, GeometryValue};

use self::outline::Area;
use crate::config;

/// Largest file, bytes: outlines for a screen, not survey data.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The map's background; what the country has not is `None`.
#[derive(Debug, Clone, Default)]
pub struct Geography {
    /// Who it is.
    pub country: config::Country,
    /// Administrative areas, GeoJSON with property `name`.
    pub regions: Option<Bytes>,
    /// The country's border, GeoJSON.
    pub border: Option<Bytes>,
    /// Countries around it, GeoJSON with property `name`.
    pub neighbours: Option<Bytes>,
    /// What a reader must be told, French and English.
    pub notice: Vec<(String, String)>,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeographyError {
    /// A file cannot be read.
    #[error("reading {file}: {source}", file = .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("reading {file}: more than {FILE_BYTES_MAX} bytes", file = .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A file is no GeoJSON.
    #[error("reading {file}: {reason}", file = .file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Geography {
    /// The country of a configuration.
    pub fn read(country: &config::Country) -> Result<Self, GeographyError> {
        let Some(folder) = &country.folder else {
            return Ok(Self {
                country: country.clone(),
                ..Self::default()
            });
        };
        Ok(Self {
            country: country.clone(),
            regions: file(folder, "regions.geojson")?,
            border: file(folder, "border.geojson")?,
            neighbours: file(folder, "neighbours.geojson")?,
            notice: Vec::new(),
        })
    }

    /// Its regions as polygons, or its border when it has none; empty without outlines.
    #[must_use]
    pub fn areas(&self) -> Vec<Area> {
        let text = self.regions.as_ref().or(self.border.as_ref());
        text.map(|text| areas(text)).unwrap_or_default()
    }

    /// West, south, east, north of everything that is drawn of the country; `None` without outlines.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let text = self.border.as_ref().or(self.regions.as_ref())?;
        let json: serde_json::Value = serde_json::from_slice(text).ok()?;
        let mut bounds = None;
        extend(&json, &mut bounds);
        bounds
    }
}

/// The polygons of a GeoJSON text, by name. Other geometries are left out.
fn areas(text: &[u8]) -> Vec<Area> {
    let Ok(collection) = serde_json::from_slice::<FeatureCollection>(text) else {
        return Vec::new();
    };
    let area = |feature: geojson::Feature| {
        let name = feature
            .property("name")
            .and_then(|name| name.as_str())
            .map(str::to_owned);
        let polygons = match feature.geometry?.value {
            GeometryValue::Polygon { coordinates } => vec![coordinates],
            GeometryValue::MultiPolygon { coordinates } => coordinates,
            _ => return None,
        };
        let position = |at: &geojson::Position| {
            let at = at.as_slice();
            Some((*at.first()?, *at.get(1)?))
        };
        let rings = polygons
            .iter()
            .flatten()
            .map(|ring| ring.iter().filter_map(position).collect())
            .collect();
        Some(Area { name, rings })
    };
    collection.features.into_iter().filter_map(area).collect()
}

fn file(folder: &Path, name: &str) -> Result<Option<Bytes>, GeographyError> {
    let file = folder.join(name);
    let length = match std::fs::metadata(&file) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(GeographyError::Read { file, source }),
    };
    if length > FILE_BYTES_MAX {
        return Err(GeographyError::TooLarge { file });
    }
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(source) => return Err(GeographyError::Read { file, source }),
    };
    if let Err(error) = serde_json::from_slice::<geojson::GeoJson>(&bytes) {
        let reason = error.to_string();
        return Err(GeographyError::Content { file, reason });
    }
    Ok(Some(Bytes::from(bytes)))
}

/// Every position below `coordinates`, whatever the geometry.
fn extend(value: &serde_json::Value, bounds: &mut Option<[f64; 4]>) {
    match value {
        serde_json::Value::Array(items) => {
            let position = (
                items.first().and_then(serde_json::Value::as_f64),
                items.get(1).and_then(serde_json::Value::as_f64),
            );
            if let (Some(x), Some(y)) = position {
                let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
                *bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
            } else {
                for item in items {
                    extend(item, bounds);
                }
            }
        }
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                if name != "properties" && name != "bbox" {
                    extend(member, bounds);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_border() {
        let border = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
            "properties":{"name":"x","label":[99,99]},
            "geometry":{"type":"Polygon","coordinates":[[[11.2,-5.0],[18.6,-5.0],[18.6,3.7],[11.2,-5.0]]]}}]}"#;
        let geography = Geography {
            border: Some(Bytes::from_static(border.as_bytes())),
            ..Geography::default()
        };
        assert_eq!(geography.bounds(), Some([11.2, -5.0, 18.6, 3.7]));
        assert_eq!(Geography::default().bounds(), None);
    }
}
