//! A scenario: what a planner decides before a plan is made.

use serde::{Deserialize, Serialize};

use crate::ranking::{Criterion, Weighting, Weights};

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
    /// The weights of the ranking.
    pub ranking: Weights,
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
