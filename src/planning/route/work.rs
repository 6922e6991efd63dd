//! The limit of a search, counted in steps that are the same on every machine.

/// About how many steps one core makes in a second; `solve` scales its limit by it.
pub const WORK_PER_SECOND: u64 = 40_000_000;

/// Steps left, and a second opinion on whether to stop: a clock, which this package does not know.
pub struct Work<'a> {
    left: u64,
    used: u64,
    stop: &'a dyn Fn() -> bool,
    /// Steps until `stop` is asked again.
    ask: u64,
    stopped: bool,
}

/// Steps between two looks at the clock.
const ASK_EVERY: u64 = 100_000;

impl std::fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work")
            .field("left", &self.left)
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

impl<'a> Work<'a> {
    /// A limit of `steps`; `stop` may end the search before, which makes the answer depend on it.
    #[must_use]
    pub fn new(steps: u64, stop: &'a dyn Fn() -> bool) -> Self {
        Self {
            left: steps,
            used: 0,
            stop,
            ask: ASK_EVERY,
            stopped: false,
        }
    }

    /// Steps made so far.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Counts steps; false when the search is to end.
    pub fn spend(&mut self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.used = self.used.saturating_add(steps);
        self.left = self.left.saturating_sub(steps);
        self.ask = self.ask.saturating_sub(steps);
        if self.ask == 0 {
            self.ask = ASK_EVERY;
            self.stopped = self.stopped || (self.stop)();
        }
        self.goes_on()
    }

    /// Whether steps are left.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        self.left > 0 && !self.stopped
    }

    /// Steps left.
    pub(super) const fn left(&self) -> u64 {
        if self.stopped { 0 } else { self.left }
    }

    /// Runs a part of the search under at most `steps` of the steps left.
    pub(super) fn part<T>(&mut self, steps: u64, run: impl FnOnce(&mut Self) -> T) -> T {
        let kept = self.left.saturating_sub(steps);
        self.left -= kept;
        let answer = run(self);
        self.left += kept;
        answer
    }
}
