//! Files that are brought in: kept, mapped, tried, applied, dropped, taken back.

pub(super) mod common;
mod mapping;
mod shown;

use std::sync::Arc;

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::error::{Answer, Code, Problem, Refusal};
use super::model::{
    ImportDetail, ImportItem, ImportMapping, ImportPreview, ImportRefusal, PairDecisions, PairItem,
    PairsDecided, Signed,
};
use super::paging::{Page, Paging};
use super::seen::View;
use super::{duplicates, query};
use crate::export::{Language, import_report};
use crate::import::MAX_FILE_BYTES;
use crate::staging::{self, Content, DryRun, Ground, Staged, Staging, StagingError, What};
use common::{Slice, decision, in_language, json, run, signed};

/// Files that may arrive at once: each is held in memory whole.
const UPLOADS_AT_ONCE_MAX: usize = 2;
static UPLOADS: Semaphore = Semaphore::const_new(UPLOADS_AT_ONCE_MAX);
/// Imports that were applied and are listed.
const RUNS_LISTED: u32 = 200;

/// How a browser saves the refused rows.
const ATTACHMENT: &str = "attachment; filename=\"desserte-refused-rows.csv\"";

/// Which file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Upload {
    /// Its name.
    name: Option<String>,
    /// `sites` (when left out) or a kind of layer: `fibre_lines`, `fibre_nodes`, `masts`, `coverage`,
    /// `roads`, `terrain`, `power_lines`, `power_nodes`, `places` or `regions`.
    what: Option<String>,
}

/// In which language.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InLanguage {
    /// `fr` (decimal comma, semicolons) or `en`.
    language: Option<String>,
}

/// Imports: the files that wait, then those that were applied, newest first.
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", responses(
    (status = 200, body = Page<ImportItem>),
))]
pub(crate) async fn imports(View(app): View) -> Answer<Json<Page<ImportItem>>> {
    let items = run(&app, "listing imports", |staging, ground| {
        let waiting = staging.list(ground.registry)?;
        let mut items: Vec<ImportItem> = waiting.iter().map(shown::staged).collect();
        let applied = ground.registry.import_runs(RUNS_LISTED)?;
        items.extend(applied.into_iter().map(shown::run));
        Ok(items)
    })
    .await?;
    Ok(Json(Page { items, next: None }))
}

/// Keeps a file until it is applied or dropped, and proposes how to read it. The body is the file: at
/// most 64 MiB of CSV, XLSX, GeoJSON, GeoPackage, OFDS, a shapefile in a ZIP archive, an `OpenStreetMap`
/// extract or heights.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", params(Upload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = ImportDetail),
        (status = 400, body = Problem),
        (status = 409, body = Problem),
        (status = 413, body = Problem),
    ))]
pub(crate) async fn upload(
    View(app): View,
    headers: HeaderMap,
    asked: Result<Query<Upload>, QueryRejection>,
    body: Body,
) -> Answer<(StatusCode, Json<ImportDetail>)> {
    let asked = query(asked)?;
    let code = asked.what.as_deref().unwrap_or("sites");
    let what = What::from_code(code)
        .ok_or_else(|| Refusal::parameter("what", format!("{code:?} cannot be imported")))?;
    let name = asked.name.unwrap_or_default();
    let Ok(_place) = UPLOADS.try_acquire() else {
        return Err(Refusal::new(
            Code::Busy,
            "another file is arriving; try again",
        ));
    };
    let bytes = to_bytes(body, MAX_FILE_BYTES).await.map_err(|_| {
        let reason = format!("a file has at most {MAX_FILE_BYTES} bytes");
        Refusal::new(Code::TooLarge, reason)
    })?;
    let now = app.now_unix_ms();
    let detail = in_language(&app, &headers, "keeping a file", move |staging, ground| {
        let staged = staging.add(what, &name, &bytes, (ground.registry, now))?;
        Ok(detail_of(staging, &staged, ground))
    })
    .await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// An import in full: what is in the file, how it is read, and what importing it would do.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    responses((status = 200, body = ImportDetail), (status = 404, body = Problem)))]
pub(crate) async fn import(View(app): View, Path(id): Path<String>) -> Answer<Json<ImportDetail>> {
    let detail = run(
        &app,
        "reading an import",
        move |staging, ground| match staging.get(&id, ground.registry) {
            Ok(staged) => Ok(detail_of(staging, &staged, ground)),
            Err(StagingError::Missing(id)) => applied_detail(&id, ground),
            Err(error) => Err(error),
        },
    )
    .await?;
    Ok(Json(detail))
}

/// Drops a file that waits.
#[utoipa::path(delete, path = "/api/v1/imports/{id}", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn drop_import(View(app): View, Path(id): Path<String>) -> Answer<StatusCode> {
    run(&app, "dropping a file", move |staging, ground| {
        staging.drop_file(&id, ground.registry)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says how a file that waits is read.
#[utoipa::path(put, path = "/api/v1/imports/{id}/mapping", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    request_body = ImportMapping,
    responses(
        (status = 200, body = ImportDetail),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn map(
    View(app): View,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<ImportDetail>> {
    let asked: ImportMapping = json(body)?;
    let (known, at) = (id.clone(), "reading an import");
    let staged = run(&app, at, move |staging, ground| {
        staging.get(&known, ground.registry)
    })
    .await?;
    let reading = mapping::read(staged.what(), &staged.file, asked)?;
    let detail = in_language(&app, &headers, "mapping a file", move |staging, ground| {
        let staged = staging.read_as(&id, reading, ground.registry)?;
        Ok(detail_of(staging, &staged, ground))
    })
    .await?;
    Ok(Json(detail))
}

/// Rows of a file that waits which are refused, with field and reason.
#[utoipa::path(get, path = "/api/v1/imports/{id}/refusals", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import"), Paging),
    responses((status = 200, body = Page<ImportRefusal>), (status = 404, body = Problem)))]
pub(crate) async fn refusals(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<ImportRefusal>>> {
    let slice = Slice::of(&query(asked)?)?;
    let page = run(&app, "trying a file", move |staging, ground| {
        let (_, tried) = tried(staging, &id, ground)?;
        Ok(slice.page(&tried.refused.listed, |one| Some(shown::refusal(one))))
    })
    .await?;
    Ok(Json(page))
}

/// The refused rows as a CSV file.
#[utoipa::path(get, path = "/api/v1/imports/{id}/refusals/export", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import"), InLanguage),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn export(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<InLanguage>, QueryRejection>,
) -> Answer<Response> {
    let language = match query(asked)?.language.as_deref() {
        None | Some("fr") => Language::Fr,
        Some("en") => Language::En,
        Some(other) => {
            return Err(Refusal::parameter(
                "language",
                format!("{other:?} is not fr or en"),
            ));
        }
    };
    let (_, tried) = run(&app, "trying a file", move |staging, ground| {
        tried(staging, &id, ground)
    })
    .await?;
    let mut bytes = Vec::new();
    import_report::write_csv(&tried.refused, language, &mut bytes)
        .map_err(|error| Refusal::internal("writing the refused rows", error))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, ATTACHMENT),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}

/// Positions of what would be imported, for a small map.
#[utoipa::path(get, path = "/api/v1/imports/{id}/preview", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    responses((status = 200, body = ImportPreview), (status = 404, body = Problem)))]
pub(crate) async fn preview(
    View(app): View,
    Path(id): Path<String>,
) -> Answer<Json<ImportPreview>> {
    let preview = run(&app, "trying a file", move |staging, ground| {
        Ok(shown::preview(&tried(staging, &id, ground)?.1))
    })
    .await?;
    Ok(Json(preview))
}

/// Pairs that may be one site: of the file, and of the file and what is there.
#[utoipa::path(get, path = "/api/v1/imports/{id}/duplicates", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import"), Paging),
    responses((status = 200, body = Page<PairItem>), (status = 404, body = Problem)))]
pub(crate) async fn pairs(
    View(app): View,
    Path(id): Path<String>,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<PairItem>>> {
    let slice = Slice::of(&query(asked)?)?;
    let page = run(&app, "trying a file", move |staging, ground| {
        let (staged, tried) = tried(staging, &id, ground)?;
        let Content::Sites(sites) = &tried.content else {
            return Ok(slice.page(&[], |(): &()| None));
        };
        Ok(slice.page(&sites.pairs.listed, |pair| {
            let decided = duplicates::staged(&staged, sites.ids(pair));
            Some(duplicates::item(pair, sites.sides(pair)?, decided))
        }))
    })
    .await?;
    Ok(Json(page))
}

/// Decides about pairs of a file that waits; nothing happens before it is applied.
#[utoipa::path(post, path = "/api/v1/imports/{id}/duplicates", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    request_body = PairDecisions,
    responses(
        (status = 200, body = PairsDecided),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn decide(
    View(app): View,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<PairsDecided>> {
    let asked: PairDecisions = json(body)?;
    let decisions = duplicates::staged_decisions(asked.decisions)?;
    let rule = asked.rule.map(|rule| duplicates::rule(&rule)).transpose()?;
    let changed = run(&app, "deciding about duplicates", move |staging, ground| {
        staging.decide(&id, &decisions, rule, ground)
    })
    .await?;
    Ok(Json(PairsDecided {
        changed: changed as u64,
    }))
}

/// Imports a file that waits: everything or nothing.
#[utoipa::path(post, path = "/api/v1/imports/{id}/apply", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    request_body = Signed,
    responses(
        (status = 200, body = ImportDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn apply(
    View(app): View,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<ImportDetail>> {
    let (signed, now) = (signed(&app, body)?, app.now_unix_ms());
    let detail = in_language(
        &app,
        &headers,
        "importing a file",
        move |staging, ground| {
            staging.apply(&id, ground, decision(&signed, now))?;
            applied_detail(&id, ground)
        },
    )
    .await?;
    app.imported().await;
    Ok(Json(detail))
}

/// Takes an import back: new sites are closed, changed ones are as before, merged ones are parted.
/// What was changed or is used since stays, and is named.
#[utoipa::path(post, path = "/api/v1/imports/{id}/undo", tag = "imports",
    params(("id" = String, Path, description = "identifier of the import")),
    request_body = Signed,
    responses(
        (status = 200, body = ImportDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn undo(
    View(app): View,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<ImportDetail>> {
    let (signed, now) = (signed(&app, body)?, app.now_unix_ms());
    let detail = in_language(&app, &headers, "undoing an import", move |_, ground| {
        staging::undo(&id, ground, decision(&signed, now))?;
        applied_detail(&id, ground)
    })
    .await?;
    app.imported().await;
    Ok(Json(detail))
}

type Tried = (Staged, Arc<DryRun>);

fn tried(staging: &Staging, id: &str, ground: Ground<'_>) -> Result<Tried, StagingError> {
    let staged = staging.get(id, ground.registry)?;
    let run = staging.dry_run(&staged, ground)?;
    Ok((staged, run))
}

/// A file that cannot be read with its mapping is shown all the same: the mapping is to be changed.
fn detail_of(staging: &Staging, staged: &Staged, ground: Ground<'_>) -> ImportDetail {
    let (dry_run, problem) = match staging.dry_run(staged, ground) {
        Ok(run) => (Some(shown::dry_run(staged, &run)), None),
        Err(error) => (None, Some(shown::text(&error))),
    };
    ImportDetail {
        import: shown::staged(staged),
        inspection: Some(shown::inspection(staged)),
        mapping: Some(mapping::shown(&staged.reading)),
        dry_run,
        problem,
    }
}

fn applied_detail(id: &str, ground: Ground<'_>) -> Result<ImportDetail, StagingError> {
    let found = ground.registry.import_run(id)?;
    let found = found.ok_or_else(|| StagingError::Missing(id.to_owned()))?;
    Ok(ImportDetail {
        import: shown::run(found),
        inspection: None,
        mapping: None,
        dry_run: None,
        problem: None,
    })
}
