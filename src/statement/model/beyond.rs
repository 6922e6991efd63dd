//! What a site's month means beyond its availability.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Ratio;

/// Response times of available time, microseconds: of each measurement its median.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LatencyMonth {
    /// Measurements.
    pub samples: u64,
    /// Mean, six decimals.
    pub rtt_us_mean: String,
    /// Nearest rank at 50 %.
    pub rtt_us_p50: u64,
    /// Nearest rank at 95 %.
    pub rtt_us_p95: u64,
    /// Nearest rank at 99 %.
    pub rtt_us_p99: u64,
    /// The longest.
    pub rtt_us_longest: u64,
}

/// Loss of available time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LossMonth {
    /// Slots, of each target.
    pub samples: u64,
    /// Lost of sent packets.
    pub lost: Ratio,
    /// Nearest rank at 95 % of the shares lost in each slot.
    pub share_p95: Ratio,
}

/// A promise of response time, loss or throughput, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QualityPromise {
    /// `latency`, `loss` or `throughput`.
    pub objective: String,
    /// `download` or `upload`, of a throughput.
    pub direction: Option<String>,
    /// Which figure: `mean`, or `percentile` and its share.
    pub statistic: String,
    /// `microseconds`, `share` or `bits_per_second`.
    pub unit: String,
    /// What it is compared with, in the unit: at most, or for a throughput at least.
    pub limit: String,
    /// Contracted rate, bits per second, of a throughput.
    pub contracted_bits_per_second: Option<u64>,
    /// Values that the figure is of.
    pub samples: u64,
    /// The figure in the unit, at most six decimals; `null` when nothing was measured.
    pub value: Option<String>,
    /// What spreadsheets make of the same values (they interpolate); for comparison only.
    pub spreadsheet_value: Option<String>,
    /// Share of the contracted rate, of a throughput.
    pub share_of_contract: Option<Ratio>,
    /// `kept`, `missed` or `nothing_measured`.
    pub verdict: String,
}

/// An outage on the clock of repairs, from its true begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentItem {
    /// Begin, perhaps in an earlier month.
    pub start: String,
    /// End; `null` while it lasts at the period's end.
    pub end: Option<String>,
    /// Slots from begin to end.
    pub elapsed_slots: u64,
    /// Those of them in which the clock ran.
    pub clock_slots: u64,
    /// Minutes on the clock, six decimals.
    pub clock_minutes: String,
    /// Minutes beyond what was promised, six decimals.
    pub late_minutes: String,
    /// Who answers for it: `charged`, `not_charged` or `needs_decision`.
    pub liability: String,
    /// `in_time`, `late`, `open` (judged when it ends) or `not_promised`.
    pub verdict: String,
}

/// What a month's incidents mean together: of those that ended and that the contractor answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepairMonth {
    /// Minutes within which each is restored; `null`: not promised.
    pub restore_within_minutes: Option<u32>,
    /// Minutes that their mean may be; `null`: not promised.
    pub mean_at_most_minutes: Option<u32>,
    /// Whether the clock runs in some hours only.
    pub working_hours: bool,
    /// With every open decision against the contractor.
    pub if_charged: RepairFigures,
    /// With none.
    pub if_not_charged: RepairFigures,
    /// The incidents, by begin.
    pub incidents: Vec<IncidentItem>,
}

/// Incidents that count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepairFigures {
    /// Restored in time of all; `null` without an incident.
    pub in_time: Option<Ratio>,
    /// Mean minutes on the clock, six decimals; `null` without an incident.
    pub mean_minutes: Option<String>,
    /// Whether the mean keeps what was promised; `null` when nothing was, or without an incident.
    pub mean_kept: Option<bool>,
}

/// How much the slots of a month say of the line: a note for the reader, which decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceMonth {
    /// Slots with data that count.
    pub samples: u64,
    /// Good ones among them, by their own samples.
    pub good: u64,
    /// Correlation of a slot with the next one, six decimals; `null` when all are alike.
    pub autocorrelation: Option<String>,
    /// Independent slots that weigh as much, two decimals.
    pub effective_samples: Option<String>,
    /// Lower bound of the 95 % interval of the share of good slots (Wilson's score, by the effective
    /// samples), percent with six decimals.
    pub interval_low_percent: Option<String>,
    /// Upper bound.
    pub interval_high_percent: Option<String>,
    /// Where none was bad: 95 % sure that the share is at least this, percent with six decimals.
    pub lower_bound_percent: Option<String>,
    /// The same by the rule of three.
    pub rule_of_three_percent: Option<String>,
    /// Slots without a bad one that would prove the promise with 95 %; `null`: no number does.
    pub samples_needed: Option<u64>,
    /// Whether at least so many were measured.
    pub enough: Option<bool>,
}

/// What a period costs, in minor units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyMonth {
    /// Currency, by its ISO 4217 code.
    pub currency: String,
    /// Decimals of the currency: an amount is minor units / 10^decimals.
    pub decimals: u32,
    /// `down`, `half_up`, `half_even` or `up`.
    pub rounding: String,
    /// Fee of a whole month.
    pub fee_month_minor: u64,
    /// Slots of the period and of the whole month: the fee is in proportion.
    pub fee_share: Ratio,
    /// Fee of the period.
    pub fee_period_minor: u64,
    /// Whether enough was measured to take anything off; `false`: not billable by these figures.
    pub billable: bool,
    /// With every open decision against the contractor; `null` when not billable.
    pub if_charged: Option<CreditMonth>,
    /// With none; `null` when not billable.
    pub if_not_charged: Option<CreditMonth>,
}

/// Credits, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreditMonth {
    /// One entry a rule, in the agreement's order.
    pub steps: Vec<CreditItem>,
    /// Their sum.
    pub sum_minor: u64,
    /// The most that it may be.
    pub cap_minor: u64,
    /// What is taken off the fee.
    pub credit_minor: u64,
    /// What is left of the fee.
    pub payable_minor: u64,
}

/// One rule applied: `quantity × credit_percent` of the period's fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreditItem {
    /// `tiers`, `per_hour_beyond_target`, `per_block`, `per_hour_of_late_repair`,
    /// `unconnected_days` or `missed_objective`.
    pub rule: String,
    /// The tier that was reached, percent, of `tiers`.
    pub tier_from_percent: Option<String>,
    /// Slots that the hours are made of.
    pub slots: Option<u64>,
    /// Outages, or runs of days, that the number is made of.
    pub occurrences: Option<u64>,
    /// The promise, of `missed_objective`.
    pub objective: Option<String>,
    /// How many times the percentage applies.
    pub quantity: Ratio,
    /// Percent of the fee.
    pub credit_percent: String,
    /// What it comes to.
    pub amount_minor: u64,
}

/// What all sites together cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyTotal {
    /// Currency, by its ISO 4217 code.
    pub currency: String,
    /// Decimals of the currency.
    pub decimals: u32,
    /// `site` when each site has its fee, `agreement` when all have one together.
    pub fee_per: String,
    /// Fees of the period.
    pub fee_period_minor: u64,
    /// Credits with every open decision against the contractor.
    pub credit_if_charged_minor: u64,
    /// Credits with none.
    pub credit_if_not_charged_minor: u64,
    /// Sites (or, with one fee for all, agreements) of which too little was measured to take anything
    /// off.
    pub not_billable: u64,
    /// How the one fee of all sites was reduced; `null` when each site has its own.
    pub together: Option<MoneyMonth>,
}
