//! A statement to take away: as a table, as a workbook, and as a page to print.

mod html;
mod sheets;
mod words;

pub use html::write_html;
pub use sheets::{write_csv, write_xlsx};

use std::collections::BTreeMap;

use crate::statement::StatementDocument;

/// A statement with what a reader needs beside it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The statement.
    pub document: &'a StatementDocument,
    /// Names of its sites, by identifier.
    pub names: &'a BTreeMap<String, String>,
    /// Whether it is about nothing real: invented sites or simulated measurements.
    pub unreal: bool,
    /// When it was made.
    pub made_at: &'a str,
    /// Version of the program.
    pub program: &'a str,
}

impl Shown<'_> {
    /// What a person calls a site.
    fn name(&self, site: &str) -> String {
        self.names
            .get(site)
            .cloned()
            .unwrap_or_else(|| site.to_owned())
    }
}

#[cfg(test)]
mod tests;
