//! A month's figures.

use serde::Serialize;
use utoipa::ToSchema;

pub use crate::statement::model::{Day, Interval, MonthOutage, MonthPromise, Ratio, SiteMonth};

/// The figures of a site and an agreement for a month, or for the part of it that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Month {
    /// Whether a demonstration made the measurements up.
    pub simulated: bool,
    /// The figures.
    #[serde(flatten)]
    pub figures: SiteMonth,
}
