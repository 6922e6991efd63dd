//! Ready-made decisions: weights and importances that a planner starts from, and changes at will.

use std::collections::BTreeMap;

use crate::ranking::{Criterion, Weighting, Weights};
use crate::scenario::Scenario;

/// Importance of the kinds that a preset puts first.
const FIRST: f64 = 1.0;
/// Importance of the kinds that serve the same people.
const BESIDE: f64 = 0.5;
/// Importance of every other kind: behind, never out.
const BEHIND: f64 = 0.2;

/// Every kind of site that the registry knows.
const KINDS: [&str; 10] = [
    "ministry",
    "town_hall",
    "civil_registry",
    "court",
    "hospital",
    "health_centre",
    "school",
    "post",
    "police",
    "other",
];

/// A ready-made decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Measured need first, then people, then what is cheap to connect; kinds count alike.
    Balanced,
    /// Schools, and the post offices where their families are served.
    SchoolsFirst,
    /// Hospitals, health centres and courts.
    HealthAndJustice,
    /// Ministries, town halls and civil registries, those that are cut off most before all.
    AdministrativeContinuity,
}

impl Preset {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [
        Self::Balanced,
        Self::SchoolsFirst,
        Self::HealthAndJustice,
        Self::AdministrativeContinuity,
    ];

    /// The identifier used over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::SchoolsFirst => "schools_first",
            Self::HealthAndJustice => "health_and_justice",
            Self::AdministrativeContinuity => "administrative_continuity",
        }
    }

    /// The preset with this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.code() == code)
    }

    /// The decisions behind it.
    #[must_use]
    pub fn scenario(self) -> Scenario {
        let (first, beside): (&[&str], &[&str]) = match self {
            Self::Balanced => {
                return Scenario {
                    name: self.code().to_owned(),
                    ..Scenario::default()
                };
            }
            Self::SchoolsFirst => (&["school"], &["post"]),
            Self::HealthAndJustice => (&["hospital", "health_centre", "court"], &["police"]),
            Self::AdministrativeContinuity => (
                &["ministry", "town_hall", "civil_registry"],
                &["court", "post", "police"],
            ),
        };
        Scenario {
            name: self.code().to_owned(),
            ranking: Weights {
                criteria: self.criteria(),
                kind_importance: importances(first, beside),
            },
            ..Scenario::default()
        }
    }

    /// Weights beside the kind of site.
    fn criteria(self) -> BTreeMap<Criterion, Weighting> {
        let weights = match self {
            // People served and cheapness decide between schools; of what must run, need does.
            Self::Balanced | Self::SchoolsFirst => [40, 20, 5, 20, 15],
            Self::HealthAndJustice => [40, 15, 5, 15, 25],
            Self::AdministrativeContinuity => [40, 10, 5, 5, 40],
        };
        let criteria = [
            Criterion::SiteKind,
            Criterion::FibreDistance,
            Criterion::MastDistance,
            Criterion::PlacePopulation,
            Criterion::Unavailability,
        ];
        let weighting = |weight| Weighting {
            weight,
            prefer: None,
            full_scale: None,
        };
        criteria.into_iter().zip(weights.map(weighting)).collect()
    }
}

fn importances(first: &[&str], beside: &[&str]) -> BTreeMap<String, f64> {
    let importance = |kind: &str| {
        if first.contains(&kind) {
            FIRST
        } else if beside.contains(&kind) {
            BESIDE
        } else {
            BEHIND
        }
    };
    KINDS
        .into_iter()
        .map(|kind| (kind.to_owned(), importance(kind)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layers;
    use crate::plan::{PlanSite, plan};

    #[test]
    fn each_preset_ranks_and_puts_its_kinds_first() {
        let sites: Vec<PlanSite> = KINDS
            .into_iter()
            .map(|kind| PlanSite {
                id: format!("z-{kind}"),
                name: None,
                kind: kind.to_owned(),
                position: None,
                region: None,
                invented: true,
                simulated: false,
                availability: None,
            })
            .collect();
        for (preset, first) in [
            (Preset::SchoolsFirst, "z-school"),
            (Preset::HealthAndJustice, "z-court"),
            (Preset::AdministrativeContinuity, "z-civil_registry"),
        ] {
            let plan = plan(sites.clone(), &Layers::default(), preset.scenario()).unwrap();
            assert_eq!(plan.rows[0].site.id, first, "{}", preset.code());
            assert_eq!(Preset::from_code(preset.code()), Some(preset));
        }
        assert_eq!(
            Preset::Balanced.scenario().ranking,
            Scenario::default().ranking
        );
    }
}
