//! Upload: connect, learn the time, seal, send newest first, free what is receipted.
//!
//! | answer | what is done |
//! |---|---|
//! | 200 with a receipt that verifies | the batch is freed |
//! | 400, 409, 413, 415, 422 with a `code` of the contract | the batch is put aside and counted |
//! | 401, 403 | everything is kept; tried again after an hour at the earliest |
//! | 429, 503, 507, any other status, a broken connection, a bad receipt | kept; tried again later |
//!
//! A status without a code of the contract may come from anything on the way (a portal, a proxy) and
//! never costs a batch.

mod backoff;
pub mod connection;
mod known;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use hyper::{Method, StatusCode};

pub(crate) use self::backoff::Backoff;
use self::connection::{CONTENT_TYPE_NAME, Connection, parse_json};
pub use self::{
    connection::{CollectorError, Endpoint},
    known::{Attempts, KnownTime},
};
use crate::{
    clock::Clock,
    identity::Identity,
    report::TimeExchange,
    spool::{SealedBatch, Sealer, Sealing, Spool, SpoolError},
    volume::Volume,
    wire::{
        envelope::HEADERS,
        hex,
        id::BootId,
        receipt::{Receipt, TimeStatement},
        schedule::{Schedule, TARGETS_MAX, sign_request},
    },
};

/// How long an agent that the collector does not accept waits before it asks again.
const NOT_ACCEPTED_PAUSE: Duration = Duration::from_hours(1);
/// A connection that rested longer is opened anew: a translator on the way may have forgotten it, and
/// a request into a dead one costs a timeout and is sent twice. The collector keeps it as long.
const REST_MAX_MS: u64 = 6 * 60_000;
/// Codes with which the collector refuses a batch for good. `future_dated` is not among them: it may
/// be the collector's clock that is wrong, and the batch is good once that is mended.
const REFUSED_FOR_GOOD: [&str; 6] = [
    "malformed",
    "sequence_conflict",
    "too_large",
    "unsupported_content_type",
    "unknown_version",
    "invalid_report",
];

/// Why an upload ended early.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The collector could not be reached or answered otherwise.
    #[error("{0}")]
    Collector(#[from] CollectorError),
    /// The spool failed.
    #[error("{0}")]
    Spool(#[from] SpoolError),
}

impl UploadError {
    fn is_broken_connection(&self) -> bool {
        use CollectorError::{Http, Timeout};
        matches!(self, Self::Collector(Http { .. } | Timeout(_)))
    }

    /// How long to wait at least: the collector's wish, or an hour when it does not accept the agent.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Collector(CollectorError::Refused {
                status: 401 | 403,
                retry_after,
                ..
            }) => Some(
                retry_after
                    .unwrap_or(NOT_ACCEPTED_PAUSE)
                    .max(NOT_ACCEPTED_PAUSE),
            ),
            Self::Collector(CollectorError::Refused { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

/// What an upload achieved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Batches receipted.
    pub batches: u64,
    /// Collector's time of the last receipt.
    pub last_receipt_unix_ms: Option<i64>,
    /// A newer schedule.
    pub schedule: Option<Schedule>,
}

/// Locks what cannot be left half done by a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends what the spool holds.
#[derive(Debug)]
pub struct Uploader {
    identity: Arc<Identity>,
    sealer: Sealer,
    boot: BootId,
    clock: Arc<dyn Clock>,
    spool: Arc<Mutex<Spool>>,
    volume: Arc<Volume>,
    attempts: Arc<Attempts>,
    time: Arc<Mutex<KnownTime>>,
    connection: Option<Connection>,
    /// When the connection was used last, since boot.
    used_ms: u64,
}

/// What an [`Uploader`] shares with the rest of the agent.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Who we are.
    pub identity: Arc<Identity>,
    /// The boot that runs.
    pub boot: BootId,
    /// The machine's clocks.
    pub clock: Arc<dyn Clock>,
    /// What waits.
    pub spool: Arc<Mutex<Spool>>,
    /// Bytes on the line.
    pub volume: Arc<Volume>,
    /// Attempts to reach the collector.
    pub attempts: Arc<Attempts>,
    /// Exchanges of time.
    pub time: Arc<Mutex<KnownTime>>,
}

impl Uploader {
    /// An uploader without a connection.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        let sealer = Sealer {
            key: shared.identity.key.clone(),
            agent: shared.identity.enrolment.agent,
            software: crate::SOFTWARE.to_owned(),
        };
        Self {
            sealer,
            identity: shared.identity,
            boot: shared.boot,
            clock: shared.clock,
            spool: shared.spool,
            volume: shared.volume,
            attempts: shared.attempts,
            time: shared.time,
            connection: None,
            used_ms: 0,
        }
    }

    /// Sends everything that waits. `schedule_revision` is the one in use. What was achieved counts
    /// also when the upload ended early.
    pub async fn upload(&mut self, schedule_revision: u64) -> (Uploaded, Result<(), UploadError>) {
        self.attempts.attempts.fetch_add(1, Relaxed);
        let mut uploaded = Uploaded::default();
        let rested_ms = self.clock.boottime_ms().saturating_sub(self.used_ms);
        if rested_ms > REST_MAX_MS {
            self.connection = None;
        }
        let kept = self.connection.is_some();
        let mut result = self.try_upload(schedule_revision, &mut uploaded).await;
        if kept && matches!(&result, Err(error) if error.is_broken_connection()) {
            // An idle connection may be dead without a sign; what was sent over it is sent again.
            self.connection = None;
            result = self.try_upload(schedule_revision, &mut uploaded).await;
        }
        let answered = match &result {
            Ok(()) | Err(UploadError::Collector(CollectorError::Refused { .. })) => true,
            Err(_) => uploaded.batches > 0,
        };
        self.attempts
            .answered
            .fetch_add(u32::from(answered), Relaxed);
        if result.is_err() {
            self.connection = None;
        }
        self.used_ms = self.clock.boottime_ms();
        (uploaded, result)
    }

    async fn try_upload(
        &mut self,
        schedule_revision: u64,
        uploaded: &mut Uploaded,
    ) -> Result<(), UploadError> {
        self.connect().await?;
        if lock(&self.time).exchanges.is_empty() {
            self.ask_time().await?;
        }
        if let Err(error) = self.seal() {
            // A full disk must not keep back what is sealed: its receipts are what frees space.
            tracing::error!(%error, "not sealed");
        }
        let mut revision = schedule_revision;
        loop {
            let newest = lock(&self.spool).newest()?;
            let Some(batch) = newest else { break };
            if let Some(receipt) = self.send(&batch).await? {
                uploaded.batches += 1;
                uploaded.last_receipt_unix_ms = Some(receipt.sent_unix_ms);
                revision = receipt.schedule_revision;
            }
        }
        if revision != schedule_revision {
            // What was measured is safe by now: a schedule can wait for the next upload.
            match self.fetch_schedule().await {
                Ok(schedule) => uploaded.schedule = Some(schedule),
                Err(error) => tracing::warn!(%error, "schedule not fetched"),
            }
        }
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), UploadError> {
        if self.connection.as_ref().is_some_and(|c| !c.is_closed()) {
            return Ok(());
        }
        let pin = crate::wire::sha256(&self.identity.collector_key);
        self.connection = None;
        let open = Connection::open(&self.identity.collector, pin, &self.volume).await?;
        tracing::debug!(peer = %open.peer, "connected to collector");
        self.connection = Some(open);
        Ok(())
    }

    fn open(&mut self, operation: &'static str) -> Result<&mut Connection, CollectorError> {
        self.connection
            .as_mut()
            .ok_or_else(|| CollectorError::Answer {
                operation,
                reason: "not connected".to_owned(),
            })
    }

    async fn ask_time(&mut self) -> Result<(), CollectorError> {
        const OPERATION: &str = "ask the time";
        let nonce: [u8; 16] = rand::random();
        let path = format!("/api/v1/time?nonce={}", hex(&nonce));
        let sent_boottime_ms = self.clock.boottime_ms();
        let connection = self.open(OPERATION)?;
        let answer = connection
            .request(OPERATION, (Method::GET, &path), &[], vec![])
            .await?;
        let received_boottime_ms = self.clock.boottime_ms();
        let body = answer.expect(OPERATION, StatusCode::OK)?;
        let statement: TimeStatement = parse_json(OPERATION, &body)?;
        statement
            .verify(&self.identity.collector_key, &nonce)
            .map_err(|error| CollectorError::Answer {
                operation: OPERATION,
                reason: error.to_string(),
            })?;
        lock(&self.time).add(TimeExchange {
            sent_boottime_ms,
            received_boottime_ms,
            collector_received_unix_ms: statement.received_unix_ms,
            collector_sent_unix_ms: statement.sent_unix_ms,
        });
        Ok(())
    }

    fn seal(&mut self) -> Result<(), SpoolError> {
        let exchanges = lock(&self.time).exchanges.clone();
        let mut spool = lock(&self.spool);
        if !spool.has_unsealed() {
            return Ok(());
        }
        let sealing = Sealing {
            boot: self.boot,
            boottime_ms: self.clock.boottime_ms(),
            wall_unix_ms: Some(self.clock.unix_ms()),
            exchanges,
        };
        spool.seal(&self.sealer, &sealing).map(|_| ())
    }

    /// Sends one batch: `Some` when it was receipted, `None` when it was put aside.
    async fn send(&mut self, batch: &SealedBatch) -> Result<Option<Receipt>, UploadError> {
        const OPERATION: &str = "send a batch";
        let hash = batch.envelope.batch_hash(&batch.body);
        let mut headers = vec![(CONTENT_TYPE_NAME, batch.content_type.clone())];
        headers.extend(HEADERS.into_iter().zip(batch.envelope.header_values()));
        let sent_boottime_ms = self.clock.boottime_ms();
        let to = (Method::POST, "/api/v1/batches");
        let answer = self
            .open(OPERATION)?
            .request(OPERATION, to, &headers, batch.body.clone())
            .await?;
        let received_boottime_ms = self.clock.boottime_ms();
        let body = match answer.expect(OPERATION, StatusCode::OK) {
            Err(error) if for_good(&error) => {
                tracing::error!(%error, first = batch.envelope.sequence_first, "batch refused for good");
                lock(&self.spool).refuse(&hash, &format!("{error}: {error:?}\n"))?;
                return Ok(None);
            }
            other => other?,
        };
        let receipt: Receipt = parse_json(OPERATION, &body)?;
        let own = receipt.agent == self.sealer.agent && receipt.batch_hash == hex(&hash);
        if !own {
            let reason = "a receipt for another batch".to_owned();
            return Err(CollectorError::Answer {
                operation: OPERATION,
                reason,
            }
            .into());
        }
        lock(&self.spool).free(&receipt, &self.identity.collector_key)?;
        lock(&self.time).add(TimeExchange {
            sent_boottime_ms,
            received_boottime_ms,
            collector_received_unix_ms: receipt.received_unix_ms,
            collector_sent_unix_ms: receipt.sent_unix_ms,
        });
        Ok(Some(receipt))
    }

    async fn fetch_schedule(&mut self) -> Result<Schedule, CollectorError> {
        const OPERATION: &str = "fetch the schedule";
        let agent = self.sealer.agent;
        let map = lock(&self.time).map();
        let now = map.map_or_else(
            || self.clock.unix_ms(),
            |map| map.corrected_unix_ms(self.clock.boottime_ms()).0,
        );
        let signature = sign_request(&self.identity.key, agent, now);
        let headers = [
            ("desserte-time", now.to_string()),
            ("desserte-signature", hex(&signature)),
        ];
        let path = format!("/api/v1/agents/{agent}/schedule");
        let connection = self.open(OPERATION)?;
        let answer = connection
            .request(OPERATION, (Method::GET, &path), &headers, vec![])
            .await?;
        let schedule: Schedule = parse_json(OPERATION, &answer.expect(OPERATION, StatusCode::OK)?)?;
        if schedule.targets.len() > TARGETS_MAX {
            let reason = format!(
                "{} targets, more than {TARGETS_MAX}",
                schedule.targets.len()
            );
            return Err(CollectorError::Answer {
                operation: OPERATION,
                reason,
            });
        }
        Ok(schedule)
    }
}

fn for_good(error: &CollectorError) -> bool {
    matches!(
        error,
        CollectorError::Refused { status: 400 | 409 | 413 | 415 | 422, code: Some(code), .. }
            if REFUSED_FOR_GOOD.contains(&code.as_str())
    )
}
