//! The ranked list of sites, with the weights of the reader.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use desserte_planning::gap::Gap;
use desserte_planning::plan::{Plan, PlanRow};
use desserte_planning::ranking::{Criterion, MILLIONTHS, Prefer, Weighting, Weights};
use desserte_planning::scenario::Scenario;
use desserte_planning::{Finding, Position};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{ContributionItem, CriterionItem, PlanItem, PlanPage};
use super::paging::{Paging, page};
use super::{country, query};
use crate::app::App;
use crate::export;

/// Largest weight of a reader; the page's sliders run from 0 to 1 or to 100.
const WEIGHT_MAX: f64 = 100.0;
/// A reader's weight in the whole numbers of the ranking.
const WEIGHT_UNITS: f64 = 10_000.0;
/// Longest list of weights, bytes.
const WEIGHTS_BYTES_MAX: usize = 1_000;

/// Which part of the ranking.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanQuery {
    /// `criterion:weight`, separated by commas; criteria that are not named weigh 0. The defaults
    /// when left out.
    weights: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The ranking as a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv` or `geojson`.
    format: Option<String>,
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
    /// As for the ranking itself.
    weights: Option<String>,
}

/// All open sites ranked by need; the score is the sum of the contributions shown.
#[utoipa::path(get, path = "/api/v1/plans/current", tag = "planning", params(PlanQuery), responses(
    (status = 200, body = PlanPage),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn current(
    State(app): State<Arc<App>>,
    asked: Result<Query<PlanQuery>, QueryRejection>,
) -> Answer<Json<PlanPage>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let limit = paging.limit()?;
    let after = paging
        .after()?
        .map(|rank| rank.parse::<u64>())
        .transpose()
        .map_err(|_| Refusal::parameter("cursor", "not a cursor of this list"))?;
    let plan = made(&app, asked.weights.as_deref()).await?;
    let total = total_weight(&plan);
    let rows = plan
        .rows
        .iter()
        .filter(|row| after.is_none_or(|after| row.ranked.rank as u64 > after))
        .take(limit + 1)
        .map(|row| item(row, total))
        .collect();
    let page = page(rows, limit, |item: &PlanItem| item.rank.to_string());
    Ok(Json(PlanPage {
        criteria: criteria(&plan, total),
        layers: country::layers(&plan.layers),
        absent_layers: country::absent(&plan.layers),
        sites: plan.rows.len() as u64,
        items: page.items,
        next: page.next,
    }))
}

/// The whole ranking as a file to keep.
#[utoipa::path(get, path = "/api/v1/plans/current/export", tag = "planning", params(ExportQuery),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    asked: Result<Query<ExportQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let language = match asked.language.as_deref() {
        None | Some("fr") => export::Language::Fr,
        Some("en") => export::Language::En,
        Some(other) => {
            return Err(Refusal::parameter(
                "language",
                format!("{other:?} is not fr or en"),
            ));
        }
    };
    let (media_type, disposition) = match asked.format.as_deref() {
        None | Some("csv") => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"desserte-plan.csv\"",
        ),
        Some("geojson") => (
            "application/geo+json",
            "attachment; filename=\"desserte-plan.geojson\"",
        ),
        Some(other) => {
            return Err(Refusal::parameter(
                "format",
                format!("{other:?} is not csv or geojson"),
            ));
        }
    };
    let plan = made(&app, asked.weights.as_deref()).await?;
    let mut bytes = Vec::new();
    let written = if media_type.starts_with("text/csv") {
        export::plan::write_csv(&plan, language, &mut bytes)
    } else {
        export::plan::write_geojson(&plan, &mut bytes)
    };
    written.map_err(|error| Refusal::internal("writing the plan", error))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(disposition),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn made(app: &Arc<App>, asked: Option<&str>) -> Answer<Arc<Plan>> {
    let scenario = match asked {
        Some(text) => Scenario {
            name: "current".to_owned(),
            month: None,
            time_zone: None,
            ranking: weights(text)?,
        },
        None => Scenario {
            name: "current".to_owned(),
            ..Scenario::default()
        },
    };
    let planned = {
        let app = Arc::clone(app);
        tokio::task::spawn_blocking(move || app.plan(scenario))
            .await
            .map_err(|error| Refusal::internal("ranking the sites", error))?
    };
    planned.map_err(|error| Refusal::parameter("weights", error))
}

/// Reads `criterion:0.5,criterion:0.2`.
fn weights(text: &str) -> Answer<Weights> {
    if text.len() > WEIGHTS_BYTES_MAX {
        return Err(Refusal::parameter(
            "weights",
            format!("longer than {WEIGHTS_BYTES_MAX} bytes"),
        ));
    }
    let mut weights = Scenario::default().ranking;
    for weighting in weights.criteria.values_mut() {
        weighting.weight = 0;
    }
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let refused = |reason: &str| Refusal::parameter("weights", format!("{part:?}: {reason}"));
        let (name, weight) = part
            .split_once(':')
            .ok_or_else(|| refused("not of the form criterion:weight"))?;
        let criterion = Criterion::ALL
            .into_iter()
            .find(|criterion| criterion.code() == name.trim())
            .ok_or_else(|| refused("no such criterion"))?;
        let weight: f64 = weight.trim().parse().map_err(|_| refused("not a number"))?;
        if !(0.0..=WEIGHT_MAX).contains(&weight) {
            return Err(refused("not within 0 and 100"));
        }
        weights.criteria.insert(
            criterion,
            Weighting {
                weight: whole(weight),
                prefer: None,
                full_scale: None,
            },
        );
    }
    Ok(weights)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within 0 and WEIGHT_MAX × WEIGHT_UNITS, which fits"
)]
fn whole(weight: f64) -> u32 {
    (weight * WEIGHT_UNITS).round() as u32
}

fn total_weight(plan: &Plan) -> f64 {
    plan.scenario
        .ranking
        .criteria
        .values()
        .map(|weighting| f64::from(weighting.weight))
        .sum()
}

fn criteria(plan: &Plan, total: f64) -> Vec<CriterionItem> {
    plan.scenario
        .ranking
        .criteria
        .iter()
        .map(|(criterion, weighting)| {
            let known = plan.rows.iter().filter(|row| {
                row.ranked
                    .contributions
                    .iter()
                    .any(|one| one.criterion == *criterion && one.finding.known().is_some())
            });
            let prefer = weighting.prefer.unwrap_or(criterion.default_preference());
            CriterionItem {
                id: criterion.code().to_owned(),
                weight: f64::from(weighting.weight) / total,
                unit: criterion.unit().to_owned(),
                better: match prefer {
                    Prefer::High => "higher_need".to_owned(),
                    Prefer::Low => "lower_need".to_owned(),
                },
                known_sites: known.count() as u64,
            }
        })
        .collect()
}

fn item(row: &PlanRow, total: f64) -> PlanItem {
    let site = &row.site;
    PlanItem {
        rank: row.ranked.rank as u64,
        site: site.id.clone(),
        site_name: site.name.clone(),
        kind: site.kind.clone(),
        region: site.region.clone(),
        simulated: site.simulated,
        latitude: site.position.map(Position::latitude),
        longitude: site.position.map(Position::longitude),
        score: share(row.ranked.score_millionths),
        known_weight_share: share(row.ranked.known_weight_millionths),
        contributions: row
            .ranked
            .contributions
            .iter()
            .map(|one| {
                let known = one.finding.known();
                ContributionItem {
                    criterion: one.criterion.code().to_owned(),
                    value: known.map(|assessed| assessed.value),
                    unit: one.unit.to_owned(),
                    normalised: known.map(|assessed| assessed.normalised),
                    weight: f64::from(one.weight) / total,
                    contribution: known.map(|assessed| share(assessed.contribution_millionths)),
                    unknown_reason: match &one.finding {
                        Finding::Known(_) => None,
                        Finding::Unknown(reason) => Some(reason.code().to_owned()),
                    },
                    source: source(one.criterion, &row.gap),
                }
            })
            .collect(),
    }
}

fn share(millionths: u32) -> f64 {
    f64::from(millionths) / f64::from(MILLIONTHS)
}

/// Where a criterion's value comes from.
fn source(criterion: Criterion, gap: &Gap) -> Option<String> {
    let nearest = match criterion {
        Criterion::FibreDistance => gap.fibre_line.known(),
        Criterion::FibreNodeDistance => gap.fibre_node.known(),
        Criterion::MastDistance => gap.mast.known(),
        Criterion::PlacePopulation => gap.place.known().map(|place| &place.nearest),
        Criterion::SiteKind | Criterion::Unavailability => None,
    }?;
    let provenance = &nearest.provenance;
    Some(format!(
        "{} ({}, {})",
        provenance.layer, provenance.source, provenance.date
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_and_refused_by_part() {
        let read = weights("fibre_distance:0.5, unavailability:1").unwrap();
        assert_eq!(read.criteria[&Criterion::FibreDistance].weight, 5_000);
        assert_eq!(read.criteria[&Criterion::Unavailability].weight, 10_000);
        assert_eq!(read.criteria[&Criterion::PlacePopulation].weight, 0);
        for wrong in [
            "x:1",
            "fibre_distance",
            "fibre_distance:-1",
            "fibre_distance:NaN",
            "fibre_distance:101",
        ] {
            assert!(weights(wrong).is_err(), "{wrong}");
        }
    }
}
