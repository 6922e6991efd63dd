//! Outages, the newest first: one by one, grouped, and as a file.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
    response::Response,
};
use desserte_domain::cause::{CAUSES, Cause};
use desserte_domain::live::SiteState;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{CauseCount, Fact, OutageGroupItem, OutageGroupPage, OutageItem};
use super::paging::{Page, Paging, page_by};
use super::seen::View;
use super::{download, query, time};
use crate::app::{App, Directory, OutageFilter, OutageGroup};
use crate::config::Sites;
use crate::export::outages::OutageRow;
use crate::import::site::SiteKind;
use crate::live::{SiteLive, SiteOutage};

/// Outages of a group that its entry in the list names.
const OUTAGES_SHOWN: usize = 3;

/// Which outages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutageQuery {
    /// Those not over before this moment (RFC 3339).
    from: Option<String>,
    /// Those begun before this moment (RFC 3339).
    to: Option<String>,
    /// Of this site.
    site: Option<String>,
    /// Of this cause.
    cause: Option<String>,
    /// `true`: those that last; `false`: those that are over.
    open: Option<bool>,
    /// At sites of this region.
    region: Option<String>,
    /// At sites whose line this operator provides.
    operator: Option<String>,
    /// At sites of this kind.
    kind: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl OutageQuery {
    /// The filter, without a page's bounds.
    fn filter(&self) -> Answer<OutageFilter> {
        let moment = |name: &str, text: &Option<String>| {
            text.as_deref().map(|at| time::parse(name, at)).transpose()
        };
        if let Some(kind) = &self.kind
            && SiteKind::from_code(kind).is_none()
        {
            return Err(Refusal::parameter(
                "kind",
                format!("{kind:?} is not a kind of site"),
            ));
        }
        Ok(OutageFilter {
            from_unix_ms: moment("from", &self.from)?,
            to_unix_ms: moment("to", &self.to)?,
            cause: self.cause.as_deref().map(cause).transpose()?,
            site: self.site.clone(),
            open: self.open,
            region: self.region.clone(),
            operator: self.operator.clone(),
            kind: self.kind.clone(),
            ..OutageFilter::default()
        })
    }

    /// Most items of the page, and the place after which it begins.
    fn page(&self) -> Answer<(usize, Option<(i64, i64)>)> {
        let paging = Paging::new(self.limit.clone(), self.cursor.clone());
        let after = paging.after()?.as_deref().map(key_of).transpose()?;
        Ok((paging.limit()?, after))
    }
}

/// Outages of sites, the newest first.
#[utoipa::path(get, path = "/api/v1/outages", tag = "outages", params(OutageQuery), responses(
    (status = 200, body = Page<OutageItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn outages(
    View(app): View,
    asked: Result<Query<OutageQuery>, QueryRejection>,
) -> Answer<Json<Page<OutageItem>>> {
    let asked = query(asked)?;
    let (limit, after) = asked.page()?;
    let filter = OutageFilter {
        after,
        limit: limit + 1,
        ..asked.filter()?
    };
    let found = app
        .blocking("reading outages", move |app| app.outages(&filter))
        .await?;
    Ok(Json(page_by(
        found,
        limit,
        |outage| key(outage.start_unix_ms, outage.id),
        |outage| shown(&app, outage),
    )))
}

/// Outages that belong together as one: of one region, operator or cause, begun within ten minutes.
/// Filters keep outages first; what they keep is grouped.
#[utoipa::path(get, path = "/api/v1/outages/groups", tag = "outages", params(OutageQuery),
    responses(
        (status = 200, body = OutageGroupPage),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn groups(
    View(app): View,
    asked: Result<Query<OutageQuery>, QueryRejection>,
) -> Answer<Json<OutageGroupPage>> {
    let asked = query(asked)?;
    let (limit, after) = asked.page()?;
    let filter = asked.filter()?;
    let found = app
        .blocking("grouping outages", move |app| app.outage_groups(&filter))
        .await?;
    let total = found.groups.len() as u64;
    let rest: Vec<OutageGroup> = found
        .groups
        .into_iter()
        .filter(|one| after.is_none_or(|after| one.first().is_some_and(|first| first < after)))
        .take(limit + 1)
        .collect();
    let page = page_by(
        rest,
        limit,
        |one| {
            one.first()
                .map_or_else(String::new, |(start, id)| key(start, id))
        },
        |one| group_item(&app, one),
    );
    Ok(Json(OutageGroupPage {
        items: page.items,
        next: page.next,
        total,
        truncated: found.truncated,
    }))
}

/// The outages of one group, by start. The filters are those of the list that named it.
#[utoipa::path(get, path = "/api/v1/outages/groups/{id}", tag = "outages",
    params(("id" = String, Path, description = "identifier of its first outage"), OutageQuery),
    responses(
        (status = 200, body = Page<OutageItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn group(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<OutageQuery>, QueryRejection>,
) -> Answer<Json<Page<OutageItem>>> {
    let asked = query(asked)?;
    let (limit, after) = asked.page()?;
    let filter = asked.filter()?;
    let missing = || Refusal::not_found("outage group", &id);
    let number: i64 = id.parse().map_err(|_| missing())?;
    let found = app
        .blocking("grouping outages", move |app| {
            app.outage_group(&filter, number)
        })
        .await?
        .ok_or_else(missing)?;
    let rest: Vec<SiteOutage> = found
        .outages
        .into_iter()
        .filter(|one| after.is_none_or(|after| (one.start_unix_ms, one.id) > after))
        .take(limit + 1)
        .collect();
    Ok(Json(page_by(
        rest,
        limit,
        |outage| key(outage.start_unix_ms, outage.id),
        |outage| shown(&app, outage),
    )))
}

/// Which outages go into the file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LanguageQuery {
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
}

/// The outages of a filter as a CSV file to keep, the newest first, at most 20,000.
#[utoipa::path(get, path = "/api/v1/outages/export", tag = "outages",
    params(OutageQuery, LanguageQuery),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn export(
    View(app): View,
    asked: Result<Query<OutageQuery>, QueryRejection>,
    language: Result<Query<LanguageQuery>, QueryRejection>,
) -> Answer<Response> {
    let filter = query(asked)?.filter()?;
    let language = download::language(query(language)?.language.as_deref())?;
    let found = app
        .blocking("grouping outages", move |app| app.outage_groups(&filter))
        .await?;
    let directory = app.directory();
    let now = app.now_unix_ms();
    let rows = found.groups.iter().flat_map(|one| {
        let directory = &directory;
        one.outages.iter().map(move |outage| OutageRow {
            group: one.first().map(|(_, id)| id).unwrap_or_default(),
            site: directory.site(&outage.site),
            outage,
        })
    });
    let mut bytes = Vec::new();
    crate::export::outages::write_csv(rows, now, language, &mut bytes)
        .map_err(|error| Refusal::internal("writing the outages", error))?;
    Ok(download::attachment(
        bytes,
        "text/csv; charset=utf-8",
        "attachment; filename=\"desserte-outages.csv\"",
    ))
}

/// A group as the list shows it.
fn group_item(app: &App, found: &OutageGroup) -> OutageGroupItem {
    let group = &found.group;
    let (directory, sites) = (app.directory(), &app.config.sites);
    let unheard = found
        .outages
        .iter()
        .filter(|outage| is_unheard(app, outage));
    let members = || {
        found
            .outages
            .iter()
            .filter_map(|one| directory.site(&one.site))
    };
    let sensitive = members().any(|site| sites.is_sensitive(&site.kind));
    let simulated = members().any(|site| site.simulated);
    OutageGroupItem {
        id: found
            .first()
            .map_or_else(String::new, |(_, id)| id.to_string()),
        reach: group.reach.identifier().to_owned(),
        region: found.region.clone(),
        operator: found.operator.clone(),
        cause: group.cause.identifier().to_owned(),
        causes: group
            .causes
            .iter()
            .map(|(cause, sites)| CauseCount {
                cause: cause.identifier().to_owned(),
                sites: *sites as u64,
            })
            .collect(),
        sites: group.sites as u64,
        open_sites: group.open_sites as u64,
        unheard_sites: unheard.count() as u64,
        measured_sites: found.measured_sites.map(|count| count as u64),
        sensitive,
        simulated,
        start: time::text_or_epoch(group.start_unix_ms),
        end: group.end_unix_ms.map(time::text_or_epoch),
        outages: found
            .outages
            .iter()
            .take(OUTAGES_SHOWN)
            .map(|outage| shown(app, outage))
            .collect(),
    }
}

/// An outage as every answer shows it.
pub(crate) fn shown(app: &App, outage: &SiteOutage) -> OutageItem {
    OutageItem {
        unheard: is_unheard(app, outage),
        ..item(&app.directory(), &app.config.sites, outage)
    }
}

/// An outage of a site that is heard, or of a replay, where all is over.
pub(crate) fn item(directory: &Directory, sites: &Sites, outage: &SiteOutage) -> OutageItem {
    let site = directory.site(&outage.site);
    OutageItem {
        id: outage.id.to_string(),
        site: outage.site.clone(),
        site_name: site.and_then(|site| site.name.clone()),
        site_kind: site.map_or_else(|| "other".to_owned(), |site| site.kind.clone()),
        region: site.and_then(|site| site.region.clone()),
        operator: site.and_then(|site| site.operator.clone()),
        sensitive: site.is_some_and(|site| sites.is_sensitive(&site.kind)),
        start: time::text_or_epoch(outage.start_unix_ms),
        end: outage.end_unix_ms.map(time::text_or_epoch),
        unheard: false,
        slot_seconds: outage.slot_seconds,
        down_slots: outage.down_slots,
        cause: outage.verdict.cause.identifier().to_owned(),
        locus: name_of(&outage.verdict.locus),
        facts: outage.verdict.facts.iter().filter_map(fact).collect(),
        agent: outage.agent.clone(),
        simulated: site.is_some_and(|site| site.simulated),
    }
}

/// Whether an outage that has no end is of a site that is not heard now: nobody knows whether it
/// lasts.
fn is_unheard(app: &App, outage: &SiteOutage) -> bool {
    let unknown = |now: &SiteLive| now.state == SiteState::Unknown;
    outage.end_unix_ms.is_none() && app.live.read().get(&outage.site).is_none_or(unknown)
}

/// A fact of the domain, `{"code":…, numbers…}`, as code and values.
fn fact(fact: &desserte_domain::cause::Fact) -> Option<Fact> {
    let serde_json::Value::Object(members) = serde_json::to_value(fact).ok()? else {
        return None;
    };
    let mut values: BTreeMap<String, serde_json::Value> = members.into_iter().collect();
    let code = values.remove("code")?.as_str()?.to_owned();
    Some(Fact { code, values })
}

fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "unknown".to_owned(),
    }
}

fn cause(name: &str) -> Answer<Cause> {
    CAUSES
        .into_iter()
        .find(|cause| cause.identifier() == name)
        .ok_or_else(|| Refusal::parameter("cause", format!("{name:?} is not a cause")))
}

/// A place in the list: number and start.
fn key(start_unix_ms: i64, id: i64) -> String {
    format!("{id}@{start_unix_ms}")
}

/// Start and number of a cursor: the place in the list after which the page begins.
fn key_of(key: &str) -> Answer<(i64, i64)> {
    let refused = || Refusal::parameter("cursor", "not a cursor of this list");
    let (id, start) = key.split_once('@').ok_or_else(refused)?;
    Ok((
        start.parse().map_err(|_| refused())?,
        id.parse().map_err(|_| refused())?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_domain::cause::{Fact as Seen, ProbeCount, Verdict};

    #[test]
    fn facts_are_codes_with_values_and_names_may_be_missing() {
        let outage = SiteOutage {
            id: 7,
            site: "a".to_owned(),
            start_unix_ms: 1_000,
            end_unix_ms: None,
            slot_seconds: 60,
            down_slots: 5,
            verdict: Verdict::new(
                Cause::LastMile,
                vec![
                    Seen::FirstHopProbe(ProbeCount {
                        sent: 5,
                        received: 0,
                    }),
                    Seen::CollectorReachable,
                ],
            ),
            agent: None,
        };
        let item = item(
            &Directory::default(),
            &crate::config::Sites::default(),
            &outage,
        );
        assert_eq!(item.facts[0].code, "first_hop_probe");
        assert_eq!(item.facts[0].values["sent"], 5);
        assert!(item.facts[1].values.is_empty());
        assert_eq!(
            (item.locus.as_str(), item.cause.as_str()),
            ("access_line", "last_mile")
        );
        assert_eq!(key_of("7@1000").unwrap(), (1_000, 7));
        assert!(key_of("7").is_err());
    }
}
