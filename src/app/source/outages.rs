//! Outages, read and replaced.

use desserte_domain::outage::Outage;

use super::convert::shown;
use super::{Result, Source};
use crate::app::OutageFilter;
use crate::assess::SiteTest;
use crate::live::SiteOutage;
use crate::registry::{self, OutageRecord};

impl Source {
    /// Outages, the newest first.
    pub fn outages(&self, filter: &OutageFilter) -> Result<Vec<SiteOutage>> {
        let sites = filter
            .sites
            .as_ref()
            .map(|ids| serde_json::json!(ids).to_string());
        let found = self.registry.outages(&registry::OutageFilter {
            site: filter.site.as_deref(),
            sites: sites.as_deref(),
            cause: filter.cause.map(desserte_domain::cause::Cause::identifier),
            from_unix_ms: filter.from_unix_ms,
            to_unix_ms: filter.to_unix_ms,
            open: filter.open,
            region: filter.region.as_deref(),
            operator: filter.operator.as_deref(),
            kind: filter.kind.as_deref(),
            before: filter.after,
            limit: u32::try_from(filter.limit).unwrap_or(u32::MAX),
        })?;
        Ok(found.into_iter().map(shown).collect())
    }

    /// The outage of a number.
    pub fn outage(&self, number: i64) -> Result<Option<SiteOutage>> {
        Ok(self.registry.outage(number)?.map(shown))
    }

    /// Outages of a site that overlap `[from, to)`, by start.
    pub fn outages_between(&self, site: &str, from: i64, to: i64) -> Result<Vec<SiteOutage>> {
        let mut found = self.registry.outages(&registry::OutageFilter {
            site: Some(site),
            from_unix_ms: Some(from),
            to_unix_ms: Some(to),
            ..registry::OutageFilter::default()
        })?;
        found.reverse();
        Ok(found.into_iter().map(shown).collect())
    }

    /// Puts outages in place of those of the site that last beyond `from`; answers with them as
    /// they are stored.
    pub fn replace_outages(
        &self,
        site: &str,
        from: i64,
        test: &SiteTest,
        found: &[SiteOutage],
    ) -> Result<Vec<SiteOutage>> {
        let records: Vec<OutageRecord> = found
            .iter()
            .map(|outage| OutageRecord {
                id: 0,
                site: site.to_owned(),
                agreement: test.agreement.clone(),
                agent: outage.agent.clone(),
                slot_seconds: outage.slot_seconds,
                outage: Outage {
                    start_unix_ms: outage.start_unix_ms,
                    end_unix_ms: outage.end_unix_ms,
                    down_slots: outage.down_slots,
                    cause: outage.verdict.clone(),
                },
            })
            .collect();
        let stored = self
            .registry
            .replace_outages(site, (from, i64::MAX), &records)?;
        Ok(stored.into_iter().map(shown).collect())
    }
}
