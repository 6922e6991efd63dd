//! Writing what people take away. One file a format or subject; everything writes to a
//! `&mut dyn Write`, nothing knows where the bytes go.

pub mod gaps;
pub mod import_report;
pub mod map;
pub mod outages;
pub mod plan;
pub mod planned;
pub mod programme;
pub(crate) mod sheet;
pub mod slots;
pub mod statement;
mod workbook;

use serde::{Deserialize, Serialize};

/// The language of headers, names and reasons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French: semicolons, decimal commas, a byte order mark, as a French Excel wants it.
    #[default]
    Fr,
    /// English: commas and decimal points.
    En,
}

impl Language {
    /// One of two texts.
    pub fn pick<T>(self, fr: T, en: T) -> T {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }
}

/// An export that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file or connection refused the bytes.
    #[error("writing {what}: {source}")]
    Write {
        /// What was being written.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
