//! The shapes of a statement, field by field: the same in the interface, in files and in bundles.
//!
//! What is not known is `null`, never 0. Times are RFC 3339 in UTC. Nothing is a floating-point
//! number: counts are integers, ratios keep numerator and denominator beside the percentage shown.

mod beyond;

pub use beyond::{
    CreditItem, CreditMonth, EvidenceMonth, IncidentItem, LatencyMonth, LossMonth, MoneyMonth,
    MoneyTotal, QualityPromise, RepairFigures, RepairMonth,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The statement of an agreement for a month: all sites together, site by site, and what it follows
/// from. The same inputs make the same document, byte for byte ([`StatementDocument::canonical`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementDocument {
    /// Version of this shape, counted up when a field changes its meaning or goes.
    pub format: u32,
    /// The agreement.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// Its version in force.
    pub version: u32,
    /// Who pays and measures.
    pub customer: String,
    /// Who provides the line.
    pub contractor: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Which statement of this month it is: 1, and one more whenever late data changed a figure.
    pub revision: u32,
    /// Whether the month of every site is over and nothing in it is open.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Time zone of its months.
    pub time_zone: String,
    /// First moment of the period.
    pub period_start: Option<String>,
    /// End of the period, or of the last slot that has passed.
    pub period_end: Option<String>,
    /// When the month is closed: until then its exclusions may change.
    pub closes_at: Option<String>,
    /// How slots are made and counted.
    pub method: Method,
    /// All sites together.
    pub total: Total,
    /// One entry a site, in the agreement's order.
    pub sites: Vec<SiteMonth>,
    /// Exclusions that touch the month, whatever became of them, by start.
    pub exclusions: Vec<ExclusionItem>,
}

/// The parameters with which a statement is recomputed (`docs/sla-ref-1.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Method {
    /// The slot model.
    pub model: String,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// Targets that decide a slot.
    pub targets: Vec<String>,
    /// Packets to each target in a slot.
    pub packets_per_slot: u16,
    /// A target to which fewer went is unknown.
    pub minimum_sent: u16,
    /// Share of packets lost above which a target is bad.
    pub loss_threshold: String,
    /// Bad slots that begin an outage.
    pub n_enter: u32,
    /// Good slots that end one.
    pub n_exit: u32,
    /// What a slot without data means: `exclude`, `as_down`, `as_up` or `hold`.
    pub missing: String,
    /// How excluded slots count: `remove` or `as_up`.
    pub exclusion_mode: String,
    /// Whether only some hours of the week count.
    pub service_hours: bool,
    /// Outages of up to so many seconds are never seen by this model.
    pub unseen_up_to_seconds: u64,
    /// Outages from so many seconds on are always seen.
    pub seen_from_seconds: u64,
    /// Share that must be measured; `null`: none is asked for.
    pub minimum_measured_share: Option<String>,
    /// Who answers for each cause: `charged`, `not_charged` or `needs_decision`.
    pub liability: std::collections::BTreeMap<String, String>,
}

/// The figures of all sites of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Total {
    /// All slots of the period, of all sites.
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
    /// Down while a clock was stopped: off the repair time.
    pub stopped_slots: u64,
    /// How the sites are judged together: `worst`, `pooled` or `mean`.
    pub aggregation: String,
    /// Up of measured, the slots of all sites together; `null` when nothing was measured.
    pub pooled: Option<Ratio>,
    /// Mean of the sites' availabilities.
    pub mean: Option<Ratio>,
    /// The lowest of the sites' availabilities.
    pub worst: Option<Ratio>,
    /// Measured of what was not excluded.
    pub coverage: Option<Ratio>,
    /// Whether enough was measured; `null` when the agreement asks for no minimum.
    pub billable: Option<bool>,
    /// Outages of all sites.
    pub outage_count: u64,
    /// Mean time to repair, minutes, six decimals; `null` without an outage.
    pub mttr_minutes: Option<String>,
    /// Mean time between failures, minutes, six decimals; `null` without an outage.
    pub mtbf_minutes: Option<String>,
    /// Who answers for the downtime, and what that means for the promise.
    pub promise: MonthPromise,
    /// Sites that kept the promise.
    pub sites_kept: u64,
    /// Sites that missed it.
    pub sites_missed: u64,
    /// Sites whose verdict depends on a decision.
    pub sites_needing_decision: u64,
    /// Sites of which too little or nothing was measured.
    pub sites_without_verdict: u64,
    /// The measured site with the least margin.
    pub worst_site: Option<String>,
    /// Whether the month of every site is over and nothing in it is open.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// What the agreement asks for, percent.
    pub target_availability_percent: Option<String>,
    /// The sum of the sites' days.
    pub days: Vec<Day>,
    /// Response time of all sites together at 95 %, microseconds, within 1 %: for screens. `null`
    /// without a measurement.
    pub rtt_us_p95_estimate: Option<u64>,
    /// What the month costs; `null` when the agreement has no money.
    pub money: Option<MoneyTotal>,
}

/// An exclusion of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExclusionItem {
    /// Its number.
    pub id: i64,
    /// The agreement.
    pub agreement: String,
    /// The site; `null`: every site of the agreement.
    pub site: Option<String>,
    /// Start.
    pub from: String,
    /// End, not inside.
    pub to: String,
    /// One of the agreement's classes.
    pub class: String,
    /// `planned_works` and `other` leave slots out; `stop_clock` is off the repair time only.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was entered.
    pub entered_at: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<String>,
    /// Who withdrew it.
    pub withdrawn_by: Option<String>,
    /// When.
    pub withdrawn_at: Option<String>,
    /// Why.
    pub withdrawn_reason: Option<String>,
    /// `requested`, `approved` or `withdrawn`; only an approved one counts.
    pub state: String,
    /// Until when it may be approved or withdrawn: its month is closed then.
    pub closes_at: Option<String>,
}

/// The figures of a site and an agreement for a month, or for the part of it that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteMonth {
    /// The site.
    pub site: String,
    /// The agreement.
    pub agreement: String,
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
    /// Response times of available time; `null` without a measurement.
    pub latency: Option<LatencyMonth>,
    /// Loss of available time; `null` when nothing was sent.
    pub loss: Option<LossMonth>,
    /// What is promised of response time, loss and throughput.
    pub quality: Vec<QualityPromise>,
    /// Outages on the clock of repairs.
    pub repair: RepairMonth,
    /// How much the slots say.
    pub evidence: EvidenceMonth,
    /// What the month costs; `null` when the agreement has no money, or one fee for all sites.
    pub money: Option<MoneyMonth>,
}

/// Who answers for the downtime, and what that means for the promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ratio {
    /// Numerator.
    pub numerator: u64,
    /// Denominator.
    pub denominator: u64,
    /// Percent with six decimals, half to even.
    pub percent: String,
}

/// Bounds of the availability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Interval {
    /// Percent with six decimals.
    pub minimum_percent: String,
    /// Percent with six decimals.
    pub maximum_percent: String,
}

/// An outage of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
