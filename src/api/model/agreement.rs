//! Agreements and their statements.

use serde::Serialize;
use utoipa::ToSchema;

use super::Month;

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
    /// Whether a demonstration makes the measurements of any of its sites up.
    pub simulated: bool,
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementDetail {
    /// What the list says of it.
    #[serde(flatten)]
    pub agreement: AgreementItem,
    /// Time zone of its months.
    pub time_zone: String,
    /// The agreement as it was given (TOML).
    pub text: String,
}

/// The figures of an agreement for a month, site by site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statement {
    /// The agreement.
    pub agreement: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Whether a demonstration made the measurements of any of its sites up.
    pub simulated: bool,
    /// One entry a site.
    pub sites: Vec<Month>,
}
