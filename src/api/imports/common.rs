//! What the handlers of imports and duplicates share: who signs, pages of lists in memory, refusals.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use crate::api::agents::signer;
use crate::api::error::{Answer, Code, Refusal};
use crate::api::model::Signed;
use crate::api::paging::{Page, Paging};
use crate::app::App;
use crate::layers::LayersError;
use crate::registry::{Decision, RegistryError};
use crate::staging::{Ground, Staging, StagingError};

/// Longest author or reason, bytes.
const TEXT_BYTES_MAX: usize = 500;

pub(in crate::api) fn decision(signed: &Signed, now_unix_ms: i64) -> Decision<'_> {
    Decision {
        author: signed.author.trim(),
        at_unix_ms: now_unix_ms,
        reason: signed.reason.trim(),
    }
}

pub(in crate::api) fn signed(app: &App, body: Result<Bytes, BytesRejection>) -> Answer<Signed> {
    let mut signed: Signed = json(body)?;
    signed.author = signer(app, signed.author);
    check_signed(&signed)?;
    Ok(signed)
}

pub(in crate::api) fn check_signed(signed: &Signed) -> Answer<()> {
    for (name, text) in [("author", &signed.author), ("reason", &signed.reason)] {
        if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
            let reason = format!("must have from 1 to {TEXT_BYTES_MAX} bytes");
            return Err(Refusal::parameter(name, reason));
        }
    }
    Ok(())
}

pub(in crate::api) fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Answer<T> {
    let body = body.map_err(|rejection| Refusal::new(Code::TooLarge, rejection.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| Refusal::parameter("body", error))
}

/// A part of a list that is in memory; the cursor is the number of the first item.
pub(in crate::api) struct Slice {
    limit: usize,
    start: usize,
}

impl Slice {
    pub(in crate::api) fn of(paging: &Paging) -> Answer<Self> {
        let start = paging.after()?.map_or(Ok(0), |text| {
            let wrong = |_| Refusal::parameter("cursor", "not a cursor of this list");
            text.parse::<usize>().map_err(wrong)
        });
        Ok(Self {
            limit: paging.limit()?,
            start: start?,
        })
    }

    pub(in crate::api) fn page<T, S>(
        &self,
        items: &[T],
        show: impl Fn(&T) -> Option<S>,
    ) -> Page<S> {
        let end = self.start.saturating_add(self.limit).min(items.len());
        let part = items.get(self.start.min(end)..end).unwrap_or_default();
        Page {
            items: part.iter().filter_map(show).collect(),
            next: (end < items.len()).then(|| Paging::cursor(&end.to_string())),
        }
    }
}

/// Works on imports on a thread of its own; refusals are in English.
pub(in crate::api) async fn run<T: Send + 'static>(
    app: &Arc<App>,
    operation: &'static str,
    work: impl FnOnce(&Staging, Ground<'_>) -> Result<T, StagingError> + Send + 'static,
) -> Answer<T> {
    let done = app.importing(operation, work).await?;
    done.map_err(|error| refused(operation, error, false))
}

/// The same; what is wrong with a file is said in the reader's language.
pub(super) async fn in_language<T: Send + 'static>(
    app: &Arc<App>,
    headers: &HeaderMap,
    operation: &'static str,
    work: impl FnOnce(&Staging, Ground<'_>) -> Result<T, StagingError> + Send + 'static,
) -> Answer<T> {
    let language = headers.get(header::ACCEPT_LANGUAGE);
    let french = language.is_some_and(|one| one.as_bytes().starts_with(b"fr"));
    let done = app.importing(operation, work).await?;
    done.map_err(|error| refused(operation, error, french))
}

fn refused(operation: &'static str, error: StagingError, french: bool) -> Refusal {
    let text = if french {
        error.text_fr()
    } else {
        error.to_string()
    };
    let code = match &error {
        StagingError::Missing(_) | StagingError::Registry(RegistryError::Missing { .. }) => {
            Code::NotFound
        }
        StagingError::Full
        | StagingError::Nothing
        | StagingError::Registry(RegistryError::Conflict { .. })
        | StagingError::Layers(LayersError::NotRestorable { .. }) => Code::Conflict,
        StagingError::Import(_)
        | StagingError::Invalid { .. }
        | StagingError::Registry(RegistryError::Invalid { .. }) => Code::InvalidParameter,
        StagingError::Registry(_)
        | StagingError::Layers(_)
        | StagingError::File { .. }
        | StagingError::Note { .. } => return Refusal::internal(operation, error),
    };
    Refusal::new(code, text)
}
