//! Letting go of what is older than an operator wants to keep, and reading all that is kept.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, params};

use super::{Journal, JournaledBatch};
use crate::store::{StoreError, signed, unsigned};

/// Batches whose bodies go in one transaction: a moment's work, so that receipts do not wait.
const AT_ONCE: i64 = 500;

/// The journal in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalFigures {
    /// Batches.
    pub batches: u64,
    /// Samples in them, as their agents sent them.
    pub samples: u64,
    /// Bytes of the bodies that are kept.
    pub body_bytes: u64,
    /// Batches whose bodies were let go.
    pub let_go: u64,
    /// Size of the file.
    pub file_bytes: u64,
    /// Bytes in it that hold nothing and are used next.
    pub free_bytes: u64,
}

impl JournaledBatch {
    /// Whether its body was let go: it cannot be read or shown any more.
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        self.body.is_empty()
    }
}

impl Journal {
    /// Lets go of the bodies of batches that were received before a moment, Unix milliseconds, and lie
    /// at or before a position: what the sample store has of them stays. Their identities, hashes and
    /// time maps stay. The file does not shrink; its room is used next. Returns how many went.
    pub fn let_go(&self, before_unix_ms: i64, until: u64) -> Result<u64, StoreError> {
        let failed = StoreError::database("let evidence go");
        let mut all = 0;
        loop {
            let from = self.let_go_from.load(Ordering::Relaxed);
            // Batches lie in the order in which they were received: what goes is a beginning.
            let reader = self.reader();
            let positions: Vec<i64> = reader
                .prepare_cached(
                    "SELECT position FROM batch WHERE position > ?1 AND position <= ?2
                         AND received_at < ?3 AND length(body) > 0 ORDER BY position LIMIT ?4",
                )
                .and_then(|mut statement| {
                    let values = params![signed(from), signed(until), before_unix_ms, AT_ONCE];
                    statement.query_map(values, |row| row.get(0))?.collect()
                })
                .map_err(&failed)?;
            let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
                return Ok(all);
            };
            let gone = reader
                .execute(
                    "UPDATE batch SET body = x'' WHERE position BETWEEN ? AND ? AND received_at < ?",
                    params![first, last, before_unix_ms],
                )
                .map_err(&failed)?;
            all += u64::try_from(gone).unwrap_or(0);
            self.let_go_from.store(unsigned(*last), Ordering::Relaxed);
        }
    }

    /// Whether a batch behind a position was let go: a store that is filled up to there cannot be filled
    /// further.
    pub fn lacks_beyond(&self, position: u64) -> Result<bool, StoreError> {
        lacks_beyond(&self.reader(), position)
    }

    /// Reads every batch against its hash; `told` hears of each position. The number of batches.
    pub fn check(&self, mut told: impl FnMut(u64)) -> Result<u64, StoreError> {
        let last = self.last_position();
        for position in 1..=last {
            if self.batch(position)?.is_none() {
                return Err(StoreError::damaged(
                    "journal",
                    format!("position {position} is missing"),
                ));
            }
            told(position);
        }
        Ok(last)
    }

    /// What it holds, in figures.
    pub fn figures(&self) -> Result<JournalFigures, StoreError> {
        let failed = StoreError::database("figures of journal");
        let reader = self.reader();
        let pragma = |name| -> Result<u64, StoreError> {
            reader
                .pragma_query_value(None, name, |row| row.get(0))
                .map(unsigned)
                .map_err(&failed)
        };
        let page = pragma("page_size")?;
        let mut figures = reader
            .query_row(
                "SELECT count(*), coalesce(sum(samples), 0), coalesce(sum(length(body)), 0),
                     count(*) FILTER (WHERE length(body) = 0) FROM batch",
                [],
                |row| {
                    Ok(JournalFigures {
                        batches: unsigned(row.get(0)?),
                        samples: unsigned(row.get(1)?),
                        body_bytes: unsigned(row.get(2)?),
                        let_go: unsigned(row.get(3)?),
                        ..JournalFigures::default()
                    })
                },
            )
            .map_err(&failed)?;
        figures.file_bytes = page * pragma("page_count")?;
        figures.free_bytes = page * pragma("freelist_count")?;
        Ok(figures)
    }
}

/// Whether a batch behind a position was let go.
pub(super) fn lacks_beyond(journal: &Connection, position: u64) -> Result<bool, StoreError> {
    journal
        .prepare_cached("SELECT 1 FROM batch WHERE position > ? AND length(body) = 0 LIMIT 1")
        .and_then(|mut statement| statement.exists([signed(position)]))
        .map_err(StoreError::database("evidence let go"))
}
