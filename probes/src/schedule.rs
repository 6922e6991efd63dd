//! When to measure: slots, the place of a target in its slot, and how long its packets may take.
//!
//! Slots start at multiples of their length since the Unix epoch, by the corrected time. Measuring
//! happens between 10/60 and 50/60 of a slot, so that an error of the time by a sixth of the slot
//! moves no sample into another. Agents and targets spread over that window by a hash of their names.
//! While the time is not known, slots follow boot time.

use std::time::Duration;

use crate::wire::{
    id::AgentId,
    schedule::{Measure, Target},
    sha256,
};

/// The window starts here, in sixtieths of a slot.
const WINDOW_FROM: u64 = 10;
/// The window ends here, in sixtieths of a slot.
const WINDOW_TO: u64 = 50;
/// Longest distance of two packets of a slot.
const GAP_MS_MAX: u64 = 1_000;
/// A timeout takes at most this share of a slot, percent.
const TIMEOUT_PERCENT_MAX: u64 = 80;

/// The place of a target in its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Length of a slot.
    pub slot: Duration,
    /// From the start of a slot to the first packet.
    pub offset: Duration,
    /// Distance of two packets.
    pub gap: Duration,
    /// For one packet or request.
    pub timeout: Duration,
}

impl Place {
    /// The place of a target of an agent; the same at every start.
    #[must_use]
    pub fn of(agent: AgentId, target: &Target) -> Self {
        let slot_ms = u64::from(target.slot_seconds.max(1)) * 1_000;
        let from = slot_ms * WINDOW_FROM / 60;
        let window = slot_ms * (WINDOW_TO - WINDOW_FROM) / 60;
        let (packets, wanted) = match &target.measure {
            Measure::Icmp {
                packets,
                timeout_ms,
                ..
            } => (u64::from((*packets).max(1)), *timeout_ms),
            Measure::Http { timeout_ms, .. }
            | Measure::Dns { timeout_ms, .. }
            | Measure::Tcp { timeout_ms, .. } => (1, *timeout_ms),
            Measure::Path {
                hops_max,
                timeout_ms,
                ..
            } => (u64::from((*hops_max).max(1)), *timeout_ms),
            // Both directions, one after the other.
            Measure::Throughput { seconds_max, .. } => (1, seconds_max.saturating_mul(2_000)),
        };
        // Several packets, each waited for, must all fit into the window.
        let longest = if packets > 1 {
            window / packets
        } else {
            slot_ms * TIMEOUT_PERCENT_MAX / 100
        };
        let timeout = u64::from(wanted).clamp(1, longest.max(1));
        let gap = GAP_MS_MAX.min(window / 2 / packets);
        let needed = (gap * (packets - 1) + timeout).max(timeout * packets);
        let room = window.saturating_sub(needed);
        let offset = from + hash(agent, &target.id) % (room + 1);
        Self {
            slot: Duration::from_millis(slot_ms),
            offset: Duration::from_millis(offset),
            gap: Duration::from_millis(gap),
            timeout: Duration::from_millis(timeout),
        }
    }

    /// From `now` (milliseconds since the epoch, or since boot while the time is not known) to the
    /// next start of a measurement in a slot after `last`; with the slot's number.
    #[must_use]
    pub fn next(&self, now_ms: i64, last: Option<i64>) -> (Duration, i64) {
        let slot = i64::try_from(self.slot.as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        let offset = i64::try_from(self.offset.as_millis()).unwrap_or(0);
        let current = now_ms.div_euclid(slot);
        let first = if current.saturating_mul(slot).saturating_add(offset) >= now_ms {
            current
        } else {
            current.saturating_add(1)
        };
        // A clock that was set back must not stop measuring for as long as it was set back.
        let number = match last {
            Some(last) if first <= last && last - first < 2 => last + 1,
            _ => first,
        };
        let start = number.saturating_mul(slot).saturating_add(offset);
        let wait = u64::try_from(start.saturating_sub(now_ms)).unwrap_or(0);
        (Duration::from_millis(wait), number)
    }
}

/// A number of a target of an agent, for places and phases; the same at every start.
pub(crate) fn hash(agent: AgentId, target: &str) -> u64 {
    let digest = sha256(&[agent.0.as_slice(), target.as_bytes()].concat());
    digest
        .first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(id: &str, slot_seconds: u32, packets: u16, timeout_ms: u32) -> Target {
        let host = "192.0.2.1".to_owned();
        let measure = Measure::Icmp {
            host,
            packets,
            payload_bytes: 0,
            timeout_ms,
        };
        Target {
            id: id.to_owned(),
            slot_seconds,
            measure,
        }
    }

    #[test]
    fn slots_follow_the_epoch_and_are_measured_once() {
        let place = Place::of(AgentId([1; 16]), &target("a", 60, 5, 2_000));
        let offset = i64::try_from(place.offset.as_millis()).unwrap();
        let (wait, slot) = place.next(1_200_000, None);
        assert_eq!((wait, slot), (place.offset, 20));
        assert_eq!(place.next(1_200_000 + offset, Some(20)).1, 21);
        assert_eq!(place.next(1_259_999, Some(20)).1, 21);
        assert_eq!(
            place.next(600_000, Some(20)).1,
            10,
            "set back by ten minutes"
        );
        assert_eq!(
            place.next(1_190_000, Some(20)).1,
            21,
            "set back by a little"
        );
    }

    proptest! {
        /// The whole of a measurement lies in the window, whatever is asked for.
        #[test]
        fn measuring_stays_within_the_window(
            agent in any::<[u8; 16]>(),
            slot in 1..3_600_u32,
            packets in 1..20_u16,
            timeout in 1..100_000_u32,
        ) {
            let place = Place::of(AgentId(agent), &target("anchor", slot, packets, timeout));
            let slot_ms = u64::from(slot) * 1_000;
            let first = u64::try_from(place.offset.as_millis()).unwrap();
            let timeout = u64::try_from(place.timeout.as_millis()).unwrap();
            let gap = u64::try_from(place.gap.as_millis()).unwrap();
            prop_assert!(first >= slot_ms * 10 / 60);
            if packets > 1 {
                let paced = first + gap * u64::from(packets - 1) + timeout;
                let lost = first + timeout * u64::from(packets);
                prop_assert!(paced.max(lost) <= slot_ms * 50 / 60 + 1, "{place:?}");
            }
            prop_assert!(timeout <= slot_ms * 80 / 100);
        }
    }
}
