//! Which kept statements batches concern that came later.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use desserte_domain::agreement::Agreement;
use desserte_probe::wire::id::AgentId;

use super::evidence::Files;
use super::make::{MakeError, request};
use super::recompute::EVIDENCE_AROUND_MS;
use super::settle::SettleError;

/// Batches looked at in one step.
const HEADS_AT_ONCE: u64 = 10_000;

/// A part of a month: agreement, month, version of the terms.
pub(super) type Part = (String, String, u32);

type Result<T> = std::result::Result<T, SettleError>;

/// What a kept statement covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Its record.
    record: u64,
    /// Batches that measured in it, Unix milliseconds, half-open.
    span: (i64, i64),
    /// The last batch that it knew.
    until: u64,
}

impl Files {
    /// Reads what the last revisions cover where that is not known yet; answers with the last batch that
    /// all of those knew.
    pub(super) fn see(
        &self,
        seen: &mut HashMap<Part, Seen>,
        known: &[(Part, Agreement)],
    ) -> Result<u64> {
        let registry = self.source.registry();
        let before = std::mem::take(seen);
        let mut oldest = u64::MAX;
        for (part, terms) in known {
            let of = (part.0.as_str(), part.1.as_str(), part.2);
            let newest = registry.last_statement_revision(of)?;
            let same = before
                .get(part)
                .filter(|one| newest.is_some_and(|(_, record)| record == one.record));
            if let Some(same) = same {
                seen.insert(part.clone(), *same);
                continue;
            }
            let Some(kept) = registry.statement(of, None)? else {
                continue;
            };
            let inputs = kept.read_inputs()?;
            let span = request(terms, &inputs)?.span().map_err(MakeError::from)?;
            let (until, _) = self.ledger.last_within(inputs.ledger_size)?;
            let covers = Seen {
                record: kept.record,
                span: (span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS),
                until,
            };
            oldest = oldest.min(until);
            seen.insert(part.clone(), covers);
        }
        Ok(oldest)
    }

    /// The parts that batches after a position up to another concern, and that did not know them.
    pub(super) fn late(
        &self,
        seen: &HashMap<Part, Seen>,
        known: &[(Part, Agreement)],
        (mut from, last): (u64, u64),
    ) -> Result<BTreeSet<Part>> {
        let covered: Vec<_> = known
            .iter()
            .filter_map(|(part, terms)| Some((part, terms, seen.get(part)?)))
            .collect();
        let mut concerned = BTreeSet::new();
        let mut sites: HashMap<AgentId, BTreeSet<String>> = HashMap::new();
        while from < last && !covered.is_empty() {
            let until = last.min(from + HEADS_AT_ONCE);
            for (agent, head) in self.journal.heads_between(from, until)? {
                let Some((first, end)) = head.measured_unix_ms() else {
                    continue;
                };
                let stays = match sites.entry(agent) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        let stays = self.source.registry().assignments(agent)?;
                        entry.insert(stays.into_iter().map(|one| one.site).collect())
                    }
                };
                for (part, terms, seen) in &covered {
                    let late =
                        head.position > seen.until && first < seen.span.1 && seen.span.0 <= end;
                    if late && terms.sites.iter().any(|site| stays.contains(site)) {
                        concerned.insert((*part).clone());
                    }
                }
            }
            from = until;
        }
        Ok(concerned)
    }
}
