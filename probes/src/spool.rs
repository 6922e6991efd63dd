//! The spool: what was measured and is not yet receipted, safe against a power cut at any byte.
//!
//! # On disk
//!
//! `spool/segment-NUMBER` holds records one behind the other, all integers little-endian:
//!
//! | bytes | content |
//! |---|---|
//! | 4 | length of the payload |
//! | 4 | CRC-32 (IEEE) over sequence and payload |
//! | 8 | sequence |
//! | … | payload: a [`Draft`] in postcard |
//!
//! One record a recording interval, followed by `fdatasync`. A segment ends at 256 KiB; a start
//! always begins a new one, so that nothing is ever written behind a torn record. At a start every
//! segment is scanned; damage costs the records it touches, they are counted, and the segment is
//! written anew without them.
//!
//! `spool/batch-SEAL-FIRST-LAST` are sealed batches, the bytes as sent. Sealing turns
//! all records into batches, writes them, then the state, then removes the segments: at
//! every point a crash leaves each entry in one batch or in one segment, or in both, and then the
//! batch counts. `spool/state.a` and `state.b` hold the chain's head and the counters.
//! `spool/refused/` keeps batches that the collector refused for good.
//!
//! # Rules
//!
//! - A batch is sealed when a connection stands, once, in the order of sequence, and chained to the
//!   one sealed before. It is sent newest first, the same bytes each time, and freed only by a
//!   receipt whose signature was checked.
//! - A sequence is never used twice.
//! - Beyond the cap the oldest uneventful minutes become summaries. When that is not enough, new
//!   uneventful minutes are not taken, and counted; minutes in which something failed are taken until
//!   the reserve is used too. Sealed batches are never changed.

mod batch;
mod record;
mod recover;
mod room;
mod seal;
mod segment;
mod state;
mod thin;

use std::path::{Path, PathBuf};

pub use self::{
    batch::{SealedBatch, Waiting},
    record::Draft,
    seal::{Sealer, Sealing},
};
use self::{
    record::Record,
    state::{Found, State},
};
use crate::{
    files::{FileError, PRIVATE, at, sync_folder, write_whole},
    wire::{WireError, hex, receipt::Receipt},
};

/// How much a spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A segment ends when it reaches this.
    pub segment_bytes: u64,
    /// Beyond this, old minutes are thinned and uneventful ones refused.
    pub cap_bytes: u64,
    /// On top of the cap, for minutes in which something failed.
    pub reserve_bytes: u64,
    /// Batches refused for good are kept up to this; then the oldest goes.
    pub refused_bytes: u64,
}

impl Default for Limits {
    /// 256 KiB segments, 64 MiB (months of minutes of five targets), 4 MiB in reserve.
    fn default() -> Self {
        Self {
            segment_bytes: 256 * 1024,
            cap_bytes: 64 * 1024 * 1024,
            reserve_bytes: 4 * 1024 * 1024,
            refused_bytes: 8 * 1024 * 1024,
        }
    }
}

/// Why the spool could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file operation failed.
    #[error("spool: {0}")]
    File(#[from] FileError),
    /// Both copies of the state are damaged: the chain's head and the sequence are not known.
    #[error(
        "spool: state.a and state.b in {} are both damaged; enrol this agent again with a new data \
         folder", .0.display()
    )]
    StateLost(PathBuf),
    /// There is no room, even in the reserve.
    #[error("spool: full; entry counted as lost")]
    Full,
    /// A record could not be written as bytes.
    #[error("spool: record: {0}")]
    Record(#[from] postcard::Error),
    /// A record is larger than the limit.
    #[error("spool: record of {0} bytes is larger than a record may be")]
    RecordTooLarge(usize),
    /// A batch could not be encoded.
    #[error("spool: seal: {0}")]
    Seal(#[from] crate::report::ColumnsError),
    /// A receipt does not free anything.
    #[error("spool: receipt: {0}")]
    Receipt(#[from] WireError),
    /// A receipt names a batch that does not wait here.
    #[error("spool: receipt: no batch with the hash {0} waits here")]
    UnknownBatch(String),
}

/// Counters for the evidence and for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stats {
    /// Entries not yet receipted.
    pub entries: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Minutes thinned to summaries, ever.
    pub minutes_thinned: u64,
    /// Entries lost to damage or space, ever.
    pub entries_lost: u64,
    /// Batches refused for good, ever.
    pub batches_refused: u64,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    path: PathBuf,
    bytes: u64,
    entries: u64,
    last: u64,
    thinned: bool,
}

/// The spool of one agent. One process at a time.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limits: Limits,
    state: State,
    segments: Vec<Segment>,
    writer: Option<segment::Writer>,
    /// By seal, oldest first.
    batches: Vec<Waiting>,
    next_sequence: u64,
    next_segment: u64,
}

impl Spool {
    /// Opens, or creates, the spool in `data/spool`; repairs what a cut left behind.
    pub fn open(data: &Path, limits: Limits) -> Result<Self, SpoolError> {
        let folder = data.join("spool");
        let refused = folder.join("refused");
        std::fs::create_dir_all(&refused).map_err(at("create folder", &refused))?;
        let state = match State::load(&folder)? {
            Found::Good(state) => state,
            Found::Nothing if names(&folder)?.iter().all(|n| !is_data(n)) => State::default(),
            Found::Nothing | Found::Damaged => return Err(SpoolError::StateLost(folder)),
        };
        let mut spool = Self {
            folder,
            limits,
            state,
            segments: vec![],
            writer: None,
            batches: vec![],
            next_sequence: 0,
            next_segment: 0,
        };
        spool.recover_batches()?;
        spool.recover_segments()?;
        spool.state.save(&spool.folder)?;
        Ok(spool)
    }

    /// Appends an interval; it is durable when this returns. Returns its sequence.
    pub fn append(&mut self, draft: &Draft) -> Result<u64, SpoolError> {
        self.make_room()?;
        if !self.has_room_for(draft) {
            self.state.entries_lost += 1;
            return Err(SpoolError::Full);
        }
        self.write(draft).inspect_err(|_| {
            self.state.entries_lost += 1;
            self.writer = None;
        })
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            entries: self.segments.iter().map(|s| s.entries).sum::<u64>()
                + self.batches.iter().map(|b| b.entries).sum::<u64>(),
            bytes: self.bytes(),
            minutes_thinned: self.state.minutes_thinned,
            entries_lost: self.state.entries_lost,
            batches_refused: self.state.batches_refused,
        }
    }

    /// Whether entries wait to be sealed.
    #[must_use]
    pub fn has_unsealed(&self) -> bool {
        self.segments.iter().any(|s| s.entries > 0)
    }

    /// Batches that wait, the newest first: the order of sending.
    pub fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.batches.iter().rev()
    }

    /// The newest batch that waits, as sealed. A damaged one is counted and left out.
    pub fn newest(&mut self) -> Result<Option<SealedBatch>, SpoolError> {
        while let Some(waiting) = self.batches.last() {
            if let Some(batch) = batch::read(&waiting.path)? {
                return Ok(Some(batch));
            }
            self.state.entries_lost += waiting.entries;
            remove(&waiting.path)?;
            self.batches.pop();
            self.state.save(&self.folder)?;
        }
        Ok(None)
    }

    /// Frees a batch. Only a receipt signed by the enrolled collector does that.
    pub fn free(&mut self, receipt: &Receipt, collector_key: &[u8; 32]) -> Result<(), SpoolError> {
        receipt.verify(collector_key)?;
        let index = self.index_of(&receipt.batch_hash)?;
        let waiting = self.batches.remove(index);
        Ok(remove(&waiting.path)?)
    }

    /// Puts a batch aside that the collector refused for good, and counts it.
    pub fn refuse(&mut self, hash: &[u8; 32], reason: &str) -> Result<(), SpoolError> {
        let index = self.index_of(&hex(hash))?;
        let waiting = self.batches.remove(index);
        let refused = self.folder.join("refused");
        let name = waiting.path.file_name().unwrap_or_default();
        let target = refused.join(name);
        std::fs::rename(&waiting.path, &target).map_err(at("put batch aside", &waiting.path))?;
        write_whole(&target.with_extension("reason"), reason.as_bytes(), PRIVATE)?;
        self.state.batches_refused += 1;
        self.state.save(&self.folder)?;
        self.prune_refused(&refused)
    }

    fn index_of(&self, hash: &str) -> Result<usize, SpoolError> {
        self.batches
            .iter()
            .position(|b| hex(&b.hash) == hash)
            .ok_or_else(|| SpoolError::UnknownBatch(hash.to_owned()))
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.bytes).sum::<u64>()
            + self.batches.iter().map(|b| b.bytes).sum::<u64>()
    }

    fn write(&mut self, draft: &Draft) -> Result<u64, SpoolError> {
        let payload = postcard::to_stdvec(draft)?;
        if payload.len() > segment::RECORD_BYTES_MAX {
            return Err(SpoolError::RecordTooLarge(payload.len()));
        }
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.open_segment()?,
        };
        let sequence = self.next_sequence;
        let bytes = writer.append(sequence, &payload)?;
        self.next_sequence += 1;
        if let Some(open) = self.segments.last_mut() {
            open.bytes = bytes;
            open.entries += 1;
            open.last = sequence;
        }
        if bytes < self.limits.segment_bytes {
            self.writer = Some(writer);
        }
        Ok(sequence)
    }

    fn open_segment(&mut self) -> Result<segment::Writer, FileError> {
        let number = self.next_segment;
        let path = self.folder.join(format!("segment-{number:020}"));
        let writer = segment::Writer::create(path.clone())?;
        self.next_segment += 1;
        self.segments.push(Segment {
            number,
            path,
            bytes: 0,
            entries: 0,
            last: 0,
            thinned: false,
        });
        Ok(writer)
    }

    /// Removes segments whose entries are all in batches.
    fn drop_sealed_segments(&mut self) -> Result<(), SpoolError> {
        self.writer = None;
        let sealed = self.state.sealed_sequence;
        for segment in self.segments.extract_if(.., |s| s.last <= sealed) {
            remove(&segment.path)?;
        }
        Ok(())
    }
}

fn is_data(name: &str) -> bool {
    name.starts_with("segment-") || name.starts_with("batch-")
}

/// Good records of a segment and how many were lost.
fn records(path: &Path) -> Result<(Vec<Record>, u64), SpoolError> {
    let scan = segment::read(path)?;
    let mut lost = scan.lost;
    let mut good = Vec::with_capacity(scan.records.len());
    for raw in scan.records {
        match postcard::from_bytes(&raw.payload) {
            Ok(draft) => good.push(Record {
                sequence: raw.sequence,
                draft,
            }),
            Err(_) => lost += 1,
        }
    }
    Ok((good, lost))
}

/// Writes a segment anew; removes it when nothing is left. Returns its size.
fn rewrite(path: &Path, records: &[Record]) -> Result<u64, SpoolError> {
    if records.is_empty() {
        remove(path)?;
        return Ok(0);
    }
    let mut bytes = Vec::new();
    for record in records {
        let payload = postcard::to_stdvec(&record.draft)?;
        bytes.extend(segment::frame(record.sequence, &payload));
    }
    write_whole(path, &bytes, PRIVATE)?;
    Ok(bytes.len() as u64)
}

fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let entries = std::fs::read_dir(folder).map_err(at("list folder", folder))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(at("remove file", path)(error))
        }
        _ => {
            if let Some(folder) = path.parent() {
                sync_folder(folder).map_err(at("sync folder", folder))?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
