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
    /// Start of the first bad slot.
    pub start: String,
    /// Start of the first good slot after it; `null` while it lasts.
    pub end: Option<String>,
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

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Fact {
    /// What was seen.
    pub code: String,
    /// The numbers that belong to it.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, serde_json::Value>,
}
