//! Which format a file is in: shown by its first bytes, not by its name, wherever they say.

use std::io::Cursor;

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use super::MAX_PARTS;
use super::text::is_archive;

/// How a SQLite database begins (its file format, 1.3.1).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";
/// How TIFF files begin in either byte order, and `BigTIFF` ones.
const TIFF_MAGIC: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
/// The type of the first block of an `OpenStreetMap` extract, behind its length in four bytes.
const PBF_MAGIC: &[u8] = b"\x0A\x09OSMHeader";
/// How a shapefile's main file begins.
const SHP_MAGIC: &[u8] = b"\x00\x00\x27\x0A";

/// What a file is. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text with commas, semicolons or tabs.
    Csv,
    /// A workbook.
    Xlsx,
    /// GeoJSON, or a network of the Open Fibre Data Standard in JSON.
    Geojson,
    /// An OGC GeoPackage.
    Geopackage,
    /// A shapefile, its parts in a ZIP archive.
    Shapefile,
    /// An extract of `OpenStreetMap`.
    Pbf,
    /// Heights: GeoTIFF, SRTM's `.hgt`, or several of these in a ZIP archive.
    Terrain,
}

impl Format {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Geojson => "geojson",
            Self::Geopackage => "geopackage",
            Self::Shapefile => "shapefile",
            Self::Pbf => "pbf",
            Self::Terrain => "terrain",
        }
    }

    /// The format of a file. `.hgt` is the one that has no mark of its own: its name tells it.
    pub(super) fn of(file: &str, bytes: &[u8]) -> Self {
        if bytes.starts_with(SQLITE_MAGIC) {
            Self::Geopackage
        } else if bytes
            .get(4..)
            .is_some_and(|rest| rest.starts_with(PBF_MAGIC))
        {
            Self::Pbf
        } else if bytes.starts_with(SHP_MAGIC) {
            Self::Shapefile
        } else if TIFF_MAGIC.iter().any(|magic| bytes.starts_with(magic)) || has_end(file, ".hgt") {
            Self::Terrain
        } else if is_archive(bytes) {
            of_archive(bytes)
        } else if bytes.iter().find(|byte| is_ink(**byte)) == Some(&b'{') {
            Self::Geojson
        } else {
            Self::Csv
        }
    }
}

/// A byte that is neither space nor part of a byte order mark.
fn is_ink(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && ![0xEF, 0xBB, 0xBF].contains(&byte)
}

/// Whether a name has an ending, whatever its case.
pub(super) fn has_end(name: &str, end: &str) -> bool {
    name.to_ascii_lowercase().ends_with(end)
}

/// What an archive is by what it holds; what cannot be told is a workbook, whose reader says why
/// it is none.
fn of_archive(bytes: &[u8]) -> Format {
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Format::Xlsx;
    };
    let holds = |ends: &[&str]| {
        let mut names = archive.file_names().take(MAX_PARTS);
        names.any(|name| name.is_ok_and(|name| ends.iter().any(|end| has_end(&name, end))))
    };
    if holds(&[".shp"]) {
        Format::Shapefile
    } else if holds(&[".hgt", ".tif", ".tiff"]) {
        Format::Terrain
    } else {
        Format::Xlsx
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let of = |name: &str, bytes: &[u8]| Format::of(name, bytes);
        assert_eq!(of("a.csv", b"id,name\n"), Format::Csv);
        assert_eq!(of("a", b"\xEF\xBB\xBF {\"type\""), Format::Geojson);
        assert_eq!(of("a.csv", b"SQLite format 3\0.."), Format::Geopackage);
        assert_eq!(of("a", b"\0\0\0\x0d\x0A\x09OSMHeader"), Format::Pbf);
        assert_eq!(of("a", b"II*\0"), Format::Terrain);
        assert_eq!(of("N06E001.HGT", &[0, 100]), Format::Terrain);
        assert_eq!(of("a.xlsx", b"PK\x03\x04"), Format::Xlsx);
        assert_eq!(of("a.shp", b"\x00\x00\x27\x0A"), Format::Shapefile);
        assert_eq!(of("a", b""), Format::Csv);
    }
}
