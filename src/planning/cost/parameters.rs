//! What things cost, as a planner writes it in `costs.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::problem::CostProblem;

/// Longest plan, years: no parameter is known for longer.
pub const YEARS_MAX: u16 = 50;
/// Longest life of a thing, years.
pub const LIFE_YEARS_MAX: u16 = 100;
/// Largest single amount, minor units: sums over a country and its years stay far below 2⁶³.
pub const MONEY_MAX: i64 = 1_000_000_000_000;
/// Largest percentage or number of basis points.
const SHARE_MAX: u32 = 100_000;
/// Largest demand of a site, bits per second: 1 Tbit/s.
const BITS_PER_SECOND_MAX: u64 = 1_000_000_000_000;
/// Largest load of a site's equipment, watts.
const WATTS_MAX: u32 = 100_000;
/// Largest distance, metres: half-way around the earth.
const METRES_MAX: u32 = 20_000_000;
/// Longest name or source, characters.
const TEXT_MAX: usize = 2_000;

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

    /// Everything that is wrong with the set; empty when nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<CostProblem> {
        let mut check = Check(Vec::new());
        check.text("name", &self.name);
        check.text("source", &self.source);
        let code = self.currency.as_bytes();
        if code.len() != 3 || !code.iter().all(u8::is_ascii_uppercase) {
            check.found(
                "currency",
                format!("{:?} is no ISO 4217 code", self.currency),
            );
        }
        check.within("years", u64::from(self.years), 1, u64::from(YEARS_MAX));
        check.share(
            "discount_rate_basis_points",
            self.discount_rate_basis_points,
            10_000,
        );
        check.share("salvage_percent", u32::from(self.salvage_percent), 100);
        let demands = self.demand.kinds.iter();
        let demands = demands.map(|(kind, bits)| (format!("demand.kinds.{kind}"), *bits));
        let first = (
            "demand.default_bits_per_second".to_owned(),
            self.demand.default_bits_per_second,
        );
        for (key, bits) in std::iter::once(first).chain(demands) {
            check.within(&key, bits, 1, BITS_PER_SECOND_MAX);
        }
        check.power(&self.power);
        if let Some(fibre) = &self.fibre {
            check.money("fibre.route_minor_per_metre", fibre.route_minor_per_metre);
            check.life("fibre.route_life_years", fibre.route_life_years);
            check.share(
                "fibre.route_upkeep_basis_points",
                fibre.route_upkeep_basis_points,
                10_000,
            );
            check.within(
                "fibre.detour_percent",
                u64::from(fibre.detour_percent),
                100,
                1_000,
            );
            check.within(
                "fibre.off_road_percent",
                u64::from(fibre.off_road_percent),
                100,
                10_000,
            );
            check.site("fibre.site", &fibre.site);
        }
        if let Some(microwave) = &self.microwave {
            check.metres("microwave.range_metres", microwave.range_metres);
            check.money("microwave.mast_minor", microwave.mast_minor);
            check.life("microwave.mast_life_years", microwave.mast_life_years);
            check.within(
                "microwave.site_antenna_metres",
                u64::from(microwave.site_antenna_metres),
                1,
                1_000,
            );
            check.within(
                "microwave.far_antenna_metres",
                u64::from(microwave.far_antenna_metres),
                1,
                1_000,
            );
            check.within(
                "microwave.frequency_megahertz",
                u64::from(microwave.frequency_megahertz),
                100,
                100_000,
            );
            check.site("microwave.site", &microwave.site);
        }
        if let Some(mobile) = &self.mobile {
            if mobile.assumed_reach_metres > 0 {
                check.metres("mobile.assumed_reach_metres", mobile.assumed_reach_metres);
            }
            check.site("mobile.site", &mobile.site);
        }
        if let Some(satellite) = &self.satellite {
            check.site("satellite.site", &satellite.site);
        }
        if self.fibre.is_none()
            && self.microwave.is_none()
            && self.mobile.is_none()
            && self.satellite.is_none()
        {
            check.found(
                "fibre",
                "no technology is offered: give at least one table".to_owned(),
            );
        }
        check.0
    }
}

struct Check(Vec<CostProblem>);

impl Check {
    fn found(&mut self, key: &str, reason: String) {
        self.0.push(CostProblem {
            key: key.to_owned(),
            reason,
        });
    }

    fn text(&mut self, key: &str, text: &str) {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            self.found(key, format!("must hold 1 to {TEXT_MAX} characters"));
        }
    }

    fn within(&mut self, key: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.found(key, format!("{value} is not within {least} and {most}"));
        }
    }

    fn money(&mut self, key: &str, minor: i64) {
        if !(0..=MONEY_MAX).contains(&minor) {
            self.found(
                key,
                format!("{minor} is not within 0 and {MONEY_MAX} minor units"),
            );
        }
    }

    fn life(&mut self, key: &str, years: u16) {
        self.within(key, u64::from(years), 1, u64::from(LIFE_YEARS_MAX));
    }

    fn share(&mut self, key: &str, share: u32, most: u32) {
        self.within(key, u64::from(share), 0, u64::from(most.min(SHARE_MAX)));
    }

    fn metres(&mut self, key: &str, metres: u32) {
        self.within(key, u64::from(metres), 1, u64::from(METRES_MAX));
    }

    fn site(&mut self, table: &str, site: &SiteCosts) {
        let key = |name: &str| format!("{table}.{name}");
        self.money(&key("equipment_minor"), site.equipment_minor);
        self.life(&key("equipment_life_years"), site.equipment_life_years);
        self.share(
            &key("upkeep_basis_points"),
            site.upkeep_basis_points,
            10_000,
        );
        self.money(&key("installation_minor"), site.installation_minor);
        self.within(
            &key("watts"),
            u64::from(site.watts),
            0,
            u64::from(WATTS_MAX),
        );
        self.money(
            &key("subscription_minor_per_year"),
            site.subscription_minor_per_year,
        );
        self.money(
            &key("bandwidth_minor_per_megabit_year"),
            site.bandwidth_minor_per_megabit_year,
        );
        if let Some(bits) = site.bits_per_second_max {
            self.within(&key("bits_per_second_max"), bits, 1, BITS_PER_SECOND_MAX);
        }
    }

    fn power(&mut self, power: &Power) {
        self.within(
            "power.grid_within_metres",
            u64::from(power.grid_within_metres),
            0,
            u64::from(METRES_MAX),
        );
        self.money(
            "power.grid_minor_per_kilowatt_hour",
            power.grid_minor_per_kilowatt_hour,
        );
        self.money("power.panels_minor_per_watt", power.panels_minor_per_watt);
        self.life("power.panels_life_years", power.panels_life_years);
        self.within(
            "power.sun_hours_tenths",
            u64::from(power.sun_hours_tenths),
            1,
            240,
        );
        self.within(
            "power.panels_efficiency_percent",
            u64::from(power.panels_efficiency_percent),
            1,
            100,
        );
        self.money(
            "power.battery_minor_per_watt_hour",
            power.battery_minor_per_watt_hour,
        );
        self.life("power.battery_life_years", power.battery_life_years);
        self.within(
            "power.battery_hours",
            u64::from(power.battery_hours),
            0,
            1_000,
        );
        self.within(
            "power.battery_depth_percent",
            u64::from(power.battery_depth_percent),
            1,
            100,
        );
        self.share(
            "power.upkeep_basis_points",
            power.upkeep_basis_points,
            10_000,
        );
    }
}
