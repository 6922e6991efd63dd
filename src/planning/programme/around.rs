//! What is known around a site, as costs need it.

use serde::{Deserialize, Serialize};

use crate::cost::{CostParameters, Microwave, Surroundings};
use crate::finding::{Finding, UnknownReason};
use crate::gap::{Covered, Gap, Nearest};
use crate::layer::{Generation, LayerKind, Layers, Terrain};
use crate::line_of_sight::{ProfilePoint, RadioPath, sight};
use crate::plan::PlanRow;
use crate::position::Position;

/// Distance between the points of a terrain profile, metres: that of the world's free height models.
const PROFILE_STEP_METRES: f64 = 90.0;
/// Hertz of a megahertz.
const HERTZ: f64 = 1e6;

/// What is known around a site; what is not says why.
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
    pub(super) fn of(row: &PlanRow, costs: &CostParameters, layers: &Layers) -> Self {
        let gap = &row.gap;
        let metres = |found: &Finding<Nearest>| found.and_then(|one| Finding::Known(one.metres));
        Self {
            fibre_metres: metres(&gap.fibre_line),
            mast_metres: metres(&gap.mast),
            grid_metres: grid(gap),
            covered: gap.coverage.and_then(|networks| covered(networks)),
            sight: match (&costs.microwave, row.site.position) {
                (Some(microwave), Some(site)) => gap
                    .mast
                    .and_then(|mast| seen(microwave, site, mast, layers)),
                (_, None) => Finding::Unknown(UnknownReason::PositionMissing),
                (None, Some(_)) => terrain_unknown(),
            },
        }
    }

    /// As costs need it.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            fibre_metres: self.fibre_metres,
            mast_metres: self.mast_metres,
            grid_metres: self.grid_metres,
            covered: self.covered,
            sight: self.sight,
        }
    }
}

/// The nearer of lines and nodes of the grid.
fn grid(gap: &Gap) -> Finding<f64> {
    match (gap.power_metres(), &gap.power_line) {
        (Some(metres), _) => Finding::Known(metres),
        (None, Finding::Unknown(reason)) => Finding::Unknown(*reason),
        (None, Finding::Known(line)) => Finding::Known(line.metres),
    }
}

/// Whether one of the networks is of the fourth generation or later. A network of which nobody says
/// the generation may be: nothing is known then.
fn covered(networks: &[Covered]) -> Finding<bool> {
    let modern = |one: &Covered| one.generation.is_some_and(|is| is >= Generation::G4);
    if networks.iter().any(modern) {
        Finding::Known(true)
    } else if networks.iter().any(|one| one.generation.is_none()) {
        Finding::Unknown(UnknownReason::LayerEmpty(LayerKind::Coverage))
    } else {
        Finding::Known(false)
    }
}

fn terrain_unknown() -> Finding<bool> {
    Finding::Unknown(UnknownReason::LayerAbsent(LayerKind::Terrain))
}

/// Whether the antennas see each other over the terrain; unknown where a part of it is.
fn seen(microwave: &Microwave, site: Position, mast: &Nearest, layers: &Layers) -> Finding<bool> {
    if layers.terrain.is_empty() || mast.metres > f64::from(microwave.range_metres) {
        return terrain_unknown();
    }
    let profile = Terrain::new(&layers.terrain).profile(mast.at, site, PROFILE_STEP_METRES);
    let points = profile.iter().map(|&(metres, height)| {
        let height_metres = height?;
        Some(ProfilePoint {
            metres,
            height_metres,
        })
    });
    let Some(points) = points.collect::<Option<Vec<ProfilePoint>>>() else {
        return terrain_unknown();
    };
    let path = RadioPath {
        profile: &points,
        from_antenna_metres: f64::from(microwave.far_antenna_metres),
        to_antenna_metres: f64::from(microwave.site_antenna_metres),
        frequency_hertz: f64::from(microwave.frequency_megahertz) * HERTZ,
    };
    match sight(&path) {
        Ok(seen) => Finding::Known(seen.clear),
        // A mast at the site itself has no path to look along.
        Err(_) if mast.metres < PROFILE_STEP_METRES => Finding::Known(true),
        Err(_) => terrain_unknown(),
    }
}

/// Roads, every line of every layer.
pub(super) fn roads(layers: &Layers) -> Vec<&[Position]> {
    let lines = layers.roads.iter().flat_map(|layer| &layer.features);
    lines.map(|line| line.positions.as_slice()).collect()
}
