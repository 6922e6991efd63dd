//! Every route of the web listener.

use std::sync::Arc;

use axum::{Extension, Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::gate::{self, Gate};
use super::limits::Limits;
use super::seen::Unseen;
use super::{
    agents, agreements, audit, country, demo, duplicates, events, evidence, exclusions, gaps,
    health, history, imports, ledger, map, months, ogc, openapi, outages, overview, own, page,
    people, plans, programmes, security, session, sites, slots, statements, summary, throughput,
    tokens,
};
use crate::app::App;
use crate::ndt7::Tests;

/// The routes with their description.
#[expect(
    clippy::too_many_lines,
    reason = "every route in one place, a line each"
)]
fn described() -> OpenApiRouter<Unseen> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(health::health))
        .routes(routes!(health::metrics))
        .routes(routes!(
            session::session,
            session::sign_in,
            session::sign_out
        ))
        .routes(routes!(session::role))
        .routes(routes!(own::password))
        .routes(routes!(own::totp))
        .routes(routes!(own::confirm_totp))
        .routes(routes!(own::remove_totp))
        .routes(routes!(session::look))
        .routes(routes!(session::accept))
        .routes(routes!(people::people, people::add))
        .routes(routes!(people::change))
        .routes(routes!(people::link))
        .routes(routes!(tokens::tokens, tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::audit))
        .routes(routes!(audit::sign_ins))
        .routes(routes!(country::country))
        .routes(routes!(country::regions))
        .routes(routes!(country::border))
        .routes(routes!(country::neighbours))
        .routes(routes!(country::places))
        .routes(routes!(demo::demo))
        .routes(routes!(summary::summary))
        .routes(routes!(overview::overview))
        .routes(routes!(overview::outline))
        .routes(routes!(map::map))
        .routes(routes!(map::states))
        .routes(routes!(map::sites))
        .routes(routes!(sites::sites))
        .routes(routes!(sites::facets))
        .routes(routes!(sites::site))
        .routes(routes!(history::history))
        .routes(routes!(evidence::evidence))
        .routes(routes!(evidence::targets))
        .routes(routes!(months::month))
        .routes(routes!(slots::slots))
        .routes(routes!(outages::outages))
        .routes(routes!(outages::groups))
        .routes(routes!(outages::group))
        .routes(routes!(outages::export))
        .routes(routes!(agents::agents))
        .routes(routes!(agents::create_code))
        .routes(routes!(agents::confirm_line))
        .routes(routes!(agents::revoke))
        .routes(routes!(agreements::agreements))
        .routes(routes!(agreements::agreement))
        .routes(routes!(agreements::agreement_months))
        .routes(routes!(agreements::statement))
        .routes(routes!(statements::revisions))
        .routes(routes!(statements::bundle))
        .routes(routes!(statements::contests, statements::contest))
        .routes(routes!(statements::attachments))
        .routes(routes!(statements::attach))
        .routes(routes!(exclusions::exclusions, exclusions::add))
        .routes(routes!(exclusions::approve))
        .routes(routes!(exclusions::withdraw))
        .routes(routes!(exclusions::of_site))
        .routes(routes!(gaps::gaps))
        .routes(routes!(gaps::areas))
        .routes(routes!(gaps::map))
        .routes(routes!(gaps::export))
        .routes(routes!(ledger::checkpoint))
        .routes(routes!(ledger::consistency))
        .routes(routes!(plans::current))
        .routes(routes!(plans::export))
        .routes(routes!(plans::robustness))
        .routes(routes!(programmes::plans, programmes::make))
        .routes(routes!(programmes::progress))
        .routes(routes!(programmes::examples))
        .routes(routes!(programmes::compare))
        .routes(routes!(programmes::plan, programmes::drop_plan))
        .routes(routes!(programmes::sites))
        .routes(routes!(programmes::site))
        .routes(routes!(programmes::map))
        .routes(routes!(programmes::export_kept))
        .routes(routes!(imports::imports, imports::upload))
        .routes(routes!(imports::import, imports::drop_import))
        .routes(routes!(imports::map))
        .routes(routes!(imports::refusals))
        .routes(routes!(imports::export))
        .routes(routes!(imports::preview))
        .routes(routes!(imports::pairs, imports::decide))
        .routes(routes!(imports::apply))
        .routes(routes!(imports::undo))
        .routes(routes!(
            duplicates::duplicates,
            duplicates::decide_duplicates
        ))
        .routes(routes!(duplicates::decisions))
        .routes(routes!(duplicates::undo_decision))
        .routes(routes!(ogc::landing))
        .routes(routes!(ogc::conformance))
        .routes(routes!(ogc::api))
        .routes(routes!(ogc::collections))
        .routes(routes!(ogc::collection))
        .routes(routes!(ogc::items))
        .routes(routes!(ogc::item))
        .routes(routes!(events::events))
        .routes(routes!(openapi::document))
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::with_doors(described().into_openapi())
}

/// The listener's service. Layers run from the last to the first: a request is checked before
/// anything else sees it.
pub fn router(app: Arc<App>) -> Router {
    let (router, _) = described().split_for_parts();
    let security = security::Security::new(&app.config.web);
    let gate = Gate {
        house: Unseen::new(app),
        limits: Limits::default(),
    };
    // Another protocol than the interface's: ndt7 names its own addresses.
    router
        // The same as without the slash, which the description names.
        .route("/ogc/", get(ogc::landing))
        .route("/ndt/v7/download", get(throughput::download))
        .route("/ndt/v7/upload", get(throughput::upload))
        .layer(Extension(Tests::default()))
        .fallback(page::serve)
        .method_not_allowed_fallback(openapi::method_not_allowed)
        .with_state(gate.house.clone())
        .layer(middleware::from_fn_with_state(gate, gate::gate))
        .layer(DefaultBodyLimit::max(security::BODY_BYTES_MAX))
        .layer(CompressionLayer::new().gzip(true))
        .layer(CatchPanicLayer::custom(security::panicked))
        .layer(middleware::from_fn_with_state(security, security::guard))
}
