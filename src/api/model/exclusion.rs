//! Exclusions: asked for, approved, withdrawn.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An exclusion of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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

/// An exclusion that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionRequest {
    /// The site; left out: every site of the agreement.
    #[serde(default)]
    pub site: Option<String>,
    /// Start, RFC 3339.
    pub from: String,
    /// End, not inside, RFC 3339.
    pub to: String,
    /// One of the agreement's classes.
    pub class: String,
    /// `planned_works`, `stop_clock` or `other`.
    pub kind: String,
    /// Who asks for it. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub requested_by: String,
    /// Why.
    pub reason: String,
}

/// Who approves an exclusion: not the person who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The name. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub approved_by: String,
}

/// Who withdraws an exclusion, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The name. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub withdrawn_by: String,
    /// Why.
    pub reason: String,
}
