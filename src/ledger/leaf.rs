//! What the log's leaves say. The bytes are described in `docs/bundle.md`; integers are big-endian, and
//! every leaf starts with its own label and a zero byte, so that one kind never passes for another.

use desserte_probe::{clock::TimeMap, wire::sha256};

use super::tree::Hash;

const BATCH_LABEL: &[u8] = b"desserte-leaf-batch-v1\0";
const TIME_LABEL: &[u8] = b"desserte-leaf-time-v1\0";
const RECORD_LABEL: &[u8] = b"desserte-leaf-record-v1\0";

/// What kind of thing a leaf stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// An accepted batch, by its position in the journal.
    Batch,
    /// The time of a batch that had been accepted without, by the batch's position.
    Time,
    /// A record of the registry, by its position there.
    Record,
}

impl LeafKind {
    /// Its number in the file.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Batch => 1,
            Self::Time => 2,
            Self::Record => 3,
        }
    }
}

/// An accepted batch, as its leaf says it.
#[derive(Debug, Clone, Copy)]
pub struct BatchLeaf<'a> {
    /// Its position in the journal.
    pub position: u64,
    /// When it was accepted, Unix milliseconds.
    pub accepted_unix_ms: i64,
    /// Its name.
    pub batch_hash: &'a Hash,
    /// Its predecessor had been accepted by then, or it is its agent's first.
    pub linked: bool,
    /// Its time, frozen; `None` where it was not known yet.
    pub time: Option<&'a FrozenTime>,
}

/// A time map as far as figures rest on it, and the hash of the exchanges that it was fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrozenTime {
    /// Boot time of the reference, milliseconds.
    pub reference_boottime_ms: u64,
    /// Unix time less boot time there.
    pub offset_unix_ms: i64,
    /// Parts per million.
    pub drift_ppm: i64,
    /// Parts per million.
    pub drift_uncertainty_ppm: i64,
    /// Milliseconds.
    pub uncertainty_ms: u64,
    /// SHA-256 over the exchanges, four integers of eight bytes each.
    pub exchanges_sha256: Hash,
}

impl FrozenTime {
    /// What is frozen of a map.
    #[must_use]
    pub fn of(map: &TimeMap) -> Self {
        let mut bytes = Vec::with_capacity(map.exchanges.len() * 32);
        for one in &map.exchanges {
            bytes.extend_from_slice(&one.sent_boottime_ms.to_be_bytes());
            bytes.extend_from_slice(&one.received_boottime_ms.to_be_bytes());
            bytes.extend_from_slice(&one.collector_received_unix_ms.to_be_bytes());
            bytes.extend_from_slice(&one.collector_sent_unix_ms.to_be_bytes());
        }
        Self {
            reference_boottime_ms: map.reference_boottime_ms,
            offset_unix_ms: map.offset_unix_ms,
            drift_ppm: map.drift_ppm,
            drift_uncertainty_ppm: map.drift_uncertainty_ppm,
            uncertainty_ms: map.uncertainty_ms,
            exchanges_sha256: sha256(&bytes),
        }
    }

    /// The map, without the exchanges, which correct nothing.
    #[must_use]
    pub fn map(&self) -> TimeMap {
        TimeMap {
            exchanges: Vec::new(),
            reference_boottime_ms: self.reference_boottime_ms,
            offset_unix_ms: self.offset_unix_ms,
            drift_ppm: self.drift_ppm,
            drift_uncertainty_ppm: self.drift_uncertainty_ppm,
            uncertainty_ms: self.uncertainty_ms,
        }
    }

    fn push_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.reference_boottime_ms.to_be_bytes());
        bytes.extend_from_slice(&self.offset_unix_ms.to_be_bytes());
        bytes.extend_from_slice(&self.drift_ppm.to_be_bytes());
        bytes.extend_from_slice(&self.drift_uncertainty_ppm.to_be_bytes());
        bytes.extend_from_slice(&self.uncertainty_ms.to_be_bytes());
        bytes.extend_from_slice(&self.exchanges_sha256);
    }
}

/// Label ‖ position (8) ‖ accepted (8, signed) ‖ batch hash (32) ‖ linked (1) ‖ time known (1) ‖ time (72).
#[must_use]
pub fn batch(leaf: &BatchLeaf<'_>) -> Vec<u8> {
    let mut bytes = BATCH_LABEL.to_vec();
    bytes.extend_from_slice(&leaf.position.to_be_bytes());
    bytes.extend_from_slice(&leaf.accepted_unix_ms.to_be_bytes());
    bytes.extend_from_slice(leaf.batch_hash);
    bytes.push(u8::from(leaf.linked));
    bytes.push(u8::from(leaf.time.is_some()));
    if let Some(time) = leaf.time {
        time.push_to(&mut bytes);
    }
    bytes
}

/// Label ‖ position of the batch (8) ‖ position of the batch that brought the time (8) ‖ batch hash (32) ‖
/// time (72).
#[must_use]
pub fn time(position: u64, brought_by: u64, batch_hash: &Hash, time: &FrozenTime) -> Vec<u8> {
    let mut bytes = TIME_LABEL.to_vec();
    bytes.extend_from_slice(&position.to_be_bytes());
    bytes.extend_from_slice(&brought_by.to_be_bytes());
    bytes.extend_from_slice(batch_hash);
    time.push_to(&mut bytes);
    bytes
}

/// Label ‖ the record as it is stored (JSON, UTF-8).
#[must_use]
pub fn record(content: &str) -> Vec<u8> {
    [RECORD_LABEL, content.as_bytes()].concat()
}
