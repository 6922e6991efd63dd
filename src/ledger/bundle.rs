//! The file with which somebody else recomputes a statement. `docs/bundle.md` describes it so that
//! another program can read it:
//!
//! magic ‖ one zstd frame ‖ SHA-256 of everything before
//!
//! In the frame: length of the manifest (8 bytes, big-endian) ‖ manifest (JSON) ‖ the bodies of the batches
//! as they were sent, in the manifest's order, nothing behind them. It is read from front to back, one
//! body at a time: a bundle of thousands of sites needs no more memory than its manifest.

pub mod write;

use std::io::{self, Read, Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::leaf::FrozenTime;
use super::tree::Hash;
use desserte_probe::wire::{hex, parse_hex};

/// First bytes of the file.
pub const MAGIC: &[u8] = b"desserte-bundle-1\n";
/// The manifest's `format`.
pub const FORMAT: &str = "desserte-bundle-1";
/// Largest bundle, bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// Largest manifest, bytes: some half a million batches.
pub const MANIFEST_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Window of the frame, as a power of two: bounds what its reader must hold.
const WINDOW_LOG_MAX: u32 = 23;
/// Compression of the frame: most bodies are compressed already.
const LEVEL: i32 = 3;
/// SHA-256.
const HASH_BYTES: u64 = 32;

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read or written.
    #[error("bundle: {0}")]
    Io(#[from] io::Error),
    /// It is not one.
    #[error("bundle: {0}")]
    Form(&'static str),
    /// It was damaged or changed since it was made.
    #[error("bundle: its bytes are not those of which it carries the hash: damaged or changed")]
    Hash,
    /// The manifest cannot be read.
    #[error("bundle: manifest: {0}")]
    Manifest(#[from] serde_json::Error),
}

/// Everything of a bundle but the bodies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The collector's public key, hexadecimal.
    pub collector_key: String,
    /// The checkpoint that everything here is proved against.
    pub checkpoint: String,
    /// Checkpoints that were handed out before it, ascending, each with the proof that it goes on from
    /// there.
    pub earlier: Vec<Earlier>,
    /// The agreement's records from the first to the statement's own.
    pub records: Vec<Record>,
    /// The enrolment of each agent, with its key.
    pub enrolments: Vec<Record>,
    /// What the statement was made of (JSON, as it is hashed).
    pub inputs: String,
    /// The statement (JSON, as it is hashed).
    pub document: String,
    /// Batches by site, agent and order of sealing, as in the inputs.
    pub sites: Vec<Vec<Vec<Batch>>>,
}

/// A checkpoint from before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// Its signed text.
    pub note: String,
    /// Hashes of the proof of consistency, hexadecimal, one after another.
    pub consistency: String,
}

/// A record of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Number of its leaf.
    pub leaf: u64,
    /// Its content, as it is hashed.
    pub content: String,
    /// Hashes of the proof of inclusion, hexadecimal, one after another.
    pub proof: String,
}

/// A batch without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its position in the journal.
    pub position: u64,
    /// When it was accepted, Unix milliseconds.
    pub accepted_unix_ms: i64,
    /// The boot of its entries.
    pub boot: String,
    /// Sequence of its first entry.
    pub sequence_first: u64,
    /// Sequence of its last entry.
    pub sequence_last: u64,
    /// Name of the batch sealed before it, hexadecimal.
    pub previous: String,
    /// The agent's signature, hexadecimal.
    pub signature: String,
    /// How its body is written.
    pub content_type: String,
    /// Bytes of its body.
    pub bytes: u32,
    /// Its predecessor had been accepted by then, or it is its agent's first.
    pub linked: bool,
    /// Its time, frozen; `null` where it was never known.
    pub time: Option<Time>,
    /// Number of its leaf.
    pub leaf: u64,
    /// Hashes of the proof of inclusion, hexadecimal, one after another.
    pub proof: String,
    /// Where its time became known later: by which batch, and the proof of that leaf.
    pub time_later: Option<TimeLater>,
}

/// How the boot time of a batch becomes Unix time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Boot time of the reference, milliseconds.
    pub reference_boottime_ms: u64,
    /// Unix time less boot time there.
    pub offset_unix_ms: i64,
    /// Change of the offset, parts per million.
    pub drift_ppm: i64,
    /// How far that may be off.
    pub drift_uncertainty_ppm: i64,
    /// How far the offset may be off, milliseconds.
    pub uncertainty_ms: u64,
    /// SHA-256 of the exchanges that it was fitted to, hexadecimal.
    pub exchanges_sha256: String,
}

/// The leaf of a time that became known later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLater {
    /// Position of the batch that brought it.
    pub brought_by: u64,
    /// Number of the leaf.
    pub leaf: u64,
    /// Hashes of the proof of inclusion, hexadecimal, one after another.
    pub proof: String,
}

impl Time {
    /// What is frozen, as a bundle says it.
    #[must_use]
    pub fn of(frozen: &FrozenTime) -> Self {
        Self {
            reference_boottime_ms: frozen.reference_boottime_ms,
            offset_unix_ms: frozen.offset_unix_ms,
            drift_ppm: frozen.drift_ppm,
            drift_uncertainty_ppm: frozen.drift_uncertainty_ppm,
            uncertainty_ms: frozen.uncertainty_ms,
            exchanges_sha256: hex(&frozen.exchanges_sha256),
        }
    }

    /// What is frozen.
    pub fn frozen(&self) -> Result<FrozenTime, BundleError> {
        Ok(FrozenTime {
            reference_boottime_ms: self.reference_boottime_ms,
            offset_unix_ms: self.offset_unix_ms,
            drift_ppm: self.drift_ppm,
            drift_uncertainty_ppm: self.drift_uncertainty_ppm,
            uncertainty_ms: self.uncertainty_ms,
            exchanges_sha256: read_hash(&self.exchanges_sha256)?,
        })
    }
}

/// Reads a hash; only the lower-case form is one.
pub fn read_hash<const N: usize>(text: &str) -> Result<[u8; N], BundleError> {
    let form = BundleError::Form("manifest: a value is not in lower-case hexadecimal");
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(form);
    }
    parse_hex("value", text).map_err(|_| form)
}

/// Reads the hashes of a proof.
pub fn read_proof(text: &str) -> Result<Vec<Hash>, BundleError> {
    let form = || BundleError::Form("manifest: a proof is not made of hashes of 32 bytes");
    if !text.is_ascii() || !text.len().is_multiple_of(64) || text.len() > 64 * 64 {
        return Err(form());
    }
    text.as_bytes()
        .chunks(64)
        .map(|part| read_hash(std::str::from_utf8(part).map_err(|_| form())?))
        .collect()
}

/// Writes the hashes of a proof.
#[must_use]
pub fn write_proof(hashes: &[Hash]) -> String {
    hex(&hashes.concat())
}

/// Passes bytes on and hashes them.
struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a bundle; `body_of` is asked for each body in the manifest's order.
pub fn write<E: From<BundleError>>(
    out: impl Write,
    manifest: &Manifest,
    mut body_of: impl FnMut(&Batch) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let io = |error: io::Error| E::from(BundleError::Io(error));
    let text = serde_json::to_vec(manifest).map_err(BundleError::from)?;
    let mut out = Hashing {
        out,
        hash: Sha256::new(),
    };
    out.write_all(MAGIC).map_err(io)?;
    let mut frame = zstd::stream::write::Encoder::new(out, LEVEL).map_err(io)?;
    frame.window_log(WINDOW_LOG_MAX).map_err(io)?;
    let length = text.len() as u64;
    frame.write_all(&length.to_be_bytes()).map_err(io)?;
    frame.write_all(&text).map_err(io)?;
    for batch in manifest.sites.iter().flatten().flatten() {
        frame.write_all(&body_of(batch)?).map_err(io)?;
    }
    let Hashing { mut out, hash } = frame.finish().map_err(io)?;
    out.write_all(&hash.finalize()).map_err(io)?;
    out.flush().map_err(io)
}

/// A bundle that is being read: the manifest, then the bodies one by one.
pub struct Reader<'a> {
    /// Everything but the bodies.
    pub manifest: Manifest,
    frame: zstd::stream::read::Decoder<'a, io::BufReader<io::Take<Box<dyn Read + 'a>>>>,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader(…)")
    }
}

impl<'a> Reader<'a> {
    /// Checks the hash of the whole file, then reads the manifest.
    pub fn open<R: Read + Seek + 'a>(mut file: R) -> Result<Self, BundleError> {
        let length = file.seek(SeekFrom::End(0))?;
        let least = MAGIC.len() as u64 + HASH_BYTES;
        if length < least {
            return Err(BundleError::Form("too short to be one"));
        }
        if length > FILE_BYTES_MAX {
            return Err(BundleError::Form("larger than 16 GiB"));
        }
        file.seek(SeekFrom::Start(0))?;
        let mut magic = vec![0; MAGIC.len()];
        file.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(BundleError::Form(
                "does not begin with \"desserte-bundle-1\": no bundle, or of a later version",
            ));
        }
        check_hash(&mut file, length - HASH_BYTES)?;
        file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        let packed: Box<dyn Read + 'a> = Box::new(file);
        let packed = io::BufReader::new(packed.take(length - least));
        let mut frame = zstd::stream::read::Decoder::with_buffer(packed)?.single_frame();
        frame.window_log_max(WINDOW_LOG_MAX)?;
        let mut bytes = [0; 8];
        frame.read_exact(&mut bytes)?;
        let length = u64::from_be_bytes(bytes);
        if length > MANIFEST_BYTES_MAX {
            return Err(BundleError::Form("the manifest is larger than 1 GiB"));
        }
        let mut text = Vec::new();
        (&mut frame).take(length).read_to_end(&mut text)?;
        if text.len() as u64 != length {
            return Err(BundleError::Form("the manifest is cut off"));
        }
        let manifest: Manifest = serde_json::from_slice(&text)?;
        if manifest.format != FORMAT {
            return Err(BundleError::Form("manifest: format: not known here"));
        }
        Ok(Self { manifest, frame })
    }

    /// The next body.
    pub fn body(&mut self, bytes: u32) -> Result<Vec<u8>, BundleError> {
        if bytes as usize > desserte_probe::wire::BODY_BYTES_MAX {
            return Err(BundleError::Form("a body is larger than 1 MiB"));
        }
        let mut body = Vec::new();
        (&mut self.frame)
            .take(u64::from(bytes))
            .read_to_end(&mut body)?;
        if body.len() != bytes as usize {
            return Err(BundleError::Form("the bodies are cut off"));
        }
        Ok(body)
    }

    /// Checks that nothing is left.
    pub fn end(mut self) -> Result<(), BundleError> {
        let mut one = [0; 1];
        if self.frame.read(&mut one)? != 0 {
            return Err(BundleError::Form("something follows the last body"));
        }
        if self.frame.finish().read(&mut one)? != 0 {
            return Err(BundleError::Form("something follows the frame"));
        }
        Ok(())
    }
}

fn check_hash(file: &mut (impl Read + Seek), length: u64) -> Result<(), BundleError> {
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut rest = file.take(length);
    loop {
        let read = rest.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    let mut stated = [0; 32];
    rest.into_inner().read_exact(&mut stated)?;
    if hash.finalize().as_slice() == stated {
        Ok(())
    } else {
        Err(BundleError::Hash)
    }
}
