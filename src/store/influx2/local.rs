//! What is kept here of the server: how far it was filled, and what it refused.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    database,
    store::{StoreError, migrate, signed, unsigned},
};

const SCHEMA: &str = "
CREATE TABLE applied (
  server TEXT PRIMARY KEY, -- address, organisation and bucket
  position INTEGER NOT NULL
) STRICT;

CREATE TABLE refused (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL, -- Unix milliseconds
  reason TEXT NOT NULL, -- the server's
  line TEXT NOT NULL, -- in line protocol; when it took a part, the first of those it was given
  lines INTEGER NOT NULL -- how many it was given
) STRICT;
";
const SCHEMA_VERSION: i64 = 1;
/// Most refused rows that are kept: beyond, something is wrong that more of them do not explain.
const REFUSED_MAX: i64 = 100_000;

#[derive(Debug)]
pub(super) struct Local(Mutex<Connection>);

impl Local {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection =
            database::open(path, "FULL").map_err(StoreError::database("open influxdb2.sqlite"))?;
        migrate(&mut connection, SCHEMA, SCHEMA_VERSION)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn position(&self, server: &str) -> Result<u64, StoreError> {
        self.connection()
            .query_row(
                "SELECT position FROM applied WHERE server = ?",
                [server],
                |row| row.get(0),
            )
            .optional()
            .map(|found| found.map_or(0, unsigned))
            .map_err(StoreError::database("position of the server"))
    }

    pub(super) fn set_position(&self, server: &str, position: u64) -> Result<(), StoreError> {
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO applied VALUES (?, ?)",
                params![server, signed(position)],
            )
            .map(drop)
            .map_err(StoreError::database("position of the server"))
    }

    /// Keeps a refused row.
    pub(super) fn refuse(
        &self,
        at_unix_ms: i64,
        reason: &str,
        (line, lines): (&str, usize),
    ) -> Result<(), StoreError> {
        tracing::warn!(reason, lines, "the server of samples refused {lines} rows");
        self.connection()
            .execute(
                "INSERT INTO refused (at, reason, line, lines) SELECT ?1, ?2, ?3, ?4
                 WHERE (SELECT count(*) FROM refused) < ?5",
                params![
                    at_unix_ms,
                    reason,
                    line,
                    i64::try_from(lines).unwrap_or(i64::MAX),
                    REFUSED_MAX
                ],
            )
            .map(drop)
            .map_err(StoreError::database("keep refused row"))
    }
}
