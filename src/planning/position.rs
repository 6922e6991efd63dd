//! A checked position on the earth.

use serde::{Deserialize, Serialize};

/// A WGS84 position in degrees: finite, latitude within ±90, longitude within ±180.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPosition", into = "RawPosition")]
pub struct Position {
    latitude: f64,
    longitude: f64,
}

/// Why two numbers are no WGS84 position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PositionError {
    /// The latitude is not a number or beyond ±90 degrees.
    #[error("reading a position: latitude {0} is not within -90 and 90 degrees")]
    Latitude(f64),
    /// The longitude is not a number or beyond ±180 degrees.
    #[error("reading a position: longitude {0} is not within -180 and 180 degrees")]
    Longitude(f64),
}

impl Position {
    /// A position from degrees; latitude first, as people say it.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, PositionError> {
        // `contains` is false for NaN, hence also the refusal of it.
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(PositionError::Latitude(latitude));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(PositionError::Longitude(longitude));
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north of the equator.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// A position from numbers that were computed from checked ones: clamps and wraps what
    /// rounding pushed over an edge.
    pub(crate) fn wrapped(latitude: f64, longitude: f64) -> Self {
        let longitude = if longitude.abs() > 180.0 {
            (longitude + 180.0).rem_euclid(360.0) - 180.0
        } else {
            longitude
        };
        Self {
            latitude: latitude.clamp(-90.0, 90.0),
            longitude,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPosition {
    latitude: f64,
    longitude: f64,
}

impl TryFrom<RawPosition> for Position {
    type Error = PositionError;

    fn try_from(raw: RawPosition) -> Result<Self, PositionError> {
        Self::new(raw.latitude, raw.longitude)
    }
}

impl From<Position> for RawPosition {
    fn from(position: Position) -> Self {
        Self {
            latitude: position.latitude,
            longitude: position.longitude,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_position() {
        assert_eq!(Position::new(90.5, 0.0), Err(PositionError::Latitude(90.5)));
        assert_eq!(
            Position::new(0.0, -180.1),
            Err(PositionError::Longitude(-180.1))
        );
        assert!(Position::new(f64::NAN, 0.0).is_err());
        assert!(Position::new(0.0, f64::INFINITY).is_err());
        assert!(Position::new(-90.0, 180.0).is_ok());
    }
}
