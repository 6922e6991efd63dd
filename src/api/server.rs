//! Serving the routes on a socket: connections, TLS, their limits, and a stop that lets requests end.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::config::Web;
use crate::doors::caller::Incoming;
use crate::doors::tls::{Certificate, RELOAD_EVERY, TlsError};

/// Connections held at the same time; more wait in the kernel's queue.
const CONNECTIONS_MAX: u32 = 1_024;
/// Connections of one address (IPv6: of one /64) at the same time, so that one stranger cannot hold all
/// places. Trusted proxies, which speak for many, are exempt.
const CONNECTIONS_OF_A_PEER_MAX: u32 = 256;
/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a request's head, and longest rest between two requests: a browser opens anew.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest head of a request, bytes: the list of rows of a map is the longest address.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after `accept` failed, e.g. because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long open requests may take to finish once the collector stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Why the listener cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address would show the sites to others.
    #[error(
        "web listener on {0}: only loopback (127.0.0.1 or [::1]) without accounts: add the first \
         administrator with \"desserte users add\", or reach it through a tunnel"
    )]
    NotLoopback(SocketAddr),
    /// Passwords would travel in the clear.
    #[error(
        "web listener on {0}: beyond loopback it needs web.certificate and web.key, or, on a private \
         address, web.trusted_proxies"
    )]
    NoTls(SocketAddr),
    /// The address cannot be had.
    #[error("web listener on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] TlsError),
    /// TLS.
    #[error("web listener: tls: {0}")]
    Tls(#[from] rustls::Error),
    /// The socket failed.
    #[error("web listener: {0}")]
    Serve(std::io::Error),
}

/// A bound listener, with its certificate.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    certificate: Option<Arc<Certificate>>,
}

/// Binds the web listener. It leaves loopback only with accounts, and with TLS or behind proxies that are
/// named.
pub async fn bind(address: SocketAddr, web: &Web, accounts: bool) -> Result<Bound, ServerError> {
    let certificate = web.tls().map(Certificate::read).transpose()?;
    if !address.ip().is_loopback() {
        if !accounts {
            return Err(ServerError::NotLoopback(address));
        }
        let proxied = !web.trusted_proxies.is_empty() && is_private(address.ip());
        if certificate.is_none() && !proxied {
            return Err(ServerError::NoTls(address));
        }
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServerError::Bind { address, source })?;
    Ok(Bound {
        listener,
        certificate,
    })
}

/// Addresses that no router of the Internet carries (RFC 1918, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

impl Bound {
    /// Address by which a browser on this machine reaches it.
    pub fn url(&self) -> Result<String, ServerError> {
        let address = self.listener.local_addr().map_err(ServerError::Serve)?;
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        Ok(format!("{scheme}://{address}"))
    }
}

/// Serves until the app is told to stop, then lets open requests finish.
pub async fn serve(app: Arc<App>, bound: Bound) -> Result<(), ServerError> {
    let stopped = app.shutdown.clone();
    let tls = match &bound.certificate {
        Some(certificate) => Some(TlsAcceptor::from(certificate.server_config()?)),
        None => None,
    };
    let peers = Peers {
        held: Arc::default(),
        exempt: Arc::new(app.config.web.trusted_proxies.clone()),
    };
    let places = usize::try_from(CONNECTIONS_MAX).unwrap_or(usize::MAX);
    let server = Server {
        tls,
        router: super::router::router(app),
        connections: Arc::new(Semaphore::new(places)),
        peers,
        stopped: stopped.clone(),
    };
    let mut stop = stopped;
    tokio::select! {
        () = server.accept(&bound.listener) => {}
        () = reload(bound.certificate.clone()) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    drop(bound.listener);
    let all = server.connections.acquire_many(CONNECTIONS_MAX);
    if tokio::time::timeout(DRAIN_TIME_MAX, all).await.is_err() {
        tracing::warn!(
            "web connections still open after {} s",
            DRAIN_TIME_MAX.as_secs()
        );
    }
    Ok(())
}

/// Looks at the certificate's files for ever.
async fn reload(certificate: Option<Arc<Certificate>>) {
    let Some(certificate) = certificate else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        let held = Arc::clone(&certificate);
        match tokio::task::spawn_blocking(move || held.refresh()).await {
            Ok(Ok(true)) => tracing::info!("web certificate: taken anew"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the old certificate stays: {error}"),
            Err(error) => tracing::error!(%error, "the old certificate stays: {error}"),
        }
    }
}

struct Server {
    tls: Option<TlsAcceptor>,
    router: Router,
    connections: Arc<Semaphore>,
    peers: Peers,
    stopped: watch::Receiver<bool>,
}

impl Server {
    /// Takes connections for ever.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(place) = self.peers.place(peer.ip()) else {
                        tracing::debug!(%peer, "too many connections of one peer");
                        continue;
                    };
                    let connection = Connection {
                        tls: self.tls.clone(),
                        router: self.router.clone(),
                        stopped: self.stopped.clone(),
                        peer,
                        _held: (permit, place),
                    };
                    tokio::spawn(connection.begin(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    router: Router,
    stopped: watch::Receiver<bool>,
    peer: SocketAddr,
    _held: (OwnedSemaphorePermit, Place),
}

impl Connection {
    async fn begin(mut self, stream: TcpStream) {
        // Small answers: waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no delay not set");
        }
        let Some(tls) = self.tls.clone() else {
            return self.serve(stream).await;
        };
        let handshake = tokio::select! {
            _ = self.stopped.changed() => return,
            done = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => done,
        };
        if let Ok(Ok(stream)) = handshake {
            self.serve(stream).await;
        } else {
            tracing::debug!(peer = %self.peer, "no tls handshake");
        }
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let incoming = Incoming {
            peer: self.peer,
            tls: self.tls.is_some(),
        };
        let service = self.router.clone().layer(Extension(incoming));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades(); // throughput tests are WebSockets
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = self.stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(DRAIN_TIME_MAX, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %self.peer, %error, "web connection ended");
        }
    }
}

/// Connections held by each peer.
#[derive(Debug, Clone)]
struct Peers {
    held: Arc<Mutex<HashMap<IpAddr, u32>>>,
    exempt: Arc<Vec<IpAddr>>,
}

/// One connection of a peer; counted until it is dropped.
#[derive(Debug)]
struct Place {
    peers: Peers,
    peer: IpAddr,
}

impl Peers {
    /// A place for a peer; `None` when it holds as many as it may.
    fn place(&self, address: IpAddr) -> Option<Place> {
        let exempt = self.exempt.contains(&address.to_canonical());
        let peer = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(peer).or_insert(0);
        if *count >= CONNECTIONS_OF_A_PEER_MAX && !exempt {
            return None;
        }
        *count += 1;
        Some(Place {
            peers: self.clone(),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self
            .peers
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.peer);
            }
        }
    }
}

/// Whose places these are: an IPv4 address, or the /64 that one customer is given.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((address.to_bits() >> 64 << 64).into())
        }
        other => other,
    }
}
