//! What an agreement asks of an agent, and what it costs the line.

use crate::decimal::Fraction;

/// Size of one echo request or reply without payload on the wire: IPv4 header 20 + ICMP header 8
/// (RFC 791, RFC 792), without the link's framing, which is not the contractor's volume.
pub const ECHO_PACKET_BYTES: u64 = 28;

/// Days of the month that a volume is given for.
const MONTH_DAYS: u64 = 30;

/// The least that an agent must send for an agreement's slots to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Targets of the test.
    pub targets: u32,
    /// Packets to each in a slot.
    pub packets_per_slot: u32,
    /// Packets below which a slot stays unknown.
    pub minimum_sent: u32,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
}

/// How often an agent's profile measures one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuringProfile {
    /// Packets of one measurement.
    pub packets_per_measurement: u32,
    /// Time from one measurement to the next, seconds, at least 1.
    pub interval_seconds: u32,
}

impl Schedule {
    /// Packets in a slot, over all targets.
    #[must_use]
    pub fn required_packets_per_slot(&self) -> u64 {
        u64::from(self.packets_per_slot) * u64::from(self.targets)
    }

    /// Bytes in 30 days, requests and replies of [`ECHO_PACKET_BYTES`]: 12 MB for 5 packets a
    /// minute to one target.
    #[must_use]
    pub fn monthly_volume_bytes(&self) -> u64 {
        let slots = MONTH_DAYS * 86_400 / u64::from(self.slot_seconds.max(1));
        slots * self.required_packets_per_slot() * 2 * ECHO_PACKET_BYTES
    }

    /// Share of the slots in which a profile sends at least `minimum_sent` packets to a target,
    /// exact for a steady interval: a slot holds ⌊slot/interval⌋ measurements, and one more in
    /// (slot mod interval)/interval of the slots. The agreement can be enrolled when it is 1.
    #[must_use]
    pub fn fillable_share(&self, profile: MeasuringProfile) -> Option<Fraction> {
        let interval = profile.interval_seconds.max(1);
        let enough = |measurements: u32| {
            let sent = u64::from(measurements) * u64::from(profile.packets_per_measurement);
            sent > 0 && sent >= u64::from(self.minimum_sent)
        };
        let always = self.slot_seconds / interval;
        let sometimes = self.slot_seconds % interval;
        let filled = match (enough(always), enough(always.saturating_add(1))) {
            (true, _) => interval,
            (false, true) => sometimes,
            (false, false) => 0,
        };
        Fraction::of(u64::from(filled), u64::from(interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(slot_seconds: u32) -> Schedule {
        Schedule {
            targets: 1,
            packets_per_slot: 5,
            minimum_sent: 3,
            slot_seconds,
        }
    }

    fn share(slot_seconds: u32, packets_per_measurement: u32, interval_seconds: u32) -> String {
        let profile = MeasuringProfile {
            packets_per_measurement,
            interval_seconds,
        };
        schedule(slot_seconds)
            .fillable_share(profile)
            .unwrap()
            .to_string()
    }

    #[test]
    fn five_packets_a_minute_are_twelve_megabytes_a_month() {
        assert_eq!(schedule(60).monthly_volume_bytes(), 12_096_000);
        let five = Schedule {
            targets: 5,
            ..schedule(60)
        };
        assert_eq!(five.required_packets_per_slot(), 25);
    }

    #[test]
    fn a_metered_profile_fills_a_fifth_of_the_minutes_and_all_long_slots() {
        assert_eq!(share(60, 5, 60), "60/60");
        assert_eq!(share(60, 5, 300), "60/300");
        assert_eq!(share(300, 5, 300), "300/300");
        assert_eq!(share(60, 2, 60), "0/60");
        assert_eq!(share(60, 2, 40), "20/40");
        assert_eq!(share(60, 1, 12), "12/12");
        assert_eq!(share(60, 0, 60), "0/60");
    }
}
