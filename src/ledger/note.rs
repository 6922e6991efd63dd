//! Checkpoints: size and root of the log, signed, as texts that are handed to outside parties.
//!
//! The form is that of signed notes and checkpoints of transparency logs (C2SP, `signed-note` and
//! `tlog-checkpoint`): origin, size, root in base64, an empty line, and one line a signature with the
//! first four bytes of the key's hash before the signature.

use data_encoding::BASE64;
use desserte_probe::wire::{hex, sha256, verify};
use ed25519_dalek::{Signer as _, SigningKey};

use super::tree::Hash;

/// Longest checkpoint, bytes.
pub const NOTE_BYTES_MAX: usize = 4_096;
/// Signature lines looked at; witnesses add theirs.
const SIGNATURES_MAX: usize = 16;
/// Ed25519, among the kinds of signature of a note.
const ED25519: u8 = 1;
/// What begins a line with a signature.
const DASH: &str = "\u{2014} ";

/// Size and root of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not written as one.
    #[error("checkpoint: {0}")]
    Form(&'static str),
    /// It is of another log.
    #[error("checkpoint: of the log {found}, not of {expected}")]
    Origin {
        /// The log that is asked about.
        expected: String,
        /// The one it names.
        found: String,
    },
    /// No signature of this key, or a wrong one.
    #[error("checkpoint: not signed by the collector's key")]
    Signature,
}

/// Name of the log of a collector.
#[must_use]
pub fn origin(collector_key: &[u8; 32]) -> String {
    let name = hex(&sha256(collector_key));
    format!("desserte-ledger/{}", name.get(..16).unwrap_or_default())
}

impl Checkpoint {
    /// Writes and signs it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let id = key_id(&self.origin, key.verifying_key().as_bytes());
        let signature = key.sign(text.as_bytes()).to_bytes();
        let signed = BASE64.encode(&[id.as_slice(), signature.as_slice()].concat());
        format!("{text}\n{DASH}{} {signed}\n", self.origin)
    }

    fn text(&self) -> String {
        let root = BASE64.encode(&self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Reads a checkpoint and checks that it is one of the log of this collector's key.
    pub fn open(note: &str, collector_key: &[u8; 32]) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Form("longer than 4,096 bytes"));
        }
        let (text, signatures) = note
            .split_once("\n\n")
            .ok_or(NoteError::Form("no empty line before the signatures"))?;
        let read = Self::read(text)?;
        let expected = origin(collector_key);
        if read.origin != expected {
            let found = read.origin;
            return Err(NoteError::Origin { expected, found });
        }
        let signed = format!("{text}\n");
        let id = key_id(&expected, collector_key);
        let mut lines = signatures.split_inclusive('\n').take(SIGNATURES_MAX);
        let good = lines.any(|line| {
            signature_of(line, &expected, id)
                .is_some_and(|one| verify(collector_key, signed.as_bytes(), &one).is_ok())
        });
        good.then_some(read).ok_or(NoteError::Signature)
    }

    fn read(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let mut next = |what| lines.next().ok_or(NoteError::Form(what));
        let (origin, size, root) = (next("no origin")?, next("no size")?, next("no root")?);
        let number: u64 = size
            .parse()
            .map_err(|_| NoteError::Form("size: not a number"))?;
        if number.to_string() != size {
            return Err(NoteError::Form("size: not written in the shortest way"));
        }
        let root: Hash = BASE64
            .decode(root.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NoteError::Form("root: not 32 bytes in base64"))?;
        if lines.next().is_some() {
            return Err(NoteError::Form("more than origin, size and root"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root,
        })
    }
}

/// First bytes of SHA-256(name ‖ newline ‖ kind ‖ key).
fn key_id(name: &str, key: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519], key].concat());
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

fn signature_of(line: &str, name: &str, id: [u8; 4]) -> Option<[u8; 64]> {
    let line = line.strip_suffix('\n')?.strip_prefix(DASH)?;
    let (signer, encoded) = line.split_once(' ')?;
    if signer != name {
        return None;
    }
    let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
    let signature = bytes.strip_prefix(&id)?;
    signature.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (SigningKey, Checkpoint, String) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let checkpoint = Checkpoint {
            origin: origin(key.verifying_key().as_bytes()),
            size: 6_626,
            root: [9; 32],
        };
        let note = checkpoint.sign(&key);
        (key, checkpoint, note)
    }

    #[test]
    fn a_checkpoint_is_a_signed_note() {
        let (key, checkpoint, note) = signed();
        let lines: Vec<&str> = note.split('\n').collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[1], "6626");
        assert_eq!(lines[2], BASE64.encode(&[9; 32]));
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("— desserte-ledger/"));
        let public = key.verifying_key().to_bytes();
        assert_eq!(Checkpoint::open(&note, &public).unwrap(), checkpoint);
        // Others may add their signatures.
        let witnessed = format!("{note}— witness.example+1 AAAA\n");
        assert_eq!(Checkpoint::open(&witnessed, &public).unwrap(), checkpoint);
    }

    #[test]
    fn any_other_text_key_or_signature_is_refused() {
        let (key, _, note) = signed();
        let public = key.verifying_key().to_bytes();
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(Checkpoint::open(&text, &public).is_err(), "byte {at}");
            }
        }
        assert!(Checkpoint::open("", &public).is_err());
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
        let refused = Checkpoint::open(&note, &other).unwrap_err();
        assert!(matches!(refused, NoteError::Origin { .. }), "{refused}");
        let unsigned = note.split_once("— ").unwrap().0;
        assert_eq!(
            Checkpoint::open(unsigned, &public),
            Err(NoteError::Signature)
        );
        let leading = note.replacen("6626", "06626", 1);
        assert!(Checkpoint::open(&leading, &public).is_err());
    }
}
