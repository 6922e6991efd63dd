//! The outline of a country, against which positions are checked.

use desserte_planning::Position;
use desserte_planning::index::NearestIndex;

use super::table::{Form, Geometry, Table};
use super::{BORDER_TOLERANCE_METRES, ImportError};

/// An outline.
pub struct Country {
    rings: Vec<Vec<Position>>,
    border: NearestIndex,
}

/// How a position lies to the outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Inside.
    Inside,
    /// Outside, by less than an outline may be wrong.
    NearBorder,
    /// Outside by so many metres.
    Outside(f64),
}

impl Country {
    /// The outline from a GeoJSON file of polygons (`demo/congo/border.geojson`). Holes are
    /// ignored: an enclave is too rare a reason to refuse a site.
    pub fn from_geojson(file: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        let table = Table::read(file, bytes, Form::default())?;
        let mut rings = Vec::new();
        for record in table.records {
            if let Geometry::Polygons(polygons) = record.geometry {
                let outer = polygons.iter().filter_map(|polygon| polygon.first());
                rings.extend(outer.map(|ring| positions(ring)));
            }
        }
        rings.retain(|ring| ring.len() >= 3);
        if rings.is_empty() {
            return Err(ImportError::NoOutline {
                file: file.to_owned(),
            });
        }
        Ok(Self::of(rings))
    }

    /// The outline of rings, for instance of regions that were imported; `None` without any.
    #[must_use]
    pub fn from_rings(rings: Vec<Vec<Position>>) -> Option<Self> {
        (!rings.is_empty()).then(|| Self::of(rings))
    }

    fn of(rings: Vec<Vec<Position>>) -> Self {
        let border = NearestIndex::of_lines(rings.iter().map(Vec::as_slice));
        Self { rings, border }
    }

    /// Where a position lies.
    #[must_use]
    pub fn place(&self, position: Position) -> Place {
        if self.contains(position) {
            return Place::Inside;
        }
        match self.border.nearest(position) {
            Some(hit) if hit.metres <= BORDER_TOLERANCE_METRES => Place::NearBorder,
            Some(hit) => Place::Outside(hit.metres),
            None => Place::Outside(f64::INFINITY),
        }
    }

    /// Even-odd rule over all rings.
    fn contains(&self, position: Position) -> bool {
        let (x, y) = (position.longitude(), position.latitude());
        let crossings = self
            .rings
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
            .filter(|(a, b)| {
                (a.latitude() > y) != (b.latitude() > y) && {
                    let share = (y - a.latitude()) / (b.latitude() - a.latitude());
                    x < a.longitude() + share * (b.longitude() - a.longitude())
                }
            })
            .count();
        crossings % 2 == 1
    }
}

fn positions(pairs: &[[f64; 2]]) -> Vec<Position> {
    pairs
        .iter()
        .filter_map(|[longitude, latitude]| Position::new(*latitude, *longitude).ok())
        .collect()
}
