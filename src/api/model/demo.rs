//! The demonstration.

use serde::Serialize;
use utoipa::ToSchema;

/// Whether this is a demonstration, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Demonstration {
    /// Whether what is known of any site is made up.
    pub simulated: bool,
    /// `none`, `enrolling`, `last_day`, `earlier_days`, `complete` or `failed`.
    pub phase: String,
    /// Simulated sites.
    pub sites: u64,
    /// Sites for which the phase is over.
    pub sites_done: u64,
    /// Days of history with which the fleet began.
    pub history_days: u64,
    /// Days of sites to be played back before the last one, over all sites.
    pub site_days: u64,
    /// Those that were.
    pub site_days_done: u64,
    /// When this demonstration was started.
    pub started_at: Option<String>,
    /// The collector was off before: the simulated sites lived on and sent what they had kept.
    pub away: Option<Away>,
}

/// When the collector was off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Away {
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
}
