//! What a site saw that comes late, for the sites nearby: whether the power was cut at one follows from what the others did
//! meanwhile, and those may deliver it hours after they came back themselves.

use std::collections::BTreeMap;

use super::Worker;
use crate::app::SourceError;
use crate::assess::neighbours::HAVE_A_SAY_IN;

/// What an outage's causes may rest on lies around it, milliseconds.
const AROUND_MS: i64 = 3_600_000;

impl Worker {
    /// Looks again at outages nearby in which the neighbours have a say, where what came of a site is old enough that
    /// they were judged without it.
    pub(super) fn look_near(&mut self, site: &str, spans: &[(i64, i64)], now: i64) {
        let test = self.app.directory().test(site);
        let expected_from = now - self.silent_after_ms(site, &test);
        // One look for all that came: a long backlog is many spans.
        let mut concerned: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
        for span in spans.iter().filter(|span| span.0 < expected_from) {
            match self.concerned_near(site, *span) {
                Ok(others) => {
                    for other in others {
                        concerned.entry(other).or_default().push(*span);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, site, "what came late was not weighed for the sites nearby");
                }
            }
        }
        for (other, spans) in concerned {
            self.look(&other, &spans, now);
        }
    }

    fn concerned_near(
        &self,
        site: &str,
        (from, to): (i64, i64),
    ) -> Result<Vec<String>, SourceError> {
        let source = self.app.source();
        let mut concerned = Vec::new();
        for other in source.near(site)? {
            let outages = source.outages_between(&other, from - AROUND_MS, to + AROUND_MS)?;
            let mut causes = outages.iter().map(|one| one.verdict.cause);
            if causes.any(|cause| HAVE_A_SAY_IN.contains(&cause)) {
                concerned.push(other);
            }
        }
        Ok(concerned)
    }
}
