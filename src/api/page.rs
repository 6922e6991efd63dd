//! The web page, compiled into the binary.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::{Code, Refusal};

/// The built page. The folder may be missing: the collector compiles without it and says so.
#[derive(RustEmbed)]
#[folder = "dashboards/web/dist"]
#[allow_missing = true]
struct Files;

/// Digest of the page's files, set by the build: the compiler then notices that they changed.
const _: Option<&str> = option_env!("DESSERTE_PAGE_DIGEST");

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\">\
    <title>Desserte</title></head><body><h1>Desserte</h1>\
    <p>La page web n’a pas été construite dans ce binaire : lancez <code>make page</code>, puis \
    recompilez. L’interface HTTP fonctionne : <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p>\
    <p lang=\"en\">The web page was not built into this binary: run <code>make page</code>, then \
    compile again. The HTTP interface works: <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p>\
    </body></html>\n";

/// Answers whatever is no route of the interface: a file of the page, or not found.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return Refusal::not_found("path", path).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::new(Code::MethodNotAllowed, "only GET and HEAD here").into_response();
    }
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    if let Some(file) = Files::get(name) {
        return found(name, file, request.headers());
    }
    if name == "index.html" {
        return Html(NOT_BUILT).into_response();
    }
    Refusal::not_found("path", path).into_response()
}

fn found(name: &str, plain: EmbeddedFile, headers: &HeaderMap) -> Response {
    let packed = accepts_brotli(headers)
        .then(|| Files::get(&format!("{name}.br")))
        .flatten();
    let encoded = packed.is_some();
    let file = packed.unwrap_or(plain);
    let digest = data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash());
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    let same = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_owned().into_response()
    };
    let answer = response.headers_mut();
    answer.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(name)),
    );
    answer.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    // The bundler puts a digest of the content into the names under assets/.
    let keep = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    if encoded {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|accepted| accepted.to_str().ok())
        .is_some_and(|accepted| {
            accepted.split(',').any(|one| {
                let mut parts = one.split(';').map(str::trim);
                parts.next() == Some("br") && parts.next() != Some("q=0")
            })
        })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
