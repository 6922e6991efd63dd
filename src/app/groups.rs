//! Outages as people speak of them: what one area, operator or cause has in common is one outage.

use std::collections::HashMap;

use desserte_domain::outage::group::{Group, JOIN_WITHIN_MS, Located, Reach, group};

use super::{AgentEntry, App, Directory, OutageFilter, SourceError};
use crate::live::SiteOutage;

/// Most outages looked at for one list: a month of a bad country. Beyond, the oldest are left out
/// and the answer says so.
const OUTAGES_READ_MAX: usize = 20_000;

/// Outages that are one to those who read of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OutageGroup {
    /// What the domain says of it.
    pub group: Group,
    /// Its outages, by start.
    pub outages: Vec<SiteOutage>,
    /// The area that they share.
    pub region: Option<String>,
    /// The operator that they share.
    pub operator: Option<String>,
    /// Measured sites that share both; `None` for an outage that stands alone.
    pub measured_sites: Option<usize>,
}

/// The groups of a period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutageGroups {
    /// The newest first.
    pub groups: Vec<OutageGroup>,
    /// There are more outages than one list looks at: the oldest are not in it.
    pub truncated: bool,
}

impl OutageGroup {
    /// Number and start of its first outage, which name it: grouped again from there it is the same.
    #[must_use]
    pub fn first(&self) -> Option<(i64, i64)> {
        self.outages.first().map(|one| (one.start_unix_ms, one.id))
    }
}

impl App {
    /// Outages of the sites that the viewer sees, the newest first.
    pub fn outages(&self, filter: &OutageFilter) -> Result<Vec<SiteOutage>, SourceError> {
        if self.viewer.scope.is_whole() {
            return self.source().outages(filter);
        }
        let directory = self.directory();
        let sites = directory.sites().iter().map(|site| site.id.clone());
        self.source().outages(&OutageFilter {
            sites: Some(sites.collect()),
            ..filter.clone()
        })
    }

    /// The outage of a number, of a site that the viewer sees.
    pub fn outage(&self, number: i64) -> Result<Option<SiteOutage>, SourceError> {
        let found = self.source().outage(number)?;
        Ok(found.filter(|one| self.sees(&one.site)))
    }

    /// Agents of the sites that the viewer sees.
    pub fn agents(&self) -> Result<Vec<AgentEntry>, SourceError> {
        let mut agents = self.source().agents()?;
        if !self.viewer.scope.is_whole() {
            let directory = self.directory();
            let seen = |site: &String| directory.site(site).is_some();
            agents.retain(|agent| agent.site.as_ref().is_some_and(seen));
        }
        Ok(agents)
    }

    /// Groups the outages that a filter keeps, its limit aside.
    pub fn outage_groups(&self, filter: &OutageFilter) -> Result<OutageGroups, SourceError> {
        let wanted = OutageFilter {
            after: None,
            limit: OUTAGES_READ_MAX + 1,
            ..filter.clone()
        };
        let mut found = self.outages(&wanted)?;
        let truncated = found.len() > OUTAGES_READ_MAX;
        found.truncate(OUTAGES_READ_MAX);
        found.reverse();
        Ok(OutageGroups {
            groups: grouped(&self.directory(), filter, found),
            truncated,
        })
    }

    /// The group that begins with an outage, or what of a group follows it; `None` when the filter
    /// keeps no such outage.
    pub fn outage_group(
        &self,
        filter: &OutageFilter,
        number: i64,
    ) -> Result<Option<OutageGroup>, SourceError> {
        let Some(first) = self.outage(number)? else {
            return Ok(None);
        };
        let until = first.start_unix_ms.saturating_add(JOIN_WITHIN_MS + 1);
        let near = OutageFilter {
            to_unix_ms: Some(filter.to_unix_ms.map_or(until, |to| to.min(until))),
            after: None,
            limit: OUTAGES_READ_MAX,
            ..filter.clone()
        };
        let mut found = self.outages(&near)?;
        found.reverse();
        found.retain(|one| (one.start_unix_ms, one.id) >= (first.start_unix_ms, first.id));
        let groups = grouped(&self.directory(), filter, found);
        let named = Some((first.start_unix_ms, first.id));
        Ok(groups.into_iter().find(|one| one.first() == named))
    }
}

/// `outages` by start.
fn grouped(
    directory: &Directory,
    filter: &OutageFilter,
    outages: Vec<SiteOutage>,
) -> Vec<OutageGroup> {
    let located: Vec<Located<'_>> = outages
        .iter()
        .map(|outage| {
            let site = directory.site(&outage.site);
            Located {
                site: &outage.site,
                area: site.and_then(|site| site.region.as_deref()),
                operator: site.and_then(|site| site.operator.as_deref()),
                cause: outage.verdict.cause,
                start_unix_ms: outage.start_unix_ms,
                end_unix_ms: outage.end_unix_ms,
            }
        })
        .collect();
    let groups = group(&located);
    let shared: Vec<(Option<String>, Option<String>)> =
        groups.iter().map(|group| shared(group, &located)).collect();
    let mut outages: Vec<Option<SiteOutage>> = outages.into_iter().map(Some).collect();
    let mut counted: HashMap<(Option<String>, Option<String>), usize> = HashMap::new();
    groups
        .into_iter()
        .zip(shared)
        .map(|(group, (region, operator))| {
            let measured_sites = (group.reach != Reach::Site).then(|| {
                let key = (region.clone(), operator.clone());
                *counted
                    .entry(key)
                    .or_insert_with_key(|key| measured(directory, filter, key))
            });
            let members = group
                .members
                .iter()
                .filter_map(|member| outages.get_mut(*member)?.take())
                .collect();
            OutageGroup {
                group,
                outages: members,
                region,
                operator,
                measured_sites,
            }
        })
        .collect()
}

/// The area and the operator that a group's outages have in common; an outage that stands alone has
/// both.
pub(super) fn shared(group: &Group, located: &[Located<'_>]) -> (Option<String>, Option<String>) {
    let first = group.members.first().and_then(|first| located.get(*first));
    let area = first.and_then(|one| one.area).map(str::to_owned);
    let operator = first.and_then(|one| one.operator).map(str::to_owned);
    match group.reach {
        Reach::Site | Reach::AreaAndOperator => (area, operator),
        Reach::Area => (area, None),
        Reach::Operator => (None, operator),
        Reach::Country => (None, None),
    }
}

fn measured(
    directory: &Directory,
    filter: &OutageFilter,
    (region, operator): &(Option<String>, Option<String>),
) -> usize {
    let fits = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    directory
        .measured()
        .filter(|site| fits(region, &site.region) && fits(&filter.region, &site.region))
        .filter(|site| fits(operator, &site.operator) && fits(&filter.operator, &site.operator))
        .filter(|site| filter.kind.as_ref().is_none_or(|kind| site.kind == *kind))
        .count()
}
