//! Sites from a CSV or GeoJSON file: every row is accepted, left out by a filter, or refused and
//! named.

use std::collections::BTreeMap;

use super::ImportError;
use super::country::Country;
use super::duplicates::Seen;
use super::mapping::Mapping;
use super::report::{ImportReport, Refusals, RowRanges, Warning, WarningRows};
use super::table::Table;
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
    /// The country's outline.
    pub country: Option<&'o Country>,
}

/// Reads a file of sites. `file` is the name by which refusals call it.
pub fn import_sites(
    file: &str,
    bytes: &[u8],
    options: &Options<'_>,
) -> Result<ImportReport, ImportError> {
    let encoding = options.encoding;
    let encoding = encoding.or(options
        .mapping
        .and_then(|mapping| mapping.encoding.as_deref()));
    let table = Table::read(file, bytes, encoding)?;
    match options.mapping {
        Some(mapping) => import_table(&table, mapping, options.country),
        None => import_table(&table, &Mapping::own(&table.columns), options.country),
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
    })
}

#[cfg(test)]
mod tests;
