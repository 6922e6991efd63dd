//! From batches as they were sent to the figures of a site, without any store: what the collector makes
//! final statements with, and what anybody verifies them with. Decoding, time, slots, machine, accounting
//! and the document are the product's own functions; nothing is computed here twice.

mod taken;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::quality::Rate;
use desserte_probe::report::Kind;
use desserte_probe::wire::id::AgentId;

use self::taken::Taken;
use super::inputs::{NeighbourInputs, SiteInputs, Span};
use crate::assess::months::{MonthError, MonthRequest, MonthResult};
use crate::assess::neighbours::{Silence, asked_about};
use crate::assess::{EvidenceRow, NeighboursSeen, SiteSamples, TargetSamples, observation, rate};
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
    let around = (span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS);
    let mut taken = Taken::new(&inputs.site, around);
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
pub fn anchors_named<S: BuildHasher>(
    all: impl IntoIterator<Item = (String, Anchor)>,
    named: &HashSet<String, S>,
) -> BTreeMap<String, Anchor> {
    all.into_iter()
        .filter(|(target, _)| named.contains(target))
        .collect()
}
