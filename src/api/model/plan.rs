//! The ranked list of sites.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AbsentLayer, LayerItem};

/// One page of the ranking, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanPage {
    /// The criteria with the weights used.
    pub criteria: Vec<CriterionItem>,
    /// Layers used.
    pub layers: Vec<LayerItem>,
    /// Layers that are not there.
    pub absent_layers: Vec<AbsentLayer>,
    /// Sites ranked.
    pub sites: u64,
    /// The ranks of this page.
    pub items: Vec<PlanItem>,
    /// Cursor of the page that follows.
    pub next: Option<String>,
    /// The preset whose importances were used.
    pub preset: String,
    /// Every preset that there is.
    pub presets: Vec<String>,
}

/// How much the top of the ranking hangs on the weights.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanRobustness {
    /// Sites that count as the top.
    pub top: u64,
    /// Weightings drawn.
    pub draws: u32,
    /// Smallest factor by which a weight was changed.
    pub factor_min: f64,
    /// Largest factor.
    pub factor_max: f64,
    /// The sites that are in the top in at least one draw, the steadiest first.
    pub items: Vec<PlanStay>,
}

/// How often a site is in the top.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanStay {
    /// The site.
    pub site: String,
    /// Share of the draws in which it is in the top, 0 to 1.
    pub share: f64,
}

/// A criterion.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CriterionItem {
    /// Identifier.
    pub id: String,
    /// Its share of all weights, 0 to 1.
    pub weight: f64,
    /// Unit of its values.
    pub unit: String,
    /// `higher_need` when a higher value counts for more, else `lower_need`.
    pub better: String,
    /// Sites for which its value is known.
    pub known_sites: u64,
}

/// A site in its place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanItem {
    /// 1 is first.
    pub rank: u64,
    /// The site.
    pub site: String,
    /// Its name.
    pub site_name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its region.
    pub region: Option<String>,
    /// Whether a demonstration made the measurements up.
    pub simulated: bool,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Sum of the contributions, 0 to 1.
    pub score: f64,
    /// Share of all weights whose value is known, 0 to 1.
    pub known_weight_share: f64,
    /// One entry a criterion.
    pub contributions: Vec<ContributionItem>,
}

/// What a criterion contributes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContributionItem {
    /// The criterion.
    pub criterion: String,
    /// Its value; `null` when not known.
    pub value: Option<f64>,
    /// Unit of the value.
    pub unit: String,
    /// The value on the scale from 0 to 1.
    pub normalised: Option<f64>,
    /// The criterion's share of all weights.
    pub weight: f64,
    /// Its part of the score.
    pub contribution: Option<f64>,
    /// Why the value is not known.
    pub unknown_reason: Option<String>,
    /// Where the value comes from.
    pub source: Option<String>,
}
