//! Agreements and their statements.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Day, ExclusionItem, Month, MonthPromise, Ratio};

/// An agreement in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementItem {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Version.
    pub version: u32,
    /// First day.
    pub valid_from: String,
    /// First day on which it holds no more; `null`: no end.
    pub valid_to: Option<String>,
    /// Its sites.
    pub sites: Vec<String>,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// What it asks for, percent.
    pub target_availability_percent: Option<String>,
    /// Who pays and measures.
    pub customer: String,
    /// Who provides the line.
    pub contractor: String,
    /// Time zone of its months.
    pub time_zone: String,
    /// Classes of exclusion that it knows.
    pub exclusion_classes: Vec<String>,
    /// Whether a demonstration makes the measurements of any of its sites up.
    pub simulated: bool,
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementDetail {
    /// What the list says of it.
    #[serde(flatten)]
    pub agreement: AgreementItem,
    /// The agreement as it was given (TOML).
    pub text: String,
}

/// The months of an agreement, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementMonths {
    /// The agreement.
    pub agreement: String,
    /// One entry a month in which it holds.
    pub items: Vec<AgreementMonth>,
    /// Always `null`: there is no further page.
    pub next: Option<String>,
}

/// A month of an agreement, all its sites together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementMonth {
    /// `yyyy-mm`, in the agreement's time zone.
    pub month: String,
    /// The figures of all sites.
    #[serde(flatten)]
    pub total: Total,
}

/// The figures of all sites of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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
}

/// The statement of an agreement for a month: the whole, site by site, with what it follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statement {
    /// The agreement.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: u32,
    /// Who pays and measures.
    pub customer: String,
    /// Who provides the line.
    pub contractor: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Time zone of its months.
    pub time_zone: String,
    /// First moment of the period.
    pub period_start: Option<String>,
    /// End of the period, or of the last slot that has passed.
    pub period_end: Option<String>,
    /// When the month is closed: until then its exclusions may change.
    pub closes_at: Option<String>,
    /// When these figures were computed.
    pub computed_at: String,
    /// How slots are made and counted.
    pub method: Method,
    /// How many of its sites are invented; such a statement is no statement of anything real.
    pub invented_sites: u64,
    /// Whether a demonstration made the measurements of any of its sites up.
    pub simulated: bool,
    /// All sites together.
    pub total: Total,
    /// One entry a site.
    pub sites: Vec<Month>,
    /// Exclusions that touch the month, whatever became of them.
    pub exclusions: Vec<ExclusionItem>,
}

/// The parameters with which a statement is recomputed (`docs/sla-ref-1.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Method {
    /// The slot model.
    pub model: String,
    /// Version of the program.
    pub program: String,
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
    /// Share that must be measured; `null`: none is asked for.
    pub minimum_measured_share: Option<String>,
    /// Who answers for each cause: `charged`, `not_charged` or `needs_decision`.
    pub liability: std::collections::BTreeMap<String, String>,
}
