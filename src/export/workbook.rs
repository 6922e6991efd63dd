//! Cells and rows of an Excel workbook (ISO/IEC 29500): numbers are numbers, whatever the language
//! of the reader's Excel, and texts are never formulas.

use std::io::Write;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::ExportError;
use super::sheet::Cell;

/// Rows that a sheet can hold, its header aside (Excel's own limit).
const ROWS_MAX: u32 = 1_048_575;
/// Widest column that is made by itself, characters.
const WIDTH_MAX: usize = 42;
/// Narrowest column, characters.
const WIDTH_MIN: usize = 8;
/// Most decimals that a sheet shows: those of a millionth.
const DECIMALS_MAX: usize = 6;
/// Rows looked at for the width of a column.
const ROWS_MEASURED: usize = 200;

/// One sheet of a workbook.
pub(super) struct Sheet {
    /// Its name on the tab.
    pub(super) name: String,
    /// Names of the columns.
    pub(super) header: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// Writes a workbook.
pub(super) fn write(
    what: &'static str,
    sheets: &[Sheet],
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write { what, source };
    let bytes = made(sheets).map_err(|error| failed(std::io::Error::other(error)))?;
    out.write_all(&bytes).map_err(failed)
}

fn made(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        fill(workbook.add_worksheet(), sheet)?;
    }
    workbook.save_to_buffer()
}

fn fill(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    worksheet.set_name(&sheet.name)?;
    let bold = Format::new().set_bold().set_text_wrap();
    for (column, text) in (0_u16..).zip(&sheet.header) {
        worksheet.write_string_with_format(0, column, text, &bold)?;
        worksheet.set_column_width(column, width(sheet, usize::from(column)))?;
    }
    // A format is made once: making and comparing one a cell takes most of the time of a big sheet.
    let formats: Vec<Format> = (0..=DECIMALS_MAX)
        .map(|decimals| Format::new().set_num_format(decimal(decimals)))
        .collect();
    for (row, cells) in (1..=ROWS_MAX).zip(&sheet.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            put(worksheet, (row, column), cell, &formats)?;
        }
    }
    worksheet.set_freeze_panes(1, 0)?;
    let last = (sheet.header.len().saturating_sub(1), sheet.rows.len());
    if let (Ok(column), Ok(row)) = (u16::try_from(last.0), u32::try_from(last.1)) {
        worksheet.autofilter(0, 0, row.min(ROWS_MAX), column)?;
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Excel knows no other number; counts of people and rows are far below 2⁵³"
)]
fn put(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    formats: &[Format],
) -> Result<(), XlsxError> {
    let (number, decimals) = match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => return worksheet.write_string(row, column, text).map(|_| ()),
        Cell::Integer(number) => (*number as f64, 0),
        Cell::Number(number, decimals) => (*number, *decimals),
        Cell::Millionths(count) => (f64::from(*count) / 1_000_000.0, DECIMALS_MAX),
    };
    match formats.get(decimals) {
        Some(format) => worksheet.write_number_with_format(row, column, number, format)?,
        None => worksheet.write_number(row, column, number)?,
    };
    Ok(())
}

/// `0.0000`: Excel shows the reader's own decimal sign.
fn decimal(decimals: usize) -> String {
    match decimals {
        0 => "0".to_owned(),
        decimals => format!("0.{}", "0".repeat(decimals)),
    }
}

/// Characters of a column: those of its longest text, within bounds.
#[expect(clippy::cast_precision_loss, reason = "at most a few dozen characters")]
fn width(sheet: &Sheet, column: usize) -> f64 {
    let texts = sheet.rows.iter().take(ROWS_MEASURED);
    let longest = texts
        .filter_map(|row| match row.get(column)? {
            Cell::Text(text) => Some(text.chars().count()),
            _ => None,
        })
        .max();
    // A header wraps: half of it is wide enough.
    let header = sheet
        .header
        .get(column)
        .map(|text| text.chars().count() / 2);
    longest.max(header).unwrap_or(0).clamp(WIDTH_MIN, WIDTH_MAX) as f64
}
