//! Sites from a CSV, XLSX or GeoJSON file: every row is accepted, left out by a filter, or refused and
//! named.

use std::collections::BTreeMap;

use super::ImportError;
use super::country::Country;
use super::crs::Crs;
use super::duplicates::Seen;
use super::mapping::{Mapping, SiteField};
use super::propose::kinds;
use super::report::{ImportReport, Refusals, RowRanges, Warning, WarningRows};
use super::table::{Form, Table};
use row::Reader;

mod row;

pub(super) use row::parse_degrees;

/// What the reader may know besides the file.
#[derive(Default)]
pub struct Options<'o> {
    /// Which column means what; without one the file's columns must carry our names.
    pub mapping: Option<&'o Mapping>,
    /// The file's encoding when it is not UTF-8; goes before the mapping's.
    pub encoding: Option<&'o str>,
    /// The coordinate system; goes before the mapping's.
    pub crs: Option<Crs>,
    /// The country's outline.
    pub country: Option<&'o Country>,
}

/// Reads a file of sites. `file` is the name by which refusals call it.
pub fn import_sites(
    file: &str,
    bytes: &[u8],
    options: &Options<'_>,
) -> Result<ImportReport, ImportError> {
    let mapping = options.mapping;
    let form = Form {
        encoding: options
            .encoding
            .or(mapping.and_then(|mapping| mapping.encoding.as_deref())),
        sheet: mapping.and_then(|mapping| mapping.sheet.as_deref()),
        crs: options.crs.or(mapping.and_then(|mapping| mapping.crs)),
    };
    let table = Table::read(file, bytes, form)?;
    match options.mapping {
        Some(mapping) => import_table(&table, mapping, options.country),
        None => import_table(&table, &Mapping::own(&table.columns), options.country),
    }
}

impl Mapping {
    /// The mapping of a file whose columns carry our names; the encoding, the sheet and the system
    /// are those with which it is to be opened.
    pub fn of_own_columns(
        file: &str,
        bytes: &[u8],
        (encoding, sheet, crs): (Option<&str>, Option<&str>, Option<Crs>),
    ) -> Result<Self, ImportError> {
        let form = Form {
            encoding,
            sheet,
            crs,
        };
        let mapping = Self::own(&Table::read(file, bytes, form)?.columns);
        if mapping.columns.contains_key(&SiteField::Kind) {
            return Ok(mapping);
        }
        // Named with those that exist, as every missing column is.
        import_sites(
            file,
            bytes,
            &Options {
                encoding,
                crs,
                ..Options::default()
            },
        )
        .map(|_| mapping)
    }
}

fn import_table(
    table: &Table,
    mapping: &Mapping,
    country: Option<&Country>,
) -> Result<ImportReport, ImportError> {
    let reader = Reader::new(table, mapping, country)?;
    let (mut left_out, mut accepted, mut refused) = (0, Vec::new(), Refusals::default());
    let mut seen = Seen::default();
    let mut warned: BTreeMap<Warning, RowRanges> = BTreeMap::new();
    if country.is_none() {
        warned.insert(Warning::NoOutline, RowRanges::default());
    }
    if table.converted || table.crs != Crs::Wgs84 {
        warned.insert(Warning::Converted, RowRanges::default());
    }
    for record in &table.records {
        match reader
            .read(record)
            .and_then(|read| reader.unseen(read, &mut seen))
        {
            Ok(None) => left_out += 1,
            Ok(Some(read)) => {
                for warning in read.warnings {
                    warned.entry(warning).or_default().add(record.row);
                }
                accepted.push(read.site);
            }
            Err(no) => {
                refused.add(
                    &table.file,
                    record.row,
                    &no.field,
                    no.value.as_deref(),
                    &no.reason,
                );
            }
        }
    }
    let warnings = warned
        .into_iter()
        .map(|(code, rows)| WarningRows::new(code, rows));
    Ok(ImportReport {
        file: table.file.clone(),
        rows_read: table.records.len(),
        left_out,
        accepted,
        refused,
        warnings: warnings.collect(),
        kinds: kinds(table, mapping),
    })
}

#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod tests;
