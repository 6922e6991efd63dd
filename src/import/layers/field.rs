//! What a feature of a layer is told by.

use serde::{Deserialize, Serialize};

/// What a feature is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerField {
    /// Its name.
    Name,
    /// Degrees north, or metres of the file's system (tables).
    Latitude,
    /// Degrees east, or metres of the file's system (tables).
    Longitude,
    /// Inhabitants of a place; 0 means "not known", as in `GeoNames`.
    Population,
    /// What a place is (`village`, `country`): the name point of an area is refused.
    Class,
    /// Whose mast or network it is.
    Operator,
    /// The generation of a mast or network: `4G`, `LTE`.
    Generation,
    /// How far a cell reaches, metres: a point becomes a disc.
    RadiusMetres,
}

impl LayerField {
    /// Every field.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Latitude,
        Self::Longitude,
        Self::Population,
        Self::Class,
        Self::Operator,
        Self::Generation,
        Self::RadiusMetres,
    ];

    /// The identifier used in manifests and refusals.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
            Self::Population => "population",
            Self::Class => "class",
            Self::Operator => "operator",
            Self::Generation => "generation",
            Self::RadiusMetres => "radius_metres",
        }
    }

    /// The field with this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// Whether a manifest may say it for the whole file: one operator's map of one generation.
    #[must_use]
    pub fn may_be_constant(self) -> bool {
        matches!(self, Self::Operator | Self::Generation | Self::RadiusMetres)
    }
}
