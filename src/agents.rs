//! The listener for agents: TLS with the collector's own key, six routes, and heartbeats beside it.
//!
//! `POST /api/v1/agents/enrol`, `POST /api/v1/batches`, `GET /api/v1/time`,
//! `GET /api/v1/agents/{agent}/schedule`, `GET /ndt/v7/download` and `/ndt/v7/upload`. It computes nothing: what it takes goes to `ingest`.

pub mod empty_page;
mod enrol;
mod heartbeat;
mod places;
mod problem;
mod routes;
mod server;

use std::{future::Future, sync::Arc};

use tokio::{
    net::{TcpListener, UdpSocket},
    sync::watch,
};

use crate::collector::{Collector, identity::IdentityError};

/// The listener could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// TLS cannot be set up.
    #[error("agents listener: {0}")]
    Identity(#[from] IdentityError),
    /// A socket does not say its address.
    #[error("agents listener: local address: {0}")]
    Address(std::io::Error),
}

/// Serves agents until `shutdown` completes; then takes no more connections, lets requests that run
/// come to their end (for a while), and returns.
pub async fn serve_agents(
    collector: Arc<Collector>,
    listener: TcpListener,
    heartbeats: UdpSocket,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), AgentsError> {
    let port = heartbeats
        .local_addr()
        .map_err(AgentsError::Address)?
        .port();
    collector.set_heartbeat_port(port);
    let tls = collector.identity().tls()?;
    let (stop, stopped) = watch::channel(false);
    let beats = tokio::spawn(heartbeat::receive(
        Arc::clone(&collector),
        heartbeats,
        stopped.clone(),
    ));
    let router = routes::router(collector);
    let server = server::Server::new(listener, tls, router);
    tokio::select! {
        () = server.accept(&stopped) => {}
        () = shutdown => {}
    }
    // Nobody listens to this any more when every task is gone.
    let _ = stop.send(true);
    server.drain().await;
    if beats.await.is_err() {
        tracing::error!("heartbeat task panicked");
    }
    Ok(())
}
