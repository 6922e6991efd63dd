//! The features of a layer's file, and what is wrong with the others.

use desserte_planning::Position;
use desserte_planning::layer::{Line, Place, Point, Region};

use super::population::is_area;
use super::{Entry, LayerField};
use crate::import::columns::Columns;
use crate::import::report::{Reason, Refusals, RowRanges};
use crate::import::sites::parse_degrees;
use crate::import::table::{Geometry, Pair, Record, Table};
use crate::import::{ImportError, MAX_FIELD_BYTES};

/// What became of the rows, beside the features.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) left_out: usize,
    pub(super) refused: Refusals,
    pub(super) unread_populations: RowRanges,
    pub(super) dominant_populations: RowRanges,
    pub(super) unnamed: RowRanges,
    /// The rows of the features that were taken, in their order.
    pub(super) taken: Vec<usize>,
    /// The first position of every feature, and its row.
    pub(super) positions: Vec<(Position, usize)>,
}

/// The field of a refused row, what stood there, why.
type No = (String, Option<String>, Reason);

/// Reads the features of one file.
pub(super) struct Reader<'t> {
    entry: &'t Entry,
    table: &'t Table,
    columns: Columns<LayerField>,
}

impl<'t> Reader<'t> {
    /// Finds the manifest's columns in the file.
    pub(super) fn new(entry: &'t Entry, table: &'t Table) -> Result<Self, ImportError> {
        let coordinates = [
            (LayerField::Latitude, "latitude"),
            (LayerField::Longitude, "longitude"),
        ];
        let own = if table.has_geometry {
            &[][..]
        } else {
            &coordinates[..]
        };
        let columns = Columns::find(table, &entry.columns, &entry.keep, own)?;
        table.check_metres(
            columns.first(LayerField::Latitude),
            columns.first(LayerField::Longitude),
        )?;
        Ok(Self {
            entry,
            table,
            columns,
        })
    }

    /// Every feature that can be read; what becomes of the others is noted.
    pub(super) fn all<F>(
        &self,
        rows: &mut Rows,
        read: impl Fn(&Self, &Record, &mut Rows) -> Result<Vec<F>, No>,
    ) -> Vec<F> {
        let mut features = Vec::new();
        for record in &self.table.records {
            let outcome = if let Some(reason) = self.table.misfit(record) {
                Err(("*".to_owned(), None, reason))
            } else if !self.columns.keeps(record) {
                rows.left_out += 1;
                continue;
            } else {
                read(self, record, rows)
            };
            match outcome {
                Ok(read) => {
                    rows.taken.resize(rows.taken.len() + read.len(), record.row);
                    features.extend(read);
                }
                Err((field, value, reason)) => {
                    let file = &self.entry.file;
                    rows.refused
                        .add(file, record.row, &field, value.as_deref(), &reason);
                }
            }
        }
        features
    }

    /// The name of a feature; that it has none is noted where a name is to be shown.
    fn noted_name(&self, record: &Record, rows: &mut Rows) -> Result<Option<String>, No> {
        let name = self.name(record)?;
        if name.is_none() && self.columns.has(LayerField::Name) {
            rows.unnamed.add(record.row);
        }
        Ok(name)
    }

    fn name(&self, record: &Record) -> Result<Option<String>, No> {
        let Some(name) = self.columns.value(record, LayerField::Name) else {
            return Ok(None);
        };
        if name.len() > MAX_FIELD_BYTES {
            let reason = Reason::FieldTooLong {
                bytes: name.len(),
                limit: MAX_FIELD_BYTES,
            };
            return Err(("name".to_owned(), Some(name.to_owned()), reason));
        }
        Ok(Some(name.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    fn position(&self, record: &Record) -> Result<Position, No> {
        if let Geometry::Point(pair) = &record.geometry {
            return checked(pair);
        }
        if self.table.has_geometry {
            return Err(unfit(record));
        }
        let degrees = |field, name: &str| {
            let raw = self
                .columns
                .value(record, field)
                .ok_or_else(|| (name.to_owned(), None, Reason::CoordinateMissing))?;
            parse_degrees(raw).ok_or_else(|| {
                (
                    name.to_owned(),
                    Some(raw.to_owned()),
                    Reason::CoordinateInvalid,
                )
            })
        };
        let latitude = degrees(LayerField::Latitude, "latitude")?;
        let longitude = degrees(LayerField::Longitude, "longitude")?;
        checked(&self.table.crs.degrees([longitude, latitude]))
    }

    /// A fibre node or a mast.
    pub(super) fn point(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Point>, No> {
        let position = self.position(record)?;
        rows.positions.push((position, record.row));
        Ok(vec![Point {
            name: self.name(record)?,
            position,
        }])
    }

    /// A place; a population that cannot be read is unknown.
    pub(super) fn place(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Place>, No> {
        let position = self.position(record)?;
        if let Some(class) = self.columns.value(record, LayerField::Class)
            && is_area(class)
        {
            return Err((
                "class".to_owned(),
                Some(class.to_owned()),
                Reason::PlaceIsArea,
            ));
        }
        let raw = self.columns.value(record, LayerField::Population);
        let population = raw.and_then(|raw| raw.parse::<u64>().ok());
        if raw.is_some() && population.is_none() {
            rows.unread_populations.add(record.row);
        }
        rows.positions.push((position, record.row));
        let population = population.filter(|inhabitants| *inhabitants > 0);
        Ok(vec![Place {
            name: self.noted_name(record, rows)?,
            position,
            population,
        }])
    }

    /// The routes of a feature: the parts that have a length.
    pub(super) fn lines(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Line>, No> {
        let Geometry::Lines(parts) = &record.geometry else {
            return Err(unfit(record));
        };
        let name = self.name(record)?;
        let mut lines = Vec::new();
        for part in parts {
            let positions = path(part)?;
            if positions.windows(2).any(|pair| pair.first() != pair.last()) {
                rows.positions
                    .extend(positions.first().map(|first| (*first, record.row)));
                lines.push(Line {
                    name: name.clone(),
                    positions,
                });
            }
        }
        if lines.is_empty() {
            return Err(("geometry".to_owned(), name, Reason::LineWithoutLength));
        }
        Ok(lines)
    }

    /// The outer rings of a feature.
    pub(super) fn region(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Region>, No> {
        let Geometry::Rings(parts) = &record.geometry else {
            return Err(unfit(record));
        };
        let rings: Vec<Vec<Position>> = parts
            .iter()
            .map(|part| path(part))
            .collect::<Result<_, No>>()?;
        rows.positions.extend(
            rings
                .iter()
                .flatten()
                .next()
                .map(|first| (*first, record.row)),
        );
        Ok(vec![Region {
            name: self.noted_name(record, rows)?,
            rings,
        }])
    }
}

fn path(pairs: &[Pair]) -> Result<Vec<Position>, No> {
    pairs.iter().map(checked).collect()
}

/// A position, or why it is none: one wrong vertex refuses the feature, a line that runs through
/// 0, 0 would be near everything.
fn checked(pair: &Pair) -> Result<Position, No> {
    let [longitude, latitude] = *pair;
    let no = |reason| {
        (
            "geometry".to_owned(),
            Some(format!("{latitude}, {longitude}")),
            reason,
        )
    };
    if latitude.abs() < f64::EPSILON && longitude.abs() < f64::EPSILON {
        return Err(no(Reason::NullIsland));
    }
    if latitude.abs() > 360.0 || longitude.abs() > 360.0 {
        return Err(no(Reason::CoordinatesProjected));
    }
    Position::new(latitude, longitude).map_err(|_| no(Reason::CoordinateOutOfRange))
}

fn unfit(record: &Record) -> No {
    let reason = match &record.geometry {
        Geometry::None => Reason::GeometryMissing,
        Geometry::Point(_) => Reason::GeometryUnfit {
            found: "Point".to_owned(),
        },
        Geometry::Lines(_) => Reason::GeometryUnfit {
            found: "LineString".to_owned(),
        },
        Geometry::Rings(_) => Reason::GeometryUnfit {
            found: "Polygon".to_owned(),
        },
        Geometry::Unreadable(found) => Reason::GeometryUnfit {
            found: found.clone(),
        },
    };
    ("geometry".to_owned(), None, reason)
}
