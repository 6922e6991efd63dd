//! Cells and rows of a CSV file (RFC 4180) that spreadsheets open safely.

use std::io::Write;

use super::{ExportError, Language};

/// Characters with which a spreadsheet takes a text for a formula (OWASP, "CSV Injection").
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];
/// What makes Excel read the file as UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Nothing is known, and nothing stands there.
    Empty,
    /// A text; never a formula.
    Text(String),
    /// A whole number.
    Integer(u64),
    /// A number with so many decimals.
    Number(f64, usize),
    /// A number of millionths, shown in full.
    Millionths(u32),
}

impl Cell {
    /// A text, or nothing.
    pub(super) fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    fn written(&self, language: Language) -> String {
        let decimal = |number: String| match language {
            Language::Fr => number.replace('.', ","),
            Language::En => number,
        };
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => harmless(text),
            Self::Integer(number) => number.to_string(),
            Self::Number(number, decimals) => decimal(format!("{number:.decimals$}")),
            Self::Millionths(count) => {
                decimal(format!("{}.{:06}", count / 1_000_000, count % 1_000_000))
            }
        }
    }
}

/// A text of which a spreadsheet makes no formula: an apostrophe stands wherever one could begin. Some
/// skip blanks before it, some read every line of a cell as a cell when the file is pasted, and a file
/// opened with another separator than its own falls into cells inside its texts.
pub(crate) fn harmless(text: &str) -> String {
    let blank = |letter: char| letter.is_whitespace() && !FORMULA_STARTS.contains(&letter);
    let mut written = String::with_capacity(text.len());
    let mut before = '\n';
    for (at, letter) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let begins = match before {
            '\n' | '\r' => rest.trim_start_matches(blank).starts_with(FORMULA_STARTS),
            ';' | ',' | '\t' => rest.trim_start_matches('"').starts_with(FORMULA_STARTS),
            _ => false,
        };
        if begins {
            written.push('\'');
        }
        written.push(letter);
        before = letter;
    }
    written
}

/// Writes a header and rows.
pub(super) fn write(
    what: &'static str,
    language: Language,
    header: &[String],
    rows: impl Iterator<Item = Vec<Cell>>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write { what, source };
    if language == Language::Fr {
        out.write_all(BYTE_ORDER_MARK).map_err(failed)?;
    }
    let mut writer = csv::WriterBuilder::new()
        .delimiter(language.pick(b';', b','))
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    let csv_failed = |error: csv::Error| failed(std::io::Error::other(error));
    let header = header
        .iter()
        .map(|text| Cell::Text(text.clone()).written(language));
    writer.write_record(header).map_err(csv_failed)?;
    for row in rows {
        let cells = row.iter().map(|cell| cell.written(language));
        writer.write_record(cells).map_err(csv_failed)?;
    }
    writer.flush().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_never_formulas_and_numbers_stay_numbers() {
        for start in FORMULA_STARTS {
            let cell = Cell::Text(format!("{start}cmd|' /C calc'!A0"));
            assert!(cell.written(Language::En).starts_with('\''), "{start:?}");
        }
        for (hidden, written) in [
            (" =1+1", "' =1+1"),
            ("\u{a0}@SUM(A1)", "'\u{a0}@SUM(A1)"),
            ("\u{3000}-2", "'\u{3000}-2"),
            ("school\n=1+1", "school\n'=1+1"),
            ("a\r+1", "a\r'+1"),
            // Opened with the other separator.
            ("a;=1+1", "a;'=1+1"),
            ("a,\"@b", "a,'\"@b"),
            ("a, -b; c", "a, -b; c"),
        ] {
            let cell = Cell::Text(hidden.to_owned());
            assert_eq!(cell.written(Language::En), written);
        }
        let cell = Cell::Text("Lycée A-B (1=1)".to_owned());
        assert_eq!(cell.written(Language::En), "Lycée A-B (1=1)");
        assert_eq!(Cell::Number(-4.5, 2).written(Language::Fr), "-4,50");
        assert_eq!(Cell::Number(-4.5, 2).written(Language::En), "-4.50");
        assert_eq!(
            Cell::Millionths(1_000_000).written(Language::Fr),
            "1,000000"
        );
        assert_eq!(Cell::Millionths(7).written(Language::En), "0.000007");
        assert_eq!(Cell::text(None::<String>).written(Language::Fr), "");
    }

    #[test]
    fn a_failing_writer_is_named() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("disk full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let header = ["a".to_owned()];
        let error = write(
            "the plan",
            Language::En,
            &header,
            std::iter::empty(),
            &mut Full,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "writing the plan: disk full"
        );
    }
}
