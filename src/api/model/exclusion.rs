//! Exclusions: asked for, approved, withdrawn.

use serde::Deserialize;
use utoipa::ToSchema;

pub use crate::statement::model::ExclusionItem;

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
