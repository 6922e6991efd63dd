//! Letting go of what is older than an operator wants to keep, and reading all that is kept.

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::{
    Journal, JournaledBatch,
    reached::{self, Work},
};
use crate::store::{StoreError, signed, unsigned};

/// Batches whose bodies go in one transaction: a moment's work, so that receipts do not wait.
const AT_ONCE: i64 = 500;

/// The next batches behind a position, up to another.
const WINDOW: &str = "SELECT position, received_at FROM batch
     WHERE position > ? AND position <= ? ORDER BY position LIMIT ?";

/// What was let go in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetGo {
    /// Batches whose bodies went.
    pub batches: u64,
    /// Whether there may be more to let go.
    pub more: bool,
}

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
    /// Lets go of the bodies of a few batches, in the order of positions, from where it stopped before: those
    /// that were received before `before`, Unix milliseconds, and whose samples the store has, which is
    /// filled up to the position `applied`. It stops at the first batch received between `before` and
    /// `now`: batches lie in the order in which they were received, but for those that came while the
    /// clock was wrong. Identities, hashes and time maps stay; so does the whole batch where its time never
    /// became known. The file does not shrink; its room is used next.
    pub fn let_go(&self, (before, now): (i64, i64), applied: u64) -> Result<LetGo, StoreError> {
        let failed = StoreError::database("let evidence go");
        let mut reader = self.reader();
        let from = reached::reached(&reader, Work::LetGo)?.unwrap_or(0);
        let transaction = reader
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        let window: Vec<(i64, i64)> = transaction
            .prepare_cached(WINDOW)
            .and_then(|mut statement| {
                let values = params![signed(from), signed(applied), AT_ONCE];
                let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
                statement.query_map(values, read)?.collect()
            })
            .map_err(&failed)?;
        let old = window
            .iter()
            .take_while(|(_, received)| !(before..=now).contains(received));
        let Some(&(last, _)) = old.last() else {
            return Ok(LetGo::default());
        };
        let gone = transaction
            .execute(
                "UPDATE batch SET body = x'' WHERE position > ?1 AND position <= ?2
                     AND received_at < ?3 AND mapped_at <= ?4 AND length(body) > 0",
                params![signed(from), last, before, signed(applied)],
            )
            .map_err(&failed)?;
        reached::reach(&transaction, Work::LetGo, unsigned(last))?;
        transaction.commit().map_err(&failed)?;
        let whole = i64::try_from(window.len()).is_ok_and(|length| length == AT_ONCE);
        Ok(LetGo {
            batches: u64::try_from(gone).unwrap_or(0),
            more: whole && window.last().is_some_and(|(position, _)| *position == last),
        })
    }

    /// When the newest batch was received, Unix milliseconds.
    pub fn newest_received_unix_ms(&self) -> Result<Option<i64>, StoreError> {
        self.reader()
            .prepare_cached("SELECT received_at FROM batch ORDER BY position DESC LIMIT 1")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .map_err(StoreError::database("newest batch"))
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use desserte_probe::{
        report::TimeExchange,
        wire::{
            envelope::Envelope,
            id::{AgentId, BootId},
        },
    };

    use super::*;
    use crate::store::journal::{ContentType, NewBatch};

    const DAY_MS: i64 = 86_400_000;
    const LIMIT: i64 = 1_780_000_000_000;
    const NOW: i64 = LIMIT + 60 * DAY_MS;

    /// A batch of a boot of its own, with its time or without.
    fn append(journal: &Journal, number: u64, received_unix_ms: i64, with_time: bool) {
        let envelope = Envelope {
            agent: AgentId([1; 16]),
            boot: BootId(u128::from(number).to_be_bytes()),
            sequence_first: number,
            sequence_last: number,
            previous: [0; 32],
            signature: [0; 64],
        };
        let body = Bytes::from_static(b"body");
        let exchange = TimeExchange {
            sent_boottime_ms: 10,
            received_boottime_ms: 20,
            collector_received_unix_ms: received_unix_ms,
            collector_sent_unix_ms: received_unix_ms,
        };
        let batch = NewBatch {
            received_unix_ms,
            batch_hash: envelope.batch_hash(&body),
            envelope,
            content_type: ContentType::Json,
            body,
            peer: None,
            entries: 1,
            exchanges: if with_time { vec![exchange] } else { vec![] },
            measured_boottime_ms: None,
            samples: 1,
        };
        let answer = journal.append(batch).unwrap();
        answer.blocking_recv().unwrap().unwrap();
    }

    fn kept(journal: &Journal) -> Vec<u64> {
        (1..=journal.last_position())
            .filter(|position| !journal.batch(*position).unwrap().unwrap().is_let_go())
            .collect()
    }

    #[test]
    fn bodies_go_up_to_the_first_that_is_kept_and_only_once_the_store_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let journal = Journal::open(&path, |_, _| Some(vec![])).unwrap();
        assert_eq!(journal.newest_received_unix_ms().unwrap(), None);
        append(&journal, 1, LIMIT - 2, true);
        append(&journal, 2, LIMIT - 2, false);
        // The clock was wrong for a moment.
        append(&journal, 3, NOW + 4_000 * DAY_MS, true);
        append(&journal, 4, LIMIT - 1, true);
        append(&journal, 5, LIMIT, true);
        append(&journal, 6, LIMIT - 1, true);
        let newest = journal.newest_received_unix_ms().unwrap();
        assert_eq!(newest, Some(LIMIT - 1));
        let first = journal.let_go((LIMIT, NOW), 1).unwrap();
        assert_eq!(first.batches, 1);
        assert_eq!(kept(&journal), [2, 3, 4, 5, 6]);
        let second = journal.let_go((LIMIT, NOW), 6).unwrap();
        let expected = LetGo {
            batches: 1,
            more: false,
        };
        assert_eq!(second, expected);
        assert_eq!(kept(&journal), [2, 3, 5, 6]);
        assert_eq!(journal.reached(Work::LetGo).unwrap(), Some(4));
        // A start goes on from there.
        drop(journal);
        let journal = Journal::open(&path, |_, _| Some(vec![])).unwrap();
        let third = journal.let_go((LIMIT + 1, NOW), 6).unwrap();
        assert_eq!(third.batches, 2);
        assert_eq!(kept(&journal), [2, 3]);
    }
}
