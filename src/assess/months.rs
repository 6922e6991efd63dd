//! A month's figures of a site and an agreement, from its samples.

use desserte_domain::account::{AccountError, AccountInput, MonthFigures, account};
use desserte_domain::agreement::Agreement;
use desserte_domain::cause::Cause;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::machine::{Availability, run};
use desserte_domain::observation::Observation;
use desserte_domain::period::{Period, PeriodError};
use desserte_probe::report::Kind;

use super::judge::{SiteSamples, Window, verdict};
use super::test::SiteTest;

/// How far before the month the machine starts, milliseconds: the state that is carried in is found
/// by running over the week before. An outage without a single known slot in a week is forgotten.
const CARRY_IN_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// What a month is computed for.
#[derive(Debug, Clone)]
pub struct MonthRequest<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// Year and month, in its time zone.
    pub month: (i16, i8),
    /// The present: slots after it have not passed.
    pub now_unix_ms: i64,
}

/// A month's figures, or those of the part that has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthResult {
    /// The period that the figures cover.
    pub period: Period,
    /// The figures.
    pub figures: MonthFigures,
    /// Cause of each outage of the figures.
    pub causes: Vec<Option<Cause>>,
    /// The month is over, and no later slot can turn one of it. Late data may still make another
    /// revision.
    pub is_final: bool,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MonthError {
    /// The calendar.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// The accounting.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The month has not begun.
    #[error("compute figures: the month has not begun")]
    Future,
}

impl MonthRequest<'_> {
    fn period(&self) -> Result<Period, MonthError> {
        let (year, month) = self.month;
        let agreement = self.agreement;
        let whole = Period::month(
            &agreement.time_zone,
            year,
            month,
            agreement.test.slot_seconds,
        )?;
        if self.now_unix_ms < whole.start_unix_ms {
            return Err(MonthError::Future);
        }
        Ok(whole)
    }

    /// Samples that are needed: from the carry-in to the end of the look-ahead, half-open.
    pub fn span(&self) -> Result<(i64, i64), MonthError> {
        let whole = self.period()?;
        let ahead = i64::from(self.agreement.machine.lookahead_max_slots) * whole.slot_ms();
        let end = (whole.end_unix_ms + ahead).min(self.now_unix_ms);
        Ok((whole.start_unix_ms - CARRY_IN_MS, end))
    }

    /// The figures. For a month that still runs they cover the slots that have passed
    /// (`period_end` says so) and are not final.
    pub fn figures(
        &self,
        samples: &SiteSamples,
        exclusions: &[Exclusion],
    ) -> Result<MonthResult, MonthError> {
        let whole = self.period()?;
        let period = whole.until(self.now_unix_ms);
        let test = SiteTest::of(self.agreement);
        let columns = counted(&test, samples);
        let slot_ms = period.slot_ms();
        let slots = test.slots(period.start_unix_ms, period.slot_count(), &columns);
        let look_ahead = self.look_ahead(&test, &period, &columns);
        let carry_in = carry_in(&test, &period, &columns, &slots);
        let figures = account(&AccountInput {
            period: &period,
            slots: &slots,
            look_ahead: &look_ahead,
            carry_in,
            machine: self.agreement.machine,
            exclusion_mode: self.agreement.exclusions.mode,
            exclusions,
            service_hours: self.agreement.service_hours.as_ref(),
            minimum_measured_share: self.agreement.objective.minimum_measured_share,
        })?;
        let window = Window {
            start_unix_ms: period.start_unix_ms,
            slot_ms,
            slots: slots.len(),
        };
        let slot_of = |at: i64| usize::try_from((at - period.start_unix_ms) / slot_ms).unwrap_or(0);
        let causes = figures
            .outages
            .iter()
            .map(|outage| {
                let range = slot_of(outage.start_unix_ms)..slot_of(outage.end_unix_ms);
                Some(verdict(&test, samples, &slots, range, window).cause)
            })
            .collect();
        let is_final = period.end_unix_ms == whole.end_unix_ms && figures.open_from_slot.is_none();
        Ok(MonthResult {
            period,
            figures,
            causes,
            is_final,
        })
    }

    fn look_ahead(
        &self,
        test: &SiteTest,
        period: &Period,
        columns: &[(Kind, &[Observation])],
    ) -> Vec<desserte_domain::slot::SlotState> {
        let passed = (self.now_unix_ms - period.end_unix_ms).max(0) / period.slot_ms();
        let most = i64::from(self.agreement.machine.lookahead_max_slots);
        let count = usize::try_from(passed.min(most)).unwrap_or(0);
        test.slots(period.end_unix_ms, count, columns)
    }
}

fn counted<'s>(test: &SiteTest, samples: &'s SiteSamples) -> Vec<(Kind, &'s [Observation])> {
    samples
        .targets
        .iter()
        .filter(|target| test.counts(&target.id, target.kind))
        .map(|target| (target.kind, target.observations.as_slice()))
        .collect()
}

/// The state at the end of the week before, its last slots decided by this period's first ones.
fn carry_in(
    test: &SiteTest,
    period: &Period,
    columns: &[(Kind, &[Observation])],
    slots: &[desserte_domain::slot::SlotState],
) -> Availability {
    let count = usize::try_from(CARRY_IN_MS / period.slot_ms()).unwrap_or(0);
    let before = test.slots(
        period.start_unix_ms - CARRY_IN_MS / period.slot_ms() * period.slot_ms(),
        count,
        columns,
    );
    run(test.machine, Availability::Available, &before, slots).state_at_end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::TargetSamples;
    use desserte_domain::observation::Outcome;

    const AGREEMENT: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        time_zone = 'Africa/Brazzaville'\nsites = ['s']\n\
        parties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = '99.9' }\n[test]\ntargets = ['t']\n";

    /// June 2026 in Brazzaville begins at 23:00 UTC of May 31.
    const JUNE_MS: i64 = 1_780_268_400_000;
    const MINUTE_MS: i64 = 60_000;

    fn samples(minutes: std::ops::Range<i64>, bad: std::ops::Range<i64>) -> SiteSamples {
        let observations = minutes
            .map(|minute| Observation {
                start_unix_ms: JUNE_MS + minute * MINUTE_MS + 15_000,
                uncertainty_ms: 20,
                sequence: 1,
                sent: 5,
                received: if bad.contains(&minute) { 0 } else { 5 },
                rtt_us_min: None,
                rtt_us_median: None,
                rtt_us_max: None,
                rtt_us_mean_successive_difference: None,
                coarse: false,
                line: None,
                outcome: Outcome::Ok,
            })
            .collect();
        SiteSamples {
            targets: vec![TargetSamples {
                id: "t".to_owned(),
                kind: Kind::Icmp,
                anchor: None,
                observations,
                lost_by: Vec::new(),
            }],
            ..SiteSamples::default()
        }
    }

    #[test]
    fn a_running_month_is_figured_so_far_and_not_final() {
        let agreement: Agreement = toml::from_str(AGREEMENT).unwrap();
        let request = MonthRequest {
            agreement: &agreement,
            month: (2026, 6),
            now_unix_ms: JUNE_MS + 100 * MINUTE_MS + 30_000,
        };
        // Down since 3 minutes before the month: 3 + 4 slots make the outage, 4 of them in June.
        let result = request.figures(&samples(-60..100, -3..4), &[]).unwrap();
        let counts = result.figures.counts;
        assert_eq!(
            (counts.period_slots, counts.down_slots, counts.up_slots),
            (100, 4, 96)
        );
        assert!(!result.is_final);
        assert_eq!(result.causes, [Some(Cause::Undetermined)]);
        let (from, to) = request.span().unwrap();
        assert_eq!((JUNE_MS - from, to), (CARRY_IN_MS, request.now_unix_ms));
    }

    #[test]
    fn nothing_measured_is_no_availability_and_the_future_is_refused() {
        let agreement: Agreement = toml::from_str(AGREEMENT).unwrap();
        let mut request = MonthRequest {
            agreement: &agreement,
            month: (2026, 6),
            now_unix_ms: JUNE_MS + 40 * 24 * 60 * MINUTE_MS,
        };
        let result = request.figures(&SiteSamples::default(), &[]).unwrap();
        assert_eq!(result.figures.availability, None);
        assert_eq!(result.figures.counts.unknown_slots, 30 * 24 * 60);
        assert!(result.is_final);
        request.now_unix_ms = JUNE_MS - 1;
        assert_eq!(
            request.figures(&SiteSamples::default(), &[]),
            Err(MonthError::Future)
        );
    }
}
