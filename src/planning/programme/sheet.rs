//! A site's sheet: its options with their yearly flows, and how the choice hangs on the parameters.

use serde::Serialize;

use super::SitePlan;
use crate::cost::{
    CashFlows, CostParameters, Sensitivity, Technology, TechnologyOption, fibre_route, options,
    sensitivity,
};

/// Percent by which each parameter is changed.
pub const SPREAD_PERCENT: u32 = 20;

/// Everything about the money of a site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteSheet {
    /// Every technology with its flows; of fibre, those at the site.
    pub options: Vec<TechnologyOption>,
    /// The flows of its part of the routes; `None`: it takes no fibre.
    pub route: Option<CashFlows>,
    /// The flows of what is planned, its part of the routes with it; `None`: nothing is.
    pub planned: Option<CashFlows>,
    /// The choice with each parameter lower and higher; fibre is charged with the site's part of the
    /// routes, or with the way to the nearest line where it takes none.
    pub sensitivity: Vec<Sensitivity>,
}

/// The sheet of a site of a kind.
#[must_use]
pub fn sheet(costs: &CostParameters, kind: &str, site: &SitePlan) -> SiteSheet {
    let around = site.around.surroundings();
    let options = options(costs, kind, &around);
    let route = site
        .route_metres
        .and_then(|metres| fibre_route(costs, metres));
    let route = route.map(|(_, flows)| flows);
    let planned = site.technology.and_then(|technology| {
        let own = options.iter().find(|one| one.technology == technology)?;
        let flows = own.flows.clone()?;
        Some(match (technology, &route) {
            (Technology::Fibre, Some(route)) => flows.with(route),
            _ => flows,
        })
    });
    let alone = site.around.fibre_metres.known().and_then(|metres| {
        let detour = costs
            .fibre
            .as_ref()
            .map_or(100, |fibre| fibre.detour_percent);
        whole(metres * f64::from(detour) / 100.0)
    });
    let charged = site.route_metres.or(alone);
    SiteSheet {
        sensitivity: sensitivity(costs, kind, &around, charged, SPREAD_PERCENT),
        options,
        route,
        planned,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded just before"
)]
fn whole(metres: f64) -> Option<u64> {
    (0.0..1e9).contains(&metres).then(|| metres.round() as u64)
}
