//! What the collector knows of a site for a statement: its agents, their batches in the order of sealing,
//! their lines and stays. Gathered from journal and registry; the sample store is asked only what lies
//! before the batches that are taken.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use desserte_domain::agreement::Agreement;
use desserte_probe::wire::{hex, id::AgentId};

use super::inputs::{AgentInputs, LineInputs, SiteInputs, Stay, batches_sha256};
use super::recompute::EVIDENCE_AROUND_MS;
use super::{Ledger, LedgerError};
use crate::app::{Source, SourceError};
use crate::registry::AgentRecord;
use crate::store::StoreError;
use crate::store::journal::{BatchHead, Journal, JournaledBatch};

/// An agent may have measured so much before the collector noticed that it arrived, milliseconds: its
/// clock map is not exact, and batches are told apart by when they came.
const ARRIVAL_SLACK_MS: i64 = 3_600_000;

/// What statements are made from.
#[derive(Debug, Clone)]
pub struct Files {
    /// Registry and sample store.
    pub source: Source,
    /// Batches.
    pub journal: Arc<Journal>,
    /// The log.
    pub ledger: Arc<Ledger>,
}

/// Why evidence cannot be gathered.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Registry or sample store.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A batch is not there any more.
    #[error(
        "batch {position} is not kept any more: its evidence was given up under the rule of how long \
         it is kept"
    )]
    Gone {
        /// Its position.
        position: u64,
    },
}

type Result<T> = std::result::Result<T, EvidenceError>;

/// A site with the batches of its agents: one list an agent, in the order of the inputs.
#[derive(Debug, Clone)]
pub struct SiteEvidence {
    /// What is known of the site.
    pub inputs: SiteInputs,
    /// Batches of each agent, in the order of their sealing.
    pub batches: Vec<Vec<JournaledBatch>>,
}

impl Files {
    /// Gathers what is known of a site in a span, from the batches up to a position. Anchors and
    /// neighbours are filled in by who looks at the batches.
    pub fn evidence(
        &self,
        (terms, site): (&Agreement, &str),
        span: (i64, i64),
        until: u64,
    ) -> Result<SiteEvidence> {
        let registry = self.source.registry();
        let mut agents = registry.agents_once_of(site).map_err(SourceError::from)?;
        agents.sort_by_key(|agent| agent.id.to_string());
        let mut inputs = SiteInputs {
            site: site.to_owned(),
            agents: Vec::new(),
            measured_before: self.source.measured_before(site, terms, span.0)?,
            anchors: std::collections::BTreeMap::new(),
            neighbours: Vec::new(),
        };
        let mut batches = Vec::new();
        for agent in agents {
            let chosen = self.chosen(agent.id, span, until)?;
            if chosen.heads.is_empty() {
                continue;
            }
            inputs.agents.push(self.agent(site, &agent, &chosen)?);
            batches.push(self.bodies(&chosen, until)?);
        }
        Ok(SiteEvidence { inputs, batches })
    }

    /// The same batches again, as the inputs of a statement name them.
    pub fn evidence_again(
        &self,
        inputs: &SiteInputs,
        span: (i64, i64),
        until: u64,
    ) -> Result<SiteEvidence> {
        let mut batches = Vec::new();
        for agent in &inputs.agents {
            let Ok(id) = agent.agent.parse() else {
                batches.push(Vec::new());
                continue;
            };
            batches.push(self.bodies(&self.chosen(id, span, until)?, until)?);
        }
        Ok(SiteEvidence {
            inputs: inputs.clone(),
            batches,
        })
    }

    fn agent(&self, site: &str, agent: &AgentRecord, chosen: &Chosen) -> Result<AgentInputs> {
        let registry = self.source.registry();
        let stays = registry.assignments(agent.id).map_err(SourceError::from)?;
        let lines = registry
            .lines_of_agent(agent.id)
            .map_err(SourceError::from)?;
        Ok(AgentInputs {
            agent: agent.id.to_string(),
            public_key: hex(&agent.public_key),
            stays: stays
                .into_iter()
                .map(|one| Stay {
                    here: one.site == site,
                    from_unix_ms: one.valid_from_unix_ms,
                    to_unix_ms: one.valid_to_unix_ms,
                })
                .collect(),
            lines: lines
                .into_iter()
                .filter(|line| line.site == site)
                .map(|line| LineInputs {
                    key: line.key,
                    interface: line.interface,
                    gateway: line.gateway,
                    public_address: line.public_address,
                    confirmed: line.confirmed.is_some(),
                })
                .collect(),
            batches: chosen.heads.len() as u64,
            batches_sha256: batches_sha256(chosen.heads.iter().map(|head| &head.batch_hash)),
            open: chosen.open.iter().map(|name| hex(name)).collect(),
        })
    }

    fn bodies(&self, chosen: &Chosen, until: u64) -> Result<Vec<JournaledBatch>> {
        let heads = chosen.heads.iter();
        heads
            .map(|head| {
                let position = head.position;
                let found = self.journal.batch(position)?;
                let mut batch = found.ok_or(EvidenceError::Gone { position })?;
                if batch.body.is_empty() {
                    return Err(EvidenceError::Gone { position });
                }
                batch.peer = None;
                if batch.mapped_at.is_none_or(|at| at > until) {
                    batch.time_map = None;
                    batch.mapped_at = None;
                }
                Ok(batch)
            })
            .collect()
    }

    /// The batches of an agent that concern a span, with those between them and one more at each end.
    fn chosen(&self, agent: AgentId, span: (i64, i64), until: u64) -> Result<Chosen> {
        let around = (span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS);
        let from = around.0 - ARRIVAL_SLACK_MS;
        let mut heads = self.journal.heads_of(agent, from, until)?;
        for head in &mut heads {
            if head.mapped_at.is_none_or(|at| at > until) {
                head.time_map = None;
            }
        }
        let mut chosen = Chosen::default();
        for mut run in runs(heads) {
            let concerns = |head: &BatchHead| {
                head.measured_unix_ms()
                    .is_some_and(|(first, last)| first < around.1 && around.0 <= last)
            };
            let Some(first) = run.iter().position(concerns) else {
                continue;
            };
            let last = run.iter().rposition(concerns).unwrap_or(first);
            run.truncate(last + 2);
            run.drain(..first.saturating_sub(1));
            if first == 0
                && let Some(head) = run.first()
                && head.previous != [0; 32]
            {
                let name = head.previous;
                match self.journal.head_named(agent, &name, until)? {
                    Some(before) if chosen.heads.contains(&before) => {}
                    Some(before) => run.insert(0, before),
                    None => chosen.open.push(head.batch_hash),
                }
            }
            chosen.heads.append(&mut run);
        }
        Ok(chosen)
    }
}

/// Batches in the order of their sealing.
#[derive(Debug, Default)]
struct Chosen {
    heads: Vec<BatchHead>,
    /// Those whose predecessor never came.
    open: Vec<[u8; 32]>,
}

/// Runs of batches each of which names the one before, by the position of their first.
fn runs(heads: Vec<BatchHead>) -> Vec<Vec<BatchHead>> {
    let names: HashSet<[u8; 32]> = heads.iter().map(|head| head.batch_hash).collect();
    let mut after: HashMap<[u8; 32], Vec<BatchHead>> = HashMap::new();
    let mut begins = Vec::new();
    for head in heads {
        if names.contains(&head.previous) {
            after.entry(head.previous).or_default().push(head);
        } else {
            begins.push(head);
        }
    }
    let mut found = Vec::new();
    // Two batches may name one predecessor (a key that was copied): each begins a run of its own.
    begins.reverse();
    while let Some(begin) = begins.pop() {
        let mut run = vec![begin];
        while let Some(mut next) = run.last().and_then(|last| after.remove(&last.batch_hash)) {
            let rest = next.split_off(1);
            begins.extend(rest);
            run.append(&mut next);
        }
        found.push(run);
    }
    found.sort_by_key(|run| run.first().map(|head| head.position));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(position: u64, name: u8, previous: u8) -> BatchHead {
        BatchHead {
            position,
            batch_hash: [name; 32],
            previous: [previous; 32],
            measured_boottime_ms: None,
            time_map: None,
            mapped_at: None,
        }
    }

    #[test]
    fn runs_follow_the_order_of_sealing_not_of_arrival() {
        // 1 ← 2 ← 3 came as 3, 2, 1; the predecessor of 7 never came; 4 is a second follower of 2.
        let heads = vec![
            head(1, 3, 2),
            head(2, 2, 1),
            head(3, 1, 0),
            head(4, 7, 6),
            head(5, 8, 7),
            head(6, 4, 2),
        ];
        let names: Vec<Vec<u8>> = runs(heads)
            .iter()
            .map(|run| run.iter().map(|head| head.batch_hash[0]).collect())
            .collect();
        assert_eq!(names, [vec![1, 2, 3], vec![7, 8], vec![4]]);
        assert_eq!(runs(Vec::new()).len(), 0);
    }
}
