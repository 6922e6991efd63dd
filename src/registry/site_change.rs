//! Decisions about single sites: move, close, merge. Each keeps history.

use desserte_planning::Position;
use desserte_planning::geodesy::metres_between;
use serde_json::json;

use super::{
    PairVerdict, Registry, RegistryError, SiteStatus, SiteVersion, Verdict,
    audit::record,
    duplicate,
    site::{known, replace_version},
};

/// Who decided, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// Who.
    pub author: &'a str,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// Why, in the author's words.
    pub reason: &'a str,
}

impl Registry {
    /// Puts a site elsewhere from now on.
    pub fn move_site(
        &self,
        id: &str,
        (latitude, longitude): (f64, f64),
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        let valid = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        if !valid {
            return Err(RegistryError::Invalid {
                what: "site",
                id: id.to_owned(),
                field: "latitude or longitude",
                reason: "out of range",
            });
        }
        let detail = json!({ "latitude": latitude, "longitude": longitude });
        self.change_site(id, "site.move", decision, detail, |version| {
            version.latitude = latitude;
            version.longitude = longitude;
        })
    }

    /// Marks a site as no longer in service.
    pub fn close_site(&self, id: &str, decision: Decision<'_>) -> Result<(), RegistryError> {
        self.change_site(id, "site.close", decision, json!({}), |version| {
            version.status = SiteStatus::Closed;
        })
    }

    /// Makes `id` part of `into` from now on: its agents measure for `into`; what they measured
    /// before stays where it was.
    pub fn merge_site(
        &self,
        id: &str,
        into: &str,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("merge site", |transaction| {
            let (ended, survivor) = (known(transaction, id)?, known(transaction, into)?);
            let pair = PairVerdict {
                keep: into.to_owned(),
                other: id.to_owned(),
                verdict: Verdict::Merged,
                metres: metres(&ended, &survivor),
                likeness: None,
                same_kind: ended.kind == survivor.kind,
            };
            let agents = duplicate::merge(transaction, id, into, decision)?;
            let merged = Some((id, into, agents.as_slice()));
            duplicate::insert(transaction, &pair, (None, merged), decision)
        })
    }

    fn change_site(
        &self,
        id: &str,
        action: &'static str,
        decision: Decision<'_>,
        mut detail: serde_json::Value,
        change: impl FnOnce(&mut SiteVersion),
    ) -> Result<(), RegistryError> {
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("reason".to_owned(), json!(decision.reason));
        }
        self.write(action, |transaction| {
            let before = known(transaction, id)?;
            let mut after = before.clone();
            after.valid_from_unix_ms = decision.at_unix_ms;
            decision.author.clone_into(&mut after.author);
            change(&mut after);
            replace_version(transaction, id, &before, after)?;
            let stamp = (decision.at_unix_ms, decision.author);
            record(transaction, stamp, action, id, &detail)
        })
    }
}

/// Metres between two versions; 0 where a position is none, which the schema does not allow.
fn metres(left: &SiteVersion, right: &SiteVersion) -> f64 {
    let position = |version: &SiteVersion| Position::new(version.latitude, version.longitude);
    match (position(left), position(right)) {
        (Ok(left), Ok(right)) => metres_between(left, right),
        _ => 0.0,
    }
}
