//! Clocks. The only place that reads one.
//!
//! Wall time stamps a record and may step; boot time (`CLOCK_BOOTTIME`) runs through sleep and never
//! steps; monotonic time measures a length and stands still during sleep.

mod fit;

use std::{sync::Mutex, time::Duration};

pub use fit::{ClockFit, DRIFT_PPM_MAX, TimeMap};
use rustix::time::{ClockId, clock_gettime};

/// The clocks of a machine.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall time, Unix milliseconds. May be wrong and may step.
    fn unix_ms(&self) -> i64;
    /// Milliseconds since boot, sleep included.
    fn boottime_ms(&self) -> u64;
    /// A clock for lengths, from an arbitrary start, sleep not included.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the machine that this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_ms(&self) -> i64 {
        let now = clock_gettime(ClockId::Realtime);
        now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    fn boottime_ms(&self) -> u64 {
        let millis = read(ClockId::Boottime).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }

    fn monotonic(&self) -> Duration {
        read(ClockId::Monotonic)
    }
}

/// Wall time with nanoseconds, to compare with the kernel's receive stamps; never stored.
pub(crate) fn realtime_exact() -> Duration {
    read(ClockId::Realtime)
}

/// Monotonic time with nanoseconds.
pub(crate) fn monotonic_exact() -> Duration {
    read(ClockId::Monotonic)
}

/// A time before the start of a clock counts as its start.
fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// A clock that tests step by hand.
#[derive(Debug)]
pub struct ManualClock(Mutex<ManualTimes>);

#[derive(Debug, Clone, Copy)]
struct ManualTimes {
    unix_ms: i64,
    boottime_ms: u64,
    monotonic: Duration,
}

impl ManualClock {
    /// Starts at the given wall and boot time; monotonic time starts at boot time.
    #[must_use]
    pub fn new(unix_ms: i64, boottime_ms: u64) -> Self {
        Self(Mutex::new(ManualTimes {
            unix_ms,
            boottime_ms,
            monotonic: Duration::from_millis(boottime_ms),
        }))
    }

    /// All clocks run on.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.change(|times| {
            times.unix_ms = times.unix_ms.saturating_add_unsigned(millis);
            times.boottime_ms = times.boottime_ms.saturating_add(millis);
            times.monotonic = times.monotonic.saturating_add(by);
        });
    }

    /// The machine sleeps: monotonic time stands still.
    pub fn suspend(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.change(|times| {
            times.unix_ms = times.unix_ms.saturating_add_unsigned(millis);
            times.boottime_ms = times.boottime_ms.saturating_add(millis);
        });
    }

    /// Somebody sets the wall clock.
    pub fn set_unix_ms(&self, unix_ms: i64) {
        self.change(|times| times.unix_ms = unix_ms);
    }

    fn change(&self, change: impl FnOnce(&mut ManualTimes)) {
        change(
            &mut self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }

    fn times(&self) -> ManualTimes {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn unix_ms(&self) -> i64 {
        self.times().unix_ms
    }

    fn boottime_ms(&self) -> u64 {
        self.times().boottime_ms
    }

    fn monotonic(&self) -> Duration {
        self.times().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_and_wall_time_run() {
        let clock = SystemClock;
        let (wall, boot, mono) = (clock.unix_ms(), clock.boottime_ms(), clock.monotonic());
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.unix_ms() >= wall + 4);
        assert!(clock.boottime_ms() >= boot + 4);
        assert!(clock.monotonic() >= mono + Duration::from_millis(5));
        assert!(wall > 1_700_000_000_000);
    }

    #[test]
    fn sleep_stops_the_monotonic_clock_only() {
        let clock = ManualClock::new(1_000, 500);
        clock.suspend(Duration::from_secs(1));
        assert_eq!((clock.unix_ms(), clock.boottime_ms()), (2_000, 1_500));
        assert_eq!(clock.monotonic(), Duration::from_millis(500));
    }
}
