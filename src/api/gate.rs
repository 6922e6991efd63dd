//! The gate: who asks, whether they may, and whether what they name is there for them.
//!
//! It stands before every route. What a route needs is said in [`policy`], in one place; what a viewer
//! does not see is not found, whether it exists or not.

use axum::RequestExt as _;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::{Answer, Code, Refusal};
use super::limits::Limits;
use super::seen::Unseen;
use crate::app::App;
use crate::doors::caller::Caller;
use crate::doors::policy::{self, Need, Object};
use crate::doors::viewer::Who;
use crate::doors::{CSRF_HEADER, Pass, SESSION_COOKIE, Shown, secret};

/// What the gate works with.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) house: Unseen,
    pub(super) limits: Limits,
}

/// Lets a request through, or answers why not.
pub(super) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match passed(&gate, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn passed(gate: &Gate, mut request: Request, next: Next) -> Answer<Response> {
    // No route: a file of the page, or nothing.
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return Ok(next.run(request).await);
    };
    let method = request.method().clone();
    let need = policy::need(method.as_str(), route.as_str());
    if need == Some(Need::Nothing) {
        return Ok(next.run(request).await);
    }
    let caller = request.extensions().get::<Caller>().copied();
    let caller = caller.unwrap_or(Caller::LOOPBACK);
    let pass = recognised(gate, request.headers(), caller).await?;
    let _place = gate.limits.place(&pass.viewer)?;
    let path = request.uri().path().to_owned();
    let changes = !matches!(method, Method::GET | Method::HEAD);
    let checked = checked(gate, &pass, (&method, route.as_str(), need), &mut request).await;
    let mut response = match checked {
        Ok(()) => {
            request.extensions_mut().insert(pass.clone());
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    tracing::trace!(%method, route = route.as_str(), status = response.status().as_u16(), "answered");
    if pass.viewer.who != Who::Machine {
        keep_private(&mut response);
        if changes {
            let status = response.status().as_u16();
            let noted = note(gate, &pass, (&method, path), (status, caller)).await;
            if noted.is_err() {
                tracing::error!(%method, "a change is not in the log of decisions");
            }
        }
    }
    Ok(response)
}

/// Whether somebody who was recognised may do this, on what they see.
async fn checked(
    gate: &Gate,
    pass: &Pass,
    (method, route, need): (&Method, &str, Option<Need>),
    request: &mut Request,
) -> Answer<()> {
    let viewer = &pass.viewer;
    match need {
        Some(Need::May(action)) if policy::may(viewer, action) => {}
        Some(_) => {
            return Err(Refusal::new(
                Code::NotAllowed,
                "your role does not allow this",
            ));
        }
        // What is not listed is for nobody; without accounts the router says what is there.
        None if viewer.who == Who::Machine => {}
        None if policy::ROUTES.iter().any(|(_, listed, _)| *listed == route) => {
            return Err(Refusal::new(
                Code::MethodNotAllowed,
                "this path has other methods",
            ));
        }
        None => return Err(Refusal::not_found("path", route)),
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        check_csrf(pass, request.headers())?;
    }
    if viewer.scope.is_whole() {
        return Ok(());
    }
    let Some(object) = policy::object(route) else {
        return Ok(());
    };
    let names = request.extract_parts::<RawPathParams>().await;
    let names = names.map_err(|error| Refusal::parameter("path", error))?;
    let first = names.iter().next().map(|(_, value)| value.to_owned());
    seen(&gate.house.seen_by(pass), object, first.unwrap_or_default()).await
}

/// Refuses what is out of a scope in the words for what does not exist.
async fn seen(app: &std::sync::Arc<App>, object: Object, id: String) -> Answer<()> {
    let (kind, is_seen) = match object {
        Object::Site => ("site", app.directory().site(&id).is_some()),
        Object::Agreement => ("agreement", app.directory().agreement(&id).is_some()),
        Object::Agent => {
            let agents = app.blocking("reading agents", App::agents).await?;
            ("agent", agents.iter().any(|agent| agent.id == id))
        }
    };
    if is_seen {
        return Ok(());
    }
    Err(Refusal::not_found(kind, &id))
}

async fn recognised(gate: &Gate, headers: &HeaderMap, caller: Caller) -> Answer<Pass> {
    let shown = shown(headers)?;
    let found = gate
        .house
        .door()
        .blocking("recognising who asks", move |doors, registry, now| {
            doors.recognise(registry, &shown, (caller.address, now))
        })
        .await?;
    found.ok_or_else(|| Refusal::new(Code::SignInNeeded, "sign in, or send a token"))
}

/// What a request shows.
pub(super) fn shown(headers: &HeaderMap) -> Answer<Shown> {
    let token = match headers.get(header::AUTHORIZATION).map(HeaderValue::to_str) {
        None => None,
        Some(value) => {
            let value = value.unwrap_or_default();
            let token = value
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let token = token.map(|(_, token)| token.trim().to_owned());
            Some(token.ok_or_else(|| {
                Refusal::new(
                    Code::SignInNeeded,
                    "Authorization: only Bearer is known here",
                )
            })?)
        }
    };
    Ok(Shown {
        session: cookie(headers, SESSION_COOKIE),
        token,
    })
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find(|(named, _)| *named == name)
        .map(|(_, value)| value.to_owned())
}

/// A session changes something only for a page that read its answer: another origin's cannot.
fn check_csrf(pass: &Pass, headers: &HeaderMap) -> Answer<()> {
    let Some(expected) = &pass.csrf else {
        return Ok(());
    };
    let sent = headers.get(CSRF_HEADER).and_then(|sent| sent.to_str().ok());
    if sent.is_some_and(|sent| secret::same(sent, expected)) {
        return Ok(());
    }
    let reason = format!("send the session's csrf value in the header {CSRF_HEADER}");
    Err(Refusal::new(Code::ForbiddenOrigin, reason))
}

/// What one person sees is kept by no shared cache, and shown to no other.
fn keep_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers.append(
        header::VARY,
        HeaderValue::from_static("cookie, authorization"),
    );
    let kept = headers.get(header::CACHE_CONTROL);
    let private = match kept.and_then(|kept| kept.to_str().ok()) {
        Some(kept) if kept.contains("no-store") || kept.contains("private") => return,
        Some(kept) => format!("private, {kept}"),
        None => "private, no-cache".to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&private) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

/// Records who changed something, or tried to, and from where.
async fn note(
    gate: &Gate,
    pass: &Pass,
    (method, path): (&Method, String),
    (status, caller): (u16, Caller),
) -> Answer<()> {
    let (author, method) = (pass.viewer.author(), method.as_str().to_owned());
    gate.house
        .door()
        .blocking("recording a request", move |_, registry, now| {
            let peer = caller.address.to_string();
            registry.note_request((now, &author), (&method, &path), (status, &peer))
        })
        .await
}
