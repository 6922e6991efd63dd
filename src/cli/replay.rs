//! Recorded reports, replayed.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Output, name_of, read_text};
use super::words::{FileError, not_a_month};
use super::{Failure, Outcome, agreements};
use crate::api::time::parse_month;
use crate::registry::AgreementDocument;
use crate::replay::replay;

/// Largest agreement, bytes.
const AGREEMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Largest file of a recording, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A recording and an agreement.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Folder with `*.jsonl`, each line `{"received_at":…,"report":…}`.
    folder: PathBuf,
    /// The agreement (TOML).
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// The month, yyyy-mm, in the agreement's time zone.
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    #[command(flatten)]
    output: Output,
}

impl Replay {
    pub(super) fn run(self) -> Outcome {
        let text = read_text(&self.agreement, AGREEMENT_BYTES_MAX)?;
        let document = AgreementDocument::parse(&text)
            .map_err(|error| agreements::refused(&self.agreement, error))?;
        let month =
            parse_month(&self.month).map_err(|_| Failure::Input(not_a_month(&self.month)))?;
        let files = recording(&self.folder)?;
        let replayed = replay(&files, &document, month).map_err(Failure::input)?;
        self.output.one(&replayed)
    }
}

fn recording(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let failed = |error: std::io::Error| Failure::input(FileError::Read(folder.to_owned(), error));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "jsonl")
    });
    paths.sort();
    paths
        .iter()
        .map(|path| Ok((name_of(path), read_text(path, FILE_BYTES_MAX)?)))
        .collect()
}
