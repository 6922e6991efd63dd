//! Final statements, and what is said of them.

use desserte_probe::wire::{hex, sha256};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::time;
use crate::ledger::difference::Difference;
use crate::registry::{Attachment, Contest, StoredStatement};

/// Differences of one revision that are listed; `differences_total` says how many there are.
const DIFFERENCES_SHOWN: usize = 200;

/// A revision of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevisionItem {
    /// Its number, from 1.
    pub revision: u32,
    /// When it was made.
    pub made_at: String,
    /// SHA-256 of the document, hexadecimal.
    pub sha256: String,
    /// What differs from the revision before (`stated`) in this one (`recomputed`); at most 200.
    pub differences: Vec<Difference>,
    /// How many differ in all.
    pub differences_total: u64,
}

impl RevisionItem {
    pub(crate) fn of(kept: &StoredStatement, mut differences: Vec<Difference>) -> Self {
        let total = differences.len() as u64;
        differences.truncate(DIFFERENCES_SHOWN);
        Self {
            revision: kept.revision,
            made_at: time::text_or_epoch(kept.made_unix_ms),
            sha256: hex(&sha256(kept.document.as_bytes())),
            differences,
            differences_total: total,
        }
    }
}

/// What a party says of an outage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContestRequest {
    /// The site.
    pub site: String,
    /// Start of the outage as the statement gives it, RFC 3339.
    pub outage_start: String,
    /// Who says it. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub person: String,
    /// What.
    pub text: String,
}

/// What was said of an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContestItem {
    /// Its number.
    pub id: i64,
    /// The site.
    pub site: String,
    /// Start of the outage.
    pub outage_start: String,
    /// Who said it.
    pub person: String,
    /// What.
    pub text: String,
    /// When it was entered.
    pub entered_at: String,
}

impl ContestItem {
    pub(crate) fn of(contest: &Contest) -> Self {
        Self {
            id: contest.id,
            site: contest.site.clone(),
            outage_start: time::text_or_epoch(contest.outage_start_unix_ms),
            person: contest.person.clone(),
            text: contest.text.clone(),
            entered_at: time::text_or_epoch(contest.entered_at_unix_ms),
        }
    }
}

/// A file that goes with an exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRequest {
    /// Its name.
    pub name: String,
    /// Its SHA-256, 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// Who adds it. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub added_by: String,
}

/// A file that goes with an exclusion, by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttachmentItem {
    /// The exclusion.
    pub exclusion: i64,
    /// Its name.
    pub name: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub added_at: String,
}

impl AttachmentItem {
    pub(crate) fn of(attachment: &Attachment) -> Self {
        Self {
            exclusion: attachment.exclusion,
            name: attachment.name.clone(),
            sha256: attachment.sha256.clone(),
            added_by: attachment.added_by.clone(),
            added_at: time::text_or_epoch(attachment.added_at_unix_ms),
        }
    }
}
