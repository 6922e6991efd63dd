//! Server-sent events: changes as they happen.
//!
//! The channels of [`crate::live`] are the queues and bound them: a reader that falls behind with
//! changes is told `resync` and reads anew what it shows; samples that it misses are in the history.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::error::{Answer, Code, Refusal};
use super::model::SiteEvent;
use super::{outages, query, sites, summary, time};
use crate::app::App;
use crate::live::{Change, SiteLive};

/// Silence after which a comment is sent, so that proxies and readers see a living connection.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Readers at once: pages left open in browsers of one machine.
const READERS_MAX: i64 = 256;
/// Events of one reader between the channel and its socket.
const BETWEEN_MAX: usize = 32;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// `changes` (everything but samples) or `samples`; both when it is absent.
    topic: Option<String>,
    /// Samples of this site only.
    site: Option<String>,
}

/// Changes as server-sent events: `site`, `outage`, `sample`, `summary`, and `resync` when the
/// reader must read anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "live", params(EventQuery), responses(
    (status = 200, description = "a stream of events", content_type = "text/event-stream", body = String),
    (status = 400, body = super::error::Problem),
    (status = 503, description = "too many readers", body = super::error::Problem),
))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    asked: Result<Query<EventQuery>, QueryRejection>,
) -> Answer<Response> {
    let asked = query(asked)?;
    let (changes, samples) = match asked.topic.as_deref() {
        None => (true, true),
        Some("changes") => (true, false),
        Some("samples") => (false, true),
        Some(other) => {
            let reason = format!("{other:?} is not changes or samples");
            return Err(Refusal::parameter("topic", reason));
        }
    };
    let reader = Reader {
        changes: changes.then(|| app.live.changes()),
        samples: samples.then(|| app.live.samples()),
        site: asked.site,
    };
    if app.metrics.event_readers.get() >= READERS_MAX {
        return Err(Refusal::new(Code::Busy, "too many readers of events"));
    }
    app.metrics.event_readers.inc();
    let (sender, receiver) = mpsc::channel(BETWEEN_MAX);
    tokio::spawn(pass_on(app, reader, sender));
    let keep_alive = KeepAlive::new().interval(COMMENT_EVERY).text("");
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(keep_alive)
        .into_response())
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

type Changes = broadcast::Receiver<Arc<Change>>;

/// What a reader listens to.
struct Reader {
    changes: Option<Changes>,
    samples: Option<Changes>,
    site: Option<String>,
}

impl Reader {
    fn wants(&self, change: &Change) -> bool {
        match (change, &self.site) {
            (Change::Sample(sample), Some(site)) => sample.site == *site,
            _ => true,
        }
    }
}

/// The next of a channel; of none, never.
async fn next(channel: &mut Option<Changes>) -> Result<Arc<Change>, RecvError> {
    match channel {
        Some(channel) => channel.recv().await,
        None => std::future::pending().await,
    }
}

async fn pass_on(app: Arc<App>, mut reader: Reader, sender: Sender) {
    let mut stop = app.shutdown.clone();
    // The first event makes the answer begin: a page knows at once that it is live.
    let first = match reader.changes {
        Some(_) => event("summary", &summary::now(&app)),
        None => Event::default().comment(""),
    };
    let mut open = sender.send(Ok(first)).await.is_ok();
    while open && !*stop.borrow() {
        let next = tokio::select! {
            change = next(&mut reader.changes) => match change {
                Ok(change) => to_event(&app, &change),
                Err(RecvError::Lagged(_)) => Some(Event::default().event("resync").data("{}")),
                Err(RecvError::Closed) => break,
            },
            sample = next(&mut reader.samples) => match sample {
                Ok(sample) if reader.wants(&sample) => to_event(&app, &sample),
                Ok(_) | Err(RecvError::Lagged(_)) => None,
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
        Change::Site { site, now } => Some(event("site", &changed(app, site, now))),
        Change::Outage(outage) => Some(event("outage", &outages::shown(app, outage))),
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

fn changed(app: &App, site: &str, now: &SiteLive) -> SiteEvent {
    let (map_version, map_row) = app.site_map_row(site).unzip();
    SiteEvent {
        change: sites::change(site, now),
        map_version,
        map_row,
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event
        .json_data(data)
        .unwrap_or_else(|_| Event::default().event("resync").data("{}"))
}
