//! A page that is known to be empty: `GET /` is answered with 204, in plain HTTP, and nothing else is.
//!
//! A portal answers plain HTTP in others' place; towards the agents' TLS listener it can only fail.
//! The page therefore has a listener of its own, off unless it is configured, and tells nothing.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::StatusCode, routing::get};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 256;
/// Longest connection: one request, one answer.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Pause after `accept` failed, e.g. because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the page until told to stop.
pub async fn serve(listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(|| async { StatusCode::NOT_FOUND });
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        tokio::select! {
            () = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(answer(stream, router.clone(), place))),
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn answer(stream: TcpStream, router: Router, place: OwnedSemaphorePermit) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION_TIMEOUT)
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Whoever hangs up or dawdles wanted nothing.
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
    drop(place);
}
