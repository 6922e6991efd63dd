//! The features of a layer's file, and what is wrong with the others.

use desserte_planning::Position;
use desserte_planning::layer::{
    CoverageArea, Extent, Generation, Line, Mast, Place, Point, Polygon, Region,
};

use super::population::is_area;
use super::{Entry, LayerField};
use crate::import::columns::Columns;
use crate::import::report::{Reason, Refusals, RowRanges};
use crate::import::sites::parse_degrees;
use crate::import::table::{Geometry, Pair, Record, Table};
use crate::import::{ImportError, MAX_FIELD_BYTES};

/// Farthest that a cell may reach, metres: no mobile network goes beyond (3GPP TS 45.010: 120 km).
const RADIUS_METRES_MAX: f64 = 120_000.0;

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
            } else if !self.columns.keeps(record) || self.is_of_another_layer(record) {
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

    /// In a file of several kinds: whether a feature draws what this layer does not.
    fn is_of_another_layer(&self, record: &Record) -> bool {
        let fits = match &record.geometry {
            Geometry::Point(_) => self.entry.kind.draws_points(),
            Geometry::Lines(_) => self.entry.kind.draws_lines(),
            Geometry::Polygons(_) => self.entry.kind.draws_polygons(),
            // Which part of a network it is, it says itself.
            Geometry::None | Geometry::Unreadable(_) => {
                let span = self
                    .table
                    .column("part")
                    .and_then(|part| record.value(part));
                span != Some("span") || self.entry.kind.draws_lines()
            }
        };
        self.table.mixed && !fits
    }

    /// What stands in a column, or what the manifest says for all rows.
    fn said<'r>(&'r self, record: &'r Record, field: LayerField) -> Option<&'r str> {
        let constant = || self.entry.constants.get(&field).map(|text| text.trim());
        self.columns.value(record, field).or_else(constant)
    }

    fn operator(&self, record: &Record) -> Result<Option<String>, No> {
        let Some(operator) = self.said(record, LayerField::Operator) else {
            return Ok(None);
        };
        if operator.len() > MAX_FIELD_BYTES {
            let reason = Reason::FieldTooLong {
                bytes: operator.len(),
                limit: MAX_FIELD_BYTES,
            };
            return Err(("operator".to_owned(), Some(operator.to_owned()), reason));
        }
        Ok(Some(operator.to_owned()))
    }

    /// A generation that nobody knows is refused: covered by what?
    fn generation(&self, record: &Record) -> Result<Option<Generation>, No> {
        let Some(word) = self.said(record, LayerField::Generation) else {
            return Ok(None);
        };
        let refused = || {
            (
                "generation".to_owned(),
                Some(word.to_owned()),
                Reason::GenerationUnknown,
            )
        };
        Generation::from_word(word).map(Some).ok_or_else(refused)
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

    /// A mast.
    pub(super) fn mast(&self, record: &Record, rows: &mut Rows) -> Result<Vec<Mast>, No> {
        let position = self.position(record)?;
        let mast = Mast {
            name: self.name(record)?,
            position,
            operator: self.operator(record)?,
            generation: self.generation(record)?,
        };
        rows.positions.push((position, record.row));
        Ok(vec![mast])
    }

    /// What a network covers: polygons, or a disc around a cell.
    pub(super) fn coverage(
        &self,
        record: &Record,
        rows: &mut Rows,
    ) -> Result<Vec<CoverageArea>, No> {
        let extent = if let Geometry::Polygons(polygons) = &record.geometry {
            Extent::Polygons(
                polygons
                    .iter()
                    .map(|rings| polygon(rings))
                    .collect::<Result<_, No>>()?,
            )
        } else {
            Extent::Disc {
                centre: self.position(record)?,
                radius_metres: self.radius(record)?,
            }
        };
        let area = CoverageArea {
            name: self.name(record)?,
            operator: self.operator(record)?,
            generation: self.generation(record)?,
            extent,
        };
        let first = match &area.extent {
            Extent::Disc { centre, .. } => Some(*centre),
            Extent::Polygons(polygons) => {
                polygons.iter().flat_map(|one| &one.outer).next().copied()
            }
        };
        rows.positions
            .extend(first.map(|first| (first, record.row)));
        Ok(vec![area])
    }

    fn radius(&self, record: &Record) -> Result<f64, No> {
        let no = |value: Option<&str>, reason| {
            ("radius_metres".to_owned(), value.map(str::to_owned), reason)
        };
        let raw = self
            .said(record, LayerField::RadiusMetres)
            .ok_or_else(|| no(None, Reason::RadiusMissing))?;
        let metres = raw.replace(',', ".").parse::<f64>().ok();
        metres
            .filter(|metres| *metres > 0.0 && *metres <= RADIUS_METRES_MAX)
            .ok_or_else(|| no(Some(raw), Reason::RadiusInvalid))
    }

    /// A node of fibre or electricity.
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
        let Geometry::Polygons(polygons) = &record.geometry else {
            return Err(unfit(record));
        };
        let rings: Vec<Vec<Position>> = polygons
            .iter()
            .filter_map(|polygon| polygon.first())
            .map(|outer| path(outer))
            .collect::<Result<_, No>>()?;
        if rings.iter().all(Vec::is_empty) {
            return Err(unfit(record));
        }
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

/// A polygon with its holes.
fn polygon(rings: &[Vec<Pair>]) -> Result<Polygon, No> {
    let mut rings = rings.iter().map(|ring| path(ring));
    Ok(Polygon {
        outer: rings.next().transpose()?.unwrap_or_default(),
        holes: rings.collect::<Result<_, No>>()?,
    })
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
        Geometry::Polygons(_) => Reason::GeometryUnfit {
            found: "Polygon".to_owned(),
        },
        Geometry::Unreadable(found) => Reason::GeometryUnfit {
            found: found.clone(),
        },
    };
    ("geometry".to_owned(), None, reason)
}
