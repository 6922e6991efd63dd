//! A month's quality under an agreement.

use super::{
    AvailableTime, Judged, LatencyFigures, LossFigures, QualityVerdict, Rate, Statistic,
    TargetSeries, latency, loss, response_times,
};
use crate::agreement::Agreement;
use crate::credit::Promised;
use crate::decimal::{Decimal, Fraction};

/// The throughput measurements of a target.
#[derive(Debug, Clone, Copy)]
pub struct RateSeries<'a> {
    /// Identifier of the target.
    pub target: &'a str,
    /// Its measurements.
    pub rates: &'a [Rate],
}

/// In which direction a promise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the site.
    Download,
    /// From the site.
    Upload,
}

/// What a promise compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// At most so many microseconds.
    AtMostMicroseconds(u32),
    /// At most this share.
    AtMostShare(Decimal),
    /// At least a share of a contracted rate.
    AtLeastShareOf {
        /// The share.
        share: Decimal,
        /// The rate, bits per second.
        bits_per_second: u64,
        /// Which way.
        direction: Direction,
    },
}

/// A promise of quality, and what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedPromise {
    /// What was promised.
    pub promised: Promised,
    /// Which figure.
    pub statistic: Statistic,
    /// What it is compared with.
    pub limit: Limit,
    /// What was found.
    pub judged: Judged,
}

/// A month's quality.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QualityMonth {
    /// Response times of the targets of the availability test.
    pub latency: Option<LatencyFigures>,
    /// Loss of the same.
    pub loss: Option<LossFigures>,
    /// What was promised.
    pub promises: Vec<JudgedPromise>,
}

impl QualityMonth {
    /// What was promised and missed.
    pub fn missed(&self) -> impl Iterator<Item = Promised> {
        let promises = self.promises.iter();
        promises
            .filter(|one| one.judged.verdict == QualityVerdict::Missed)
            .map(|one| one.promised)
    }
}

impl JudgedPromise {
    /// Share of the contracted rate that was found, where one is promised.
    #[must_use]
    pub fn share_of_contract(&self) -> Option<Fraction> {
        let Limit::AtLeastShareOf {
            bits_per_second, ..
        } = self.limit
        else {
            return None;
        };
        let value = self.judged.figure?.value;
        Fraction::of(
            value.numerator,
            value.denominator.checked_mul(bits_per_second)?,
        )
    }
}

impl Agreement {
    /// The quality of a period at a site.
    #[must_use]
    pub fn quality(
        &self,
        time: &AvailableTime,
        targets: &[TargetSeries<'_>],
        rates: &[RateSeries<'_>],
    ) -> QualityMonth {
        let rule = self.slot_rule();
        let tested = self.chosen(&[], targets);
        let mut promises = Vec::new();
        if let Some(objective) = &self.objective.latency {
            let chosen = self.chosen(&objective.targets, targets);
            let mut values = response_times(&rule, time, &chosen);
            promises.push(JudgedPromise {
                promised: Promised::Latency,
                statistic: objective.statistic,
                limit: Limit::AtMostMicroseconds(objective.at_most_us),
                judged: objective.judge(&mut values),
            });
        }
        if let Some(objective) = &self.objective.loss {
            let chosen = self.chosen(&objective.targets, targets);
            promises.push(JudgedPromise {
                promised: Promised::Loss,
                statistic: objective.statistic,
                limit: Limit::AtMostShare(objective.at_most_share),
                judged: objective.judge(&rule, time, &chosen),
            });
        }
        promises.extend(self.throughput(time, rates));
        QualityMonth {
            latency: latency(response_times(&rule, time, &tested)),
            loss: loss(&rule, time, &tested),
            promises,
        }
    }

    fn throughput(&self, time: &AvailableTime, rates: &[RateSeries<'_>]) -> Vec<JudgedPromise> {
        let Some(objective) = &self.objective.throughput else {
            return Vec::new();
        };
        let rule = self.slot_rule();
        let named = |one: &&RateSeries<'_>| {
            objective.targets.is_empty() || objective.targets.iter().any(|id| id == one.target)
        };
        let chosen = rates.iter().filter(named).flat_map(|one| one.rates);
        let measured: Vec<Rate> = chosen
            .filter(|rate| time.holds(&rule, rate.start_unix_ms))
            .copied()
            .collect();
        let contracted = [
            (Direction::Download, objective.download_bits_per_second),
            (Direction::Upload, objective.upload_bits_per_second),
        ];
        let found = contracted.into_iter().zip(objective.judge(&measured));
        found
            .filter_map(|((direction, contracted), judged)| {
                Some(JudgedPromise {
                    promised: Promised::Throughput,
                    statistic: objective.statistic,
                    limit: Limit::AtLeastShareOf {
                        share: objective.at_least_share,
                        bits_per_second: contracted?,
                        direction,
                    },
                    judged: judged?,
                })
            })
            .collect()
    }

    /// The series of these targets, or of those of the availability test.
    fn chosen<'a>(&self, named: &[String], targets: &[TargetSeries<'a>]) -> Vec<TargetSeries<'a>> {
        let named = if named.is_empty() {
            &self.test.targets
        } else {
            named
        };
        let chosen = |one: &&TargetSeries<'_>| named.iter().any(|id| id == one.target);
        targets.iter().filter(chosen).copied().collect()
    }
}
