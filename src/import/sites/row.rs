//! One row: the site that it tells, or why it is not taken.

use data_encoding::HEXLOWER;
use desserte_planning::Position;
use sha2::{Digest, Sha256};

use crate::import::columns::Columns;
use crate::import::country::{Country, Place};
use crate::import::duplicates::{Seen, whole};
use crate::import::mapping::{Mapping, SiteField, Untranslated};
use crate::import::report::{Reason, Warning};
use crate::import::site::{SiteKind, SiteRow};
use crate::import::table::{Geometry, Record, Table};
use crate::import::{ImportError, MAX_FIELD_BYTES, MAX_ID_BYTES};

/// Bytes of the digest in a derived identifier: 2^48 values, so that a million sites collide with
/// a probability below 1 in 500 (and a collision is refused by name, not lost).
const DERIVED_ID_BYTES: usize = 6;
/// Numbers beyond this are metres of a projection, not degrees with a typing error.
const LARGEST_DEGREES: f64 = 360.0;
/// Positions nearer to 0, 0 than this, in degrees, are nowhere.
const NULL_ISLAND_DEGREES: f64 = 1e-6;

/// A row that is not taken.
pub(super) struct No {
    pub(super) field: String,
    pub(super) value: Option<String>,
    pub(super) reason: Reason,
}

/// A row that is taken, and what deserves a look in it.
pub(super) struct Read {
    pub(super) site: SiteRow,
    pub(super) warnings: Vec<Warning>,
}

/// Reads the rows of one file.
pub(super) struct Reader<'t> {
    table: &'t Table,
    mapping: &'t Mapping,
    country: Option<&'t Country>,
    columns: Columns<SiteField>,
}

impl<'t> Reader<'t> {
    /// Finds the mapping's columns in the file.
    pub(super) fn new(
        table: &'t Table,
        mapping: &'t Mapping,
        country: Option<&'t Country>,
    ) -> Result<Self, ImportError> {
        let mut own = Vec::new();
        if !mapping.constants.contains_key(&SiteField::Kind) {
            own.push((SiteField::Kind, SiteField::Kind.code()));
        }
        if !table.has_geometry {
            own.push((SiteField::Latitude, SiteField::Latitude.code()));
            own.push((SiteField::Longitude, SiteField::Longitude.code()));
        }
        let columns = Columns::find(table, &mapping.columns, &mapping.keep, &own)?;
        table.check_metres(
            columns.first(SiteField::Latitude),
            columns.first(SiteField::Longitude),
        )?;
        Ok(Self {
            table,
            mapping,
            country,
            columns,
        })
    }

    /// `None`: left out by a filter.
    pub(super) fn read(&self, record: &Record) -> Result<Option<Read>, No> {
        if let Some(reason) = self.table.misfit(record) {
            return Err(No {
                field: "*".to_owned(),
                value: None,
                reason,
            });
        }
        if !self.columns.keeps(record) {
            return Ok(None);
        }
        let source_kind = self.text(record, SiteField::Kind)?;
        let Some(kind) = self.kind(source_kind.as_deref())? else {
            return Ok(None);
        };
        let site = self.site(record, kind, source_kind)?;
        let mut warnings = Vec::new();
        if self
            .mapping
            .translate(site.source_kind.as_deref().unwrap_or_default())
            .is_none()
        {
            warnings.push(Warning::KindOther);
        }
        warnings.extend(self.check_place(site.position)?);
        warnings.extend(site.name.is_none().then_some(Warning::Unnamed));
        warnings.extend(site.id_derived.then_some(Warning::IdsDerived));
        Ok(Some(Read { site, warnings }))
    }

    fn site(
        &self,
        record: &Record,
        kind: SiteKind,
        source_kind: Option<String>,
    ) -> Result<SiteRow, No> {
        let position = self.position(record)?;
        let name = self.text(record, SiteField::Name)?;
        Ok(SiteRow {
            row: record.row,
            id: self.id(record, name.as_deref(), kind, position)?,
            id_derived: !self.has(SiteField::Id),
            name,
            kind,
            source_kind,
            position,
            place: self.text(record, SiteField::Place)?,
            region: self.text(record, SiteField::Region)?,
            operator: self.text(record, SiteField::Operator)?,
            invented: self.flag(record, SiteField::Invented)?,
        })
    }

    /// Refuses a site that an earlier row told.
    pub(super) fn unseen(&self, read: Option<Read>, seen: &mut Seen) -> Result<Option<Read>, No> {
        let Some(read) = read else { return Ok(None) };
        match seen.check(&read.site) {
            None => Ok(Some(read)),
            Some((field, reason)) => {
                let value = if field == "id" {
                    Some(read.site.id)
                } else {
                    read.site.name
                };
                let field = SiteField::ALL
                    .into_iter()
                    .find(|known| known.code() == field)
                    .map_or_else(|| field.to_owned(), |known| self.column_name(known));
                Err(No {
                    field,
                    value,
                    reason,
                })
            }
        }
    }

    fn has(&self, field: SiteField) -> bool {
        self.columns.has(field) || self.mapping.constants.contains_key(&field)
    }

    /// The column by which a refusal calls a field: the file's own name for it.
    fn column_name(&self, field: SiteField) -> String {
        let names = self
            .mapping
            .columns
            .get(&field)
            .map(|names| names.iter().collect::<Vec<_>>());
        names.map_or_else(|| field.code().to_owned(), |names| names.join("|"))
    }

    fn no(&self, field: SiteField, value: Option<&str>, reason: Reason) -> No {
        No {
            field: self.column_name(field),
            value: value.map(str::to_owned),
            reason,
        }
    }

    /// What stands in the first of the field's columns that says something.
    fn raw<'r>(&'r self, record: &'r Record, field: SiteField) -> Option<&'r str> {
        let constant = self.mapping.constants.get(&field).map(String::as_str);
        constant.or_else(|| self.columns.value(record, field))
    }

    /// The text of a field, with spaces and line ends made one space.
    fn text(&self, record: &Record, field: SiteField) -> Result<Option<String>, No> {
        let Some(raw) = self.raw(record, field) else {
            return Ok(None);
        };
        if raw.len() > MAX_FIELD_BYTES {
            let reason = Reason::FieldTooLong {
                bytes: raw.len(),
                limit: MAX_FIELD_BYTES,
            };
            return Err(self.no(field, Some(raw), reason));
        }
        let text = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().any(char::is_control) {
            return Err(self.no(field, Some(raw), Reason::ControlCharacter));
        }
        Ok(Some(text))
    }

    /// `None`: left out, because the mapping skips kinds that it does not translate.
    fn kind(&self, word: Option<&str>) -> Result<Option<SiteKind>, No> {
        let kind = word.and_then(|word| self.mapping.translate(word));
        match (kind, self.mapping.untranslated) {
            (Some(kind), _) => Ok(Some(kind)),
            (None, Untranslated::Skip) => Ok(None),
            (None, Untranslated::Other) => Ok(Some(SiteKind::Other)),
            (None, Untranslated::Refuse) => {
                let reason = if word.is_none() {
                    Reason::KindMissing
                } else {
                    Reason::KindUnknown
                };
                Err(self.no(SiteField::Kind, word, reason))
            }
        }
    }

    fn position(&self, record: &Record) -> Result<Position, No> {
        let (latitude, longitude) = if self.columns.has(SiteField::Latitude) {
            let latitude = self.degrees(record, SiteField::Latitude)?;
            (latitude, self.degrees(record, SiteField::Longitude)?)
        } else {
            point_of(record)?
        };
        let shown = format!("{latitude}, {longitude}");
        let no = |reason| self.no_position(&shown, reason);
        let [longitude, latitude] = self.table.crs.degrees([longitude, latitude]);
        if latitude.abs() < NULL_ISLAND_DEGREES && longitude.abs() < NULL_ISLAND_DEGREES {
            return Err(no(Reason::NullIsland));
        }
        if latitude.abs() > LARGEST_DEGREES || longitude.abs() > LARGEST_DEGREES {
            return Err(no(Reason::CoordinatesProjected));
        }
        Position::new(latitude, longitude).map_err(|_| {
            let swapped = Position::new(longitude, latitude).is_ok();
            no(if swapped {
                Reason::CoordinatesSwapped
            } else {
                Reason::CoordinateOutOfRange
            })
        })
    }

    fn no_position(&self, shown: &str, reason: Reason) -> No {
        let field = if self.columns.has(SiteField::Latitude) {
            let (latitude, longitude) = (SiteField::Latitude, SiteField::Longitude);
            format!(
                "{}, {}",
                self.column_name(latitude),
                self.column_name(longitude)
            )
        } else {
            "geometry".to_owned()
        };
        No {
            field,
            value: Some(shown.to_owned()),
            reason,
        }
    }

    fn degrees(&self, record: &Record, field: SiteField) -> Result<f64, No> {
        let raw = self.raw(record, field);
        let raw = raw.ok_or_else(|| self.no(field, None, Reason::CoordinateMissing))?;
        parse_degrees(raw).ok_or_else(|| self.no(field, Some(raw), Reason::CoordinateInvalid))
    }

    /// The position against the outline; the warning if it lies just outside.
    fn check_place(&self, position: Position) -> Result<Option<Warning>, No> {
        let Some(country) = self.country else {
            return Ok(None);
        };
        let metres = match country.place(position) {
            Place::Inside => return Ok(None),
            Place::NearBorder => return Ok(Some(Warning::NearBorder)),
            Place::Outside(metres) => metres,
        };
        let shown = format!("{}, {}", position.latitude(), position.longitude());
        let swapped = Position::new(position.longitude(), position.latitude())
            .is_ok_and(|swapped| !matches!(country.place(swapped), Place::Outside(_)));
        let reason = if swapped {
            Reason::CoordinatesSwapped
        } else {
            Reason::OutsideCountry {
                kilometres: whole(metres / 1_000.0),
            }
        };
        Err(self.no_position(&shown, reason))
    }

    fn id(
        &self,
        record: &Record,
        name: Option<&str>,
        kind: SiteKind,
        position: Position,
    ) -> Result<String, No> {
        let prefix = &self.mapping.id_prefix;
        if !self.has(SiteField::Id) {
            return Ok(format!("{prefix}{}", derived_id(name, kind, position)));
        }
        let own = self.text(record, SiteField::Id)?;
        let own = own.ok_or_else(|| self.no(SiteField::Id, None, Reason::IdMissing))?;
        // An identifier stands in addresses: `node/123` of OpenStreetMap becomes `node-123`. Two that
        // become the same are refused as repeated.
        let id = format!("{prefix}{}", own.replace('/', "-"));
        if id.len() > MAX_ID_BYTES {
            let reason = Reason::FieldTooLong {
                bytes: id.len(),
                limit: MAX_ID_BYTES,
            };
            return Err(self.no(SiteField::Id, Some(&own), reason));
        }
        Ok(id)
    }

    fn flag(&self, record: &Record, field: SiteField) -> Result<bool, No> {
        let Some(raw) = self.raw(record, field) else {
            return Ok(false);
        };
        match raw.to_lowercase().as_str() {
            "true" | "yes" | "1" | "oui" | "vrai" => Ok(true),
            "false" | "no" | "0" | "non" | "faux" => Ok(false),
            _ => Err(self.no(field, Some(raw), Reason::FlagInvalid)),
        }
    }
}

/// Latitude and longitude of a point feature.
fn point_of(record: &Record) -> Result<(f64, f64), No> {
    let no = |reason| No {
        field: "geometry".to_owned(),
        value: None,
        reason,
    };
    let unfit = |found: &str| {
        no(Reason::GeometryUnfit {
            found: found.to_owned(),
        })
    };
    match &record.geometry {
        Geometry::Point([longitude, latitude]) => Ok((*latitude, *longitude)),
        Geometry::None => Err(no(Reason::GeometryMissing)),
        Geometry::Lines(_) => Err(unfit("LineString")),
        Geometry::Polygons(_) => Err(unfit("Polygon")),
        Geometry::Unreadable(found) => Err(unfit(found)),
    }
}

/// A number of degrees; a decimal comma is what a French spreadsheet writes.
pub(in crate::import) fn parse_degrees(text: &str) -> Option<f64> {
    let number = match text.matches(',').count() {
        1 if !text.contains('.') => text.replace(',', ".").parse::<f64>().ok()?,
        _ => text.parse::<f64>().ok()?,
    };
    number.is_finite().then_some(number)
}

/// The identifier of a site whose file has none: the same content always gives the same one.
fn derived_id(name: Option<&str>, kind: SiteKind, position: Position) -> String {
    let content = format!(
        "{}|{}|{:.6}|{:.6}",
        name.unwrap_or_default(),
        kind.code(),
        position.latitude(),
        position.longitude()
    );
    let digest = Sha256::digest(content.as_bytes());
    HEXLOWER.encode(digest.get(..DERIVED_ID_BYTES).unwrap_or_default())
}
