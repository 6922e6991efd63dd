//! Server-sent events: changes as they happen.
//!
//! The channel of [`crate::live`] is the queue and bounds it: a reader that falls behind is told
//! `resync` and reads anew what it shows.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde::Serialize;
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::error::{Answer, Code, Refusal};
use super::{outages, sites, summary, time};
use crate::app::App;
use crate::live::Change;

/// Silence after which a comment is sent, so that proxies and readers see a living connection.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Readers at once: pages left open in browsers of one machine.
const READERS_MAX: i64 = 256;
/// Events of one reader between the channel and its socket.
const BETWEEN_MAX: usize = 32;

/// Changes as server-sent events: `site`, `outage`, `sample`, `summary`, and `resync` when the
/// reader must read anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "live", responses(
    (status = 200, description = "a stream of events", content_type = "text/event-stream", body = String),
    (status = 503, description = "too many readers", body = super::error::Problem),
))]
pub(crate) async fn events(State(app): State<Arc<App>>) -> Answer<Response> {
    if app.metrics.event_readers.get() >= READERS_MAX {
        return Err(Refusal::new(Code::Busy, "too many readers of events"));
    }
    app.metrics.event_readers.inc();
    let (sender, receiver) = mpsc::channel(BETWEEN_MAX);
    tokio::spawn(pass_on(app, sender));
    let keep_alive = KeepAlive::new().interval(COMMENT_EVERY).text("");
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(keep_alive)
        .into_response())
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

async fn pass_on(app: Arc<App>, sender: Sender) {
    let mut changes = app.live.changes();
    let mut stop = app.shutdown.clone();
    // The first event makes the answer begin: a page knows at once that it is live.
    let first = event("summary", &summary::now(&app));
    let mut open = sender.send(Ok(first)).await.is_ok();
    while open && !*stop.borrow() {
        let next = tokio::select! {
            change = changes.recv() => match change {
                Ok(change) => to_event(&app, &change),
                Err(RecvError::Lagged(_)) => Some(Event::default().event("resync").data("{}")),
                Err(RecvError::Closed) => break,
            },
            _ = stop.changed() => break,
            () = sender.closed() => break,
        };
        if let Some(next) = next {
            open = sender.send(Ok(next)).await.is_ok();
        }
    }
    app.metrics.event_readers.dec();
}

fn to_event(app: &App, change: &Change) -> Option<Event> {
    match change {
        Change::Site { site, now } => Some(event("site", &sites::change(site, now))),
        Change::Outage(outage) => Some(event(
            "outage",
            &outages::item(&app.directory(), &app.config.sites, outage),
        )),
        Change::Sample(sample) => Some(event(
            "sample",
            &super::model::SampleEvent {
                site: sample.site.clone(),
                target: sample.target.clone(),
                at: time::text(sample.at_unix_ms)?,
                rtt_us_median: sample.rtt_us_median,
                sent: sample.sent,
                received: sample.received,
            },
        )),
        Change::Summary => Some(event("summary", &summary::now(app))),
        Change::Everything => Some(Event::default().event("resync").data("{}")),
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event
        .json_data(data)
        .unwrap_or_else(|_| Event::default().event("resync").data("{}"))
}
