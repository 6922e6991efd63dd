//! Importance of the kind of site, as the planner gave it. A kind without one is unknown, not
//! unimportant.

use super::{Description, Prefer, SiteFacts, Weights, linear};
use crate::finding::{Finding, UnknownReason};

/// Importances are given between 0 and 1.
pub(super) const DESCRIPTION: Description = Description {
    code: "site_kind",
    unit: "1",
    name_fr: "importance du type de site",
    name_en: "importance of the kind of site",
    prefer: Prefer::High,
    full_scale: 1.0,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts, weights: &Weights) -> Finding<f64> {
    match weights.kind_importance.get(&facts.kind) {
        Some(importance) => Finding::Known(*importance),
        None => Finding::Unknown(UnknownReason::KindWithoutImportance),
    }
}
