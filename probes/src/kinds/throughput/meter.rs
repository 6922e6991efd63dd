//! A rate as it is measured, and whether it has settled.

use std::{collections::VecDeque, time::Duration};

/// Distance of two marks (ndt7: measurements each 250 ms).
const MARK_EVERY: Duration = Duration::from_millis(250);
/// Marks that are compared: two seconds.
const MARKS: usize = 9;
/// Nothing has settled before: TCP is still finding its window.
const SETTLED_FROM: Duration = Duration::from_secs(3);
/// Rates of the intervals between the marks may differ by so much of their mean, percent.
const SPREAD_PERCENT_MAX: u64 = 10;

/// Bytes over time.
#[derive(Debug, Default)]
pub(super) struct Meter {
    marks: VecDeque<(Duration, u64)>,
    last: Option<(Duration, u64)>,
}

impl Meter {
    /// So many bytes in all had passed after this time.
    pub(super) fn note(&mut self, at: Duration, bytes: u64) {
        self.last = Some((at, bytes));
        let due = self
            .marks
            .back()
            .is_none_or(|(mark, _)| at >= *mark + MARK_EVERY);
        if due {
            self.marks.push_back((at, bytes));
            if self.marks.len() > MARKS {
                self.marks.pop_front();
            }
        }
    }

    /// Bytes in all.
    pub(super) fn bytes(&self) -> u64 {
        self.last.map_or(0, |(_, bytes)| bytes)
    }

    /// Mean rate from the start; `None` before anything passed.
    pub(super) fn bits_per_second(&self) -> Option<u64> {
        let (at, bytes) = self.last.filter(|(_, bytes)| *bytes > 0)?;
        rate(at, bytes)
    }

    /// The rates of the last two seconds lie within a tenth of each other.
    pub(super) fn settled(&self) -> bool {
        let late = self.last.is_some_and(|(at, _)| at >= SETTLED_FROM);
        if !late || self.marks.len() < MARKS {
            return false;
        }
        let rates: Vec<u64> = self
            .marks
            .iter()
            .zip(self.marks.iter().skip(1))
            .filter_map(|(from, to)| rate(to.0.saturating_sub(from.0), to.1.saturating_sub(from.1)))
            .collect();
        let (Some(least), Some(most)) = (rates.iter().min(), rates.iter().max()) else {
            return false;
        };
        let mean = rates.iter().sum::<u64>() / rates.len() as u64;
        mean > 0 && (most - least).saturating_mul(100) <= mean.saturating_mul(SPREAD_PERCENT_MAX)
    }
}

fn rate(time: Duration, bytes: u64) -> Option<u64> {
    let micros = time.as_micros();
    let rate = (u128::from(bytes) * 8_000_000).checked_div(micros)?;
    u64::try_from(rate).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metered(bytes_at: impl Fn(u64) -> u64) -> Meter {
        let mut meter = Meter::default();
        for step in 1..=20 {
            meter.note(Duration::from_millis(step * 250), bytes_at(step));
        }
        meter
    }

    #[test]
    fn a_steady_rate_has_settled_and_a_growing_or_ragged_one_has_not() {
        let steady = metered(|step| step * 10_000);
        assert!(steady.settled());
        assert_eq!(steady.bits_per_second(), Some(320_000));
        assert!(!metered(|step| step * step * 10_000).settled());
        assert!(!metered(|step| step * 10_000 + (step % 2) * 4_000).settled());
        assert!(!metered(|_| 0).settled(), "nothing passes");
        assert_eq!(metered(|_| 0).bits_per_second(), None);
    }

    #[test]
    fn nothing_has_settled_in_the_first_seconds() {
        let mut meter = Meter::default();
        for step in 1..=11 {
            meter.note(Duration::from_millis(step * 250), step * 10_000);
        }
        assert!(!meter.settled());
        meter.note(Duration::from_secs(3), 120_000);
        assert!(meter.settled());
    }
}
