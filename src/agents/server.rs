//! Connections: TLS, HTTP/1.1, limits, and a stop that lets requests end.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use super::routes::Peer;

/// Connections held at the same time; more wait in the kernel's queue.
const CONNECTIONS_MAX: u32 = 1_024;
/// Connections of one address (IPv6: of one /64) at the same time, so that one stranger cannot hold
/// all places. Many sites may share the address of a carrier's translator. Loopback is exempt.
const CONNECTIONS_OF_A_PEER_MAX: u32 = 256;
/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Times of a connection from where no batch was taken yet.
const STRANGER: Patience = Patience {
    headers: Duration::from_secs(20),
    life: Duration::from_mins(10),
};
/// Times of a connection from where batches come: it stays open between two uploads of the full
/// profile, because a TLS handshake costs more bytes than the batch.
const KNOWN: Patience = Patience {
    headers: Duration::from_mins(6),
    life: Duration::from_hours(6),
};
/// While more connections than this are held, everybody is treated as a stranger: places are scarce.
const LONG_LIVED_MAX: u32 = CONNECTIONS_MAX / 2;
/// Networks that are remembered for their batches; the memory begins anew when it is full.
const NETWORKS_MAX: usize = 65_536;
/// Longest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after `accept` failed, e.g. because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests that run may take to end when the collector stops.
const DRAIN: Duration = Duration::from_secs(20);

/// How long a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience {
    /// Longest time for a request's headers, and longest rest between two requests.
    headers: Duration,
    /// Longest life: bounds what a peer that reads slowly can hold.
    life: Duration,
}

/// Networks from which a batch was taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<HashSet<IpAddr>>>);

impl Known {
    /// Remembers where a batch came from.
    pub(super) fn remember(&self, address: IpAddr) {
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.len() >= NETWORKS_MAX {
            networks.clear();
        }
        networks.insert(network(address));
    }

    fn patience(&self, address: IpAddr, held: u32) -> Patience {
        let networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held <= LONG_LIVED_MAX && networks.contains(&network(address)) {
            KNOWN
        } else {
            STRANGER
        }
    }
}

pub(super) struct Server {
    listener: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    connections: Arc<Semaphore>,
    peers: Peers,
    known: Known,
}

/// Connections held by each peer.
#[derive(Debug, Clone, Default)]
struct Peers(Arc<Mutex<HashMap<IpAddr, u32>>>);

/// One connection of a peer; counted until it is dropped.
#[derive(Debug)]
struct Place {
    peers: Peers,
    peer: IpAddr,
}

impl Peers {
    /// A place for a peer; `None` when it holds as many as it may.
    fn place(&self, address: IpAddr) -> Option<Place> {
        let peer = network(address);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(peer).or_insert(0);
        if *count >= CONNECTIONS_OF_A_PEER_MAX && !peer.is_loopback() {
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
        let mut held = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
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

impl Server {
    pub(super) fn new(
        listener: TcpListener,
        tls: Arc<rustls::ServerConfig>,
        router: Router,
    ) -> Self {
        let connections = usize::try_from(CONNECTIONS_MAX).unwrap_or(usize::MAX);
        Self {
            listener,
            tls: TlsAcceptor::from(tls),
            router,
            connections: Arc::new(Semaphore::new(connections)),
            peers: Peers::default(),
            known: Known::default(),
        }
    }

    /// Takes connections for ever.
    pub(super) async fn accept(&self, stopped: &watch::Receiver<bool>) {
        loop {
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(place) = self.peers.place(peer.ip()) else {
                        tracing::debug!(%peer, "too many connections of one peer");
                        continue;
                    };
                    let free = u32::try_from(self.connections.available_permits());
                    let held = CONNECTIONS_MAX.saturating_sub(free.unwrap_or(0));
                    let connection = Connection {
                        patience: self.known.patience(peer.ip(), held),
                        known: self.known.clone(),
                        tls: self.tls.clone(),
                        router: self.router.clone(),
                        stopped: stopped.clone(),
                        peer,
                        _held: (permit, place),
                    };
                    tokio::spawn(connection.serve(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Waits until every connection has ended.
    pub(super) async fn drain(self) {
        drop(self.listener);
        let all = self.connections.acquire_many(CONNECTIONS_MAX);
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("connections still open after {} s", DRAIN.as_secs());
        }
    }
}

struct Connection {
    tls: TlsAcceptor,
    router: Router,
    stopped: watch::Receiver<bool>,
    peer: SocketAddr,
    patience: Patience,
    known: Known,
    _held: (OwnedSemaphorePermit, Place),
}

impl Connection {
    async fn serve(mut self, stream: TcpStream) {
        // Small answers: waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no delay not set");
        }
        let handshake = tokio::select! {
            _ = self.stopped.changed() => return,
            done = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.tls.accept(stream)) => done,
        };
        let Ok(Ok(stream)) = handshake else {
            tracing::debug!(peer = %self.peer, "no tls handshake");
            return;
        };
        let peer = Peer {
            address: self.peer,
            known: self.known,
        };
        let service = self.router.layer(Extension(peer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience.headers)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades(); // throughput tests are WebSockets
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            _ = self.stopped.changed() => None,
            () = tokio::time::sleep(self.patience.life) => None,
        };
        let ended = if let Some(ended) = ended {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            let Ok(ended) = tokio::time::timeout(DRAIN, connection).await else {
                return;
            };
            ended
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %self.peer, %error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_batches_come_from_and_while_there_is_room_are_connections_kept() {
        let known = Known::default();
        let site: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(known.patience(site, 1), STRANGER);
        known.remember(site);
        assert_eq!(known.patience(site, LONG_LIVED_MAX), KNOWN);
        assert_eq!(known.patience(site, LONG_LIVED_MAX + 1), STRANGER);
        assert_eq!(known.patience("192.0.2.8".parse().unwrap(), 1), STRANGER);
    }

    #[test]
    fn one_peer_cannot_hold_every_place_and_gives_back_what_it_held() {
        let peers = Peers::default();
        let stranger: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let held: Vec<_> = (0..CONNECTIONS_OF_A_PEER_MAX)
            .map(|_| peers.place(stranger).unwrap())
            .collect();
        assert!(peers.place(neighbour).is_none(), "the same /64");
        assert!(peers.place("192.0.2.1".parse().unwrap()).is_some());
        drop(held);
        assert!(peers.place(neighbour).is_some());
        assert!(peers.0.lock().unwrap().is_empty());
    }
}
