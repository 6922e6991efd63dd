//! When batches arrived, read from a journal that another process may be writing.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use desserte_probe::wire::id::AgentId;
use rusqlite::{Connection, OpenFlags, params};

use crate::store::StoreError;

/// How long to wait while the writer ends a commit.
const BUSY: Duration = Duration::from_secs(10);

/// The journal's times, read only.
#[derive(Debug)]
pub struct ArrivalLog {
    connection: Mutex<Connection>,
}

impl ArrivalLog {
    /// Opens the journal at `path`; `None` when there is none: nothing ever arrived.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = StoreError::database("open journal for reading");
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(&failed)?;
        connection.busy_timeout(BUSY).map_err(&failed)?;
        Ok(Some(Self {
            connection: Mutex::new(connection),
        }))
    }

    /// When batches of an agent arrived in `[from, to)`, Unix milliseconds, ascending.
    pub fn arrivals(
        &self,
        agent: AgentId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        between(&connection, agent, (from_unix_ms, to_unix_ms))
    }
}

/// When batches of an agent arrived in `[from, to)`, Unix milliseconds, ascending.
pub(super) fn between(
    connection: &Connection,
    agent: AgentId,
    (from_unix_ms, to_unix_ms): (i64, i64),
) -> Result<Vec<i64>, StoreError> {
    connection
        .prepare_cached(
            "SELECT received_at FROM boot JOIN batch ON batch.boot = boot.id
             WHERE agent = ? AND received_at >= ? AND received_at < ? ORDER BY received_at",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![agent.0, from_unix_ms, to_unix_ms], |row| row.get(0))?
                .collect()
        })
        .map_err(StoreError::database("read arrivals"))
}
