//! The figures of a whole agreement, from those of its sites.

use jiff::civil::Date;

use crate::account::{DayFigures, MonthFigures, SlotCounts};
use crate::aggregate::Aggregation;
use crate::agreement::Agreement;
use crate::decimal::Fraction;
use crate::promise::{ChargedSlots, Margin, Promise, PromiseVerdict};

/// Sites by their verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SiteVerdicts {
    /// Kept the promise.
    pub kept: u64,
    /// Missed it.
    pub missed: u64,
    /// Depend on a decision.
    pub needs_decision: u64,
    /// Too little or nothing was measured.
    pub without_verdict: u64,
}

/// The figures of an agreement's month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// Slots of all sites.
    pub counts: SlotCounts,
    /// The same, day by day.
    pub days: Vec<DayFigures>,
    /// Outages of all sites.
    pub outages: u64,
    /// Down in a stop-clock.
    pub stopped_slots: u64,
    /// Minutes, as for one site.
    pub mean_time_to_repair_minutes: Option<Fraction>,
    /// Minutes, as for one site.
    pub mean_time_between_failures_minutes: Option<Fraction>,
    /// What was measured, in the three ways to take sites together.
    pub availability: [(Aggregation, Option<Fraction>); 3],
    /// Measured of what was not excluded.
    pub coverage: Option<Fraction>,
    /// Whether enough was measured; `None` when the agreement asks for no minimum.
    pub billable: Option<bool>,
    /// Who answers for the slots.
    pub charged: ChargedSlots,
    /// What the promise is compared with, by the agreement's own way.
    pub judged: [Option<Fraction>; 2],
    /// Whether the promise was kept.
    pub verdict: PromiseVerdict,
    /// What is left: of the worst site where every site must keep the promise, of all slots where
    /// they are pooled; a mean has none.
    pub margin: Option<Margin>,
    /// Sites by their verdict.
    pub sites: SiteVerdicts,
    /// Position of the site with the least margin among those measured.
    pub worst_site: Option<usize>,
}

impl Agreement {
    /// The figures of the whole agreement, from its sites' in their order.
    #[must_use]
    pub fn total(&self, sites: &[(&MonthFigures, &Promise)]) -> Total {
        let figures = || sites.iter().map(|(figures, _)| *figures);
        let counts = figures().fold(SlotCounts::default(), |sum, one| sum.plus(one.counts));
        let outages = figures().map(|one| one.outages.len() as u64).sum();
        let stopped_slots = figures().map(|one| one.stopped_slots).sum();
        let promises = || sites.iter().map(|(_, promise)| *promise);
        let charged = promises().fold(ChargedSlots::default(), |sum, one| sum.plus(one.charged));
        let way = self.objective.aggregation;
        let judged = self.judged_together(sites, charged);
        let billable = self
            .objective
            .minimum_measured_share
            .map(|share| match way {
                Aggregation::Worst => figures().all(|one| one.billable != Some(false)),
                Aggregation::Pooled | Aggregation::Mean => counts
                    .coverage()
                    .is_some_and(|measured| share.compare_fraction(measured).is_ge()),
            });
        let worst_site = worst_site(sites);
        let slot_seconds = u64::from(self.test.slot_seconds);
        let minutes = |slots: u64| Fraction::of(slots * slot_seconds, outages * 60);
        Total {
            mean_time_to_repair_minutes: minutes(counts.down_slots.saturating_sub(stopped_slots)),
            mean_time_between_failures_minutes: minutes(counts.up_slots),
            availability: plain(sites),
            coverage: counts.coverage(),
            days: days(figures()),
            verdict: match way {
                Aggregation::Worst => PromiseVerdict::of_all(promises().map(|one| one.verdict)),
                Aggregation::Pooled | Aggregation::Mean => self.verdict(judged, billable),
            },
            margin: match way {
                Aggregation::Worst => worst_site
                    .and_then(|site| sites.get(site))
                    .map(|(_, promise)| promise.margin),
                Aggregation::Pooled => {
                    let to_come = promises().map(|one| one.slots_to_come).sum();
                    Some(self.margin(charged, to_come))
                }
                Aggregation::Mean => None,
            },
            sites: verdicts(promises()),
            counts,
            outages,
            stopped_slots,
            billable,
            charged,
            judged,
            worst_site,
        }
    }

    fn judged_together(
        &self,
        sites: &[(&MonthFigures, &Promise)],
        charged: ChargedSlots,
    ) -> [Option<Fraction>; 2] {
        let way = self.objective.aggregation;
        if way == Aggregation::Pooled {
            return self.judged_availability(charged);
        }
        [0, 1].map(|side| {
            let of = |promise: &Promise| promise.judged.get(side).copied().flatten();
            let found: Vec<Fraction> = sites.iter().filter_map(|(_, one)| of(one)).collect();
            way.of(&found)
        })
    }
}

fn plain(sites: &[(&MonthFigures, &Promise)]) -> [(Aggregation, Option<Fraction>); 3] {
    let measured: Vec<Fraction> = sites
        .iter()
        .filter_map(|(figures, _)| figures.availability)
        .collect();
    [Aggregation::Pooled, Aggregation::Mean, Aggregation::Worst].map(|way| (way, way.of(&measured)))
}

fn days<'f>(sites: impl Iterator<Item = &'f MonthFigures>) -> Vec<DayFigures> {
    let mut days: std::collections::BTreeMap<Date, SlotCounts> = std::collections::BTreeMap::new();
    for day in sites.flat_map(|figures| &figures.days) {
        let sum = days.entry(day.day).or_default();
        *sum = sum.plus(day.counts);
    }
    days.into_iter()
        .map(|(day, counts)| DayFigures { day, counts })
        .collect()
}

fn verdicts<'p>(promises: impl Iterator<Item = &'p Promise>) -> SiteVerdicts {
    let mut sites = SiteVerdicts::default();
    for promise in promises {
        let held = match promise.verdict {
            PromiseVerdict::Kept => &mut sites.kept,
            PromiseVerdict::Missed => &mut sites.missed,
            PromiseVerdict::NeedsDecision => &mut sites.needs_decision,
            PromiseVerdict::TooLittleMeasured | PromiseVerdict::NothingMeasured => {
                &mut sites.without_verdict
            }
        };
        *held += 1;
    }
    sites
}

fn worst_site(sites: &[(&MonthFigures, &Promise)]) -> Option<usize> {
    let measured = sites
        .iter()
        .enumerate()
        .filter(|(_, (figures, _))| figures.availability.is_some());
    measured
        .min_by_key(|(_, (_, promise))| (promise.margin.lowest_slots, promise.margin.highest_slots))
        .map(|(position, _)| position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::account;
    use crate::cause::Cause;
    use crate::machine::Availability;
    use crate::slot::SlotState;

    const TERMS: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        time_zone = 'UTC'\nsites = ['s', 't', 'u']\n\
        parties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = '99.9', aggregation = 'AGGREGATION' }\n\
        [test]\ntargets = ['t']\n";

    /// Three sites of June: without fault, 60 slots down by the line, nothing measured.
    fn total(way: &str) -> Total {
        let terms: Agreement = toml::from_str(&TERMS.replace("AGGREGATION", way)).unwrap();
        let june = terms.month(2026, 6).unwrap();
        let good = vec![SlotState::Good; june.slot_count()];
        let mut bad = good.clone();
        bad[1_000..1_060].fill(SlotState::Bad);
        let unknown = vec![SlotState::Unknown; june.slot_count()];
        let sites: Vec<(MonthFigures, Promise)> = [good, bad, unknown]
            .iter()
            .map(|slots| {
                let input = terms.account_input(&june, (slots, &[]), Availability::Available, &[]);
                let figures = account(&input).unwrap();
                let promise = terms.promise(&figures, &[Some(Cause::LastMile)], 0);
                (figures, promise)
            })
            .collect();
        let sites: Vec<_> = sites.iter().map(|(left, right)| (left, right)).collect();
        terms.total(&sites)
    }

    #[test]
    fn one_bad_site_is_missed_or_not_by_what_the_agreement_names() {
        let worst = total("worst");
        assert_eq!(worst.verdict, PromiseVerdict::Missed);
        assert_eq!(worst.worst_site, Some(1));
        assert_eq!(worst.margin.unwrap().lowest_slots, 43 - 60);
        assert_eq!(worst.judged[0], Fraction::of(43_140, 43_200));
        let pooled = total("pooled");
        assert_eq!(pooled.verdict, PromiseVerdict::Kept);
        assert_eq!(pooled.margin.unwrap().lowest_slots, 86 - 60);
        let mean = total("mean");
        assert_eq!((mean.verdict, mean.margin), (PromiseVerdict::Kept, None));
        let shown = |one: Option<Fraction>| one.unwrap().percent_six_decimals_half_even();
        assert_eq!(shown(mean.judged[1]), "99.930556");
    }

    #[test]
    fn counts_days_and_outages_add_up() {
        let total = total("worst");
        assert_eq!(total.counts.period_slots, 3 * 43_200);
        assert_eq!(total.counts.unknown_slots, 43_200);
        assert_eq!(total.days.len(), 30);
        let days = total
            .days
            .iter()
            .fold(SlotCounts::default(), |sum, day| sum.plus(day.counts));
        assert_eq!(days, total.counts);
        assert_eq!((total.outages, total.charged.charged_slots), (1, 60));
        assert_eq!(
            total.mean_time_to_repair_minutes.unwrap().to_string(),
            "3600/60"
        );
        let found = total.sites;
        assert_eq!((found.kept, found.missed, found.without_verdict), (1, 1, 1));
    }
}
