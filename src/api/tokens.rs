//! Tokens of machines: Grafana, Prometheus, QGIS, scripts. They read, as what they were made for.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, rejection::BytesRejection};
use axum::http::StatusCode;

use super::agents::read;
use super::error::{Answer, Problem, Refusal};
use super::model::{NewToken, TokenItem, TokenMade};
use super::paging::Page;
use super::people::{decision, refused};
use super::seen::{Door, Way};
use super::time;
use crate::doors::secret;
use crate::doors::viewer::Who;
use crate::registry::MachineToken;

/// Longest life of a token, days: a year, so that what is forgotten ends.
const DAYS_MAX: u32 = 366;
const DAY_MS: i64 = 86_400 * 1_000;
/// What the secrets begin with: scanners for leaked secrets find them by it.
const PREFIX: &str = "desserte_";

/// Tokens, the newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "doors", responses(
    (status = 200, body = Page<TokenItem>),
))]
pub(crate) async fn tokens(door: Door) -> Answer<Json<Page<TokenItem>>> {
    let tokens = door
        .blocking("reading tokens", |_, registry, _| registry.tokens())
        .await?;
    let now = door.now_unix_ms();
    Ok(Json(Page {
        items: tokens.into_iter().map(|token| item(token, now)).collect(),
        next: None,
    }))
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "doors", request_body = NewToken, responses(
    (status = 201, body = TokenMade),
    (status = 400, body = Problem),
    (status = 409, body = Problem),
))]
pub(crate) async fn add(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<TokenMade>)> {
    let asked: NewToken = read(body)?;
    if !(1..=DAYS_MAX).contains(&asked.days) {
        return Err(Refusal::parameter("days", format!("from 1 to {DAYS_MAX}")));
    }
    let now = door.now_unix_ms();
    let token = MachineToken {
        id: secret::number(),
        name: asked.name,
        role: asked.role,
        reach: asked.reach,
        sensitive: asked.sensitive,
        person: match &pass.viewer.who {
            Who::Person { id, .. } => Some(id.clone()),
            Who::Machine | Who::Token { .. } => None,
        },
        created_at_unix_ms: now,
        expires_at_unix_ms: now + i64::from(asked.days) * DAY_MS,
        used_at_unix_ms: None,
        revoked_at_unix_ms: None,
    };
    let drawn = format!("{PREFIX}{}", secret::draw());
    let (hash, author, kept) = (secret::hash(&drawn), pass.viewer.author(), token.clone());
    door.blocking("making a token", move |_, registry, now| {
        let added = registry.add_token(&kept, &hash, decision(&author, now));
        Ok(added.map_err(refused))
    })
    .await??;
    let made = TokenMade {
        token: item(token, now),
        secret: drawn,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revokes a token: it is worth nothing from now on.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/revoke", tag = "doors",
    params(("id" = String, Path, description = "number of the token")),
    request_body = Object,
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn revoke(
    door: Door,
    Way(pass): Way,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<StatusCode> {
    let _: serde_json::Map<String, serde_json::Value> = read(body)?;
    let author = pass.viewer.author();
    door.blocking("revoking a token", move |_, registry, now| {
        let revoked = registry.revoke_token(&id, decision(&author, now));
        Ok(revoked.map_err(refused))
    })
    .await??;
    Ok(StatusCode::NO_CONTENT)
}

fn item(token: MachineToken, now_unix_ms: i64) -> TokenItem {
    let state = if token.revoked_at_unix_ms.is_some() {
        "revoked"
    } else if token.expires_at_unix_ms <= now_unix_ms {
        "expired"
    } else {
        "active"
    };
    TokenItem {
        id: token.id,
        name: token.name,
        role: token.role,
        reach: token.reach,
        sensitive: token.sensitive,
        person: token.person,
        created_at: time::text_or_epoch(token.created_at_unix_ms),
        expires_at: time::text_or_epoch(token.expires_at_unix_ms),
        used_at: token.used_at_unix_ms.map(time::text_or_epoch),
        state: state.to_owned(),
    }
}
