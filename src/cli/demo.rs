//! The demonstration.

use std::net::SocketAddr;

use clap::Args;

use super::serve::{announce, failure, runtime, until_told};
use super::{Context, Data, Failure, Outcome, make_folder, output};
use crate::config::Language;
use crate::demo::{self, DemoError};

/// Where the demonstration lives.
#[derive(Debug, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    data: Data,
    /// Where browsers reach it: loopback only; port 0 chooses one.
    #[arg(long, value_name = "ADDR:PORT")]
    web: SocketAddr,
    /// Let the agent also measure this machine's gateway and resolver.
    #[arg(long)]
    measure_this_machine: bool,
}

impl Demo {
    pub(super) fn run(self, context: Context) -> Outcome {
        make_folder(&self.data.data)?;
        let options = demo::Options {
            data: self.data.data,
            web: self.web,
            measure_this_machine: self.measure_this_machine,
        };
        runtime()?.block_on(async {
            let running = demo::start(options).await.map_err(|error| match error {
                DemoError::Serve(error) => failure(error),
                other => Failure::failed(other),
            })?;
            announce(running.collector())?;
            let web = &running.collector().web_url;
            output::tell(&match context.language {
                Language::Fr => format!(
                    "Démonstration : sites inventés dans de vraies villes du Congo. Ouvrez {web}"
                ),
                Language::En => {
                    format!("Demonstration: invented sites in real towns of the Congo. Open {web}")
                }
            });
            until_told().await?;
            running.stop().await.map_err(Failure::failed)
        })
    }
}
