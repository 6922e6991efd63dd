//! What travels beside a report: identities, the signed envelope, receipts, enrolment, the
//! schedule, time statements and the heartbeat.
//!
//! Every signature is Ed25519 (RFC 8032) over a byte string that starts with its own domain label
//! and a zero byte, so that a signature made for one purpose never serves another. Integers in
//! signed bytes are big-endian. Version 1 of this contract is [`VERSION`].

pub mod enrol;
pub mod envelope;
pub mod heartbeat;
pub mod id;
pub mod receipt;
pub mod schedule;

/// Version of the wire contract. A collector refuses versions that it does not know (422).
pub const VERSION: u16 = 1;

/// Most bytes of one batch body as sent (before decompression).
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Most bytes of one batch body after decompression: bounds what a hostile body can make us hold.
pub const DECODED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Content type of a report in JSON.
pub const CONTENT_TYPE_JSON: &str = "application/json";

/// Content type of a report as columns, postcard and zstd.
pub const CONTENT_TYPE_COLUMNS: &str = "application/vnd.desserte.report";

/// A text field did not hold what the contract asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A hexadecimal field has the wrong length or a character outside 0–9 a–f.
    #[error("{field}: expected {bytes} bytes in lower-case hexadecimal")]
    Hexadecimal {
        /// Name of the field or header.
        field: &'static str,
        /// Bytes expected.
        bytes: usize,
    },
    /// An identifier is not in the 8-4-4-4-12 hexadecimal form of RFC 9562.
    #[error("{field}: expected an identifier such as 0190f3c2-…-…-…-… (RFC 9562 text form)")]
    Identifier {
        /// Name of the field or header.
        field: &'static str,
    },
    /// A sequence range is not `first-last` with first ≤ last.
    #[error("sequence range: expected FIRST-LAST with FIRST not above LAST")]
    SequenceRange,
    /// An enrolment code cannot be read.
    #[error("enrolment code: {0}")]
    Code(&'static str),
    /// A heartbeat datagram has the wrong length, mark or version.
    #[error("heartbeat: {0}")]
    Heartbeat(&'static str),
    /// The signature does not match the key and the bytes.
    #[error("signature does not match")]
    Signature,
}

/// Reads `N` bytes of lower- or upper-case hexadecimal.
pub fn parse_hex<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], WireError> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(WireError::Hexadecimal { field, bytes: N })
}

/// Writes bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// SHA-256 (FIPS 180-4) of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// Checks an Ed25519 signature strictly (RFC 8032 §5.1.7, small-order keys refused).
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), WireError> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| WireError::Signature)?;
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
        .map_err(|_| WireError::Signature)
}
