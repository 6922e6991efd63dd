//! The heartbeat: one UDP datagram of 52 bytes, 80 bytes of IPv4 or 100 of IPv6.
//!
//! It says only that the agent lives. It is no sample, and it is never answered.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 2 | `"DB"` |
//! | 2 | 1 | version, 1 |
//! | 3 | 1 | flags: bit 0 = something fails now, bit 1 = on battery |
//! | 4 | 8 | first 8 bytes of the agent identifier |
//! | 12 | 8 | first 8 bytes of the boot identifier |
//! | 20 | 4 | counter, growing over the agent's life; a value not above the last one is a replay |
//! | 24 | 4 | uptime of the machine, seconds |
//! | 28 | 4 | entries in the spool |
//! | 32 | 4 | first 4 bytes of the keyed gateway hash, zero when there is none |
//! | 36 | 16 | first 16 bytes of HMAC-SHA-256 (RFC 2104) over bytes 0–35 with the heartbeat key |

use hmac::{Hmac, KeyInit as _, Mac as _};

use super::WireError;

/// Bytes of the datagram.
pub const DATAGRAM_BYTES: usize = 52;
const SIGNED_BYTES: usize = 36;
const MARK: &[u8; 2] = b"DB";

/// Content of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Bit 0: something fails now; bit 1: on battery.
    pub flags: u8,
    /// First 8 bytes of the agent identifier.
    pub agent_prefix: [u8; 8],
    /// First 8 bytes of the boot identifier.
    pub boot_prefix: [u8; 8],
    /// Grows over the agent's life.
    pub counter: u32,
    /// Uptime of the machine, seconds.
    pub uptime_seconds: u32,
    /// Entries in the spool.
    pub spool_entries: u32,
    /// First 4 bytes of the keyed gateway hash.
    pub gateway_prefix: [u8; 4],
}

impl Heartbeat {
    /// Writes and authenticates the datagram.
    #[must_use]
    pub fn encode(&self, key: &[u8; 32]) -> [u8; DATAGRAM_BYTES] {
        let mut bytes = Vec::with_capacity(DATAGRAM_BYTES);
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&[1, self.flags]);
        bytes.extend_from_slice(&self.agent_prefix);
        bytes.extend_from_slice(&self.boot_prefix);
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.extend_from_slice(&self.uptime_seconds.to_be_bytes());
        bytes.extend_from_slice(&self.spool_entries.to_be_bytes());
        bytes.extend_from_slice(&self.gateway_prefix);
        let code = keyed_hash(key, &bytes);
        let mut datagram = [0; DATAGRAM_BYTES];
        for (slot, byte) in datagram
            .iter_mut()
            .zip(bytes.iter().chain(code.iter().take(16)))
        {
            *slot = *byte;
        }
        datagram
    }

    /// Reads a datagram without checking its code: gives the agent whose key to check it with.
    pub fn decode(datagram: &[u8]) -> Result<Self, WireError> {
        if datagram.len() != DATAGRAM_BYTES {
            return Err(WireError::Heartbeat("wrong length"));
        }
        let mut rest = datagram;
        let mark: [u8; 2] = take(&mut rest)?;
        let [version, flags] = take(&mut rest)?;
        if &mark != MARK || version != 1 {
            return Err(WireError::Heartbeat("unknown mark or version"));
        }
        Ok(Self {
            flags,
            agent_prefix: take(&mut rest)?,
            boot_prefix: take(&mut rest)?,
            counter: u32::from_be_bytes(take(&mut rest)?),
            uptime_seconds: u32::from_be_bytes(take(&mut rest)?),
            spool_entries: u32::from_be_bytes(take(&mut rest)?),
            gateway_prefix: take(&mut rest)?,
        })
    }

    /// Checks the code of a datagram in constant time.
    pub fn verify(datagram: &[u8], key: &[u8; 32]) -> Result<(), WireError> {
        let (signed, code) = datagram
            .split_at_checked(SIGNED_BYTES)
            .ok_or(WireError::Heartbeat("wrong length"))?;
        let mut mac = new_mac(key);
        mac.update(signed);
        mac.verify_truncated_left(code)
            .map_err(|_| WireError::Signature)
    }
}

/// HMAC-SHA-256 with a 32-byte key; also the keyed hash of gateway addresses
/// (`"mac:aa:bb:cc:dd:ee:ff"` where the neighbour table knows it, else `"ip:192.0.2.1"`).
#[must_use]
pub fn keyed_hash(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut mac = new_mac(key);
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

fn new_mac(key: &[u8; 32]) -> Hmac<sha2::Sha256> {
    // RFC 2104 pads a short key with zeros to the block; doing it here keeps the length infallible.
    let mut block = [0; 64];
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    Hmac::new(&block.into())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WireError> {
    let (head, tail) = rest
        .split_first_chunk::<N>()
        .ok_or(WireError::Heartbeat("too short"))?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_round_trips_and_every_flipped_bit_is_noticed() {
        let key = [3; 32];
        let beat = Heartbeat {
            flags: 1,
            agent_prefix: [1; 8],
            boot_prefix: [2; 8],
            counter: 77,
            uptime_seconds: 3_600,
            spool_entries: 12,
            gateway_prefix: [9; 4],
        };
        let datagram = beat.encode(&key);
        assert_eq!(Heartbeat::decode(&datagram).unwrap(), beat);
        Heartbeat::verify(&datagram, &key).unwrap();
        for bit in 0..DATAGRAM_BYTES * 8 {
            let mut changed = datagram;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                Heartbeat::verify(&changed, &key),
                Err(WireError::Signature),
                "bit {bit}"
            );
        }
    }
}
