//! Yearly flows of money, from what is bought and what is paid each year.

use serde::Serialize;

use super::discount::{narrowed, rounded};

/// Something that is bought, wears out and is bought again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asset {
    /// What it is: `route`, `equipment`, `mast`, `panels`, `battery`, `installation`.
    pub what: &'static str,
    /// Its price, minor units.
    pub minor: i64,
    /// Years until it is bought again; 0: it lasts as long as the plan and nothing of it is left
    /// (work, not a thing).
    pub life_years: u16,
    /// Upkeep a year, in basis points of its price.
    pub upkeep_basis_points: u32,
}

/// The flows of one year, minor units. Costs are positive; salvage is what comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct YearFlow {
    /// The year, 0 = when it is built.
    pub year: u16,
    /// What is bought and done at first.
    pub capex_minor: i64,
    /// What is bought again because its life has ended.
    pub renewal_minor: i64,
    /// Electricity from the grid.
    pub power_minor: i64,
    /// Bandwidth, subscriptions and spectrum.
    pub bandwidth_minor: i64,
    /// Upkeep.
    pub upkeep_minor: i64,
    /// What is left of the things at the end; taken off.
    pub salvage_minor: i64,
}

impl YearFlow {
    /// The year's cost, minor units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.capex_minor + self.renewal_minor + self.running() - self.salvage_minor
    }

    /// What a year costs beside things that are bought, minor units.
    #[must_use]
    pub fn running(&self) -> i64 {
        self.power_minor + self.bandwidth_minor + self.upkeep_minor
    }
}

/// Flows of year 0 and of every year of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CashFlows {
    /// One entry a year, from 0.
    pub years: Vec<YearFlow>,
}

/// What is paid every year, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Yearly {
    pub(super) power: i64,
    pub(super) bandwidth: i64,
}

impl CashFlows {
    /// The flows of these things over `years`. A thing is bought again at the end of its life unless
    /// the plan ends then; at the end, `salvage_percent` of the unused part of its price comes back
    /// (straight line, rounded down).
    #[must_use]
    pub(super) fn new(assets: &[Asset], yearly: Yearly, years: u16, salvage_percent: u16) -> Self {
        let upkeep: i64 = assets.iter().map(Asset::upkeep).sum();
        let mut flows: Vec<YearFlow> = (0..=years)
            .map(|year| {
                let runs = year > 0;
                YearFlow {
                    year,
                    power_minor: if runs { yearly.power } else { 0 },
                    bandwidth_minor: if runs { yearly.bandwidth } else { 0 },
                    upkeep_minor: if runs { upkeep } else { 0 },
                    ..YearFlow::default()
                }
            })
            .collect();
        for asset in assets {
            for flow in &mut flows {
                if flow.year == 0 {
                    flow.capex_minor += asset.minor;
                } else if asset.renewed_in(flow.year) && flow.year < years {
                    flow.renewal_minor += asset.minor;
                }
            }
            if let Some(last) = flows.last_mut() {
                last.salvage_minor += asset.left_after(years, salvage_percent);
            }
        }
        Self { years: flows }
    }

    /// What is spent in year 0, minor units.
    #[must_use]
    pub fn capex_minor(&self) -> i64 {
        self.years.first().map_or(0, |flow| flow.capex_minor)
    }

    /// What year 1 costs to run, minor units; every later year costs the same.
    #[must_use]
    pub fn yearly_minor(&self) -> i64 {
        self.years.get(1).map_or(0, YearFlow::running)
    }

    /// Both together, year by year.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (flow, more) in self.years.iter_mut().zip(&other.years) {
            flow.capex_minor += more.capex_minor;
            flow.renewal_minor += more.renewal_minor;
            flow.power_minor += more.power_minor;
            flow.bandwidth_minor += more.bandwidth_minor;
            flow.upkeep_minor += more.upkeep_minor;
            flow.salvage_minor += more.salvage_minor;
        }
        self
    }
}

impl Asset {
    fn upkeep(&self) -> i64 {
        let share = i128::from(self.minor) * i128::from(self.upkeep_basis_points);
        narrowed(rounded(share, 10_000))
    }

    fn renewed_in(&self, year: u16) -> bool {
        self.life_years > 0 && year.is_multiple_of(self.life_years)
    }

    fn left_after(&self, years: u16, salvage_percent: u16) -> i64 {
        if self.life_years == 0 {
            return 0;
        }
        // Bought last at the latest multiple of its life before the end.
        let used = match years % self.life_years {
            0 if years > 0 => self.life_years,
            used => used,
        };
        let left = i128::from(self.life_years - used) * i128::from(self.minor);
        let share = i128::from(salvage_percent);
        narrowed(left * share / (i128::from(self.life_years) * 100))
    }
}
