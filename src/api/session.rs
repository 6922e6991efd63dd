//! Signing in and out, and the one-time links by which people choose a password.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::agents::read;
use super::error::{Answer, Code, Problem, Refusal};
use super::gate::{cookie, shown};
use super::model::{
    DemonstrationRole, Invitation, InvitationAccept, InvitationLook, Session, SignIn,
};
use super::seen::{Door, From};
use crate::doors::policy::{Action, may};
use crate::doors::scope::Reach;
use crate::doors::sign_in::{Attempt, NotIn};
use crate::doors::viewer::{Viewer, Who};
use crate::doors::{DEVICE_COOKIE, Mode, Pass, SESSION_COOKIE, password, secret};
use crate::registry::{DEVICE_LIFE_MS, SESSION_LIFE_MS};

/// Who is signed in, and what they may.
#[utoipa::path(get, path = "/api/v1/session", tag = "doors", responses(
    (status = 200, body = Session),
))]
pub(crate) async fn session(
    door: Door,
    From(caller): From,
    headers: HeaderMap,
) -> Answer<Json<Session>> {
    // A token that is worth nothing is nobody's.
    let shown = shown(&headers).unwrap_or_default();
    let found = door
        .blocking("recognising who asks", move |doors, registry, now| {
            let mode = doors.mode(registry)?;
            let pass = doors.recognise(registry, &shown, (caller.address, now))?;
            let person = match pass.as_ref().map(|pass| &pass.viewer.who) {
                Some(Who::Person { id, .. }) => registry.person(id)?,
                _ => None,
            };
            Ok((mode, pass, person.is_some_and(|one| one.has_totp)))
        })
        .await?;
    let (mode, pass, second_factor) = found;
    Ok(Json(state(mode, pass.as_ref(), second_factor)))
}

fn state(mode: Mode, pass: Option<&Pass>, second_factor: bool) -> Session {
    let viewer = pass.map(|pass| pass.viewer.as_ref());
    let (person, name) = match viewer.map(|viewer| &viewer.who) {
        Some(Who::Person { id, name } | Who::Token { id, name }) => {
            (Some(id.clone()), Some(name.clone()))
        }
        Some(Who::Machine) | None => (None, None),
    };
    let allowed = |viewer: &Viewer| {
        let allowed = Action::ALL.into_iter().filter(|one| may(viewer, *one));
        allowed.map(|one| one.identifier().to_owned()).collect()
    };
    Session {
        mode: mode.identifier().to_owned(),
        signed_in: viewer.is_some(),
        person,
        name,
        role: viewer.map(|viewer| viewer.role),
        reach: viewer.map(reach).unwrap_or_default(),
        may: viewer.map(allowed).unwrap_or_default(),
        csrf: pass.and_then(|pass| pass.csrf.clone()),
        second_factor,
    }
}

fn reach(viewer: &Viewer) -> Vec<String> {
    match &viewer.scope.reach {
        Reach::Country => Vec::new(),
        Reach::Regions(names) | Reach::Contractors(names) => names.iter().cloned().collect(),
        Reach::Site(id) => vec![id.clone()],
    }
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "doors", request_body = SignIn, responses(
    (status = 200, body = Session),
    (status = 400, body = Problem),
    (status = 401, description = "wrong, or the second factor is needed", body = Problem),
    (status = 429, description = "too many tries", body = Problem),
))]
pub(crate) async fn sign_in(
    door: Door,
    From(caller): From,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Response> {
    let asked: SignIn = read_secret(body)?;
    let attempt = Attempt {
        account: asked.person,
        password: asked.password,
        code: asked.code,
        peer: caller.address,
        device: cookie(&headers, DEVICE_COOKIE),
    };
    if door
        .blocking("looking at the door", |doors, registry, _| {
            doors.mode(registry)
        })
        .await?
        != Mode::Closed
    {
        return Err(Refusal::new(Code::SignInFailed, NotIn::Wrong.to_string()));
    }
    let registry = Arc::clone(door.registry());
    let signed_in = door
        .doors()
        .sign_in(registry, attempt, door.now_unix_ms())
        .await;
    let signed_in = signed_in.map_err(refused)?;
    // A new session has a new name; the one before is worth nothing any more.
    end(&door, &headers).await?;
    let second_factor = signed_in.person.has_totp;
    let pass = Pass {
        viewer: Arc::new(Viewer::of_person(&signed_in.person)),
        csrf: Some(secret::derived(&signed_in.session, "csrf")),
        session: None,
    };
    let mut response = Json(state(Mode::Closed, Some(&pass), second_factor)).into_response();
    set_cookie(
        &mut response,
        SESSION_COOKIE,
        &signed_in.session,
        SESSION_LIFE_MS,
    );
    if let Some(device) = &signed_in.device {
        set_cookie(&mut response, DEVICE_COOKIE, device, DEVICE_LIFE_MS);
    }
    Ok(response)
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "doors", responses((status = 204)))]
pub(crate) async fn sign_out(door: Door, headers: HeaderMap) -> Answer<Response> {
    end(&door, &headers).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, SESSION_COOKIE, "", 0);
    Ok(response)
}

async fn end(door: &Door, headers: &HeaderMap) -> Answer<()> {
    let Some(old) = cookie(headers, SESSION_COOKIE) else {
        return Ok(());
    };
    door.blocking("ending a session", move |_, registry, now| {
        registry.end_session(&secret::hash(&old), now)
    })
    .await
}

/// In a demonstration, looks as another of its invented people.
#[utoipa::path(post, path = "/api/v1/session/role", tag = "doors", request_body = DemonstrationRole,
    responses((status = 200, body = Session), (status = 404, body = Problem)))]
pub(crate) async fn role(
    door: Door,
    From(caller): From,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Response> {
    let asked: DemonstrationRole = read(body)?;
    let session = secret::draw();
    let hash = secret::hash(&session);
    let person = door
        .blocking("changing the role", move |doors, registry, now| {
            if doors.mode(registry)? != Mode::Demonstration || !caller.address.is_loopback() {
                return Ok(None);
            }
            let people = registry.people()?;
            let wanted = people
                .into_iter()
                .find(|one| one.invented && one.role == asked.role);
            if let Some(person) = &wanted {
                let peer = caller.address.to_string();
                registry.open_session(&hash, &person.id, (&peer, now))?;
            }
            Ok(wanted)
        })
        .await?
        .ok_or_else(|| Refusal::not_found("path", "/api/v1/session/role"))?;
    end(&door, &headers).await?;
    let pass = Pass {
        viewer: Arc::new(Viewer::of_person(&person)),
        csrf: Some(secret::derived(&session, "csrf")),
        session: None,
    };
    let mut response = Json(state(Mode::Demonstration, Some(&pass), false)).into_response();
    set_cookie(&mut response, SESSION_COOKIE, &session, SESSION_LIFE_MS);
    Ok(response)
}

/// Whose one-time link it is.
#[utoipa::path(post, path = "/api/v1/invitations/look", tag = "doors",
    request_body = InvitationLook,
    responses((status = 200, body = Invitation), (status = 404, body = Problem)))]
pub(crate) async fn look(
    door: Door,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<Invitation>> {
    let asked: InvitationLook = read_secret(body)?;
    let hash = secret::hash(&asked.secret);
    let person = door
        .blocking("looking at a link", move |_, registry, now| {
            registry.link_person(&hash, now)
        })
        .await?
        .ok_or_else(spent)?;
    Ok(Json(Invitation {
        person: person.id,
        name: person.name,
        password_characters_min: password::CHARACTERS_MIN as u64,
    }))
}

/// Chooses a password by a one-time link. Signing in comes after.
#[utoipa::path(post, path = "/api/v1/invitations/accept", tag = "doors",
    request_body = InvitationAccept,
    responses(
        (status = 204),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
    ))]
pub(crate) async fn accept(door: Door, body: Result<Bytes, BytesRejection>) -> Answer<StatusCode> {
    let asked: InvitationAccept = read_secret(body)?;
    let hash = secret::hash(&asked.secret);
    let looked =
        move |_: &_, registry: &crate::registry::Registry, now| registry.link_person(&hash, now);
    let person = door
        .blocking("looking at a link", looked)
        .await?
        .ok_or_else(spent)?;
    password::check(&asked.password, &person.id)
        .map_err(|error| Refusal::new(Code::UnfitPassword, format!("password: {error}")))?;
    let stored = door.doors().hash(asked.password).await.map_err(refused)?;
    let used = door
        .blocking("choosing a password", move |_, registry, now| {
            registry.use_link(&hash, (&person.id, &stored), now)
        })
        .await?;
    if used {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(spent())
    }
}

/// A link that was used, is too old, or never was.
fn spent() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "the link was used, is too old, or is not complete",
    )
}

/// Reads a body that holds a secret: what is wrong with it is not repeated.
pub(super) fn read_secret<T: serde::de::DeserializeOwned>(
    body: Result<Bytes, BytesRejection>,
) -> Answer<T> {
    let body = body.map_err(|rejection| Refusal::new(Code::TooLarge, rejection.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Refusal::parameter(
            "body",
            format!("not as described, line {line} column {column}"),
        )
    })
}

pub(super) fn refused(error: NotIn) -> Refusal {
    match error {
        NotIn::Wrong => Refusal::new(Code::SignInFailed, error.to_string()),
        NotIn::CodeNeeded | NotIn::CodeWrong => Refusal::new(Code::CodeNeeded, error.to_string()),
        NotIn::Throttled(seconds) => Refusal::new(Code::TooMany, error.to_string()).after(seconds),
        NotIn::Busy => Refusal::new(Code::Busy, error.to_string()),
        NotIn::Registry(_) | NotIn::Failed(_) => Refusal::internal("signing in", error),
    }
}

fn set_cookie(response: &mut Response, name: &str, value: &str, life_ms: i64) {
    let seconds = life_ms / 1_000;
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    // Letters, digits, '-' and '_' only: always a header's value.
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
