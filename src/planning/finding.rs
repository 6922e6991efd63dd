//! What is known, and why the rest is not.

use serde::{Deserialize, Serialize};

use crate::layer::LayerKind;

/// A value, or the named reason why there is none. Never a zero in its place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T> {
    /// The value.
    Known(T),
    /// Nobody knows it, and this is why.
    Unknown(UnknownReason),
}

impl<T> Finding<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// A value computed from a known one; the reason passes through.
    pub fn and_then<U>(&self, compute: impl FnOnce(&T) -> Finding<U>) -> Finding<U> {
        match self {
            Self::Known(value) => compute(value),
            Self::Unknown(reason) => Finding::Unknown(*reason),
        }
    }
}

/// Why a value is unknown. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "layer")]
pub enum UnknownReason {
    /// No layer of this kind was imported.
    LayerAbsent(LayerKind),
    /// A layer of this kind was imported, but holds nothing.
    LayerEmpty(LayerKind),
    /// The nearest place is known, its population is not.
    PopulationNotGiven,
    /// Nothing has been measured at the site in the period.
    NotMeasured,
    /// The scenario gives no importance to this kind of site.
    KindWithoutImportance,
    /// The site has no position.
    PositionMissing,
}

impl UnknownReason {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LayerAbsent(_) => "layer_absent",
            Self::LayerEmpty(_) => "layer_empty",
            Self::PopulationNotGiven => "population_not_given",
            Self::NotMeasured => "not_measured",
            Self::KindWithoutImportance => "kind_without_importance",
            Self::PositionMissing => "position_missing",
        }
    }

    /// One sentence in French.
    #[must_use]
    pub fn text_fr(self) -> String {
        match self {
            Self::LayerAbsent(kind) => format!("couche absente : {}", kind.name_fr()),
            Self::LayerEmpty(kind) => format!("couche vide : {}", kind.name_fr()),
            Self::PopulationNotGiven => "population de la localité non renseignée".to_owned(),
            Self::NotMeasured => "rien n'a été mesuré sur la période".to_owned(),
            Self::KindWithoutImportance => {
                "le scénario ne donne pas d'importance à ce type de site".to_owned()
            }
            Self::PositionMissing => "le site n'a pas de position".to_owned(),
        }
    }

    /// One sentence in English.
    #[must_use]
    pub fn text_en(self) -> String {
        match self {
            Self::LayerAbsent(kind) => format!("layer absent: {}", kind.name_en()),
            Self::LayerEmpty(kind) => format!("layer empty: {}", kind.name_en()),
            Self::PopulationNotGiven => "population of the place not given".to_owned(),
            Self::NotMeasured => "nothing was measured in the period".to_owned(),
            Self::KindWithoutImportance => {
                "the scenario gives no importance to this kind of site".to_owned()
            }
            Self::PositionMissing => "the site has no position".to_owned(),
        }
    }
}
