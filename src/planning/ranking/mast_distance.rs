//! Metres to the nearest mast: by default the nearest sites come first, a mast in sight may carry
//! a radio link. That the mast is in use, or has capacity, is not known from its position.

use super::{Description, Prefer, SiteFacts, linear};
use crate::finding::Finding;

/// 30 km: about as far as one microwave hop or a rural 4G cell reaches.
pub(super) const DESCRIPTION: Description = Description {
    code: "mast_distance",
    unit: "m",
    name_fr: "distance au pylône",
    name_en: "distance to the mast",
    prefer: Prefer::Low,
    full_scale: 30_000.0,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    facts
        .gap
        .mast
        .and_then(|nearest| Finding::Known(nearest.metres))
}
