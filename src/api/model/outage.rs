//! Outages.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// An outage of a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OutageItem {
    /// Identifier: the site and the start.
    pub id: String,
    /// The site.
    pub site: String,
    /// Its name.
    pub site_name: Option<String>,
    /// Its kind.
    pub site_kind: String,
    /// Its region.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// Whether its live state needs a login once there are logins.
    pub sensitive: bool,
    /// Start of the first bad slot.
    pub start: String,
    /// Start of the first good slot after it; `null` while it lasts.
    pub end: Option<String>,
    /// Whether it has no end but its site is not heard now: nobody knows whether it lasts.
    pub unheard: bool,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// Slots in it that were measured.
    pub down_slots: u64,
    /// Cause, from the closed list.
    pub cause: String,
    /// Where along the path.
    pub locus: String,
    /// The evidence used.
    pub facts: Vec<Fact>,
    /// The agent that measured it; `null` when several did.
    pub agent: Option<String>,
    /// Whether a demonstration made it up.
    pub simulated: bool,
}

/// An outage is none any more (server-sent event `outage_gone`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutageGoneEvent {
    /// Its identifier.
    pub id: String,
    /// The site.
    pub site: String,
}

/// Outages that are shown as one: of one area, operator or cause, begun within ten minutes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OutageGroupItem {
    /// Identifier: that of its first outage.
    pub id: String,
    /// What its sites share: `site` (it stands alone), `area`, `area_and_operator`, `operator` or
    /// `country`.
    pub reach: String,
    /// The region that its sites share.
    pub region: Option<String>,
    /// The operator that its sites share.
    pub operator: Option<String>,
    /// Cause of most of its sites, from the closed list.
    pub cause: String,
    /// Its sites by cause.
    pub causes: Vec<CauseCount>,
    /// Its sites, each counted once.
    pub sites: u64,
    /// Sites of it that are still cut off.
    pub open_sites: u64,
    /// Of those, sites that are not heard now: nobody knows whether they still are.
    pub unheard_sites: u64,
    /// Measured sites in the region and on the line of the operator named; `null` when it stands
    /// alone.
    pub measured_sites: Option<u64>,
    /// Whether one of its sites is sensitive.
    pub sensitive: bool,
    /// Whether a demonstration made up the measurements of one of its sites.
    pub simulated: bool,
    /// Start of the first.
    pub start: String,
    /// End of the last; `null` while one of them lasts.
    pub end: Option<String>,
    /// Its first outages, three at most; the rest by its own address.
    pub outages: Vec<OutageItem>,
}

/// Sites with a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CauseCount {
    /// The cause.
    pub cause: String,
    /// How many sites.
    pub sites: u64,
}

/// One page of the groups.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OutageGroupPage {
    /// The newest first.
    pub items: Vec<OutageGroupItem>,
    /// Cursor of the page that follows; `null` on the last one.
    pub next: Option<String>,
    /// Groups in all pages.
    pub total: u64,
    /// The period holds more outages than are looked at: the oldest are left out.
    pub truncated: bool,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Fact {
    /// What was seen.
    pub code: String,
    /// The numbers that belong to it.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, serde_json::Value>,
}
