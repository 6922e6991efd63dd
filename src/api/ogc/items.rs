//! The features of a collection, page by page.

use desserte_domain::live::SiteState;
use desserte_planning::preset::Preset;
use serde_json::{Value, json};

use super::asked::Asked;
use super::collection::Collection;
use crate::api::outage_shown;
use crate::api::paging::Paging;
use crate::app::{App, OutageFilter, SiteEntry, SourceError};
use crate::export;
use crate::live::SiteOutage;

/// Outages read at once while looking for those in a box.
const OUTAGES_AT_ONCE: usize = 1_000;
/// Outages looked at for one page: beyond, the page ends and the next one goes on.
const OUTAGES_SCANNED_MAX: usize = 20_000;

/// One page.
pub(super) struct FeaturePage {
    pub(super) features: Vec<Value>,
    /// Cursor of the page that follows.
    pub(super) next: Option<String>,
}

type Result<T> = std::result::Result<T, SourceError>;

/// A page of a collection.
pub(super) fn page(app: &App, collection: Collection, asked: &Asked) -> Result<FeaturePage> {
    match collection {
        Collection::Sites => Ok(sites(app, asked)),
        Collection::Gaps => Ok(gaps(app, asked)),
        Collection::Plans => Ok(ranking(app, asked)),
        Collection::Outages => outages(app, asked),
    }
}

/// One feature of a collection.
pub(super) fn one(app: &App, collection: Collection, id: &str) -> Result<Option<Value>> {
    match collection {
        Collection::Sites => Ok(app.directory().site(id).map(|entry| site(app, entry))),
        Collection::Gaps => {
            let found = app.some_gaps(|site| site.id == id, None, 1);
            let mut features = found
                .iter()
                .map(|(site, area, gap)| export::gaps::feature(site, area.as_deref(), gap));
            Ok(features.next())
        }
        Collection::Plans => {
            let ranked = ranked(app);
            Ok(ranked
                .into_iter()
                .find(|feature| feature.get("id").is_some_and(|known| known == id)))
        }
        Collection::Outages => {
            let Ok(number) = id.parse::<i64>() else {
                return Ok(None);
            };
            let found = app.outage(number)?;
            Ok(found.map(|found| outage(app, &found)))
        }
    }
}

/// Cuts features with their keys to a page; there is one more than the page when it is not the last.
fn cut(mut found: Vec<(String, Value)>, limit: usize) -> FeaturePage {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(key, _)| Paging::cursor(key));
    FeaturePage {
        features: found.into_iter().map(|(_, feature)| feature).collect(),
        next,
    }
}

fn sites(app: &App, asked: &Asked) -> FeaturePage {
    let directory = app.directory();
    let found = directory
        .sites()
        .iter()
        .filter(|entry| asked.after.as_ref().is_none_or(|after| entry.id > *after))
        .filter(|entry| asked.holds(entry.longitude, entry.latitude))
        .take(asked.limit + 1)
        .map(|entry| (entry.id.clone(), site(app, entry)));
    cut(found.collect(), asked.limit)
}

fn point(entry: &SiteEntry) -> Value {
    json!({ "type": "Point", "coordinates": [entry.longitude, entry.latitude] })
}

fn site(app: &App, entry: &SiteEntry) -> Value {
    let live = app.live.read();
    let now = live.get(&entry.id);
    let properties = json!({
        "name": entry.name,
        "kind": entry.kind,
        "place": entry.place,
        "region": entry.region,
        "operator": entry.operator,
        "state": now.map_or(SiteState::Unknown, |now| now.state),
        "agents": entry.agents,
        "invented": entry.invented,
        "simulated": entry.simulated,
    });
    json!({ "type": "Feature", "id": entry.id, "geometry": point(entry), "properties": properties })
}

fn gaps(app: &App, asked: &Asked) -> FeaturePage {
    let within = |at: Option<desserte_planning::Position>| match at {
        Some(at) => asked.holds(at.longitude(), at.latitude()),
        // A site without a position is in no box.
        None => asked.bbox.is_none(),
    };
    let found = app.some_gaps(
        |site| within(site.position),
        asked.after.as_deref(),
        asked.limit + 1,
    );
    let features = found.iter().map(|(site, area, gap)| {
        (
            site.id.clone(),
            export::gaps::feature(site, area.as_deref(), gap),
        )
    });
    cut(features.collect(), asked.limit)
}

/// The default ranking as features, the first rank first.
fn ranked(app: &App) -> Vec<Value> {
    // The weights of the preset are its own and always good.
    let plan = app.plan(Preset::Balanced.scenario());
    plan.map(|plan| plan.rows.iter().map(export::plan::feature).collect())
        .unwrap_or_default()
}

fn ranking(app: &App, asked: &Asked) -> FeaturePage {
    let after: Option<u64> = asked.after.as_ref().and_then(|after| after.parse().ok());
    let within = |feature: &Value| match feature
        .pointer("/geometry/coordinates")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        Some([x, y]) => asked.holds(
            x.as_f64().unwrap_or_default(),
            y.as_f64().unwrap_or_default(),
        ),
        _ => asked.bbox.is_none(),
    };
    let found = ranked(app)
        .into_iter()
        .map(|feature| {
            (
                feature
                    .pointer("/properties/rank")
                    .and_then(Value::as_u64)
                    .unwrap_or_default(),
                feature,
            )
        })
        .filter(|(rank, feature)| after.is_none_or(|after| *rank > after) && within(feature))
        .take(asked.limit + 1)
        .map(|(rank, feature)| (rank.to_string(), feature));
    cut(found.collect(), asked.limit)
}

/// Outages that touch the interval, the newest first. Those in a box are looked for among as many as
/// one page may read.
fn outages(app: &App, asked: &Asked) -> Result<FeaturePage> {
    let directory = app.directory();
    let mut place = asked.after.as_deref().and_then(place_of);
    let (mut found, mut scanned) = (Vec::new(), 0);
    loop {
        let batch = app.outages(&OutageFilter {
            from_unix_ms: asked.from_unix_ms,
            // The registry's end is the first moment after; ours is the last one within.
            to_unix_ms: asked.to_unix_ms.map(|to| to.saturating_add(1)),
            after: place,
            limit: OUTAGES_AT_ONCE,
            ..OutageFilter::default()
        })?;
        let is_last = batch.len() < OUTAGES_AT_ONCE;
        for one in batch {
            scanned += 1;
            place = Some((one.start_unix_ms, one.id));
            let site = directory.site(&one.site);
            let within = match site {
                Some(site) => asked.holds(site.longitude, site.latitude),
                None => asked.bbox.is_none(),
            };
            if within {
                found.push((key(one.start_unix_ms, one.id), outage(app, &one)));
            }
            if found.len() > asked.limit {
                return Ok(cut(found, asked.limit));
            }
        }
        if is_last {
            return Ok(cut(found, asked.limit));
        }
        if scanned >= OUTAGES_SCANNED_MAX {
            let next = place.map(|(start, id)| Paging::cursor(&key(start, id)));
            return Ok(FeaturePage {
                next,
                ..cut(found, asked.limit)
            });
        }
    }
}

/// A place in the list of outages.
fn key(start_unix_ms: i64, id: i64) -> String {
    format!("{id}@{start_unix_ms}")
}

fn place_of(key: &str) -> Option<(i64, i64)> {
    let (id, start) = key.split_once('@')?;
    Some((start.parse().ok()?, id.parse().ok()?))
}

fn outage(app: &App, found: &SiteOutage) -> Value {
    let directory = app.directory();
    let entry = directory.site(&found.site);
    let shown = outage_shown(&directory, &app.config.sites, found);
    let properties = json!({
        "site": shown.site,
        "site_name": shown.site_name,
        "kind": shown.site_kind,
        "region": shown.region,
        "operator": shown.operator,
        "start": shown.start,
        "end": shown.end,
        "slot_seconds": shown.slot_seconds,
        "down_slots": shown.down_slots,
        "cause": shown.cause,
        "locus": shown.locus,
        "simulated": shown.simulated,
    });
    json!({
        "type": "Feature",
        "id": shown.id,
        "geometry": entry.map_or(Value::Null, point),
        "properties": properties,
    })
}
