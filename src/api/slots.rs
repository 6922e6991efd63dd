//! A month's slots as a file: what a person recomputes the figures from.

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::io::{BufWriter, Error, ErrorKind, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::error::{Answer, Refusal};
use super::months::{agreement_of, refused};
use super::seen::View;
use super::{query, time};
use crate::assess::months::MonthSlots;
use crate::export::slots::{Subject, write_csv, write_json};
use crate::export::{ExportError, Language};

/// Most slots of one file: a month of slots of two seconds.
const SLOTS_MAX: usize = 1_400_000;
/// Bytes written at once, and such pieces between the writer and the socket.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_MAX: usize = 4;

/// Under which agreement, and how it is written.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SlotsQuery {
    /// The agreement; the first one that names the site when left out.
    agreement: Option<String>,
    /// `csv` (default) or `json`.
    format: Option<String>,
    /// `fr` (default) or `en`: words, separators and marks of the CSV file.
    language: Option<String>,
}

/// The slots of a month, one row a slot: what was sent and received, the slot's own state, the
/// machine's, how it counts, what left it out, and the cause of its outage.
#[utoipa::path(get, path = "/api/v1/sites/{id}/months/{month}/slots", tag = "agreements",
    params(
        ("id" = String, Path, description = "identifier of the site"),
        ("month" = String, Path, description = "`yyyy-mm`, in the agreement's time zone"),
        SlotsQuery,
    ),
    responses(
        (status = 200, description = "an attachment", content_type = "text/csv", body = String),
        (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem),
    ))]
pub(crate) async fn slots(
    View(app): View,
    Path((id, month_text)): Path<(String, String)>,
    asked: Result<Query<SlotsQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let month = time::parse_month(&month_text)?;
    let language = language(asked.language.as_deref())?;
    let json = match asked.format.as_deref() {
        None | Some("csv") => false,
        Some("json") => true,
        Some(other) => {
            let reason = format!("{other:?} is not csv or json");
            return Err(Refusal::parameter("format", reason));
        }
    };
    let directory = app.directory();
    let agreement = agreement_of(&directory, &id, asked.agreement.as_deref())?.clone();
    let period = agreement
        .month(month.0, month.1)
        .map_err(|error| Refusal::parameter("month", error))?;
    if period.slot_count() > SLOTS_MAX {
        let reason = format!("its slots are more than {SLOTS_MAX}");
        return Err(Refusal::parameter("month", reason));
    }
    let (site, judged) = (id.clone(), agreement.clone());
    let found = app
        .blocking("listing a month's slots", move |app| {
            app.month_slots(&judged, &site, month)
        })
        .await?
        .map_err(refused)?;
    let entry = directory.site(&id);
    let invented = entry.is_some_and(|site| site.invented);
    let simulated = entry.is_some_and(|site| site.simulated);
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let name = file_name(
        &id,
        &agreement.id,
        &month_text,
        if json { "json" } else { "csv" },
    );
    tokio::task::spawn_blocking(move || {
        let subject = Subject {
            site: &id,
            agreement: &agreement.id,
            version: agreement.version,
            month: &month_text,
            invented,
            simulated,
        };
        let format = (!json).then_some(language);
        if let Err(error) = write(&found, subject, format, sender) {
            // The reader went away: nobody is left to be told.
            tracing::debug!(%error, "a month's slots were not read to the end");
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let kind = if json {
        "application/json"
    } else {
        "text/csv; charset=utf-8"
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

fn language(asked: Option<&str>) -> Answer<Language> {
    match asked {
        None | Some("fr") => Ok(Language::Fr),
        Some("en") => Ok(Language::En),
        Some(other) => {
            let reason = format!("{other:?} is not fr or en");
            Err(Refusal::parameter("language", reason))
        }
    }
}

/// Letters, digits, `-` and `_` of the names; anything else would need quoting rules.
fn file_name(site: &str, agreement: &str, month: &str, ending: &str) -> String {
    let plain = |name: &str| -> String {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        name.chars().filter(|letter| allowed(*letter)).collect()
    };
    let (site, agreement) = (plain(site), plain(agreement));
    format!("desserte-{agreement}-{site}-{month}.{ending}")
}

type Piece = Result<Bytes, Error>;

fn write(
    slots: &MonthSlots,
    subject: Subject<'_>,
    csv: Option<Language>,
    sender: mpsc::Sender<Piece>,
) -> Result<(), ExportError> {
    let mut out = BufWriter::with_capacity(PIECE_BYTES, Pieces(sender));
    match csv {
        Some(language) => write_csv(slots, subject, language, &mut out),
        None => write_json(slots, subject, &mut out),
    }
}

/// Hands pieces to the socket and waits while it is full.
struct Pieces(mpsc::Sender<Piece>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0
            .blocking_send(Ok(piece))
            .map_err(|_| Error::from(ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
