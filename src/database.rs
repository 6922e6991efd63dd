//! How every SQLite file of the collector is opened.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

/// How long to wait for another process's write to end.
const BUSY: Duration = Duration::from_secs(10);

/// Opens a file in WAL with the given `synchronous` level.
pub(crate) fn open(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    open_paged(path, synchronous, 4_096)
}

/// The same; a new file gets pages of so many bytes.
pub(crate) fn open_paged(
    path: &Path,
    synchronous: &str,
    page_bytes: u32,
) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", page_bytes)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}
