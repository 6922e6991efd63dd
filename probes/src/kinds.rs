//! Kinds of measurement: what is to be done in, what happened out. One file each.

pub mod captive;
pub mod dns;
pub mod http;
pub mod icmp;
mod kernel;
pub mod names;
pub mod path;
pub mod reach;
pub mod tcp;
pub mod throughput;

use std::net::IpAddr;

use crate::report::{Detail, Outcome};

/// What one slot of one target gave, not yet tied to a report's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Boot time of the first packet.
    pub start_boottime_ms: u64,
    /// What happened to the last packet that failed, else `Ok`.
    pub outcome: Outcome,
    /// Packets or requests sent; a packet that no route would take counts as sent.
    pub sent: u16,
    /// Answers in time.
    pub received: u16,
    /// Figures over the answers; `None` without any.
    pub times: Option<Times>,
    /// The times are of the process, not of the kernel.
    pub coarse: bool,
    /// What only this kind has.
    pub detail: Option<Detail>,
    /// The address that was measured.
    pub address: Option<IpAddr>,
    /// ICMP errors that came back: type, code, how many.
    pub icmp_errors: Vec<(u8, u8, u16)>,
}

impl Measured {
    /// Nothing was sent, for this reason.
    #[must_use]
    pub fn nothing(start_boottime_ms: u64, outcome: Outcome) -> Self {
        Self {
            start_boottime_ms,
            outcome,
            sent: 0,
            received: 0,
            times: None,
            coarse: false,
            detail: None,
            address: None,
            icmp_errors: vec![],
        }
    }
}

/// Response times of one slot, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Shortest.
    pub min: u32,
    /// Median, nearest rank.
    pub median: u32,
    /// Longest.
    pub max: u32,
    /// Mean absolute difference of successive times; needs two.
    pub mean_successive_difference: Option<u32>,
}

impl Times {
    /// Figures over response times in the order of sending; `None` without any.
    #[must_use]
    pub fn of(rtts_us: &[u32]) -> Option<Self> {
        let mut sorted = rtts_us.to_vec();
        sorted.sort_unstable();
        let differences: u64 = rtts_us
            .iter()
            .zip(rtts_us.iter().skip(1))
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        let count = (rtts_us.len() as u64).saturating_sub(1);
        Some(Self {
            min: *sorted.first()?,
            median: *sorted.get(sorted.len().div_ceil(2) - 1)?,
            max: *sorted.last()?,
            mean_successive_difference: differences
                .checked_div(count)
                .and_then(|mean| u32::try_from(mean).ok()),
        })
    }
}

/// Microseconds, as far as the report can hold them (71 minutes).
pub(crate) fn micros(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// What an error of a socket means.
pub(crate) fn outcome_of(error: &std::io::Error) -> Outcome {
    use std::io::ErrorKind as K;
    match error.kind() {
        // The last two: `ip route add prohibit` and `blackhole`, the machine's own table says no.
        K::NetworkUnreachable
        | K::NetworkDown
        | K::AddrNotAvailable
        | K::PermissionDenied
        | K::InvalidInput => Outcome::NoRoute,
        K::HostUnreachable => Outcome::Unreachable,
        K::ConnectionRefused => Outcome::Refused,
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
            Outcome::Reset
        }
        K::TimedOut => Outcome::Timeout,
        _ => Outcome::NotSent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_nearest_rank_and_in_order_of_sending() {
        let times = Times::of(&[10, 40, 20, 30]).unwrap();
        assert_eq!((times.min, times.median, times.max), (10, 20, 40));
        assert_eq!(times.mean_successive_difference, Some(20));
        let one = Times::of(&[7]).unwrap();
        assert_eq!((one.median, one.mean_successive_difference), (7, None));
        assert_eq!(Times::of(&[]), None);
    }
}
