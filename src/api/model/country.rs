//! The country that this collector watches.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// The country, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Country {
    /// Identifier: ISO 3166-1 alpha-2 in lower case where the country has one.
    pub id: String,
    /// Name in French.
    pub name_fr: String,
    /// Name in English.
    pub name_en: String,
    /// Time zone in the tz database.
    pub time_zone: String,
    /// West, south, east, north, degrees WGS84.
    pub bounds: [f64; 4],
    /// Whether any open site is invented.
    pub invented_sites: bool,
    /// What a reader must be told: origins, licences.
    pub notice: Vec<Notice>,
    /// Imported layers.
    pub layers: Vec<LayerItem>,
    /// Kinds of layers that were not imported.
    pub absent_layers: Vec<AbsentLayer>,
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// French.
    pub text_fr: String,
    /// English.
    pub text_en: String,
}

/// An imported layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LayerItem {
    /// Kind: `fibre_lines`, `fibre_nodes`, `masts`, `coverage`, `roads`, `terrain`, `power_lines`,
    /// `power_nodes`, `places` or `regions`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub source: String,
    /// Its licence.
    pub licence: String,
    /// The day of its content, as far as it is known.
    pub date: String,
    /// How far it may be wrong, in words.
    pub uncertainty: String,
    /// The same as a class: `metres`, `hundreds_of_metres`, `kilometres` or `unknown`.
    pub uncertainty_class: String,
    /// Number of its features.
    pub features: u64,
    /// Rows of its file; `null` when nobody noted them.
    pub rows_read: Option<u64>,
    /// Rows that the filters left out.
    pub left_out: Option<u64>,
    /// Rows that were refused, by the code of the reason.
    pub refused: Option<BTreeMap<String, u64>>,
}

/// A kind of layer that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AbsentLayer {
    /// Its kind.
    pub kind: String,
    /// What that means, in French.
    pub note_fr: String,
    /// What that means, in English.
    pub note_en: String,
}

/// Towns and villages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Places {
    /// The largest first.
    pub items: Vec<PlaceItem>,
}

/// A town or a village.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaceItem {
    /// Its name; `null` when the source has none.
    pub name: Option<String>,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Inhabitants; `null` when not known.
    pub population: Option<u64>,
}
