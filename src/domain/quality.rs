//! How well a line works while it works: response time, loss and throughput over available time.
//!
//! Only slots with data count that are up, inside service hours and not excluded: an outage is judged
//! as an outage, and not a second time as loss. Percentiles are the nearest rank; every figure is an
//! integer or an exact fraction.

mod judge;
mod month;

pub use month::{Direction, JudgedPromise, Limit, QualityMonth, RateSeries};

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{AccountedSlot, Count};
use crate::decimal::{Decimal, Fraction};
use crate::observation::Observation;
use crate::percentile::{mean, nearest_rank};
use crate::sketch::Sketch;
use crate::slot::{SlotRule, SlotState};

/// Which figure of many values is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Their mean.
    Mean,
    /// The nearest rank at this share, above 0 and at most 1.
    Percentile(Decimal),
}

impl Statistic {
    /// Its name, such as `mean` or `percentile 0.95`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Mean => "mean".to_owned(),
            Self::Percentile(share) => format!("percentile {share}"),
        }
    }
}

/// Response time that is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyObjective {
    /// Targets; none: those of the availability test.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Which figure of the medians of each measurement.
    pub statistic: Statistic,
    /// The most that it may be, microseconds.
    pub at_most_us: u32,
}

/// Loss that is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossObjective {
    /// Targets; none: those of the availability test.
    #[serde(default)]
    pub targets: Vec<String>,
    /// `mean`: all lost of all sent; a percentile: of the shares lost in each slot.
    pub statistic: Statistic,
    /// The most that it may be, 0 to 1; best as a string.
    pub at_most_share: Decimal,
}

/// Throughput that is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThroughputObjective {
    /// Throughput targets; none: every one of the site.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Which figure of the measured rates.
    pub statistic: Statistic,
    /// Contracted download rate, bits per second; absent: not judged.
    #[serde(default)]
    pub download_bits_per_second: Option<u64>,
    /// Contracted upload rate, bits per second; absent: not judged.
    #[serde(default)]
    pub upload_bits_per_second: Option<u64>,
    /// Share of the contracted rate that must be reached, 0 to 1; best as a string.
    pub at_least_share: Decimal,
}

/// What one throughput measurement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Corrected start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Mean download rate, bits per second; `None` when it was not measured.
    pub download_bits_per_second: Option<u64>,
    /// Mean upload rate, bits per second; `None` when it was not measured.
    pub upload_bits_per_second: Option<u64>,
}

/// A figure of many values, with what spreadsheets make of the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Values that it is of.
    pub samples: u64,
    /// The figure, exact.
    pub value: Fraction,
    /// For a percentile of numbers: type 7, as spreadsheets interpolate.
    pub spreadsheet: Option<Fraction>,
}

/// Response times of available time, microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyFigures {
    /// Measurements.
    pub samples: u64,
    /// Mean of their medians.
    pub mean: Fraction,
    /// Nearest ranks at 50, 95 and 99 %.
    pub percentiles: [u64; 3],
    /// The longest.
    pub longest: u64,
    /// All of them, for sites together.
    pub sketch: Sketch,
}

/// Shares at which percentiles are always shown, in hundredths.
pub const SHOWN_PERCENTILES: [u64; 3] = [50, 95, 99];

/// Loss of available time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossFigures {
    /// Packets sent.
    pub sent: u64,
    /// Packets lost.
    pub lost: u64,
    /// Slots, of each target.
    pub slots: u64,
    /// Nearest rank at 95 % of the shares lost.
    pub percentile_95: Fraction,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityVerdict {
    /// Kept.
    Kept,
    /// Missed.
    Missed,
    /// Nothing was measured: no verdict.
    NothingMeasured,
}

impl QualityVerdict {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::NothingMeasured => "nothing_measured",
        }
    }

    fn of(kept: Option<bool>) -> Self {
        match kept {
            Some(true) => Self::Kept,
            Some(false) => Self::Missed,
            None => Self::NothingMeasured,
        }
    }
}

/// A promise and what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// What was found; `None` when nothing was measured.
    pub figure: Option<Figure>,
    /// Whether it was kept.
    pub verdict: QualityVerdict,
}

/// The samples of a target.
#[derive(Debug, Clone, Copy)]
pub struct TargetSeries<'a> {
    /// Identifier of the target.
    pub target: &'a str,
    /// Its samples, in any order.
    pub observations: &'a [Observation],
}

/// The available time of a period: which slots count for quality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableTime {
    start_unix_ms: i64,
    slots: Vec<bool>,
}

impl AvailableTime {
    /// Slots with data that count as up and that nothing leaves out.
    #[must_use]
    pub fn of(start_unix_ms: i64, slots: &[AccountedSlot<'_>]) -> Self {
        let available = |slot: &AccountedSlot<'_>| {
            slot.count == Count::Up
                && slot.state != SlotState::Unknown
                && slot.excluded_by.is_none()
        };
        Self {
            start_unix_ms,
            slots: slots.iter().map(available).collect(),
        }
    }

    /// Number of the slot of a trusted observation in it.
    fn slot_of(&self, rule: &SlotRule, observation: &Observation) -> Option<usize> {
        let slot = rule.slot_of(observation, self.start_unix_ms)?;
        (self.slots.get(slot) == Some(&true)).then_some(slot)
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn holds(&self, rule: &SlotRule, unix_ms: i64) -> bool {
        let offset = unix_ms.saturating_sub(self.start_unix_ms);
        let slot = usize::try_from(offset.div_euclid(rule.slot_ms())).ok();
        slot.is_some_and(|slot| self.slots.get(slot) == Some(&true))
    }
}

/// Medians of the response times of available time, microseconds.
#[must_use]
pub fn response_times(
    rule: &SlotRule,
    time: &AvailableTime,
    targets: &[TargetSeries<'_>],
) -> Vec<u64> {
    let all = targets.iter().flat_map(|target| target.observations);
    all.filter(|one| time.slot_of(rule, one).is_some())
        .filter_map(|one| one.rtt_us_median.map(u64::from))
        .collect()
}

/// What is shown of response times; `None` without any.
#[must_use]
pub fn latency(mut values: Vec<u64>) -> Option<LatencyFigures> {
    let mut sketch = Sketch::default();
    for value in &values {
        sketch.add(u32::try_from(*value).unwrap_or(u32::MAX));
    }
    let at = |values: &mut Vec<u64>, hundredths| {
        let share = Fraction {
            numerator: hundredths,
            denominator: 100,
        };
        nearest_rank(values, share)
    };
    let [middle, high, highest] = SHOWN_PERCENTILES;
    Some(LatencyFigures {
        samples: values.len() as u64,
        mean: mean(&values)?,
        percentiles: [
            at(&mut values, middle)?,
            at(&mut values, high)?,
            at(&mut values, highest)?,
        ],
        longest: values.iter().max().copied()?,
        sketch,
    })
}

/// A share of packets lost in a slot, in the order of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LostShare(Fraction);

impl PartialOrd for LostShare {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LostShare {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross =
            |one: Fraction, two: Fraction| u128::from(one.numerator) * u128::from(two.denominator);
        let by_size = cross(self.0, other.0).cmp(&cross(other.0, self.0));
        // Equal shares of other packets: an order all the same, so that any order of the samples
        // gives the same fraction.
        by_size.then(self.0.denominator.cmp(&other.0.denominator))
    }
}

/// Packets of each target in each slot of available time: sent and received.
fn packets(rule: &SlotRule, time: &AvailableTime, targets: &[TargetSeries<'_>]) -> Vec<(u64, u64)> {
    let mut slots: BTreeMap<(usize, usize), (u64, u64)> = BTreeMap::new();
    for (number, target) in targets.iter().enumerate() {
        for one in target.observations {
            let Some(slot) = time.slot_of(rule, one) else {
                continue;
            };
            let sum = slots.entry((number, slot)).or_default();
            *sum = (sum.0 + u64::from(one.sent), sum.1 + u64::from(one.received));
        }
    }
    slots.into_values().filter(|(sent, _)| *sent > 0).collect()
}

fn lost_shares(slots: &[(u64, u64)]) -> Vec<LostShare> {
    slots
        .iter()
        .map(|(sent, received)| {
            LostShare(Fraction {
                numerator: sent.saturating_sub(*received),
                denominator: *sent,
            })
        })
        .collect()
}

/// What is shown of loss; `None` when nothing was sent.
#[must_use]
pub fn loss(
    rule: &SlotRule,
    time: &AvailableTime,
    targets: &[TargetSeries<'_>],
) -> Option<LossFigures> {
    let slots = packets(rule, time, targets);
    let sum = |part: fn(&(u64, u64)) -> u64| slots.iter().map(part).sum::<u64>();
    let share = Fraction {
        numerator: 95,
        denominator: 100,
    };
    Some(LossFigures {
        sent: sum(|(sent, _)| *sent),
        lost: sum(|(sent, received)| sent.saturating_sub(*received)),
        slots: slots.len() as u64,
        percentile_95: nearest_rank(&mut lost_shares(&slots), share)?.0,
    })
}

#[cfg(test)]
mod tests;
