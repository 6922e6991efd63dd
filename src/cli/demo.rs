//! The demonstration.

use std::net::SocketAddr;

use clap::Args;

use super::serve::{announce, failure, runtime, until_told};
use super::{Context, Data, Failure, Outcome, make_folder, output};
use crate::config::Language;
use crate::demo::fleet::{HISTORY_DAYS_MAX, SITES_MAX, Size};
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
    /// Simulated sites; 0: none.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=i64::from(SITES_MAX)))]
    sites: u32,
    /// Days of simulated history before the first start.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=i64::from(HISTORY_DAYS_MAX)))]
    history_days: u32,
}

impl Demo {
    pub(super) fn run(self, context: Context) -> Outcome {
        make_folder(&self.data.data)?;
        let options = demo::Options {
            data: self.data.data,
            web: self.web,
            measure_this_machine: self.measure_this_machine,
            fleet: Size {
                sites: self.sites,
                history_days: self.history_days,
            },
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
