//! Rows that say the same site twice.

use std::collections::HashMap;

use desserte_planning::Position;
use desserte_planning::geodesy::metres_between;

use super::DUPLICATE_METRES;
use super::report::Reason;
use super::site::SiteRow;

/// Cells of the grid, a degree: 110 m of latitude, and more than [`DUPLICATE_METRES`] of longitude
/// up to 62 degrees from the equator.
const CELLS_PER_DEGREE: f64 = 1_000.0;

/// Name without case, kind, cell.
type Cell = (String, &'static str, i64, i64);

/// What was accepted so far; the first of several equal rows is kept.
#[derive(Default)]
pub(super) struct Seen {
    ids: HashMap<String, usize>,
    cells: HashMap<Cell, Vec<(Position, usize)>>,
}

impl Seen {
    /// The reason to refuse the row, and the field; otherwise the row is remembered.
    pub(super) fn check(&mut self, site: &SiteRow) -> Option<(&'static str, Reason)> {
        // Rows at one place under one name have one derived identifier: the better reason is
        // looked for first.
        if let Some(reason) = self.near(site) {
            return Some(("name", reason));
        }
        if let Some(first_row) = self.ids.get(&site.id) {
            return Some((
                "id",
                Reason::IdRepeated {
                    first_row: *first_row,
                },
            ));
        }
        self.ids.insert(site.id.clone(), site.row);
        if let Some(cell) = cell_of(site, 0, 0) {
            self.cells
                .entry(cell)
                .or_default()
                .push((site.position, site.row));
        }
        None
    }

    fn near(&self, site: &SiteRow) -> Option<Reason> {
        let offsets = [-1, 0, 1];
        let around = offsets
            .iter()
            .flat_map(|dy| offsets.iter().map(move |dx| (*dx, *dy)));
        around
            .filter_map(|(dx, dy)| self.cells.get(&cell_of(site, dx, dy)?))
            .flatten()
            .map(|(position, row)| (metres_between(*position, site.position), *row))
            .filter(|(metres, _)| *metres <= DUPLICATE_METRES)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(metres, first_row)| Reason::SiteRepeated {
                first_row,
                metres: whole(metres),
            })
    }
}

/// Sites without a name are never taken for each other: two unnamed schools may share a yard.
fn cell_of(site: &SiteRow, dx: i64, dy: i64) -> Option<Cell> {
    let name = site.name.as_ref()?.to_lowercase();
    let x = cell(site.position.longitude()) + dx;
    let y = cell(site.position.latitude()) + dy;
    Some((name, site.kind.code(), x, y))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees × 1,000 stay far below 2^63"
)]
fn cell(degrees: f64) -> i64 {
    (degrees * CELLS_PER_DEGREE).floor() as i64
}

/// Metres or kilometres for a sentence.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a distance on the earth is positive and fits"
)]
pub(super) fn whole(length: f64) -> u32 {
    length.round() as u32
}
