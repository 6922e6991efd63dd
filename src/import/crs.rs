//! Coordinate systems of imported files: WGS84 degrees, and Web Mercator, in which web maps save
//! what they show. Everything else is refused with the command that converts it.

use serde::{Deserialize, Serialize};

use super::ImportError;

/// Radius of the sphere of Web Mercator, metres (EPSG:3857 takes WGS84's half axis for it).
const SPHERE_METRES: f64 = 6_378_137.0;
/// Numbers beyond this are metres of a projection, not degrees with a typing error.
const LARGEST_DEGREES: f64 = 360.0;

/// A coordinate system that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Crs {
    /// Degrees on WGS84.
    #[default]
    #[serde(rename = "EPSG:4326", alias = "CRS84", alias = "WGS84")]
    Wgs84,
    /// Web Mercator, metres.
    #[serde(rename = "EPSG:3857")]
    WebMercator,
}

impl Crs {
    /// Its name in the EPSG register.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "EPSG:4326",
            Self::WebMercator => "EPSG:3857",
        }
    }

    /// The system of this name, in the ways in which files write it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let ends = |codes: &[&str]| codes.iter().any(|code| name.ends_with(code));
        if ends(&["CRS84", ":4326"]) || ["WGS84", "4326"].contains(&name.as_str()) {
            Some(Self::Wgs84)
        } else if ends(&[":3857", ":900913", ":102100"]) || name == "3857" {
            Some(Self::WebMercator)
        } else {
            None
        }
    }

    /// Longitude and latitude in degrees of what a file has in their place. For Web Mercator the
    /// inverse of the spherical projection (IOGP Guidance Note 7-2, method 1024).
    #[must_use]
    pub fn degrees(self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 => [x, y],
            Self::WebMercator => [
                (x / SPHERE_METRES).to_degrees(),
                (y / SPHERE_METRES).sinh().atan().to_degrees(),
            ],
        }
    }
}

/// The system that a file, mapping or manifest names.
pub(super) fn named(file: &str, name: &str) -> Result<Crs, ImportError> {
    Crs::from_name(name).ok_or_else(|| ImportError::Projected {
        file: file.to_owned(),
        crs: name.to_owned(),
    })
}

/// Whether a pair cannot be degrees.
pub(super) fn beyond_degrees(pair: &[f64; 2]) -> bool {
    pair.iter().any(|number| number.abs() > LARGEST_DEGREES)
}

/// Refuses a file most of whose positions contradict its system.
pub(super) fn check(
    file: &str,
    crs: Crs,
    projected: usize,
    drawn: usize,
) -> Result<(), ImportError> {
    let file = file.to_owned();
    match crs {
        Crs::Wgs84 if projected * 2 > drawn => Err(ImportError::Projected {
            file,
            crs: "metres of a projection (EPSG:3857?)".to_owned(),
        }),
        Crs::WebMercator if drawn > 0 && projected * 2 < drawn => {
            Err(ImportError::NotProjected { file })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_their_names() {
        for name in [
            "EPSG:4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:EPSG::4326",
            "wgs84",
        ] {
            assert_eq!(Crs::from_name(name), Some(Crs::Wgs84), "{name}");
        }
        for name in ["EPSG:3857", "urn:ogc:def:crs:EPSG::3857", "EPSG:900913"] {
            assert_eq!(Crs::from_name(name), Some(Crs::WebMercator), "{name}");
        }
        assert_eq!(Crs::from_name("EPSG:32733"), None);
        assert_eq!(Crs::from_name("EPSG:13857"), None);
    }

    #[test]
    fn web_mercator_becomes_degrees() {
        // The example of IOGP Guidance Note 7-2, method 1024: 24°22'54.433"N, 100°20'00.000"W.
        let [longitude, latitude] = Crs::WebMercator.degrees([-11_169_055.58, 2_800_000.00]);
        assert!((longitude - -100.333_333).abs() < 1e-5, "{longitude}");
        assert!((latitude - 24.381_787).abs() < 1e-5, "{latitude}");
        let [longitude, latitude] = Crs::Wgs84.degrees([15.0, -4.0]);
        assert_eq!(
            (longitude.to_bits(), latitude.to_bits()),
            (15.0_f64.to_bits(), (-4.0_f64).to_bits())
        );
    }

    #[test]
    fn a_file_that_contradicts_its_system_is_refused() {
        assert!(matches!(
            check("f", Crs::Wgs84, 9, 10),
            Err(ImportError::Projected { .. })
        ));
        assert!(matches!(
            check("f", Crs::WebMercator, 1, 10),
            Err(ImportError::NotProjected { .. })
        ));
        assert!(check("f", Crs::Wgs84, 1, 10).is_ok());
        assert!(check("f", Crs::WebMercator, 10, 10).is_ok());
    }
}
