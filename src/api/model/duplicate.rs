//! Sites that may be one: the evidence, and what was decided.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Two sites that may be one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PairItem {
    /// The site that goes on when they are merged.
    pub keep: PairSide,
    /// The other.
    pub other: PairSide,
    /// Metres between them.
    pub metres: f64,
    /// How alike their names are, 0 to 1; `null` when one has no name.
    pub likeness: Option<f64>,
    /// Whether they are of one kind.
    pub same_kind: bool,
    /// `same`, `distinct`, or `null` while nobody decided.
    pub decision: Option<String>,
}

/// One site of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PairSide {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The file from which it was imported; `null` when nobody knows.
    pub source: Option<String>,
    /// Whether the site is there already.
    pub known: bool,
}

/// Decisions on the pairs of a file that waits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairDecisions {
    /// One by one.
    #[serde(default)]
    pub decisions: Vec<PairDecision>,
    /// Or all that a rule covers and nobody decided yet.
    #[serde(default)]
    pub rule: Option<PairRule>,
}

/// Decisions on pairs of sites that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedPairDecisions {
    /// Who. Left out by whoever is signed in: their account signs.
    #[serde(default)]
    pub author: String,
    /// Why.
    pub reason: String,
    /// One by one.
    #[serde(default)]
    pub decisions: Vec<PairDecision>,
    /// Or all that a rule covers.
    #[serde(default)]
    pub rule: Option<PairRule>,
}

/// A decision on one pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairDecision {
    /// The site that goes on when they are merged.
    pub keep: String,
    /// The other.
    pub other: String,
    /// `same` or `distinct`; `null` takes a decision on a file that waits back.
    #[serde(default)]
    pub decision: Option<String>,
}

/// A decision on all pairs that a rule covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    /// At most so far apart, metres.
    pub metres_max: f64,
    /// Names at least so alike, 0 to 1; with 0 pairs without a name count too.
    pub likeness_min: f64,
    /// Whether they must be of one kind.
    pub same_kind: bool,
    /// `same` or `distinct`.
    pub decision: String,
}

/// How many pairs changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PairsDecided {
    /// Pairs decided on, or decisions taken back.
    pub changed: u64,
}

/// A decision that was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DuplicateItem {
    /// Number.
    pub id: u64,
    /// `merged` or `distinct`.
    pub verdict: String,
    /// The two sites.
    pub sites: Vec<DuplicateSite>,
    /// The site that goes on, where they were merged.
    pub survivor: Option<String>,
    /// The import with which it was decided.
    pub import: Option<String>,
    /// Metres between them then.
    pub metres: f64,
    /// How alike their names were.
    pub likeness: Option<f64>,
    /// Whether they were of one kind.
    pub same_kind: bool,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
    /// When it was undone.
    pub undone_at: Option<String>,
}

/// A site of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DuplicateSite {
    /// Identifier.
    pub id: String,
    /// Name now.
    pub name: Option<String>,
}
