//! Inhabitants of the nearest place, by orders of magnitude: from 500 to 5,000 counts as much as
//! from 50,000 to 500,000, or only the capital would ever come first.

use super::{Description, Prefer, SiteFacts, logarithmic};
use crate::finding::{Finding, UnknownReason};

/// A million inhabitants and more count in full.
pub(super) const DESCRIPTION: Description = Description {
    code: "place_population",
    unit: "inhabitants",
    name_fr: "population de la localité la plus proche",
    name_en: "population of the nearest place",
    prefer: Prefer::High,
    full_scale: 1_000_000.0,
    scale: logarithmic,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    facts.gap.place.and_then(|place| match place.population {
        Some(population) => Finding::Known(inhabitants(population)),
        None => Finding::Unknown(UnknownReason::PopulationNotGiven),
    })
}

#[expect(clippy::cast_precision_loss, reason = "no place has 2^53 inhabitants")]
fn inhabitants(population: u64) -> f64 {
    population as f64
}
