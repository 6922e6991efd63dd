//! Answers that a browser may keep: an `ETag` over the bytes, 304 when they are the same.

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

/// Bytes of the digest in an `ETag`; chance collisions are out of reach with 16.
const TAG_BYTES: usize = 16;

/// The bytes under their `ETag`, or 304 when the caller has them.
pub(crate) fn answer(headers: &HeaderMap, media_type: &'static str, bytes: Bytes) -> Response {
    let digest = Sha256::digest(&bytes);
    let short = digest.get(..TAG_BYTES).unwrap_or(&digest);
    // Weak: the compression layer may change the bytes of the representation.
    let tag = format!("W/\"{}\"", data_encoding::HEXLOWER.encode(short));
    let same = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|known| known.to_str().ok())
        .flat_map(|known| known.split(','))
        .any(|known| known.trim() == tag || known.trim() == "*");
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        bytes.into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}
