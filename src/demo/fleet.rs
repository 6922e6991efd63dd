//! The simulated fleet: agents at invented sites that live through the seeded [`world`](super::world)
//! and tell the collector of it.
//!
//! Each site has two agents with a chain of batches each. The earlier one was replaced a day before
//! the first start; what it measured is played back through [`Collector::accept`] with the time at
//! which each batch would have come. The present one enrols with a code over the agents' listener;
//! its first day is played back the same way, and from then on it sends signed batches and
//! heartbeats as any agent does. While the demonstration is off the sites live on: their agents keep
//! what they measure, as agents do whose collector is off, and send it at the next start.

mod agreements;
pub mod chain;
mod history;
mod live;
mod plan;
mod state;
mod wire;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::chain::Chain;
use self::state::State;
use super::DemoError;
use super::world::minute::Life;
use super::world::script::{Script, Setting, Start};
use super::world::site::Site;
use super::world::{DAY, MINUTE_MS, minute_of};
use crate::app::{App, Phase};
use crate::collector::Collector;
use crate::registry::{Registry, Replaced};
use crate::serve;

pub use agreements::enter_targets;
pub use plan::choose;

/// Author of what the fleet enters.
const AUTHOR: &str = "demonstration";
/// Name of the software in reports: nobody takes it for a real agent's.
const SOFTWARE: &str = concat!("desserte-demo/", env!("CARGO_PKG_VERSION"), " (simulated)");
/// Most sites of a fleet.
pub const SITES_MAX: u32 = 1_000;
/// Most days of history.
pub const HISTORY_DAYS_MAX: u32 = 60;

/// How large a fleet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Sites; 0: no fleet.
    pub sites: u32,
    /// Days of history that it begins with, at least one.
    pub history_days: u32,
}

/// The sites and what happens to them, up to some minute.
#[derive(Debug)]
pub struct World {
    seed: u64,
    sites: Vec<Site>,
    starts: Vec<Start>,
    first: i64,
    script: Script,
}

impl World {
    /// The world of these sites, from a first minute on, written up to another.
    #[must_use]
    pub fn new(seed: u64, sites: Vec<Site>, starts: Vec<Start>, span: (i64, i64)) -> Self {
        let mut world = Self {
            seed,
            sites,
            starts,
            first: span.0,
            script: Script::default(),
        };
        world.script = world.setting().script(span.1);
        world
    }

    /// A world with a script of its own.
    #[must_use]
    pub fn scripted(seed: u64, sites: Vec<Site>, script: Script) -> Self {
        Self {
            seed,
            sites,
            starts: Vec::new(),
            first: 0,
            script,
        }
    }

    /// The same world, written up to a later minute.
    #[must_use]
    pub fn until(&self, minute: i64) -> Self {
        let span = (self.first, minute);
        Self::new(self.seed, self.sites.clone(), self.starts.clone(), span)
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            seed: self.seed,
            sites: &self.sites,
            starts: &self.starts,
            first: self.first,
        }
    }

    /// The sites, by number.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The script.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// The life of a site.
    #[must_use]
    pub fn life<'a>(&'a self, site: &'a Site) -> Life<'a> {
        Life {
            seed: self.seed,
            site,
            script: &self.script,
        }
    }
}

/// A fleet that is entered in the registry and not started yet.
#[derive(Debug)]
pub(super) struct Prepared {
    state: State,
    sites: Vec<Site>,
    /// Chains of the replaced agents, by number of the site.
    earlier: Vec<Chain>,
}

/// Enters sites' targets, agreements and the replaced agents of the past, at the first start; reads
/// what there is at a later one. `None` without a fleet.
pub(super) fn prepare(
    data: &Path,
    registry: &Registry,
    size: Size,
    now_unix_ms: i64,
) -> Result<Option<Prepared>, DemoError> {
    let Some(state) = State::open(data, size, minute_of(now_unix_ms))? else {
        return Ok(None);
    };
    let sites = choose(registry, state.seed, state.sites)?;
    agreements::enter(registry, &sites, &state, now_unix_ms)?;
    let earlier = replaced(registry, &state, &sites)?;
    Ok(Some(Prepared {
        state,
        sites,
        earlier,
    }))
}

/// First minute of which the journal holds nothing yet of any present agent.
fn told_until(collector: &Collector, state: &State, sites: &[Site]) -> Result<i64, DemoError> {
    if state.is_new() {
        return Ok(i64::MIN);
    }
    let mut told = state.first_start_minute();
    for site in sites {
        let key = state.key(&site.id, state::PRESENT).verifying_key();
        let Some(agent) = collector.registry().agent_with_key(key.as_bytes())? else {
            continue;
        };
        let last = collector.journal().last_batch_of(agent.id);
        if let Some(last) = last.map_err(|error| DemoError::Fleet(error.to_string()))? {
            told = told.max(minute_of(last.received_unix_ms) + 1);
        }
    }
    Ok(told)
}

/// The replaced agents, written down once.
fn replaced(registry: &Registry, state: &State, sites: &[Site]) -> Result<Vec<Chain>, DemoError> {
    let replaced_at = state.replaced_minute();
    let keys: Vec<_> = sites
        .iter()
        .map(|site| state.key(&site.id, state::EARLIER))
        .collect();
    let agents: Vec<Replaced<'_>> = sites
        .iter()
        .zip(&keys)
        .map(|(site, key)| Replaced {
            site: &site.id,
            public_key: key.verifying_key().to_bytes(),
            software: SOFTWARE,
            enrolled_unix_ms: (state.first_minute() - 30) * MINUTE_MS,
            replaced_unix_ms: replaced_at * MINUTE_MS,
        })
        .collect();
    let records = registry.keep_replaced_agents(&agents, AUTHOR)?;
    let span = (state.first_minute(), Some(replaced_at));
    Ok(records
        .into_iter()
        .zip(keys)
        .map(|(record, key)| Chain::new(key, record.id, span))
        .collect())
}

/// A fleet that runs.
#[derive(Debug)]
pub(super) struct Running(JoinHandle<()>);

impl Running {
    /// Waits until it has stopped.
    pub(super) async fn ended(self) {
        if let Err(error) = self.0.await {
            tracing::error!(%error, "the simulated fleet ended");
        }
    }
}

/// Starts the fleet: enrols what is not enrolled, plays the past back, then lives.
pub(super) fn start(
    prepared: Prepared,
    data: &Path,
    collector: &serve::Running,
    stop: watch::Receiver<bool>,
) -> Running {
    let app = Arc::clone(&collector.app);
    let inside = Arc::clone(&collector.collector);
    let (agents_url, data) = (collector.agents_url.clone(), data.to_owned());
    Running(tokio::spawn(async move {
        let mut stopped = stop.clone();
        let work = live((prepared, &data), (&app, &inside), &agents_url, stop);
        tokio::select! {
            result = work => if let Err(error) = result {
                tracing::error!(%error, "the simulated fleet stopped");
                app.demonstration.enter(Phase::Failed);
            },
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }))
}

async fn live(
    (prepared, data): (Prepared, &Path),
    (app, collector): (&Arc<App>, &Arc<Collector>),
    agents_url: &str,
    stop: watch::Receiver<bool>,
) -> Result<(), DemoError> {
    let Prepared {
        mut state,
        sites,
        earlier,
    } = prepared;
    let now = minute_of(collector.clock().unix_ms());
    let untold = told_until(collector, &state, &sites)?;
    state.start(data, now, untold)?;
    let span = (state.first_minute(), now + DAY);
    let world = World::new(state.seed, sites, state.starts(), span);
    let progress = Arc::clone(&app.demonstration);
    progress.begin(
        (state.sites, state.history_days),
        state.starts().last().map(|start| start.minute * MINUTE_MS),
        state
            .away()
            .map(|(from, to)| (from * MINUTE_MS, to * MINUTE_MS)),
    );
    progress.enter(Phase::Enrolling);
    let wire = wire::Wire::new(agents_url, collector)?;
    let present = wire::enrol_all(&wire, &state, &world, collector, &progress).await?;
    let world = Arc::new(world);
    progress.enter(Phase::LastDay);
    let played = history::last_day(&world, present, &state, collector, &progress).await?;
    let live = live::run(&wire, (&world, played), collector, stop);
    let past = async {
        progress.enter(Phase::EarlierDays);
        match history::earlier_days(&world, earlier, collector, &progress).await {
            Ok(()) => progress.enter(Phase::Complete),
            Err(error) => {
                tracing::error!(%error, "the simulated past could not be played back");
                progress.enter(Phase::Failed);
            }
        }
    };
    let (lived, ()) = tokio::join!(live, past);
    lived
}
