//! Decisions about pairs that may be one site.

use std::sync::{Arc, PoisonError};

use super::duplicates::{self, Proposed};
use super::{Content, Ground, Result, StagedDecision, Staging, StagingError, pair_key};
use crate::import::pairs::Rule;
use crate::registry::{Registry, Verdict};

/// Most decisions on pairs kept with a file: one for every pair that is proposed, and to spare.
const DECISIONS_MAX: usize = 2 * crate::import::pairs::MAX_PAIRS;

impl Staging {
    /// Decides about pairs that a file brings: one by one, or all that a rule covers and nobody
    /// decided yet. `None` takes a decision back. Answers how many pairs changed.
    pub fn decide(
        &self,
        id: &str,
        decisions: &[(String, String, Option<StagedDecision>)],
        rule: Option<(Rule, bool)>,
        ground: Ground<'_>,
    ) -> Result<usize> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut staged = self.get(id, ground.registry)?;
        let run = self.dry_run(&staged, ground)?;
        let before = staged.decisions.clone();
        if let (Content::Sites(sites), Some((rule, same))) = (&run.content, rule) {
            for pair in sites.pairs.listed.iter().filter(|pair| rule.covers(pair)) {
                let (keep, other) = sites.ids(pair);
                let decision = StagedDecision { same, keep: None };
                staged
                    .decisions
                    .entry(pair_key(keep, other))
                    .or_insert(decision);
            }
        }
        for (a, b, decision) in decisions {
            let key = pair_key(a, b);
            match decision {
                Some(decision) => staged.decisions.insert(key, decision.clone()),
                None => staged.decisions.remove(&key),
            };
        }
        if staged.decisions.len() > DECISIONS_MAX {
            return Err(StagingError::Invalid {
                field: "decisions",
                reason: format!("more than {DECISIONS_MAX}"),
            });
        }
        let changed = staged.decisions.iter();
        let changed = changed
            .filter(|(key, one)| before.get(*key) != Some(one))
            .count();
        let gone = before
            .keys()
            .filter(|key| !staged.decisions.contains_key(*key))
            .count();
        self.note(&staged)?;
        Ok(changed + gone)
    }

    /// Pairs of sites that are there and may be one.
    pub fn duplicates(&self, registry: &Registry) -> Result<Arc<Proposed>> {
        let version = registry.version()?;
        let held = self.proposed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, proposed)) = held.as_ref()
            && *at == version
        {
            return Ok(Arc::clone(proposed));
        }
        drop(held);
        let proposed = Arc::new(duplicates::proposed(registry)?);
        *self.proposed.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((version, Arc::clone(&proposed)));
        Ok(proposed)
    }
}

/// What a staged decision becomes in the registry.
pub(crate) fn verdict(same: bool) -> Verdict {
    if same {
        Verdict::Merged
    } else {
        Verdict::Distinct
    }
}
