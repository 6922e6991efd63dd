//! Promises of quality beside what was measured.

use super::{
    AvailableTime, Figure, Judged, LatencyObjective, LossObjective, QualityVerdict, Rate,
    Statistic, TargetSeries, ThroughputObjective, lost_shares, packets,
};
use crate::decimal::Fraction;
use crate::percentile::{interpolated, mean, nearest_rank};
use crate::slot::SlotRule;

impl Statistic {
    /// The figure of whole numbers.
    #[must_use]
    pub fn of(self, values: &mut [u64]) -> Option<Figure> {
        let samples = values.len() as u64;
        match self {
            Self::Mean => Some(Figure {
                samples,
                value: mean(values)?,
                spreadsheet: None,
            }),
            Self::Percentile(share) => {
                let share = share.fraction();
                Some(Figure {
                    samples,
                    value: Fraction::of(nearest_rank(values, share)?, 1)?,
                    spreadsheet: interpolated(values, share),
                })
            }
        }
    }
}

impl LatencyObjective {
    /// What was found of this promise.
    #[must_use]
    pub fn judge(&self, values: &mut [u64]) -> Judged {
        let figure = self.statistic.of(values);
        let kept = figure.map(|one| {
            let limit = u128::from(self.at_most_us) * u128::from(one.value.denominator);
            u128::from(one.value.numerator) <= limit
        });
        Judged {
            figure,
            verdict: QualityVerdict::of(kept),
        }
    }
}

impl LossObjective {
    /// What was found of this promise.
    #[must_use]
    pub fn judge(
        &self,
        rule: &SlotRule,
        time: &AvailableTime,
        targets: &[TargetSeries<'_>],
    ) -> Judged {
        let slots = packets(rule, time, targets);
        let value = match self.statistic {
            Statistic::Mean => {
                let sent: u64 = slots.iter().map(|(sent, _)| sent).sum();
                let received: u64 = slots.iter().map(|(_, received)| received).sum();
                Fraction::of(sent.saturating_sub(received), sent)
            }
            Statistic::Percentile(share) => {
                nearest_rank(&mut lost_shares(&slots), share.fraction()).map(|share| share.0)
            }
        };
        let kept = value.map(|value| self.at_most_share.compare_fraction(value).is_le());
        Judged {
            figure: value.map(|value| Figure {
                samples: slots.len() as u64,
                value,
                spreadsheet: None,
            }),
            verdict: QualityVerdict::of(kept),
        }
    }
}

impl ThroughputObjective {
    /// What was found of this promise, for the download and for the upload; a direction that is not
    /// contracted has none.
    #[must_use]
    pub fn judge(&self, rates: &[Rate]) -> [Option<Judged>; 2] {
        let one = |contracted: Option<u64>, rate: fn(&Rate) -> Option<u64>| {
            contracted.map(|contracted| {
                let mut values: Vec<u64> = rates.iter().filter_map(rate).collect();
                let figure = self.statistic.of(&mut values);
                let share = self.at_least_share.fraction();
                let kept = figure.map(|one| {
                    let needed = u128::from(contracted) * u128::from(share.numerator);
                    let found = u128::from(one.value.numerator) * u128::from(share.denominator);
                    found >= needed * u128::from(one.value.denominator)
                });
                Judged {
                    figure,
                    verdict: QualityVerdict::of(kept),
                }
            })
        };
        [
            one(self.download_bits_per_second, |rate| {
                rate.download_bits_per_second
            }),
            one(self.upload_bits_per_second, |rate| {
                rate.upload_bits_per_second
            }),
        ]
    }
}
