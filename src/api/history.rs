//! A target over time.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
};
use desserte_probe::report::Kind;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{History, HistoryRates};
use super::seen::View;
use super::{query, time};
use crate::app::{App, Source, SourceError};
use crate::assess::SiteSamples;
use crate::assess::history::{
    HistoryRequest, POINTS_DEFAULT, POINTS_MAX, RateStep, Rows, Step, StepState,
};

/// What a history shows when no range is given, milliseconds: a day.
const RANGE_DEFAULT_MS: i64 = 24 * 3_600 * 1_000;
/// Longest range, milliseconds: two years, as charts compare a year with the one before.
const RANGE_MS_MAX: i64 = 732 * 24 * 3_600 * 1_000;

/// Which part of a history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// The target; the site's first when left out.
    target: Option<String>,
    /// Start (RFC 3339); a day before the end when left out.
    from: Option<String>,
    /// End (RFC 3339); now when left out.
    to: Option<String>,
    /// Seconds of a step, from the length of a slot; so many that there are 720 steps at most when
    /// left out.
    step: Option<String>,
}

/// A target of a site over time, one row a step.
#[utoipa::path(get, path = "/api/v1/sites/{id}/history", tag = "sites",
    params(("id" = String, Path, description = "identifier of the site"), HistoryQuery),
    responses(
        (status = 200, body = History),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn history(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<HistoryQuery>, QueryRejection>,
) -> Answer<Json<History>> {
    let asked = query(asked)?;
    let directory = app.directory();
    if directory.site(&id).is_none() {
        return Err(Refusal::not_found("site", &id));
    }
    let test = directory.test(&id);
    let (from, to) = range(&app, &asked)?;
    let step_seconds = step(&asked, from, to, test.rule.slot_seconds)?;
    let wanted = asked.target.clone();
    let site = id.clone();
    let found = app
        .blocking("reading a history", move |app| {
            let source = app.source();
            let request = HistoryRequest {
                test: &test,
                target: wanted.as_deref(),
                from_unix_ms: from,
                to_unix_ms: to,
                step_seconds,
            };
            let known = match &wanted {
                Some(target) => source.has_target(&site, target)?,
                None => true,
            };
            if !known {
                return Ok(None);
            }
            let shown = read(source, &site, &request)?;
            let rates = match (&shown.rows.target, shown.kind) {
                (Some(target), Some(Kind::Throughput)) => {
                    Some(request.rates(&source.rates(&site, target, (from, to))?))
                }
                _ => None,
            };
            Ok(Some((shown, rates)))
        })
        .await?;
    let Some((shown, rates)) = found else {
        return Err(Refusal::not_found(
            "target",
            asked.target.as_deref().unwrap_or(""),
        ));
    };
    let mut history = History {
        target: shown.rows.target.unwrap_or_default(),
        simulated: directory.site(&id).is_some_and(|site| site.simulated),
        step_seconds,
        states_from: shown.states_from.to_owned(),
        rates: rates.as_deref().map(columns_of_rates),
        ..History::default()
    };
    fill(&mut history, shown.rows.steps);
    Ok(Json(history))
}

/// What is shown of a target.
struct Shown {
    rows: Rows,
    /// Of the target; `None` when nothing was measured of it.
    kind: Option<Kind>,
    states_from: &'static str,
}

/// Reads the samples, or, over a long range, what an engine makes of them itself. A chart asks what was
/// measured, never why: a year's evidence stays where it is.
fn read(source: &Source, site: &str, request: &HistoryRequest<'_>) -> Result<Shown, SourceError> {
    let (from, to) = (request.from_unix_ms, request.to_unix_ms);
    let outages = source.outages_between(site, from, to)?;
    let step_ms = i64::from(request.step_seconds) * 1_000;
    if let Some(summed) = source.summed(site, request.target, (from, to), step_ms)? {
        return Ok(Shown {
            kind: summed.kinds.get(&summed.target).copied(),
            rows: request.summed_rows(&summed, &outages),
            states_from: "outages",
        });
    }
    let samples = SiteSamples {
        targets: source.measured(site, (from, to))?,
        ..SiteSamples::default()
    };
    let rows = request.rows(&samples, &outages);
    let target = samples
        .targets
        .iter()
        .find(|one| Some(&one.id) == rows.target.as_ref());
    Ok(Shown {
        kind: target.map(|target| target.kind),
        rows,
        states_from: "slots",
    })
}

fn fill(history: &mut History, steps: Vec<Step>) {
    for row in steps {
        history
            .start_unix_s
            .push(row.start_unix_ms.div_euclid(1_000));
        history.sent.push(row.counts.map(|(sent, _)| sent));
        history
            .received
            .push(row.counts.map(|(_, received)| received));
        history.rtt_us_min.push(row.rtt_us_min);
        history.rtt_us_median.push(row.rtt_us_median);
        history.rtt_us_p95.push(row.rtt_us_p95);
        history.state.push(step_state(row.state).to_owned());
    }
}

fn columns_of_rates(steps: &[RateStep]) -> HistoryRates {
    HistoryRates {
        download_bits_per_second: steps.iter().map(|s| s.download_bits_per_second).collect(),
        upload_bits_per_second: steps.iter().map(|s| s.upload_bits_per_second).collect(),
    }
}

pub(crate) fn step_state(state: StepState) -> &'static str {
    match state {
        StepState::Up => "up",
        StepState::Degraded => "degraded",
        StepState::Down => "down",
        StepState::Unknown => "unknown",
    }
}

fn range(app: &App, asked: &HistoryQuery) -> Answer<(i64, i64)> {
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
            "the range is longer than two years",
        ));
    }
    Ok((from, to))
}

fn step(asked: &HistoryQuery, from: i64, to: i64, slot_seconds: u32) -> Answer<u32> {
    let slot = i64::from(slot_seconds.max(1));
    let range_seconds = ((to - from) / 1_000).max(1);
    let fits = |points: i64| {
        // Rounded up: a step too long by a slot is fine, one point too many is not.
        let seconds = (range_seconds + points - 1) / points;
        let slots = ((seconds + slot - 1) / slot).max(1);
        u32::try_from(slots * slot).unwrap_or(u32::MAX)
    };
    let Some(text) = &asked.step else {
        return Ok(fits(POINTS_DEFAULT));
    };
    let least = i64::from(fits(POINTS_MAX));
    match text.parse::<u32>() {
        Ok(step) if i64::from(step) >= least => Ok(step),
        _ => Err(Refusal::parameter(
            "step",
            format!("{text:?} is not a number of seconds from {least}"),
        )),
    }
}
