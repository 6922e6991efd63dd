//! The kinds of layers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a layer shows. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    /// Routes of optical fibre.
    FibreLines,
    /// Points of presence, splices, landing points: where fibre can be entered.
    FibreNodes,
    /// Masts and towers. Their use is unproven unless the source says so.
    Masts,
    /// Where a mobile network can be received, by operator and generation.
    Coverage,
    /// Roads and tracks, along which trenches are dug.
    Roads,
    /// Heights of the ground.
    Terrain,
    /// Lines of the electricity grid.
    PowerLines,
    /// Substations, transformers, poles and pylons of the electricity grid.
    PowerNodes,
    /// Towns and villages, with their population where it is known.
    Places,
    /// Administrative areas.
    Regions,
}

impl LayerKind {
    /// Every kind, in the order in which plans list them.
    pub const ALL: [Self; 10] = [
        Self::FibreLines,
        Self::FibreNodes,
        Self::Masts,
        Self::Coverage,
        Self::Roads,
        Self::Terrain,
        Self::PowerLines,
        Self::PowerNodes,
        Self::Places,
        Self::Regions,
    ];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::FibreLines => "fibre_lines",
            Self::FibreNodes => "fibre_nodes",
            Self::Masts => "masts",
            Self::Coverage => "coverage",
            Self::Roads => "roads",
            Self::Terrain => "terrain",
            Self::PowerLines => "power_lines",
            Self::PowerNodes => "power_nodes",
            Self::Places => "places",
            Self::Regions => "regions",
        }
    }

    /// Whether its features may be points.
    #[must_use]
    pub fn draws_points(self) -> bool {
        matches!(
            self,
            Self::FibreNodes | Self::Masts | Self::PowerNodes | Self::Places | Self::Coverage
        )
    }

    /// Whether its features are lines.
    #[must_use]
    pub fn draws_lines(self) -> bool {
        matches!(self, Self::FibreLines | Self::Roads | Self::PowerLines)
    }

    /// Whether its features may be polygons.
    #[must_use]
    pub fn draws_polygons(self) -> bool {
        matches!(self, Self::Coverage | Self::Regions)
    }

    /// Its French name.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        match self {
            Self::FibreLines => "tracés de fibre",
            Self::FibreNodes => "nœuds de fibre",
            Self::Masts => "pylônes",
            Self::Coverage => "couverture mobile",
            Self::Roads => "routes",
            Self::Terrain => "relief",
            Self::PowerLines => "lignes électriques",
            Self::PowerNodes => "postes et supports électriques",
            Self::Places => "localités",
            Self::Regions => "régions",
        }
    }

    /// Its English name.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        match self {
            Self::FibreLines => "fibre routes",
            Self::FibreNodes => "fibre nodes",
            Self::Masts => "masts",
            Self::Coverage => "mobile coverage",
            Self::Roads => "roads",
            Self::Terrain => "terrain",
            Self::PowerLines => "power lines",
            Self::PowerNodes => "power substations and supports",
            Self::Places => "places",
            Self::Regions => "regions",
        }
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}
