//! Final statements: their revisions, what differs, their bundles, and what the parties say of outages.

use std::io::Write;
use std::sync::Arc;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use desserte_domain::agreement::in_force;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::agents::{read, signer};
use super::error::{Answer, Code, Refusal};
use super::model::{AttachmentItem, AttachmentRequest, ContestItem, ContestRequest, RevisionItem};
use super::paging::Page;
use super::seen::View;
use super::{agreements, exclusions, query, time};
use crate::app::App;
use crate::ledger::bundle::write::Recorded;
use crate::ledger::settle::between;
use crate::registry::{Attachment, Contest, RegistryError, StoredStatement};

/// Pieces of a bundle that wait for a slow reader.
const PIECES: usize = 8;
/// Bytes of a piece.
const PIECE_BYTES: usize = 256 * 1024;

/// Which statement of the month.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartQuery {
    /// The version of the terms, where they change in the month; the last one when left out.
    pub(super) version: Option<String>,
    /// The revision, from 1; the last one when left out.
    revision: Option<String>,
}

impl PartQuery {
    pub(super) fn revision(&self) -> Answer<Option<u32>> {
        let number = |text: &String| text.parse().ok().filter(|number| *number >= 1);
        match &self.revision {
            None => Ok(None),
            Some(text) => number(text)
                .map(Some)
                .ok_or_else(|| Refusal::parameter("revision", "a number from 1")),
        }
    }
}

/// The version of the terms that is asked for, or the last one in force in the month.
async fn version_of(app: &Arc<App>, (id, month): (&str, &str), asked: &PartQuery) -> Answer<u32> {
    let month = time::parse_month(month)?;
    let parts = in_force(&agreements::versions(app, id).await?, month);
    Ok(agreements::part(&parts, asked.version.as_deref())?.version)
}

/// A kept statement: the revision that is asked for, or the last one of a settled month.
pub(super) async fn kept(
    app: &Arc<App>,
    (agreement, month, version): (&str, &str, u32),
    revision: Option<u32>,
) -> Answer<Option<StoredStatement>> {
    let (id, text) = (agreement.to_owned(), month.to_owned());
    let found = app
        .blocking("reading a statement", move |app| {
            let of = (id.as_str(), text.as_str(), version);
            Ok(app.source().registry().statement(of, revision)?)
        })
        .await?;
    match (found, revision) {
        (None, Some(revision)) => Err(Refusal::not_found(
            "revision",
            &format!("{agreement} {month} {revision}"),
        )),
        (found, _) => Ok(found),
    }
}

/// A kept statement as it was written, whatever this program would write today, with what is no part of
/// it.
pub(super) fn shown(kept: &StoredStatement, beside: Value) -> Answer<Json<Value>> {
    let document: Value = serde_json::from_str(&kept.document)
        .map_err(|error| Refusal::internal("reading a statement", error))?;
    match (document, beside) {
        (Value::Object(mut document), Value::Object(mut beside)) => {
            document.append(&mut beside);
            Ok(Json(Value::Object(document)))
        }
        _ => Err(Refusal::internal("reading a statement", "it is no object")),
    }
}

/// The revisions of a month's statement, oldest first, each with what differs from the one before; none
/// before the month is closed.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{month}/revisions",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
        PartQuery,
    ),
    responses(
        (status = 200, body = Page<RevisionItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn revisions(
    View(app): View,
    Path((id, month)): Path<(String, String)>,
    asked: Result<Query<PartQuery>, QueryRejection>,
) -> Answer<Json<Page<RevisionItem>>> {
    let asked = query(asked)?;
    let version = version_of(&app, (&id, &month), &asked).await?;
    let items = app
        .blocking("reading revisions", move |app| {
            let registry = app.source().registry();
            let of = (id.as_str(), month.as_str(), version);
            let numbers = registry.statement_revisions(of)?;
            let mut items: Vec<RevisionItem> = Vec::with_capacity(numbers.len());
            let mut before: Option<String> = None;
            for (number, _) in numbers {
                let Some(kept) = registry.statement(of, Some(number))? else {
                    continue;
                };
                let differences = before
                    .map(|before| between(&before, &kept.document).unwrap_or_default())
                    .unwrap_or_default();
                items.push(RevisionItem::of(&kept, differences));
                before = Some(kept.document);
            }
            Ok(items)
        })
        .await?;
    Ok(Json(Page { items, next: None }))
}

/// The bundle of a final statement: everything with which `desserte verify` recomputes it.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{month}/bundle",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
        PartQuery,
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn bundle(
    View(app): View,
    Path((id, month)): Path<(String, String)>,
    asked: Result<Query<PartQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let revision = asked.revision()?;
    let version = version_of(&app, (&id, &month), &asked).await?;
    let files = app
        .source()
        .files()
        .ok_or_else(|| Refusal::not_found("resource", "ledger"))?;
    let kept = kept(&app, (&id, &month, version), revision).await?;
    let kept =
        kept.ok_or_else(|| Refusal::not_found("final statement", &format!("{id} {month}")))?;
    let recorded = Recorded {
        record: kept.record,
        inputs: kept
            .read_inputs()
            .map_err(|error| Refusal::internal("reading a statement", error))?,
        document: kept.document,
    };
    let name = format!("{id}-{month}-{}.desserte", kept.revision);
    let (sender, pieces) = mpsc::channel(PIECES);
    let now = app.now_unix_ms();
    tokio::task::spawn_blocking(move || {
        let out = std::io::BufWriter::with_capacity(PIECE_BYTES, Pieces(sender.clone()));
        if let Err(error) = files.bundle(out, &recorded, now) {
            tracing::error!(%error, "bundle broken off: {error}");
            // The reader sees that it is cut off; so does whoever verifies it.
            let _ = sender.blocking_send(Err(std::io::Error::other("bundle broken off")));
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Identifiers are lower-case letters, digits, `-` and `_`.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Hands on what is written, piece by piece.
struct Pieces(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let piece = Ok(Bytes::copy_from_slice(bytes));
        self.0
            .blocking_send(piece)
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the parties said of the outages of a month, oldest first.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{month}/contests",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
    ),
    responses(
        (status = 200, body = Page<ContestItem>),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn contests(
    View(app): View,
    Path((id, month)): Path<(String, String)>,
) -> Answer<Json<Page<ContestItem>>> {
    time::parse_month(&month)?;
    exclusions::agreement(&app, &id)?;
    let found = app
        .blocking("reading comments", move |app| {
            Ok(app.source().registry().contests(&id, &month)?)
        })
        .await?;
    Ok(Json(Page {
        items: found.iter().map(ContestItem::of).collect(),
        next: None,
    }))
}

/// Contests an outage with a comment. It stays as it was said, in the log.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/statements/{month}/contests",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
    ),
    request_body = ContestRequest,
    responses(
        (status = 201, body = ContestItem),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
        (status = 409, body = super::error::Problem),
    ))]
pub(crate) async fn contest(
    View(app): View,
    Path((id, month)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<ContestItem>)> {
    let asked: ContestRequest = read(body)?;
    let parsed = time::parse_month(&month)?;
    let agreement = exclusions::agreement(&app, &id)?;
    let start = time::parse("outage_start", &asked.outage_start)?;
    let period = agreement
        .month(parsed.0, parsed.1)
        .map_err(|error| Refusal::parameter("month", error))?;
    if !(period.start_unix_ms..period.end_unix_ms).contains(&start) {
        return Err(Refusal::parameter("outage_start", "not in the month"));
    }
    let mut new = Contest {
        id: 0,
        agreement: id,
        site: asked.site,
        month,
        outage_start_unix_ms: start,
        person: signer(&app, asked.person).trim().to_owned(),
        text: asked.text.trim().to_owned(),
        entered_at_unix_ms: app.now_unix_ms(),
    };
    let kept = new.clone();
    new.id = app
        .blocking("contesting an outage", move |app| {
            let author = app.viewer().author();
            let stamp = (author.as_str(), kept.entered_at_unix_ms);
            Ok(app.source().registry().add_contest(&kept, stamp))
        })
        .await?
        .map_err(refused)?;
    Ok((StatusCode::CREATED, Json(ContestItem::of(&new))))
}

/// Files that go with the exclusions of an agreement, by their hash.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/attachments", tag = "agreements",
    params(("id" = String, Path, description = "identifier of the agreement")),
    responses(
        (status = 200, body = Page<AttachmentItem>),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn attachments(
    View(app): View,
    Path(id): Path<String>,
) -> Answer<Json<Page<AttachmentItem>>> {
    exclusions::agreement(&app, &id)?;
    let found = app
        .blocking("reading attachments", move |app| {
            Ok(app.source().registry().attachments(&id)?)
        })
        .await?;
    Ok(Json(Page {
        items: found.iter().map(AttachmentItem::of).collect(),
        next: None,
    }))
}

/// Notes a file that goes with an exclusion, by its SHA-256, while its month is open. The file stays with
/// who has it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/exclusions/{exclusion}/attachments",
    tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the agreement"),
        ("exclusion" = i64, Path, description = "number of the exclusion"),
    ),
    request_body = AttachmentRequest,
    responses(
        (status = 201, body = AttachmentItem),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
        (status = 409, body = super::error::Problem),
    ))]
pub(crate) async fn attach(
    View(app): View,
    Path((id, exclusion)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<AttachmentItem>)> {
    let asked: AttachmentRequest = read(body)?;
    exclusions::agreement(&app, &id)?;
    let unknown = || Refusal::not_found("exclusion", &exclusion);
    let new = Attachment {
        exclusion: exclusion.parse().map_err(|_| unknown())?,
        sha256: asked.sha256,
        name: asked.name.trim().to_owned(),
        added_by: signer(&app, asked.added_by).trim().to_owned(),
        added_at_unix_ms: app.now_unix_ms(),
    };
    let kept = new.clone();
    app.blocking("attaching a file", move |app| {
        let author = app.viewer().author();
        Ok(app.source().registry().attach(&id, &kept, &author))
    })
    .await?
    .map_err(refused)?;
    Ok((StatusCode::CREATED, Json(AttachmentItem::of(&new))))
}

fn refused(error: RegistryError) -> Refusal {
    match error {
        RegistryError::Invalid { field, reason, .. } => Refusal::parameter(field, reason),
        RegistryError::Missing { what, id } => Refusal::not_found(what, &id),
        RegistryError::Conflict { what, id, reason } => {
            Refusal::new(Code::Conflict, format!("{what} {id}: {reason}"))
        }
        other => exclusions::refused(other),
    }
}
