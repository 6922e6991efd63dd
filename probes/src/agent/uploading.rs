//! When to upload: on schedule, at once on a change of state, and later after a failure.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{Notify, mpsc, watch};

use crate::upload::{Backoff, Uploaded, Uploader};

/// For the one attempt when the agent is told to stop.
const LAST_UPLOAD: Duration = Duration::from_secs(5);

/// What the recorder tells the uploading task.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Upload now.
    pub(super) wake: Notify,
    /// Revision of the schedule in use.
    pub(super) revision: AtomicU64,
    /// Seconds between uploads.
    pub(super) seconds: AtomicU64,
}

/// What an upload gave.
#[derive(Debug)]
pub(super) struct UploadEvent {
    pub(super) uploaded: Uploaded,
    pub(super) error: Option<String>,
}

/// Waits until told to stop, or until nobody is left to tell.
pub(super) async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Waits for the last attempt, not for long.
pub(super) async fn finish(mut uploads: tokio::task::JoinHandle<()>) {
    if tokio::time::timeout(LAST_UPLOAD, &mut uploads)
        .await
        .is_err()
    {
        uploads.abort();
    }
}

/// Runs until told to stop, then tries once more.
pub(super) async fn run(
    mut uploader: Uploader,
    orders: Arc<Orders>,
    events: mpsc::Sender<UploadEvent>,
    (mut stop, first_delay): (watch::Receiver<bool>, Duration),
) {
    let mut backoff = Backoff::default();
    let (mut pause, mut may_wake) = (first_delay.mul_f64(rand::random()), true);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = orders.wake.notified(), if may_wake => {}
            () = told(&mut stop) => {}
        }
        let last = *stop.borrow();
        let (achieved, result) = uploader.upload(orders.revision.load(Relaxed)).await;
        (pause, may_wake) = match &result {
            Ok(()) => {
                backoff.reset();
                (
                    Duration::from_secs(orders.seconds.load(Relaxed).max(1)),
                    true,
                )
            }
            Err(error) => {
                let wish = error.retry_after();
                let pause = backoff.next(wish, rand::random());
                tracing::warn!(%error, pause_seconds = pause.as_secs(), "upload failed");
                (pause, wish.is_none())
            }
        };
        let event = UploadEvent {
            uploaded: achieved,
            error: result.err().map(|e| e.to_string()),
        };
        if events.send(event).await.is_err() || last {
            return;
        }
    }
}
