//! What every answer carries and every request must satisfy.
//!
//! The listener has no accounts, so it answers loopback only. A page of another origin must not
//! reach it through the reader's browser: neither by a name that resolves to loopback (DNS
//! rebinding: the `Host` is checked) nor by a form or script (the `Origin` of
//! everything that changes something and the content type of every body are checked).

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use super::error::{Code, Refusal};

/// Requests worked on at once; the rest are told to come back. A page asks for some ten.
const REQUESTS_AT_ONCE_MAX: usize = 256;
/// Longest time for the head of an answer; a month of one site takes far less.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Largest body of a request, bytes: the bodies are a few fields.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Where a body is a file. Its own limit holds there.
const UPLOAD_PATH: &str = "/api/v1/imports";

/// Headers of every answer (OWASP secure headers; the policy allows nothing inline).
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'self'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Places for requests that are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX)))
    }
}

/// Checks the request, bounds its time, and dresses the answer.
pub(crate) async fn guard(State(places): State<Places>, request: Request, next: Next) -> Response {
    let mut response = match checked(&places, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

async fn checked(places: &Places, request: Request, next: Next) -> Result<Response, Refusal> {
    check_host(request.headers())?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        check_origin(request.headers())?;
    }
    if matches!(*request.method(), Method::POST | Method::PUT) {
        let file = request.method() == Method::POST && request.uri().path() == UPLOAD_PATH;
        check_content_type(request.headers(), file)?;
    }
    let Ok(_place) = places.0.try_acquire() else {
        return Err(Refusal::new(
            Code::Busy,
            "too many requests at once; try again",
        ));
    };
    tokio::time::timeout(ANSWER_TIME_MAX, next.run(request))
        .await
        .map_err(|_| Refusal::new(Code::Timeout, "the answer took longer than allowed"))
}

/// Answers a panic of a handler: that request's failure, nobody else's.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Refusal::internal("answering the request", text).into_response()
}

fn check_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match host {
        Some(host) if is_loopback_name(host) => Ok(()),
        _ => Err(Refusal::new(
            Code::ForbiddenOrigin,
            "the Host header must be localhost, 127.0.0.1 or [::1]",
        )),
    }
}

/// A request without an Origin comes from no page of another site: browsers send it with every
/// POST. With one, it must be the very address that was asked.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let own = origin
        .as_bytes()
        .strip_prefix(b"http://")
        .is_some_and(|authority| Some(authority) == host);
    if own {
        return Ok(());
    }
    Err(Refusal::new(
        Code::ForbiddenOrigin,
        "the Origin of a request that changes something must be this listener's own address",
    ))
}

/// A form can send a POST across origins without asking, but neither as JSON nor as bytes without a
/// type (Fetch, CORS-safelisted request headers).
fn check_content_type(headers: &HeaderMap, file: bool) -> Result<(), Refusal> {
    let wanted = if file {
        "application/octet-stream"
    } else {
        "application/json"
    };
    let right = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted));
    if right {
        return Ok(());
    }
    Err(Refusal::new(
        Code::UnsupportedMediaType,
        format!("send the body with Content-Type: {wanted}"),
    ))
}

/// Whether a `Host` names this machine's loopback. Any port: a tunnel changes it.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_hosts() {
        for right in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8420",
            "[::1]:1",
            "[::1]",
        ] {
            assert!(is_loopback_name(right), "{right}");
        }
        for wrong in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org:80",
            "127.0.0.1:80:80x",
            "[::2]",
            "0.0.0.0:1",
        ] {
            assert!(!is_loopback_name(wrong), "{wrong}");
        }
    }
}
