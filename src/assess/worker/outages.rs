//! A site's outages: found, compared with what is stored, told; and its newest samples, told.

use super::super::judge::Judgement;
use super::super::test::SiteTest;
use crate::app::App;
use crate::live::{Change, SampleSeen, SiteOutage};

pub(super) fn site_outages(site: &str, test: &SiteTest, judgement: &Judgement) -> Vec<SiteOutage> {
    judgement
        .outages
        .iter()
        .zip(&judgement.agents)
        .map(|(outage, agent)| SiteOutage {
            id: 0,
            site: site.to_owned(),
            start_unix_ms: outage.start_unix_ms,
            end_unix_ms: outage.end_unix_ms,
            slot_seconds: test.rule.slot_seconds,
            down_slots: outage.down_slots,
            verdict: outage.cause.clone(),
            agent: agent.map(|agent| agent.to_string()),
        })
        .collect()
}

/// Whether the outages found say anything else than those stored, numbers apart.
pub(super) fn differ(stored: &[SiteOutage], found: &[SiteOutage]) -> bool {
    let said = |outage: &SiteOutage| SiteOutage {
        id: 0,
        ..outage.clone()
    };
    stored.len() != found.len() || !stored.iter().all(|one| found.contains(&said(one)))
}

/// Tells of outages that are none any more, and of those that opened, changed their cause or closed; not
/// of a growing count of slots.
pub(super) fn tell_outages(app: &App, stored: &[SiteOutage], found: &[SiteOutage]) {
    for gone in stored {
        if !found.iter().any(|outage| outage.id == gone.id) {
            app.live.tell(Change::OutageGone {
                site: gone.site.clone(),
                id: gone.id,
            });
        }
    }
    for outage in found {
        let before = stored.iter().find(|one| one.id == outage.id);
        let same = before.is_some_and(|one| {
            (one.end_unix_ms, one.verdict.cause) == (outage.end_unix_ms, outage.verdict.cause)
        });
        if !same {
            app.live.tell(Change::Outage(outage.clone()));
        }
    }
}

/// Tells of the newest samples of a site that lie in these spans.
pub(super) fn tell_samples(app: &App, site: &str, spans: &[(i64, i64)]) {
    let newest = match app.source().newest_samples(site) {
        Ok(newest) => newest,
        Err(error) => {
            tracing::warn!(%error, "the newest samples could not be read");
            return;
        }
    };
    for (target, sample) in newest {
        let at = sample.start_unix_ms;
        if !spans.iter().any(|(from, to)| *from <= at && at < *to) {
            continue;
        }
        app.live.tell(Change::Sample(SampleSeen {
            site: site.to_owned(),
            target,
            at_unix_ms: at,
            rtt_us_median: sample.rtt_us_median,
            sent: sample.sent,
            received: sample.received,
        }));
    }
}
