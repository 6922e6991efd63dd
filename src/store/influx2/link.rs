//! Requests to the server, each in a task of its own: the client's reader of answers panics on some, and
//! whoever asks may be in a runtime or in none.

use std::{
    fmt,
    future::Future,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::channel,
    },
    time::Duration,
};

use fallible_iterator::FallibleIterator as _;
use influxdb2::{
    Client, ClientBuilder, RequestError,
    api::{query::FluxRecord, write::TimestampPrecision},
    models::Query,
};
use tokio::runtime::{Builder, Runtime};

use crate::store::{StoreError, server::Server};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// First and longest pause before the next try.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// What the server makes of rows.
#[derive(Debug)]
pub(super) enum Answer {
    /// It has them.
    Taken,
    /// It took none of them: one of them is bad.
    Bad(String),
    /// It took those that it could.
    Part(String),
    /// They are too many at once.
    TooLarge(String),
}

/// The server, and a thread that speaks with it.
pub(super) struct Link {
    runtime: Option<Runtime>,
    client: Client,
    url: String,
    org: String,
    bucket: String,
    failures: AtomicU32,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.name())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not allowed everywhere; nothing is under way that anybody waits for.
            runtime.shutdown_background();
        }
    }
}

impl Link {
    pub(super) fn new(server: &Server) -> Result<Self, StoreError> {
        let wrong = |reason: String| StoreError::damaged("access to the server of samples", reason);
        let token = server.token.reveal();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                "no token, or one that is no token: store.token_file or INFLUX_TOKEN".to_owned(),
            ));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("influxdb2")
            .enable_all()
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let client = ClientBuilder::new(server.url.as_str(), server.org.as_str(), token)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            runtime: Some(runtime),
            client,
            url: server.url.clone(),
            org: server.org.clone(),
            bucket: server.bucket.clone(),
            failures: AtomicU32::new(0),
        })
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What it is called where its position is kept.
    pub(super) fn name(&self) -> String {
        format!("{} {} {}", self.url, self.org, self.bucket)
    }

    /// Asks, and reads the whole answer.
    pub(super) fn query(&self, query: String) -> Result<Vec<FluxRecord>, StoreError> {
        let client = self.client.clone();
        let asked = self.run(async move {
            let answer = client.query_raw_iter(Some(Query::new(query))).await?;
            answer.result().collect::<Vec<FluxRecord>>()
        });
        match asked {
            // A server that answers may still take nothing: only a write that is taken ends the pauses.
            Ok(Ok(records)) => Ok(records),
            Ok(Err(error)) => Err(self.away("ask the server of samples", &error)),
            Err(reason) => Err(self.pause("ask the server of samples", reason)),
        }
    }

    /// Hands lines over.
    pub(super) fn write(&self, lines: &[String]) -> Result<Answer, StoreError> {
        const OPERATION: &str = "write to the server of samples";
        let client = self.client.clone();
        let (org, bucket, body) = (self.org.clone(), self.bucket.clone(), lines.join("\n"));
        let asked = self.run(async move {
            let precision = TimestampPrecision::Nanoseconds;
            client
                .write_line_protocol_with_precision(&org, &bucket, body, precision)
                .await
        });
        match asked {
            Ok(Ok(())) => {
                self.failures.store(0, Ordering::Relaxed);
                Ok(Answer::Taken)
            }
            Ok(Err(RequestError::Http { status, text })) => match status.as_u16() {
                400 => Ok(Answer::Bad(text)),
                413 => Ok(Answer::TooLarge(text)),
                422 => Ok(Answer::Part(text)),
                _ => Err(self.away(OPERATION, &RequestError::Http { status, text })),
            },
            Ok(Err(error)) => Err(self.away(OPERATION, &error)),
            Err(reason) => Err(self.pause(OPERATION, reason)),
        }
    }

    /// Runs a request to its end on the link's own thread; `Err` is why it did not end.
    fn run<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let Some(runtime) = &self.runtime else {
            return Err("the link is closed".to_owned());
        };
        let (sender, answer) = channel();
        runtime.spawn(async move {
            let task = tokio::spawn(async move { tokio::time::timeout(PATIENCE, request).await });
            let ended = match task.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
                Err(_) => Err("its answer cannot be read".to_owned()),
            };
            // Whoever asked waits for exactly this.
            let _ = sender.send(ended);
        });
        answer
            .recv()
            .unwrap_or_else(|_| Err("the link is closed".to_owned()))
    }

    /// An answer that says: not now, or not you.
    fn away(&self, operation: &'static str, error: &RequestError) -> StoreError {
        let refused = match error {
            RequestError::Http { status, .. } => matches!(status.as_u16(), 401 | 403 | 404),
            _ => false,
        };
        let reason = format!("{}: {error}", self.url);
        if refused {
            // Nobody but an operator can help; the alarm stays until he has.
            return StoreError::Away {
                operation,
                reason,
                retry: PAUSE.1,
            };
        }
        self.pause(operation, reason)
    }

    /// The longer it lasts, the longer the pause; no two collectors come back at once.
    fn pause(&self, operation: &'static str, reason: String) -> StoreError {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(6);
        let pause = PAUSE.0.saturating_mul(1 << failures).min(PAUSE.1);
        StoreError::Away {
            operation,
            reason,
            retry: pause.mul_f64(rand::random_range(0.5..1.0)),
        }
    }
}
