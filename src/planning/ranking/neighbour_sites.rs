//! Other public sites near: a node that serves this one can serve them too, so that a cluster is
//! worth more than a lone site.

use super::{Description, Prefer, SiteFacts, linear};
use crate::finding::Finding;

/// How far a new node reaches, metres: some kilometres of cable or radio.
pub const REACH_METRES: f64 = 5_000.0;
/// More neighbours than this are counted as so many: a city's sites all are a cluster.
pub const COUNTED_MAX: u32 = 200;

/// 20 neighbours: a small town.
pub(super) const DESCRIPTION: Description = Description {
    code: "neighbour_sites",
    unit: "sites",
    name_fr: "sites voisins",
    name_en: "neighbouring sites",
    prefer: Prefer::High,
    full_scale: 20.0,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    facts
        .neighbours
        .and_then(|count| Finding::Known(f64::from(*count)))
}
