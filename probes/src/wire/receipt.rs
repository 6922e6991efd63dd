//! What the collector signs: receipts for batches, and time statements.
//!
//! A receipt is given only after the batch is durable in the journal. It is the sole reason for an
//! agent to free anything from its spool. It also carries the collector's own time observation of
//! this exchange, which the agent reports back in its next batch ([`crate::report::TimeExchange`]).

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::{WireError, hex, id::AgentId, parse_hex, verify};

const RECEIPT_LABEL: &[u8] = b"desserte-receipt-v1\0";
const TIME_LABEL: &[u8] = b"desserte-time-v1\0";

/// Answer (200) to `POST /api/v1/batches`.
///
/// Signed bytes: `"desserte-receipt-v1"` ‖ `00` ‖ agent (16) ‖ batch hash (32) ‖ journal position
/// (8) ‖ accepted (8, signed) ‖ received (8, signed) ‖ sent (8, signed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of the wire contract.
    pub version: u16,
    /// The agent whose batch was accepted.
    pub agent: AgentId,
    /// Batch hash, 64 hexadecimal digits.
    pub batch_hash: String,
    /// First sequence number covered.
    pub sequence_first: u64,
    /// Last sequence number covered.
    pub sequence_last: u64,
    /// Position of the batch in the collector's journal, from 1.
    pub journal_position: u64,
    /// Collector's time when the batch was first accepted, Unix milliseconds. For a batch that is
    /// sent again it stays what it was.
    pub accepted_unix_ms: i64,
    /// Collector's time when this request had arrived, Unix milliseconds.
    pub received_unix_ms: i64,
    /// Collector's time when this receipt was signed, Unix milliseconds.
    pub sent_unix_ms: i64,
    /// Whether the batch had been accepted before.
    pub duplicate: bool,
    /// Whether the predecessor in the agent's chain has been accepted.
    pub chain: Chain,
    /// Revision of the agent's schedule; fetch it when it differs from the one in use.
    pub schedule_revision: u64,
    /// The collector's Ed25519 public key, 64 hexadecimal digits.
    pub collector_key: String,
    /// Ed25519 signature, 128 hexadecimal digits.
    pub signature: String,
}

/// State of an agent's chain of batches at this batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// The predecessor is known (or the batch is the agent's first).
    Linked,
    /// The predecessor has not come yet: uploads run newest first.
    Open,
}

impl Receipt {
    /// Fills in key and signature.
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), WireError> {
        self.collector_key = hex(key.verifying_key().as_bytes());
        self.signature = hex(&key.sign(&self.signed_bytes()?).to_bytes());
        Ok(())
    }

    /// Checks the signature with the collector key learnt at enrolment, never with the receipt's.
    pub fn verify(&self, collector_key: &[u8; 32]) -> Result<(), WireError> {
        let signature = parse_hex("signature", &self.signature)?;
        verify(collector_key, &self.signed_bytes()?, &signature)
    }

    fn signed_bytes(&self) -> Result<Vec<u8>, WireError> {
        let mut bytes = RECEIPT_LABEL.to_vec();
        bytes.extend_from_slice(&self.agent.0);
        bytes.extend_from_slice(&parse_hex::<32>("batch_hash", &self.batch_hash)?);
        bytes.extend_from_slice(&self.journal_position.to_be_bytes());
        bytes.extend_from_slice(&self.accepted_unix_ms.to_be_bytes());
        bytes.extend_from_slice(&self.received_unix_ms.to_be_bytes());
        bytes.extend_from_slice(&self.sent_unix_ms.to_be_bytes());
        Ok(bytes)
    }
}

/// Answer (200) to `GET /api/v1/time?nonce=…`: how an agent learns the time before its first batch.
///
/// Signed bytes: `"desserte-time-v1"` ‖ `00` ‖ nonce (16) ‖ received (8, signed) ‖ sent (8, signed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeStatement {
    /// The caller's nonce, 32 hexadecimal digits.
    pub nonce: String,
    /// Collector's time when the request had arrived, Unix milliseconds.
    pub received_unix_ms: i64,
    /// Collector's time when the answer was signed, Unix milliseconds.
    pub sent_unix_ms: i64,
    /// Ed25519 signature, 128 hexadecimal digits.
    pub signature: String,
}

impl TimeStatement {
    /// States and signs the collector's time.
    #[must_use]
    pub fn sign(
        key: &SigningKey,
        nonce: &[u8; 16],
        received_unix_ms: i64,
        sent_unix_ms: i64,
    ) -> Self {
        let bytes = Self::signed_bytes(nonce, received_unix_ms, sent_unix_ms);
        let signature = hex(&key.sign(&bytes).to_bytes());
        Self {
            nonce: hex(nonce),
            received_unix_ms,
            sent_unix_ms,
            signature,
        }
    }

    /// Checks the signature, and that the statement answers this `nonce`.
    pub fn verify(&self, collector_key: &[u8; 32], nonce: &[u8; 16]) -> Result<(), WireError> {
        let bytes = Self::signed_bytes(nonce, self.received_unix_ms, self.sent_unix_ms);
        verify(
            collector_key,
            &bytes,
            &parse_hex("signature", &self.signature)?,
        )
    }

    fn signed_bytes(nonce: &[u8; 16], received_unix_ms: i64, sent_unix_ms: i64) -> Vec<u8> {
        let mut bytes = TIME_LABEL.to_vec();
        bytes.extend_from_slice(nonce);
        bytes.extend_from_slice(&received_unix_ms.to_be_bytes());
        bytes.extend_from_slice(&sent_unix_ms.to_be_bytes());
        bytes
    }
}
