//! A running collector: both listeners, the assessment, and their end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use desserte_probe::clock::SystemClock;
use desserte_probe::wire::sha256;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use crate::agents::{AgentsError, empty_page, serve_agents};
use crate::api::server;
use crate::app::{App, AppError, Parts, Source};
use crate::assess::worker;
use crate::collector::{Collector, CollectorError, registry_path};
use crate::config::{Config, ConfigError};
use crate::doors::Doors;
use crate::geography::Geography;
use crate::ingest::IngestEvent;
use crate::layers::{LayerStore, LayersError};
use crate::ledger::{self, evidence::Files};
use crate::plans::{PlanStore, PlansError};
use crate::registry::Registry;
use crate::staging::{Staging, StagingError};

/// File in the data folder that names the agents' address, for commands beside the server.
const AGENTS_URL_FILE: &str = "agents-url";
/// And the one that names the page's.
const WEB_URL_FILE: &str = "web-url";

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
    /// Whether it is a demonstration: its visitor is one of its invented people.
    pub demonstration: bool,
}

/// Why a collector cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS or sockets of the agents' listener.
    #[error(transparent)]
    AgentsListener(#[from] AgentsError),
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
    /// The empty page.
    #[error("empty page on {address}: {source}")]
    EmptyPage {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Registry, journal, store or identity.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// The configuration names something that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The layers.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// The files that wait to be imported.
    #[error(transparent)]
    Imports(#[from] StagingError),
    /// Kept plans.
    #[error(transparent)]
    Plans(#[from] PlansError),
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
        matches!(
            self,
            Self::Web(
                server::ServerError::NotLoopback(_)
                    | server::ServerError::NoTls(_)
                    | server::ServerError::Certificate(_)
                    | server::ServerError::Bind { .. }
            ) | Self::Agents { .. }
                | Self::EmptyPage { .. }
                | Self::Config(_)
                | Self::Collector(CollectorError::InUse(_) | CollectorError::Folder { .. })
        )
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
    raise_open_files();
    // The web address is checked first: a refusal must not leave files behind.
    let accounts = has_accounts(&options).await?;
    let web = server::bind(options.web, &options.config.web, accounts).await?;
    let (agents, udp, bound) = bind_agents(options.agents).await?;
    let empty_page = bind_empty_page(options.config.agents.empty_page).await?;
    let web_url = web.url()?;
    let public_url = options.config.agents.public_url.clone();
    let agents_url = public_url.unwrap_or_else(|| format!("https://{bound}"));
    let (stop, stopped) = watch::channel(false);
    let data = options.data.clone();
    let keeping = options.config.keeping()?;
    let collector = on_thread(move || {
        Ok(Collector::open_with(
            &data,
            Arc::new(SystemClock),
            &keeping,
        )?)
    })
    .await?;
    write_url(&options.data, AGENTS_URL_FILE, &agents_url)?;
    write_url(&options.data, WEB_URL_FILE, &web_url)?;
    let arrivals = collector.events();
    let parts = Parts {
        source: Source::new(Arc::clone(&collector)),
        layer_store: LayerStore::open(&options.data)?,
        imports: Staging::open(&options.data)?,
        plan_store: PlanStore::open(&options.data)?,
        config: options.config,
        geography: options.geography,
        doors: Doors::new(options.demonstration),
        agents_url: agents_url.clone(),
        key_sha256: sha256(&collector.identity().public_key()),
        shutdown: stopped.clone(),
    };
    let app = Arc::new(on_thread(move || Ok(App::new(parts)?)).await?);
    let mut tasks = JoinSet::new();
    if let Some(listener) = empty_page {
        let stopped = stopped.clone();
        tasks.spawn(async move {
            empty_page::serve(listener, stopped).await;
            Ok(())
        });
    }
    tasks.spawn(serve_web(Arc::clone(&app), web));
    tasks.spawn(serve_agents_until(
        Arc::clone(&collector),
        agents,
        udp,
        stopped.clone(),
    ));
    tasks.spawn(keep_ledger(
        Arc::clone(&app),
        Arc::clone(&collector),
        stopped,
    ));
    tasks.spawn(assess(Arc::clone(&app), arrivals));
    tracing::info!(agents = agents_url, web = web_url, "serving");
    Ok(Running {
        agents_url,
        web_url,
        app,
        collector,
        stop,
        tasks,
    })
}

impl Running {
    /// Stops both listeners, lets open requests finish and closes the files. The journal commits
    /// each batch before its receipt, so nothing is pending by then.
    pub async fn stop(mut self) -> Result<(), ServeError> {
        let _ = self.stop.send(true);
        let mut first_failure = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.map_err(|error| ServeError::Ended(error.to_string()));
            let ended = ended.and_then(|outcome| outcome);
            first_failure = first_failure.and(ended);
        }
        first_failure
    }

    /// Waits until a part ends by itself, which none should.
    pub async fn ended(&mut self) -> ServeError {
        match self.tasks.join_next().await {
            Some(Ok(Ok(()))) => ServeError::Ended("without a reason".to_owned()),
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => ServeError::Ended(error.to_string()),
            None => ServeError::Ended("nothing runs".to_owned()),
        }
    }
}

/// Allows as many open files as the system lets the process have: each connection is one, and the limit
/// that programs are started with is often 1,024.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the number of open files could not be raised");
    }
}

/// TCP and UDP on one port. A port that the system chose for TCP may be taken for UDP: then another
/// one is tried.
async fn bind_agents(
    address: SocketAddr,
) -> Result<(TcpListener, UdpSocket, SocketAddr), ServeError> {
    const TRIES: usize = 16;
    let failed = |source| ServeError::Agents { address, source };
    let mut last = None;
    for _ in 0..TRIES {
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let bound = tcp.local_addr().map_err(failed)?;
        match UdpSocket::bind(bound).await {
            Ok(udp) => return Ok((tcp, udp, bound)),
            Err(error) if address.port() == 0 => last = Some(error),
            Err(error) => return Err(failed(error)),
        }
    }
    let none = || std::io::Error::from(std::io::ErrorKind::AddrInUse);
    Err(failed(last.unwrap_or_else(none)))
}

async fn bind_empty_page(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServeError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let bound = TcpListener::bind(address).await;
    bound
        .map(Some)
        .map_err(|source| ServeError::EmptyPage { address, source })
}

/// Opening files reads and writes disks: not on the threads that serve.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServeError> + Send + 'static,
) -> Result<T, ServeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ServeError::Ended(error.to_string()))?
}

async fn serve_web(app: Arc<App>, bound: server::Bound) -> Result<(), ServeError> {
    Ok(server::serve(app, bound).await?)
}

async fn serve_agents_until(
    collector: Arc<Collector>,
    listener: TcpListener,
    udp: UdpSocket,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let until = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    Ok(serve_agents(collector, listener, udp, until).await?)
}

async fn keep_ledger(
    app: Arc<App>,
    collector: Arc<Collector>,
    stopped: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let files = Files {
        source: app.source().clone(),
        journal: Arc::clone(collector.journal()),
        ledger: Arc::clone(collector.ledger()),
    };
    let clock = Arc::clone(collector.clock());
    ledger::worker::run(app, (files, clock), stopped).await;
    Ok(())
}

async fn assess(
    app: Arc<App>,
    arrivals: broadcast::Receiver<IngestEvent>,
) -> Result<(), ServeError> {
    worker::run(app, arrivals).await;
    Ok(())
}

fn write_url(data: &Path, name: &str, url: &str) -> Result<(), ServeError> {
    let file = data.join(name);
    let failed = |source| ServeError::File {
        file: file.clone(),
        source,
    };
    std::fs::write(&file, url).map_err(failed)
}

/// Address of the web listener of the server that ran last on a data folder.
#[must_use]
pub fn web_url(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join(WEB_URL_FILE)).ok()
}

/// Whether the data folder has accounts; asked before anything is made in it. On loopback nobody asks.
async fn has_accounts(options: &Options) -> Result<bool, ServeError> {
    let file = registry_path(&options.data);
    if options.web.ip().is_loopback() || options.demonstration || !file.exists() {
        return Ok(false);
    }
    on_thread(move || {
        let registry = Registry::open(&file).map_err(CollectorError::Registry)?;
        Ok(registry.has_people().map_err(CollectorError::Registry)?)
    })
    .await
}

/// Address of the agents' listener of the server that ran last on a data folder.
#[must_use]
pub fn agents_url(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join(AGENTS_URL_FILE)).ok()
}
