//! A statement's bundle: everything with which somebody else recomputes it.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::ledger::{Opened, open};
use super::words::{FileError, Text};
use super::{AUTHOR, Data, Failure, Outcome, now_unix_ms};
use crate::app::Source;
use crate::ledger::bundle::write::WriteError;
use crate::ledger::evidence::Files;
use crate::ledger::make::MakeError;
use crate::ledger::settle::SettleError;

/// The files that statements are made from; a server may have them open at the same time.
pub(super) fn files(data: &Data) -> Result<Files, Failure> {
    let Opened {
        journal, ledger, ..
    } = open(data)?;
    Ok(Files {
        source: Source::read_only(&data.data).map_err(Failure::failed)?,
        journal,
        ledger,
    })
}

/// Writes the bundle of a month (version of the terms, revision): of a kept revision, or of the figures as
/// they are now.
pub(super) fn write(
    data: &Data,
    what: (&str, &str),
    part: (Option<u32>, Option<u32>),
    file: &Path,
) -> Outcome {
    let files = files(data)?;
    let now = now_unix_ms();
    let recorded = files.recorded(what, part, (now, AUTHOR)).map_err(refused)?;
    // Beside it first, so that nothing half-written has its name.
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let failed = |error| Failure::failed(FileError::Write(file.to_owned(), error));
    let out = BufWriter::new(File::create(&beside).map_err(failed)?);
    let written = files.bundle(out, &recorded, now);
    if let Err(error) = written {
        // Nobody asked for half a bundle.
        let _ = std::fs::remove_file(&beside);
        return Err(Failure::failed(error));
    }
    std::fs::rename(&beside, file).map_err(failed)
}

pub(super) fn refused(error: SettleError) -> Failure {
    let input = matches!(
        error,
        SettleError::Month(_)
            | SettleError::NoRevision { .. }
            | SettleError::Make(
                MakeError::NoAgreement(_) | MakeError::NotInForce { .. } | MakeError::Month(_)
            )
    );
    let text = Text::from(error);
    if input {
        Failure::Input(text)
    } else {
        Failure::Failed(text)
    }
}

impl From<SettleError> for Text {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Make(error) => error.into(),
            SettleError::Registry(error) => error.into(),
            SettleError::Month(text) => Self::new(
                format!("« {text} » n’est pas un mois ; écrivez par exemple 2026-06"),
                format!("{text:?} is not a month; write for example 2026-06"),
            ),
            SettleError::NoRevision {
                ref month,
                revision,
                found,
            } => Self::new(
                format!("le relevé de {month} n’a pas de révision {revision} : il en a {found}"),
                error.to_string(),
            ),
            SettleError::Kept(_) => Self::new(
                format!("relevé conservé illisible : {error}"),
                error.to_string(),
            ),
        }
    }
}

impl From<MakeError> for Text {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::NoAgreement(ref id) => {
                Self::new(format!("engagement inconnu « {id} »"), error.to_string())
            }
            MakeError::NotInForce { version, month } => Self::new(
                format!(
                    "la version {version} de l’engagement n’est pas en vigueur en {}-{:02}",
                    month.0, month.1
                ),
                error.to_string(),
            ),
            MakeError::Registry(error) => error.into(),
            other => Self::new(format!("relevé : {other}"), format!("statement: {other}")),
        }
    }
}

impl From<WriteError> for Text {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Make(error) => error.into(),
            other => Self::new(
                format!("dossier de preuve : {other}"),
                format!("bundle: {other}"),
            ),
        }
    }
}
