//! Samples summed up by steps, where an engine does so itself.
//!
//! A chart over a year shows some hundred points, and behind them are millions of samples: a server would
//! send each one over the network to have it added up here. What is asked of it is only what needs no
//! judgement: sums, the least, values of a rank. Slots and outages it knows nothing of.

use std::collections::{BTreeMap, BTreeSet};

/// The longest span whose samples are read in one piece, milliseconds. A month and more of minutes is
/// some hundred thousand samples a target: a longer span is scanned piece by piece, and a chart over it
/// takes an engine's own sums, where it has them.
pub const PIECE_MS: i64 = 8 * 86_400_000;

/// Which steps.
#[derive(Debug, Clone, Copy)]
pub struct StepsAsked<'a> {
    /// Of this site.
    pub site: &'a str,
    /// The target whose samples are summed up.
    pub target: &'a str,
    /// Samples that start in `[from, to)`, Unix milliseconds.
    pub span: (i64, i64),
    /// Length of a step, milliseconds; steps lie on its multiples since 1970.
    pub step_ms: i64,
}

/// What a site's samples come to; steps are named by their start, Unix milliseconds, and those in which
/// there is nothing are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// The target's steps.
    pub sums: BTreeMap<i64, StepSums>,
    /// For each target of the site the steps in which something was sent.
    pub measured: BTreeMap<String, BTreeSet<i64>>,
}

/// The samples of a target in one step, over every line and agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepSums {
    /// Packets or requests sent.
    pub sent: u64,
    /// Answers in time.
    pub received: u64,
    /// Shortest response time, microseconds; `None` like the others where no sample has one.
    pub rtt_us_min: Option<u32>,
    /// Median of the samples' medians (nearest rank).
    pub rtt_us_median: Option<u32>,
    /// 95th percentile of the samples' medians (nearest rank).
    pub rtt_us_p95: Option<u32>,
}
