//! What a journal's file says of its end, read without opening it for use: a restore weighs one file
//! against another, and one of the two may be damaged.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use crate::store::{StoreError, signed, unsigned};

/// Position and name of a batch.
pub type End = (u64, [u8; 32]);

/// The last batch of a file; `None` when it holds none.
pub fn last_of(path: &Path) -> Result<Option<End>, StoreError> {
    let sql = "SELECT position, batch_hash FROM batch ORDER BY position DESC LIMIT 1";
    read(path, |file| {
        // A power cut may have left it before its first table.
        let table = "SELECT 1 FROM sqlite_schema WHERE name = 'batch'";
        if !file.prepare(table)?.exists([])? {
            return Ok(None);
        }
        file.query_row(sql, [], end).optional()
    })
}

/// The batch at a position of a file.
pub fn batch_at(path: &Path, position: u64) -> Result<Option<End>, StoreError> {
    let sql = "SELECT position, batch_hash FROM batch WHERE position = ?";
    read(path, |file| {
        file.query_row(sql, [signed(position)], end).optional()
    })
}

fn end(row: &Row<'_>) -> rusqlite::Result<End> {
    Ok((unsigned(row.get(0)?), row.get(1)?))
}

fn read<T>(
    path: &Path,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|file| work(&file))
        .map_err(StoreError::database("end of journal"))
}
