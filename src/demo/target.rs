//! A small page on loopback for the demonstration's agent to measure.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What the page says; a real portal would be measured the same way.
const PAGE: &str = "Portail de démonstration\n";

/// Serves the page until told to stop; answers with its address.
pub(super) async fn serve(mut stop: watch::Receiver<bool>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/", get(|| async { PAGE }));
    tokio::spawn(async move {
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        });
        if let Err(error) = serving.await {
            tracing::error!(%error, "the demonstration's page ended");
        }
    });
    Ok(address)
}
