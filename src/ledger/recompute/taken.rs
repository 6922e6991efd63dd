//! A site's batches, spelt out agent by agent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use desserte_domain::agreement::Agreement;
use desserte_probe::wire::id::BootId;

use super::super::inputs::SiteInputs;
use super::{Measured, RecomputeError, in_order, targets};
use crate::assess::EvidenceRow;
use crate::ingest::{decode, rows};
use crate::registry::Assignment;
use crate::store::journal::JournaledBatch;
use crate::store::samples::{SampleRow, SeriesKey};

/// What was taken so far.
pub(super) struct Taken<'a> {
    around: (i64, i64),
    site: &'a str,
    series: HashMap<Arc<SeriesKey>, Vec<SampleRow>>,
    evidence: Vec<crate::store::samples::EvidenceRow>,
    arrivals: Vec<i64>,
    named: HashSet<String>,
}

impl<'a> Taken<'a> {
    pub(super) fn new(site: &'a str, around: (i64, i64)) -> Self {
        Self {
            around,
            site,
            series: HashMap::new(),
            evidence: Vec::new(),
            arrivals: Vec::new(),
            named: HashSet::new(),
        }
    }

    /// Takes the batches of an agent.
    pub(super) fn agent(
        &mut self,
        stays: &[Assignment],
        batches: &[JournaledBatch],
    ) -> Result<(), RecomputeError> {
        self.arrivals
            .extend(batches.iter().map(|batch| batch.received_unix_ms));
        // An entry belongs to the first batch that was accepted with it.
        let mut owners: HashMap<(BootId, u64), u64> = HashMap::new();
        let mut reports = HashMap::new();
        let mut by_position: Vec<&JournaledBatch> = batches.iter().collect();
        by_position.sort_by_key(|batch| batch.position);
        for batch in by_position {
            let failed = |reason: String| RecomputeError::Batch {
                agent: batch.envelope.agent,
                position: batch.position,
                reason,
            };
            let report = decode(batch.content_type, &batch.body)
                .map_err(|refusal| failed(refusal.to_string()))?;
            for entry in &report.entries {
                let name = (batch.envelope.boot, entry.sequence);
                owners.entry(name).or_insert(batch.position);
            }
            reports.insert(batch.position, report);
        }
        for batch in in_order(batches) {
            let (Some(map), Some(report)) = (&batch.time_map, reports.remove(&batch.position))
            else {
                continue;
            };
            let owned: HashSet<u64> = report
                .entries
                .iter()
                .map(|entry| entry.sequence)
                .filter(|one| owners.get(&(batch.envelope.boot, *one)) == Some(&batch.position))
                .collect();
            let found = rows(batch, &report, map, stays, &owned).map_err(|error| {
                RecomputeError::Batch {
                    agent: batch.envelope.agent,
                    position: batch.position,
                    reason: error.to_string(),
                }
            })?;
            self.named
                .extend(report.targets.iter().map(|target| target.id.clone()));
            self.samples(&found.samples);
            let (from, to) = self.around;
            self.evidence.extend(
                found
                    .evidence
                    .into_iter()
                    .filter(|row| row.site == self.site && (from..to).contains(&row.time_unix_ms)),
            );
        }
        Ok(())
    }

    /// Keeps samples in their order, for a summary gives way to what was there before it.
    fn samples(&mut self, found: &[SampleRow]) {
        let same_run = |one: &SampleRow, other: &SampleRow| {
            one.summary_spacing_ms == other.summary_spacing_ms
                && (one.summary_spacing_ms.is_none()
                    || (one.sequence == other.sequence && one.series == other.series))
        };
        let mut kept: Vec<SampleRow> = Vec::with_capacity(found.len());
        for run in found.chunk_by(same_run) {
            let Some(first) = run.first() else { continue };
            if first.summary_spacing_ms.is_none() {
                kept.extend_from_slice(run);
                continue;
            }
            self.put(std::mem::take(&mut kept));
            let there = self.originals(first);
            let without = run.iter().filter(|row| !stands_for(&there, row));
            self.put(without.cloned().collect());
        }
        self.put(kept);
    }

    fn put(&mut self, found: Vec<SampleRow>) {
        let (from, to) = self.around;
        for row in found {
            if row.series.site == self.site && (from..to).contains(&row.time_unix_ms) {
                let key = Arc::clone(&row.series);
                self.series.entry(key).or_default().push(row);
            }
        }
    }

    /// Times of the samples of a summary's series that come from other entries, ascending.
    fn originals(&self, summary: &SampleRow) -> Vec<i64> {
        let there = self.series.get(&summary.series);
        let mut times: Vec<i64> = there
            .into_iter()
            .flatten()
            .filter(|row| row.sequence != summary.sequence)
            .map(|row| row.time_unix_ms)
            .collect();
        times.sort_unstable();
        times
    }

    /// Everything that was taken.
    pub(super) fn measured(
        mut self,
        terms: &Agreement,
        span: (i64, i64),
        inputs: &SiteInputs,
    ) -> Measured {
        self.arrivals.sort_unstable();
        let place = |row: &crate::store::samples::EvidenceRow| {
            let identity = (row.agent, row.boot, row.sequence, row.ordinal);
            (row.time_unix_ms, identity)
        };
        self.evidence.sort_by_key(place);
        self.evidence
            .dedup_by(|later, first| place(later) == place(first));
        let (targets, rates) = targets(terms, span, inputs, self.series);
        Measured {
            targets,
            rates,
            evidence: self.evidence.into_iter().map(seen).collect(),
            arrivals: self.arrivals,
            named: self.named,
        }
    }
}

/// Whether a sample is there already within half the spacing of a summary's.
fn stands_for(originals: &[i64], row: &SampleRow) -> bool {
    let half = i64::from(row.summary_spacing_ms.unwrap_or(0)) / 2;
    let after = row.time_unix_ms.saturating_sub(half);
    let next = originals.partition_point(|time| *time <= after);
    let near = row.time_unix_ms.saturating_add(half);
    originals.get(next).is_some_and(|time| *time < near)
}

fn seen(row: crate::store::samples::EvidenceRow) -> EvidenceRow {
    EvidenceRow {
        at_unix_ms: row.time_unix_ms,
        agent: row.agent.to_string(),
        boot: row.boot.to_string(),
        line: row.line,
        fact: row.fact,
    }
}
