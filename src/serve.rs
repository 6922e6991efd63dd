//! A running collector: both listeners, the assessment, and their end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use desserte_probe::clock::SystemClock;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agents::serve_agents;
use crate::api::server;
use crate::app::{App, AppError, Parts, Source};
use crate::assess::worker;
use crate::collector::{Collector, CollectorError};
use crate::config::Config;
use crate::geography::Geography;
use crate::layers::{LayerStore, LayersError};

/// File in the data folder that names the agents' address, for commands beside the server.
const AGENTS_URL_FILE: &str = "agents-url";

/// Where a collector serves, and with what.
#[derive(Debug)]
pub struct Options {
    /// Its data folder.
    pub data: PathBuf,
    /// Where agents reach it.
    pub agents: SocketAddr,
    /// Where browsers reach it.
    pub web: SocketAddr,
    /// Its configuration.
    pub config: Config,
    /// The country.
    pub geography: Geography,
}

/// Why a collector cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The web listener.
    #[error(transparent)]
    Web(#[from] server::ServerError),
    /// The agents' listener.
    #[error("agents' listener on {address}: {source}")]
    Agents {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Registry, journal, store or identity.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// The layers.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// The first reading.
    #[error(transparent)]
    App(#[from] AppError),
    /// A file of the data folder.
    #[error("writing {file}: {source}", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A listener ended by itself.
    #[error("a listener ended: {0}")]
    Ended(String),
}

impl ServeError {
    /// Whether the caller gave something that cannot be used.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Web(server::ServerError::NotLoopback(_)))
    }
}

/// A collector that serves.
#[derive(Debug)]
pub struct Running {
    /// Address of the agents' listener.
    pub agents_url: String,
    /// Address of the web listener.
    pub web_url: String,
    /// What the listeners share.
    pub app: Arc<App>,
    /// Registry, journal and store.
    pub collector: Arc<Collector>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), ServeError>>,
}

/// Opens the data folder, binds both listeners and serves.
pub async fn start(options: Options) -> Result<Running, ServeError> {
    // The web address is checked first: a refusal must not leave files behind.
    let web = server::bind(options.web).await?;
    let agents_error = |source| ServeError::Agents {
        address: options.agents,
        source,
    };
    let agents = TcpListener::bind(options.agents).await.map_err(agents_error)?;
    let bound = agents.local_addr().map_err(agents_error)?;
    let udp = UdpSocket::bind(bound).await.map_err(agents_error)?;
    let web_address = web.local_addr().map_err(server::ServerError::Serve)?;
    let agents_url = options
        .config
        .agents
        .public_url
        .clone()
        .unwrap_or_else(|| format!("https://{bound}"));
    write_agents_url(&options.data, &agents_url)?;
    let collector = open(&options.data).await?;
    let (stop, stopped) = watch::channel(false);
    let arrivals = collector.subscribe();
    let app = App::new(Parts {
        source: Source::new(Arc::clone(&collector)),
        layer_store: LayerStore::open(&options.data)?,
        config: options.config,
        geography: options.geography,
        agents_url: agents_url.clone(),
        shutdown: stopped.clone(),
    })?;
    let app = Arc::new(app);
    let mut tasks = JoinSet::new();
    tasks.spawn(serve_web(Arc::clone(&app), web));
    tasks.spawn(serve_agents_until(Arc::clone(&collector), agents, udp, stopped));
    tasks.spawn(assess(Arc::clone(&app), arrivals));
    tracing::info!(agents = agents_url, web = %web_address, "serving");
    Ok(Running {
        agents_url,
        web_url: format!("http://{web_address}"),
        app,
        collector,
        stop,
        tasks,
    })
}
