//! The technologies that a site could take, each with its flows, or what stands against it.

use serde::Serialize;

use super::Technology;
use super::discount::{Discount, narrowed, rounded};
use super::flows::{Asset, CashFlows, Yearly};
use super::parameters::{CostParameters, Power, SiteCosts, UnknownGrid};
use crate::finding::Finding;

/// Hours of a year; leap years are not counted.
const HOURS_A_YEAR: i128 = 8_760;

/// What the plan knows around a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    /// Metres to the nearest route of fibre.
    pub fibre_metres: Finding<f64>,
    /// Metres to the nearest mast.
    pub mast_metres: Finding<f64>,
    /// Metres to the nearest line or station of the grid; unknown where no such layer is.
    pub grid_metres: Finding<f64>,
    /// Whether a 4G or 5G network reaches the site; unknown where no such layer is.
    pub covered: Finding<bool>,
    /// Whether the nearest mast sees the site; unknown without terrain.
    pub sight: Finding<bool>,
}

/// What stands against a technology. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Barrier {
    /// The parameters do not offer it.
    NotOffered,
    /// It carries less than the site needs.
    TooSlow,
    /// No fibre is known from which a route could begin.
    NoFibreKnown,
    /// No mast is known.
    NoMastKnown,
    /// The nearest mast is beyond the range.
    MastTooFar,
    /// The ground stands between mast and site.
    SightBlocked,
    /// Nobody knows the ground between mast and site.
    TerrainUnknown,
    /// No network reaches the site.
    NotCovered,
    /// Nobody knows whether a network reaches the site.
    CoverageUnknown,
    /// The site has no position.
    PositionMissing,
}

impl Barrier {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::TooSlow => "too_slow",
            Self::NoFibreKnown => "no_fibre_known",
            Self::NoMastKnown => "no_mast_known",
            Self::MastTooFar => "mast_too_far",
            Self::SightBlocked => "sight_blocked",
            Self::TerrainUnknown => "terrain_unknown",
            Self::NotCovered => "not_covered",
            Self::CoverageUnknown => "coverage_unknown",
            Self::PositionMissing => "position_missing",
        }
    }
}

/// Whether a technology can be had at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "because")]
pub enum Feasibility {
    /// It can.
    Feasible,
    /// It is planned on an assumption that the parameters name.
    Assumed(Barrier),
    /// It cannot.
    Infeasible(Barrier),
    /// Nobody knows; it is not planned.
    Unknown(Barrier),
}

impl Feasibility {
    /// Whether it is planned.
    #[must_use]
    pub fn planned(self) -> bool {
        matches!(self, Self::Feasible | Self::Assumed(_))
    }
}

/// A technology at a site. Of fibre, only what stands at the site: the route is shared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TechnologyOption {
    /// Which.
    pub technology: Technology,
    /// Whether it can be had.
    pub feasibility: Feasibility,
    /// What is bought; empty when it is not offered.
    pub assets: Vec<Asset>,
    /// Its flows; `None` when it is not offered.
    pub flows: Option<CashFlows>,
    /// Their net present value, minor units.
    pub net_present_minor: Option<i64>,
    /// The same amount every year that is worth as much, minor units.
    pub annuity_minor: Option<i64>,
}

/// All technologies at a site of a kind, in the order of [`Technology::ALL`].
#[must_use]
pub fn options(
    parameters: &CostParameters,
    kind: &str,
    around: &Surroundings,
) -> Vec<TechnologyOption> {
    let discount = Discount::new(parameters.years, parameters.discount_rate_basis_points);
    let demand = parameters.demand_of(kind);
    let make = |technology| {
        let Some((costs, mast)) = offered(parameters, technology) else {
            return TechnologyOption {
                technology,
                feasibility: Feasibility::Infeasible(Barrier::NotOffered),
                assets: Vec::new(),
                flows: None,
                net_present_minor: None,
                annuity_minor: None,
            };
        };
        let mut assets: Vec<Asset> = mast.into_iter().collect();
        assets.push(Asset {
            what: "equipment",
            minor: costs.equipment_minor,
            life_years: costs.equipment_life_years,
            upkeep_basis_points: costs.upkeep_basis_points,
        });
        assets.push(Asset {
            what: "installation",
            minor: costs.installation_minor,
            life_years: 0,
            upkeep_basis_points: 0,
        });
        let grid = on_grid(&parameters.power, around);
        let power = powered(&parameters.power, costs.watts, grid, &mut assets);
        assets.retain(|asset| asset.minor != 0);
        let yearly = Yearly {
            power,
            bandwidth: bandwidth(costs, demand),
        };
        let flows = CashFlows::new(
            &assets,
            yearly,
            parameters.years,
            parameters.salvage_percent,
        );
        let net_present = discount.net_present(&flows);
        let feasibility = if costs.bits_per_second_max.is_some_and(|most| demand > most) {
            Feasibility::Infeasible(Barrier::TooSlow)
        } else {
            feasibility(parameters, technology, around)
        };
        TechnologyOption {
            technology,
            feasibility,
            assets,
            flows: Some(flows),
            net_present_minor: Some(net_present),
            annuity_minor: Some(discount.annuity(net_present)),
        }
    };
    Technology::ALL.map(make).into()
}

fn offered(
    parameters: &CostParameters,
    technology: Technology,
) -> Option<(&SiteCosts, Option<Asset>)> {
    match technology {
        Technology::Fibre => Some((&parameters.fibre.as_ref()?.site, None)),
        Technology::Mobile => Some((&parameters.mobile.as_ref()?.site, None)),
        Technology::Satellite => Some((&parameters.satellite.as_ref()?.site, None)),
        Technology::Microwave => {
            let microwave = parameters.microwave.as_ref()?;
            let mast = Asset {
                what: "mast",
                minor: microwave.mast_minor,
                life_years: microwave.mast_life_years,
                upkeep_basis_points: 0,
            };
            Some((&microwave.site, Some(mast)))
        }
    }
}

fn bandwidth(costs: &SiteCosts, bits_per_second: u64) -> i64 {
    let priced = i128::from(costs.bandwidth_minor_per_megabit_year) * i128::from(bits_per_second);
    costs.subscription_minor_per_year + narrowed(rounded(priced, 1_000_000))
}

/// Whether the grid feeds the site.
fn on_grid(power: &Power, around: &Surroundings) -> bool {
    match around.grid_metres {
        Finding::Known(metres) => metres <= f64::from(power.grid_within_metres),
        Finding::Unknown(_) => power.when_grid_unknown == UnknownGrid::Grid,
    }
}

/// What a load's electricity costs a year; off the grid it costs panels and a battery instead.
fn powered(power: &Power, watts: u32, grid: bool, assets: &mut Vec<Asset>) -> i64 {
    let watts = i128::from(watts);
    if grid {
        let price = i128::from(power.grid_minor_per_kilowatt_hour);
        return narrowed(rounded(watts * HOURS_A_YEAR * price, 1_000));
    }
    let sun = i128::from(power.sun_hours_tenths) * i128::from(power.panels_efficiency_percent);
    // A day's energy over a day's sun: W × 24 h / (h / 10 × % / 100), rounded up to a whole watt.
    let panels = (watts * 24 * 10 * 100 + sun - 1) / sun;
    let depth = i128::from(power.battery_depth_percent);
    let battery = (watts * i128::from(power.battery_hours) * 100 + depth - 1) / depth;
    for (what, amount, price, life_years) in [
        (
            "panels",
            panels,
            power.panels_minor_per_watt,
            power.panels_life_years,
        ),
        (
            "battery",
            battery,
            power.battery_minor_per_watt_hour,
            power.battery_life_years,
        ),
    ] {
        assets.push(Asset {
            what,
            minor: narrowed(amount * i128::from(price)),
            life_years,
            upkeep_basis_points: power.upkeep_basis_points,
        });
    }
    0
}

fn feasibility(
    parameters: &CostParameters,
    technology: Technology,
    around: &Surroundings,
) -> Feasibility {
    match technology {
        Technology::Satellite => Feasibility::Feasible,
        Technology::Fibre => match around.fibre_metres {
            Finding::Known(_) => Feasibility::Feasible,
            Finding::Unknown(reason) => Feasibility::Unknown(placed(reason, Barrier::NoFibreKnown)),
        },
        Technology::Microwave => parameters.microwave.as_ref().map_or(
            Feasibility::Infeasible(Barrier::NotOffered),
            |microwave| {
                let metres = match around.mast_metres {
                    Finding::Known(metres) => metres,
                    Finding::Unknown(reason) => {
                        return Feasibility::Unknown(placed(reason, Barrier::NoMastKnown));
                    }
                };
                if metres > f64::from(microwave.range_metres) {
                    return Feasibility::Infeasible(Barrier::MastTooFar);
                }
                match around.sight {
                    Finding::Known(true) => Feasibility::Feasible,
                    Finding::Known(false) => Feasibility::Infeasible(Barrier::SightBlocked),
                    Finding::Unknown(_) if microwave.without_terrain => {
                        Feasibility::Assumed(Barrier::TerrainUnknown)
                    }
                    Finding::Unknown(_) => Feasibility::Unknown(Barrier::TerrainUnknown),
                }
            },
        ),
        Technology::Mobile => {
            let reach = parameters
                .mobile
                .as_ref()
                .map_or(0, |mobile| mobile.assumed_reach_metres);
            match (around.covered, around.mast_metres) {
                (Finding::Known(true), _) => Feasibility::Feasible,
                (Finding::Known(false), _) => Feasibility::Infeasible(Barrier::NotCovered),
                (Finding::Unknown(_), Finding::Known(metres)) if metres <= f64::from(reach) => {
                    Feasibility::Assumed(Barrier::CoverageUnknown)
                }
                (Finding::Unknown(reason), _) => {
                    Feasibility::Unknown(placed(reason, Barrier::CoverageUnknown))
                }
            }
        }
    }
}

/// A site without a position is told so, whatever else is not known of it.
fn placed(reason: crate::UnknownReason, otherwise: Barrier) -> Barrier {
    if reason == crate::UnknownReason::PositionMissing {
        Barrier::PositionMissing
    } else {
        otherwise
    }
}

/// The flows of a route of fibre of so many metres; `None` when fibre is not offered.
#[must_use]
pub fn fibre_route(parameters: &CostParameters, metres: u64) -> Option<(Asset, CashFlows)> {
    let fibre = parameters.fibre.as_ref()?;
    let asset = Asset {
        what: "route",
        minor: narrowed(i128::from(fibre.route_minor_per_metre) * i128::from(metres)),
        life_years: fibre.route_life_years,
        upkeep_basis_points: fibre.route_upkeep_basis_points,
    };
    let flows = CashFlows::new(
        std::slice::from_ref(&asset),
        Yearly::default(),
        parameters.years,
        parameters.salvage_percent,
    );
    Some((asset, flows))
}

/// The longest route, metres, at which fibre over the plan's years costs no more than the cheapest
/// other technology that can be had; 0 when fibre costs more without any route, `None` when fibre or
/// any other is not there to be compared.
#[must_use]
pub fn break_even_metres(parameters: &CostParameters, options: &[TechnologyOption]) -> Option<u64> {
    const KILOMETRE: u64 = 1_000;
    let fibre = options
        .iter()
        .find(|one| one.technology == Technology::Fibre)?
        .net_present_minor?;
    let others = options
        .iter()
        .filter(|one| one.technology != Technology::Fibre && one.feasibility.planned());
    let best = others.filter_map(|one| one.net_present_minor).min()?;
    let discount = Discount::new(parameters.years, parameters.discount_rate_basis_points);
    let (_, route) = fibre_route(parameters, KILOMETRE)?;
    let kilometre = discount.net_present(&route);
    let left = i128::from(best) - i128::from(fibre);
    if left <= 0 {
        return Some(0);
    }
    if kilometre <= 0 {
        return None; // a route that costs nothing has no longest length
    }
    u64::try_from(left * i128::from(KILOMETRE) / i128::from(kilometre)).ok()
}
