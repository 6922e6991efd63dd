//! What became of every row of a file. Its size is bounded whatever the file holds.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::propose::KindUse;
use super::site::SiteRow;
use super::{MAX_EXCERPT_CHARS, MAX_LISTED_PER_REASON, MAX_ROW_RANGES};

mod warning;

pub use warning::Warning;

/// Why a row or a feature was not taken. Closed list.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are what each text names")]
pub enum Reason {
    /// More or fewer fields than the header has: a delimiter or a quote too many.
    FieldCount { expected: usize, found: usize },
    /// Longer than anything a person writes there.
    FieldTooLong { bytes: usize, limit: usize },
    /// A character that no text has.
    ControlCharacter,
    /// The column of identifiers is empty.
    IdMissing,
    /// An earlier row has this identifier.
    IdRepeated { first_row: usize },
    /// An earlier row has this name and kind, metres away.
    SiteRepeated { first_row: usize, metres: u32 },
    /// No coordinate, or one only.
    CoordinateMissing,
    /// No number.
    CoordinateInvalid,
    /// A number that is no degree.
    CoordinateOutOfRange,
    /// Inside the country only when latitude and longitude change places.
    CoordinatesSwapped,
    /// Metres of a projection.
    CoordinatesProjected,
    /// 0, 0: what programs write for "nowhere".
    NullIsland,
    /// Outside the outline of the country by more than the outline can be wrong.
    OutsideCountry { kilometres: u32 },
    /// No kind.
    KindMissing,
    /// A kind that no translation knows.
    KindUnknown,
    /// Neither yes nor no.
    FlagInvalid,
    /// A route whose positions are all one, or that has a single one.
    LineWithoutLength,
    /// A feature without geometry.
    GeometryMissing,
    /// A geometry of another type, or one that cannot be read.
    GeometryUnfit { found: String },
    /// The name point of a country or region among places.
    PlaceIsArea,
    /// A word that is no generation of mobile networks.
    GenerationUnknown,
    /// A cell without a radius.
    RadiusMissing,
    /// A radius that is no number of metres that a cell can reach.
    RadiusInvalid,
}

impl Reason {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldCount { .. } => "field_count",
            Self::FieldTooLong { .. } => "field_too_long",
            Self::ControlCharacter => "control_character",
            Self::IdMissing => "id_missing",
            Self::IdRepeated { .. } => "id_repeated",
            Self::SiteRepeated { .. } => "site_repeated",
            Self::CoordinateMissing => "coordinate_missing",
            Self::CoordinateInvalid => "coordinate_invalid",
            Self::CoordinateOutOfRange => "coordinate_out_of_range",
            Self::CoordinatesSwapped => "coordinates_swapped",
            Self::CoordinatesProjected => "coordinates_projected",
            Self::NullIsland => "null_island",
            Self::OutsideCountry { .. } => "outside_country",
            Self::KindMissing => "kind_missing",
            Self::KindUnknown => "kind_unknown",
            Self::FlagInvalid => "flag_invalid",
            Self::LineWithoutLength => "line_without_length",
            Self::GeometryMissing => "geometry_missing",
            Self::GeometryUnfit { .. } => "geometry_unfit",
            Self::PlaceIsArea => "place_is_area",
            Self::GenerationUnknown => "generation_unknown",
            Self::RadiusMissing => "radius_missing",
            Self::RadiusInvalid => "radius_invalid",
        }
    }

    /// True when the row repeats an earlier one.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::IdRepeated { .. } | Self::SiteRepeated { .. })
    }

    /// One sentence in English.
    #[must_use]
    pub fn text_en(&self) -> String {
        match self {
            Self::FieldCount { expected, found } => {
                format!("the row has {found} fields, the header {expected}")
            }
            Self::FieldTooLong { bytes, limit } => {
                format!("{bytes} bytes are more than the limit of {limit}")
            }
            Self::ControlCharacter => "it holds a control character".to_owned(),
            Self::IdMissing => "the identifier is empty".to_owned(),
            Self::IdRepeated { first_row } => format!("row {first_row} has the same identifier"),
            Self::SiteRepeated { first_row, metres } => {
                format!("row {first_row} has the same name and kind, {metres} m away")
            }
            Self::CoordinateMissing => "the coordinate is missing".to_owned(),
            Self::CoordinateInvalid => "this is no number of degrees".to_owned(),
            Self::CoordinateOutOfRange => "this is beyond 90 or 180 degrees".to_owned(),
            Self::CoordinatesSwapped => "latitude and longitude look swapped".to_owned(),
            Self::CoordinatesProjected => {
                "this looks like metres of a projection, not degrees".to_owned()
            }
            Self::NullIsland => "0, 0 is no position of a site".to_owned(),
            Self::OutsideCountry { kilometres } => {
                format!("{kilometres} km outside the country's outline")
            }
            Self::KindMissing => "the kind is empty".to_owned(),
            Self::KindUnknown => "no translation knows this kind".to_owned(),
            Self::FlagInvalid => "write true or false".to_owned(),
            Self::LineWithoutLength => "the route has no length".to_owned(),
            Self::GeometryMissing => "the feature has no geometry".to_owned(),
            Self::GeometryUnfit { found } => format!("geometry {found} cannot be used here"),
            Self::PlaceIsArea => {
                "this is the name point of a country or region, not a place".to_owned()
            }
            Self::GenerationUnknown => "write 2G, 3G, 4G or 5G".to_owned(),
            Self::RadiusMissing => "a point covers nothing without a radius".to_owned(),
            Self::RadiusInvalid => "this is no radius from 1 to 120,000 metres".to_owned(),
        }
    }

    /// One sentence in French.
    #[must_use]
    pub fn text_fr(&self) -> String {
        match self {
            Self::FieldCount { expected, found } => {
                format!("la ligne a {found} champs, l'en-tête {expected}")
            }
            Self::FieldTooLong { bytes, limit } => {
                format!("{bytes} octets dépassent la limite de {limit}")
            }
            Self::ControlCharacter => "il y a un caractère de contrôle".to_owned(),
            Self::IdMissing => "l'identifiant est vide".to_owned(),
            Self::IdRepeated { first_row } => {
                format!("la ligne {first_row} a le même identifiant")
            }
            Self::SiteRepeated { first_row, metres } => {
                format!("la ligne {first_row} a le même nom et le même type, à {metres} m")
            }
            Self::CoordinateMissing => "la coordonnée manque".to_owned(),
            Self::CoordinateInvalid => "ce n'est pas un nombre de degrés".to_owned(),
            Self::CoordinateOutOfRange => "au-delà de 90 ou 180 degrés".to_owned(),
            Self::CoordinatesSwapped => "latitude et longitude semblent inversées".to_owned(),
            Self::CoordinatesProjected => {
                "on dirait des mètres d'une projection, pas des degrés".to_owned()
            }
            Self::NullIsland => "0, 0 n'est la position d'aucun site".to_owned(),
            Self::OutsideCountry { kilometres } => {
                format!("à {kilometres} km hors du contour du pays")
            }
            Self::KindMissing => "le type est vide".to_owned(),
            Self::KindUnknown => "aucune traduction ne connaît ce type".to_owned(),
            Self::FlagInvalid => "écrivez true ou false".to_owned(),
            Self::LineWithoutLength => "le tracé n'a pas de longueur".to_owned(),
            Self::GeometryMissing => "l'objet n'a pas de géométrie".to_owned(),
            Self::GeometryUnfit { found } => format!("géométrie {found} inutilisable ici"),
            Self::PlaceIsArea => {
                "c'est le point d'un pays ou d'une région, pas une localité".to_owned()
            }
            Self::GenerationUnknown => "écrivez 2G, 3G, 4G ou 5G".to_owned(),
            Self::RadiusMissing => "sans rayon un point ne couvre rien".to_owned(),
            Self::RadiusInvalid => "ce n'est pas un rayon de 1 à 120 000 mètres".to_owned(),
        }
    }
}

/// One row that was not taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// The row as a spreadsheet counts it (CSV) or the feature's number from 1 (GeoJSON).
    pub row: usize,
    /// The field or column.
    pub field: String,
    /// The beginning of what stood there.
    pub value: Option<String>,
    /// [`Reason::code`].
    pub reason_code: &'static str,
    /// The reason in French.
    pub reason_fr: String,
    /// The reason in English.
    pub reason_en: String,
}

/// A set of rows, kept as ranges: `2-1001, 1005`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowRanges {
    ranges: Vec<(usize, usize)>,
    count: usize,
    unlisted: usize,
}

impl RowRanges {
    /// Adds a row; rows come in ascending order.
    pub fn add(&mut self, row: usize) {
        self.count += 1;
        let room = self.ranges.len() < MAX_ROW_RANGES;
        match self.ranges.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ if room => self.ranges.push((row, row)),
            _ => self.unlisted += 1,
        }
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

impl std::fmt::Display for RowRanges {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            if first == last {
                write!(formatter, "{comma}{first}")?;
            } else {
                write!(formatter, "{comma}{first}-{last}")?;
            }
        }
        if self.unlisted > 0 {
            write!(formatter, ", +{}", self.unlisted)
        } else {
            Ok(())
        }
    }
}

impl Serialize for RowRanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// All refusals of a file: in full up to a limit for each reason, and counted beyond.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Refusals {
    /// In the order of rows, at most [`MAX_LISTED_PER_REASON`] for each reason.
    pub listed: Vec<Refusal>,
    /// Every refused row, by reason.
    pub rows_by_reason: BTreeMap<&'static str, RowRanges>,
    /// How many rows were refused.
    pub count: usize,
    /// How many of them repeat an earlier row.
    pub duplicates: usize,
}

impl Refusals {
    /// Refuses a row.
    pub fn add(
        &mut self,
        file: &str,
        row: usize,
        field: &str,
        value: Option<&str>,
        reason: &Reason,
    ) {
        self.count += 1;
        self.duplicates += usize::from(reason.is_duplicate());
        let rows = self.rows_by_reason.entry(reason.code()).or_default();
        rows.add(row);
        if rows.count() <= MAX_LISTED_PER_REASON {
            self.listed.push(Refusal {
                file: file.to_owned(),
                row,
                field: field.to_owned(),
                value: value.map(|value| value.chars().take(MAX_EXCERPT_CHARS).collect()),
                reason_code: reason.code(),
                reason_fr: reason.text_fr(),
                reason_en: reason.text_en(),
            });
        }
    }

    /// How many refused rows are not listed in full.
    #[must_use]
    pub fn unlisted(&self) -> usize {
        self.count - self.listed.len()
    }
}

/// A warning and the rows that it is about (none when it is about the file).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WarningRows {
    /// Which warning.
    pub code: Warning,
    /// In French.
    pub text_fr: &'static str,
    /// In English.
    pub text_en: &'static str,
    /// How many rows.
    pub count: usize,
    /// Which rows.
    pub rows: RowRanges,
}

impl WarningRows {
    /// A warning with its texts.
    #[must_use]
    pub fn new(code: Warning, rows: RowRanges) -> Self {
        Self {
            code,
            text_fr: code.text_fr(),
            text_en: code.text_en(),
            count: rows.count(),
            rows,
        }
    }
}

/// What became of a file of sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportReport {
    /// The file.
    pub file: String,
    /// Rows in it, the header apart. All of them are accepted, refused or left out.
    pub rows_read: usize,
    /// Rows that the mapping's filters left out.
    pub left_out: usize,
    /// The sites.
    pub accepted: Vec<SiteRow>,
    /// What was refused.
    pub refused: Refusals,
    /// What deserves a look.
    pub warnings: Vec<WarningRows>,
    /// The kinds of the rows that the filters kept, most used first, and what they mean.
    pub kinds: Vec<KindUse>,
}

/// What a report says of a file, without the sites.
#[derive(Debug, Clone, Copy)]
pub struct Totals<'r> {
    /// The file.
    pub file: &'r str,
    /// Rows in it.
    pub rows_read: usize,
    /// Rows that are taken.
    pub accepted: usize,
    /// Rows that the filters left out.
    pub left_out: usize,
    /// What was refused.
    pub refused: &'r Refusals,
    /// What deserves a look.
    pub warnings: &'r [WarningRows],
}

impl ImportReport {
    /// The report without its sites.
    #[must_use]
    pub fn totals(&self) -> Totals<'_> {
        Totals {
            file: &self.file,
            rows_read: self.rows_read,
            accepted: self.accepted.len(),
            left_out: self.left_out,
            refused: &self.refused,
            warnings: &self.warnings,
        }
    }
}
