//! What people change of their own account: password and second factor.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;

use super::error::{Answer, Code, Problem, Refusal};
use super::model::{PasswordChange, PasswordGiven, SecondFactor, SecondFactorConfirm};
use super::seen::{Door, Way};
use super::session::{read_secret, refused};
use crate::doors::sign_in::NotIn;
use crate::doors::viewer::Who;
use crate::doors::{Pass, password, totp};

/// Changes the own password. Sessions and known browsers end: sign in anew.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "doors",
    request_body = PasswordChange,
    responses(
        (status = 204),
        (status = 400, body = Problem),
        (status = 401, description = "the password until now is wrong", body = Problem),
    ))]
pub(crate) async fn password(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<StatusCode> {
    let asked: PasswordChange = read_secret(body)?;
    let id = own(&pass)?;
    password::check(&asked.new_password, &id)
        .map_err(|error| Refusal::new(Code::UnfitPassword, format!("new_password: {error}")))?;
    check(&door, &id, asked.password).await?;
    let stored = door
        .doors()
        .hash(asked.new_password)
        .await
        .map_err(refused)?;
    door.blocking("changing a password", move |_, registry, now| {
        registry.set_password(&id, &stored, now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a second factor: a secret for an authenticator. Nothing is asked for before it is confirmed.
#[utoipa::path(post, path = "/api/v1/session/totp", tag = "doors", request_body = PasswordGiven,
    responses(
        (status = 200, body = SecondFactor),
        (status = 401, description = "the password is wrong", body = Problem),
    ))]
pub(crate) async fn totp(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<SecondFactor>> {
    let asked: PasswordGiven = read_secret(body)?;
    let id = own(&pass)?;
    check(&door, &id, asked.password).await?;
    let (secret, address) = totp::draw(&id);
    Ok(Json(SecondFactor { secret, address }))
}

/// Confirms a second factor by a code: from now on one is asked for at every sign-in.
#[utoipa::path(post, path = "/api/v1/session/totp/confirm", tag = "doors",
    request_body = SecondFactorConfirm,
    responses(
        (status = 204),
        (status = 401, description = "the code is wrong", body = Problem),
        (status = 409, description = "a second factor is set already", body = Problem),
    ))]
pub(crate) async fn confirm_totp(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<StatusCode> {
    let asked: SecondFactorConfirm = read_secret(body)?;
    let id = own(&pass)?;
    let step = totp::step(&asked.secret, &asked.code, None, door.now_unix_ms());
    let step = step.ok_or_else(|| Refusal::new(Code::CodeNeeded, "the code is wrong"))?;
    let set = door
        .blocking("setting a second factor", move |_, registry, now| {
            if registry.person(&id)?.is_none_or(|one| one.has_totp) {
                return Ok(false);
            }
            registry.set_totp(&id, Some((&asked.secret, step)), now)?;
            Ok(true)
        })
        .await?;
    if set {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::new(
            Code::Conflict,
            "a second factor is set already",
        ))
    }
}

/// Takes the own second factor away.
#[utoipa::path(post, path = "/api/v1/session/totp/remove", tag = "doors",
    request_body = PasswordGiven,
    responses(
        (status = 204),
        (status = 401, description = "the password is wrong", body = Problem),
    ))]
pub(crate) async fn remove_totp(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<StatusCode> {
    let asked: PasswordGiven = read_secret(body)?;
    let id = own(&pass)?;
    check(&door, &id, asked.password).await?;
    door.blocking("removing a second factor", move |_, registry, now| {
        registry.set_totp(&id, None, now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The own account; whoever has none changes nothing of it.
fn own(pass: &Pass) -> Answer<String> {
    match &pass.viewer.who {
        Who::Person { id, .. } if pass.session.is_some() => Ok(id.clone()),
        _ => Err(Refusal::new(
            Code::Conflict,
            "there is no account to change",
        )),
    }
}

/// Whoever sits down at an open page does not change its owner's password.
async fn check(door: &Door, id: &str, typed: String) -> Answer<()> {
    let admitted = door.doors().admit_own(id, door.now_unix_ms());
    admitted.map_err(|seconds| refused(NotIn::Throttled(seconds)))?;
    let account = id.to_owned();
    let lock = door
        .blocking("reading an account", move |_, registry, _| {
            registry.lock_of(&account)
        })
        .await?;
    let right = door
        .doors()
        .evaluate(typed, lock.password, true)
        .await
        .map_err(refused)?;
    if right {
        return Ok(());
    }
    Err(Refusal::new(Code::SignInFailed, "the password is wrong"))
}
