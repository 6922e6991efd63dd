//! Enrolment: a one-time code becomes an agent with a key of its own.
//!
//! The code is `base32(secret (16) ‖ SHA-256(collector's Ed25519 public key) (32))` in the alphabet
//! of RFC 4648 without padding, 77 characters, in groups of seven joined by hyphens. Letter case, spaces and
//! hyphens are ignored when it is read. The secret is worth one enrolment at one site for 24 hours;
//! the collector keeps only its SHA-256. The second half lets the agent recognise the collector:
//! the certificate of its TLS listener carries that same Ed25519 key.

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::{WireError, hex, id::AgentId, parse_hex, schedule::Schedule, sha256, verify};

const LABEL: &[u8] = b"desserte-enrol-v1\0";
const GROUP: usize = 7;

/// A one-time enrolment code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// Worth one enrolment; never logged.
    pub secret: [u8; 16],
    /// SHA-256 of the collector's Ed25519 public key.
    pub collector_key_sha256: [u8; 32],
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Code {
    /// The text a person copies.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes = [self.secret.as_slice(), &self.collector_key_sha256].concat();
        let text = data_encoding::BASE32_NOPAD.encode(&bytes);
        let mut grouped = String::with_capacity(text.len() + text.len() / GROUP);
        for (index, letter) in text.chars().enumerate() {
            if index > 0 && index % GROUP == 0 {
                grouped.push('-');
            }
            grouped.push(letter);
        }
        grouped
    }

    /// Reads what a person typed.
    pub fn from_text(text: &str) -> Result<Self, WireError> {
        let letters: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let bytes = data_encoding::BASE32_NOPAD
            .decode(letters.as_bytes())
            .map_err(|_| WireError::Code("a character or the length is wrong; copy it whole"))?;
        let (secret, pin) = bytes
            .split_first_chunk::<16>()
            .ok_or(WireError::Code("too short; copy it whole"))?;
        let collector_key_sha256 = pin
            .try_into()
            .map_err(|_| WireError::Code("wrong length; copy it whole"))?;
        Ok(Self {
            secret: *secret,
            collector_key_sha256,
        })
    }
}

/// Body of `POST /api/v1/agents/enrol`.
///
/// `proof` signs `"desserte-enrol-v1"` ‖ `00` ‖ SHA-256(secret) (32) ‖ public key (32) with the new
/// key, so that nobody enrols a key that is not his.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// Version of the wire contract.
    pub version: u16,
    /// The code's secret, 32 hexadecimal digits.
    pub secret: String,
    /// The agent's new Ed25519 public key, 64 hexadecimal digits.
    pub public_key: String,
    /// Name and version of the agent's software, at most 64 bytes.
    pub software: String,
    /// Ed25519 signature, 128 hexadecimal digits.
    pub proof: String,
}

impl EnrolRequest {
    /// Makes the request for a key made on this machine.
    #[must_use]
    pub fn new(key: &SigningKey, secret: &[u8; 16], software: &str) -> Self {
        let public_key = key.verifying_key().to_bytes();
        let proof = key
            .sign(&Self::signed_bytes(secret, &public_key))
            .to_bytes();
        Self {
            version: super::VERSION,
            secret: hex(secret),
            public_key: hex(&public_key),
            software: software.to_owned(),
            proof: hex(&proof),
        }
    }

    /// Checks the proof; returns the secret and the public key.
    pub fn verify(&self) -> Result<([u8; 16], [u8; 32]), WireError> {
        let secret = parse_hex("secret", &self.secret)?;
        let public_key = parse_hex("public_key", &self.public_key)?;
        let proof = parse_hex("proof", &self.proof)?;
        verify(
            &public_key,
            &Self::signed_bytes(&secret, &public_key),
            &proof,
        )?;
        Ok((secret, public_key))
    }

    fn signed_bytes(secret: &[u8; 16], public_key: &[u8; 32]) -> Vec<u8> {
        [LABEL, &sha256(secret), public_key].concat()
    }
}

/// Answer (201) to an enrolment. It holds secrets and is kept in a file that only the agent reads.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Version of the wire contract.
    pub version: u16,
    /// The agent's new name.
    pub agent: AgentId,
    /// The site that the code was made for.
    pub site: String,
    /// Its name, for the technician's eyes; `null` when the site has none.
    pub site_name: Option<String>,
    /// The collector's Ed25519 public key, 64 hexadecimal digits. Its SHA-256 must be the code's.
    pub collector_key: String,
    /// Where heartbeats go: UDP port on the collector's host; `null` when it takes none.
    pub heartbeat_port: Option<u16>,
    /// Key of the heartbeat's code, 64 hexadecimal digits; one per agent.
    pub heartbeat_key: String,
    /// Key for hashing gateway addresses, 64 hexadecimal digits; one per collector, so that an
    /// agreement can name a gateway.
    pub line_key: String,
    /// What to measure at first.
    pub schedule: Schedule,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment")
            .field("agent", &self.agent)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_being_typed_in_lower_case_with_spaces() {
        let code = Code {
            secret: [0xa5; 16],
            collector_key_sha256: [0x3c; 32],
        };
        let typed = code.to_text().to_lowercase().replace('-', " ");
        assert_eq!(Code::from_text(&typed).unwrap(), code);
        assert!(Code::from_text(&typed[..20]).is_err());
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[test]
    fn the_proof_belongs_to_one_key_and_one_secret() {
        let request = EnrolRequest::new(&SigningKey::from_bytes(&[9; 32]), &[1; 16], "test/1");
        request.verify().unwrap();
        let other = EnrolRequest {
            secret: hex(&[2; 16]),
            ..request
        };
        assert_eq!(other.verify(), Err(WireError::Signature));
    }
}
