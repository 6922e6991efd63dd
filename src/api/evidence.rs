//! What the agents of a site saw, as events; and what each target did in the last day.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::history::step_state;
use super::model::{EvidenceItem, TargetDay, TargetDays};
use super::paging::{Page, Paging, page_by};
use super::seen::View;
use super::{query, sites, time};
use crate::app::App;
use crate::assess::strip::{STEPS, strip};
use crate::assess::timeline::{Seen, TimelineEvent, timeline};
use crate::assess::{TargetSamples, Window};

/// What is shown when no range is given, milliseconds: a day.
const RANGE_DEFAULT_MS: i64 = 24 * 3_600 * 1_000;
/// Longest range of one question, milliseconds: an agent says some thousand facts a day.
const RANGE_MS_MAX: i64 = 8 * 24 * 3_600 * 1_000;
/// Length of a step of a target's day, milliseconds.
const STEP_MS: i64 = 15 * 60 * 1_000;

/// Which evidence.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EvidenceQuery {
    /// Start (RFC 3339); a day before the end when left out.
    from: Option<String>,
    /// End (RFC 3339); now when left out. At most eight days after the start.
    to: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// When something changed at a site: power, line, gateway, restarts. The newest first.
#[utoipa::path(get, path = "/api/v1/sites/{id}/evidence", tag = "sites",
    params(("id" = String, Path, description = "identifier of the site"), EvidenceQuery),
    responses(
        (status = 200, body = Page<EvidenceItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn evidence(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<EvidenceQuery>, QueryRejection>,
) -> Answer<Json<Page<EvidenceItem>>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let (limit, after) = (paging.limit()?, paging.after()?);
    let after = after.as_deref().map(place).transpose()?;
    let span = range(&app, &asked)?;
    let wanted = id.clone();
    let rows = app
        .blocking("reading evidence", move |app| {
            let source = app.source();
            if source.registry().site(&wanted)?.is_none() {
                return Ok(None);
            }
            source.evidence(&wanted, span).map(Some)
        })
        .await?
        .ok_or_else(|| Refusal::not_found("site", &id))?;
    let found = numbered(timeline(&rows))
        .into_iter()
        .filter(|(event, number)| after.is_none_or(|after| (event.at_unix_ms, *number) < after))
        .take(limit + 1)
        .collect();
    Ok(Json(page_by(
        found,
        limit,
        |(event, number)| format!("{number}@{}", event.at_unix_ms),
        |(event, _)| item(event),
    )))
}

/// The newest first, each with its number among those of its moment.
fn numbered(events: Vec<TimelineEvent>) -> Vec<(TimelineEvent, usize)> {
    let mut found: Vec<(TimelineEvent, usize)> = Vec::with_capacity(events.len());
    for event in events {
        let number = found
            .last()
            .filter(|(before, _)| before.at_unix_ms == event.at_unix_ms)
            .map_or(0, |(_, number)| number + 1);
        found.push((event, number));
    }
    found.reverse();
    found
}

fn place(key: &str) -> Answer<(i64, usize)> {
    let refused = || Refusal::parameter("cursor", "not a cursor of this list");
    let (number, at) = key.split_once('@').ok_or_else(refused)?;
    Ok((
        at.parse().map_err(|_| refused())?,
        number.parse().map_err(|_| refused())?,
    ))
}

fn range(app: &App, asked: &EvidenceQuery) -> Answer<(i64, i64)> {
    let to = match &asked.to {
        Some(text) => time::parse("to", text)?,
        None => app.now_unix_ms(),
    };
    let from = match &asked.from {
        Some(text) => time::parse("from", text)?,
        None => to - RANGE_DEFAULT_MS,
    };
    if from >= to {
        return Err(Refusal::parameter("from", "must lie before `to`"));
    }
    if to - from > RANGE_MS_MAX {
        return Err(Refusal::parameter(
            "from",
            "the range is longer than eight days",
        ));
    }
    Ok((from, to))
}

fn item(event: &TimelineEvent) -> EvidenceItem {
    let (code, values) = seen(event.seen);
    EvidenceItem {
        at: time::text_or_epoch(event.at_unix_ms),
        agent: event.agent.clone(),
        line: event.line.clone(),
        code,
        values,
    }
}

/// An event of the assessment, `{"code":…, numbers…}`, as code and values.
fn seen(seen: Seen) -> (String, BTreeMap<String, serde_json::Value>) {
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(seen) else {
        return ("unknown".to_owned(), BTreeMap::new());
    };
    let mut values: BTreeMap<String, serde_json::Value> = members.into_iter().collect();
    let code = match values.remove("code") {
        Some(serde_json::Value::String(code)) => code,
        _ => "unknown".to_owned(),
    };
    (code, values)
}

/// What is measured from a site: each target with its last sample and its last 24 hours.
#[utoipa::path(get, path = "/api/v1/sites/{id}/targets", tag = "sites",
    params(("id" = String, Path, description = "identifier of the site")),
    responses((status = 200, body = TargetDays), (status = 404, body = super::error::Problem)))]
pub(crate) async fn targets(View(app): View, Path(id): Path<String>) -> Answer<Json<TargetDays>> {
    let now = app.now_unix_ms();
    let end = now - now.rem_euclid(STEP_MS) + STEP_MS;
    let window = Window {
        start_unix_ms: end - STEP_MS * i64::try_from(STEPS).unwrap_or(0),
        slot_ms: STEP_MS,
        slots: STEPS,
    };
    let wanted = id.clone();
    let (record, measured) = app
        .blocking("reading a day of targets", move |app| {
            let source = app.source();
            let Some(record) = source.site(&wanted)? else {
                return Ok(None);
            };
            let span = (window.start_unix_ms, window.end_unix_ms());
            Ok(Some((record, source.measured(&wanted, span)?)))
        })
        .await?
        .ok_or_else(|| Refusal::not_found("site", &id))?;
    let test = app.directory().test(&id);
    let items = record
        .targets
        .into_iter()
        .map(|target| {
            let samples = measured.iter().find(|one| one.id == target.id);
            let latest = record.latest.iter().find(|(named, _)| *named == target.id);
            let steps = samples.map(|samples: &TargetSamples| strip(&test, samples, window));
            let mut day = TargetDay {
                latest: latest.map(|(named, sample)| sites::latest(named, sample)),
                decides: samples.is_some_and(|one| test.counts(&one.id, one.kind)),
                name: target.name.unwrap_or_else(|| target.id.clone()),
                id: target.id,
                kind: target.kind,
                address: target.address,
                anchor: target.anchor,
                ..TargetDay::default()
            };
            for step in steps.into_iter().flatten() {
                day.state.push(step_state(step.state).to_owned());
                day.rtt_us_median.push(step.rtt_us_median);
                day.sent.push(step.counts.map(|(sent, _)| sent));
                day.received.push(step.counts.map(|(_, received)| received));
            }
            day
        })
        .collect();
    Ok(Json(TargetDays {
        start_unix_s: window.start_unix_ms.div_euclid(1_000),
        step_seconds: u32::try_from(STEP_MS / 1_000).unwrap_or(0),
        items,
    }))
}
