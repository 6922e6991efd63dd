//! Coordinate systems of imported files: WGS84 degrees, Web Mercator, in which web maps save what
//! they show, and the UTM zones of surveys. Everything else is refused with its name and the
//! command that converts it: a datum that is not known would misplace a country by a hundred metres.

mod utm;
mod wkt;

use serde::{Deserialize, Serialize};

use super::ImportError;
use utm::Utm;

pub(super) use wkt::from_wkt;

/// Radius of the sphere of Web Mercator, metres (EPSG:3857 takes WGS84's half axis for it).
const SPHERE_METRES: f64 = 6_378_137.0;
/// Numbers beyond this are metres of a projection, not degrees with a typing error.
const LARGEST_DEGREES: f64 = 360.0;

/// Half the circumference of that sphere: no position of Web Mercator is beyond it.
const WEB_MERCATOR_METRES: f64 = 20_037_509.0;
/// Eastings and northings of a zone and its neighbours.
const UTM_EASTINGS_METRES: std::ops::RangeInclusive<f64> = -500_000.0..=1_500_000.0;
const UTM_NORTHINGS_METRES: std::ops::RangeInclusive<f64> = 0.0..=10_000_000.0;

/// A coordinate system that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Crs {
    /// Degrees on WGS84.
    #[default]
    Wgs84,
    /// Web Mercator, metres.
    WebMercator,
    /// A zone of Universal Transverse Mercator on WGS84, metres.
    Utm(Zone),
}

/// A zone of UTM: six degrees of longitude on one side of the equator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// 1 to 60.
    pub number: u8,
    /// South of the equator.
    pub south: bool,
}

impl Crs {
    /// Its name in the EPSG register.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Wgs84 => "EPSG:4326".to_owned(),
            Self::WebMercator => "EPSG:3857".to_owned(),
            Self::Utm(zone) => {
                let side = if zone.south { 7 } else { 6 };
                format!("EPSG:32{side}{:02}", zone.number)
            }
        }
    }

    /// The system of this name, in the ways in which files write it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let ends = |codes: &[&str]| codes.iter().any(|code| name.ends_with(code));
        if ends(&["CRS84", ":4326"]) || ["WGS84", "4326"].contains(&name.as_str()) {
            return Some(Self::Wgs84);
        }
        if ends(&[":3857", ":900913", ":102100"]) || name == "3857" {
            return Some(Self::WebMercator);
        }
        // The digits after the last colon, or all of it: 13857 is not 3857.
        let code = name.rsplit(':').next().unwrap_or_default();
        Self::from_epsg(code.parse().ok()?)
    }

    /// The system of this number in the EPSG register.
    #[must_use]
    pub fn from_epsg(code: u32) -> Option<Self> {
        let zone = |first: u32, south| {
            let number = u8::try_from(code.checked_sub(first)?).ok()?;
            (1..=60)
                .contains(&number)
                .then_some(Self::Utm(Zone { number, south }))
        };
        match code {
            4326 => Some(Self::Wgs84),
            3857 => Some(Self::WebMercator),
            32_601..=32_660 => zone(32_600, false),
            32_701..=32_760 => zone(32_700, true),
            _ => None,
        }
    }

    /// Longitude and latitude in degrees of what a file has in their place. For Web Mercator the
    /// inverse of the spherical projection (IOGP Guidance Note 7-2, method 1024), for UTM that of
    /// the transverse Mercator (method 9807). A pair far outside a zone is no position.
    #[must_use]
    pub fn degrees(self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 => [x, y],
            Self::WebMercator => [
                (x / SPHERE_METRES).to_degrees(),
                (y / SPHERE_METRES).sinh().atan().to_degrees(),
            ],
            Self::Utm(zone) => Utm::new(zone).degrees([x, y]),
        }
    }

    /// What this system has in the place of a longitude and a latitude in degrees.
    #[must_use]
    pub fn projected(self, [longitude, latitude]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 => [longitude, latitude],
            Self::WebMercator => [
                longitude.to_radians() * SPHERE_METRES,
                latitude.to_radians().tan().asinh() * SPHERE_METRES,
            ],
            Self::Utm(zone) => Utm::new(zone).projected([longitude, latitude]),
        }
    }
}

impl From<Crs> for String {
    fn from(crs: Crs) -> Self {
        crs.code()
    }
}

impl TryFrom<String> for Crs {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name).ok_or_else(|| {
            format!("{name:?} is not EPSG:4326, EPSG:3857 or a UTM zone (EPSG:32601 to EPSG:32760)")
        })
    }
}

/// The system that a file, mapping or manifest names.
pub(super) fn named(file: &str, name: &str) -> Result<Crs, ImportError> {
    Crs::from_name(name).ok_or_else(|| unknown(file, name))
}

/// The refusal of a system that is not known here.
pub(super) fn unknown(file: &str, name: &str) -> ImportError {
    ImportError::Projected {
        file: file.to_owned(),
        crs: name.to_owned(),
    }
}

/// Whether a pair cannot be degrees.
fn beyond_degrees(pair: &[f64; 2]) -> bool {
    pair.iter().any(|number| number.abs() > LARGEST_DEGREES)
}

impl Crs {
    /// Whether a pair may be in this system: degrees are no metres, and a zone of UTM does not reach
    /// beyond its own numbers.
    pub(super) fn fits(self, pair: &[f64; 2]) -> bool {
        let [x, y] = pair;
        match self {
            Self::Wgs84 => !beyond_degrees(pair),
            Self::WebMercator => {
                beyond_degrees(pair) && x.abs().max(y.abs()) <= WEB_MERCATOR_METRES
            }
            Self::Utm(_) => {
                beyond_degrees(pair)
                    && UTM_EASTINGS_METRES.contains(x)
                    && UTM_NORTHINGS_METRES.contains(y)
            }
        }
    }
}

/// Refuses a file most of whose positions contradict its system.
pub(super) fn check(file: &str, crs: Crs, fitting: usize, drawn: usize) -> Result<(), ImportError> {
    match crs {
        Crs::Wgs84 if (drawn - fitting.min(drawn)) * 2 > drawn => {
            Err(unknown(file, "metres of a projection (EPSG:3857?)"))
        }
        Crs::WebMercator | Crs::Utm(_) if drawn > 0 && fitting * 2 < drawn => {
            Err(ImportError::NotProjected {
                file: file.to_owned(),
                crs: crs.code(),
            })
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
        for name in ["EPSG:32733", "urn:ogc:def:crs:EPSG::32733", "32733"] {
            let zone = Crs::Utm(Zone {
                number: 33,
                south: true,
            });
            assert_eq!(Crs::from_name(name), Some(zone), "{name}");
            assert_eq!(zone.code(), "EPSG:32733");
        }
        for name in [
            "EPSG:13857",
            "EPSG:32600",
            "EPSG:32661",
            "EPSG:2154",
            "ESRI:102022",
            "",
        ] {
            assert_eq!(Crs::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn web_mercator_becomes_degrees() {
        // The example of IOGP Guidance Note 7-2, method 1024: 24°22'54.433"N, 100°20'00.000"W.
        let [longitude, latitude] = Crs::WebMercator.degrees([-11_169_055.58, 2_800_000.00]);
        assert!((longitude - -100.333_333).abs() < 1e-5, "{longitude}");
        assert!((latitude - 24.381_787).abs() < 1e-5, "{latitude}");
        let [x, y] = Crs::WebMercator.projected([longitude, latitude]);
        assert!((x - -11_169_055.58).abs() < 1e-3 && (y - 2_800_000.0).abs() < 1e-3);
        let [longitude, latitude] = Crs::Wgs84.degrees([15.0, -4.0]);
        assert_eq!(
            (longitude.to_bits(), latitude.to_bits()),
            (15.0_f64.to_bits(), (-4.0_f64).to_bits())
        );
    }

    #[test]
    fn a_file_that_contradicts_its_system_is_refused() {
        assert!(matches!(
            check("f", Crs::Wgs84, 1, 10),
            Err(ImportError::Projected { .. })
        ));
        assert!(matches!(
            check("f", Crs::WebMercator, 1, 10),
            Err(ImportError::NotProjected { .. })
        ));
        assert!(check("f", Crs::Wgs84, 9, 10).is_ok());
        assert!(check("f", Crs::WebMercator, 10, 10).is_ok());
    }

    #[test]
    fn a_pair_of_another_system_does_not_fit() {
        let zone = Crs::from_epsg(32_733).unwrap();
        assert!(zone.fits(&[526_954.0, 9_528_753.0]));
        for foreign in [
            [1_669_792.0, -446_000.0],
            [15.2, -4.2],
            [526_954.0, 12_000_000.0],
        ] {
            assert!(!zone.fits(&foreign), "{foreign:?}");
        }
        assert!(Crs::WebMercator.fits(&[1_669_792.0, -446_000.0]));
        assert!(!Crs::WebMercator.fits(&[1.2, 6.1]));
        assert!(Crs::Wgs84.fits(&[1.2, 6.1]));
    }
}
