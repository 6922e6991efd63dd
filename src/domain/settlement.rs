//! What a site's month means beyond its availability: incidents, quality, evidence, and money.

use std::collections::BTreeSet;

use crate::account::MonthFigures;
use crate::agreement::{Agreement, Liability};
use crate::cause::Cause;
use crate::credit::{CreditBasis, Credits, Fee, FeePer, MoneyTerms, Promised, fee};
use crate::exclusion::Exclusion;
use crate::period::{Period, PeriodError, day_of};
use crate::promise::{Decided, Promise, PromiseVerdict};
use crate::quality::QualityMonth;
use crate::repair::{Incident, Occurrence, RepairSummary, RepairTerms, summary};
use crate::statement::Total;
use crate::sufficiency::EvidenceNote;

/// What a site's month means beyond its availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSettlement {
    /// Incidents on their clocks, by start.
    pub incidents: Vec<Incident>,
    /// What they mean together: with every open decision against the contractor, and with none.
    pub repair: [RepairSummary; 2],
    /// Response time, loss and throughput.
    pub quality: QualityMonth,
    /// How much the slots say.
    pub evidence: EvidenceNote,
    /// What it costs; `None` when the agreement has no money, or the fee is for all sites together.
    pub money: Option<Settlement>,
}

/// What a period costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The fee.
    pub fee: Fee,
    /// The credits: with every open decision against the contractor, and with none. `None` when too
    /// little was measured for the period to be billed by its figures.
    pub credits: Option<[Credits; 2]>,
}

/// A site's month as far as it is known before its settlement.
#[derive(Debug, Clone, Copy)]
pub struct SiteInput<'a> {
    /// Year and month.
    pub month: (i16, i8),
    /// The period that the figures cover.
    pub period: &'a Period,
    /// The figures.
    pub figures: &'a MonthFigures,
    /// Cause of each outage of the figures.
    pub causes: &'a [Option<Cause>],
    /// What they mean for the promise.
    pub promise: &'a Promise,
    /// Exclusions of the site.
    pub exclusions: &'a [Exclusion],
    /// When the outage that was carried in began, Unix milliseconds.
    pub carried_in_since_unix_ms: Option<i64>,
}

impl Agreement {
    /// What a site's month means beyond its availability.
    pub fn settle(
        &self,
        input: &SiteInput<'_>,
        quality: QualityMonth,
        evidence: EvidenceNote,
    ) -> Result<SiteSettlement, PeriodError> {
        let terms = self.repair.clone().unwrap_or_default();
        let incidents = self
            .occurrences(input)
            .into_iter()
            .map(|one| terms.judge(one, input.period, input.exclusions))
            .collect::<Result<Vec<Incident>, PeriodError>>()?;
        let mut settled = SiteSettlement {
            repair: [summary(&incidents, true), summary(&incidents, false)],
            incidents,
            quality,
            evidence,
            money: None,
        };
        let for_site = |money: &&MoneyTerms| money.fee_per == FeePer::Site;
        if let Some(money) = self.money.as_ref().filter(for_site)
            && let Some(fee) = fee(self, money, input.month)?
        {
            settled.money = Some(Settlement {
                fee,
                credits: self.site_credits(money, fee, (input, &settled, &terms))?,
            });
        }
        Ok(settled)
    }

    /// What all sites together cost where the fee is theirs together.
    pub fn settle_total(
        &self,
        month: (i16, i8),
        total: &Total,
    ) -> Result<Option<Settlement>, PeriodError> {
        let together = |money: &&MoneyTerms| money.fee_per == FeePer::Agreement;
        let Some(money) = self.money.as_ref().filter(together) else {
            return Ok(None);
        };
        let Some(fee) = fee(self, money, month)? else {
            return Ok(None);
        };
        let billed = total.billable != Some(false) && total.counts.measured_slots > 0;
        let apply = |availability| {
            money.apply(&CreditBasis {
                fee_minor: fee.period_minor,
                slot_seconds: self.test.slot_seconds,
                availability,
                ..CreditBasis::default()
            })
        };
        Ok(Some(Settlement {
            fee,
            credits: billed.then(|| total.judged.map(apply)),
        }))
    }

    /// The outages of a month with their true begins; one that was carried in and ended where the
    /// month begins is among them, because no other month can judge it.
    fn occurrences(&self, input: &SiteInput<'_>) -> Vec<Occurrence> {
        let start = input.period.start_unix_ms;
        let causes = input.causes.iter().copied().chain(std::iter::repeat(None));
        let mut found: Vec<Occurrence> = input
            .figures
            .outages
            .iter()
            .zip(causes)
            .map(|(outage, cause)| Occurrence {
                start_unix_ms: outage.start_unix_ms,
                end_unix_ms: outage.end_unix_ms,
                open: outage.reaches_period_end,
                liability: self.liability(cause.unwrap_or(Cause::Undetermined)),
            })
            .collect();
        let Some(since) = input.carried_in_since_unix_ms else {
            return found;
        };
        match found.first_mut().filter(|one| one.start_unix_ms == start) {
            Some(first) => first.start_unix_ms = since,
            None => found.insert(
                0,
                Occurrence {
                    start_unix_ms: since,
                    end_unix_ms: start,
                    open: false,
                    liability: Liability::NeedsDecision,
                },
            ),
        }
        found
    }

    fn site_credits(
        &self,
        money: &MoneyTerms,
        fee: Fee,
        (input, settled, repair): (&SiteInput<'_>, &SiteSettlement, &RepairTerms),
    ) -> Result<Option<[Credits; 2]>, PeriodError> {
        let unbilled = matches!(
            input.promise.verdict,
            PromiseVerdict::TooLittleMeasured | PromiseVerdict::NothingMeasured
        );
        if unbilled {
            return Ok(None);
        }
        let [lowest, highest] = input.promise.judged;
        let [with, without] = settled.repair;
        let sides = [
            (
                Decided::Charged,
                lowest,
                with,
                input.promise.margin.lowest_slots,
            ),
            (
                Decided::NotCharged,
                highest,
                without,
                input.promise.margin.highest_slots,
            ),
        ];
        let mut applied = Vec::with_capacity(sides.len());
        for (decided, availability, summary, margin) in sides {
            let mut missed: BTreeSet<Promised> = settled.quality.missed().collect();
            if repair.keeps_mean(&summary, self.test.slot_seconds) == Some(false) {
                missed.insert(Promised::MeanTimeToRepair);
            }
            let late = settled.incidents.iter();
            let late = late.filter(|one| one.counts(decided == Decided::Charged));
            applied.push(
                money.apply(&CreditBasis {
                    fee_minor: fee.period_minor,
                    slot_seconds: self.test.slot_seconds,
                    availability,
                    slots_beyond_target: u64::try_from(-margin).unwrap_or(0),
                    outages: self.charged_outages(input, decided),
                    late_slots: late
                        .map(|one| one.late_slots)
                        .filter(|late| *late > 0)
                        .collect(),
                    unconnected_runs: self.unconnected_runs(input, decided)?,
                    missed,
                }),
            );
        }
        Ok(<[Credits; 2]>::try_from(applied).ok())
    }

    /// Whether a cause is the contractor's on one side of the open decisions.
    fn charges(&self, cause: Option<Cause>, decided: Decided) -> bool {
        match self.liability(cause.unwrap_or(Cause::Undetermined)) {
            Liability::Charged => true,
            Liability::NotCharged => false,
            Liability::NeedsDecision => decided == Decided::Charged,
        }
    }

    /// Slots down of each charged outage, and the local days that it touches.
    fn charged_outages(&self, input: &SiteInput<'_>, decided: Decided) -> Vec<(u64, u32)> {
        let causes = input.causes.iter().copied().chain(std::iter::repeat(None));
        let outages = input.figures.outages.iter().zip(causes);
        outages
            .filter(|(_, cause)| self.charges(*cause, decided))
            .map(|(outage, _)| {
                let day = |at| day_of(&self.time_zone, at);
                let days = day(outage.start_unix_ms)
                    .zip(day(outage.end_unix_ms.saturating_sub(1)))
                    .map_or(1, |(first, last)| {
                        first.until(last).map_or(1, |span| span.get_days() + 1)
                    });
                (outage.down_slots, u32::try_from(days).unwrap_or(1))
            })
            .collect()
    }

    /// Lengths of the runs of working days without connection: something was measured, nothing was
    /// up, and every outage of the day is charged. Days of which nothing counts are skipped.
    fn unconnected_runs(
        &self,
        input: &SiteInput<'_>,
        decided: Decided,
    ) -> Result<Vec<u32>, PeriodError> {
        let causes: Vec<Option<Cause>> = input.causes.to_vec();
        let mut runs = Vec::new();
        let mut run = 0_u32;
        for (day, slots) in input.period.days()? {
            let Some(figures) = input.figures.days.iter().find(|one| one.day == day) else {
                continue;
            };
            let counts = figures.counts;
            if counts.period_slots == counts.excluded_slots {
                continue;
            }
            let (from, to) = (
                input.period.slot_start_unix_ms(slots.start),
                input.period.slot_start_unix_ms(slots.end),
            );
            let outages = input.figures.outages.iter().enumerate();
            let charged = outages
                .filter(|(_, one)| one.start_unix_ms < to && from < one.end_unix_ms)
                .all(|(place, _)| self.charges(causes.get(place).copied().flatten(), decided));
            if counts.down_slots > 0 && counts.up_slots == 0 && charged {
                run += 1;
            } else if run > 0 {
                runs.push(std::mem::take(&mut run));
            }
        }
        if run > 0 {
            runs.push(run);
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests;
