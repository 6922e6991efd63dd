//! The journal: every accepted batch as it was sent, with the time map it was accepted under.
//!
//! One thread writes. It takes whatever waits (at most [`ROWS_PER_COMMIT`] entries), writes it in one
//! transaction with `synchronous = FULL`, and answers everyone after the commit: while one commit is
//! on its way to the disk the next group gathers by itself. Each batch has a savepoint of its own, so
//! that one refusal leaves the others be.
//!
//! Identity of an entry is (agent, boot, sequence). The first body under an identity is kept; the same
//! again is dropped without a word; another one refuses its whole batch and is recorded. No row is
//! kept per entry: an agent seals each entry into one batch and sends that byte for byte the same, so
//! two batches with overlapping ranges are rare, and only then their bodies are compared.
//!
//! **Time.** Boot time becomes Unix time with the exchanges of that boot known when the batch is
//! accepted, those that it brings included; the map is kept with the batch and never changed. A batch
//! of a boot without any exchange is kept and counted ([`Journal::waiting`]); the first batch of that
//! boot that brings one maps all that wait, and `mapped_at` says which it was. Nothing is ever
//! slotted by an agent's wall clock.
//!
//! **The log.** A batch's leaf ([`crate::ledger`]) is appended in the commit that keeps the batch, and
//! one more when a batch that had waited gets its time. A file from before there was a log gets its
//! leaves when it is opened, oldest first.
//! **Loss is noticed.** Beside the file lies its mark, the last position committed, written after each
//! commit and never before: a journal that ends before its mark has lost something it acknowledged, and
//! is refused. Each body is read against the hash under which it was accepted. Bodies may be let go
//! after some months ([`Journal::let_go`]); their identities stay, so that nothing comes in twice.

mod append;
mod arrivals;
mod committed;
pub mod ends;
mod former;
mod heads;
mod identity;
mod leaves;
mod map;
mod mark;
mod reached;
mod read;
mod retain;
mod time;
mod writer;

use std::{
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use desserte_probe::{
    clock::TimeMap,
    report::TimeExchange,
    wire::{
        CONTENT_TYPE_COLUMNS, CONTENT_TYPE_JSON,
        envelope::Envelope,
        id::{AgentId, BootId},
        receipt::Chain,
    },
};
use rusqlite::Connection;
use tokio::sync::oneshot;

pub use arrivals::ArrivalLog;
pub use heads::BatchHead;

use self::{committed::Committed, mark::Mark};
pub use self::{
    identity::Earlier,
    mark::{path_of as mark_path, position_of as marked_position},
    reached::Work,
    retain::{JournalFigures, LetGo},
};
use super::{
    StoreError, migrate,
    sound::{self, AT_START_BYTES_MAX, Remedy},
};
use crate::{database, ledger::log};

const SCHEMA: &str = include_str!("journal.sql");
/// What version 4 added.
const SCHEMA_OF_4: &str = include_str!("journal-4.sql");
const SCHEMA_VERSION: i64 = 4;
/// Most entries of one commit.
pub const ROWS_PER_COMMIT: usize = 5_000;
/// Most batches that wait for the writer: 256 MiB of bodies at their largest.
const QUEUE: usize = 256;
/// How far ahead of the collector's clock anything may have been measured.
pub const FUTURE_MS_MAX: i64 = 60_000;
/// Exchanges of a boot that a map is fitted to, the newest: a month of uploads every five minutes
/// holds more, but a fit over a day is as good and quick.
const EXCHANGES_MAX: usize = 256;
/// Earlier batches that a new one may overlap: each is read again while it is compared. An agent
/// overlaps none, or the few that it sealed anew.
const OVERLAPS_MAX: usize = 256;

/// Reads a body: sequence number and hash of each entry; `None` when it cannot be read. How bodies
/// are written is not the journal's business.
pub type EntriesOf = fn(ContentType, &[u8]) -> Option<Vec<(u64, [u8; 32])>>;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// The report in JSON.
    Json,
    /// The report in columns.
    Columns,
}

impl ContentType {
    /// Reads a `Content-Type` header; parameters are ignored.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let essence = value.split(';').next().unwrap_or_default().trim();
        [Self::Json, Self::Columns]
            .into_iter()
            .find(|one| essence.eq_ignore_ascii_case(one.as_str()))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => CONTENT_TYPE_JSON,
            Self::Columns => CONTENT_TYPE_COLUMNS,
        }
    }
}

/// A verified batch on its way into the journal.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// When it had arrived, Unix milliseconds of the collector.
    pub received_unix_ms: i64,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its name.
    pub batch_hash: [u8; 32],
    /// How its body is written.
    pub content_type: ContentType,
    /// Its body as sent.
    pub body: Bytes,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// Number of entries.
    pub entries: usize,
    /// Exchanges of time that it brings.
    pub exchanges: Vec<TimeExchange>,
    /// First and last boot time of what was measured, milliseconds.
    pub measured_boottime_ms: Option<(u64, u64)>,
    /// Number of samples, summaries spelt out.
    pub samples: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is in the journal, on disk.
    Kept {
        /// Its position, from 1.
        position: u64,
        /// When it was first received, Unix milliseconds.
        accepted_unix_ms: i64,
        /// Whether it was there before.
        duplicate: bool,
        /// Whether its predecessor is there.
        chain: Chain,
        /// Whether its time is known.
        mapped: bool,
    },
    /// Another body is there under the same identity; nothing of the batch was kept.
    Conflict {
        /// First sequence number concerned.
        sequence: u64,
        /// Position of the batch that holds the entry which was kept.
        first_position: u64,
    },
    /// Its range overlaps those of more batches than are compared; nothing of it was kept.
    Entangled,
    /// It was measured in the future; nothing of it was kept.
    FutureDated {
        /// Latest corrected time in it, Unix milliseconds.
        latest_unix_ms: i64,
    },
    /// Another boot of the same agent measured the same interval: two machines hold one key.
    /// Nothing of it was kept.
    Cloned {
        /// The other boot.
        other: BootId,
    },
}

/// A batch as the journal holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournaledBatch {
    /// Position, from 1.
    pub position: u64,
    /// When it was received, Unix milliseconds.
    pub received_unix_ms: i64,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its name.
    pub batch_hash: [u8; 32],
    /// How its body is written.
    pub content_type: ContentType,
    /// Its body as sent.
    pub body: Bytes,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// Its time map; `None` while it waits for an exchange.
    pub time_map: Option<TimeMap>,
    /// Position at which it became usable.
    pub mapped_at: Option<u64>,
}

/// Two bodies under one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRecord {
    /// When the second one was received, Unix milliseconds.
    pub received_unix_ms: i64,
    /// The agent.
    pub agent: AgentId,
    /// The boot.
    pub boot: BootId,
    /// The sequence number.
    pub sequence: u64,
    /// Position of the batch with the first body, the one that was kept.
    pub first_position: u64,
    /// Name of the batch with the second body.
    pub batch_hash: [u8; 32],
}

/// Batches whose time is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Number of batches.
    pub batches: u64,
    /// Number of samples in them.
    pub samples: u64,
}

/// The journal's tables and the log's.
fn schema() -> String {
    format!("{SCHEMA}{}{SCHEMA_OF_4}", log::SCHEMA)
}

type Reply = oneshot::Sender<Result<Appended, StoreError>>;
type Queue = Receiver<(NewBatch, Reply)>;

/// The journal's file, open.
#[derive(Debug)]
pub struct Journal {
    queue: Option<SyncSender<(NewBatch, Reply)>>,
    writer: Option<JoinHandle<()>>,
    committed: Arc<Committed>,
    reader: Mutex<Connection>,
    entries_of: EntriesOf,
}

impl Journal {
    /// Opens `path`, making it as needed, and starts the writer. A file of version 1 is brought up.
    pub fn open(path: &Path, entries_of: EntriesOf) -> Result<Self, StoreError> {
        let failed = StoreError::database("open journal");
        sound::check_file(path, Remedy::Backup)?;
        let open = || database::open(path, "FULL").map_err(&failed);
        let journal = Self::with((open()?, open()?), entries_of, Mark::open(path)?)?;
        let small = std::fs::metadata(path).is_ok_and(|file| file.len() <= AT_START_BYTES_MAX);
        if small {
            journal.check(|_| ()).map_err(|error| StoreError::Broken {
                file: path.to_owned(),
                reason: error.to_string(),
                remedy: Remedy::Backup,
            })?;
        }
        Ok(journal)
    }

    /// One connection writes, the other reads.
    fn with(
        (mut connection, reader): (Connection, Connection),
        entries_of: EntriesOf,
        mark: Mark,
    ) -> Result<Self, StoreError> {
        former::bring_up(&mut connection)?;
        migrate(&mut connection, &schema(), SCHEMA_VERSION)?;
        leaves::complete(&mut connection)?;
        let last = read::last_position(&connection)?;
        mark.compare(last, &connection)?;
        let committed = Arc::new(Committed::default());
        committed.raise(last);
        let (sender, queue) = sync_channel(QUEUE);
        let shared = Arc::clone(&committed);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::write((connection, entries_of), &queue, (&shared, &mark)))
            .map_err(|error| StoreError::damaged("writer thread", error))?;
        Ok(Self {
            queue: Some(sender),
            writer: Some(writer),
            committed,
            reader: Mutex::new(reader),
            entries_of,
        })
    }

    /// Hands a batch to the writer. The answer comes after the commit: what it says is on disk.
    pub fn append(
        &self,
        batch: NewBatch,
    ) -> Result<oneshot::Receiver<Result<Appended, StoreError>>, StoreError> {
        let operation = "append to journal";
        let (reply, answer) = oneshot::channel();
        let queue = self
            .queue
            .as_ref()
            .ok_or(StoreError::Stopped { operation })?;
        match queue.try_send((batch, reply)) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(StoreError::Busy { operation }),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Stopped { operation }),
        }
    }

    /// Position of the last batch on disk; 0 when there is none.
    #[must_use]
    pub fn last_position(&self) -> u64 {
        *self.committed.lock()
    }

    /// Waits, at most `patience`, until something lies behind `position`; returns the last position.
    #[must_use]
    pub fn wait_beyond(&self, position: u64, patience: Duration) -> u64 {
        let last = self.committed.lock();
        let (last, _) = self
            .committed
            .grown
            .wait_timeout_while(last, patience, |last| *last <= position)
            .unwrap_or_else(PoisonError::into_inner);
        *last
    }

    /// Wakes whoever waits, e.g. to stop.
    pub fn wake(&self) {
        self.committed.grown.notify_all();
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    /// Waits for the writer: what was handed over before is written.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("journal writer panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(sequence: u64, bytes: usize) -> NewBatch {
        let envelope = Envelope {
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            sequence_first: sequence,
            sequence_last: sequence,
            previous: [0; 32],
            signature: [0; 64],
        };
        let body = Bytes::from(vec![b'x'; bytes]);
        NewBatch {
            received_unix_ms: 1_000,
            batch_hash: envelope.batch_hash(&body),
            envelope,
            content_type: ContentType::Json,
            body,
            peer: None,
            entries: 1,
            exchanges: vec![],
            measured_boottime_ms: None,
            samples: 1,
        }
    }

    const NO_ENTRIES: EntriesOf = |_, _| Some(vec![]);

    fn append(journal: &Journal, batch: NewBatch) -> Result<Appended, StoreError> {
        journal.append(batch).unwrap().blocking_recv().unwrap()
    }

    #[test]
    fn a_full_disk_refuses_keeps_nothing_of_it_and_goes_on_when_there_is_space() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let writer = database::open(&path, "FULL").unwrap();
        // As on a disk of 100 pages: SQLite answers "database or disk is full" either way.
        writer.pragma_update(None, "max_page_count", 100).unwrap();
        let reader = || database::open(&path, "FULL").unwrap();
        let mark = Mark::open(&path).unwrap();
        let journal = Journal::with((writer, reader()), NO_ENTRIES, mark).unwrap();
        append(&journal, batch(1, 1_000)).unwrap();
        let refused = append(&journal, batch(2, 1_000_000)).unwrap_err();
        assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
        assert_eq!(journal.last_position(), 1);
        assert_eq!(journal.batch(2).unwrap(), None);
        let batches: i64 = reader()
            .query_row("SELECT count(*) FROM batch", [], |row| row.get(0))
            .unwrap();
        assert_eq!(batches, 1, "nothing is half written");
        let Appended::Kept { position, .. } = append(&journal, batch(3, 1_000)).unwrap() else {
            panic!("a small batch still fits")
        };
        assert_eq!(position, 2);
        drop(journal);
        let journal = Journal::open(&path, NO_ENTRIES).unwrap();
        assert_eq!(journal.last_position(), 2);
        append(&journal, batch(2, 1_000_000)).unwrap();
        let waiting = journal.waiting().unwrap();
        assert_eq!((waiting.batches, waiting.samples), (3, 3));
    }

    #[test]
    fn a_file_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        drop(Journal::open(&path, NO_ENTRIES).unwrap());
        let connection = database::open(&path, "FULL").unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let refused = Journal::open(&path, NO_ENTRIES).unwrap_err().to_string();
        assert!(refused.contains("version 99"), "{refused}");
    }
}
