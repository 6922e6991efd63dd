//! Segments: append-only files of records. See [the spool](super) for the bytes.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::files::{FileError, PRIVATE, at, sync_folder};

/// Bytes before the payload: length (4), CRC-32 (4), sequence (8).
const HEAD_BYTES: usize = 16;
/// Largest payload of a record: a recording interval with every target of a schedule takes a tenth.
pub(super) const RECORD_BYTES_MAX: usize = 128 * 1024;
/// Largest step of the sequence within a segment that is believed when the scan looks for the next
/// good record behind a damaged one.
const SEQUENCE_STEP_MAX: u64 = 1_000_000;

/// One record as found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRecord {
    pub(super) sequence: u64,
    pub(super) payload: Vec<u8>,
}

/// What a scan found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) records: Vec<RawRecord>,
    /// Records that were damaged or torn, at least one per damaged stretch.
    pub(super) lost: u64,
}

/// The bytes of a record.
pub(super) fn frame(sequence: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&checksum(sequence, payload).to_le_bytes());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn checksum(sequence: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&sequence.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// Reads every good record. Damage costs the records it touches and no other: behind it, the scan
/// looks for the next offset at which a whole record with a later sequence checks out.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let mut found = Scan::default();
    let mut offset = 0;
    let mut last = None;
    while offset < bytes.len() {
        let rest = bytes.get(offset..).unwrap_or_default();
        if let Some((record, length)) = record_at(rest, last) {
            last = Some(record.sequence);
            found.records.push(record);
            offset += length;
            continue;
        }
        let next = (1..rest.len())
            .find_map(|skip| Some((skip, record_at(rest.get(skip..)?, last)?.0.sequence)));
        let Some((skip, sequence)) = next else {
            found.lost += 1;
            break;
        };
        found.lost += last.map_or(1, |l: u64| (sequence - l).saturating_sub(1).max(1));
        offset += skip;
    }
    found
}

/// A whole, undamaged record at the start of `bytes`, and its length with its head.
fn record_at(bytes: &[u8], last: Option<u64>) -> Option<(RawRecord, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let sequence = u64::from_le_bytes(*sequence);
    let in_order = last.is_none_or(|l| sequence > l && sequence - l <= SEQUENCE_STEP_MAX);
    if length > RECORD_BYTES_MAX || !in_order {
        return None;
    }
    let payload = rest.get(..length)?;
    if checksum(sequence, payload) != u32::from_le_bytes(*crc) {
        return None;
    }
    let payload = payload.to_vec();
    Some((RawRecord { sequence, payload }, HEAD_BYTES + length))
}

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Writer {
    /// Creates a segment; its name is durable when this returns.
    pub(super) fn create(path: PathBuf) -> Result<Self, FileError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(PRIVATE)
            .open(&path)
            .map_err(at("create segment", &path))?;
        if let Some(folder) = path.parent() {
            sync_folder(folder).map_err(at("sync folder", folder))?;
        }
        Ok(Self {
            file,
            path,
            bytes: 0,
        })
    }

    /// Appends one record; it is on the disk when this returns. After an error nothing of it is
    /// left in the file.
    pub(super) fn append(&mut self, sequence: u64, payload: &[u8]) -> Result<u64, FileError> {
        let bytes = frame(sequence, payload);
        let written = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Failing again changes nothing: the scan at the next start drops the torn record.
            let _ = self.file.set_len(self.bytes);
            return Err(at("append to segment", &self.path)(error));
        }
        self.bytes += bytes.len() as u64;
        Ok(self.bytes)
    }
}

/// Reads a segment.
pub(super) fn read(path: &Path) -> Result<Scan, FileError> {
    Ok(scan(
        &std::fs::read(path).map_err(at("read segment", path))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment() -> (Vec<u8>, Vec<RawRecord>) {
        let records: Vec<_> = (0..6_u64)
            .map(|i| RawRecord {
                sequence: 10 + i,
                payload: vec![u8::try_from(i).unwrap(); 20 + usize::try_from(i).unwrap()],
            })
            .collect();
        let bytes = records
            .iter()
            .flat_map(|r| frame(r.sequence, &r.payload))
            .collect();
        (bytes, records)
    }

    #[test]
    fn truncation_at_every_length_leaves_the_prefix() {
        let (bytes, records) = segment();
        for length in 0..=bytes.len() {
            let found = scan(&bytes[..length]);
            let mut whole = 0;
            let mut end = 0;
            while whole < records.len() && end + 16 + records[whole].payload.len() <= length {
                end += 16 + records[whole].payload.len();
                whole += 1;
            }
            assert_eq!(found.records, records[..whole], "length {length}");
            assert_eq!(found.lost, u64::from(end != length), "length {length}");
        }
    }

    #[test]
    fn a_flipped_bit_costs_its_own_record_only() {
        let (bytes, records) = segment();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let found = scan(&damaged);
                assert_eq!(
                    found.records.len(),
                    records.len() - 1,
                    "byte {at} bit {bit}"
                );
                assert!(
                    found.records.iter().all(|r| records.contains(r)),
                    "byte {at} bit {bit}"
                );
                assert_eq!(found.lost, 1, "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn a_failed_append_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment-1");
        let mut writer = Writer::create(path.clone()).unwrap();
        writer.append(1, b"one").unwrap();
        writer.file = File::open(&path).unwrap(); // read-only: the next write fails
        assert!(writer.append(2, b"two").is_err());
        assert_eq!(read(&path).unwrap().records.len(), 1);
    }
}
