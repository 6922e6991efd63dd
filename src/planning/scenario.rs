//! A scenario: what a planner decides before a plan is made.

use serde::{Deserialize, Serialize};

use crate::class::Thresholds;
use crate::delivery::Delivered;
use crate::overrides::{Override, Quota};
use crate::ranking::{Criterion, Weighting, Weights};
use crate::service::ServiceWish;

/// Most phases of a plan.
pub const PHASES_MAX: usize = 40;
/// Most steps of the frontier.
pub const FRONTIER_STEPS_MAX: usize = 60;

/// What a plan is made with, as written in `scenario.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The scenario's name, printed on what is exported.
    pub name: String,
    /// The month whose measurements count, `yyyy-mm`; absent: the last days that are stored.
    #[serde(default)]
    pub month: Option<String>,
    /// The zone in which that month is a month, by its name in the tz database; absent: UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// File with what things cost, beside the scenario; absent: sites are ranked and nothing is priced.
    #[serde(default)]
    pub costs: Option<String>,
    /// What a site is worth to the phases.
    #[serde(default)]
    pub benefit: Benefit,
    /// Phases, one after the other; without any, the frontier alone says what a budget brings.
    #[serde(default)]
    pub phases: Vec<PhaseBudget>,
    /// Steps of the frontier between nothing and everything.
    #[serde(default = "frontier_steps")]
    pub frontier_steps: usize,
    /// From where on evidence decides.
    #[serde(default)]
    pub classes: Thresholds,
    /// Decisions about sites.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// Least numbers of sites of a region.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// E-service points.
    #[serde(default)]
    pub cover: Vec<ServiceWish>,
    /// Sites that were connected since an earlier plan.
    #[serde(default)]
    pub delivered: Vec<Delivered>,
    /// The weights of the ranking.
    pub ranking: Weights,
}

/// What a site is worth to the phases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Benefit {
    /// Its score in the ranking, millionths; at least 1.
    #[default]
    Score,
    /// 1: as many sites as possible.
    Sites,
}

/// What may be spent in a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseBudget {
    /// What a person calls it.
    pub name: String,
    /// Capex of this phase, minor units; what it leaves goes to the next one.
    pub capex_minor: u64,
    /// What all that is built up to and with this phase may cost a year, minor units; absent: any.
    #[serde(default)]
    pub yearly_minor: Option<u64>,
}

fn frontier_steps() -> usize {
    16
}

/// Why a scenario cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Too many phases or steps.
    #[error("{key} = {given}: at most {most}")]
    TooMany {
        /// The key.
        key: &'static str,
        /// How many there are.
        given: usize,
        /// The most.
        most: usize,
    },
    /// A threshold that is no share.
    #[error("classes.{0}: more than the whole")]
    Threshold(&'static str),
    /// Decisions.
    #[error(transparent)]
    Override(#[from] crate::overrides::OverrideError),
    /// A delivery is named twice.
    #[error("delivered {0:?} is named twice")]
    DeliveredTwice(String),
}

impl Scenario {
    /// Checks what can be checked without the sites.
    pub fn check(&self) -> Result<(), ScenarioError> {
        for (key, given, most) in [
            ("phases", self.phases.len(), PHASES_MAX),
            ("frontier_steps", self.frontier_steps, FRONTIER_STEPS_MAX),
        ] {
            if given > most {
                return Err(ScenarioError::TooMany { key, given, most });
            }
        }
        if let Some(name) = self.classes.wrong() {
            return Err(ScenarioError::Threshold(name));
        }
        let mut sites: Vec<&str> = self.delivered.iter().map(|one| one.site.as_str()).collect();
        sites.sort_unstable();
        if let Some([twice, _]) = sites.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(ScenarioError::DeliveredTwice((*twice).to_owned()));
        }
        // Without phases a pin has nothing to name but the first.
        let phases = self.phases.len().max(1);
        Ok(crate::overrides::check(
            &self.overrides,
            &self.quotas,
            phases,
        )?)
    }
}

impl Default for Scenario {
    /// Measured need first, then people, then what is cheap to connect.
    fn default() -> Self {
        let weighted = |criterion, weight| {
            (
                criterion,
                Weighting {
                    weight,
                    prefer: None,
                    full_scale: None,
                },
            )
        };
        Self {
            name: "default".to_owned(),
            month: None,
            time_zone: None,
            costs: None,
            benefit: Benefit::Score,
            phases: Vec::new(),
            frontier_steps: frontier_steps(),
            classes: Thresholds::default(),
            overrides: Vec::new(),
            quotas: Vec::new(),
            cover: Vec::new(),
            delivered: Vec::new(),
            ranking: Weights {
                criteria: [
                    weighted(Criterion::FibreDistance, 30),
                    weighted(Criterion::MastDistance, 10),
                    weighted(Criterion::PlacePopulation, 30),
                    weighted(Criterion::Unavailability, 30),
                ]
                .into(),
                kind_importance: std::collections::BTreeMap::new(),
            },
        }
    }
}
