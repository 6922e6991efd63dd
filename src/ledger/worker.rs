//! What the ledger does by itself while a collector serves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desserte_probe::clock::Clock;
use tokio::sync::watch;

use super::LedgerError;
use super::evidence::Files;
use super::settle::Settled;
use crate::app::App;
use crate::registry::Version;

/// How often to look for new records of the registry, which other processes write too.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often to look for months to settle and for late data; also how long after a start to wait, so that
/// agents that were held up have sent what they have.
const SETTLE_EVERY: Duration = Duration::from_mins(10);

/// What was seen and done.
#[derive(Debug, Default)]
struct State {
    version: Option<Version>,
    settled: Settled,
    settle_at: Option<Duration>,
}

/// Takes up records, keeps a checkpoint an hour and settles months, until told to stop.
pub async fn run(
    app: Arc<App>,
    (files, clock): (Files, Arc<dyn Clock>),
    mut stopped: watch::Receiver<bool>,
) {
    let state = Arc::new(Mutex::new(State::default()));
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let (files, clock) = (files.clone(), Arc::clone(&clock));
        let (state, app) = (Arc::clone(&state), Arc::clone(&app));
        let looked = tokio::task::spawn_blocking(move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = look(&files, &*clock, &mut state) {
                tracing::error!(%error, "the ledger could not be kept: {error}");
            }
            settle(&app, &files, &*clock, &mut state);
        });
        // Settling may read for minutes: a stop does not wait for it.
        tokio::select! {
            ended = looked => if let Err(error) = ended {
                tracing::error!(%error, "the ledger could not be kept");
            },
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

fn look(files: &Files, clock: &dyn Clock, state: &mut State) -> Result<(), LedgerError> {
    let version = files.source.registry().version()?;
    if state.version != Some(version) {
        files.ledger.take_up()?;
        state.version = Some(version);
    }
    files.ledger.published(clock.unix_ms())?;
    Ok(())
}

fn settle(app: &App, files: &Files, clock: &dyn Clock, state: &mut State) {
    let now = clock.monotonic();
    let at = *state.settle_at.get_or_insert(now + SETTLE_EVERY);
    // While a demonstration plays its past back its months are not there yet.
    if now < at || !app.demonstration.is_told() {
        return;
    }
    state.settle_at = Some(now + SETTLE_EVERY);
    match files.settle(&mut state.settled, clock.unix_ms()) {
        Ok(kept) => {
            for one in kept {
                let (agreement, month) = (&one.inputs.agreement, &one.inputs.month);
                let revision = one.inputs.revision;
                tracing::info!(
                    agreement,
                    month,
                    revision,
                    "statement of agreement {agreement} for {month}: revision {revision} is final"
                );
            }
        }
        Err(error) => tracing::error!(%error, "statements could not be settled: {error}"),
    }
}
