//! Connections: TLS, HTTP/1.1, limits, and a stop that lets requests end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a request's headers, and longest rest between two requests.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest life of a connection: bounds what a peer that reads slowly can hold.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(10);
/// Longest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after `accept` failed, e.g. because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests that run may take to end when the collector stops.
const DRAIN: Duration = Duration::from_secs(20);

pub(super) struct Server {
    listener: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    connections: Arc<Semaphore>,
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
                    let connection = Connection {
                        tls: self.tls.clone(),
                        router: self.router.clone(),
                        stopped: stopped.clone(),
                        peer,
                        _permit: permit,
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
    _permit: OwnedSemaphorePermit,
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
        let service = self.router.layer(Extension(Peer(self.peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_TIMEOUT)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            _ = self.stopped.changed() => None,
            () = tokio::time::sleep(CONNECTION_TIMEOUT) => None,
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
