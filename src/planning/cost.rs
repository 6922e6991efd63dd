//! What it costs to connect a site, technology by technology, over the years of a plan.
//!
//! Money is whole minor units of one currency (ISO 4217: a franc of XAF, a millime of TND). Every
//! figure of a site is a sum of yearly flows that can be recomputed by hand: capex in year 0,
//! renewals when a thing's life ends, power, bandwidth that the ministry pays, upkeep, and what is
//! left at the end ([`CashFlows`]). A year's flows count with a discount factor in millionths of a
//! millionth ([`Discount`]).
//!
//! What a technology would need and nobody knows (a mast's coverage, the terrain between two masts)
//! makes it *unknown* there, never free and never impossible.

mod check;
mod discount;
mod flows;
mod option;
mod parameters;
mod problem;
mod sensitivity;
#[cfg(test)]
mod tests;

pub use discount::Discount;
pub use flows::{Asset, CashFlows, YearFlow};
pub use option::{
    Barrier, Feasibility, Surroundings, TechnologyOption, break_even_metres, fibre_route, options,
};
pub use parameters::{
    CostParameters, Demand, Fibre, LIFE_YEARS_MAX, MONEY_MAX, Microwave, Mobile, Power, Satellite,
    SiteCosts, UnknownGrid, YEARS_MAX,
};
pub use problem::CostProblem;
pub use sensitivity::{Factor, Sensitivity, sensitivity};

use serde::{Deserialize, Serialize};

/// How a site is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Technology {
    /// Optical fibre to the site.
    Fibre,
    /// A microwave link from the nearest mast to a mast at the site (point to point).
    Microwave,
    /// A fixed terminal in the mobile network (4G or 5G fixed wireless access).
    Mobile,
    /// A satellite terminal.
    Satellite,
}

impl Technology {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Fibre, Self::Microwave, Self::Mobile, Self::Satellite];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fibre => "fibre",
            Self::Microwave => "microwave",
            Self::Mobile => "mobile",
            Self::Satellite => "satellite",
        }
    }

    /// Its French name.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        match self {
            Self::Fibre => "fibre optique",
            Self::Microwave => "faisceau hertzien",
            Self::Mobile => "4G/5G fixe",
            Self::Satellite => "satellite",
        }
    }

    /// Its English name.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Fibre => "optical fibre",
            Self::Microwave => "microwave link",
            Self::Mobile => "fixed 4G/5G",
            Self::Satellite => "satellite",
        }
    }
}
