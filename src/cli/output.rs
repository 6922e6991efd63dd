//! Where results go: stdout or a file, whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Failure;
use super::words::{FileError, Text};
use crate::config::Language;
use crate::export::sheet::harmless;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// An array of objects.
    #[default]
    Json,
    /// One row each, with a header.
    Csv,
}

/// Where and how a command writes its result.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// How the result is written.
    #[arg(long, value_enum, default_value = "json")]
    pub(super) format: Format,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl Output {
    /// Writes a list.
    pub(super) fn list<T: Serialize>(&self, items: &[T]) -> Result<(), Failure> {
        let bytes = match self.format {
            Format::Json => json(&items)?,
            Format::Csv => csv(items)?,
        };
        write(self.output.as_deref(), &bytes)
    }

    /// Writes one thing; as CSV it is a list of one.
    pub(super) fn one<T: Serialize>(&self, item: &T) -> Result<(), Failure> {
        match self.format {
            Format::Json => write(self.output.as_deref(), &json(item)?),
            Format::Csv => self.list(std::slice::from_ref(item)),
        }
    }
}

/// A value as indented JSON with a line end.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(Failure::failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Flat objects as CSV, the columns in the order of the first one's fields; nested values as JSON.
fn csv<T: Serialize>(items: &[T]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (number, item) in items.iter().enumerate() {
        let value = serde_json::to_value(item).map_err(Failure::failed)?;
        let serde_json::Value::Object(members) = value else {
            return Err(Failure::failed(Text::new(
                "écriture du résultat en CSV : une ligne n’est pas un objet",
                "writing the result as CSV: a row is no object",
            )));
        };
        if number == 0 {
            writer
                .write_record(members.keys())
                .map_err(Failure::failed)?;
        }
        writer
            .write_record(members.values().map(cell))
            .map_err(Failure::failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| Failure::failed(csv::Error::from(error.into_error())))
}

/// A cell; of a text no spreadsheet makes a formula.
fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// Writes to a file (beside it first, then renamed) or to stdout.
pub(super) fn write(file: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut out = std::io::stdout().lock();
        return out
            .write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::failed(FileError::Stdout(error)));
    };
    let failed = |error: std::io::Error| Failure::failed(FileError::Write(file.to_owned(), error));
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, file).map_err(failed)
}

/// Tells a person what went wrong, on stderr.
pub(super) fn complain(language: Language, (fr, en): (&str, &str), text: &Text) {
    let (kind, text) = (language.pick(fr, en), text.pick(language));
    let colon = language.pick(" :", ":");
    let _ = writeln!(
        std::io::stderr().lock(),
        "desserte{colon} {kind}{colon} {text}"
    );
}

/// Tells a person something, on stderr.
pub(super) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Reads a file that a person named, bounded.
pub(super) fn read(file: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::input(FileError::Read(file.to_owned(), error));
    let length = std::fs::metadata(file).map_err(failed)?.len();
    if length > bytes_max {
        let error = FileError::TooLarge(file.to_owned(), length, bytes_max);
        return Err(Failure::input(error));
    }
    std::fs::read(file).map_err(failed)
}

/// Reads a file of text.
pub(super) fn read_text(file: &Path, bytes_max: u64) -> Result<String, Failure> {
    String::from_utf8(read(file, bytes_max)?)
        .map_err(|_| Failure::input(FileError::NotUtf8(file.to_owned())))
}

/// The name by which messages call a file.
pub(super) fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(
        || file.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_and_formulas_are_text() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
            count: Option<i32>,
        }
        let rows = [
            Row {
                name: "=1+1",
                count: Some(-3),
            },
            Row {
                name: "a,b",
                count: None,
            },
        ];
        let text = String::from_utf8(csv(&rows).unwrap()).unwrap();
        assert!(text.contains("'=1+1"), "{text}");
        assert!(text.contains("\"a,b\""), "{text}");
        assert!(text.contains("-3"), "{text}");
    }
}
