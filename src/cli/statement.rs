//! The statement of an agreement for a month.

use std::path::PathBuf;

use clap::Args;

use super::{Data, Outcome, bundle};

/// Write the statement of an agreement for a month.
#[derive(Debug, Args)]
pub(super) struct StatementCommand {
    /// Identifier of the agreement.
    agreement: String,
    /// The month, for example 2026-06.
    month: String,
    /// Which revision; the last one when left out, or the figures as they are now.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    /// Bundle to write: everything with which somebody else recomputes the statement by
    /// `desserte verify`.
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl StatementCommand {
    pub(super) fn run(&self) -> Outcome {
        let what = (self.agreement.as_str(), self.month.as_str());
        bundle::write(&self.data, what, self.revision, &self.bundle)
    }
}
