//! Measured share of the known time in which the site was cut off. Unknown slots are on neither
//! side; a site nobody measured has no share at all.

use super::{Description, Prefer, SiteFacts, linear};
use crate::finding::{Finding, UnknownReason};

/// A site that is cut off a tenth of the time or more counts in full.
pub(super) const DESCRIPTION: Description = Description {
    code: "unavailability",
    unit: "1",
    name_fr: "indisponibilité mesurée",
    name_en: "measured unavailability",
    prefer: Prefer::High,
    full_scale: 0.1,
    scale: linear,
};

pub(super) fn value(facts: &SiteFacts) -> Finding<f64> {
    let unknown = Finding::Unknown(UnknownReason::NotMeasured);
    let Some(measured) = &facts.availability else {
        return unknown;
    };
    let known = measured.up_slots.saturating_add(measured.down_slots);
    if known == 0 {
        return unknown;
    }
    Finding::Known(share(measured.down_slots, known))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "slots of any period stay far below 2^53"
)]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
