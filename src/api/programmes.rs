//! Plans with a programme: made in the background, kept, shown, compared, exported.

use std::sync::Arc;

use axum::body::Bytes;
use axum::{
    Json,
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use desserte_planning::cost::CostParameters;
use desserte_planning::programme::{compare as compared, sheet};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Code, Problem, Refusal};
use super::model::{
    KeptPlanItem, PlanComparison, PlanDetail, PlanExamples, PlanMap, PlanProgress, PlanRequest,
    PlanSheet, PlanSiteItem, PlanSitesPage,
};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::{download, imports, query};
use crate::app::App;
use crate::import::scenario::{costs_from_toml, scenario_from_toml};
use crate::plans::{KeptPlan, KeptSite, PLANS_MAX, PlanStore, PlansError};

/// The example of costs that a new plan starts from.
const COSTS: &str = include_str!("../../demo/examples/costs.toml");
/// The sets that reproduce published parameters.
const COMPAT: [(&str, &str); 2] = [
    (
        "compat-itu",
        include_str!("../../demo/examples/costs-compat-itu.toml"),
    ),
    (
        "compat-giga",
        include_str!("../../demo/examples/costs-compat-giga.toml"),
    ),
];

/// Which sites of a plan.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SitesQuery {
    /// Only sites that this phase builds, from 1.
    phase: Option<String>,
    /// Only sites with this action.
    action: Option<String>,
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A plan as a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeptExportQuery {
    /// `csv`, `xlsx`, `geojson`, `geopackage`, `kml`, `ofds` (planned routes) or `brief` (to print).
    format: Option<String>,
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
}

/// Which two plans.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
    /// Identifier of the first.
    first: Option<String>,
    /// Identifier of the second.
    second: Option<String>,
}

/// Runs what reads kept plans on a thread of its own.
async fn kept<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&PlanStore) -> Result<T, PlansError> + Send + 'static,
) -> Answer<T> {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || work(app.plan_store()))
        .await
        .map_err(|error| Refusal::internal("reading plans", error))?
        .map_err(|error| Refusal::internal("reading plans", error))
}

async fn found(app: &Arc<App>, id: &str) -> Answer<KeptPlan> {
    let named = id.to_owned();
    kept(app, move |store| store.plan(&named))
        .await?
        .ok_or_else(|| Refusal::not_found("plan", id))
}

/// Plans that are kept, the newest first.
#[utoipa::path(get, path = "/api/v1/plans", tag = "planning", responses(
    (status = 200, body = Page<KeptPlanItem>),
))]
pub(crate) async fn plans(View(app): View) -> Answer<Json<Page<KeptPlanItem>>> {
    let plans = kept(&app, PlanStore::list).await?;
    let items = plans.iter().map(KeptPlanItem::of).collect();
    // At most PLANS_MAX are kept: one page.
    debug_assert!(plans.len() <= PLANS_MAX as usize);
    Ok(Json(Page { items, next: None }))
}

/// Makes a plan in the background; `/api/v1/plans/progress` tells how far it is, and which plan it is
/// in the end. One plan is made at a time.
#[utoipa::path(post, path = "/api/v1/plans", tag = "planning",
    request_body = PlanRequest, responses(
        (status = 202, body = PlanProgress),
        (status = 400, body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn make(
    View(app): View,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<PlanProgress>)> {
    let request: PlanRequest = imports::common::json(body)?;
    let scenario = scenario_from_toml("scenario", &request.scenario)
        .map_err(|error| Refusal::parameter("scenario", error))?;
    scenario
        .check()
        .map_err(|error| Refusal::parameter("scenario", error))?;
    let costs = costs_from_toml("costs", &request.costs)
        .map_err(|error| Refusal::parameter("costs", error))?;
    if !app.planning().begin() {
        return Err(Refusal::new(Code::Busy, "a plan is being made; try again"));
    }
    let working = Arc::clone(&app);
    tokio::task::spawn_blocking(move || working.make_plan(scenario, &costs));
    Ok((
        StatusCode::ACCEPTED,
        Json(PlanProgress::of(&app.planning().now())),
    ))
}

/// How far the plan is that is being made, or was made last.
#[utoipa::path(get, path = "/api/v1/plans/progress", tag = "planning", responses(
    (status = 200, body = PlanProgress),
))]
pub(crate) async fn progress(View(app): View) -> Json<PlanProgress> {
    Json(PlanProgress::of(&app.planning().now()))
}

/// Costs to start from: an example, and published sets.
#[utoipa::path(get, path = "/api/v1/plans/examples", tag = "planning", responses(
    (status = 200, body = PlanExamples),
))]
pub(crate) async fn examples() -> Json<PlanExamples> {
    Json(PlanExamples {
        costs: std::iter::once(("example", COSTS))
            .chain(COMPAT)
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect(),
    })
}

/// What two plans have alike, and every site that they plan differently.
#[utoipa::path(get, path = "/api/v1/plans/compare", tag = "planning", params(CompareQuery), responses(
    (status = 200, body = PlanComparison),
    (status = 400, body = Problem),
    (status = 404, body = Problem),
))]
pub(crate) async fn compare(
    View(app): View,
    asked: Result<Query<CompareQuery>, QueryRejection>,
) -> Answer<Json<PlanComparison>> {
    let asked = query(asked)?;
    let needed = |name: &str, id: Option<String>| {
        id.ok_or_else(|| Refusal::parameter(name, "needs the identifier of a plan"))
    };
    let (first, second) = (
        needed("first", asked.first)?,
        needed("second", asked.second)?,
    );
    let (first, second) = (found(&app, &first).await?, found(&app, &second).await?);
    let ids = (first.id.clone(), second.id.clone());
    let sites = kept(&app, move |store| {
        Ok((store.all_sites(&ids.0)?, store.all_sites(&ids.1)?))
    })
    .await?;
    let bare = |sites: &[KeptSite]| sites.iter().map(|one| one.plan.clone()).collect::<Vec<_>>();
    let comparison = compared(&bare(&sites.0), &bare(&sites.1));
    Ok(Json(PlanComparison {
        first: KeptPlanItem::of(&first),
        second: KeptPlanItem::of(&second),
        comparison: serde_json::to_value(&comparison)
            .map_err(|error| Refusal::internal("comparing plans", error))?,
    }))
}

/// A kept plan: scenario, hashes of its inputs, and the programme without its sites.
#[utoipa::path(get, path = "/api/v1/plans/{id}", tag = "planning", responses(
    (status = 200, body = PlanDetail),
    (status = 404, body = Problem),
))]
pub(crate) async fn plan(View(app): View, Path(id): Path<String>) -> Answer<Json<PlanDetail>> {
    let plan = found(&app, &id).await?;
    Ok(Json(PlanDetail {
        item: KeptPlanItem::of(&plan),
        inputs: serde_json::to_value(&plan.inputs)
            .map_err(|error| Refusal::internal("reading a plan", error))?,
        scenario: plan.scenario,
        programme: plan.summary,
    }))
}

/// Drops a kept plan.
#[utoipa::path(delete, path = "/api/v1/plans/{id}", tag = "planning", responses(
    (status = 204, description = "dropped"),
    (status = 404, body = Problem),
))]
pub(crate) async fn drop_plan(View(app): View, Path(id): Path<String>) -> Answer<StatusCode> {
    let named = id.clone();
    if kept(&app, move |store| store.drop_plan(&named)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found("plan", &id))
    }
}

/// Sites of a kept plan, by rank.
#[utoipa::path(get, path = "/api/v1/plans/{id}/sites", tag = "planning", params(SitesQuery),
    responses(
        (status = 200, body = PlanSitesPage),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn sites(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<SitesQuery>, QueryRejection>,
) -> Answer<Json<PlanSitesPage>> {
    let asked = query(asked)?;
    let paging = Paging::new(asked.limit, asked.cursor);
    let limit = paging.limit()?;
    let after = paging.after()?.map(|rank| rank.parse::<u32>()).transpose();
    let after = after.map_err(|_| Refusal::parameter("cursor", "not a cursor of this list"))?;
    let phase = asked.phase.map(|phase| phase.parse::<usize>()).transpose();
    let phase = phase.map_err(|_| Refusal::parameter("phase", "not a number"))?;
    found(&app, &id).await?;
    let sites = kept(&app, move |store| store.all_sites(&id)).await?;
    let fits = |site: &&KeptSite| {
        site.rank > after.unwrap_or(0)
            && phase.is_none_or(|phase| site.plan.phase == Some(phase))
            && asked
                .action
                .as_deref()
                .is_none_or(|action| site.plan.action.code() == action)
    };
    let some = sites.iter().filter(fits).take(limit + 1);
    let cut = page(
        some.map(PlanSiteItem::of).collect(),
        limit,
        |one: &PlanSiteItem| one.rank.to_string(),
    );
    Ok(Json(PlanSitesPage {
        items: cut.items,
        next: cut.next,
    }))
}

/// A site's sheet: why its rank, why its technology, its flows year by year.
#[utoipa::path(get, path = "/api/v1/plans/{id}/sites/{site}", tag = "planning", responses(
    (status = 200, body = PlanSheet),
    (status = 404, body = Problem),
))]
pub(crate) async fn site(
    View(app): View,
    Path((id, site)): Path<(String, String)>,
) -> Answer<Json<PlanSheet>> {
    let plan = found(&app, &id).await?;
    let named = site.clone();
    let found = kept(&app, move |store| store.site(&id, &named)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("site", &site))?;
    let unreadable = |error| Refusal::internal("reading a plan", error);
    let costs: CostParameters =
        serde_json::from_value(plan.stated("/costs").clone()).map_err(unreadable)?;
    let money = sheet(&costs, &found.kind, &found.plan);
    Ok(Json(PlanSheet {
        currency: costs.currency,
        contributions: found.contributions.clone(),
        plan: serde_json::to_value(&found.plan).map_err(unreadable)?,
        money: serde_json::to_value(&money).map_err(unreadable)?,
        item: PlanSiteItem::of(&found),
    }))
}

/// Sites and routes of a kept plan for a map, sites as columns.
#[utoipa::path(get, path = "/api/v1/plans/{id}/map", tag = "planning", responses(
    (status = 200, body = PlanMap),
    (status = 404, body = Problem),
))]
pub(crate) async fn map(View(app): View, Path(id): Path<String>) -> Answer<Json<PlanMap>> {
    found(&app, &id).await?;
    let (sites, routes) = kept(&app, move |store| {
        Ok((store.all_sites(&id)?, store.routes(&id)?))
    })
    .await?;
    Ok(Json(PlanMap::of(&sites, &routes)))
}

/// A kept plan as a file to keep; every decision of a person is in it, with reason and author.
#[utoipa::path(get, path = "/api/v1/plans/{id}/export", tag = "planning", params(KeptExportQuery),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn export_kept(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<KeptExportQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let language = download::language(asked.language.as_deref())?;
    let format = super::plan_format::Format::of(asked.format.as_deref())?;
    let plan = found(&app, &id).await?;
    let (sites, routes) = kept(&app, move |store| {
        Ok((store.all_sites(&id)?, store.routes(&id)?))
    })
    .await?;
    let writing = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || {
            format.write_kept((&app, &plan), (&sites, &routes), language)
        })
    };
    let bytes = writing
        .await
        .map_err(|error| Refusal::internal("writing the plan", error))?
        .map_err(|error| Refusal::internal("writing the plan", error))?
        .ok_or_else(super::plan_format::no_routes)?;
    let (media_type, disposition) = format.headers();
    Ok(download::attachment(bytes, media_type, disposition))
}
