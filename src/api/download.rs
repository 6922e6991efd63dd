//! Files to keep: their language, and the headers that make a browser keep them.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::error::{Answer, Refusal};
use crate::export::Language;

/// The language of a file; French when it is not said.
pub(crate) fn language(asked: Option<&str>) -> Answer<Language> {
    match asked {
        None | Some("fr") => Ok(Language::Fr),
        Some("en") => Ok(Language::En),
        Some(other) => Err(Refusal::parameter(
            "language",
            format!("{other:?} is not fr or en"),
        )),
    }
}

/// A file of something that has places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapFormat {
    /// A table for a spreadsheet.
    Csv,
    /// A workbook.
    Xlsx,
    /// RFC 7946.
    Geojson,
    /// OGC GeoPackage.
    Geopackage,
    /// OGC KML.
    Kml,
}

impl MapFormat {
    const ALL: [Self; 5] = [
        Self::Csv,
        Self::Xlsx,
        Self::Geojson,
        Self::Geopackage,
        Self::Kml,
    ];

    /// Its name in requests, the end of a file's name, and the media type.
    fn said(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Csv => ("csv", "csv", "text/csv; charset=utf-8"),
            Self::Xlsx => (
                "xlsx",
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            Self::Geojson => ("geojson", "geojson", "application/geo+json"),
            Self::Geopackage => ("geopackage", "gpkg", "application/geopackage+sqlite3"),
            Self::Kml => ("kml", "kml", "application/vnd.google-earth.kml+xml"),
        }
    }
}

/// The format of a file; CSV when it is not said.
pub(crate) fn map_format(asked: Option<&str>) -> Answer<MapFormat> {
    let Some(asked) = asked else {
        return Ok(MapFormat::Csv);
    };
    let mut all = MapFormat::ALL.into_iter();
    all.find(|format| format.said().0 == asked).ok_or_else(|| {
        let reason = format!("{asked:?} is not csv, xlsx, geojson, geopackage or kml");
        Refusal::parameter("format", reason)
    })
}

/// A file of something that has places, under a name of ours.
pub(crate) fn map_attachment(bytes: Vec<u8>, format: MapFormat, subject: &str) -> Response {
    let (_, end, media_type) = format.said();
    let mut response = attachment(bytes, media_type, "attachment");
    let disposition = format!("attachment; filename=\"desserte-{subject}.{end}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A file that the browser keeps rather than shows.
pub(crate) fn attachment(
    bytes: Vec<u8>,
    media_type: &'static str,
    disposition: &'static str,
) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(disposition),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
