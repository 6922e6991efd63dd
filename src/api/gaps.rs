//! How far sites and areas are from what exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
    response::Response,
};
use desserte_planning::gap::{AreaGap, AreasAsked, Gap, Nearest, Reach};
use desserte_planning::layer::Generation;
use desserte_planning::{Finding, Position};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::model::{
    GapArea, GapAreas, GapCoverage, GapDistance, GapItem, GapMap, GapMeasured, GapNetwork,
};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::{download, query};
use crate::app::{App, SiteGap};
use crate::export::{self, Language};

/// Farthest reach that makes sense, metres.
const REACH_METRES_MAX: f64 = 1_000_000.0;

/// Which sites.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GapQuery {
    /// Area in the registry.
    region: Option<String>,
    /// Kind of site.
    kind: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What counts as service within reach.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AreaQuery {
    /// Metres within which fibre or a mast is service: 5,000 by default.
    reach_metres: Option<String>,
    /// Oldest generation that is service: `3g` by default.
    generation: Option<String>,
    /// Layer of regions that makes the areas; the one imported last when left out.
    regions: Option<String>,
}

/// The gaps as a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GapExportQuery {
    /// `csv`, `xlsx`, `geojson`, `geopackage` or `kml`.
    format: Option<String>,
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
    /// As for the areas.
    reach_metres: Option<String>,
    /// As for the areas.
    generation: Option<String>,
    /// As for the areas.
    regions: Option<String>,
}

/// How far each open site is from what exists, by identifier.
#[utoipa::path(get, path = "/api/v1/gaps", tag = "planning", params(GapQuery), responses(
    (status = 200, body = Page<GapItem>),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn gaps(
    View(app): View,
    asked: Result<Query<GapQuery>, QueryRejection>,
) -> Answer<Json<Page<GapItem>>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit.clone(), asked.cursor.clone());
    let (limit, after) = (paging.limit()?, paging.after()?);
    let found = app
        .blocking("measuring the gaps", move |app| {
            let is = |wanted: &Option<String>, has: Option<&str>| {
                wanted.as_deref().is_none_or(|wanted| has == Some(wanted))
            };
            let passes = |site: &desserte_planning::plan::PlanSite| {
                is(&asked.region, site.region.as_deref()) && is(&asked.kind, Some(&site.kind))
            };
            Ok(app.some_gaps(passes, after.as_deref(), limit + 1))
        })
        .await?;
    let items = found.into_iter().map(item).collect();
    Ok(Json(page(items, limit, |item: &GapItem| item.site.clone())))
}

/// The gaps of the areas: their sites, and their people without service within reach.
#[utoipa::path(get, path = "/api/v1/gaps/areas", tag = "planning", params(AreaQuery), responses(
    (status = 200, body = GapAreas),
    (status = 400, body = super::error::Problem),
))]
pub(crate) async fn areas(
    View(app): View,
    asked: Result<Query<AreaQuery>, QueryRejection>,
) -> Answer<Json<GapAreas>> {
    let asked = query(asked)?;
    let reach = reach(asked.reach_metres.as_deref(), asked.generation.as_deref())?;
    let report = report(&app, reach, asked.regions).await?.areas;
    Ok(Json(GapAreas {
        reach_metres: report.reach.metres,
        generation: report.reach.generation.code().to_owned(),
        regions: report.regions,
        places: report.places,
        items: report.rows.into_iter().map(area).collect(),
    }))
}

/// The gaps of all sites as columns for a map, and the layers behind them, thinned for drawing.
#[utoipa::path(get, path = "/api/v1/gaps/map", tag = "planning", responses(
    (status = 200, body = GapMap),
))]
pub(crate) async fn map(View(app): View) -> Answer<Json<GapMap>> {
    let map = app
        .blocking("drawing the gaps", move |app| {
            let (sites, layers) = app.all_gaps();
            Ok(GapMap::of(sites.sites(), &layers))
        })
        .await?;
    Ok(Json(map))
}

/// The gaps of all sites and areas as a file to keep.
#[utoipa::path(get, path = "/api/v1/gaps/export", tag = "planning", params(GapExportQuery),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = super::error::Problem),
    ))]
pub(crate) async fn export(
    View(app): View,
    asked: Result<Query<GapExportQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let language = download::language(asked.language.as_deref())?;
    let format = download::map_format(asked.format.as_deref())?;
    let reach = reach(asked.reach_metres.as_deref(), asked.generation.as_deref())?;
    let report = report(&app, reach, asked.regions).await?;
    let writing = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || written(&app, &report, (format, language)))
    };
    let bytes = writing
        .await
        .map_err(|error| Refusal::internal("writing the gaps", error))?
        .map_err(|error| Refusal::internal("writing the gaps", error))?;
    Ok(download::map_attachment(bytes, format, "gaps"))
}

fn written(
    app: &App,
    report: &desserte_planning::gaps::GapReport,
    (format, language): (download::MapFormat, Language),
) -> Result<Vec<u8>, export::ExportError> {
    use download::MapFormat;
    let mut bytes = Vec::new();
    let tables = || export::gaps::tables(report, &app.layers(), language);
    match format {
        MapFormat::Csv => export::gaps::write_csv(report, language, &mut bytes)?,
        MapFormat::Xlsx => export::gaps::write_xlsx(report, language, &mut bytes)?,
        MapFormat::Geojson => export::gaps::write_geojson(report, &mut bytes)?,
        MapFormat::Geopackage => {
            export::map::write_geopackage(&tables(), app.now_unix_ms(), &mut bytes)?;
        }
        MapFormat::Kml => {
            let title = language.pick("Écarts de desserte", "Connectivity gaps");
            export::map::kml::write(title, &tables(), &mut bytes)?;
        }
    }
    Ok(bytes)
}

fn reach(metres: Option<&str>, generation: Option<&str>) -> Answer<Reach> {
    let mut reach = Reach::default();
    if let Some(text) = metres {
        let metres = text.parse().ok();
        let metres = metres.filter(|metres| (0.0..=REACH_METRES_MAX).contains(metres));
        reach.metres = metres.ok_or_else(|| {
            let reason = format!("{text:?} is not a number from 0 to {REACH_METRES_MAX}");
            Refusal::parameter("reach_metres", reason)
        })?;
    }
    if let Some(word) = generation {
        reach.generation = Generation::from_word(word).ok_or_else(|| {
            Refusal::parameter("generation", format!("{word:?} is not 2g, 3g, 4g or 5g"))
        })?;
    }
    Ok(reach)
}

async fn report(
    app: &Arc<App>,
    reach: Reach,
    regions: Option<String>,
) -> Answer<desserte_planning::gaps::GapReport> {
    let named = regions.clone().unwrap_or_default();
    let report = app
        .blocking("measuring the gaps", move |app| {
            Ok(app.gaps(AreasAsked {
                reach,
                regions: regions.as_deref(),
            }))
        })
        .await?;
    report.ok_or_else(|| {
        Refusal::parameter("regions", format!("{named:?} is not a layer of regions"))
    })
}

fn item((site, area, gap): SiteGap) -> GapItem {
    GapItem {
        site_name: site.name,
        kind: site.kind,
        region: site.region,
        area,
        invented: site.invented,
        simulated: site.simulated,
        latitude: site.position.map(Position::latitude),
        longitude: site.position.map(Position::longitude),
        coverage: coverage(&gap),
        distances: distances(&gap),
        place_population: gap.place.known().and_then(|place| place.population),
        measured: site.availability.map(|measured| GapMeasured {
            availability: measured.up_share(),
            period: measured.period,
            up_slots: measured.up_slots,
            down_slots: measured.down_slots,
            unknown_slots: measured.unknown_slots,
        }),
        site: site.id,
    }
}

fn coverage(gap: &Gap) -> GapCoverage {
    match &gap.coverage {
        Finding::Unknown(reason) => GapCoverage {
            networks: None,
            unknown_reason: Some(reason.code().to_owned()),
        },
        Finding::Known(covered) => GapCoverage {
            networks: Some(
                covered
                    .iter()
                    .map(|one| GapNetwork {
                        operator: one.operator.clone(),
                        generation: one.generation.map(|one| one.code().to_owned()),
                        layer: one.provenance.layer.clone(),
                    })
                    .collect(),
            ),
            unknown_reason: None,
        },
    }
}

fn distances(gap: &Gap) -> BTreeMap<String, GapDistance> {
    let place = match &gap.place {
        Finding::Known(place) => Finding::Known(place.nearest.clone()),
        Finding::Unknown(reason) => Finding::Unknown(*reason),
    };
    let all = [
        ("fibre_line", &gap.fibre_line),
        ("fibre_node", &gap.fibre_node),
        ("mast", &gap.mast),
        ("road", &gap.road),
        ("power_line", &gap.power_line),
        ("power_node", &gap.power_node),
        ("place", &place),
    ];
    all.map(|(name, finding)| (name.to_owned(), distance(finding)))
        .into()
}

fn distance(finding: &Finding<Nearest>) -> GapDistance {
    let nearest = finding.known();
    let told = nearest.map(|nearest| &nearest.provenance);
    GapDistance {
        metres: nearest.map(|nearest| nearest.metres),
        name: nearest.and_then(|nearest| nearest.name.clone()),
        layer: told.map(|told| told.layer.clone()),
        source: told.map(|told| told.source.clone()),
        date: told.map(|told| told.date.clone()),
        uncertainty: told.map(|told| told.uncertainty.clone()),
        uncertainty_class: told.map(|told| told.uncertainty_class.code().to_owned()),
        unknown_reason: match finding {
            Finding::Known(_) => None,
            Finding::Unknown(reason) => Some(reason.code().to_owned()),
        },
    }
}

fn area(row: AreaGap) -> GapArea {
    let by_generation = row.sites_by_generation.map(|counts| {
        let counts = counts.into_iter();
        counts
            .map(|(code, count)| (code.to_owned(), count))
            .collect()
    });
    GapArea {
        area: row.area,
        sites: row.sites,
        sites_without_position: row.sites_without_position,
        sites_by_generation: by_generation,
        sites_without_coverage: row.sites_without_coverage,
        sites_near_fibre: row.sites_near_fibre,
        fibre_metres_median: row.fibre_metres_median,
        sites_measured: row.sites_measured,
        availability: row.availability_share,
        places: row.places,
        places_without_population: row.places_without_population,
        population: row.population,
        population_covered: row.population_covered,
        population_near_fibre: row.population_near_fibre,
        population_near_mast: row.population_near_mast,
        population_beyond_reach: row.population_beyond_reach,
    }
}
