//! Workbooks of Excel and `LibreOffice` (XLSX): one sheet as rows, the first row with anything in it
//! as the header.
//!
//! An archive is unpacked once for counting before anything reads it: what a few kilobytes claim to
//! hold is no measure of what they become.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use calamine::{Cell, DataRef, Reader as _, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use super::{Form, Geometry, Record, Table, Values, check_columns};
use crate::import::{
    ImportError, MAX_CELLS, MAX_FILE_BYTES, MAX_PARTS, MAX_ROWS, MAX_UNPACKED_BYTES,
};

/// Whole numbers up to this are exact in a double (2^53).
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;
/// Bytes unpacked at once while counting.
const CHUNK: usize = 64 * 1024;

/// Cells of a sheet by row: column and text.
type Rows = BTreeMap<u32, Vec<(usize, String)>>;

/// Reads one sheet.
pub(super) fn read(file: &str, bytes: &[u8], form: Form<'_>) -> Result<Table, ImportError> {
    check_unpacked(file, bytes)?;
    let mut book = open(file, bytes)?;
    let names = sheets(&book);
    let rows = match form.sheet {
        Some(name) if names.iter().any(|known| known == name) => cells(file, &mut book, name)?,
        Some(name) => {
            return Err(ImportError::NoSheet {
                file: file.to_owned(),
                sheet: name.to_owned(),
                present: names,
            });
        }
        None => first_filled(file, &mut book, &names)?,
    };
    table(file, rows, form)
}

/// The sheets that a person sees, in their order; `None` when the bytes are no workbook.
pub(in crate::import) fn sheet_names(file: &str, bytes: &[u8]) -> Result<Vec<String>, ImportError> {
    check_unpacked(file, bytes)?;
    Ok(sheets(&open(file, bytes)?))
}

fn not_xlsx(file: &str, detail: impl std::fmt::Display) -> ImportError {
    ImportError::NotXlsx {
        file: file.to_owned(),
        detail: detail.to_string(),
    }
}

/// Counts what the archive unpacks to, without keeping it.
fn check_unpacked(file: &str, bytes: &[u8]) -> Result<(), ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge {
            file: file.to_owned(),
            bytes: bytes.len(),
        });
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_xlsx(file, error))?;
    if archive.len() > MAX_PARTS {
        return Err(ImportError::TooManyParts {
            file: file.to_owned(),
        });
    }
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(ImportError::Archive {
            file: file.to_owned(),
        });
    }
    let (mut left, mut chunk) = (MAX_UNPACKED_BYTES, vec![0; CHUNK]);
    for number in 0..archive.len() {
        let mut part = archive
            .by_index(number)
            .map_err(|error| not_xlsx(file, error))?;
        loop {
            let read = part
                .read(&mut chunk)
                .map_err(|error| not_xlsx(file, error))?;
            if read == 0 {
                break;
            }
            left = left
                .checked_sub(read as u64)
                .ok_or_else(|| ImportError::TooLargeUnpacked {
                    file: file.to_owned(),
                })?;
        }
    }
    Ok(())
}

fn open<'b>(file: &str, bytes: &'b [u8]) -> Result<Xlsx<Cursor<&'b [u8]>>, ImportError> {
    Xlsx::new(Cursor::new(bytes)).map_err(|error| not_xlsx(file, error))
}

fn sheets(book: &Xlsx<Cursor<&[u8]>>) -> Vec<String> {
    book.sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect()
}

fn first_filled(
    file: &str,
    book: &mut Xlsx<Cursor<&[u8]>>,
    names: &[String],
) -> Result<Rows, ImportError> {
    for name in names {
        let rows = cells(file, book, name)?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    Err(ImportError::Empty {
        file: file.to_owned(),
    })
}

fn cells(file: &str, book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Rows, ImportError> {
    let mut reader = book
        .worksheet_cells_reader(name)
        .map_err(|error| not_xlsx(file, error))?;
    let (mut rows, mut count) = (Rows::new(), 0);
    while let Some(cell) = reader.next_cell().map_err(|error| not_xlsx(file, error))? {
        let text = text_of(&cell);
        if text.trim().is_empty() {
            continue;
        }
        count += 1;
        let (row, column) = cell.get_position();
        check_columns(file, column as usize + 1)?;
        rows.entry(row).or_default().push((column as usize, text));
        if count > MAX_CELLS || rows.len() > MAX_ROWS {
            return Err(ImportError::TooManyRows {
                file: file.to_owned(),
            });
        }
    }
    Ok(rows)
}

/// What a person reads in the cell. A number keeps all its digits; a whole one has no decimals, so
/// that the code 1042 does not become 1042.0.
fn text_of(cell: &Cell<DataRef<'_>>) -> String {
    match cell.get_value() {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < EXACT_WHOLE => {
            format!("{number:.0}")
        }
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::Error(error) => error.to_string(),
    }
}

fn table(file: &str, rows: Rows, form: Form<'_>) -> Result<Table, ImportError> {
    let mut rows = rows.into_iter();
    let (_, header) = rows.next().ok_or_else(|| ImportError::Empty {
        file: file.to_owned(),
    })?;
    let width = header.iter().map(|(column, _)| column + 1).max();
    let width = width.unwrap_or_default();
    // Empty fields take room too: no more of them than the commas of the largest CSV file.
    if width.saturating_mul(rows.len()) > MAX_FILE_BYTES {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
        });
    }
    let columns: Vec<String> = line(header, width)
        .iter()
        .map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let records = rows.map(|(row, cells)| Record {
        row: row as usize + 1,
        values: Values::Row(line(cells, width)),
        geometry: Geometry::None,
    });
    Ok(Table {
        file: file.to_owned(),
        columns,
        records: records.collect(),
        has_geometry: false,
        crs: form.crs.unwrap_or_default(),
        converted: false,
        mixed: false,
        cut: crate::import::report::RowRanges::default(),
    })
}

/// The fields of a row, empty ones between; as wide as the header, or wider when there is something
/// beyond it (that row is refused then).
fn line(cells: Vec<(usize, String)>, width: usize) -> csv::StringRecord {
    let end = cells.iter().map(|(column, _)| column + 1).max();
    let mut fields = vec![String::new(); width.max(end.unwrap_or_default())];
    for (column, text) in cells {
        if let Some(field) = fields.get_mut(column) {
            *field = text;
        }
    }
    csv::StringRecord::from(fields)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A workbook with these sheets: name, state, rows of XML cells.
    fn workbook(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, text: &str| {
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        };
        let (mut list, mut relations) = (String::new(), String::new());
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        for (number, (name, state, rows)) in sheets.iter().enumerate() {
            let id = number + 1;
            let named =
                format!(r#"<sheet name="{name}" sheetId="{id}" state="{state}" r:id="r{id}"/>"#);
            list.push_str(&named);
            let related = format!(
                r#"<Relationship Id="r{id}" Type="{office}/worksheet" Target="worksheets/sheet{id}.xml"/>"#
            );
            relations.push_str(&related);
            let sheet =
                format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#);
            part(&format!("xl/worksheets/sheet{id}.xml"), &sheet);
        }
        let relation = |target: &str| {
            format!(
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{target}</Relationships>"#
            )
        };
        let root = format!(
            r#"<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>"#
        );
        part("_rels/.rels", &relation(&root));
        part(
            "xl/workbook.xml",
            &format!(
                r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{list}</sheets></workbook>"#
            ),
        );
        part("xl/_rels/workbook.xml.rels", &relation(&relations));
        zip.finish().unwrap().into_inner()
    }

    fn text(at: &str, text: &str) -> String {
        format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    }

    fn number(at: &str, number: &str) -> String {
        format!(r#"<c r="{at}"><v>{number}</v></c>"#)
    }

    fn schools() -> Vec<u8> {
        let header = text("A3", "code") + &text("B3", "nom") + &text("D3", "lat");
        let first = number("A4", "1042") + &text("B4", "École") + &number("D4", "-4.25");
        let second = number("A7", "7") + &number("D7", "0.1") + &text("F7", "note");
        let rows = format!(
            r#"<row r="3">{header}</row><row r="4">{first}</row><row r="7">{second}</row>"#
        );
        workbook(&[
            ("vide", "visible", ""),
            (
                "cachée",
                "hidden",
                r#"<row r="1"><c r="A1"><v>1</v></c></row>"#,
            ),
            ("écoles", "visible", &rows),
        ])
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        let bytes = schools();
        let table = read("e.xlsx", &bytes, Form::default()).unwrap();
        assert_eq!(table.columns, ["code", "nom", "", "lat"]);
        let (first, second) = (&table.records[0], &table.records[1]);
        assert_eq!((first.row, second.row), (4, 7));
        assert_eq!(first.value(0), Some("1042"), "a code has no decimals");
        assert_eq!(first.value(3), Some("-4.25"));
        assert_eq!(second.value(1), None);
        assert!(table.misfit(first).is_none());
        assert!(table.misfit(second).is_some(), "F7 is beyond the header");
    }

    #[test]
    fn sheets_are_chosen_by_name() {
        let bytes = schools();
        assert_eq!(sheet_names("e.xlsx", &bytes).unwrap(), ["vide", "écoles"]);
        let form = |sheet| Form {
            sheet: Some(sheet),
            ..Form::default()
        };
        assert!(read("e.xlsx", &bytes, form("écoles")).is_ok());
        let error = read("e.xlsx", &bytes, form("ecoles")).err().unwrap();
        assert!(error.to_string().contains("vide, écoles"), "{error}");
        let empty = read("e.xlsx", &bytes, form("vide")).err().unwrap();
        assert!(matches!(empty, ImportError::Empty { .. }));
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let refused = |bytes: &[u8]| read("x.xlsx", bytes, Form::default()).err().unwrap();
        assert!(matches!(
            refused(b"PK\x03\x04.."),
            ImportError::NotXlsx { .. }
        ));
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a.txt", zip::write::SimpleFileOptions::default())
            .unwrap();
        let other = zip.finish().unwrap().into_inner();
        assert!(matches!(refused(&other), ImportError::Archive { .. }));
        let mut cut = schools();
        cut.truncate(cut.len() / 2);
        assert!(matches!(refused(&cut), ImportError::NotXlsx { .. }));
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_unpacks_to() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("xl/workbook.xml", options).unwrap();
        let zeros = vec![b' '; 8 * 1024 * 1024];
        for _ in 0..=MAX_UNPACKED_BYTES / zeros.len() as u64 {
            zip.write_all(&zeros).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(bytes.len() < 2 * 1024 * 1024, "{}", bytes.len());
        let error = read("x.xlsx", &bytes, Form::default()).err().unwrap();
        assert!(
            matches!(error, ImportError::TooLargeUnpacked { .. }),
            "{error}"
        );
    }

    #[test]
    fn a_cell_far_out_does_not_make_a_wide_table() {
        let bytes = workbook(&[(
            "s",
            "visible",
            r#"<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>"#,
        )]);
        let error = read("x.xlsx", &bytes, Form::default()).err().unwrap();
        assert!(
            matches!(error, ImportError::TooManyColumns { .. }),
            "{error}"
        );
    }
}
