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
    /// Down while a clock was stopped: off the repair time.
    pub stopped_slots: u64,
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
    /// Whether the promise was kept on what the contractor answers for; `null` when too little was
    /// measured, or when it depends on causes that people have to decide.
    pub target_met: Option<bool>,
    /// Who answers for the downtime, and what that means for the promise.
    pub promise: MonthPromise,
    /// When the month is closed: until then its exclusions may change.
    pub closes_at: Option<String>,
}

/// Who answers for the downtime, and what that means for the promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MonthPromise {
    /// `kept`, `missed`, `needs_decision`, `too_little_measured` or `nothing_measured`.
    pub verdict: String,
    /// Slots down that the contractor answers for.
    pub charged_slots: u64,
    /// Slots down that it does not answer for.
    pub not_charged_slots: u64,
    /// Slots down whose cause people have to decide.
    pub needs_decision_slots: u64,
    /// What is compared with the promise when every open decision falls on the contractor.
    pub lowest: Option<Ratio>,
    /// The same when none does.
    pub highest: Option<Ratio>,
    /// What the lowest reads as with two decimals, where that would hide that the promise was
    /// missed; else `null`.
    pub misleading_percent: Option<String>,
    /// Slots that may be down in the whole month, those still to come counted as measured; `null`
    /// where the agreement takes the mean of its sites.
    pub allowed_slots: Option<u64>,
    /// What is left of them when every open decision falls on the contractor; below 0: the shortfall.
    pub margin_slots_lowest: Option<i64>,
    /// The same when none does.
    pub margin_slots_highest: Option<i64>,
    /// The allowed slots in minutes, six decimals.
    pub allowed_minutes: Option<String>,
    /// The lowest margin in minutes, six decimals.
    pub margin_minutes_lowest: Option<String>,
    /// The highest margin in minutes, six decimals.
    pub margin_minutes_highest: Option<String>,
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
    /// Slots of them in a stop-clock.
    pub stopped_slots: u64,
    /// Cause, from the closed list; `null` when none was recorded.
    pub cause: Option<String>,
    /// Who answers for it: `charged`, `not_charged` or `needs_decision`.
    pub liability: String,
    /// It was not over at the period's end.
    pub reaches_period_end: bool,
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
    /// Up of measured, percent with six decimals; `null` when nothing was measured.
    pub availability_percent: Option<String>,
    /// Measured of what was not excluded, percent with six decimals; `null` when all was.
    pub coverage_percent: Option<String>,
}
