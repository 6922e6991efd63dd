//! What exists on the ground: fibre, masts, coverage, roads, terrain, electricity, places, regions,
//! each with its source and date.

mod coverage;
mod kind;
mod terrain;

use serde::{Deserialize, Serialize};

use crate::Position;

pub use coverage::{CoverageArea, Extent, Generation, Polygon};
pub use kind::LayerKind;
pub use terrain::{NO_HEIGHT, Terrain, TerrainTile};

/// Where a layer comes from; every distance carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The layer's own name, as shown to people.
    pub layer: String,
    /// Who made it, and how it is to be credited.
    pub source: String,
    /// Under which terms it was obtained.
    pub licence: String,
    /// The day of its content, `yyyy-mm-dd`, or the part of it that is known (`2019`).
    pub date: String,
    /// How far it may be wrong, in words ("routes guessed from roads: kilometres").
    pub uncertainty: String,
    /// The same as a class, for sums and filters.
    #[serde(default)]
    pub uncertainty_class: UncertaintyClass,
}

/// How far a layer may be wrong. Closed list.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum UncertaintyClass {
    /// Surveyed: up to some 30 m.
    Metres,
    /// Drawn on a map or an image: up to some 500 m.
    HundredsOfMetres,
    /// Guessed, or named by the village: kilometres.
    Kilometres,
    /// Nobody says.
    #[default]
    Unknown,
}

impl UncertaintyClass {
    /// Every class, the best first.
    pub const ALL: [Self; 4] = [
        Self::Metres,
        Self::HundredsOfMetres,
        Self::Kilometres,
        Self::Unknown,
    ];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Metres => "metres",
            Self::HundredsOfMetres => "hundreds_of_metres",
            Self::Kilometres => "kilometres",
            Self::Unknown => "unknown",
        }
    }
}

/// One layer: its provenance and what it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layer<F> {
    /// Where it comes from.
    pub provenance: Provenance,
    /// Its features, in the order of the file.
    pub features: Vec<F>,
}

/// A route. Between two positions it runs straight in longitude and latitude (RFC 7946, 3.1.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name in the source.
    pub name: Option<String>,
    /// Two positions or more; a shorter list has no length and is never the nearest.
    pub positions: Vec<Position>,
}

/// A mast or a tower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mast {
    /// Its name in the source.
    pub name: Option<String>,
    /// Where it stands.
    pub position: Position,
    /// Who uses it, where the source says.
    pub operator: Option<String>,
    /// The best generation on it, where the source says.
    pub generation: Option<Generation>,
}

/// A fibre node, or a node of the electricity grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its name in the source.
    pub name: Option<String>,
    /// Where it stands.
    pub position: Position,
}

/// A town or a village.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Its name.
    pub name: Option<String>,
    /// Its centre.
    pub position: Position,
    /// Inhabitants, where the source knows them.
    pub population: Option<u64>,
}

/// An administrative area: outer rings only (holes do not matter for naming the area of a site).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Its name.
    pub name: Option<String>,
    /// One closed ring or more.
    pub rings: Vec<Vec<Position>>,
}

/// Everything that was imported, by kind. Several files may give one kind (two operators' routes):
/// the nearest feature of all counts and carries the provenance of its own file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layers {
    /// Routes of fibre.
    pub fibre_lines: Vec<Layer<Line>>,
    /// Fibre nodes.
    pub fibre_nodes: Vec<Layer<Point>>,
    /// Masts.
    pub masts: Vec<Layer<Mast>>,
    /// Mobile coverage.
    pub coverage: Vec<Layer<CoverageArea>>,
    /// Roads.
    pub roads: Vec<Layer<Line>>,
    /// Heights of the ground.
    pub terrain: Vec<Layer<TerrainTile>>,
    /// Lines of the electricity grid.
    pub power_lines: Vec<Layer<Line>>,
    /// Nodes of the electricity grid.
    pub power_nodes: Vec<Layer<Point>>,
    /// Places.
    pub places: Vec<Layer<Place>>,
    /// Regions.
    pub regions: Vec<Layer<Region>>,
}

/// A layer as a plan names it: what was used, or that there was none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerUse {
    /// Its kind.
    pub kind: LayerKind,
    /// Where it comes from; `None`: no layer of this kind was imported.
    pub provenance: Option<Provenance>,
    /// How many features it holds; `None` when it is absent.
    pub features: Option<usize>,
}

impl Layers {
    /// The layer of places whose people are counted. Of several the one with most known populations,
    /// the last of equals: two layers list the same towns, and their sum would count people twice.
    #[must_use]
    pub fn counted_places(&self) -> Option<&Layer<Place>> {
        let populated = |layer: &&Layer<Place>| {
            let places = layer.features.iter();
            places.filter(|place| place.population.is_some()).count()
        };
        self.places.iter().max_by_key(populated)
    }

    /// The layers that a plan may use, in order, absent kinds included and said to be absent.
    #[must_use]
    pub fn uses(&self) -> Vec<LayerUse> {
        let mut uses = Vec::new();
        for kind in LayerKind::ALL {
            let present = self.summaries(kind);
            if present.is_empty() {
                uses.push(LayerUse {
                    kind,
                    provenance: None,
                    features: None,
                });
            }
            uses.extend(present.into_iter().map(|(provenance, features)| LayerUse {
                kind,
                provenance: Some(provenance.clone()),
                features: Some(features),
            }));
        }
        uses
    }

    fn summaries(&self, kind: LayerKind) -> Vec<(&Provenance, usize)> {
        fn of<F>(layers: &[Layer<F>]) -> Vec<(&Provenance, usize)> {
            layers
                .iter()
                .map(|layer| (&layer.provenance, layer.features.len()))
                .collect()
        }
        match kind {
            LayerKind::FibreLines => of(&self.fibre_lines),
            LayerKind::FibreNodes => of(&self.fibre_nodes),
            LayerKind::Masts => of(&self.masts),
            LayerKind::Coverage => of(&self.coverage),
            LayerKind::Roads => of(&self.roads),
            LayerKind::Terrain => of(&self.terrain),
            LayerKind::PowerLines => of(&self.power_lines),
            LayerKind::PowerNodes => of(&self.power_nodes),
            LayerKind::Places => of(&self.places),
            LayerKind::Regions => of(&self.regions),
        }
    }
}
