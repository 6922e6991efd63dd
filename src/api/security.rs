//! What every answer carries and every request must satisfy.
//!
//! A page of another origin must not reach the listener through the reader's browser: neither by a
//! name that resolves to it (DNS rebinding: the `Host` is checked against loopback and the names of the
//! configuration) nor by a form or script (the `Origin` of everything that changes something and the
//! content type of every body are checked; a session also needs its proof, see [`super::gate`]).

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use super::error::{Code, Refusal};
use crate::config::Web;
use crate::doors::caller::{Caller, Incoming, NotTrusted};

/// Requests worked on at once; the rest are told to come back. A page asks for some ten.
const REQUESTS_AT_ONCE_MAX: usize = 256;
/// Longest time for the head of an answer; a month of one site takes far less.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Largest body of a request, bytes: the bodies are a few fields.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Where a body is a file. Its own limit holds there.
const UPLOAD_PATH: &str = "/api/v1/imports";

/// Headers of every answer (OWASP secure headers; the policy allows nothing inline).
const HEADERS: [(HeaderName, HeaderValue); 6] = [
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
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];
/// Of answers under TLS: browsers ask for nothing else for a year (RFC 6797).
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What is checked against.
#[derive(Debug, Clone)]
pub(crate) struct Security(Arc<Checks>);

#[derive(Debug)]
struct Checks {
    /// Places for requests that are worked on.
    places: Semaphore,
    /// Names under which browsers reach the listener, beside loopback's.
    names: Vec<String>,
    /// Proxies whose words about the sender are believed.
    trusted_proxies: Vec<IpAddr>,
}

impl Security {
    pub(crate) fn new(web: &Web) -> Self {
        Self(Arc::new(Checks {
            places: Semaphore::new(REQUESTS_AT_ONCE_MAX),
            names: web.names.iter().map(|name| name.to_lowercase()).collect(),
            trusted_proxies: web.trusted_proxies.clone(),
        }))
    }
}

/// Checks the request, bounds its time, and dresses the answer.
pub(crate) async fn guard(
    State(Security(checks)): State<Security>,
    request: Request,
    next: Next,
) -> Response {
    let caller = caller(&checks, &request);
    let mut response = match checked(&checks, caller, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    if caller.is_ok_and(|caller| caller.secure) {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    response
}

/// Who sends a request: what the connection and trusted proxies say.
fn caller(checks: &Checks, request: &Request) -> Result<Caller, NotTrusted> {
    let Some(incoming) = request.extensions().get::<Incoming>().copied() else {
        return Ok(Caller::LOOPBACK);
    };
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    // A sender's own header does not stand before the proxy's: of several the last one counts.
    let mut forwarded = request.headers().get_all("x-forwarded-for").iter();
    let forwarded = forwarded.next_back().and_then(|value| value.to_str().ok());
    let said = (forwarded, text("x-forwarded-proto"));
    Caller::of(incoming, said, &checks.trusted_proxies)
}

async fn checked(
    checks: &Checks,
    caller: Result<Caller, NotTrusted>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let caller = caller.map_err(|NotTrusted| {
        Refusal::new(
            Code::ForbiddenOrigin,
            "only through the proxies that are trusted here",
        )
    })?;
    request.extensions_mut().insert(caller);
    let scheme = if caller.secure { "https" } else { "http" };
    request
        .headers_mut()
        .insert("x-forwarded-proto", HeaderValue::from_static(scheme));
    check_host(request.headers(), &checks.names)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        check_origin(request.headers(), caller.secure)?;
    }
    if matches!(*request.method(), Method::POST | Method::PUT) {
        let file = request.method() == Method::POST && request.uri().path() == UPLOAD_PATH;
        check_content_type(request.headers(), file)?;
    }
    let Ok(_place) = checks.places.try_acquire() else {
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

fn check_host(headers: &HeaderMap, names: &[String]) -> Result<(), Refusal> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match host {
        Some(host) if is_loopback_name(host) => Ok(()),
        Some(host)
            if names
                .iter()
                .any(|name| without_port(host).eq_ignore_ascii_case(name)) =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(
            Code::ForbiddenOrigin,
            "the Host header must be localhost, 127.0.0.1, [::1] or a name of the configuration",
        )),
    }
}

/// A request without an Origin comes from no page of another site: browsers send it with every
/// POST. With one, it must be the very address that was asked.
pub(super) fn check_origin(headers: &HeaderMap, secure: bool) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let own = origin
        .as_bytes()
        .strip_prefix(if secure { "https://" } else { "http://" }.as_bytes())
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
/// Nothing is unpacked here: what is packed cannot burst.
fn check_content_type(headers: &HeaderMap, file: bool) -> Result<(), Refusal> {
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::new(
            Code::UnsupportedMediaType,
            "send the body without Content-Encoding",
        ));
    }
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
    let name = without_port(host);
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
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
