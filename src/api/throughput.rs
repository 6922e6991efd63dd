//! Throughput tests for a browser at this machine, or at the other end of a tunnel to it.

use axum::{
    Extension,
    extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, Uri},
    response::Response,
};

use super::{
    error::{Code, Refusal},
    security::check_origin,
    seen::From,
};
use crate::ndt7::{Direction, NotStarted, Tests};

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(super) async fn download(
    Extension(tests): Extension<Tests>,
    From(caller): From,
    (headers, uri, upgrade): (HeaderMap, Uri, Upgrade),
) -> Result<Response, Refusal> {
    start(
        &tests,
        (&headers, &uri, caller.secure),
        upgrade,
        Direction::Download,
    )
}

pub(super) async fn upload(
    Extension(tests): Extension<Tests>,
    From(caller): From,
    (headers, uri, upgrade): (HeaderMap, Uri, Upgrade),
) -> Result<Response, Refusal> {
    start(
        &tests,
        (&headers, &uri, caller.secure),
        upgrade,
        Direction::Upload,
    )
}

/// A page of another site may open a WebSocket here without asking: its `Origin` is looked at, as
/// for requests that change something.
fn start(
    tests: &Tests,
    (headers, uri, secure): (&HeaderMap, &Uri, bool),
    upgrade: Upgrade,
    direction: Direction,
) -> Result<Response, Refusal> {
    check_origin(headers, secure)?;
    let started = tests.start(upgrade, direction, uri.query());
    started.map_err(|error| match error {
        NotStarted::Busy => Refusal::new(Code::Busy, error.to_string()),
        other => Refusal::new(Code::InvalidParameter, other.to_string()),
    })
}
