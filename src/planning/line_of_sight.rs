//! Whether two antennas see each other over a terrain profile.
//!
//! The criteria are those of ITU-R P.530 (section 2.2.2, path clearance without diversity): with the
//! median earth radius factor k = 4/3 the whole first Fresnel zone is to be free, and with a low
//! k = 0.6 still 60 % of it. A profile is a list of heights; where no terrain is known there is no
//! profile, and whoever asks must say *unknown*.

use serde::Serialize;

/// Mean radius of the earth, metres.
const EARTH_RADIUS_METRES: f64 = 6_371_000.0;
/// Speed of light, metres a second.
const LIGHT_METRES_PER_SECOND: f64 = 299_792_458.0;
/// Factor of the earth's radius and share of the first Fresnel zone that must be free.
const CRITERIA: [(f64, f64); 2] = [(4.0 / 3.0, 1.0), (0.6, 0.6)];

/// The ground at a distance along the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfilePoint {
    /// Metres from the first antenna.
    pub metres: f64,
    /// Metres above sea level, with what stands on the ground.
    pub height_metres: f64,
}

/// A path between two antennas. The first and the last point are the ground below them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadioPath<'p> {
    /// The ground, by distance.
    pub profile: &'p [ProfilePoint],
    /// First antenna, metres above its ground.
    pub from_antenna_metres: f64,
    /// Last antenna, metres above its ground.
    pub to_antenna_metres: f64,
    /// Hertz.
    pub frequency_hertz: f64,
}

/// Why a profile says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Fewer than two points, or no length.
    #[error("a profile needs two points that are apart")]
    TooShort,
    /// A distance or a height is no number, or distances do not grow.
    #[error(
        "point {0} of the profile (counted from 0) is no number, or not farther than the one before"
    )]
    Point(usize),
    /// The frequency is not above 0.
    #[error("the frequency must be a number above 0")]
    Frequency,
}

/// What a path leaves free.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sight {
    /// Whether both criteria hold.
    pub clear: bool,
    /// The least that is free beyond the whole first Fresnel zone at k = 4/3, metres; negative: missing.
    pub margin_metres: f64,
    /// The least that is free beyond 60 % of it at k = 0.6, metres.
    pub margin_low_metres: f64,
    /// Where less is free than anywhere else, metres from the first antenna.
    pub tightest_metres: f64,
}

/// What the path leaves free.
pub fn sight(path: &RadioPath<'_>) -> Result<Sight, ProfileError> {
    let (Some(first), Some(last)) = (path.profile.first(), path.profile.last()) else {
        return Err(ProfileError::TooShort);
    };
    let mut before = f64::NEG_INFINITY;
    for (number, point) in path.profile.iter().enumerate() {
        let grows = point.metres.is_finite() && point.metres > before;
        if !grows || !point.height_metres.is_finite() {
            return Err(ProfileError::Point(number));
        }
        before = point.metres;
    }
    let length = last.metres - first.metres;
    if path.profile.len() < 2 {
        return Err(ProfileError::TooShort);
    }
    if !(path.frequency_hertz.is_finite() && path.frequency_hertz > 0.0) {
        return Err(ProfileError::Frequency);
    }
    let wave = LIGHT_METRES_PER_SECOND / path.frequency_hertz;
    let (low, high) = (
        first.height_metres + path.from_antenna_metres,
        last.height_metres + path.to_antenna_metres,
    );
    let margins = CRITERIA.map(|(factor, share)| {
        let free = path.profile.iter().map(|point| {
            let (near, far) = (point.metres - first.metres, last.metres - point.metres);
            let ray = low + (high - low) * near / length;
            // The chord's height over the bulge of the earth, and the radius of the zone.
            let bulge = near * far / (2.0 * factor * EARTH_RADIUS_METRES);
            let zone = (wave * near * far / length).sqrt();
            (
                ray - point.height_metres - bulge - share * zone,
                point.metres,
            )
        });
        free.min_by(|(a, _), (b, _)| a.total_cmp(b))
            .unwrap_or((f64::NEG_INFINITY, 0.0))
    });
    let [(margin, at), (margin_low, at_low)] = margins;
    Ok(Sight {
        clear: margin >= 0.0 && margin_low >= 0.0,
        margin_metres: margin,
        margin_low_metres: margin_low,
        tightest_metres: if margin <= margin_low { at } else { at_low },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(length: f64, height: impl Fn(f64) -> f64) -> Vec<ProfilePoint> {
        (0..=100)
            .map(|step| length * f64::from(step) / 100.0)
            .map(|metres| ProfilePoint {
                metres,
                height_metres: height(metres),
            })
            .collect()
    }

    fn path(profile: &[ProfilePoint], antenna: f64) -> RadioPath<'_> {
        RadioPath {
            profile,
            from_antenna_metres: antenna,
            to_antenna_metres: antenna,
            frequency_hertz: 6e9,
        }
    }

    #[test]
    fn clearance_over_a_plain_is_what_the_formulas_give() {
        // 40 km, middle: bulge 20,000² / (2 · 4/3 · 6,371,000) = 23.54 m, and / (2 · 0.6 · …) = 52.32 m;
        // zone √(0.0499654 · 20,000² / 40,000) = 22.353 m, 60 % of it 13.412 m.
        let ground = flat(40_000.0, |_| 100.0);
        let seen = sight(&path(&ground, 70.0)).unwrap();
        assert!(
            (seen.margin_metres - (70.0 - 23.543 - 22.353)).abs() < 0.01,
            "{seen:?}"
        );
        assert!(
            (seen.margin_low_metres - (70.0 - 52.320 - 13.412)).abs() < 0.01,
            "{seen:?}"
        );
        assert!(seen.clear);
        assert!((seen.tightest_metres - 20_000.0).abs() < 1.0);
        // What k = 4/3 allows, k = 0.6 refuses.
        let lower = sight(&path(&ground, 50.0)).unwrap();
        assert!(lower.margin_metres > 0.0 && lower.margin_low_metres < 0.0 && !lower.clear);
    }

    #[test]
    fn a_hill_hides_and_a_slope_does_not() {
        let hill = flat(10_000.0, |metres| {
            if (metres - 3_000.0).abs() < 60.0 {
                190.0
            } else {
                100.0
            }
        });
        let hidden = sight(&path(&hill, 60.0)).unwrap();
        assert!(!hidden.clear);
        assert!((hidden.tightest_metres - 3_000.0).abs() < 1.0);
        let slope = flat(10_000.0, |metres| 100.0 + metres / 20.0);
        assert!(
            sight(&path(&slope, 60.0)).unwrap().clear,
            "the ray rises with the ground"
        );
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        assert_eq!(sight(&path(&[], 30.0)), Err(ProfileError::TooShort));
        let mut ground = flat(10_000.0, |_| 0.0);
        ground[3].metres = ground[2].metres;
        assert_eq!(sight(&path(&ground, 30.0)), Err(ProfileError::Point(3)));
        let ground = flat(
            10_000.0,
            |metres| if metres > 5_000.0 { f64::NAN } else { 0.0 },
        );
        assert_eq!(sight(&path(&ground, 30.0)), Err(ProfileError::Point(51)));
        let ground = flat(10_000.0, |_| 0.0);
        let silent = RadioPath {
            frequency_hertz: 0.0,
            ..path(&ground, 30.0)
        };
        assert_eq!(sight(&silent), Err(ProfileError::Frequency));
    }
}
