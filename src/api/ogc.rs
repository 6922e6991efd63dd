//! OGC API – Features – Part 1: Core 1.0.1 (OGC 17-069r4): sites, outages, gaps and the ranking for map
//! programs such as QGIS, live. Coordinates are CRS84; nothing can be changed here.

mod asked;
mod collection;
mod document;
mod items;

use axum::{
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::error::{Answer, Problem, Refusal};
use super::seen::View;
use asked::{Asked, Parameters, without_parameters};
use collection::Collection;

/// Where this interface begins.
const BASE: &str = "/ogc";
/// The coordinate system of everything here.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const JSON: &str = "application/json";
const GEOJSON: &str = "application/geo+json";
/// An OpenAPI 3.0 document (OGC 17-069r4, 7.3.2).
const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";
/// What is conformed to.
const CONFORMANCE: [&str; 3] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
];

/// An address of this interface, as the caller reached it. The guard let no other host through.
struct Root(String);

impl Root {
    fn of(headers: &HeaderMap) -> Self {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        // The guard says in this header, whatever was sent, how the browser came here.
        let scheme = headers.get("x-forwarded-proto");
        let scheme = match scheme.map(axum::http::HeaderValue::as_bytes) {
            Some(b"https") => "https",
            _ => "http",
        };
        Self(format!("{scheme}://{}{BASE}", host.unwrap_or("localhost")))
    }

    fn link(&self, path: &str, (rel, media_type, title): (&str, &str, &str)) -> Value {
        let href = format!("{}{path}", self.0);
        json!({ "href": href, "rel": rel, "type": media_type, "title": title })
    }
}

/// An answer of JSON, in one of its media types.
fn answer(value: &Value, media_type: &'static str) -> Response {
    let mut response = value.to_string().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What there is, and where (OGC API – Features 1.0: landing page).
#[utoipa::path(get, path = "/ogc", tag = "ogc", responses(
    (status = 200, description = "landing page", body = Object),
    (status = 400, body = Problem),
))]
pub(crate) async fn landing(
    headers: HeaderMap,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    let root = Root::of(&headers);
    let page = json!({
        "title": "Desserte",
        "description": "How public sites are connected: sites, outages, gaps and the ranking. Where a \
            demonstration made something up, its features say so (simulated, invented).",
        "links": [
            root.link("", ("self", JSON, "this document")),
            root.link("/api", ("service-desc", OPENAPI, "the interface, OpenAPI 3.0")),
            root.link("/conformance", ("conformance", JSON, "what is conformed to")),
            root.link("/collections", ("data", JSON, "the collections")),
        ],
    });
    Ok(answer(&page, JSON))
}

/// What is conformed to (OGC API – Features 1.0).
#[utoipa::path(get, path = "/ogc/conformance", tag = "ogc", responses(
    (status = 200, description = "conformance classes", body = Object),
    (status = 400, body = Problem),
))]
pub(crate) async fn conformance(
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    Ok(answer(&json!({ "conformsTo": CONFORMANCE }), JSON))
}

/// This interface as an OpenAPI 3.0 document.
#[utoipa::path(get, path = "/ogc/api", tag = "ogc", responses(
    (status = 200, description = "OpenAPI 3.0 document", body = Object),
    (status = 400, body = Problem),
))]
pub(crate) async fn api(
    headers: HeaderMap,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    Ok(answer(&document::openapi(&Root::of(&headers).0), OPENAPI))
}

/// The collections (OGC API – Features 1.0).
#[utoipa::path(get, path = "/ogc/collections", tag = "ogc", responses(
    (status = 200, description = "collections", body = Object),
    (status = 400, body = Problem),
))]
pub(crate) async fn collections(
    View(app): View,
    headers: HeaderMap,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    let root = Root::of(&headers);
    let all: Vec<_> = Collection::seen_by(&app)
        .map(|one| one.described(&app, &root))
        .collect();
    let page = json!({
        "links": [root.link("/collections", ("self", JSON, "this document"))],
        "collections": all,
    });
    Ok(answer(&page, JSON))
}

/// One collection: `sites`, `outages`, `gaps` or `plans` (OGC API – Features 1.0).
#[utoipa::path(get, path = "/ogc/collections/{collection}", tag = "ogc",
    params(("collection" = String, Path, description = "sites, outages, gaps or plans")),
    responses(
        (status = 200, description = "a collection", body = Object),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn collection(
    View(app): View,
    headers: HeaderMap,
    Path(id): Path<String>,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    let described = Collection::named(&app, &id)?.described(&app, &Root::of(&headers));
    Ok(answer(&described, JSON))
}

/// Features of a collection: GeoJSON, in pages (OGC API – Features 1.0).
#[utoipa::path(get, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(
        ("collection" = String, Path, description = "sites, outages, gaps or plans"),
        ("bbox" = Option<String>, Query, description = "west,south,east,north in degrees"),
        ("datetime" = Option<String>, Query, description = "a moment, or from/to; .. leaves an end open"),
        ("limit" = Option<String>, Query, description = "features in the page: 100 by default, at most 1,000"),
        ("cursor" = Option<String>, Query, description = "that of the next link of the page before"),
    ),
    responses(
        (status = 200, content_type = "application/geo+json", body = Object),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn items(
    View(app): View,
    headers: HeaderMap,
    Path(id): Path<String>,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    let collection = Collection::named(&app, &id)?;
    let asked = Asked::read(super::query(asked)?)?;
    let page = {
        let asked = asked.clone();
        app.blocking("reading features", move |app| {
            items::page(app, collection, &asked)
        })
        .await?
    };
    let (root, path) = (Root::of(&headers), format!("/collections/{id}/items"));
    let mut links = vec![
        root.link(
            &asked.path(&path, asked.cursor.as_deref()),
            ("self", GEOJSON, "this page"),
        ),
        root.link(
            &format!("/collections/{id}"),
            ("collection", JSON, "the collection"),
        ),
    ];
    if let Some(next) = &page.next {
        let path = asked.path(&path, Some(next));
        links.push(root.link(&path, ("next", GEOJSON, "the page that follows")));
    }
    let body = json!({
        "type": "FeatureCollection",
        "timeStamp": super::time::text_or_epoch(app.now_unix_ms()),
        "numberReturned": page.features.len(),
        "links": links,
        "features": page.features,
    });
    Ok(with_crs(answer(&body, GEOJSON)))
}

/// One feature (OGC API – Features 1.0).
#[utoipa::path(get, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(
        ("collection" = String, Path, description = "sites, outages, gaps or plans"),
        ("feature" = String, Path, description = "identifier: of a site, or the number of an outage"),
    ),
    responses(
        (status = 200, content_type = "application/geo+json", body = Object),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn item(
    View(app): View,
    headers: HeaderMap,
    Path((id, feature)): Path<(String, String)>,
    asked: Result<Query<Parameters>, QueryRejection>,
) -> Answer<Response> {
    without_parameters(asked)?;
    let collection = Collection::named(&app, &id)?;
    let found = {
        let feature = feature.clone();
        app.blocking("reading a feature", move |app| {
            items::one(app, collection, &feature)
        })
        .await?
    };
    let mut found = found.ok_or_else(|| Refusal::not_found("feature", &feature))?;
    let root = Root::of(&headers);
    let segment = asked::encoded(&feature);
    let links = json!([
        root.link(
            &format!("/collections/{id}/items/{segment}"),
            ("self", GEOJSON, "this feature")
        ),
        root.link(
            &format!("/collections/{id}"),
            ("collection", JSON, "the collection")
        ),
    ]);
    if let Some(members) = found.as_object_mut() {
        members.insert("links".to_owned(), links);
    }
    Ok(with_crs(answer(&found, GEOJSON)))
}

/// Says the coordinate system (OGC 18-058r1, 8.3), which is always the same.
fn with_crs(mut response: Response) -> Response {
    let crs = HeaderValue::from_static("<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
    response.headers_mut().insert("content-crs", crs);
    response
}
