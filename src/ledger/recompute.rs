//! From batches as they were sent to the figures of a site, without any store: what the collector makes
//! final statements with, and what anybody verifies them with. Decoding, time, slots, machine, accounting
//! and the document are the product's own functions; nothing is computed here twice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::quality::Rate;
use desserte_probe::report::Kind;
use desserte_probe::wire::id::{AgentId, BootId};

use super::inputs::{NeighbourInputs, SiteInputs, Span};
use crate::assess::months::{MonthError, MonthRequest, MonthResult};
use crate::assess::neighbours::{Silence, asked_about};
use crate::assess::{EvidenceRow, NeighboursSeen, SiteSamples, TargetSamples, observation, rate};
use crate::ingest::{decode, rows};
use crate::registry::{Anchor, Assignment};
use crate::store::journal::JournaledBatch;
use crate::store::samples::{SampleRow, SeriesKey};

/// Evidence is read so much around the span of a month, milliseconds: before an outage what was said
/// of a link still holds, after it an agent that was silent explains it.
pub const EVIDENCE_AROUND_MS: i64 = 2 * 3_600_000;

/// Rates that were measured, by target.
pub type Rates = Vec<(String, Vec<Rate>)>;

/// A batch of a site's agent cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecomputeError {
    /// It cannot be read.
    #[error("agent {agent}: batch {position}: {reason}")]
    Batch {
        /// The agent.
        agent: AgentId,
        /// The batch's position in the journal.
        position: u64,
        /// Why.
        reason: String,
    },
    /// The figures cannot be made.
    #[error(transparent)]
    Month(#[from] MonthError),
    /// Something about the neighbours is not stated.
    #[error("what the sites nearby did from {from} to {to} is not stated")]
    Neighbours {
        /// Start of the silence, Unix milliseconds.
        from: i64,
        /// Its end.
        to: i64,
    },
}

/// What a site's batches say.
#[derive(Debug, Default)]
pub struct Measured {
    /// Samples of the span over the judged lines, by target.
    pub targets: Vec<TargetSamples>,
    /// Everything that was seen, by time.
    pub evidence: Vec<EvidenceRow>,
    /// When batches arrived, ascending.
    pub arrivals: Vec<i64>,
    /// Rates that were measured, by target, where one is promised.
    pub rates: Rates,
    /// Every target that the batches name.
    pub named: HashSet<String>,
}

impl Measured {
    /// Says which targets stand for a part of the path.
    pub fn set_anchors(&mut self, anchors: &BTreeMap<String, Anchor>) {
        for target in &mut self.targets {
            target.anchor = anchors.get(&target.id).copied();
        }
    }
}

/// Batches of one agent in the order in which they became usable.
#[must_use]
pub fn in_order(batches: &[JournaledBatch]) -> Vec<&JournaledBatch> {
    let mut order: Vec<&JournaledBatch> = batches
        .iter()
        .filter(|batch| batch.time_map.is_some())
        .collect();
    order.sort_by_key(|batch| (batch.mapped_at.unwrap_or(batch.position), batch.position));
    order
}

/// Spells a site's batches out: one list an agent, in the order of the inputs.
pub fn measured(
    terms: &Agreement,
    span: (i64, i64),
    inputs: &SiteInputs,
    batches: &[Vec<JournaledBatch>],
) -> Result<Measured, RecomputeError> {
    let mut taken = Taken {
        around: (span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS),
        site: &inputs.site,
        series: HashMap::new(),
        evidence: Vec::new(),
        arrivals: Vec::new(),
        named: HashSet::new(),
    };
    for (agent, batches) in inputs.agents.iter().zip(batches) {
        let stays: Vec<Assignment> = agent
            .stays
            .iter()
            .map(|stay| Assignment {
                site: if stay.here {
                    inputs.site.clone()
                } else {
                    String::new()
                },
                valid_from_unix_ms: stay.from_unix_ms,
                valid_to_unix_ms: stay.to_unix_ms,
            })
            .collect();
        taken.agent(&stays, batches)?;
    }
    Ok(taken.measured(terms, span, inputs))
}

struct Taken<'a> {
    around: (i64, i64),
    site: &'a str,
    series: HashMap<Arc<SeriesKey>, Vec<SampleRow>>,
    evidence: Vec<crate::store::samples::EvidenceRow>,
    arrivals: Vec<i64>,
    named: HashSet<String>,
}

impl Taken<'_> {
    fn agent(
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
            self.samples(found.samples);
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
    fn samples(&mut self, found: Vec<SampleRow>) {
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

    fn measured(mut self, terms: &Agreement, span: (i64, i64), inputs: &SiteInputs) -> Measured {
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

/// Lines of a site that an agreement judges.
#[must_use]
pub fn judged_lines(terms: &Agreement, inputs: &SiteInputs) -> HashSet<(String, String)> {
    let agents = inputs.agents.iter();
    agents
        .flat_map(|agent| agent.lines.iter().map(move |line| (agent, line)))
        .filter(|(_, line)| line.confirmed)
        .filter(|(_, line)| {
            let interface = Some(line.interface.as_str());
            let gateway = line.gateway.as_deref();
            terms.line.judges(interface, gateway, line.public_address)
        })
        .map(|(agent, line)| (agent.agent.clone(), line.key.clone()))
        .collect()
}

fn targets(
    terms: &Agreement,
    span: (i64, i64),
    inputs: &SiteInputs,
    series: HashMap<Arc<SeriesKey>, Vec<SampleRow>>,
) -> (Vec<TargetSamples>, Rates) {
    let judged = judged_lines(terms, inputs);
    let any = terms.line.is_any();
    let counts = |key: &SeriesKey| match &key.line {
        Some(line) => judged.contains(&(key.agent.to_string(), line.clone())),
        None => any,
    };
    let mut series: Vec<_> = series.into_iter().filter(|(key, _)| counts(key)).collect();
    series.sort_by(|(one, _), (other, _)| {
        (&one.target, one.agent, &one.line).cmp(&(&other.target, other.agent, &other.line))
    });
    let promised = terms.objective.throughput.is_some();
    let mut rates: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
    let mut found: BTreeMap<String, TargetSamples> = BTreeMap::new();
    for (key, mut rows) in series {
        rows.sort_by_key(|row| (row.time_unix_ms, row.sequence));
        rows.dedup_by_key(|row| (row.time_unix_ms, row.sequence));
        let before = inputs.measured_before.contains(&key.target);
        let first = rows.first().map(|row| row.time_unix_ms);
        let target = found
            .entry(key.target.clone())
            .or_insert_with(|| TargetSamples {
                id: key.target.clone(),
                kind: key.kind,
                anchor: inputs.anchors.get(&key.target).copied(),
                first_unix_ms: before.then_some(span.0),
                observations: Vec::new(),
                lost_by: Vec::new(),
            });
        target.first_unix_ms = target.first_unix_ms.into_iter().chain(first).min();
        let inside = rows
            .iter()
            .filter(|row| (span.0..span.1).contains(&row.time_unix_ms));
        if promised && key.kind == Kind::Throughput {
            let of = |row: &SampleRow| rate(row.time_unix_ms, row.detail.as_ref()?);
            let found = rates.entry(key.target.clone()).or_default();
            found.extend(inside.clone().filter_map(of));
        }
        target.add(key.agent, inside.map(observation).collect());
    }
    for target in found.values_mut() {
        target
            .observations
            .sort_by_key(|one| (one.start_unix_ms, one.sequence));
    }
    (found.into_values().collect(), rates.into_iter().collect())
}

/// Asks what the sites nearby did in silences.
pub type AskNeighbours<'a> =
    dyn FnMut(Silence) -> Result<Option<NeighboursSeen>, RecomputeError> + 'a;

/// The figures of a site.
pub fn figures(
    request: &MonthRequest<'_>,
    measured: Measured,
    exclusions: &[Exclusion],
    collector_down: &[Span],
    neighbours: &mut AskNeighbours<'_>,
) -> Result<MonthResult, RecomputeError> {
    let Measured {
        targets,
        rates,
        evidence,
        arrivals,
        ..
    } = measured;
    let samples = SiteSamples {
        targets,
        rates,
        ..SiteSamples::default()
    };
    let result = request.figures_asking(samples, exclusions, |(from, to)| {
        let margin = crate::app::EVIDENCE_MARGIN_MS;
        let first = evidence.partition_point(|row| row.at_unix_ms < from - margin);
        let end = evidence.partition_point(|row| row.at_unix_ms < to + margin);
        let rows = evidence.get(first..end).unwrap_or_default().to_vec();
        let mut known = Vec::new();
        for silence in asked_about(&rows) {
            known.extend(neighbours(silence)?);
        }
        let arrived = arrivals.iter().filter(|at| (from..to).contains(*at));
        Ok::<_, RecomputeError>(SiteSamples {
            targets: Vec::new(),
            rates: Vec::new(),
            evidence: rows,
            received_unix_ms: arrived.copied().collect(),
            collector_down: clipped(collector_down, (from, to)),
            neighbours: known,
        })
    })??;
    Ok(result)
}

fn clipped(spans: &[Span], (from, to): (i64, i64)) -> Vec<(i64, i64)> {
    spans
        .iter()
        .map(|one| (one.from_unix_ms.max(from), one.to_unix_ms.min(to)))
        .filter(|(from, to)| from < to)
        .collect()
}

/// What the inputs state of a silence's neighbours.
pub fn stated_neighbours(
    stated: &[NeighbourInputs],
) -> impl FnMut(Silence) -> Result<Option<NeighboursSeen>, RecomputeError> + '_ {
    |silence| {
        let found = stated.iter().find(|one| {
            (one.from_unix_ms, one.to_unix_ms) == (silence.from_unix_ms, silence.to_unix_ms)
        });
        let one = found.ok_or(RecomputeError::Neighbours {
            from: silence.from_unix_ms,
            to: silence.to_unix_ms,
        })?;
        Ok(Some(NeighboursSeen {
            silence,
            down: desserte_domain::cause::Share {
                count: one.down,
                total: one.known,
            },
        }))
    }
}

/// The anchors among the targets that were named.
#[must_use]
pub fn anchors_named(
    all: impl IntoIterator<Item = (String, Anchor)>,
    named: &HashSet<String>,
) -> BTreeMap<String, Anchor> {
    all.into_iter()
        .filter(|(target, _)| named.contains(target))
        .collect()
}
