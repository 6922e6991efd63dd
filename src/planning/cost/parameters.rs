//! What things cost, as a planner writes it in `costs.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Longest plan, years: no parameter is known for longer.
pub const YEARS_MAX: u16 = 50;
/// Longest life of a thing, years.
pub const LIFE_YEARS_MAX: u16 = 100;
/// Largest single amount, minor units: sums over a country and its years stay far below 2⁶³.
pub const MONEY_MAX: i64 = 1_000_000_000_000;

/// Everything that a plan's figures of money rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostParameters {
    /// What a person calls this set.
    pub name: String,
    /// Where its figures come from; printed beside them.
    pub source: String,
    /// ISO 4217 code; every amount is in its minor unit.
    pub currency: String,
    /// Years that a plan looks at.
    pub years: u16,
    /// Discount rate a year, basis points (1,000 = 10 %).
    pub discount_rate_basis_points: u32,
    /// Share of what is left of a thing's price that comes back at the end, percent.
    #[serde(default = "whole")]
    pub salvage_percent: u16,
    /// What sites need.
    pub demand: Demand,
    /// Electricity.
    pub power: Power,
    /// Fibre; left out: no site is offered any.
    #[serde(default)]
    pub fibre: Option<Fibre>,
    /// Microwave; left out: no site is offered any.
    #[serde(default)]
    pub microwave: Option<Microwave>,
    /// Fixed 4G/5G; left out: no site is offered any.
    #[serde(default)]
    pub mobile: Option<Mobile>,
    /// Satellite; left out: no site is offered any.
    #[serde(default)]
    pub satellite: Option<Satellite>,
}

fn whole() -> u16 {
    100
}

/// What a site buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Of a kind that is not named below, bits per second.
    pub default_bits_per_second: u64,
    /// By kind of site, bits per second.
    #[serde(default)]
    pub kinds: BTreeMap<String, u64>,
}

/// Electricity: from the grid near it, else from panels and a battery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// A site no farther from the grid takes its electricity from it, metres.
    pub grid_within_metres: u32,
    /// What holds where no layer of the grid is known; the plan says so.
    pub when_grid_unknown: UnknownGrid,
    /// A kilowatt-hour from the grid.
    pub grid_minor_per_kilowatt_hour: i64,
    /// A watt of panels, with what carries and connects them.
    pub panels_minor_per_watt: i64,
    /// Life of the panels, years.
    pub panels_life_years: u16,
    /// Hours of full sun a day in the worst month, in tenths.
    pub sun_hours_tenths: u32,
    /// Share of the panels' energy that reaches the equipment, percent.
    pub panels_efficiency_percent: u32,
    /// A watt-hour of battery.
    pub battery_minor_per_watt_hour: i64,
    /// Life of the battery, years.
    pub battery_life_years: u16,
    /// Hours that the battery carries the equipment.
    pub battery_hours: u32,
    /// Share of the battery that may be used, percent.
    pub battery_depth_percent: u32,
    /// Upkeep of panels and battery a year, basis points of their price.
    #[serde(default)]
    pub upkeep_basis_points: u32,
}

/// Where a site's electricity comes from as long as nobody knows the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownGrid {
    /// Panels and a battery: dearer, hence never too little.
    Solar,
    /// The grid.
    Grid,
}

/// What a technology costs at the site itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteCosts {
    /// Equipment at the site.
    pub equipment_minor: i64,
    /// Its life, years.
    pub equipment_life_years: u16,
    /// Its upkeep a year, basis points of its price.
    #[serde(default)]
    pub upkeep_basis_points: u32,
    /// Work at the site, once.
    #[serde(default)]
    pub installation_minor: i64,
    /// What the equipment draws, watts.
    pub watts: u32,
    /// Subscription a year, whatever the bandwidth.
    #[serde(default)]
    pub subscription_minor_per_year: i64,
    /// A megabit per second of the site's demand, a year.
    #[serde(default)]
    pub bandwidth_minor_per_megabit_year: i64,
    /// The most that it carries, bits per second; left out: more than any site needs.
    #[serde(default)]
    pub bits_per_second_max: Option<u64>,
}

/// Fibre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fibre {
    /// A metre of route: trench, duct, cable, splices.
    pub route_minor_per_metre: i64,
    /// Life of a route, years.
    pub route_life_years: u16,
    /// Upkeep of a route a year, basis points of its price.
    #[serde(default)]
    pub route_upkeep_basis_points: u32,
    /// Length of a route where no road is known, percent of the straight line.
    #[serde(default = "detour")]
    pub detour_percent: u32,
    /// Price of a metre away from roads, percent of one along them.
    #[serde(default = "off_road")]
    pub off_road_percent: u32,
    /// At the site.
    pub site: SiteCosts,
}

fn detour() -> u32 {
    130
}

fn off_road() -> u32 {
    200
}

/// Microwave, from the nearest mast to one at the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Microwave {
    /// Longest link, metres.
    pub range_metres: u32,
    /// The mast at the site.
    pub mast_minor: i64,
    /// Its life, years.
    pub mast_life_years: u16,
    /// Height of the antenna above the ground at the site, metres.
    pub site_antenna_metres: u32,
    /// Height of the antenna above the ground at the other mast, metres.
    pub far_antenna_metres: u32,
    /// Frequency of the link, megahertz.
    pub frequency_megahertz: u32,
    /// Whether a link over unknown terrain may be planned; the plan says that nobody looked.
    #[serde(default)]
    pub without_terrain: bool,
    /// Both ends' radios, and the running of the link.
    pub site: SiteCosts,
}

/// Fixed 4G/5G.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mobile {
    /// Where no layer of coverage is known: a mast within so many metres is taken for coverage, and
    /// the plan says that this is assumed. 0: coverage stays unknown there.
    #[serde(default)]
    pub assumed_reach_metres: u32,
    /// At the site.
    pub site: SiteCosts,
}

/// Satellite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Satellite {
    /// At the site.
    pub site: SiteCosts,
}

impl CostParameters {
    /// What a site of this kind needs, bits per second.
    #[must_use]
    pub fn demand_of(&self, kind: &str) -> u64 {
        let known = self.demand.kinds.get(kind).copied();
        known.unwrap_or(self.demand.default_bits_per_second)
    }
}
