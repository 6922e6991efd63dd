//! Heights of the ground: SRTM's `.hgt` (NASA, *SRTM Topo*, 2.1) and GeoTIFF (OGC 19-008r4), one
//! file or several in a ZIP archive.
//!
//! Samples finer than three seconds of arc are thinned to that: a sample takes the highest of those
//! around it, so that a path which is clear over the thinned ground is clear over the true one.

mod geotiff;
mod grid;

use std::io::{Cursor, Read as _};

use desserte_planning::Position;
use desserte_planning::layer::TerrainTile;
use zip::ZipArchive;

use crate::import::crs::Crs;
use crate::import::format::has_end;
use crate::import::text::is_archive;
use crate::import::{ImportError, MAX_PARTS};
use grid::Grid;

/// Most bytes of heights once unpacked: some 80 tiles of one second, a large country.
pub const MAX_TERRAIN_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// What SRTM writes where it knows no height.
const HGT_UNKNOWN: i16 = i16::MIN;
/// Most samples of a side of an `.hgt`: a third of a second.
const HGT_SIDE_MAX: usize = 10_801;

/// A reason in French and English.
type Detail = (String, String);

/// Tiles, and how many of their samples are unknown.
#[derive(Debug, Default)]
pub(super) struct Heights {
    pub(super) tiles: Vec<TerrainTile>,
    pub(super) unknown_samples: usize,
}

/// Reads heights. A coordinate system that is named goes before that of the file.
pub(super) fn read(file: &str, bytes: &[u8], named: Option<Crs>) -> Result<Heights, ImportError> {
    let mut heights = Heights::default();
    if is_archive(bytes) {
        unpack(file, bytes, |name, content| {
            heights.add(file, one(file, name, content, named)?)
        })?;
    } else {
        heights.add(file, one(file, file, bytes, named)?)?;
    }
    Ok(heights)
}

impl Heights {
    fn add(&mut self, file: &str, grid: Grid) -> Result<(), ImportError> {
        let tile = grid.thinned().tile();
        let nowhere = (
            "son coin n'est pas une position",
            "its corner is no position",
        );
        let tile = tile.ok_or_else(|| not_terrain(file, nowhere))?;
        let unknown = |metres: &&i16| **metres == desserte_planning::layer::NO_HEIGHT;
        self.unknown_samples += tile.heights_metres.iter().filter(unknown).count();
        self.tiles.push(tile);
        Ok(())
    }
}

fn not_terrain(file: &str, (fr, en): (impl Into<String>, impl Into<String>)) -> ImportError {
    ImportError::NotTerrain {
        file: file.to_owned(),
        detail: (fr.into(), en.into()),
    }
}

/// Every file of heights in an archive, one after another.
fn unpack(
    file: &str,
    bytes: &[u8],
    mut each: impl FnMut(&str, &[u8]) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let broken = |error: &dyn std::fmt::Display| {
        not_terrain(
            file,
            (
                format!("archive ZIP : {error}"),
                format!("ZIP archive: {error}"),
            ),
        )
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    if archive.len() > MAX_PARTS {
        return Err(ImportError::TooManyParts {
            file: file.to_owned(),
        });
    }
    let mut left = MAX_TERRAIN_BYTES;
    let mut found = false;
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|error| broken(&error))?;
        let name = part.name().map_err(|error| broken(&error))?;
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        if ![".hgt", ".tif", ".tiff"]
            .iter()
            .any(|end| has_end(&name, end))
        {
            continue;
        }
        let mut content = Vec::new();
        let read = part.take(left + 1).read_to_end(&mut content);
        let read = read.map_err(|error| broken(&error))? as u64;
        left = left
            .checked_sub(read)
            .ok_or_else(|| ImportError::TooLargeUnpacked {
                file: file.to_owned(),
            })?;
        found = true;
        each(&name, &content)?;
    }
    if found {
        Ok(())
    } else {
        Err(not_terrain(
            file,
            (
                "l'archive ne contient ni .hgt ni .tif",
                "the archive holds neither .hgt nor .tif",
            ),
        ))
    }
}

fn one(file: &str, name: &str, bytes: &[u8], named: Option<Crs>) -> Result<Grid, ImportError> {
    let read = if has_end(name, ".hgt") {
        hgt(name, bytes)
    } else {
        geotiff::read(file, name, bytes, named)?
    };
    read.map_err(|(fr, en)| not_terrain(file, (format!("{name} : {fr}"), format!("{name}: {en}"))))
}

/// An `.hgt`: a square of big-endian numbers, its south-western corner in its name.
fn hgt(name: &str, bytes: &[u8]) -> Result<Grid, Detail> {
    let (latitude, longitude) = corner(name).ok_or_else(|| {
        (
            "le nom ne dit pas le coin sud-ouest, comme N06E001.hgt".to_owned(),
            "its name does not say its south-western corner, as N06E001.hgt does".to_owned(),
        )
    })?;
    let samples = bytes.len() / 2;
    let side = (2..=HGT_SIDE_MAX).find(|side| side * side >= samples);
    let Some(side) = side.filter(|side| side * side * 2 == bytes.len()) else {
        let bytes = bytes.len();
        return Err((
            format!("{bytes} octets ne font pas un carré d'altitudes"),
            format!("{bytes} bytes are no square of heights"),
        ));
    };
    let heights = bytes.chunks_exact(2).map(|pair| {
        let metres = pair.try_into().map_or(HGT_UNKNOWN, i16::from_be_bytes);
        (metres != HGT_UNKNOWN).then(|| f64::from(metres))
    });
    let steps = u32::try_from(side - 1).unwrap_or(u32::MAX);
    let step = 1.0 / f64::from(steps);
    Ok(Grid {
        name: name.to_owned(),
        west: f64::from(longitude),
        north: f64::from(latitude) + 1.0,
        step_longitude: step,
        step_latitude: step,
        columns: side,
        heights: heights.collect(),
    })
}

/// The corner that a name like `S05E014.hgt` says, degrees.
fn corner(name: &str) -> Option<(i16, i16)> {
    let name = name.to_ascii_uppercase();
    let part = |range: std::ops::Range<usize>| name.get(range)?.parse::<i16>().ok();
    let latitude = match name.get(..1)? {
        "N" => part(1..3)?,
        "S" => -part(1..3)?,
        _ => return None,
    };
    let longitude = match name.get(3..4)? {
        "E" => part(4..7)?,
        "W" => -part(4..7)?,
        _ => return None,
    };
    Position::new(f64::from(latitude), f64::from(longitude)).ok()?;
    Some((latitude, longitude))
}

#[cfg(test)]
mod tests;
