//! How a site's choice of technology hangs on the parameters: each is changed alone, up and down.

use serde::Serialize;

use super::Technology;
use super::discount::Discount;
use super::option::{Surroundings, break_even_metres, fibre_route, options};
use super::parameters::CostParameters;

/// What is changed. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Nothing: the plan's own figures.
    None,
    /// The price of a metre of route.
    Route,
    /// The prices of bandwidth and subscriptions.
    Bandwidth,
    /// The prices of electricity, panels and batteries.
    Power,
    /// What the site needs.
    Demand,
    /// The discount rate.
    DiscountRate,
}

impl Factor {
    /// All that change something.
    pub const ALL: [Self; 5] = [
        Self::Route,
        Self::Bandwidth,
        Self::Power,
        Self::Demand,
        Self::DiscountRate,
    ];
}

/// The choice under one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sensitivity {
    /// What was changed.
    pub factor: Factor,
    /// To how many percent of the plan's figure.
    pub percent: u32,
    /// The technology that costs least then; `None`: none can be had.
    pub technology: Option<Technology>,
    /// What it costs over the years, minor units.
    pub net_present_minor: Option<i64>,
    /// The longest route at which fibre costs no more than the best other, metres.
    pub break_even_metres: Option<u64>,
}

/// The choice as the plan has it, and with each parameter `spread_percent` lower and higher. Fibre
/// is charged with `route_metres`, the site's part of the shared route (or its own route alone).
#[must_use]
pub fn sensitivity(
    parameters: &CostParameters,
    kind: &str,
    around: &Surroundings,
    route_metres: Option<u64>,
    spread_percent: u32,
) -> Vec<Sensitivity> {
    let spread = spread_percent.min(99);
    let changes = Factor::ALL
        .into_iter()
        .flat_map(|factor| [(factor, 100 - spread), (factor, 100 + spread)]);
    std::iter::once((Factor::None, 100))
        .chain(changes)
        .map(|(factor, percent)| {
            let changed = changed(parameters, factor, percent);
            let options = options(&changed, kind, around);
            let discount = Discount::new(changed.years, changed.discount_rate_basis_points);
            let costs = options.iter().filter(|one| one.feasibility.planned());
            let best = costs
                .filter_map(|one| {
                    let mut cost = one.net_present_minor?;
                    if one.technology == Technology::Fibre {
                        let (_, route) = fibre_route(&changed, route_metres?)?;
                        cost += discount.net_present(&route);
                    }
                    Some((cost, one.technology))
                })
                .min();
            Sensitivity {
                factor,
                percent,
                technology: best.map(|(_, technology)| technology),
                net_present_minor: best.map(|(cost, _)| cost),
                break_even_metres: break_even_metres(&changed, &options),
            }
        })
        .collect()
}

fn changed(parameters: &CostParameters, factor: Factor, percent: u32) -> CostParameters {
    let mut changed = parameters.clone();
    let money = |minor: &mut i64| *minor = (*minor * i64::from(percent) + 50) / 100;
    match factor {
        Factor::None => {}
        Factor::Route => {
            if let Some(fibre) = &mut changed.fibre {
                money(&mut fibre.route_minor_per_metre);
            }
        }
        Factor::Bandwidth => {
            let sites = [
                changed.fibre.as_mut().map(|one| &mut one.site),
                changed.microwave.as_mut().map(|one| &mut one.site),
                changed.mobile.as_mut().map(|one| &mut one.site),
                changed.satellite.as_mut().map(|one| &mut one.site),
            ];
            for site in sites.into_iter().flatten() {
                money(&mut site.bandwidth_minor_per_megabit_year);
                money(&mut site.subscription_minor_per_year);
            }
        }
        Factor::Power => {
            money(&mut changed.power.grid_minor_per_kilowatt_hour);
            money(&mut changed.power.panels_minor_per_watt);
            money(&mut changed.power.battery_minor_per_watt_hour);
        }
        Factor::Demand => {
            let demand = |bits: &mut u64| *bits = (*bits * u64::from(percent) / 100).max(1);
            demand(&mut changed.demand.default_bits_per_second);
            changed.demand.kinds.values_mut().for_each(demand);
        }
        Factor::DiscountRate => {
            let rate = &mut changed.discount_rate_basis_points;
            *rate = *rate * percent / 100;
        }
    }
    changed
}
