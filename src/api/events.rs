//! Server-sent events: changes as they happen.
//!
//! The channels of [`crate::live`] are the queues and bound them: a reader that falls behind with
//! changes is told `resync` and reads anew what it shows; samples that it misses are in the history.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Query, rejection::QueryRejection},
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
use super::model::{SiteEvent, Summary};
use super::seen::{View, Way};
use super::{outages, query, sites, summary, time};
use crate::app::{App, Directory};
use crate::doors::Pass;
use crate::live::{Change, SiteLive};

/// Silence after which a comment is sent, so that proxies and readers see a living connection.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Readers at once, and of one account or token: pages left open in browsers.
const READERS_MAX: i64 = 256;
const READERS_OF_ONE_MAX: usize = 24;
/// How often it is looked whether a reader may still read: its session may have ended.
const LOOK_EVERY: Duration = Duration::from_secs(30);
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

/// Changes as server-sent events: `site`, `outage`, `outage_gone` (one that late samples took away, or whose
/// start they moved), `sample`, `summary` (at most one a second), and `resync` when the reader must read
/// anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "live", params(EventQuery), responses(
    (status = 200, description = "a stream of events", content_type = "text/event-stream", body = String),
    (status = 400, body = super::error::Problem),
    (status = 503, description = "too many readers", body = super::error::Problem),
))]
pub(crate) async fn events(
    View(app): View,
    Way(pass): Way,
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
        directory: app.directory(),
        summary: None,
    };
    let place = app.live.reader(&app.viewer().author(), READERS_OF_ONE_MAX);
    let Some(place) = place.filter(|_| app.metrics.event_readers.get() < READERS_MAX) else {
        return Err(Refusal::new(Code::Busy, "too many readers of events"));
    };
    app.metrics.event_readers.inc();
    let (sender, receiver) = mpsc::channel(BETWEEN_MAX);
    tokio::spawn(async move {
        let _place = place;
        pass_on(app, pass, reader, sender).await;
    });
    let keep_alive = KeepAlive::new().interval(COMMENT_EVERY).text("");
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(keep_alive)
        .into_response())
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

type Changes = broadcast::Receiver<Arc<Change>>;

/// What a reader listens to, and what it was told.
struct Reader {
    changes: Option<Changes>,
    samples: Option<Changes>,
    site: Option<String>,
    /// What it saw of the directory last.
    directory: Arc<Directory>,
    /// The summary that it was told last.
    summary: Option<Summary>,
}

impl Reader {
    fn wants(&self, app: &App, change: &Change) -> bool {
        match (change, &self.site) {
            (Change::Sample(sample), Some(site)) if sample.site != *site => false,
            (Change::Sample(sample), _) => app.sees(&sample.site),
            _ => true,
        }
    }

    /// The event of a change; `None` when it is of nothing that the viewer sees: neither what nor when
    /// something happened elsewhere is told.
    fn told(&mut self, app: &App, change: &Change) -> Option<Event> {
        match change {
            Change::Site { site, .. } if !app.sees(site) => None,
            Change::Outage(outage) if !app.sees(&outage.site) => None,
            Change::OutageGone { site, .. } if !app.sees(site) => None,
            Change::Summary if !app.sees_everything() => {
                let now = summary::told(app);
                let as_of = now.as_of.clone();
                let before = self.summary.replace(now.clone());
                let same = before.is_some_and(|before| Summary { as_of, ..before } == now);
                (!same).then(|| event("summary", &now))
            }
            Change::Everything if !app.sees_everything() => {
                let fresh = app.directory();
                let before = std::mem::replace(&mut self.directory, Arc::clone(&fresh));
                (!fresh.says_the_same(&before)).then(resync)
            }
            change => to_event(app, change),
        }
    }
}

fn resync() -> Event {
    Event::default().event("resync").data("{}")
}

/// The next of a channel; of none, never.
async fn next(channel: &mut Option<Changes>) -> Result<Arc<Change>, RecvError> {
    match channel {
        Some(channel) => channel.recv().await,
        None => std::future::pending().await,
    }
}

async fn pass_on(app: Arc<App>, pass: Pass, mut reader: Reader, sender: Sender) {
    let mut stop = app.shutdown.clone();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.tick().await;
    // The first event makes the answer begin: a page knows at once that it is live.
    let first = match reader.changes {
        Some(_) => {
            let now = summary::now(&app);
            reader.summary = Some(now.clone());
            event("summary", &now)
        }
        None => Event::default().comment(""),
    };
    let mut open = sender.send(Ok(first)).await.is_ok();
    while open && !*stop.borrow() {
        let next = tokio::select! {
            change = next(&mut reader.changes) => match change {
                Ok(change) => reader.told(&app, &change),
                Err(RecvError::Lagged(_)) => Some(resync()),
                Err(RecvError::Closed) => break,
            },
            sample = next(&mut reader.samples) => match sample {
                Ok(sample) if reader.wants(&app, &sample) => to_event(&app, &sample),
                Ok(_) | Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => break,
            },
            _ = look.tick() => {
                open = still(&app, &pass).await;
                None
            }
            _ = stop.changed() => break,
            () = sender.closed() => break,
        };
        if let Some(next) = next {
            open = sender.send(Ok(next)).await.is_ok();
        }
    }
    app.metrics.event_readers.dec();
}

/// Whether the reader may still read; when nobody can say, it may not.
async fn still(app: &Arc<App>, pass: &Pass) -> bool {
    let pass = pass.clone();
    let looked = app.blocking("looking at a session", move |app| {
        let registry = app.source().registry();
        Ok(app.doors.still(registry, &pass, app.now_unix_ms())?)
    });
    looked.await.unwrap_or(false)
}

fn to_event(app: &App, change: &Change) -> Option<Event> {
    match change {
        Change::Site { site, now } => Some(event("site", &changed(app, site, now))),
        Change::Outage(outage) => Some(event("outage", &outages::shown(app, outage))),
        Change::OutageGone { site, id } => Some(event(
            "outage_gone",
            &super::model::OutageGoneEvent {
                id: id.to_string(),
                site: site.clone(),
            },
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
        Change::Summary => Some(event("summary", &summary::told(app))),
        Change::Everything => Some(resync()),
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
    event.json_data(data).unwrap_or_else(|_| resync())
}
