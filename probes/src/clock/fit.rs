//! From boot time to Unix time: a fit over the exchanges of one boot.
//!
//! Every exchange bounds the offset `Unix − boot time` to its middle ± half its round trip (RFC 5905
//! §8). Delay is mostly queueing and adds to one direction only, so the quarter with the lowest round
//! trip is used and the rest is left out. The best exchange of all is the reference. Drift is
//! estimated when the quarter spans an hour or more; away from the reference the uncertainty grows
//! with the drift that is not known. Integer arithmetic: the same exchanges give the same map
//! everywhere.
//!
//! A collector whose clock was stepped contradicts itself: exchanges that no drift reconciles with
//! the newest one are left out.

use serde::{Deserialize, Serialize};

use crate::report::TimeExchange;

/// Shortest span of the used exchanges from which drift is estimated, milliseconds.
const DRIFT_SPAN_MS_MIN: i128 = 3_600_000;
/// Largest drift that is believed, parts per million: ten times a poor quartz. It is also how much
/// a boot without an estimate may drift.
pub const DRIFT_PPM_MAX: i64 = 200;

/// How boot time maps to Unix time in one boot; frozen when a batch is accepted, and evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeMap {
    /// Exchanges used, by boot time.
    pub exchanges: Vec<TimeExchange>,
    /// Boot time at which `offset_unix_ms` holds.
    pub reference_boottime_ms: u64,
    /// Unix time − boot time at the reference, milliseconds.
    pub offset_unix_ms: i64,
    /// Change of the offset, parts per million of boot time; 0 when it could not be estimated.
    pub drift_ppm: i64,
    /// How far the true drift may lie from `drift_ppm`.
    pub drift_uncertainty_ppm: i64,
    /// Half the round trip of the reference, milliseconds, rounded up.
    pub uncertainty_ms: u64,
}

impl TimeMap {
    /// Unix time of a boot time, and how far it may be off, both in milliseconds.
    #[must_use]
    pub fn corrected_unix_ms(&self, boottime_ms: u64) -> (i64, u64) {
        let distance = i128::from(boottime_ms) - i128::from(self.reference_boottime_ms);
        let drift = distance * i128::from(self.drift_ppm) / 1_000_000;
        let unix = i128::from(boottime_ms) + i128::from(self.offset_unix_ms) + drift;
        let unknown =
            distance.unsigned_abs() * u128::from(self.drift_uncertainty_ppm.unsigned_abs());
        let uncertainty = u128::from(self.uncertainty_ms) + unknown.div_ceil(1_000_000);
        (clamp(unix), u64::try_from(uncertainty).unwrap_or(u64::MAX))
    }
}

impl TimeMap {
    /// How far a wall clock was ahead of corrected time at a boot time, milliseconds; below 0: behind.
    /// A wall clock is only a witness: it never corrects anything.
    #[must_use]
    pub fn wall_offset_ms(&self, boottime_ms: u64, wall_unix_ms: i64) -> i64 {
        let (corrected, _) = self.corrected_unix_ms(boottime_ms);
        wall_unix_ms.saturating_sub(corrected)
    }
}

/// Fits a [`TimeMap`] to exchanges.
#[derive(Debug, Clone, Default)]
pub struct ClockFit {
    exchanges: Vec<TimeExchange>,
}

impl ClockFit {
    /// Takes the exchanges of one boot, in any order. Those that cannot be are left out: an answer
    /// before its question, held longer than it was away, or contradicting the newest one.
    #[must_use]
    pub fn new(exchanges: &[TimeExchange]) -> Self {
        let mut exchanges: Vec<_> = exchanges
            .iter()
            .copied()
            .filter(|e| round_trip_ms(e) >= 0)
            .collect();
        if let Some(newest) = exchanges
            .iter()
            .copied()
            .max_by_key(|e| e.received_boottime_ms)
        {
            exchanges.retain(|e| agree(e, &newest));
        }
        exchanges.sort_by_key(|e| (round_trip_ms(e), e.sent_boottime_ms));
        exchanges.dedup();
        Self { exchanges }
    }

    /// The map; `None` without any exchange that can be.
    #[must_use]
    pub fn time_map(&self) -> Option<TimeMap> {
        let reference = self.exchanges.first()?;
        let quarter = self.exchanges.len().div_ceil(4);
        let mut used: Vec<_> = self.exchanges.iter().copied().take(quarter).collect();
        used.sort_by_key(|e| e.sent_boottime_ms);
        let (drift_ppm, drift_uncertainty_ppm) = drift(&used).unwrap_or((0, DRIFT_PPM_MAX));
        let offset = double_offset_ms(reference).div_euclid(2);
        Some(TimeMap {
            reference_boottime_ms: clamp_unsigned(double_middle_ms(reference).div_euclid(2)),
            offset_unix_ms: clamp(offset),
            drift_ppm,
            drift_uncertainty_ppm,
            uncertainty_ms: clamp_unsigned((round_trip_ms(reference) + 1).div_euclid(2)),
            exchanges: used,
        })
    }
}

/// Slope between the means of the earlier and the later half, with its bound.
fn drift(used: &[TimeExchange]) -> Option<(i64, i64)> {
    let half = used.len() / 2;
    let (early, late) = (used.get(..half)?, used.get(used.len() - half..)?);
    let count = i128::try_from(half).ok().filter(|n| *n > 0)?;
    let sum = |list: &[TimeExchange], of: fn(&TimeExchange) -> i128| -> i128 {
        list.iter().map(of).sum()
    };
    let span_doubled = sum(late, double_middle_ms) - sum(early, double_middle_ms);
    if span_doubled < 2 * count * DRIFT_SPAN_MS_MIN {
        return None;
    }
    let change = sum(late, double_offset_ms) - sum(early, double_offset_ms);
    let slope = change * 1_000_000 / span_doubled;
    if slope.abs() > i128::from(DRIFT_PPM_MAX) {
        return None;
    }
    let round_trips = sum(late, round_trip_ms) + sum(early, round_trip_ms);
    let bound = round_trips * 1_000_000 / span_doubled + 1;
    Some((clamp(slope), clamp(bound.min(i128::from(DRIFT_PPM_MAX)))))
}

/// Whether the offsets of two exchanges differ by no more than their round trips and the largest
/// drift between them allow.
fn agree(one: &TimeExchange, other: &TimeExchange) -> bool {
    let apart = (double_offset_ms(one) - double_offset_ms(other)).abs();
    let distance = (double_middle_ms(one) - double_middle_ms(other)).abs();
    let drift = distance * i128::from(DRIFT_PPM_MAX) / 1_000_000;
    // Everything is doubled; two milliseconds of rounding on either side.
    apart <= round_trip_ms(one) + round_trip_ms(other) + drift + 8
}

fn round_trip_ms(e: &TimeExchange) -> i128 {
    let away = i128::from(e.received_boottime_ms) - i128::from(e.sent_boottime_ms);
    let held = i128::from(e.collector_sent_unix_ms) - i128::from(e.collector_received_unix_ms);
    if away < 0 || held < 0 {
        -1
    } else {
        away - held
    }
}

/// Twice the offset, so that nothing is rounded before the end.
fn double_offset_ms(e: &TimeExchange) -> i128 {
    i128::from(e.collector_received_unix_ms) + i128::from(e.collector_sent_unix_ms)
        - double_middle_ms(e)
}

fn double_middle_ms(e: &TimeExchange) -> i128 {
    i128::from(e.sent_boottime_ms) + i128::from(e.received_boottime_ms)
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

fn clamp_unsigned(value: i128) -> u64 {
    u64::try_from(value).unwrap_or(if value < 0 { 0 } else { u64::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFSET: i64 = 1_780_000_000_000;

    fn exchange(boottime_ms: u64, out_ms: u64, back_ms: u64, offset: i64) -> TimeExchange {
        let arrival = i64::try_from(boottime_ms + out_ms).unwrap() + offset;
        TimeExchange {
            sent_boottime_ms: boottime_ms,
            received_boottime_ms: boottime_ms + out_ms + back_ms + 1,
            collector_received_unix_ms: arrival,
            collector_sent_unix_ms: arrival + 1,
        }
    }

    #[test]
    fn a_slow_answer_never_outweighs_a_quick_one() {
        let list = [
            exchange(1_000, 900, 10, OFFSET),
            exchange(5_000, 8, 8, OFFSET),
            exchange(9_000, 2, 700, OFFSET),
        ];
        let map = ClockFit::new(&list).time_map().unwrap();
        assert_eq!(map.exchanges, vec![list[1]]);
        assert_eq!((map.offset_unix_ms, map.uncertainty_ms), (OFFSET, 8));
        assert_eq!(map.corrected_unix_ms(5_000), (OFFSET + 5_000, 9));
    }

    #[test]
    fn uncertainty_grows_with_distance_until_drift_is_known() {
        let one = ClockFit::new(&[exchange(0, 5, 5, OFFSET)])
            .time_map()
            .unwrap();
        let day = 86_400_000;
        assert_eq!(one.corrected_unix_ms(day).1, 5 + 17_280);
        let list: Vec<_> = (0..32_u64)
            .map(|i| {
                let at = i * 1_800_000;
                let drifted = OFFSET + i64::try_from(at * 50 / 1_000_000).unwrap();
                exchange(at, 5, 5, drifted)
            })
            .collect();
        let known = ClockFit::new(&list).time_map().unwrap();
        assert!((49..=51).contains(&known.drift_ppm), "{known:?}");
        assert!(known.drift_uncertainty_ppm < 10, "{known:?}");
        let (unix, uncertainty) = known.corrected_unix_ms(day);
        let truth = OFFSET + i64::try_from(day + day * 50 / 1_000_000).unwrap();
        assert!(
            unix.abs_diff(truth) <= uncertainty,
            "{unix} {truth} {uncertainty}"
        );
    }

    #[test]
    fn impossible_exchanges_are_left_out() {
        let mut wrong = exchange(1_000, 5, 5, OFFSET);
        wrong.collector_sent_unix_ms += 60_000;
        assert_eq!(ClockFit::new(&[wrong]).time_map(), None);
        assert_eq!(ClockFit::new(&[]).time_map(), None);
    }

    #[test]
    fn a_step_of_the_collectors_clock_leaves_the_new_time_alone() {
        let stepped = OFFSET + 3_600_000;
        let before: Vec<_> = (0..6)
            .map(|i| exchange(i * 60_000, 1, 1, stepped))
            .collect();
        let after = exchange(600_000, 20, 20, OFFSET);
        let all = [before.as_slice(), &[after]].concat();
        let map = ClockFit::new(&all).time_map().unwrap();
        assert_eq!(map.exchanges, vec![after]);
        assert_eq!(map.offset_unix_ms, OFFSET);
    }

    proptest! {
        /// Whatever the delays, the truth lies within the stated uncertainty (no drift here).
        #[test]
        fn the_truth_lies_within_the_uncertainty(
            delays in proptest::collection::vec((0..5_000_u64, 0..5_000_u64), 1..40),
            at in 0..1_000_000_000_u64,
        ) {
            let list: Vec<_> = delays
                .iter()
                .zip(0_u64..)
                .map(|((out, back), i)| exchange(i * 600_000, *out, *back, OFFSET))
                .collect();
            let (unix, uncertainty) =
                ClockFit::new(&list).time_map().unwrap().corrected_unix_ms(at);
            let truth = OFFSET + i64::try_from(at).unwrap();
            prop_assert!(unix.abs_diff(truth) <= uncertainty + 1);
        }

        #[test]
        fn any_numbers_are_survived(numbers in any::<[(u64, u64, i64, i64); 8]>(), at in any::<u64>()) {
            let list = numbers.map(|(a, b, c, d)| TimeExchange {
                sent_boottime_ms: a,
                received_boottime_ms: b,
                collector_received_unix_ms: c,
                collector_sent_unix_ms: d,
            });
            if let Some(map) = ClockFit::new(&list).time_map() {
                let _ = map.corrected_unix_ms(at);
            }
        }
    }
}
