//! Sealed batches on disk: the bytes as sent, each in a file of its own.
//!
//! `batch-SEAL-FIRST-LAST` (decimal): `"DSB1"` ‖ CRC-32 of the rest (4, little-endian) ‖ length of
//! the head (4, little-endian) ‖ head (JSON: the envelope's header values, the content type and the
//! number of entries) ‖ body.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    files::{FileError, PRIVATE, at, write_whole},
    wire::envelope::Envelope,
};

const MARK: &[u8; 4] = b"DSB1";

/// A batch as it is sent, every time the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch {
    /// The five headers.
    pub envelope: Envelope,
    /// `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// Entries in it.
    pub entries: u64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    envelope: [String; 5],
    content_type: String,
    entries: u64,
}

impl SealedBatch {
    fn to_bytes(&self) -> Vec<u8> {
        let head = Head {
            envelope: self.envelope.header_values(),
            content_type: self.content_type.clone(),
            entries: self.entries,
        };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut rest = u32::try_from(head.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes()
            .to_vec();
        rest.extend_from_slice(&head);
        rest.extend_from_slice(&self.body);
        [
            MARK.as_slice(),
            &crc32fast::hash(&rest).to_le_bytes(),
            &rest,
        ]
        .concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MARK)?;
        let (crc, rest) = rest.split_first_chunk::<4>()?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (head, body) = rest.split_at_checked(length)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let values = head.envelope.each_ref().map(String::as_str);
        Some(Self {
            envelope: Envelope::from_header_values(values).ok()?,
            content_type: head.content_type,
            body: body.to_vec(),
            entries: head.entries,
        })
    }
}

/// A batch that waits on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Number of its sealing; higher is newer.
    pub seal: u64,
    /// First sequence.
    pub first: u64,
    /// Last sequence.
    pub last: u64,
    pub(super) hash: [u8; 32],
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) path: PathBuf,
}

/// Writes a batch; it is on the disk when this returns.
pub(super) fn write(folder: &Path, seal: u64, batch: &SealedBatch) -> Result<Waiting, FileError> {
    let (first, last) = (batch.envelope.sequence_first, batch.envelope.sequence_last);
    let path = folder.join(format!("batch-{seal:020}-{first}-{last}"));
    let bytes = batch.to_bytes();
    write_whole(&path, &bytes, PRIVATE)?;
    Ok(Waiting {
        seal,
        first,
        last,
        hash: batch.envelope.batch_hash(&batch.body),
        entries: batch.entries,
        bytes: bytes.len() as u64,
        path,
    })
}

/// Reads a batch; `None` when the file is damaged.
pub(super) fn read(path: &Path) -> Result<Option<SealedBatch>, FileError> {
    let bytes = std::fs::read(path).map_err(at("read batch", path))?;
    Ok(SealedBatch::from_bytes(&bytes))
}

/// What the name of a batch file says: seal, first, last.
pub(super) fn parse_name(name: &str) -> Option<(u64, u64, u64)> {
    let mut parts = name.strip_prefix("batch-")?.split('-').map(str::parse);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(seal)), Some(Ok(first)), Some(Ok(last)), None) => Some((seal, first, last)),
        _ => None,
    }
}
