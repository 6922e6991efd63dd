//! What can go wrong in the registry.

use desserte_domain::agreement::Problem;

/// An operation on the registry failed or was refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// SQLite failed.
    #[error("registry: {operation}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The file was written by a later version of this program.
    #[error("registry: version {found} of the file is later than {known}, the last one known here")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Last version known.
        known: i64,
    },
    /// There is no such thing.
    #[error("registry: no {what} {id:?}")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// What is there forbids it.
    #[error("registry: {what} {id:?}: {reason}")]
    Conflict {
        /// Kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
        /// Why.
        reason: &'static str,
    },
    /// A value is outside what is allowed.
    #[error("registry: {what} {id:?}: field {field}: {reason}")]
    Invalid {
        /// Kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
        /// Field.
        field: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// An agreement's text cannot be read.
    #[error("registry: agreement: {0}")]
    AgreementText(String),
    /// A file of targets cannot be read.
    #[error("registry: targets: {0}")]
    TargetsText(String),
    /// An agreement's text can be read, but not used.
    #[error("registry: agreement {id:?}: {}", list(problems))]
    Agreement {
        /// Its identifier.
        id: String,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// A stored value cannot be read.
    #[error("registry: stored {what} of {id:?} cannot be read: {reason}")]
    Damaged {
        /// What.
        what: &'static str,
        /// Whose.
        id: String,
        /// Why.
        reason: String,
    },
    /// The enrolment code is not known, or was used.
    #[error("registry: enrolment code not known or used before")]
    CodeUnknownOrUsed,
    /// The enrolment code is too old.
    #[error("registry: enrolment code expired")]
    CodeExpired,
    /// The agent was revoked.
    #[error("registry: agent {0} was revoked")]
    Revoked(String),
}

impl RegistryError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Database { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            _ => false,
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

pub(super) fn database(operation: &'static str) -> impl Fn(rusqlite::Error) -> RegistryError {
    move |source| RegistryError::Database { operation, source }
}

pub(super) fn missing(what: &'static str, id: &str) -> RegistryError {
    RegistryError::Missing {
        what,
        id: id.to_owned(),
    }
}

pub(super) fn damaged(
    what: &'static str,
    id: &str,
    reason: impl std::fmt::Display,
) -> RegistryError {
    RegistryError::Damaged {
        what,
        id: id.to_owned(),
        reason: reason.to_string(),
    }
}
