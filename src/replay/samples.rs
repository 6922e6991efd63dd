//! What a recording holds of a site, as the assessment takes it.

use std::collections::BTreeMap;

use desserte_domain::quality::Rate;
use desserte_probe::report::Kind;

use super::Intake;
use crate::assess::{EvidenceRow, SiteSamples, TargetSamples, observation, rate};
use crate::registry::Anchor;
use crate::store::samples::SeriesKey;

impl Intake {
    /// What counts for the agreement at a site.
    pub(super) fn samples_of(&self, site: &str) -> SiteSamples {
        let mut targets: BTreeMap<&str, TargetSamples> = BTreeMap::new();
        let counted = self.samples.iter().filter(|(_, confirmed)| *confirmed);
        for (row, _) in counted.filter(|(row, _)| row.series.site == site) {
            let SeriesKey {
                target,
                kind,
                agent,
                ..
            } = row.series.as_ref();
            targets
                .entry(target)
                .or_insert_with(|| empty(target, *kind, self.anchors.get(target).copied()))
                .add(*agent, vec![observation(row)]);
        }
        for target in targets.values_mut() {
            target
                .observations
                .sort_by_key(|one| (one.start_unix_ms, one.sequence));
            target.first_unix_ms = target.observations.first().map(|one| one.start_unix_ms);
        }
        let mut evidence: Vec<EvidenceRow> = self
            .evidence
            .iter()
            .filter(|(at, _)| at == site)
            .map(|(_, row)| row.clone())
            .collect();
        evidence.sort_by_key(|row| row.at_unix_ms);
        SiteSamples {
            rates: self.rates_of(site),
            targets: targets.into_values().collect(),
            evidence,
            received_unix_ms: self.received.get(site).cloned().unwrap_or_default(),
            collector_down: Vec::new(),
            neighbours: Vec::new(),
        }
    }

    fn rates_of(&self, site: &str) -> Vec<(String, Vec<Rate>)> {
        let mut rates: BTreeMap<&str, Vec<Rate>> = BTreeMap::new();
        let counted = self.samples.iter().filter(|(_, confirmed)| *confirmed);
        for (row, _) in counted.filter(|(row, _)| row.series.site == site) {
            if let Some(rate) = row
                .detail
                .as_ref()
                .and_then(|one| rate(row.time_unix_ms, one))
            {
                rates.entry(&row.series.target).or_default().push(rate);
            }
        }
        let owned = rates.into_iter();
        owned
            .map(|(target, rates)| (target.to_owned(), rates))
            .collect()
    }
}

fn empty(target: &str, kind: Kind, anchor: Option<Anchor>) -> TargetSamples {
    TargetSamples {
        id: target.to_owned(),
        kind,
        anchor,
        first_unix_ms: None,
        observations: Vec::new(),
        lost_by: Vec::new(),
    }
}
