//! The ranked list of sites, with the weights of the reader.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
    response::Response,
};
use desserte_planning::gap::Gap;
use desserte_planning::plan::{Plan, PlanRow};
use desserte_planning::preset::Preset;
use desserte_planning::ranking::{Criterion, MILLIONTHS, Prefer, Weighting, Weights};
use desserte_planning::robustness::{DRAWS, FACTOR_MAX_THOUSANDTHS, FACTOR_MIN_THOUSANDTHS};
use desserte_planning::{Finding, Position};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{ContributionItem, CriterionItem, PlanItem, PlanPage, PlanRobustness, PlanStay};
use super::paging::{Paging, page};
use super::plan_format::{Format, no_routes};
use super::seen::View;
use super::{country, download, query};
use crate::app::App;

/// Largest weight of a reader; the page's sliders run from 0 to 1 or to 100.
const WEIGHT_MAX: f64 = 100.0;
/// A reader's weight in the whole numbers of the ranking.
const WEIGHT_UNITS: f64 = 10_000.0;
/// Sites that count as the top when the caller does not say.
const TOP_DEFAULT: usize = 20;
/// Most sites that may count as the top.
const TOP_MAX: usize = 1_000;
/// Longest list of weights, bytes.
const WEIGHTS_BYTES_MAX: usize = 1_000;

/// Which part of the ranking.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanQuery {
    /// `criterion:weight`, separated by commas; criteria that are not named weigh 0. The defaults
    /// when left out.
    weights: Option<String>,
    /// Where weights and importances of kinds start from; `balanced` when left out.
    preset: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The ranking as a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv`, `xlsx`, `geojson`, `geopackage`, `kml`, `ofds` (planned routes) or `brief` (to print).
    format: Option<String>,
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
    /// As for the ranking itself.
    weights: Option<String>,
    /// As for the ranking itself.
    preset: Option<String>,
}

/// The robustness of which ranking.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RobustnessQuery {
    /// Sites that count as the top: 20 by default, at most 1,000.
    top: Option<String>,
    /// As for the ranking itself.
    weights: Option<String>,
    /// As for the ranking itself.
    preset: Option<String>,
}

/// All open sites ranked by need; the score is the sum of the contributions shown.
#[utoipa::path(get, path = "/api/v1/plans/current", tag = "planning", params(PlanQuery), responses(
    (status = 200, body = PlanPage),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn current(
    View(app): View,
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
    let (preset, plan) = made(&app, asked.preset.as_deref(), asked.weights.as_deref()).await?;
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
        layers: country::layers(&plan.layers, &app.layer_defects()),
        absent_layers: country::absent(&plan.layers),
        sites: plan.rows.len() as u64,
        items: page.items,
        next: page.next,
        preset: preset.code().to_owned(),
        presets: Preset::ALL.map(|preset| preset.code().to_owned()).to_vec(),
    }))
}

/// How much the top of the ranking hangs on the weights: other weightings are drawn, and counted in
/// how many a site stays in the top.
#[utoipa::path(get, path = "/api/v1/plans/current/robustness", tag = "planning",
    params(RobustnessQuery), responses(
        (status = 200, body = PlanRobustness),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn robustness(
    View(app): View,
    asked: Result<Query<RobustnessQuery>, QueryRejection>,
) -> Answer<Json<PlanRobustness>> {
    let asked = query(asked)?;
    let top: usize = match asked.top.as_deref() {
        None => TOP_DEFAULT,
        Some(text) => match text.parse() {
            Ok(top @ 1..=TOP_MAX) => top,
            _ => {
                return Err(Refusal::parameter(
                    "top",
                    format!("{text:?} is not a number from 1 to {TOP_MAX}"),
                ));
            }
        },
    };
    let (_, plan) = made(&app, asked.preset.as_deref(), asked.weights.as_deref()).await?;
    let stays = tokio::task::spawn_blocking(move || plan.robustness(top))
        .await
        .map_err(|error| Refusal::internal("drawing weights", error))?;
    let thousandths = |factor: u64| f64::from(u32::try_from(factor).unwrap_or(0)) / 1_000.0;
    Ok(Json(PlanRobustness {
        top: top as u64,
        draws: DRAWS,
        factor_min: thousandths(FACTOR_MIN_THOUSANDTHS),
        factor_max: thousandths(FACTOR_MAX_THOUSANDTHS),
        items: stays
            .into_iter()
            .map(|stay| PlanStay {
                share: f64::from(stay.draws) / f64::from(DRAWS),
                site: stay.site,
            })
            .collect(),
    }))
}

/// The whole ranking as a file to keep.
#[utoipa::path(get, path = "/api/v1/plans/current/export", tag = "planning", params(ExportQuery),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn export(
    View(app): View,
    asked: Result<Query<ExportQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let language = download::language(asked.language.as_deref())?;
    let format = Format::of(asked.format.as_deref())?;
    let (_, plan) = made(&app, asked.preset.as_deref(), asked.weights.as_deref()).await?;
    // A country's workbook takes a second to write.
    let writing = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || format.write(&plan, &app, language))
    };
    let bytes = writing
        .await
        .map_err(|error| Refusal::internal("writing the plan", error))?
        .map_err(|error| Refusal::internal("writing the plan", error))?
        .ok_or_else(no_routes)?;
    let (media_type, disposition) = format.headers();
    Ok(download::attachment(bytes, media_type, disposition))
}

/// The plan of a preset, with the reader's own weights in place of the preset's where given.
async fn made(
    app: &Arc<App>,
    preset: Option<&str>,
    weighted: Option<&str>,
) -> Answer<(Preset, Plan)> {
    let preset = match preset {
        None => Preset::Balanced,
        Some(code) => Preset::from_code(code)
            .ok_or_else(|| Refusal::parameter("preset", format!("{code:?} is not a preset")))?,
    };
    let mut scenario = preset.scenario();
    if let Some(text) = weighted {
        scenario.ranking = weights(text, scenario.ranking)?;
    }
    let planned = {
        let app = Arc::clone(app);
        tokio::task::spawn_blocking(move || app.plan(scenario))
            .await
            .map_err(|error| Refusal::internal("ranking the sites", error))?
    };
    let plan = planned.map_err(|error| Refusal::parameter("weights", error))?;
    Ok((preset, plan))
}

/// Reads `criterion:0.5,criterion:0.2` in place of the weights that are there.
fn weights(text: &str, mut weights: Weights) -> Answer<Weights> {
    if text.len() > WEIGHTS_BYTES_MAX {
        return Err(Refusal::parameter(
            "weights",
            format!("longer than {WEIGHTS_BYTES_MAX} bytes"),
        ));
    }
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
        Criterion::NeighbourSites | Criterion::SiteKind | Criterion::Unavailability => None,
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
    use desserte_planning::scenario::Scenario;

    #[test]
    fn weights_are_read_and_refused_by_part() {
        let weights = |text| weights(text, Scenario::default().ranking);
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

    #[test]
    fn presets_know_every_kind_of_site() {
        for preset in Preset::ALL {
            let importance = preset.scenario().ranking.kind_importance;
            let known: Vec<&str> = importance.keys().map(String::as_str).collect();
            for kind in crate::import::site::SiteKind::ALL {
                let named = known.contains(&kind.code());
                assert!(named || preset == Preset::Balanced, "{kind:?}");
            }
        }
    }
}
