//! A layer of any kind.

use desserte_planning::layer::{
    CoverageArea, Layer, Layers, Line, Mast, Place, Point, Region, TerrainTile,
};

/// A layer of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyLayer {
    /// Routes of fibre.
    FibreLines(Layer<Line>),
    /// Fibre nodes.
    FibreNodes(Layer<Point>),
    /// Masts.
    Masts(Layer<Mast>),
    /// Mobile coverage.
    Coverage(Layer<CoverageArea>),
    /// Roads.
    Roads(Layer<Line>),
    /// Heights of the ground.
    Terrain(Layer<TerrainTile>),
    /// Lines of the electricity grid.
    PowerLines(Layer<Line>),
    /// Nodes of the electricity grid.
    PowerNodes(Layer<Point>),
    /// Places.
    Places(Layer<Place>),
    /// Regions.
    Regions(Layer<Region>),
}

impl AnyLayer {
    /// Adds it to those of its kind.
    pub fn add_to(self, layers: &mut Layers) {
        match self {
            Self::FibreLines(layer) => layers.fibre_lines.push(layer),
            Self::FibreNodes(layer) => layers.fibre_nodes.push(layer),
            Self::Masts(layer) => layers.masts.push(layer),
            Self::Coverage(layer) => layers.coverage.push(layer),
            Self::Roads(layer) => layers.roads.push(layer),
            Self::Terrain(layer) => layers.terrain.push(layer),
            Self::PowerLines(layer) => layers.power_lines.push(layer),
            Self::PowerNodes(layer) => layers.power_nodes.push(layer),
            Self::Places(layer) => layers.places.push(layer),
            Self::Regions(layer) => layers.regions.push(layer),
        }
    }

    /// How many features it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::FibreLines(layer) | Self::Roads(layer) | Self::PowerLines(layer) => {
                layer.features.len()
            }
            Self::FibreNodes(layer) | Self::PowerNodes(layer) => layer.features.len(),
            Self::Masts(layer) => layer.features.len(),
            Self::Coverage(layer) => layer.features.len(),
            Self::Terrain(layer) => layer.features.len(),
            Self::Places(layer) => layer.features.len(),
            Self::Regions(layer) => layer.features.len(),
        }
    }

    /// True when it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
