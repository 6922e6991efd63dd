//! Connections: TLS, HTTP/1.1, limits, and a stop that lets requests end.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{
    places::{Place, Places, SHORT_REST},
    routes::Peer,
};

/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
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
    places: Arc<Places>,
}

impl Server {
    pub(super) fn new(
        listener: TcpListener,
        tls: Arc<rustls::ServerConfig>,
        router: Router,
    ) -> Self {
        Self {
            listener,
            tls: TlsAcceptor::from(tls),
            router,
            places: Places::new(),
        }
    }

    /// Takes connections for ever.
    pub(super) async fn accept(&self, stopped: &watch::Receiver<bool>) {
        loop {
            let Some(permit) = self.places.free().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(place) = self.places.take(permit, peer.ip()) else {
                        tracing::debug!(%peer, "too many connections of one peer");
                        continue;
                    };
                    let connection = Connection {
                        tls: self.tls.clone(),
                        router: self.router.clone(),
                        stopped: stopped.clone(),
                        peer: Peer {
                            address: peer,
                            places: Arc::clone(&self.places),
                        },
                        place,
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
        let all = self.places.all_free();
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("connections still open after {} s", DRAIN.as_secs());
        }
    }
}

struct Connection {
    tls: TlsAcceptor,
    router: Router,
    stopped: watch::Receiver<bool>,
    peer: Peer,
    place: Place,
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
            tracing::debug!(peer = %self.peer.address, "no tls handshake");
            return;
        };
        let address = self.peer.address;
        let patience = self.place.patience();
        let (asking, resting) = watch::channel(false);
        let service = self
            .router
            .layer(Extension(self.peer))
            .layer(middleware::from_fn_with_state(Arc::new(asking), note_rest));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.headers)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades(); // throughput tests are WebSockets
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            _ = self.stopped.changed() => None,
            () = tokio::time::sleep(patience.life) => None,
            () = self.place.wanted(resting, SHORT_REST) => None,
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
            tracing::debug!(peer = %address, %error, "connection ended");
        }
    }
}

/// Says when a request runs and when none does.
async fn note_rest(
    State(resting): State<Arc<watch::Sender<bool>>>,
    request: Request,
    next: Next,
) -> Response {
    resting.send_replace(false);
    let response = next.run(request).await;
    resting.send_replace(true);
    response
}
