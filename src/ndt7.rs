//! The server of M-Lab's ndt7 (specification v0.11): how fast bytes go to a client, and come from it.
//!
//! Two listeners have it. On the agents' listener only agents are served, by signed request: whoever
//! may ask for gigabytes must be known. On the web listener, which is loopback, anybody at this
//! machine is: a reader's browser behind a tunnel learns how fast the tunnel is. There is no other
//! server for browsers because nothing but loopback is without a login.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    response::Response,
};
use bytes::Bytes;
use desserte_probe::{
    clock::{Clock as _, SystemClock},
    kinds::throughput::SUBPROTOCOL,
};
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Tests at the same time: each wants the whole line, and several measure each other.
const TESTS_MAX: usize = 4;
/// Longest sending (specification: ten seconds).
const SENDING_MAX: Duration = Duration::from_secs(10);
/// Longest test, with what is still on its way (specification: the receiver may close after 15 s).
const TEST_MAX: Duration = Duration::from_secs(15);
/// How long the other side may take to answer the end.
const CLOSE_MAX: Duration = Duration::from_secs(2);
/// Between two measurements (specification: not more often than each 250 ms).
const MEASURE_EVERY: Duration = Duration::from_millis(250);
/// Messages sent: from 8 KiB, doubled while smaller than a sixteenth of what was sent.
const MESSAGE_BYTES_MIN: usize = 1 << 13;
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Largest message taken (specification: not below 1 << 24).
const TAKEN_BYTES_MAX: usize = 1 << 24;
/// Longest query (specification).
const QUERY_BYTES_MAX: usize = 4_096;
/// Most bytes of one test, whatever is asked for: ten seconds at 800 Mbit/s.
const TEST_BYTES_MAX: u64 = 1_000_000_000;

/// Direction of a test, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From here to the client.
    Download,
    /// From the client to here.
    Upload,
}

/// Why a test does not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The request is no upgrade to WebSocket.
    #[error("not a WebSocket request: {0}")]
    Upgrade(#[from] WebSocketUpgradeRejection),
    /// The subprotocol is missing.
    #[error("the WebSocket subprotocol must be {SUBPROTOCOL}")]
    Subprotocol,
    /// The query cannot be used.
    #[error("{0}")]
    Query(&'static str),
    /// Other tests run.
    #[error("{TESTS_MAX} throughput tests run already")]
    Busy,
}

/// Places for tests.
#[derive(Debug, Clone)]
pub struct Tests {
    places: Arc<Semaphore>,
    /// What is sent: random, so that nothing on the way can compress it; one for all tests.
    payload: Bytes,
}

impl Default for Tests {
    fn default() -> Self {
        let mut payload = vec![0; MESSAGE_BYTES_MAX];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut payload);
        Self {
            places: Arc::new(Semaphore::new(TESTS_MAX)),
            payload: payload.into(),
        }
    }
}

/// A measurement message (specification, "Measurements message").
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Measurement {
    app_info: AppInfo,
    origin: &'static str,
    test: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AppInfo {
    /// Microseconds since the test began.
    elapsed_time: u64,
    /// Bytes of messages, without any head.
    num_bytes: u64,
}

impl Tests {
    /// Tests that run at the same time.
    pub const PLACES: usize = TESTS_MAX;

    /// Answers a request for a test. Whether the asker may is for the caller to know.
    pub fn start(
        &self,
        upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
        direction: Direction,
        query: Option<&str>,
    ) -> Result<Response, NotStarted> {
        let upgrade = upgrade?
            .protocols([SUBPROTOCOL])
            .max_message_size(TAKEN_BYTES_MAX)
            .max_frame_size(TAKEN_BYTES_MAX);
        if upgrade.selected_protocol().is_none() {
            return Err(NotStarted::Subprotocol);
        }
        let bytes_max = bytes_max(query.unwrap_or_default())?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| NotStarted::Busy)?;
        let test = Test {
            bytes_max,
            payload: self.payload.clone(),
            begun: SystemClock.monotonic(),
            bytes: AtomicU64::new(0),
            direction,
            _place: place,
        };
        Ok(upgrade.on_upgrade(move |socket| test.run(socket)))
    }
}

/// The client's cap; other parameters describe the client and are not kept.
fn bytes_max(query: &str) -> Result<u64, NotStarted> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(NotStarted::Query("the query is longer than 4096 bytes"));
    }
    let wanted = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("max_bytes="));
    let Some(wanted) = wanted else {
        return Ok(TEST_BYTES_MAX);
    };
    match wanted.parse::<u64>() {
        Ok(bytes) if bytes > 0 => Ok(bytes.min(TEST_BYTES_MAX)),
        _ => Err(NotStarted::Query("max_bytes must be a whole number from 1")),
    }
}

struct Test {
    bytes_max: u64,
    payload: Bytes,
    begun: Duration,
    bytes: AtomicU64,
    direction: Direction,
    _place: OwnedSemaphorePermit,
}

impl Test {
    async fn run(mut self, socket: WebSocket) {
        self.begun = SystemClock.monotonic();
        let whole = async {
            match self.direction {
                Direction::Download => self.download(socket).await,
                Direction::Upload => self.upload(socket).await,
            }
        };
        if tokio::time::timeout(TEST_MAX, whole).await.is_err() {
            tracing::debug!(direction = ?self.direction, "throughput test cut at its longest time");
        }
        tracing::debug!(
            direction = ?self.direction,
            bytes = self.bytes.load(Relaxed),
            "throughput test ended"
        );
    }

    fn elapsed(&self) -> Duration {
        SystemClock.monotonic().saturating_sub(self.begun)
    }

    fn measurement(&self) -> Message {
        let said = Measurement {
            app_info: AppInfo {
                elapsed_time: u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX),
                num_bytes: self.bytes.load(Relaxed),
            },
            origin: "server",
            test: match self.direction {
                Direction::Download => "download",
                Direction::Upload => "upload",
            },
        };
        Message::Text(serde_json::to_string(&said).unwrap_or_default().into())
    }

    /// Sends until the time, the bytes or the client end it; the client may send no data.
    async fn download(&self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let sending = async {
            let (mut size, mut told) = (MESSAGE_BYTES_MIN, Duration::ZERO);
            loop {
                let so_far = self.bytes.load(Relaxed);
                let left = self.bytes_max.saturating_sub(so_far);
                let elapsed = self.elapsed();
                if left == 0 || elapsed >= SENDING_MAX {
                    break;
                }
                if size < MESSAGE_BYTES_MAX && so_far >= 16 * size as u64 {
                    size *= 2;
                }
                let length = size.min(usize::try_from(left).unwrap_or(size));
                let message = Message::Binary(self.payload.slice(..length));
                sink.send(message).await?;
                self.bytes.fetch_add(length as u64, Relaxed);
                if elapsed.saturating_sub(told) >= MEASURE_EVERY {
                    told = elapsed;
                    sink.send(self.measurement()).await?;
                }
            }
            sink.send(self.measurement()).await
        };
        let watching = async {
            while let Some(Ok(message)) = stream.next().await {
                if matches!(message, Message::Binary(_) | Message::Close(_)) {
                    break;
                }
            }
        };
        let done: Result<(), axum::Error> = tokio::select! {
            done = sending => done,
            () = watching => Ok(()),
        };
        if done.is_ok() {
            end(sink).await;
            // Until the client has read everything and answered.
            let rest = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = tokio::time::timeout(CLOSE_MAX, rest).await;
        }
    }

    /// Counts until the client ends it, and says what came four times a second.
    async fn upload(&self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let taking = async {
            while let Some(Ok(message)) = stream.next().await {
                match message {
                    Message::Binary(bytes) => {
                        let length = bytes.len() as u64;
                        let before = self.bytes.fetch_add(length, Relaxed);
                        if before.saturating_add(length) > self.bytes_max {
                            break; // more than was announced
                        }
                    }
                    Message::Close(_) => break,
                    _ => {}
                }
            }
        };
        let telling = async {
            let mut ticks = tokio::time::interval(MEASURE_EVERY);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // the first one is at once
            loop {
                ticks.tick().await;
                if sink.send(self.measurement()).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = taking => {}
            () = telling => {}
        }
        end(sink).await;
        let _ = tokio::time::timeout(CLOSE_MAX, stream.next()).await;
    }
}

async fn end(mut sink: SplitSink<WebSocket, Message>) {
    // A client that has hung up needs no end.
    let _ = tokio::time::timeout(CLOSE_MAX, sink.send(Message::Close(None))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_cap_is_honoured_within_ours() {
        assert_eq!(bytes_max("").unwrap(), TEST_BYTES_MAX);
        assert_eq!(bytes_max("client_name=x&max_bytes=5000").unwrap(), 5_000);
        assert_eq!(
            bytes_max("max_bytes=99999999999999").unwrap(),
            TEST_BYTES_MAX
        );
        for wrong in ["max_bytes=0", "max_bytes=-1", "max_bytes=", "max_bytes=1e6"] {
            assert!(bytes_max(wrong).is_err(), "{wrong}");
        }
        assert!(bytes_max(&"a".repeat(QUERY_BYTES_MAX + 1)).is_err());
    }
}
