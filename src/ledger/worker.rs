//! What the ledger does by itself while a collector serves.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::LedgerError;
use crate::collector::Collector;
use crate::registry::Version;

/// How often to look for new records of the registry, which other processes write too.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Takes up records and keeps a checkpoint an hour, until told to stop.
pub async fn run(collector: Arc<Collector>, mut stopped: watch::Receiver<bool>) {
    let mut seen = None;
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let this = Arc::clone(&collector);
        let before = seen;
        let looked = tokio::task::spawn_blocking(move || look(&this, before)).await;
        match looked {
            Ok(Ok(version)) => seen = Some(version),
            Ok(Err(error)) => tracing::error!(%error, "the ledger could not be kept"),
            Err(error) => tracing::error!(%error, "the ledger could not be kept"),
        }
    }
}

fn look(collector: &Collector, before: Option<Version>) -> Result<Version, LedgerError> {
    let version = collector.registry().version()?;
    if before != Some(version) {
        collector.ledger().take_up()?;
    }
    collector.ledger().published(collector.clock().unix_ms())?;
    Ok(version)
}
