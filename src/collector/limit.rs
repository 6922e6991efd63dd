//! So many at once, so many a second, for each key.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Keys remembered. When there are more, those that have rested longest are forgotten.
const KEYS_MAX: usize = 16_384;

/// A token bucket for each key.
#[derive(Debug)]
pub(crate) struct RateLimit<K>(Mutex<HashMap<K, Bucket>>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl<K> Default for RateLimit<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq + Copy> RateLimit<K> {
    /// Takes one token of `key`; `false` when there is none. `now` is a monotonic clock's.
    pub(crate) fn take(&self, key: K, (burst, per_second): (f64, f64), now: Duration) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEYS_MAX && !buckets.contains_key(&key) {
            let refilled = |bucket: &Bucket| {
                bucket.tokens + now.saturating_sub(bucket.at).as_secs_f64() * per_second
            };
            buckets.retain(|_, bucket| refilled(bucket) < burst);
            if buckets.len() >= KEYS_MAX {
                return false;
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            tokens: burst,
            at: now,
        });
        let rested = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + rested * per_second).min(burst);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate_and_nobody_else_pays() {
        let limit = RateLimit::default();
        let at = Duration::from_secs;
        let taken = (0..10)
            .filter(|_| limit.take(1, (3.0, 0.5), at(10)))
            .count();
        assert_eq!(taken, 3);
        assert!(limit.take(2, (3.0, 0.5), at(10)));
        assert!(!limit.take(1, (3.0, 0.5), at(11)));
        assert!(limit.take(1, (3.0, 0.5), at(12)));
    }
}
