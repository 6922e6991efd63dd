//! From bytes to text: encodings, and the delimiter of a CSV file.

use super::{ImportError, MAX_FILE_BYTES};

/// How every ZIP archive begins, XLSX and ODS among them.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Whether the bytes are a ZIP archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP_MAGIC)
}

/// The text of a file: UTF-8, with or without a byte order mark, unless an encoding is named.
pub(super) fn decode(
    file: &str,
    bytes: &[u8],
    encoding: Option<&str>,
) -> Result<String, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge {
            file: file.to_owned(),
            bytes: bytes.len(),
        });
    }
    let text = match encoding {
        None => utf8(file, bytes)?,
        Some(label) => named(file, bytes, label)?,
    };
    if text.trim().is_empty() {
        return Err(ImportError::Empty {
            file: file.to_owned(),
        });
    }
    Ok(text)
}

fn utf8(file: &str, bytes: &[u8]) -> Result<String, ImportError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(not_utf8(file, bytes, error.valid_up_to())),
    }
}

fn named(file: &str, bytes: &[u8], label: &str) -> Result<String, ImportError> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        ImportError::UnknownEncoding {
            file: file.to_owned(),
            encoding: label.to_owned(),
        }
    })?;
    let (text, used, broken) = encoding.decode(bytes);
    if broken {
        return Err(ImportError::NotEncoding {
            file: file.to_owned(),
            encoding: used.name().to_owned(),
        });
    }
    Ok(text.into_owned())
}

/// Where the first byte stands that is no UTF-8, in the terms of somebody who looks at a sheet.
fn not_utf8(file: &str, bytes: &[u8], offset: usize) -> ImportError {
    let (before, rest) = bytes.split_at(offset);
    let row = before.split(|byte| *byte == b'\n').count();
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or(before);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or(bytes);
    let delimiter = delimiter_of(header);
    let number = line
        .split(|byte| *byte == delimiter)
        .count()
        .saturating_sub(1);
    let name = header
        .split(|byte| *byte == delimiter)
        .nth(number)
        .map(|name| {
            String::from_utf8_lossy(name)
                .trim()
                .trim_matches('"')
                .to_owned()
        });
    let column = match name {
        Some(name) if row > 1 && !name.is_empty() => format!("{} ({name})", number + 1),
        _ => (number + 1).to_string(),
    };
    let byte = rest.first().copied().unwrap_or_default();
    ImportError::NotUtf8 {
        file: file.to_owned(),
        row,
        column,
        byte,
    }
}

/// The delimiter of a CSV file: comma, semicolon or tab, whichever its first line has most of
/// outside quotes. Excel writes semicolons where the comma is the decimal sign.
pub(super) fn delimiter_of(text: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.iter().take_while(|byte| **byte != b'\n') {
        if *byte == b'"' {
            quoted = !quoted;
        } else if let Some(count) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte)
            && !quoted
        {
            count.1 += 1;
        }
    }
    // The first of equals: a comma.
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_seen_outside_quotes() {
        assert_eq!(delimiter_of(b"id,name\n1;2;3"), b',');
        assert_eq!(delimiter_of(b"id;\"a,b,c\";name\n"), b';');
        assert_eq!(delimiter_of(b"id\tname"), b'\t');
        assert_eq!(delimiter_of(b"alone"), b',');
    }

    #[test]
    fn a_byte_that_is_no_utf8_is_shown_with_its_place() {
        let error = decode("s.csv", b"id;name\n1;Ewo\n2;Sibiti\xE9\n", None).unwrap_err();
        assert_eq!(
            error,
            ImportError::NotUtf8 {
                file: "s.csv".to_owned(),
                row: 3,
                column: "2 (name)".to_owned(),
                byte: 0xE9
            }
        );
        assert!(error.to_string().contains("--encoding windows-1252"));
        assert!(error.text_fr().contains("--encoding windows-1252"));
    }

    #[test]
    fn a_named_encoding_is_used() {
        let text = decode("s.csv", b"nom\nK\xE9ll\xE9 \x80", Some("windows-1252")).unwrap();
        assert_eq!(text, "nom\nKéllé €");
        assert!(matches!(
            decode("s.csv", b"a", Some("klingon")),
            Err(ImportError::UnknownEncoding { .. })
        ));
    }

    #[test]
    fn marks_archives_and_emptiness() {
        assert_eq!(
            decode("s.csv", b"\xEF\xBB\xBFid\n1", None).unwrap(),
            "id\n1"
        );
        assert!(is_archive(b"PK\x03\x04.."));
        assert!(matches!(
            decode("s.csv", b" \n", None),
            Err(ImportError::Empty { .. })
        ));
    }
}
