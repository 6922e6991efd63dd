//! What can go wrong with a file that waits.

use std::path::PathBuf;

use super::STAGED_MAX;
use crate::import::ImportError;
use crate::layers::LayersError;
use crate::registry::RegistryError;

/// Why a file cannot be kept, tried or applied.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// The file itself, or how it is to be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The layers.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// A file of the data folder.
    #[error("{operation} {file}: {source}", file = .file.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        file: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A note beside a file that cannot be read.
    #[error("reading {file}: {source}", file = .file.display())]
    Note {
        /// The note.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// No such file waits.
    #[error("no file {0:?} waits to be imported")]
    Missing(String),
    /// Too many files wait.
    #[error("{STAGED_MAX} files wait already: apply or drop one")]
    Full,
    /// There is nothing to apply.
    #[error("no row of the file can be imported")]
    Nothing,
    /// A value cannot be used.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Why.
        reason: String,
    },
}

impl StagingError {
    /// The same in French, as far as a person can do something about it.
    #[must_use]
    pub fn text_fr(&self) -> String {
        match self {
            Self::Import(error) => error.text_fr(),
            Self::Missing(id) => format!("aucun fichier « {id} » n’attend d’être importé"),
            Self::Full => {
                format!("{STAGED_MAX} fichiers attendent déjà : importez-en un ou abandonnez-en un")
            }
            Self::Nothing => "aucune ligne du fichier ne peut être importée".to_owned(),
            Self::Invalid { field, reason } => format!("{field} : {reason}"),
            Self::Registry(_) | Self::Layers(_) | Self::File { .. } | Self::Note { .. } => {
                self.to_string()
            }
        }
    }
}
