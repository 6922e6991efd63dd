//! A month's figures.

use serde::Serialize;
use utoipa::ToSchema;

/// The figures of a site and an agreement for a month, or for the part of it that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Month {
    /// The site.
    pub site: String,
    /// The agreement.
    pub agreement: String,
    /// Whether a demonstration made the measurements up.
    pub simulated: bool,
    /// `yyyy-mm`, in the agreement's time zone.
    pub month: String,
    /// First moment of the period.
    pub period_start: String,
    /// End of the period: of the month, or of the last slot that has passed.
    pub period_end: String,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// All slots of the period.
    pub period_slots: u64,
    /// Left out on both sides.
    pub excluded_slots: u64,
    /// Without data, where the agreement does not count those.
    pub unknown_slots: u64,
    /// Up and down.
    pub measured_slots: u64,
    /// Counted as down.
    pub down_slots: u64,
    /// Counted as up.
    pub up_slots: u64,
    /// Measured slots whose own sample was good.
    pub raw_good_slots: u64,
    /// Up of measured; `null` when nothing was measured.
    pub availability: Option<Ratio>,
    /// What it would be with every unknown slot bad, and good.
    pub unknown_interval: Option<Interval>,
    /// Measured of what was not excluded.
    pub coverage: Option<Ratio>,
    /// Whether enough was measured; `null` when the agreement asks for no minimum.
    pub billable: Option<bool>,
    /// Outages with a slot counted as down.
    pub outage_count: u64,
    /// Mean time to repair, minutes, six decimals; `null` without an outage.
    pub mttr_minutes: Option<String>,
    /// Mean time between failures, minutes, six decimals; `null` without an outage.
    pub mtbf_minutes: Option<String>,
    /// The outages, clipped to the period.
    pub outages: Vec<MonthOutage>,
    /// The month's days so far.
    pub days: Vec<Day>,
    /// Revision of the figures.
    pub revision: u32,
    /// Whether the month is over and nothing in it is open. `false`: the figures run to
    /// `period_end` and may change.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// What the agreement asks for, percent.
    pub target_availability_percent: Option<String>,
    /// Whether it is reached; `null` when nothing was measured or asked for.
    pub target_met: Option<bool>,
}

/// An exact ratio and its percentage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ratio {
    /// Numerator.
    pub numerator: u64,
    /// Denominator.
    pub denominator: u64,
    /// Percent with six decimals, half to even.
    pub percent: String,
}

/// Bounds of the availability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Interval {
    /// Percent with six decimals.
    pub minimum_percent: String,
    /// Percent with six decimals.
    pub maximum_percent: String,
}

/// An outage of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MonthOutage {
    /// Start.
    pub start: String,
    /// End, at most the period's.
    pub end: String,
    /// Slots counted as down.
    pub down_slots: u64,
    /// Cause, from the closed list; `null` when none was recorded.
    pub cause: Option<String>,
}

/// A local day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Day {
    /// `yyyy-mm-dd`.
    pub date: String,
    /// Counted as up.
    pub up_slots: u64,
    /// Counted as down.
    pub down_slots: u64,
    /// Without data.
    pub unknown_slots: u64,
    /// Left out.
    pub excluded_slots: u64,
}
