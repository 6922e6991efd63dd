//! Metres to the nearest fibre node, where a new branch can be lit: by default the
//! nearest sites come first.

use super::{Description, Prefer, SiteFacts, linear};
use crate::finding::Finding;

/// Beyond 50 km a site is planned with another technology first.
pub(super) const DESCRIPTION: Description = Description {
    code: "fibre_node_distance",
    unit: "m",
    name_fr: "distance au nœud de fibre",
    name_en: "distance to the fibre node",
    prefer: Prefer::Low,
    full_scale: 50_000.0,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    facts
        .gap
        .fibre_node
        .and_then(|nearest| Finding::Known(nearest.metres))
}
