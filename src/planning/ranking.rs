//! Which sites first: weighted criteria, a score that is the sum of the contributions shown.
//!
//! Each criterion turns a known value into a share between 0 and 1, and its weight's share of all
//! weights into the most that it can contribute. Contributions are whole millionths, so that the
//! score is exactly their sum and the order does not hang on rounding. An unknown value contributes
//! nothing, is listed with its reason, and lowers the *known share* of the weights beside the
//! score: a reader sees how much of the question was answered.

mod error;
mod fibre_distance;
mod fibre_node_distance;
mod mast_distance;
mod neighbour_sites;
mod place_population;
mod site_kind;
mod unavailability;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::gap::Gap;

pub use error::RankingError;
pub use neighbour_sites::{COUNTED_MAX, REACH_METRES};

/// The largest weight: beyond it a planner surely mistook the field.
pub const MAX_WEIGHT: u32 = 1_000_000;
/// The whole of a score, in the unit of scores and contributions.
pub const MILLIONTHS: u32 = 1_000_000;

/// One criterion of the ranking. One file each in this folder; `match` keeps the list complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Metres to the nearest route of fibre.
    FibreDistance,
    /// Metres to the nearest fibre node.
    FibreNodeDistance,
    /// Metres to the nearest mast.
    MastDistance,
    /// Inhabitants of the nearest place.
    PlacePopulation,
    /// Other public sites within reach of a node here.
    NeighbourSites,
    /// Importance that the planner gives to the kind of site.
    SiteKind,
    /// Measured share of the time in which the site was cut off.
    Unavailability,
}

/// Which end of a criterion counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// The higher the value, the more it contributes.
    High,
    /// The lower the value, the more it contributes.
    Low,
}

/// How a criterion counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighting {
    /// Its weight beside the others; only the ratios matter. 0 shows the criterion, without effect.
    pub weight: u32,
    /// Which end counts; the criterion's own default when absent.
    #[serde(default)]
    pub prefer: Option<Prefer>,
    /// The value, in the criterion's unit, from which it counts in full; the criterion's own
    /// default when absent.
    #[serde(default)]
    pub full_scale: Option<f64>,
}

/// What the planner decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The criteria that are shown, each with its weight.
    pub criteria: BTreeMap<Criterion, Weighting>,
    /// Importance of each kind of site, 0 to 1, by the kind's identifier (`hospital`).
    #[serde(default)]
    pub kind_importance: BTreeMap<String, f64>,
}

/// What was measured at a site over the period of the plan, in slots of the availability machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredAvailability {
    /// The period, as people say it: `2026-06`, or `2026-06-01/2026-06-30`.
    pub period: String,
    /// Slots in which the site was reachable.
    pub up_slots: u64,
    /// Slots in which it was not.
    pub down_slots: u64,
    /// Slots about which nothing is known: they decide nothing.
    pub unknown_slots: u64,
}

impl MeasuredAvailability {
    /// Slots up, as a share of those up and down; `None` when nothing is known.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "slots of any period stay far below 2^53"
    )]
    pub fn up_share(&self) -> Option<f64> {
        let known = self.up_slots.saturating_add(self.down_slots);
        (known > 0).then(|| self.up_slots as f64 / known as f64)
    }
}

/// What the ranking may know of a site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteFacts {
    /// The stable identifier of the site.
    pub site: String,
    /// The identifier of its kind (`hospital`).
    pub kind: String,
    /// Its distances.
    pub gap: Gap,
    /// Other sites within [`REACH_METRES`], at most [`COUNTED_MAX`].
    pub neighbours: Finding<u32>,
    /// What was measured; `None`: no agent, or no sample in the period.
    pub availability: Option<MeasuredAvailability>,
}

/// One criterion of one site: what it is worth and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// Which criterion.
    pub criterion: Criterion,
    /// Its weight, as given.
    pub weight: u32,
    /// The unit of the value.
    pub unit: &'static str,
    /// The value and what it contributes, or why it is unknown.
    pub finding: Finding<Assessed>,
}

/// A known value and what it contributes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assessed {
    /// The value, in the criterion's unit.
    pub value: f64,
    /// The value on the scale from 0 to 1, after the preference.
    pub normalised: f64,
    /// Its part of the score, in millionths.
    pub contribution_millionths: u32,
}

/// One site in its place of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedSite {
    /// 1 is first. No two sites share a rank: equal scores are ordered by identifier.
    pub rank: usize,
    /// The stable identifier of the site.
    pub site: String,
    /// The sum of the contributions, in millionths: between 0 and 1,000,000.
    pub score_millionths: u32,
    /// The share of all weights whose value is known, in millionths.
    pub known_weight_millionths: u32,
    /// Every criterion of the scenario, in the order of [`Criterion::ALL`].
    pub contributions: Vec<Contribution>,
}

impl Criterion {
    /// Every criterion, in the order in which contributions are listed.
    pub const ALL: [Self; 7] = [
        Self::FibreDistance,
        Self::FibreNodeDistance,
        Self::MastDistance,
        Self::PlacePopulation,
        Self::NeighbourSites,
        Self::SiteKind,
        Self::Unavailability,
    ];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.describe().code
    }

    /// The unit of its values: `m`, `inhabitants`, `sites` or `1` (a share).
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.describe().unit
    }

    /// Its French name.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        self.describe().name_fr
    }

    /// Its English name.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        self.describe().name_en
    }

    /// Which end counts when the planner does not say.
    #[must_use]
    pub fn default_preference(self) -> Prefer {
        self.describe().prefer
    }

    /// From which value it counts in full when the planner does not say.
    #[must_use]
    pub fn default_full_scale(self) -> f64 {
        self.describe().full_scale
    }

    fn describe(self) -> &'static Description {
        match self {
            Self::FibreDistance => &fibre_distance::DESCRIPTION,
            Self::FibreNodeDistance => &fibre_node_distance::DESCRIPTION,
            Self::MastDistance => &mast_distance::DESCRIPTION,
            Self::PlacePopulation => &place_population::DESCRIPTION,
            Self::NeighbourSites => &neighbour_sites::DESCRIPTION,
            Self::SiteKind => &site_kind::DESCRIPTION,
            Self::Unavailability => &unavailability::DESCRIPTION,
        }
    }

    fn value(self, facts: &SiteFacts, weights: &Weights) -> Finding<f64> {
        match self {
            Self::FibreDistance => fibre_distance::value(facts),
            Self::FibreNodeDistance => fibre_node_distance::value(facts),
            Self::MastDistance => mast_distance::value(facts),
            Self::PlacePopulation => place_population::value(facts),
            Self::NeighbourSites => neighbour_sites::value(facts),
            Self::SiteKind => site_kind::value(facts, weights),
            Self::Unavailability => unavailability::value(facts),
        }
    }
}

/// What a criterion's file says of it.
struct Description {
    code: &'static str,
    unit: &'static str,
    name_fr: &'static str,
    name_en: &'static str,
    prefer: Prefer,
    full_scale: f64,
    /// Share of the full scale reached by a value: a function that never falls.
    scale: fn(value: f64, full_scale: f64) -> f64,
}

/// In proportion, up to the full scale.
fn linear(value: f64, full_scale: f64) -> f64 {
    value / full_scale
}

/// By orders of magnitude: ten times more always adds the same.
fn logarithmic(value: f64, full_scale: f64) -> f64 {
    value.ln_1p() / full_scale.ln_1p()
}

/// Ranks the sites. The order depends on nothing but facts and weights: not on the order of the
/// input, nor on a common factor of the weights.
pub fn rank(sites: &[SiteFacts], weights: &Weights) -> Result<Vec<RankedSite>, RankingError> {
    check(weights)?;
    let mut ranked: Vec<RankedSite> = sites.iter().map(|facts| score(facts, weights)).collect();
    ranked.sort_by(|a, b| {
        b.score_millionths
            .cmp(&a.score_millionths)
            .then_with(|| a.site.cmp(&b.site))
    });
    for (number, site) in ranked.iter_mut().enumerate() {
        site.rank = number + 1;
    }
    Ok(ranked)
}

fn check(weights: &Weights) -> Result<(), RankingError> {
    for (&criterion, weighting) in &weights.criteria {
        if weighting.weight > MAX_WEIGHT {
            return Err(RankingError::WeightTooLarge {
                criterion,
                weight: weighting.weight,
            });
        }
        if let Some(value) = weighting
            .full_scale
            .filter(|value| !(value.is_finite() && *value > 0.0))
        {
            return Err(RankingError::FullScale { criterion, value });
        }
    }
    for (kind, &value) in &weights.kind_importance {
        if !(0.0..=1.0).contains(&value) {
            return Err(RankingError::Importance {
                kind: kind.clone(),
                value,
            });
        }
    }
    if total_weight(weights) == 0 {
        Err(RankingError::NoWeight)
    } else {
        Ok(())
    }
}

fn total_weight(weights: &Weights) -> u64 {
    weights
        .criteria
        .values()
        .map(|weighting| u64::from(weighting.weight))
        .sum()
}

fn score(facts: &SiteFacts, weights: &Weights) -> RankedSite {
    let total = total_weight(weights);
    let contributions: Vec<Contribution> = weights
        .criteria
        .iter()
        .map(|(&criterion, weighting)| Contribution {
            criterion,
            weight: weighting.weight,
            unit: criterion.unit(),
            finding: criterion
                .value(facts, weights)
                .and_then(|&value| Finding::Known(assess(criterion, *weighting, value, total))),
        })
        .collect();
    let known = contributions
        .iter()
        .filter(|contribution| contribution.finding.known().is_some());
    let known_weight: u64 = known
        .map(|contribution| u64::from(contribution.weight))
        .sum();
    let score_millionths = contributions
        .iter()
        .filter_map(|contribution| contribution.finding.known())
        .map(|assessed| assessed.contribution_millionths)
        .sum();
    RankedSite {
        rank: 0, // given once all scores are known
        site: facts.site.clone(),
        score_millionths,
        known_weight_millionths: share_of(u64::from(MILLIONTHS), known_weight, total),
        contributions,
    }
}

fn assess(criterion: Criterion, weighting: Weighting, value: f64, total: u64) -> Assessed {
    let full_scale = weighting
        .full_scale
        .unwrap_or_else(|| criterion.default_full_scale());
    let reached = (criterion.describe().scale)(value, full_scale).clamp(0.0, 1.0);
    let normalised = match weighting
        .prefer
        .unwrap_or_else(|| criterion.default_preference())
    {
        Prefer::High => reached,
        Prefer::Low => 1.0 - reached,
    };
    let contribution_millionths = share_of(
        to_millionths(normalised),
        u64::from(weighting.weight),
        total,
    );
    Assessed {
        value,
        normalised,
        contribution_millionths,
    }
}

/// `amount` × part ÷ whole. Rounded down, so that the parts never sum to more than the whole; in
/// integers, so that a common factor of part and whole changes nothing.
fn share_of(amount: u64, part: u64, whole: u64) -> u32 {
    let share = (amount * part).checked_div(whole).unwrap_or(0);
    u32::try_from(share).unwrap_or(MILLIONTHS)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is within 0 and 1, so the result is within 0 and 1,000,000"
)]
fn to_millionths(share: f64) -> u64 {
    (share * f64::from(MILLIONTHS)).round() as u64
}

#[cfg(test)]
mod tests;
