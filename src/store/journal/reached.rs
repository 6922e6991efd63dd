//! How far work that goes through the journal from its beginning to its end has come.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Journal;
use crate::store::{StoreError, signed, unsigned};

/// Work that goes through the journal once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Bodies let go.
    LetGo,
    /// Statements revised where late batches concern them.
    Revised,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::LetGo => "let_go",
            Self::Revised => "revised",
        }
    }
}

impl Journal {
    /// Position up to which a piece of work was done; `None` before it began.
    pub fn reached(&self, work: Work) -> Result<Option<u64>, StoreError> {
        reached(&self.reader(), work)
    }

    /// Notes that a piece of work was done up to a position.
    pub fn reach(&self, work: Work, position: u64) -> Result<(), StoreError> {
        reach(&self.reader(), work, position)
    }
}

pub(super) fn reached(connection: &Connection, work: Work) -> Result<Option<u64>, StoreError> {
    connection
        .prepare_cached("SELECT position FROM reached WHERE work = ?")
        .and_then(|mut statement| {
            statement
                .query_row([work.name()], |row| row.get(0))
                .optional()
        })
        .map(|found| found.map(unsigned))
        .map_err(StoreError::database("work done"))
}

pub(super) fn reach(connection: &Connection, work: Work, position: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO reached VALUES (?, ?)")
        .and_then(|mut statement| statement.execute(params![work.name(), signed(position)]))
        .map_err(StoreError::database("note work done"))
        .map(drop)
}
