//! What is wrong with a set of parameters: every fault at once, each with its key.

use super::parameters::{CostParameters, LIFE_YEARS_MAX, MONEY_MAX, Power, SiteCosts, YEARS_MAX};
use super::problem::CostProblem;

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

impl CostParameters {
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
        check.technologies(self);
        check.0
    }
}

struct Check(Vec<CostProblem>);

impl Check {
    fn technologies(&mut self, set: &CostParameters) {
        if let Some(fibre) = &set.fibre {
            self.money("fibre.route_minor_per_metre", fibre.route_minor_per_metre);
            self.life("fibre.route_life_years", fibre.route_life_years);
            self.share(
                "fibre.route_upkeep_basis_points",
                fibre.route_upkeep_basis_points,
                10_000,
            );
            self.within(
                "fibre.detour_percent",
                u64::from(fibre.detour_percent),
                100,
                1_000,
            );
            self.within(
                "fibre.off_road_percent",
                u64::from(fibre.off_road_percent),
                100,
                10_000,
            );
            self.site("fibre.site", &fibre.site);
        }
        if let Some(microwave) = &set.microwave {
            self.metres("microwave.range_metres", microwave.range_metres);
            self.money("microwave.mast_minor", microwave.mast_minor);
            self.life("microwave.mast_life_years", microwave.mast_life_years);
            self.within(
                "microwave.site_antenna_metres",
                u64::from(microwave.site_antenna_metres),
                1,
                1_000,
            );
            self.within(
                "microwave.far_antenna_metres",
                u64::from(microwave.far_antenna_metres),
                1,
                1_000,
            );
            self.within(
                "microwave.frequency_megahertz",
                u64::from(microwave.frequency_megahertz),
                100,
                100_000,
            );
            self.site("microwave.site", &microwave.site);
        }
        if let Some(mobile) = &set.mobile {
            if mobile.assumed_reach_metres > 0 {
                self.metres("mobile.assumed_reach_metres", mobile.assumed_reach_metres);
            }
            self.site("mobile.site", &mobile.site);
        }
        if let Some(satellite) = &set.satellite {
            self.site("satellite.site", &satellite.site);
        }
        if set.fibre.is_none()
            && set.microwave.is_none()
            && set.mobile.is_none()
            && set.satellite.is_none()
        {
            self.found(
                "fibre",
                "no technology is offered: give at least one table".to_owned(),
            );
        }
    }

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
