//! The collector as a service.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::words::{FileError, system};
use super::{Context, Data, Failure, Outcome, make_folder};
use crate::config::Config;
use crate::geography::Geography;
use crate::serve::{self, Options, Running};

/// Addresses and folders of the collector.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Where agents reach it (TLS, and UDP for heartbeats); port 0 chooses one.
    #[arg(long, value_name = "ADDR:PORT")]
    agents: SocketAddr,
    /// Where browsers reach it: loopback; with accounts, and TLS or trusted proxies in the
    /// configuration, anywhere. Port 0 chooses one.
    #[arg(long, value_name = "ADDR:PORT")]
    web: SocketAddr,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The addresses that were bound, as one line on stdout.
#[derive(Debug, Serialize)]
struct Addresses<'a> {
    agents: &'a str,
    web: &'a str,
}

impl Serve {
    pub(super) fn run(self, _: Context) -> Outcome {
        let config = match &self.config {
            Some(file) => Config::read(file).map_err(Failure::input)?,
            None => Config::default(),
        };
        let geography = Geography::read(&config.country).map_err(Failure::input)?;
        make_folder(&self.data.data)?;
        let options = Options {
            data: self.data.data,
            agents: self.agents,
            web: self.web,
            config,
            geography,
            demonstration: false,
        };
        runtime()?.block_on(async {
            let running = serve::start(options).await.map_err(failure)?;
            announce(&running)?;
            until_told().await?;
            running.stop().await.map_err(failure)
        })
    }
}

/// The runtime of a service.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed(system(
                ("démarrage des fils d’exécution", "starting threads"),
                &error,
            ))
        })
}

/// What cannot be bound or is refused is the caller's input; the rest failed.
pub(super) fn failure(error: serve::ServeError) -> Failure {
    if error.is_input() {
        Failure::input(error)
    } else {
        Failure::failed(error)
    }
}

/// Prints both addresses as one JSON line.
pub(super) fn announce(running: &Running) -> Outcome {
    let line = serde_json::to_string(&Addresses {
        agents: &running.agents_url,
        web: &running.web_url,
    })
    .map_err(Failure::failed)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::failed(FileError::Stdout(error)))
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn until_told() -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::failed(system(
            ("attente des signaux", "waiting for signals"),
            &error,
        ))
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to stop");
    Ok(())
}
