//! Heights of the ground, as a grid.

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::Position;
use crate::geodesy::metres_between;

/// What stands in a grid where the height is not known (SRTM's own mark).
pub const NO_HEIGHT: i16 = i16::MIN;
/// A position this close to a sample, in steps, is at it: grids of neighbouring tiles repeat their
/// edge, and rounding must not open a seam between them.
const AT_SAMPLE_STEPS: f64 = 1e-6;

/// A rectangle of samples, the north-western first, row by row to the south.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TerrainTile {
    /// Its name in the source.
    pub name: Option<String>,
    /// Where the first sample is.
    pub north_west: Position,
    /// Degrees of latitude from a row to the next one to the south, above zero.
    pub step_latitude_degrees: f64,
    /// Degrees of longitude from a column to the next one to the east, above zero.
    pub step_longitude_degrees: f64,
    /// Samples of a row.
    pub columns: u32,
    /// Metres above mean sea level (the geoid of the source), [`NO_HEIGHT`] where unknown.
    pub heights_metres: Vec<i16>,
}

impl TerrainTile {
    /// The height at a position, metres, bilinear between the four samples around it; `None`
    /// outside the tile and where one of the samples that count is unknown.
    #[must_use]
    pub fn height_metres(&self, at: Position) -> Option<f64> {
        let south = (self.north_west.latitude() - at.latitude()) / self.step_latitude_degrees;
        let east = (at.longitude() - self.north_west.longitude()) / self.step_longitude_degrees;
        let (row, to_south) = split(south)?;
        let (column, to_east) = split(east)?;
        let corners = [
            (row, column, (1.0 - to_south) * (1.0 - to_east)),
            (row, column + 1, (1.0 - to_south) * to_east),
            (row + 1, column, to_south * (1.0 - to_east)),
            (row + 1, column + 1, to_south * to_east),
        ];
        let mut height = 0.0;
        for (row, column, weight) in corners {
            // A sample without weight may lie outside the tile: the position is on its edge.
            if weight > 0.0 {
                height += weight * self.sample(row, column)?;
            }
        }
        Some(height)
    }

    /// The height of a sample, metres.
    fn sample(&self, row: usize, column: usize) -> Option<f64> {
        let columns = self.columns as usize;
        if column >= columns {
            return None;
        }
        let metres = *self.heights_metres.get(row * columns + column)?;
        (metres != NO_HEIGHT).then(|| f64::from(metres))
    }
}

/// The whole steps before a place in the grid, and the share of the step that it is into.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within 0 and the largest number of rows"
)]
fn split(steps: f64) -> Option<(usize, f64)> {
    let nearest = steps.round();
    let steps = if (steps - nearest).abs() < AT_SAMPLE_STEPS {
        nearest
    } else {
        steps
    };
    if !(0.0..f64::from(u32::MAX)).contains(&steps) {
        return None;
    }
    Some((steps.floor() as usize, steps.fract()))
}

/// All tiles of all layers, asked as one ground.
#[derive(Debug, Clone, Copy)]
pub struct Terrain<'l>(&'l [Layer<TerrainTile>]);

impl<'l> Terrain<'l> {
    /// The ground of these layers; where two know a height, the layer that was imported first.
    #[must_use]
    pub fn new(layers: &'l [Layer<TerrainTile>]) -> Self {
        Self(layers)
    }

    /// The height at a position, metres; `None` where no layer knows it.
    #[must_use]
    pub fn height_metres(&self, at: Position) -> Option<f64> {
        let mut tiles = self.0.iter().flat_map(|layer| &layer.features);
        tiles.find_map(|tile| tile.height_metres(at))
    }

    /// Metres from the start and the height there, from one position to another in steps no longer
    /// than asked (and at least the two ends), straight in longitude and latitude. A height that
    /// nobody knows is `None`, never a zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by PROFILE_STEPS_MAX"
    )]
    pub fn profile(
        &self,
        from: Position,
        to: Position,
        step_metres: f64,
    ) -> Vec<(f64, Option<f64>)> {
        let length = metres_between(from, to);
        let steps = (length / step_metres).ceil().clamp(1.0, PROFILE_STEPS_MAX) as u32;
        (0..=steps)
            .map(|number| {
                let share = f64::from(number) / f64::from(steps);
                let at = Position::wrapped(
                    from.latitude() + share * (to.latitude() - from.latitude()),
                    from.longitude() + share * (to.longitude() - from.longitude()),
                );
                (share * length, self.height_metres(at))
            })
            .collect()
    }
}

/// Most steps of a profile: a microwave link of 100 km in steps of 10 m.
const PROFILE_STEPS_MAX: f64 = 10_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    /// Three by three samples, a degree apart, the middle of the last row unknown.
    fn tile() -> TerrainTile {
        TerrainTile {
            name: None,
            north_west: at(2.0, 10.0),
            step_latitude_degrees: 1.0,
            step_longitude_degrees: 1.0,
            columns: 3,
            heights_metres: vec![100, 200, 300, 300, 400, 500, 0, NO_HEIGHT, 50],
        }
    }

    fn height(latitude: f64, longitude: f64) -> Option<i64> {
        let metres = tile().height_metres(at(latitude, longitude))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "heights of the test are small"
        )]
        Some(metres.round() as i64)
    }

    #[test]
    fn heights_are_those_of_the_samples_and_between_them() {
        assert_eq!(height(2.0, 10.0), Some(100));
        assert_eq!(height(2.0, 12.0), Some(300), "the eastern edge");
        assert_eq!(height(0.0, 12.0), Some(50), "the corner");
        assert_eq!(height(1.5, 10.5), Some(250), "the mean of four");
        assert_eq!(height(1.0, 10.25), Some(325));
    }

    #[test]
    fn what_is_not_known_is_no_height() {
        assert_eq!(height(0.0, 11.0), None);
        assert_eq!(height(0.5, 11.5), None, "one of the four is unknown");
        assert_eq!(height(2.1, 10.0), None);
        assert_eq!(height(1.0, 9.9), None);
        assert_eq!(height(1.0, 12.1), None);
    }

    #[test]
    fn a_profile_runs_over_the_tiles_from_end_to_end() {
        let layer = Layer {
            provenance: crate::layer::Provenance {
                layer: "synthetic".to_owned(),
                source: "synthetic, for tests".to_owned(),
                licence: "none".to_owned(),
                date: "2026".to_owned(),
                uncertainty: "invented".to_owned(),
                uncertainty_class: crate::layer::UncertaintyClass::Unknown,
            },
            features: vec![tile()],
        };
        let layers = [layer];
        let terrain = Terrain::new(&layers);
        let profile = terrain.profile(at(2.0, 10.0), at(2.0, 12.0), 60_000.0);
        let heights: Vec<Option<f64>> = profile.iter().map(|(_, height)| *height).collect();
        assert_eq!(heights.first(), Some(&Some(100.0)));
        assert_eq!(heights.last(), Some(&Some(300.0)));
        assert_eq!(heights.len(), 5);
        assert!((profile[4].0 - metres_between(at(2.0, 10.0), at(2.0, 12.0))).abs() < 1e-6);
        let beyond = terrain.profile(at(2.0, 12.0), at(2.0, 13.0), 60_000.0);
        assert_eq!(beyond[1].1, None);
    }
}
