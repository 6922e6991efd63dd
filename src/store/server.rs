//! A server that holds samples in the place of files.

use std::{fmt, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, unsigned};

/// The file of a data folder that says how far a server was filled, and what it refused.
pub(super) const NOTES: &str = "influxdb2.sqlite";

/// How far a server was filled from a data folder, as far as the folder knows; 0 where none ever was.
/// Known without the server, and in a program without an engine for it.
pub fn filled_until(data: &Path) -> Result<u64, StoreError> {
    let path = data.join(NOTES);
    if !path.is_file() {
        return Ok(0);
    }
    let read = || {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let sql = "SELECT coalesce(max(position), 0) FROM applied";
        connection.query_row(sql, [], |row| row.get(0))
    };
    read()
        .map(unsigned)
        .map_err(StoreError::database("position of the server"))
}

/// Where it is and what is ours on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// What it knows us by.
    pub token: Token,
}

/// A secret; never written anywhere.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Token(String);

impl Token {
    /// A token.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text, for the request that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
