//! Throughput by M-Lab's ndt7 (specification v0.11): one TCP connection, WebSocket messages one way, as
//! fast as they go.
//!
//! A direction ends at its time (10 s are asked for), at its bytes, or when its rate has settled: the
//! line is paid by the byte somewhere, and people use it meanwhile. The rate towards the site is what
//! arrived here; from the site, what the server says arrived there, because our own buffers and the
//! modem's take bytes that never left. The response time is that of the connection (TCP, TLS and
//! WebSocket handshakes), of both directions.

mod dial;
mod meter;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WsError, Message, error::ProtocolError},
};

pub use self::dial::is_valid_server;
use self::meter::Meter;
use super::{Measured, Times, http, micros, outcome_of};
use crate::{
    clock::Clock,
    identity::Identity,
    report::{Detail, Outcome},
};

/// Subprotocol of ndt7 (specification, "Protocol description").
pub const SUBPROTOCOL: &str = "net.measurementlab.ndt.v7";
/// Connecting: name, TCP, TLS, WebSocket.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the server may take to acknowledge the end of an upload.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// First message of an upload (specification: 1 << 13); it doubles while it is less than a sixteenth
/// of what was sent.
const MESSAGE_BYTES_MIN: usize = 1 << 13;
/// Largest message sent: larger ones only make the counting coarser.
const MESSAGE_BYTES_MAX: usize = 1 << 18;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// `collector`, or the address of another server.
    pub server: String,
    /// Towards the site.
    pub download: bool,
    /// From the site.
    pub upload: bool,
    /// Of one direction.
    pub time_max: Duration,
    /// Of one direction.
    pub bytes_max: u64,
}

/// What a measurement needs beside its specification.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Clocks, names, authorities and counters.
    pub http: http::Bench,
    /// Who asks; the collector tests with agents only.
    pub identity: Arc<Identity>,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Download,
    Upload,
}

impl Direction {
    fn path(self) -> &'static str {
        match self {
            Self::Download => "/ndt/v7/download",
            Self::Upload => "/ndt/v7/upload",
        }
    }
}

/// What one direction gave.
#[derive(Debug)]
struct Rate {
    bits_per_second: u64,
    dialled: Duration,
}

/// The server's measurement message, as far as it is used.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(rename = "AppInfo")]
    app_info: Option<AppInfo>,
    #[serde(rename = "TCPInfo")]
    tcp_info: Option<TcpInfo>,
}

#[derive(Debug, Deserialize)]
struct AppInfo {
    #[serde(rename = "ElapsedTime")]
    elapsed_us: u64,
    #[serde(rename = "NumBytes")]
    bytes: u64,
}

#[derive(Debug, Deserialize)]
struct TcpInfo {
    #[serde(rename = "ElapsedTime")]
    elapsed_us: Option<u64>,
    #[serde(rename = "BytesReceived")]
    bytes_received: Option<u64>,
}

impl Bench {
    /// Measures the directions asked for, one after the other. `now_unix_ms` is the corrected time.
    pub async fn measure(&self, spec: &Spec, now_unix_ms: Option<i64>) -> Measured {
        let start = self.http.clock.boottime_ms();
        let wanted = [
            (spec.download, Direction::Download),
            (spec.upload, Direction::Upload),
        ];
        let before = self.http.volume.total();
        let mut measured = Measured::nothing(start, Outcome::Ok);
        let (mut down, mut up, mut dialled) = (None, None, Vec::new());
        for (_, direction) in wanted.into_iter().filter(|(wanted, _)| *wanted) {
            measured.sent += 1;
            match self
                .one(spec, direction, now_unix_ms, &mut measured.address)
                .await
            {
                Ok(rate) => {
                    measured.received += 1;
                    dialled.push(micros(rate.dialled));
                    match direction {
                        Direction::Download => down = Some(rate.bits_per_second),
                        Direction::Upload => up = Some(rate.bits_per_second),
                    }
                }
                Err(outcome) => measured.outcome = outcome,
            }
        }
        if measured.sent == 0 {
            measured.outcome = Outcome::NotSent;
        }
        measured.times = Times::of(&dialled);
        measured.coarse = true;
        measured.detail = Some(Detail::Throughput {
            download_bits_per_second: down,
            upload_bits_per_second: up,
            bytes: self.http.volume.total().saturating_sub(before),
        });
        measured
    }

    async fn one(
        &self,
        spec: &Spec,
        direction: Direction,
        now_unix_ms: Option<i64>,
        address: &mut Option<std::net::IpAddr>,
    ) -> Result<Rate, Outcome> {
        let begun = self.http.clock.monotonic();
        let dialling = self.dial(spec, direction, now_unix_ms, address);
        let socket = tokio::time::timeout(DIAL_TIMEOUT, dialling)
            .await
            .map_err(|_| Outcome::Timeout)??;
        let dialled = self.http.clock.monotonic().saturating_sub(begun);
        let meter = match direction {
            Direction::Download => self.download(socket, spec).await?,
            Direction::Upload => self.upload(socket, spec).await?,
        };
        let bits_per_second = meter.bits_per_second().ok_or(Outcome::Reset)?;
        Ok(Rate {
            bits_per_second,
            dialled,
        })
    }

    async fn download(
        &self,
        mut socket: WebSocketStream<dial::Stream>,
        spec: &Spec,
    ) -> Result<Meter, Outcome> {
        let clock = &self.http.clock;
        let begun = clock.monotonic();
        let mut meter = Meter::default();
        let mut bytes = 0_u64;
        loop {
            let now = clock.monotonic().saturating_sub(begun);
            let left = spec.time_max.saturating_sub(now);
            if left.is_zero() || bytes >= spec.bytes_max || meter.settled() {
                break;
            }
            match tokio::time::timeout(left, socket.next()).await {
                Err(_) | Ok(None | Some(Ok(Message::Close(_)))) => break,
                Ok(Some(Ok(message))) => {
                    bytes += message.len() as u64;
                    meter.note(clock.monotonic().saturating_sub(begun), bytes);
                }
                Ok(Some(Err(error))) if bytes == 0 => return Err(outcome_of_ws(&error)),
                Ok(Some(Err(_))) => break, // what came is a rate all the same
            }
        }
        // The server closes the connection; where it does not, dropping it does.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, socket.close(None)).await;
        Ok(meter)
    }

    async fn upload(
        &self,
        socket: WebSocketStream<dial::Stream>,
        spec: &Spec,
    ) -> Result<Meter, Outcome> {
        let clock: &dyn Clock = self.http.clock.as_ref();
        let begun = clock.monotonic();
        let elapsed = || clock.monotonic().saturating_sub(begun);
        let (mut sink, mut stream) = socket.split();
        let (sent, settled) = (AtomicU64::new(0), AtomicBool::new(false));
        let sending = async {
            let mut size = MESSAGE_BYTES_MIN;
            let payload = Bytes::from(random(MESSAGE_BYTES_MAX));
            loop {
                let so_far = sent.load(Relaxed);
                let left = spec.bytes_max.saturating_sub(so_far);
                if left == 0 || settled.load(Relaxed) {
                    break Ok(());
                }
                if size < MESSAGE_BYTES_MAX && so_far >= 16 * size as u64 {
                    size *= 2;
                }
                let length = size.min(usize::try_from(left).unwrap_or(size));
                let message = Message::Binary(payload.slice(..length));
                sink.send(message).await.map_err(|e| outcome_of_ws(&e))?;
                sent.fetch_add(length as u64, Relaxed);
            }
        };
        let mut told = Meter::default();
        let reading = async {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message
                    && let Some((at, bytes)) = counted(&text)
                {
                    told.note(at, bytes);
                    settled.store(told.settled(), Relaxed);
                }
            }
        };
        let both = async {
            tokio::select! { done = sending => done, () = reading => Ok(()) }
        };
        let done: Result<(), Outcome> = tokio::time::timeout(spec.time_max, both)
            .await
            .unwrap_or(Ok(()));
        let total = sent.load(Relaxed);
        if total == 0 {
            done?;
        }
        // The answer to the end comes after everything before it was read over there.
        let closing = async {
            let _ = sink.send(Message::Close(None)).await;
            while let Some(Ok(message)) = stream.next().await {
                match message {
                    Message::Text(text) => {
                        if let Some((at, bytes)) = counted(&text) {
                            told.note(at, bytes);
                        }
                    }
                    Message::Close(_) => return true,
                    _ => {}
                }
            }
            false
        };
        let whole = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
        if whole == Ok(true) && told.bytes() < total {
            let mut all = Meter::default();
            all.note(elapsed(), total);
            return Ok(all);
        }
        Ok(told)
    }
}

/// When and how many bytes had arrived at the server.
fn counted(text: &str) -> Option<(Duration, u64)> {
    let said: Said = serde_json::from_str(text).ok()?;
    let by_tcp = said
        .tcp_info
        .and_then(|tcp| Some((tcp.elapsed_us?, tcp.bytes_received?)));
    let (elapsed_us, bytes) =
        by_tcp.or_else(|| said.app_info.map(|app| (app.elapsed_us, app.bytes)))?;
    Some((Duration::from_micros(elapsed_us), bytes))
}

/// Bytes that nothing on the way can compress.
fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

fn outcome_of_ws(error: &WsError) -> Outcome {
    match error {
        WsError::Io(error) => match outcome_of(error) {
            Outcome::NotSent => Outcome::Reset,
            outcome => outcome,
        },
        WsError::Http(_) => Outcome::HttpStatus,
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Outcome::Reset,
        _ => Outcome::HttpMalformed,
    }
}

#[cfg(test)]
mod tests;
