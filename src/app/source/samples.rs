//! Samples and evidence, as the assessment takes them.

use std::collections::{BTreeMap, HashSet};

use desserte_domain::agreement::Agreement;
use desserte_domain::observation::Observation;
use desserte_domain::quality::Rate;
use desserte_probe::report::Kind;
use desserte_probe::wire::id::AgentId;

use super::{Result, Source};
use crate::assess::history::SummedSite;
use crate::assess::neighbours::{self, NEAR_METRES_MAX, NEIGHBOURS_MAX, Neighbour, Silence};
use crate::assess::{EvidenceRow, NeighboursSeen, SiteSamples, TargetSamples, observation, rate};
use crate::store::samples::Series;
use crate::store::steps::{PIECE_MS, StepsAsked};

/// Attempts to reach the collector are reported after they were made: evidence is read so much
/// beyond a window's end, milliseconds. Before its start, what was said of a link still holds.
pub(crate) const EVIDENCE_MARGIN_MS: i64 = 120_000;

/// How the store follows the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreState {
    /// Batches that it does not have yet.
    pub behind_batches: u64,
    /// What keeps it from being filled, or from being whole; `None`: nothing does.
    pub trouble: Option<String>,
}

impl Source {
    /// How the store follows the journal; `None` where nothing arrives.
    #[must_use]
    pub fn store_state(&self) -> Option<StoreState> {
        let collector = self.collector.as_ref()?;
        let last = collector.journal().last_position();
        Some(StoreState {
            behind_batches: last.saturating_sub(collector.applied_position()),
            trouble: collector.trouble(),
        })
    }

    /// Everything measured at a site in `[from, to)`, over whatever line.
    pub fn samples(&self, site: &str, span: (i64, i64)) -> Result<SiteSamples> {
        self.samples_of(site, span, |_| true)
    }

    /// What counts for an agreement: its targets, over the judged line, confirmed by a person or by
    /// enrolment. Samples without a known line count where every line of the site is judged.
    pub fn judged_samples(
        &self,
        site: &str,
        agreement: &Agreement,
        span: (i64, i64),
    ) -> Result<SiteSamples> {
        let rates = self.judged_rates(site, agreement, span)?;
        let counts = self.judged(site, agreement)?;
        Ok(SiteSamples {
            rates,
            ..self.samples_of(site, span, counts)?
        })
    }

    /// Rates that were measured over the judged line, by target; none where the agreement promises
    /// none.
    pub fn judged_rates(
        &self,
        site: &str,
        agreement: &Agreement,
        (from, to): (i64, i64),
    ) -> Result<Vec<(String, Vec<Rate>)>> {
        if agreement.objective.throughput.is_none() {
            return Ok(Vec::new());
        }
        let counts = self.judged(site, agreement)?;
        let mut rates: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
        for series in self.site_series(site)? {
            if series.key.kind != Kind::Throughput || !counts(&series) {
                continue;
            }
            let details = self.samples.details(series.id, from, to)?.into_iter();
            rates
                .entry(series.key.target)
                .or_default()
                .extend(details.filter_map(|(at, detail)| rate(at, &detail)));
        }
        Ok(rates.into_iter().collect())
    }

    /// Rates of a target over every line, by time; none of a target of another kind.
    pub fn rates(&self, site: &str, target: &str, (from, to): (i64, i64)) -> Result<Vec<Rate>> {
        let mut rates = Vec::new();
        for series in self.site_series(site)? {
            if series.key.kind == Kind::Throughput && series.key.target == target {
                let details = self.samples.details(series.id, from, to)?.into_iter();
                rates.extend(details.filter_map(|(at, detail)| rate(at, &detail)));
            }
        }
        rates.sort_by_key(|one| one.start_unix_ms);
        Ok(rates)
    }

    /// The samples of [`Source::judged_samples`], without what was seen beside them. (Targets that
    /// decide no slot of the agreement still help to say why one was bad.)
    pub fn judged_targets(
        &self,
        site: &str,
        agreement: &Agreement,
        span: (i64, i64),
    ) -> Result<Vec<TargetSamples>> {
        let counts = self.judged(site, agreement)?;
        self.targets_of(site, span, counts)
    }

    /// What was seen beside the samples in `[from, to)`: evidence, arrivals, the collector's absences.
    /// Its targets are empty.
    pub fn seen_beside(&self, site: &str, span: (i64, i64)) -> Result<SiteSamples> {
        self.samples_of(site, span, |_| false)
    }

    fn judged(&self, site: &str, agreement: &Agreement) -> Result<impl Fn(&Series) -> bool> {
        let judged: HashSet<(AgentId, String)> =
            self.judged_lines(site, agreement)?.into_iter().collect();
        let any = agreement.line.is_any();
        Ok(move |series: &Series| match &series.key.line {
            Some(line) => judged.contains(&(series.key.agent, line.clone())),
            None => any,
        })
    }

    /// Targets of a site of which there are samples from before a moment over the judged lines, by
    /// name.
    pub(crate) fn measured_before(
        &self,
        site: &str,
        agreement: &Agreement,
        unix_ms: i64,
    ) -> Result<Vec<String>> {
        let counts = self.judged(site, agreement)?;
        let mut found = std::collections::BTreeSet::new();
        for series in self
            .site_series(site)?
            .into_iter()
            .filter(|one| counts(one))
        {
            let oldest = self.samples.oldest_unix_ms(series.id)?;
            if oldest.is_some_and(|oldest| oldest < unix_ms) {
                found.insert(series.key.target);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Lines of a site that an agreement judges, in order: confirmed, and named by it.
    pub fn judged_lines(
        &self,
        site: &str,
        agreement: &Agreement,
    ) -> Result<Vec<(AgentId, String)>> {
        let mut judged: Vec<(AgentId, String)> = self
            .registry
            .lines_of_site(site)?
            .into_iter()
            .filter(|line| line.confirmed.is_some())
            .filter(|line| {
                agreement.line.judges(
                    Some(&line.interface),
                    line.gateway.as_deref(),
                    line.public_address,
                )
            })
            .map(|line| (line.agent, line.key))
            .collect();
        judged.sort_unstable();
        Ok(judged)
    }

    /// What was measured at a site in `[from, to)`, without the evidence of why: for sums over weeks.
    pub fn measured(&self, site: &str, span: (i64, i64)) -> Result<Vec<TargetSamples>> {
        self.targets_of(site, span, |_| true)
    }

    /// A target of a site, or its first, in steps of `[from, to)` that the store summed up: over a span
    /// that is more than one piece, where the engine does so. `None`: the samples are to be read.
    pub fn summed(
        &self,
        site: &str,
        target: Option<&str>,
        span: (i64, i64),
        step_ms: i64,
    ) -> Result<Option<SummedSite>> {
        if span.1.saturating_sub(span.0) <= PIECE_MS {
            return Ok(None);
        }
        let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
        for series in self.site_series(site)? {
            kinds.entry(series.key.target).or_insert(series.key.kind);
        }
        let Some(target) = target.or(kinds.keys().next().map(String::as_str)) else {
            return Ok(None);
        };
        let target = target.to_owned();
        let steps = self.samples.steps(&StepsAsked {
            site,
            target: &target,
            span,
            step_ms,
        })?;
        Ok(steps.map(|steps| SummedSite {
            target,
            kinds,
            steps,
        }))
    }

    fn targets_of(
        &self,
        site: &str,
        (from, to): (i64, i64),
        counts: impl Fn(&Series) -> bool,
    ) -> Result<Vec<TargetSamples>> {
        let anchors = self.registry.anchors()?;
        let mut targets: BTreeMap<String, TargetSamples> = BTreeMap::new();
        for series in self.site_series(site)? {
            if !counts(&series) {
                continue;
            }
            let observations = self.samples.scan(series.id, from, to)?.observations(None);
            let first = self.samples.oldest_unix_ms(series.id)?;
            let target =
                targets
                    .entry(series.key.target.clone())
                    .or_insert_with(|| TargetSamples {
                        anchor: anchors.get(&series.key.target).copied(),
                        id: series.key.target,
                        kind: series.key.kind,
                        first_unix_ms: None,
                        observations: Vec::new(),
                        lost_by: Vec::new(),
                    });
            target.first_unix_ms = target.first_unix_ms.into_iter().chain(first).min();
            target.add(series.key.agent, observations);
        }
        // Series of several lines and agents lie one after another.
        for target in targets.values_mut() {
            target
                .observations
                .sort_by_key(|one| (one.start_unix_ms, one.sequence));
        }
        Ok(targets.into_values().collect())
    }

    fn samples_of(
        &self,
        site: &str,
        (from, to): (i64, i64),
        counts: impl Fn(&Series) -> bool,
    ) -> Result<SiteSamples> {
        let targets = self.targets_of(site, (from, to), counts)?;
        let evidence = self.evidence(
            site,
            (
                from - EVIDENCE_MARGIN_MS,
                to.saturating_add(EVIDENCE_MARGIN_MS),
            ),
        )?;
        Ok(SiteSamples {
            targets,
            rates: Vec::new(),
            neighbours: self.neighbours(site, &evidence)?,
            evidence,
            received_unix_ms: self.arrivals(site, from, to)?,
            collector_down: self.registry.collector_down(from, to)?,
        })
    }

    /// What the agents of a site saw in `[from, to)`, by time.
    pub fn evidence(&self, site: &str, (from, to): (i64, i64)) -> Result<Vec<EvidenceRow>> {
        let rows = self.samples.evidence(site, from, to)?.into_iter();
        Ok(rows
            .map(|row| EvidenceRow {
                at_unix_ms: row.time_unix_ms,
                agent: row.agent.to_string(),
                boot: row.boot.to_string(),
                line: row.line,
                fact: row.fact,
            })
            .collect())
    }

    /// What sites nearby did while this one was silent and then restarted: asked only then, because
    /// it reads their evidence too.
    fn neighbours(&self, site: &str, evidence: &[EvidenceRow]) -> Result<Vec<NeighboursSeen>> {
        let silences = neighbours::asked_about(evidence);
        if silences.is_empty() {
            return Ok(Vec::new());
        }
        let near = self.near(site)?;
        let asked = silences.into_iter();
        asked
            .map(|silence| self.in_silence(&near, silence))
            .collect()
    }

    /// Sites that may hang on the same power line.
    pub(crate) fn near(&self, site: &str) -> Result<Vec<String>> {
        Ok(self
            .registry
            .neighbours(site, NEAR_METRES_MAX, NEIGHBOURS_MAX)?)
    }

    /// What they did in a silence.
    pub(crate) fn in_silence(&self, near: &[String], silence: Silence) -> Result<NeighboursSeen> {
        let mut states = Vec::with_capacity(near.len());
        for other in near {
            states.push(self.neighbour(other, silence)?);
        }
        Ok(NeighboursSeen {
            silence,
            down: neighbours::share(&states),
        })
    }

    fn neighbour(&self, site: &str, silence: Silence) -> Result<Neighbour> {
        let [around, until] = neighbours::windows(silence);
        let rows = self.evidence(site, around)?;
        let state = neighbours::judged(silence, &rows);
        if rows.is_empty() || state != Neighbour::Unknown {
            return Ok(state);
        }
        let later = self.evidence(site, until)?;
        Ok(neighbours::judged(silence, &[rows, later].concat()))
    }

    /// When batches of a site's agents arrived, ascending.
    fn arrivals(&self, site: &str, from: i64, to: i64) -> Result<Vec<i64>> {
        let mut arrivals = Vec::new();
        for agent in self.registry.agents_of(site)? {
            let mut of_agent = match (&self.collector, &self.arrivals) {
                (Some(collector), _) => collector.journal().arrivals(agent.id, from, to)?,
                (None, Some(log)) => log.arrivals(agent.id, from, to)?,
                (None, None) => Vec::new(),
            };
            arrivals.append(&mut of_agent);
        }
        arrivals.sort_unstable();
        Ok(arrivals)
    }

    /// The newest sample of each target.
    pub fn newest_samples(&self, site: &str) -> Result<Vec<(String, Observation)>> {
        let mut newest: BTreeMap<String, Observation> = BTreeMap::new();
        for series in self.site_series(site)? {
            let Some(row) = self.samples.latest(series.id)? else {
                continue;
            };
            let sample = observation(&row);
            newest
                .entry(series.key.target)
                .and_modify(|held| {
                    if held.start_unix_ms < sample.start_unix_ms {
                        *held = sample;
                    }
                })
                .or_insert(sample);
        }
        Ok(newest.into_iter().collect())
    }

    /// Start of the newest sample of a site.
    pub fn last_sample_unix_ms(&self, site: &str) -> Result<Option<i64>> {
        let newest = self.newest_samples(site)?;
        Ok(newest.iter().map(|(_, sample)| sample.start_unix_ms).max())
    }
}
