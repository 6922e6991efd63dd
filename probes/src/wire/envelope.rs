//! The envelope of a batch: five HTTP headers around the body exactly as sent.
//!
//! | header | content |
//! |---|---|
//! | `Desserte-Agent` | agent identifier |
//! | `Desserte-Boot` | boot identifier of all entries of the batch |
//! | `Desserte-Sequence` | `FIRST-LAST`, decimal, both inclusive |
//! | `Desserte-Previous` | batch hash of the batch sealed before this one, 64 hexadecimal digits; all zero for an agent's first |
//! | `Desserte-Signature` | Ed25519 signature, 128 hexadecimal digits |
//!
//! Signed bytes, 130 in all:
//! `"desserte-batch-v1"` ‖ `00` ‖ agent (16) ‖ boot (16) ‖ first (8) ‖ last (8) ‖ previous (32) ‖
//! SHA-256(body as sent) (32). The **batch hash** is SHA-256 of the signed bytes; it names the
//! batch in receipts and in the chain.

use ed25519_dalek::{Signer as _, SigningKey};

use super::{
    WireError, hex,
    id::{AgentId, BootId},
    parse_hex, sha256, verify,
};

/// Header names, in the order of the table above.
pub const HEADERS: [&str; 5] = [
    "desserte-agent",
    "desserte-boot",
    "desserte-sequence",
    "desserte-previous",
    "desserte-signature",
];

const LABEL: &[u8] = b"desserte-batch-v1\0";

/// Everything of a batch but its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who measured.
    pub agent: AgentId,
    /// The boot in which every entry of the batch was measured.
    pub boot: BootId,
    /// First sequence number of the batch's entries.
    pub sequence_first: u64,
    /// Last sequence number, not below the first.
    pub sequence_last: u64,
    /// Batch hash of the predecessor in the order of sealing.
    pub previous: [u8; 32],
    /// Ed25519 signature over [`Envelope::signed_bytes`].
    pub signature: [u8; 64],
}

impl Envelope {
    /// Signs a body; `signature` of the result is filled in.
    #[must_use]
    pub fn seal(
        key: &SigningKey,
        (agent, boot): (AgentId, BootId),
        (sequence_first, sequence_last): (u64, u64),
        previous: [u8; 32],
        body: &[u8],
    ) -> Self {
        let mut envelope = Self {
            agent,
            boot,
            sequence_first,
            sequence_last,
            previous,
            signature: [0; 64],
        };
        envelope.signature = key.sign(&envelope.signed_bytes(body)).to_bytes();
        envelope
    }

    /// The bytes that are signed, for the body exactly as sent.
    #[must_use]
    pub fn signed_bytes(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LABEL.len() + 112);
        bytes.extend_from_slice(LABEL);
        bytes.extend_from_slice(&self.agent.0);
        bytes.extend_from_slice(&self.boot.0);
        bytes.extend_from_slice(&self.sequence_first.to_be_bytes());
        bytes.extend_from_slice(&self.sequence_last.to_be_bytes());
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&sha256(body));
        bytes
    }

    /// The name of the batch: SHA-256 of the signed bytes.
    #[must_use]
    pub fn batch_hash(&self, body: &[u8]) -> [u8; 32] {
        sha256(&self.signed_bytes(body))
    }

    /// Checks the signature with the agent's public key.
    pub fn verify(&self, key: &[u8; 32], body: &[u8]) -> Result<(), WireError> {
        verify(key, &self.signed_bytes(body), &self.signature)
    }

    /// The header values, in the order of [`HEADERS`].
    #[must_use]
    pub fn header_values(&self) -> [String; 5] {
        [
            self.agent.to_string(),
            self.boot.to_string(),
            format!("{}-{}", self.sequence_first, self.sequence_last),
            hex(&self.previous),
            hex(&self.signature),
        ]
    }

    /// Reads header values, in the order of [`HEADERS`].
    pub fn from_header_values(values: [&str; 5]) -> Result<Self, WireError> {
        let [agent, boot, sequence, previous, signature] = values;
        let (first, last) = sequence.split_once('-').ok_or(WireError::SequenceRange)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| WireError::SequenceRange);
        let (sequence_first, sequence_last) = (number(first)?, number(last)?);
        if sequence_first > sequence_last {
            return Err(WireError::SequenceRange);
        }
        Ok(Self {
            agent: agent.parse()?,
            boot: boot.parse()?,
            sequence_first,
            sequence_last,
            previous: parse_hex("Desserte-Previous", previous)?,
            signature: parse_hex("Desserte-Signature", signature)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_batch_verifies_and_any_change_breaks_it() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let sealed = Envelope::seal(
            &key,
            (AgentId([1; 16]), BootId([2; 16])),
            (3, 9),
            [4; 32],
            b"{}",
        );
        let values = sealed.header_values();
        let read = Envelope::from_header_values(values.each_ref().map(String::as_str)).unwrap();
        assert_eq!(read, sealed);
        read.verify(&public, b"{}").unwrap();
        assert_eq!(read.verify(&public, b"{ }"), Err(WireError::Signature));
        let moved = Envelope {
            sequence_last: 10,
            ..read
        };
        assert_eq!(moved.verify(&public, b"{}"), Err(WireError::Signature));
    }

    #[test]
    fn a_reversed_sequence_range_is_refused() {
        let zero = "0".repeat(64);
        let id = "00000000-0000-0000-0000-000000000000";
        let values = [id, id, "9-3", &zero, &"0".repeat(128)];
        assert_eq!(
            Envelope::from_header_values(values),
            Err(WireError::SequenceRange)
        );
    }
}
