//! The log's checkpoints and proofs, for outside parties.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use desserte_probe::wire::hex;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{Answer, Refusal};
use super::query;
use super::seen::View;
use crate::app::App;
use crate::ledger::log::LogError;
use crate::ledger::{Ledger, LedgerError};

/// Between which sizes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// Leaves of the earlier checkpoint.
    from: String,
    /// Leaves of the later one.
    to: String,
}

/// That one log begins with another (RFC 6962 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Consistency {
    /// Leaves of the earlier checkpoint.
    from: u64,
    /// Leaves of the later one.
    to: u64,
    /// The proof: hashes of 32 bytes in hexadecimal.
    hashes: Vec<String>,
}

/// The newest checkpoint of the log: a signed note (C2SP), of an hour ago at most while something
/// comes. Keep it: what it covers can be neither changed nor taken back without your seeing it.
#[utoipa::path(get, path = "/api/v1/ledger/checkpoint", tag = "ledger", responses(
    (status = 200, content_type = "text/plain", body = String),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn checkpoint(View(app): View) -> Answer<Response> {
    let ledger = ledger(&app)?;
    let note = app
        .blocking("signing a checkpoint", move |app| {
            Ok(ledger.published(app.now_unix_ms())?.note)
        })
        .await?;
    let mut response = note.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Ok(response)
}

/// The proof that the log of one checkpoint goes on from that of an earlier one.
#[utoipa::path(get, path = "/api/v1/ledger/consistency", tag = "ledger", params(Between), responses(
    (status = 200, body = Consistency),
    (status = 400, body = super::error::Problem),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn consistency(
    View(app): View,
    asked: Result<Query<Between>, QueryRejection>,
) -> Answer<Json<Consistency>> {
    let asked = query(asked)?;
    let number = |name, text: &str| {
        text.parse::<u64>()
            .map_err(|_| Refusal::parameter(name, "a number of leaves"))
    };
    let (from, to) = (number("from", &asked.from)?, number("to", &asked.to)?);
    let ledger = ledger(&app)?;
    let proved = app
        .blocking("proving consistency", move |_| {
            Ok(ledger.consistency(from, to))
        })
        .await?;
    let hashes = proved.map_err(|error| match error {
        LedgerError::Log(LogError::Beyond { .. }) => {
            Refusal::parameter("to", "from at most to, to at most the leaves of the log")
        }
        other => Refusal::internal("proving consistency", other),
    })?;
    Ok(Json(Consistency {
        from,
        to,
        hashes: hashes.iter().map(|hash| hex(hash)).collect(),
    }))
}

fn ledger(app: &App) -> Answer<Arc<Ledger>> {
    app.source()
        .ledger()
        .ok_or_else(|| Refusal::not_found("resource", "ledger"))
}
