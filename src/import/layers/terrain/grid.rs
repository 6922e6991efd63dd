//! A grid of heights in degrees, before it becomes a tile.

use desserte_planning::Position;
use desserte_planning::layer::{NO_HEIGHT, TerrainTile};

/// Samples nearer than this are thinned, degrees: three seconds of arc, some 90 m.
const FINEST_DEGREES: f64 = 3.0 / 3_600.0;
/// Room for rounding in a step.
const STEP_SLACK: f64 = 1.01;

/// Samples from the north-west, row by row.
pub(super) struct Grid {
    pub(super) name: String,
    /// Degrees of the first column and row.
    pub(super) west: f64,
    pub(super) north: f64,
    /// Degrees between columns and between rows, above zero.
    pub(super) step_longitude: f64,
    pub(super) step_latitude: f64,
    pub(super) columns: usize,
    /// Metres; `None` where unknown.
    pub(super) heights: Vec<Option<f64>>,
}

impl Grid {
    /// No finer than three seconds: every so many samples one, the highest of those around it. The
    /// first and the last sample of a row stay where they are when the steps allow, so that tiles
    /// still meet.
    pub(super) fn thinned(self) -> Self {
        let factor = |step: f64| whole_steps(FINEST_DEGREES * STEP_SLACK / step);
        let (over, down) = (factor(self.step_longitude), factor(self.step_latitude));
        if (over, down) == (1, 1) || self.columns == 0 {
            return self;
        }
        let rows = self.heights.len() / self.columns;
        let columns = self.columns.div_ceil(over);
        let mut heights = Vec::with_capacity(columns * rows.div_ceil(down));
        for row in (0..rows).step_by(down) {
            for column in (0..self.columns).step_by(over) {
                heights.push(self.highest((row, down / 2), (column, over / 2), rows));
            }
        }
        Self {
            step_longitude: self.step_longitude * steps(over),
            step_latitude: self.step_latitude * steps(down),
            columns,
            heights,
            ..self
        }
    }

    /// The highest known sample within so many rows and columns.
    fn highest(
        &self,
        (row, rows_around): (usize, usize),
        (column, columns_around): (usize, usize),
        rows: usize,
    ) -> Option<f64> {
        let last = |at: usize, around: usize, count: usize| (at + around).min(count - 1);
        let rows = row.saturating_sub(rows_around)..=last(row, rows_around, rows);
        let columns =
            column.saturating_sub(columns_around)..=last(column, columns_around, self.columns);
        let samples = rows.flat_map(|row| {
            let from = row * self.columns + columns.start();
            let to = row * self.columns + columns.end();
            self.heights.get(from..=to).unwrap_or_default()
        });
        samples.flatten().copied().reduce(f64::max)
    }

    /// As planning has it: whole metres. `None`: its corner is no position.
    pub(super) fn tile(self) -> Option<TerrainTile> {
        let heights = self.heights.into_iter();
        let heights = heights.map(|height| height.map_or(NO_HEIGHT, whole_metres));
        // A raster of areas may begin half a sample beyond the pole or the date line.
        let north_west = Position::new(
            self.north.clamp(-90.0, 90.0),
            self.west.clamp(-180.0, 180.0),
        )
        .ok()?;
        Some(TerrainTile {
            name: Some(self.name),
            north_west,
            step_latitude_degrees: self.step_latitude,
            step_longitude_degrees: self.step_longitude,
            columns: u32::try_from(self.columns).ok()?,
            heights_metres: heights.collect(),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no height on earth is beyond 9,000 m or below −11,000 m; clamped besides"
)]
fn whole_metres(metres: f64) -> i16 {
    metres
        .round()
        .clamp(f64::from(NO_HEIGHT + 1), f64::from(i16::MAX)) as i16
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1 and 1,000"
)]
fn whole_steps(steps: f64) -> usize {
    steps.floor().clamp(1.0, 1_000.0) as usize
}

#[expect(clippy::cast_precision_loss, reason = "at most 1,000")]
fn steps(count: usize) -> f64 {
    count as f64
}
