//! What the domain reasons about: one measurement of one target, in corrected time.

use serde::{Deserialize, Serialize};

/// The registry's name of a target; opaque here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetId(pub String);

/// Identity of a line as the registry knows it: the keyed hash of its gateway, or its interface
/// when no gateway is known. Opaque here; two samples with the same key came over the same line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineKey(pub String);

/// Number of a [`LineKey`] in its site's list of lines: what an observation carries, so that an
/// observation stays small and `Copy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineNumber(pub u32);

/// What one measurement said. Closed list; [`Outcome::code`] is its stable number for stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// At least one answer, and it was the one expected.
    Ok,
    /// Sent, and nothing came back in time.
    Timeout,
    /// ICMP "network unreachable" came back (RFC 792 type 3 code 0, RFC 4443 type 1 code 0).
    UnreachableNetwork,
    /// ICMP "host unreachable" or "address unreachable" came back.
    UnreachableHost,
    /// ICMP "port unreachable" came back.
    UnreachablePort,
    /// ICMP "administratively prohibited" came back.
    UnreachableProhibited,
    /// ICMP "time exceeded" came back (type 11, or 3 for IPv6).
    TimeExceeded,
    /// The measuring host itself has no route to the target: nothing can have passed.
    NoRoute,
    /// The connection was refused or reset by the target.
    Refused,
    /// The name does not exist (NXDOMAIN).
    DnsNxDomain,
    /// The name exists without an address of the family asked for (NODATA).
    DnsNoData,
    /// The resolver failed (SERVFAIL).
    DnsServFail,
    /// The resolver refused to answer (REFUSED).
    DnsRefused,
    /// The resolver did not answer in time.
    DnsTimeout,
    /// The answer was truncated and no full one was had.
    DnsTruncated,
    /// The TLS handshake failed.
    TlsFailed,
    /// The server answered with a status that was not expected.
    HttpStatus(u16),
    /// The answer was not HTTP.
    HttpMalformed,
    /// Somebody else answered in the target's place.
    CaptivePortal,
    /// The agent could not send for a reason of its own: it has proven nothing.
    NotSent,
}

/// Codes from here on are `HttpStatus`: the code less this number is the status.
const HTTP_STATUS_BASE: u16 = 1_000;

/// Outcomes without a number of their own, in the order of their codes. Never reorder: stored.
const CODED: [Outcome; 19] = [
    Outcome::Ok,
    Outcome::Timeout,
    Outcome::UnreachableNetwork,
    Outcome::UnreachableHost,
    Outcome::UnreachablePort,
    Outcome::UnreachableProhibited,
    Outcome::TimeExceeded,
    Outcome::NoRoute,
    Outcome::Refused,
    Outcome::DnsNxDomain,
    Outcome::DnsNoData,
    Outcome::DnsServFail,
    Outcome::DnsRefused,
    Outcome::DnsTimeout,
    Outcome::DnsTruncated,
    Outcome::TlsFailed,
    Outcome::HttpMalformed,
    Outcome::CaptivePortal,
    Outcome::NotSent,
];

impl Outcome {
    /// The stable number of this outcome; an HTTP status is 1000 + the status.
    #[must_use]
    pub fn code(self) -> u16 {
        if let Self::HttpStatus(status) = self {
            return HTTP_STATUS_BASE.saturating_add(status);
        }
        let position = CODED.iter().position(|one| *one == self).unwrap_or(0);
        u16::try_from(position).unwrap_or(0)
    }

    /// The outcome of a number made by [`Outcome::code`]; `None` when no outcome has it.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        match code.checked_sub(HTTP_STATUS_BASE) {
            Some(status) => Some(Self::HttpStatus(status)),
            None => CODED.get(usize::from(code)).copied(),
        }
    }
}

/// One measurement of one target, its time already corrected.
///
/// A lost packet has no round-trip time: when `received` is 0, every `rtt_…` is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Corrected start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Half-width of what is known of the start: the truth lies in `start ± uncertainty`.
    pub uncertainty_ms: u32,
    /// Sequence number given by the agent within its boot.
    pub sequence: u64,
    /// Packets (or requests) sent.
    pub sent: u16,
    /// Answers received.
    pub received: u16,
    /// Smallest round trip, microseconds.
    pub rtt_us_min: Option<u32>,
    /// Median round trip, microseconds.
    pub rtt_us_median: Option<u32>,
    /// Largest round trip, microseconds.
    pub rtt_us_max: Option<u32>,
    /// Mean absolute difference of successive round trips, microseconds (RFC 3550's idea, without
    /// its smoothing).
    pub rtt_us_mean_successive_difference: Option<u32>,
    /// The round trips are not trusted to the usual precision, or the host lagged.
    pub coarse: bool,
    /// Line it was measured over, when known.
    pub line: Option<LineNumber>,
    /// What it said.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_number_and_comes_back() {
        for (position, outcome) in CODED.iter().enumerate() {
            assert_eq!(usize::from(outcome.code()), position);
            assert_eq!(Outcome::from_code(outcome.code()), Some(*outcome));
        }
        assert_eq!(Outcome::HttpStatus(503).code(), 1_503);
        assert_eq!(Outcome::from_code(1_503), Some(Outcome::HttpStatus(503)));
        assert_eq!(Outcome::from_code(19), None);
    }
}
