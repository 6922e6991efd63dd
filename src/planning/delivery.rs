//! Plan against delivery: what a connected site really cost and how good it is, and what that says of
//! the sites that are still to come.

use serde::{Deserialize, Serialize};

use crate::cost::{CostParameters, SiteCosts, Technology};

/// Deliveries of a technology that its prices are corrected by: fewer say little.
pub const DELIVERIES_MIN: usize = 3;
/// Smallest and largest correction, percent of the planned price.
pub const CORRECTION_PERCENT: (u32, u32) = (25, 400);

/// A site that was connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// The site.
    pub site: String,
    /// How.
    pub technology: Technology,
    /// The day of its acceptance, `yyyy-mm-dd`.
    pub accepted: String,
    /// What the plan said it would cost to build, its part of the route with it, minor units.
    pub planned_capex_minor: u64,
    /// What it cost, minor units.
    pub realised_capex_minor: u64,
    /// Availability promised for it, millionths; what was measured stands beside it.
    #[serde(default)]
    pub promised_availability_millionths: Option<u32>,
}

/// A delivery beside what was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRow {
    /// The delivery.
    #[serde(flatten)]
    pub delivered: Delivered,
    /// Realised, percent of planned, rounded half up; `None`: nothing was planned.
    pub cost_percent: Option<u64>,
    /// Measured availability, millionths, rounded down; `None`: nothing was measured.
    pub measured_availability_millionths: Option<u32>,
    /// Whether it is at least what was promised; `None`: nothing promised or measured.
    pub as_promised: Option<bool>,
}

/// What deliveries say of a technology's prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// The technology.
    pub technology: Technology,
    /// Deliveries that it rests on.
    pub deliveries: usize,
    /// Realised capex of all of them, percent of the planned, rounded half up and bounded.
    pub percent: u32,
}

/// By technology with enough deliveries: how far its prices were off.
#[must_use]
pub fn corrections(delivered: &[Delivered]) -> Vec<Correction> {
    let of = |technology| {
        let mine = delivered.iter().filter(|one| one.technology == technology);
        let mine: Vec<&Delivered> = mine.filter(|one| one.planned_capex_minor > 0).collect();
        let planned: u128 = mine
            .iter()
            .map(|one| u128::from(one.planned_capex_minor))
            .sum();
        let realised: u128 = mine
            .iter()
            .map(|one| u128::from(one.realised_capex_minor))
            .sum();
        if mine.len() < DELIVERIES_MIN || planned == 0 {
            return None;
        }
        let percent = (realised * 100 + planned / 2) / planned;
        let (least, most) = CORRECTION_PERCENT;
        Some(Correction {
            technology,
            deliveries: mine.len(),
            percent: u32::try_from(percent).unwrap_or(most).clamp(least, most),
        })
    };
    Technology::ALL.into_iter().filter_map(of).collect()
}

/// The parameters with the prices of things corrected; what is paid every year stays.
#[must_use]
pub fn corrected(parameters: &CostParameters, corrections: &[Correction]) -> CostParameters {
    let mut parameters = parameters.clone();
    for correction in corrections {
        let percent = i64::from(correction.percent);
        let money = |minor: &mut i64| *minor = (*minor * percent + 50) / 100;
        let site = |site: &mut SiteCosts| {
            money(&mut site.equipment_minor);
            money(&mut site.installation_minor);
        };
        match correction.technology {
            Technology::Fibre => {
                if let Some(fibre) = &mut parameters.fibre {
                    money(&mut fibre.route_minor_per_metre);
                    site(&mut fibre.site);
                }
            }
            Technology::Microwave => {
                if let Some(microwave) = &mut parameters.microwave {
                    money(&mut microwave.mast_minor);
                    site(&mut microwave.site);
                }
            }
            Technology::Mobile => {
                if let Some(mobile) = &mut parameters.mobile {
                    site(&mut mobile.site);
                }
            }
            Technology::Satellite => {
                if let Some(satellite) = &mut parameters.satellite {
                    site(&mut satellite.site);
                }
            }
        }
    }
    parameters
}

/// A delivery beside what was promised, with the slots up and down measured since.
#[must_use]
pub fn row(delivered: &Delivered, measured: Option<(u64, u64)>) -> DeliveryRow {
    let planned = u128::from(delivered.planned_capex_minor);
    let cost_percent = (planned > 0).then(|| {
        let percent = (u128::from(delivered.realised_capex_minor) * 100 + planned / 2) / planned;
        u64::try_from(percent).unwrap_or(u64::MAX)
    });
    let measured = measured
        .filter(|(up, down)| up + down > 0)
        .map(|(up, down)| u32::try_from(up * 1_000_000 / (up + down)).unwrap_or(0));
    let as_promised = match (measured, delivered.promised_availability_millionths) {
        (Some(measured), Some(promised)) => Some(measured >= promised),
        _ => None,
    };
    DeliveryRow {
        delivered: delivered.clone(),
        cost_percent,
        measured_availability_millionths: measured,
        as_promised,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(technology: Technology, planned: u64, realised: u64) -> Delivered {
        Delivered {
            site: "s".to_owned(),
            technology,
            accepted: "2026-05-01".to_owned(),
            planned_capex_minor: planned,
            realised_capex_minor: realised,
            promised_availability_millionths: Some(990_000),
        }
    }

    #[test]
    fn three_deliveries_correct_a_price_and_two_do_not() {
        let satellite = |realised| delivered(Technology::Satellite, 100, realised);
        assert!(corrections(&[satellite(200), satellite(150)]).is_empty());
        let all = [
            satellite(200),
            satellite(150),
            satellite(100),
            delivered(Technology::Fibre, 1, 9),
        ];
        let found = corrections(&all);
        let expected = Correction {
            technology: Technology::Satellite,
            deliveries: 3,
            percent: 150,
        };
        assert_eq!(found, [expected]);
        let wild = [satellite(90_000), satellite(90_000), satellite(90_000)];
        assert_eq!(corrections(&wild)[0].percent, CORRECTION_PERCENT.1);
    }

    #[test]
    fn quality_is_held_against_the_promise() {
        let site = delivered(Technology::Fibre, 300, 450);
        let good = row(&site, Some((990, 10)));
        assert_eq!(
            (good.cost_percent, good.as_promised),
            (Some(150), Some(true))
        );
        assert_eq!(row(&site, Some((989, 11))).as_promised, Some(false));
        let unknown = row(&site, Some((0, 0)));
        assert_eq!(
            (
                unknown.measured_availability_millionths,
                unknown.as_promised
            ),
            (None, None)
        );
        let free = delivered(Technology::Fibre, 0, 450);
        assert_eq!(row(&free, None).cost_percent, None);
    }
}
