//! The gaps on a map.

use desserte_planning::Position;
use desserte_planning::drawing::{Drawing, DrawnCoverage};
use desserte_planning::gap::Gap;
use desserte_planning::layer::Layers;
use desserte_planning::plan::PlanSite;
use serde::Serialize;
use utoipa::ToSchema;

/// Sites as columns as long as each other, and what was imported, as paths of degrees east and north.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct GapMap {
    /// Identifiers.
    pub site: Vec<String>,
    /// Names.
    pub name: Vec<Option<String>>,
    /// Kinds.
    pub kind: Vec<String>,
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// Metres to the nearest fibre, route or node, rounded up; `null` when not known.
    pub fibre_metres: Vec<Option<u64>>,
    /// Metres to the nearest mast, rounded up; `null` when not known.
    pub mast_metres: Vec<Option<u64>>,
    /// The newest generation that covers it: `2g` to `5g`, `unstated` where no source says, `none` in
    /// none of the imported layers; `null` when not known.
    pub generation: Vec<Option<String>>,
    /// Sites that have no position and are not here.
    pub without_position: u64,
    /// Whether a demonstration invented sites of these.
    pub invented: bool,
    /// Routes of fibre.
    #[schema(value_type = Vec<Vec<Vec<f64>>>)]
    pub fibre: Vec<Vec<[f64; 2]>>,
    /// Fibre nodes.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub nodes: Vec<[f64; 2]>,
    /// Masts.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub masts: Vec<[f64; 2]>,
    /// Coverage.
    pub coverage: Vec<GapDrawnCoverage>,
}

/// Where one network can be received.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapDrawnCoverage {
    /// Which generation; `null` when its source does not say.
    pub generation: Option<String>,
    /// Rings by the even-odd rule; none of a disc.
    #[schema(value_type = Vec<Vec<Vec<f64>>>)]
    pub rings: Vec<Vec<[f64; 2]>>,
    /// Centre of a disc.
    #[schema(value_type = Option<Vec<f64>>)]
    pub centre: Option<[f64; 2]>,
    /// Its radius.
    pub radius_metres: Option<f64>,
}

impl GapMap {
    pub(crate) fn of(sites: &[(PlanSite, Gap)], layers: &Layers) -> Self {
        let drawing = Drawing::of(layers);
        let mut map = Self {
            fibre: paths(&drawing.fibre),
            nodes: path(&drawing.nodes),
            masts: path(&drawing.masts),
            coverage: drawing.coverage.iter().map(drawn).collect(),
            ..Self::default()
        };
        for (site, gap) in sites {
            let Some(position) = site.position else {
                map.without_position += 1;
                continue;
            };
            let [longitude, latitude] = degrees(&position);
            map.site.push(site.id.clone());
            map.name.push(site.name.clone());
            map.kind.push(site.kind.clone());
            map.latitude.push(latitude);
            map.longitude.push(longitude);
            map.fibre_metres.push(gap.fibre_metres().and_then(up));
            let mast = gap.mast.known().map(|nearest| nearest.metres);
            map.mast_metres.push(mast.and_then(up));
            map.generation.push(generation(gap));
            map.invented |= site.invented;
        }
        map
    }
}

fn generation(gap: &Gap) -> Option<String> {
    let networks = gap.coverage.known()?;
    let newest = networks.iter().filter_map(|one| one.generation).max();
    let code = match newest {
        Some(newest) => newest.code(),
        None if networks.is_empty() => "none",
        None => "unstated",
    };
    Some(code.to_owned())
}

fn drawn(coverage: &DrawnCoverage) -> GapDrawnCoverage {
    GapDrawnCoverage {
        generation: coverage.generation.map(|one| one.code().to_owned()),
        rings: paths(&coverage.rings),
        centre: coverage.disc.map(|(centre, _)| degrees(&centre)),
        radius_metres: coverage.disc.map(|(_, metres)| metres),
    }
}

fn paths(all: &[Vec<Position>]) -> Vec<Vec<[f64; 2]>> {
    all.iter().map(|one| path(one)).collect()
}

fn path(positions: &[Position]) -> Vec<[f64; 2]> {
    positions.iter().map(degrees).collect()
}

/// East and north, to a metre.
fn degrees(at: &Position) -> [f64; 2] {
    [at.longitude(), at.latitude()].map(|degrees| (degrees * 1e5).round() / 1e5)
}

/// Whole metres: rounded up, so that what lies just beyond a whole reach stays beyond it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "distances on the earth are within 21,000,000 m"
)]
fn up(metres: f64) -> Option<u64> {
    metres.is_finite().then(|| metres.ceil() as u64)
}
