//! Metres to the nearest route of fibre: by default the nearest sites come first, because they are
//! the cheapest to connect.

use super::{Description, Prefer, SiteFacts, linear};
use crate::finding::Finding;

/// Beyond 50 km a site is planned with another technology first.
pub(super) const DESCRIPTION: Description = Description {
    code: "fibre_distance",
    unit: "m",
    name_fr: "distance au tracé de fibre",
    name_en: "distance to the fibre route",
    prefer: Prefer::Low,
    full_scale: 50_000.0,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    facts
        .gap
        .fibre_line
        .and_then(|nearest| Finding::Known(nearest.metres))
}
