//! Files to keep: their language, and the headers that make a browser keep them.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::error::{Answer, Refusal};
use crate::export::Language;

/// The language of a file; French when it is not said.
pub(crate) fn language(asked: Option<&str>) -> Answer<Language> {
    match asked {
        None | Some("fr") => Ok(Language::Fr),
        Some("en") => Ok(Language::En),
        Some(other) => Err(Refusal::parameter(
            "language",
            format!("{other:?} is not fr or en"),
        )),
    }
}

/// A file that the browser keeps rather than shows.
pub(crate) fn attachment(
    bytes: Vec<u8>,
    media_type: &'static str,
    disposition: &'static str,
) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(disposition),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
