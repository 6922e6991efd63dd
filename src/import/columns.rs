//! The columns that a mapping or a manifest names, found in a file.

use std::collections::BTreeMap;

use super::ImportError;
use super::mapping::{ColumnNames, Keep};
use super::table::{Record, Table};

/// Field → the numbers of its columns; and the filters.
pub(super) struct Columns<F> {
    fields: BTreeMap<F, Vec<usize>>,
    keep: Vec<(usize, Vec<String>)>,
}

impl<F: Ord + Copy> Columns<F> {
    /// Finds the mapped columns and those of the filters. A field of `own` that is not mapped must
    /// be there under its own name. The error names all that are missing at once.
    pub(super) fn find(
        table: &Table,
        mapped: &BTreeMap<F, ColumnNames>,
        keep: &[Keep],
        own: &[(F, &'static str)],
    ) -> Result<Self, ImportError> {
        let own = own.iter().filter(|(field, _)| !mapped.contains_key(field));
        let mut needed: Vec<&str> = Vec::new();
        needed.extend(mapped.values().flat_map(ColumnNames::iter));
        needed.extend(keep.iter().map(|keep| keep.column.as_str()));
        needed.extend(own.clone().map(|(_, name)| *name));
        table.require(needed.into_iter())?;
        let mut fields: BTreeMap<F, Vec<usize>> = BTreeMap::new();
        for (field, names) in mapped {
            let numbers = names.iter().filter_map(|name| table.column(name));
            fields.insert(*field, numbers.collect());
        }
        for (field, name) in own {
            fields.insert(*field, table.column(name).into_iter().collect());
        }
        let keep = keep.iter().filter_map(|keep| {
            let values = keep.any_of.iter().map(|value| value.to_lowercase());
            Some((table.column(&keep.column)?, values.collect()))
        });
        Ok(Self {
            fields,
            keep: keep.collect(),
        })
    }

    /// The first column of a field.
    pub(super) fn first(&self, field: F) -> Option<usize> {
        self.fields.get(&field)?.first().copied()
    }

    /// Whether the field has a column.
    pub(super) fn has(&self, field: F) -> bool {
        self.fields.contains_key(&field)
    }

    /// What stands in the first of the field's columns that says something.
    pub(super) fn value<'r>(&self, record: &'r Record, field: F) -> Option<&'r str> {
        let mut columns = self.fields.get(&field)?.iter();
        columns.find_map(|column| record.value(*column))
    }

    /// Whether the row passes every filter.
    pub(super) fn keeps(&self, record: &Record) -> bool {
        self.keep.iter().all(|(column, values)| {
            let value = record.value(*column).unwrap_or_default().to_lowercase();
            values.contains(&value)
        })
    }
}
