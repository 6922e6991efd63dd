//! How every SQLite file of the collector is opened.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

/// How long to wait for another process's write to end.
const BUSY: Duration = Duration::from_secs(10);

/// Opens a file in WAL with the given `synchronous` level.
pub(crate) fn open(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}
