//! `desserte demo`: a whole house in one process. A collector with the geography of a real country
//! and invented public sites, a simulated fleet that lives at some of them, a page to measure on
//! loopback, and one real agent that enrols over the real listener and measures it.

mod agent;
mod country;
pub mod fleet;
mod people;
mod target;
pub mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use desserte_probe::clock::{Clock as _, SystemClock};
use tokio::sync::watch;

use crate::collector::registry_path;
use crate::config::{Agents, Config};
use crate::import::ImportError;
use crate::layers::{LayerStore, LayersError};
use crate::registry::{Registry, RegistryError};
use crate::serve::{self, Running, ServeError};

/// File in the data folder that names the port of the agents' listener: the agent that enrolled at
/// the first start finds the collector again at the next.
const AGENTS_PORT_FILE: &str = "demo-agents-port";

/// Where the demonstration lives.
#[derive(Debug)]
pub struct Options {
    /// Its data folder.
    pub data: PathBuf,
    /// Where browsers reach it.
    pub web: SocketAddr,
    /// Whether the agent also measures this machine's gateway and resolver.
    pub measure_this_machine: bool,
    /// How large the simulated fleet is.
    pub fleet: fleet::Size,
}

/// Why the demonstration cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The collector.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The layers.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// The shipped files.
    #[error("the demonstration's own files: {0}")]
    Shipped(String),
    /// The shipped sites or places.
    #[error("the demonstration's own files: {0}")]
    Import(#[from] ImportError),
    /// The page to measure.
    #[error("the page to measure: {0}")]
    Target(std::io::Error),
    /// The agent.
    #[error("the demonstration's agent: {0}")]
    Agent(String),
    /// The simulated fleet.
    #[error("the simulated fleet: {0}")]
    Fleet(String),
}

/// A demonstration that runs.
#[derive(Debug)]
pub struct Demonstration {
    collector: Running,
    agent: agent::Running,
    fleet: Option<fleet::Running>,
    stop: watch::Sender<bool>,
}

/// Makes or takes up the data folder and starts everything.
pub async fn start(options: Options) -> Result<Demonstration, DemoError> {
    let (stop, stopped) = watch::channel(false);
    let page = target::serve(stopped.clone())
        .await
        .map_err(DemoError::Target)?;
    let now = SystemClock.unix_ms();
    // Checked before anything is written: another address than loopback is refused.
    drop(
        crate::api::server::bind(options.web, &Config::default().web, false)
            .await
            .map_err(ServeError::from)?,
    );
    let registry = Registry::open(&registry_path(&options.data))?;
    country::enter(&registry, now)?;
    LayerStore::open(&options.data)?.replace(&country::layers()?, now)?;
    agent::enter_targets(&registry, page, options.measure_this_machine, now)?;
    people::enter(&registry, now)?;
    let fleet = fleet::prepare(&options.data, &registry, options.fleet, now)?;
    drop(registry);
    let kept = std::fs::read_to_string(options.data.join(AGENTS_PORT_FILE));
    let port = kept
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    let collector = match start_collector(&options, port).await {
        // Another program has the port by now.
        Err(ServeError::Agents { .. }) if port != 0 => start_collector(&options, 0).await,
        other => other,
    }?;
    if let Some((_, port)) = collector.agents_url.rsplit_once(':') {
        let file = options.data.join(AGENTS_PORT_FILE);
        std::fs::write(&file, port).map_err(|source| ServeError::File { file, source })?;
    }
    let fleet = fleet.map(|fleet| fleet::start(fleet, &options.data, &collector, stopped.clone()));
    let agent = agent::start(&options.data, &collector, stopped).await?;
    Ok(Demonstration {
        collector,
        agent,
        fleet,
        stop,
    })
}

async fn start_collector(options: &Options, port: u16) -> Result<Running, ServeError> {
    let config = Config {
        country: country::configuration(),
        agents: Agents::default(),
        ..Config::default()
    };
    let geography = country::geography();
    serve::start(serve::Options {
        data: options.data.clone(),
        agents: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        web: options.web,
        config,
        geography,
        demonstration: true,
    })
    .await
}

impl Demonstration {
    /// The collector in it.
    #[must_use]
    pub fn collector(&self) -> &Running {
        &self.collector
    }

    /// Stops the agent, then the collector.
    pub async fn stop(self) -> Result<(), DemoError> {
        let _ = self.stop.send(true);
        self.agent.ended().await?;
        if let Some(fleet) = self.fleet {
            fleet.ended().await;
        }
        Ok(self.collector.stop().await?)
    }
}
