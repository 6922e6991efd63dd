//! People: who may come in, as what, and the links by which they choose a password.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, rejection::BytesRejection};
use axum::http::StatusCode;

use super::agents::read;
use super::error::{Answer, Code, Problem, Refusal};
use super::model::{LinkAsked, LinkMade, NewPersonAsked, PersonChange, PersonItem};
use super::paging::Page;
use super::seen::{Door, Way};
use super::time;
use crate::doors::secret;
use crate::registry::{Decision, NewPerson, Person, Registry, RegistryError};

/// How long a link is worth something, milliseconds: three days, a weekend included.
pub(crate) const LINK_VALID_MS: i64 = 3 * 86_400 * 1_000;

/// Everybody, by identifier.
#[utoipa::path(get, path = "/api/v1/people", tag = "doors", responses(
    (status = 200, body = Page<PersonItem>),
))]
pub(crate) async fn people(door: Door) -> Answer<Json<Page<PersonItem>>> {
    let people = door
        .blocking("reading people", |_, registry, _| registry.people())
        .await?;
    Ok(Json(Page {
        items: people.into_iter().map(item).collect(),
        next: None,
    }))
}

/// Adds a person, and makes the link by which they choose a password.
#[utoipa::path(post, path = "/api/v1/people", tag = "doors", request_body = NewPersonAsked,
    responses(
        (status = 201, body = LinkMade),
        (status = 400, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn add(
    door: Door,
    Way(pass): Way,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<LinkMade>)> {
    let asked: NewPersonAsked = read(body)?;
    let author = pass.viewer.author();
    let made = door
        .blocking("adding a person", move |doors, registry, now| {
            // The first administrator is added on the machine: else this page would shut itself out.
            if doors.mode(registry)? != crate::doors::Mode::Closed {
                return Ok(Err(Refusal::new(
                    Code::Conflict,
                    "the first administrator is added on the machine, by desserte users add",
                )));
            }
            let new = NewPerson {
                id: asked.id,
                name: asked.name,
                role: asked.role,
                reach: asked.reach,
                invented: false,
            };
            let done = registry
                .add_person(&new, decision(&author, now))
                .and_then(|()| make_link(registry, &new.id, false, (&author, now)));
            Ok(done.map_err(refused))
        })
        .await??;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Changes what a person comes in as, or shuts them out: their sessions end.
#[utoipa::path(put, path = "/api/v1/people/{id}", tag = "doors",
    params(("id" = String, Path, description = "the account")),
    request_body = PersonChange,
    responses(
        (status = 200, body = PersonItem),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "the last administrator stays", body = Problem),
    ))]
pub(crate) async fn change(
    door: Door,
    Way(pass): Way,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<PersonItem>> {
    let asked: PersonChange = read(body)?;
    let author = pass.viewer.author();
    let person = door
        .blocking("changing a person", move |_, registry, now| {
            let by = decision(&author, now);
            let changed = changed(registry, &id, &asked, by);
            Ok(changed.map_err(refused))
        })
        .await??;
    Ok(Json(item(person)))
}

fn changed(
    registry: &Registry,
    id: &str,
    asked: &PersonChange,
    by: Decision<'_>,
) -> Result<Person, RegistryError> {
    let missing = || RegistryError::Missing {
        what: "person",
        id: id.to_owned(),
    };
    let before = registry.person(id)?.ok_or_else(missing)?;
    if (before.role, &before.reach) != (asked.role, &asked.reach) {
        registry.set_role(id, (asked.role, &asked.reach), by)?;
    }
    if before.disabled_at_unix_ms.is_some() != asked.disabled {
        registry.set_disabled(id, asked.disabled, by)?;
    }
    registry.person(id)?.ok_or_else(missing)
}

/// Makes a one-time link by which a person chooses a password; links before it are worth nothing.
#[utoipa::path(post, path = "/api/v1/people/{id}/link", tag = "doors",
    params(("id" = String, Path, description = "the account")),
    request_body = LinkAsked,
    responses(
        (status = 201, body = LinkMade),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn link(
    door: Door,
    Way(pass): Way,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<LinkMade>)> {
    let asked: LinkAsked = read(body)?;
    let author = pass.viewer.author();
    let made = door
        .blocking("making a link", move |_, registry, now| {
            let made = make_link(registry, &id, asked.reset, (&author, now));
            Ok(made.map_err(refused))
        })
        .await??;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes a link, kept as a hash.
pub(crate) fn make_link(
    registry: &Registry,
    id: &str,
    reset: bool,
    (author, now_unix_ms): (&str, i64),
) -> Result<LinkMade, RegistryError> {
    let drawn = secret::draw();
    let expires = now_unix_ms + LINK_VALID_MS;
    let hash = secret::hash(&drawn);
    registry.add_link(id, (&hash, expires), reset, decision(author, now_unix_ms))?;
    Ok(LinkMade {
        person: id.to_owned(),
        path: format!("/#/invitation/{drawn}"),
        expires_at: time::text_or_epoch(expires),
    })
}

pub(super) fn decision(author: &str, at_unix_ms: i64) -> Decision<'_> {
    Decision {
        author,
        at_unix_ms,
        reason: "",
    }
}

pub(super) fn refused(error: RegistryError) -> Refusal {
    match error {
        RegistryError::Missing { what, id } => Refusal::not_found(what, &id),
        RegistryError::Conflict { what, id, reason } => {
            Refusal::new(Code::Conflict, format!("{what} {id}: {reason}"))
        }
        RegistryError::Invalid { field, reason, .. } => Refusal::parameter(field, reason),
        error => Refusal::internal("changing people", error),
    }
}

fn item(person: Person) -> PersonItem {
    let state = match (
        person.disabled_at_unix_ms,
        person.has_password || person.invented,
    ) {
        (Some(_), _) => "disabled",
        (None, true) => "active",
        (None, false) => "invited",
    };
    PersonItem {
        id: person.id,
        name: person.name,
        role: person.role,
        reach: person.reach,
        state: state.to_owned(),
        second_factor: person.has_totp,
        invented: person.invented,
        created_at: time::text_or_epoch(person.created_at_unix_ms),
        signed_in_at: person.signed_in_at_unix_ms.map(time::text_or_epoch),
    }
}
