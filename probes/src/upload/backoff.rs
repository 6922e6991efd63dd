//! When to try again: exponential, capped, then full jitter over the whole of it, so that ten thousand
//! agents that lost their collector together do not come back together.

use std::time::Duration;

/// Longest wait after the first failure.
const FIRST: Duration = Duration::from_secs(10);
/// Longest wait ever, before the collector's own wish.
const CAP: Duration = Duration::from_mins(15);
/// Longest wish (`Retry-After`) that is honoured.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// Counts failures in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// One more failure: how long to wait. `draw` lies in 0..1.
    pub(crate) fn next(&mut self, retry_after: Option<Duration>, draw: f64) -> Duration {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = (self.failures + 1).min(31);
        let jittered = doubled.min(CAP).mul_f64(draw.clamp(0.0, 1.0));
        match retry_after {
            // The wish is a lower bound; the jitter on top spreads those who got the same one.
            Some(wish) => wish.min(RETRY_AFTER_MAX) + jittered.min(FIRST),
            None => jittered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_jitter_covers_all_of_it() {
        let mut backoff = Backoff::default();
        let longest: Vec<u64> = (0..9).map(|_| backoff.next(None, 1.0).as_secs()).collect();
        assert_eq!(longest, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(backoff.next(None, 0.0), Duration::ZERO);
        assert_eq!(backoff.next(None, 0.5).as_secs(), 450);
        backoff.reset();
        assert_eq!(backoff.next(None, 1.0).as_secs(), 10);
        for _ in 0..100 {
            backoff.next(None, 1.0);
        }
    }

    #[test]
    fn the_collectors_wish_is_a_lower_bound_with_a_limit() {
        let mut backoff = Backoff::default();
        let wish = Some(Duration::from_mins(2));
        assert!((120..=130).contains(&backoff.next(wish, 0.7).as_secs()));
        let week = Some(Duration::from_hours(168));
        assert!(backoff.next(week, 1.0).as_secs() <= 3_610);
    }
}
