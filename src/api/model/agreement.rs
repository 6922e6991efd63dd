//! Agreements and their statements.

use serde::Serialize;
use utoipa::ToSchema;

pub use crate::statement::model::{Method, StatementDocument, Total};

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

/// The statement of an agreement for a month, with what is not part of it: when and by what it was
/// computed, and whether it is about anything real.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statement {
    /// When these figures were computed.
    pub computed_at: String,
    /// Version of the program that computed them.
    pub program: String,
    /// How many of its sites are invented; such a statement is no statement of anything real.
    pub invented_sites: u64,
    /// Whether a demonstration made the measurements of any of its sites up.
    pub simulated: bool,
    /// The versions of the terms that are in force in the month, by their days: more than one where
    /// they change in it, each with a statement of its own (`?version=`).
    pub parts: Vec<StatementPart>,
    /// The statement.
    #[serde(flatten)]
    pub document: StatementDocument,
}

/// A version of an agreement that is in force in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementPart {
    /// The version.
    pub version: u32,
    /// First day on which it is in force.
    pub valid_from: String,
    /// First day on which it is no longer; `null`: open.
    pub valid_to: Option<String>,
}
