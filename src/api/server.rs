//! Serving the routes on a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::App;

/// How long open requests may take to finish once the collector stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Why the listener cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address would show the sites to others.
    #[error(
        "web listener on {0}: only loopback (127.0.0.1 or [::1]) until there are user accounts; \
         reach it from elsewhere through a tunnel"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("web listener on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The socket failed.
    #[error("web listener: {0}")]
    Serve(std::io::Error),
}

/// Binds the web listener: loopback only.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServerError> {
    if !address.ip().is_loopback() {
        return Err(ServerError::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| ServerError::Bind { address, source })
}

/// Serves until the app is told to stop, then lets open requests finish.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> Result<(), ServerError> {
    let mut stop = app.shutdown.clone();
    let mut stopped = app.shutdown.clone();
    let router = super::router::router(app);
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = stop.wait_for(|stop| *stop).await;
    });
    let drained = async {
        let _ = stopped.wait_for(|stop| *stop).await;
        tokio::time::sleep(DRAIN_TIME_MAX).await;
    };
    tokio::select! {
        served = async { serving.await } => served.map_err(ServerError::Serve),
        () = drained => Ok(()),
    }
}
