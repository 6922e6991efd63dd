//! Outages, the newest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use desserte_domain::cause::{CAUSES, Cause};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{Fact, OutageItem};
use super::paging::{Page, Paging, page};
use super::{query, time};
use crate::app::{App, Directory, OutageFilter};
use crate::live::SiteOutage;

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
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Outages of sites, the newest first.
#[utoipa::path(get, path = "/api/v1/outages", tag = "outages", params(OutageQuery), responses(
    (status = 200, body = Page<OutageItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn outages(
    State(app): State<Arc<App>>,
    asked: Result<Query<OutageQuery>, QueryRejection>,
) -> Answer<Json<Page<OutageItem>>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let limit = paging.limit()?;
    let filter = OutageFilter {
        from_unix_ms: asked
            .from
            .as_deref()
            .map(|at| time::parse("from", at))
            .transpose()?,
        to_unix_ms: asked
            .to
            .as_deref()
            .map(|at| time::parse("to", at))
            .transpose()?,
        cause: asked.cause.as_deref().map(cause).transpose()?,
        site: asked.site,
        open: asked.open,
        after: paging.after()?.as_deref().map(key_of).transpose()?,
        limit: limit + 1,
    };
    let directory = app.directory();
    let found = app
        .blocking("reading outages", move |app| app.source().outages(&filter))
        .await?;
    let items = found
        .iter()
        .map(|outage| item(&directory, outage))
        .collect();
    // The identifier holds site and start; the page's key is the pair that orders the list.
    Ok(Json(page(items, limit, |item: &OutageItem| {
        item.id.clone()
    })))
}

/// An outage as every answer shows it.
pub(crate) fn item(directory: &Directory, outage: &SiteOutage) -> OutageItem {
    let site = directory.site(&outage.site);
    OutageItem {
        id: outage.id.to_string(),
        site: outage.site.clone(),
        site_name: site.and_then(|site| site.name.clone()),
        site_kind: site.map_or_else(|| "other".to_owned(), |site| site.kind.clone()),
        region: site.and_then(|site| site.region.clone()),
        start: time::text_or_epoch(outage.start_unix_ms),
        end: outage.end_unix_ms.map(time::text_or_epoch),
        slot_seconds: outage.slot_seconds,
        down_slots: outage.down_slots,
        cause: outage.verdict.cause.identifier().to_owned(),
        locus: name_of(&outage.verdict.locus),
        facts: outage.verdict.facts.iter().filter_map(fact).collect(),
        agent: outage.agent.clone(),
        simulated: site.is_some_and(|site| site.simulated),
    }
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
        let item = item(&Directory::default(), &outage);
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
