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
pub(super) const LAST_UPLOAD: Duration = Duration::from_secs(5);

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

/// Runs until told to stop, then tries once more.
pub(super) async fn run(
    mut uploader: Uploader,
    orders: Arc<Orders>,
    events: mpsc::Sender<UploadEvent>,
    (mut stop, first_delay): (watch::Receiver<bool>, Duration),
) {
    let mut backoff = Backoff::default();
    let (mut wait, mut wakeable) = (first_delay.mul_f64(rand::random()), true);
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = orders.wake.notified(), if wakeable => {}
            () = told(&mut stop) => {}
        }
        let last = *stop.borrow();
        let (uploaded, result) = uploader.upload(orders.revision.load(Relaxed)).await;
        (wait, wakeable) = match &result {
            Ok(()) => {
                backoff.reset();
                (
                    Duration::from_secs(orders.seconds.load(Relaxed).max(1)),
                    true,
                )
            }
            Err(error) => {
                let wish = error.retry_after();
                let wait = backoff.next(wish, rand::random());
                tracing::warn!(%error, wait_seconds = wait.as_secs(), "upload failed");
                (wait, wish.is_none())
            }
        };
        let event = UploadEvent {
            uploaded,
            error: result.err().map(|e| e.to_string()),
        };
        if events.send(event).await.is_err() || last {
            return;
        }
    }
}
