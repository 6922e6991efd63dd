//! A target over time, for charts.
//!
//! Over a long range some engines sum samples up themselves ([`Steps`]). Slots cannot be judged then: what
//! the site's states are is told by the outages, which are noted as they happen, and by whether anything
//! was measured.

use std::collections::BTreeMap;

use desserte_domain::decimal::Fraction;
use desserte_domain::observation::Observation;
use desserte_domain::percentile::nearest_rank;
use desserte_domain::quality::Rate;
use desserte_domain::slot::SlotState;
use desserte_probe::report::Kind;

use super::evidence::between;
use super::judge::{SiteSamples, Window};
use super::test::SiteTest;
use crate::live::SiteOutage;
use crate::store::steps::{StepSums, Steps};

/// Points of a chart when the reader does not say: a screen's width.
pub const POINTS_DEFAULT: i64 = 720;
/// Most points: bounds the answer.
pub const POINTS_MAX: i64 = 20_000;

/// Which history.
#[derive(Debug, Clone, Copy)]
pub struct HistoryRequest<'a> {
    /// What decides the site's slots.
    pub test: &'a SiteTest,
    /// The target; `None`: the site's first.
    pub target: Option<&'a str>,
    /// Start, Unix milliseconds.
    pub from_unix_ms: i64,
    /// End, Unix milliseconds.
    pub to_unix_ms: i64,
    /// Length of a step, seconds.
    pub step_seconds: u32,
}

/// A site's samples, summed up by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummedSite {
    /// The target whose sums these are.
    pub target: String,
    /// The site's targets.
    pub kinds: BTreeMap<String, Kind>,
    /// The sums.
    pub steps: Steps,
}

/// The rows of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The target shown; `None` when the site has none.
    pub target: Option<String>,
    /// One row a step.
    pub steps: Vec<Step>,
}

/// One row; what nobody measured is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Packets sent and received.
    pub counts: Option<(u64, u64)>,
    /// Shortest response time, microseconds.
    pub rtt_us_min: Option<u32>,
    /// Median of the medians.
    pub rtt_us_median: Option<u32>,
    /// 95th percentile of the medians.
    pub rtt_us_p95: Option<u32>,
    /// The site's worst slot.
    pub state: StepState,
}

/// What throughput tests of a step found, bits per second (median, nearest rank).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateStep {
    /// Towards the site.
    pub download_bits_per_second: Option<u64>,
    /// From the site.
    pub upload_bits_per_second: Option<u64>,
}

/// What a step shows of the site, the worse of its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    /// Nobody knows.
    Unknown,
    /// Good slots only.
    Up,
    /// A bad slot outside an outage.
    Degraded,
    /// Inside an outage.
    Down,
}

impl HistoryRequest<'_> {
    /// The rows. `outages` are by start.
    #[must_use]
    pub fn rows(&self, samples: &SiteSamples, outages: &[SiteOutage]) -> Rows {
        let steps = self.steps();
        let target = match self.target {
            Some(named) => samples.targets.iter().find(|target| target.id == named),
            None => samples.targets.first(),
        };
        let states = self.states(samples, outages, steps);
        let observations: &[Observation] = target.map_or(&[], |target| &target.observations);
        let rows = (0..steps.slots).zip(states).map(|(step, state)| {
            row(
                between(observations, steps.at(step), steps.at(step + 1)),
                steps.at(step),
                state,
            )
        });
        Rows {
            target: self
                .target
                .map(str::to_owned)
                .or_else(|| target.map(|target| target.id.clone())),
            steps: rows.collect(),
        }
    }

    /// The rows from a store's sums; no state is [`StepState::Degraded`]. `outages` are by start.
    #[must_use]
    pub fn summed_rows(&self, summed: &SummedSite, outages: &[SiteOutage]) -> Rows {
        let steps = self.steps();
        let measured = summed.steps.measured.iter();
        let counted: Vec<_> = measured
            .filter(|(target, _)| {
                let kind = summed.kinds.get(*target);
                kind.is_some_and(|kind| self.test.counts(target, *kind))
            })
            .map(|(_, starts)| starts)
            .collect();
        let mut outages = outages.iter().peekable();
        let rows = (0..steps.slots).map(|step| {
            let (start, end) = (steps.at(step), steps.at(step + 1));
            while outages
                .next_if(|outage| outage.end_unix_ms.is_some_and(|end| end <= start))
                .is_some()
            {}
            let inside = outages
                .peek()
                .is_some_and(|outage| outage.start_unix_ms < end);
            // An agent without a route sends nothing and knows all the same that nothing passes: its outage is on
            // record, its step without a packet.
            let state = if inside {
                StepState::Down
            } else if counted.iter().any(|starts| starts.contains(&start)) {
                StepState::Up
            } else {
                StepState::Unknown
            };
            let sums = summed.steps.sums.get(&start).copied();
            summed_row(sums.unwrap_or_default(), start, state)
        });
        Rows {
            target: Some(summed.target.clone()),
            steps: rows.collect(),
        }
    }

    /// Rates of the same steps; `rates` are by start.
    #[must_use]
    pub fn rates(&self, rates: &[Rate]) -> Vec<RateStep> {
        let steps = self.steps();
        let mut left = rates;
        let median = |rates: &[Rate], of: fn(&Rate) -> Option<u64>| {
            let mut found: Vec<u64> = rates.iter().filter_map(of).collect();
            nearest_rank(&mut found, Fraction::of(1, 2)?)
        };
        let of_step = |step: usize| {
            let before = |at: i64| move |one: &Rate| one.start_unix_ms < at;
            (_, left) = left.split_at(left.partition_point(before(steps.at(step))));
            let (here, _) = left.split_at(left.partition_point(before(steps.at(step + 1))));
            RateStep {
                download_bits_per_second: median(here, |one| one.download_bits_per_second),
                upload_bits_per_second: median(here, |one| one.upload_bits_per_second),
            }
        };
        (0..steps.slots).map(of_step).collect()
    }

    /// Whole steps, from the one that holds the start.
    fn steps(&self) -> Window {
        let step_ms = i64::from(self.step_seconds.max(1)) * 1_000;
        let start = self.from_unix_ms - self.from_unix_ms.rem_euclid(step_ms);
        let end = self.to_unix_ms.saturating_add(step_ms - 1);
        Window {
            start_unix_ms: start,
            slot_ms: step_ms,
            slots: usize::try_from((end - start) / step_ms).unwrap_or(0),
        }
    }

    /// The worst slot of each step, over all the targets that count.
    fn states(
        &self,
        samples: &SiteSamples,
        outages: &[SiteOutage],
        steps: Window,
    ) -> Vec<StepState> {
        let window = Window::between(
            steps.start_unix_ms,
            steps.end_unix_ms(),
            self.test.rule.slot_seconds,
        );
        let columns = self.test.counted(&samples.targets);
        let slots = self
            .test
            .slots(window.start_unix_ms, window.slots, &columns);
        let mut states = vec![StepState::Unknown; steps.slots];
        // Outages are by start and never overlap: a year of slots is gone through once.
        let mut outages = outages.iter().peekable();
        for (slot, state) in slots.iter().enumerate() {
            let at = window.at(slot);
            while outages
                .next_if(|outage| outage.end_unix_ms.is_some_and(|end| end <= at))
                .is_some()
            {}
            let inside = outages
                .peek()
                .is_some_and(|outage| outage.start_unix_ms <= at);
            let seen = match state {
                SlotState::Unknown => StepState::Unknown,
                _ if inside => StepState::Down,
                SlotState::Bad => StepState::Degraded,
                SlotState::Good => StepState::Up,
            };
            let step = usize::try_from((at - steps.start_unix_ms).div_euclid(steps.slot_ms));
            if let Some(held) = step.ok().and_then(|step| states.get_mut(step)) {
                *held = seen.max(*held);
            }
        }
        states
    }
}

pub(super) fn row(observations: &[Observation], start_unix_ms: i64, state: StepState) -> Step {
    let mut medians: Vec<u32> = observations
        .iter()
        .filter_map(|one| one.rtt_us_median)
        .collect();
    let sums = observations.iter().fold((0, 0), |(sent, received), one| {
        (
            sent + u64::from(one.sent),
            received + u64::from(one.received),
        )
    });
    let mut rank = |hundredths: u64| nearest_rank(&mut medians, Fraction::of(hundredths, 100)?);
    Step {
        start_unix_ms,
        counts: (sums.0 > 0).then_some(sums),
        rtt_us_median: rank(50),
        rtt_us_p95: rank(95),
        rtt_us_min: observations.iter().filter_map(|one| one.rtt_us_min).min(),
        state,
    }
}

fn summed_row(sums: StepSums, start_unix_ms: i64, state: StepState) -> Step {
    Step {
        start_unix_ms,
        counts: (sums.sent > 0).then_some((sums.sent, sums.received)),
        rtt_us_min: sums.rtt_us_min,
        rtt_us_median: sums.rtt_us_median,
        rtt_us_p95: sums.rtt_us_p95,
        state,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use desserte_domain::cause::{CauseEvidence, decide};

    use super::*;

    #[test]
    fn a_summed_step_is_down_in_an_outage_and_up_where_a_target_that_counts_was_measured() {
        let outage = |start_unix_ms, end_unix_ms| SiteOutage {
            id: 0,
            site: "s".to_owned(),
            start_unix_ms,
            end_unix_ms,
            slot_seconds: 60,
            down_slots: 1,
            verdict: decide(&CauseEvidence::default()),
            agent: None,
        };
        let starts = |steps: &[i64]| steps.iter().map(|step| step * 10_000).collect();
        let measured: [(&str, BTreeSet<i64>); 2] = [
            ("counts", starts(&[0, 1, 2, 3, 5])),
            ("resolver", starts(&[4])),
        ];
        let kinds = [("counts", Kind::Icmp), ("resolver", Kind::Dns)];
        let sums = StepSums {
            sent: 5,
            received: 4,
            ..StepSums::default()
        };
        let summed = SummedSite {
            target: "resolver".to_owned(),
            kinds: kinds.map(|(id, kind)| (id.to_owned(), kind)).into(),
            steps: Steps {
                sums: [(40_000, sums)].into(),
                measured: measured.map(|(id, at)| (id.to_owned(), at)).into(),
            },
        };
        let test = SiteTest::default();
        let request = HistoryRequest {
            test: &test,
            target: Some("resolver"),
            from_unix_ms: 3_000,
            to_unix_ms: 70_000,
            step_seconds: 10,
        };
        // One within a step, one that ends where a step begins, one that lasts: in its second step nothing could
        // be sent any more.
        let outages = [
            outage(12_000, Some(13_000)),
            outage(25_000, Some(30_000)),
            outage(51_000, None),
        ];
        let rows = request.summed_rows(&summed, &outages);
        let states: Vec<StepState> = rows.steps.iter().map(|step| step.state).collect();
        let (up, down, unknown) = (StepState::Up, StepState::Down, StepState::Unknown);
        assert_eq!(states, [up, down, down, up, unknown, down, down]);
        let counts: Vec<_> = rows.steps.iter().map(|step| step.counts).collect();
        assert_eq!(
            counts,
            [None, None, None, None, Some((5, 4)), None, None],
            "the counts are those of the target that is shown"
        );
    }

    #[test]
    fn rates_fall_into_their_steps_and_an_empty_step_has_none() {
        let at = |start_unix_ms, down, up| Rate {
            start_unix_ms,
            download_bits_per_second: down,
            upload_bits_per_second: up,
        };
        let test = SiteTest::default();
        let request = HistoryRequest {
            test: &test,
            target: Some("rate"),
            from_unix_ms: 10_000,
            to_unix_ms: 40_000,
            step_seconds: 10,
        };
        let rates = [
            at(9_999, Some(99), None),
            at(10_000, Some(5), Some(1)),
            at(12_000, Some(7), None),
            at(19_999, Some(6), None),
            at(30_000, None, Some(4)),
            at(40_000, Some(99), None),
        ];
        let found: Vec<_> = request
            .rates(&rates)
            .iter()
            .map(|step| (step.download_bits_per_second, step.upload_bits_per_second))
            .collect();
        assert_eq!(found, [(Some(6), Some(1)), (None, None), (None, Some(4))]);
    }
}
