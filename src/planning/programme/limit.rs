//! What a programme could not know: said beside its figures, never hidden in them.

use serde::{Deserialize, Serialize};

use super::{SitePlan, is_known};
use crate::cost::{CostParameters, UnknownGrid};
use crate::layer::{LayerKind, Layers};
use crate::network::Basis;
use crate::plan::Plan;

/// Something that a plan could not know, or assumed. Closed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "limit")]
pub enum Limit {
    /// No layer of a kind that plans use.
    LayerAbsent {
        /// The kind.
        kind: LayerKind,
    },
    /// Routes are straight lines, so many percent as long.
    StraightLines {
        /// Percent.
        detour_percent: u32,
    },
    /// Sites whose electricity is not known: taken to be on the grid, or off it.
    PowerAssumed {
        /// Sites.
        sites: usize,
        /// From the grid, or by panels.
        solar: bool,
    },
    /// Sites whose coverage is taken from the distance to a mast.
    CoverageAssumed {
        /// Sites.
        sites: usize,
    },
    /// Sites whose microwave link is planned without anybody having looked at the ground.
    TerrainNotLookedAt {
        /// Sites.
        sites: usize,
    },
    /// Sites without a position.
    WithoutPosition {
        /// Sites.
        sites: usize,
    },
    /// Sites to be built that nothing reaches.
    Unreached {
        /// Sites.
        sites: usize,
    },
    /// Settlements whose population nobody knows.
    PopulationUnknown {
        /// Settlements.
        places: usize,
    },
    /// Several layers of places: the people of one are counted, of the others none.
    PlacesOfSeveralLayers {
        /// Layers.
        layers: usize,
        /// The one that counts.
        #[serde(default)]
        counted: String,
    },
    /// Prices were corrected by what was delivered.
    PricesCorrected,
}

impl Limit {
    /// One sentence in French.
    #[must_use]
    pub fn text_fr(&self) -> String {
        match self {
            Self::LayerAbsent { kind } => format!("couche absente : {}", kind.name_fr()),
            Self::StraightLines { detour_percent } => format!(
                "lignes droites × {}, pas de couche de routes",
                share(*detour_percent, ',')
            ),
            Self::PowerAssumed { sites, solar: true } => format!(
                "{sites} sites dont le raccordement électrique est inconnu : panneaux et batterie"
            ),
            Self::PowerAssumed {
                sites,
                solar: false,
            } => {
                format!(
                    "{sites} sites dont le raccordement électrique est inconnu : réseau supposé"
                )
            }
            Self::CoverageAssumed { sites } => {
                format!(
                    "{sites} sites dont la couverture 4G/5G est supposée d'après le pylône voisin"
                )
            }
            Self::TerrainNotLookedAt { sites } => {
                format!("{sites} sites en faisceau hertzien sans examen du relief")
            }
            Self::WithoutPosition { sites } => format!("{sites} sites sans position"),
            Self::Unreached { sites } => {
                format!("{sites} sites qu'aucune technologie offerte n'atteint")
            }
            Self::PopulationUnknown { places } => {
                format!("{places} localités dont la population est inconnue")
            }
            Self::PlacesOfSeveralLayers { layers, counted } => format!(
                "{layers} couches de localités : seuls les habitants de « {counted} » sont comptés"
            ),
            Self::PricesCorrected => "prix corrigés d'après les livraisons".to_owned(),
        }
    }

    /// One sentence in English.
    #[must_use]
    pub fn text_en(&self) -> String {
        match self {
            Self::LayerAbsent { kind } => format!("layer absent: {}", kind.name_en()),
            Self::StraightLines { detour_percent } => format!(
                "straight lines × {}, no road layer",
                share(*detour_percent, '.')
            ),
            Self::PowerAssumed { sites, solar: true } => {
                format!("{sites} sites whose grid connection is not known: panels and a battery")
            }
            Self::PowerAssumed {
                sites,
                solar: false,
            } => {
                format!("{sites} sites whose grid connection is not known: the grid is assumed")
            }
            Self::CoverageAssumed { sites } => {
                format!("{sites} sites whose 4G/5G coverage is assumed from a mast nearby")
            }
            Self::TerrainNotLookedAt { sites } => {
                format!("{sites} sites by microwave without a look at the terrain")
            }
            Self::WithoutPosition { sites } => format!("{sites} sites without a position"),
            Self::Unreached { sites } => {
                format!("{sites} sites that no technology on offer reaches")
            }
            Self::PopulationUnknown { places } => {
                format!("{places} settlements whose population is not known")
            }
            Self::PlacesOfSeveralLayers { layers, counted } => {
                format!("{layers} layers of places: only the people of {counted:?} are counted")
            }
            Self::PricesCorrected => "prices corrected by what was delivered".to_owned(),
        }
    }
}

/// 130 → 1.3.
fn share(percent: u32, point: char) -> String {
    let text = format!("{}{point}{:02}", percent / 100, percent % 100);
    text.trim_end_matches('0')
        .trim_end_matches(point)
        .to_owned()
}

/// Everything that holds for this plan.
pub(super) fn limits(
    plan: &Plan,
    layers: &Layers,
    costs: &CostParameters,
    sites: &[SitePlan],
    basis: Basis,
) -> Vec<Limit> {
    let mut limits: Vec<Limit> = plan
        .layers
        .iter()
        .filter(|layer| layer.provenance.is_none() && layer.kind != LayerKind::Regions)
        .map(|layer| Limit::LayerAbsent { kind: layer.kind })
        .collect();
    if let (Basis::StraightLines { detour_percent }, true) = (basis, costs.fibre.is_some()) {
        limits.push(Limit::StraightLines { detour_percent });
    }
    let open: Vec<&SitePlan> = sites.iter().filter(|site| site.open()).collect();
    let assumed = |technology: crate::cost::Technology| {
        let chosen = open
            .iter()
            .filter(|site| site.technology == Some(technology));
        let with = chosen.filter(|site| {
            let option = site.options.iter().find(|one| one.technology == technology);
            option.is_some_and(|one| one.planned && one.barrier.is_some())
        });
        with.count()
    };
    let count = |sites: usize, limit: fn(usize) -> Limit| (sites > 0).then(|| limit(sites));
    let dark = open
        .iter()
        .filter(|site| !is_known(&site.around.grid_metres))
        .count();
    if dark > 0 {
        let solar = costs.power.when_grid_unknown == UnknownGrid::Solar;
        limits.push(Limit::PowerAssumed { sites: dark, solar });
    }
    let missing = plan
        .rows
        .iter()
        .filter(|row| row.site.position.is_none())
        .count();
    let unreached = open.iter().filter(|site| site.technology.is_none()).count();
    let counted = layers.counted_places();
    let places = counted.iter().flat_map(|layer| &layer.features);
    let empty = places.filter(|place| place.population.is_none()).count();
    limits.extend(
        [
            count(assumed(crate::cost::Technology::Mobile), |sites| {
                Limit::CoverageAssumed { sites }
            }),
            count(assumed(crate::cost::Technology::Microwave), |sites| {
                Limit::TerrainNotLookedAt { sites }
            }),
            count(missing, |sites| Limit::WithoutPosition { sites }),
            count(unreached, |sites| Limit::Unreached { sites }),
            count(empty, |places| Limit::PopulationUnknown { places }),
        ]
        .into_iter()
        .flatten(),
    );
    let several = layers.places.len();
    if let Some(counted) = counted.filter(|_| several > 1 && !plan.scenario.cover.is_empty()) {
        limits.push(Limit::PlacesOfSeveralLayers {
            layers: several,
            counted: counted.provenance.layer.clone(),
        });
    }
    if !crate::delivery::corrections(&plan.scenario.delivered).is_empty() {
        limits.push(Limit::PricesCorrected);
    }
    limits
}
