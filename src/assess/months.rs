//! A month's figures of a site and an agreement, from its samples.

mod settle;

use desserte_domain::account::{
    AccountError, AccountInput, AccountedOutage, Count, MonthFigures, account, accounted_slots,
    slots_to_come,
};
use desserte_domain::agreement::Agreement;
use desserte_domain::cause::Cause;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::machine::{Availability, run_from};
use desserte_domain::period::{Period, PeriodError};
use desserte_domain::promise::Promise;
use desserte_domain::settlement::SiteSettlement;
use desserte_domain::slot::SlotState;

use super::judge::{SiteSamples, Window, verdict};
use super::test::{Column, SiteTest};

/// How far before the month the machine starts, milliseconds: the state that is carried in is found
/// by running over the week before. An outage without a single known slot in a week is forgotten.
const CARRY_IN_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// Evidence is read so much before an outage (what was said of a link before still holds) and after
/// it (an agent that was silent explains it when it is back), milliseconds.
const EVIDENCE_BEFORE_MS: i64 = 300_000;
pub(crate) const EVIDENCE_AFTER_MS: i64 = 3_600_000;

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
    /// What they mean for what was promised.
    pub promise: Promise,
    /// What they mean beyond that: incidents, quality, evidence, money.
    pub settlement: SiteSettlement,
    /// When the month is closed: until then its exclusions may change. `None` outside the calendar.
    pub closes_unix_ms: Option<i64>,
    /// The month is over, and no later slot can turn one of it. Late data may still make another
    /// revision.
    pub is_final: bool,
}

/// A month's slots, one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthSlots {
    /// The period that they fill.
    pub period: Period,
    /// The slots.
    pub rows: Vec<MonthSlot>,
}

/// One slot of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthSlot {
    /// Its start, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Its own samples.
    pub state: SlotState,
    /// What the machine says of it.
    pub availability: Availability,
    /// How it counts.
    pub count: Count,
    /// It starts outside the hours that count.
    pub outside_service_hours: bool,
    /// Class of the exclusion that leaves it out.
    pub excluded_by: Option<String>,
    /// Class of the stop-clock in which it lies.
    pub stopped_by: Option<String>,
    /// Packets or requests sent, over the targets that count.
    pub sent: u64,
    /// Answered.
    pub received: u64,
    /// Cause of the outage in which it lies.
    pub cause: Option<Cause>,
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
        let whole = self.agreement.month(year, month)?;
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
        let formed = self.form(samples)?;
        let figures = account(&formed.input(self.agreement, exclusions))?;
        let causes = formed.causes(samples, &figures.outages);
        self.result(formed, (figures, causes), exclusions, samples)
    }

    /// The same, reading only the evidence that an outage needs: `seen` is asked for what was seen in
    /// a span around each, and its targets are not looked at. A month of a site has hundreds of
    /// thousands of facts and a handful of outages.
    pub fn figures_asking<E>(
        &self,
        mut samples: SiteSamples,
        exclusions: &[Exclusion],
        mut seen: impl FnMut((i64, i64)) -> Result<SiteSamples, E>,
    ) -> Result<Result<MonthResult, MonthError>, E> {
        let counted = self.form(&samples).and_then(|formed| {
            let figures = account(&formed.input(self.agreement, exclusions))?;
            Ok((formed, figures))
        });
        let (formed, figures) = match counted {
            Ok(counted) => counted,
            Err(error) => return Ok(Err(error)),
        };
        let mut causes = Vec::with_capacity(figures.outages.len());
        for outages in figures.outages.chunk_by(|one, next| {
            next.start_unix_ms - one.end_unix_ms <= EVIDENCE_BEFORE_MS + EVIDENCE_AFTER_MS
        }) {
            let (Some(first), Some(last)) = (outages.first(), outages.last()) else {
                continue;
            };
            let span = (
                first.start_unix_ms - EVIDENCE_BEFORE_MS,
                last.end_unix_ms + EVIDENCE_AFTER_MS,
            );
            samples = SiteSamples {
                targets: samples.targets,
                rates: samples.rates,
                ..seen(span)?
            };
            causes.append(&mut formed.causes(&samples, outages));
        }
        Ok(self.result(formed, (figures, causes), exclusions, &samples))
    }

    fn result(
        &self,
        formed: Formed,
        (figures, causes): (MonthFigures, Vec<Option<Cause>>),
        exclusions: &[Exclusion],
        samples: &SiteSamples,
    ) -> Result<MonthResult, MonthError> {
        let agreement = self.agreement;
        let to_come = slots_to_come(
            &formed.whole,
            formed.period.slot_count(),
            agreement.service_hours.as_ref(),
            (agreement.exclusions.mode, exclusions),
        )?;
        let ended = formed.period.end_unix_ms == formed.whole.end_unix_ms;
        let promise = agreement.promise(&figures, &causes, to_come);
        let found = (&figures, causes.as_slice(), &promise);
        Ok(MonthResult {
            settlement: self.settled(&formed, found, exclusions, samples)?,
            promise,
            closes_unix_ms: agreement.closes_unix_ms(self.month.0, self.month.1),
            is_final: ended && figures.open_from_slot.is_none(),
            period: formed.period,
            figures,
            causes,
        })
    }

    /// The slots of the figures one by one.
    pub fn slots(
        &self,
        samples: &SiteSamples,
        exclusions: &[Exclusion],
    ) -> Result<MonthSlots, MonthError> {
        let formed = self.form(samples)?;
        let input = formed.input(self.agreement, exclusions);
        let figures = account(&input)?;
        let causes = formed.causes(samples, &figures.outages);
        let packets = packets(&formed, samples);
        let cause_at = |at: i64| {
            let position = figures.outages.partition_point(|one| one.end_unix_ms <= at);
            let inside = figures.outages.get(position)?.start_unix_ms <= at;
            causes.get(position).copied().flatten().filter(|_| inside)
        };
        let rows = accounted_slots(&input)?
            .into_iter()
            .zip(packets)
            .map(|(slot, (sent, received))| MonthSlot {
                start_unix_ms: slot.start_unix_ms,
                state: slot.state,
                availability: slot.availability,
                count: slot.count,
                outside_service_hours: slot.outside_service_hours,
                excluded_by: slot.excluded_by.map(|one| one.class.clone()),
                stopped_by: slot.stopped_by.map(|one| one.class.clone()),
                sent,
                received,
                cause: cause_at(slot.start_unix_ms),
            })
            .collect();
        Ok(MonthSlots {
            rows,
            period: formed.period,
        })
    }

    fn form(&self, samples: &SiteSamples) -> Result<Formed, MonthError> {
        let whole = self.period()?;
        let period = whole.until(self.now_unix_ms);
        let test = SiteTest::of(self.agreement);
        let columns = test.counted(&samples.targets);
        let slots = test.slots(period.start_unix_ms, period.slot_count(), &columns);
        let look_ahead = self.look_ahead(&test, &period, &columns);
        let first = match columns.as_slice() {
            [] => Some(i64::MAX),
            some => some.iter().filter_map(|one| one.first_unix_ms).min(),
        };
        let (carry_in, carried_in_since_unix_ms) =
            carry_in(&test, &period, &columns, (first, &slots));
        Ok(Formed {
            carried_in_since_unix_ms,
            slots_before_measuring: slots_until(first, &period),
            whole,
            period,
            test,
            slots,
            look_ahead,
            carry_in,
        })
    }

    fn look_ahead(
        &self,
        test: &SiteTest,
        period: &Period,
        columns: &[Column<'_>],
    ) -> Vec<SlotState> {
        let passed = (self.now_unix_ms - period.end_unix_ms).max(0) / period.slot_ms();
        let most = i64::from(self.agreement.machine.lookahead_max_slots);
        let count = usize::try_from(passed.min(most)).unwrap_or(0);
        test.slots(period.end_unix_ms, count, columns)
    }
}

/// A month's slots as they were measured, before any is counted.
struct Formed {
    whole: Period,
    period: Period,
    test: SiteTest,
    slots: Vec<SlotState>,
    look_ahead: Vec<SlotState>,
    carry_in: Availability,
    /// When the outage that was carried in began.
    carried_in_since_unix_ms: Option<i64>,
    slots_before_measuring: usize,
}

impl Formed {
    fn input<'a>(&'a self, terms: &'a Agreement, exclusions: &'a [Exclusion]) -> AccountInput<'a> {
        let slots = (self.slots.as_slice(), self.look_ahead.as_slice());
        AccountInput {
            slots_before_measuring: self.slots_before_measuring,
            ..terms.account_input(&self.period, slots, self.carry_in, exclusions)
        }
    }

    fn causes(&self, samples: &SiteSamples, outages: &[AccountedOutage]) -> Vec<Option<Cause>> {
        let (start, slot_ms) = (self.period.start_unix_ms, self.period.slot_ms());
        let window = Window {
            start_unix_ms: start,
            slot_ms,
            slots: self.slots.len(),
        };
        let slot_of = |at: i64| usize::try_from((at - start) / slot_ms).unwrap_or(0);
        outages
            .iter()
            .map(|outage| {
                let range = slot_of(outage.start_unix_ms)..slot_of(outage.end_unix_ms);
                Some(verdict(&self.test, samples, &self.slots, range, window).cause)
            })
            .collect()
    }
}

/// Packets sent and received in each slot, over the targets that count.
fn packets(formed: &Formed, samples: &SiteSamples) -> Vec<(u64, u64)> {
    let mut sums = vec![(0, 0); formed.slots.len()];
    let period = &formed.period;
    let inside = period.start_unix_ms..period.end_unix_ms;
    for column in formed.test.counted(&samples.targets) {
        for one in column
            .observations
            .iter()
            .filter(|one| inside.contains(&one.start_unix_ms))
        {
            let slot = (one.start_unix_ms - period.start_unix_ms) / period.slot_ms();
            let held = usize::try_from(slot)
                .ok()
                .and_then(|slot| sums.get_mut(slot));
            if let Some((sent, received)) = held {
                *sent += u64::from(one.sent);
                *received += u64::from(one.received);
            }
        }
    }
    sums
}

/// Whole slots of a period before the first sample; none where it is not known.
fn slots_until(first_unix_ms: Option<i64>, period: &Period) -> usize {
    let passed = first_unix_ms.map(|first| first.saturating_sub(period.start_unix_ms));
    let slots = passed.map(|passed| passed.max(0) / period.slot_ms());
    usize::try_from(slots.unwrap_or(0)).unwrap_or(0)
}

/// The state at the end of the week before, its last slots decided by this period's first ones, and
/// when the outage began that lasts then.
fn carry_in(
    test: &SiteTest,
    period: &Period,
    columns: &[Column<'_>],
    (first_unix_ms, slots): (Option<i64>, &[SlotState]),
) -> (Availability, Option<i64>) {
    let count = CARRY_IN_MS / period.slot_ms();
    let week = Period {
        start_unix_ms: period.start_unix_ms - count * period.slot_ms(),
        ..period.clone()
    };
    let count = usize::try_from(count).unwrap_or(0);
    let before = test.slots(week.start_unix_ms, count, columns);
    let unmeasured = slots_until(first_unix_ms, &week);
    let (machine, up) = (test.machine, Availability::Available);
    let run = run_from(unmeasured, machine, up, &before, slots);
    let last_up = run.states.iter().rposition(|state| *state == up);
    let since = last_up.map_or(0, |slot| slot + 1);
    let since = (since < count).then(|| week.slot_start_unix_ms(since));
    (run.state_at_end, since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::TargetSamples;
    use desserte_domain::observation::{Observation, Outcome};
    use desserte_probe::report::Kind;

    const AGREEMENT: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        time_zone = 'Africa/Brazzaville'\nsites = ['s']\n\
        parties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = '99.9' }\n[test]\ntargets = ['t']\n";

    /// June 2026 in Brazzaville begins at 23:00 UTC of May 31.
    const JUNE_MS: i64 = 1_780_268_400_000;
    const MINUTE_MS: i64 = 60_000;

    fn samples(minutes: std::ops::Range<i64>, bad: std::ops::Range<i64>) -> SiteSamples {
        let observations = minutes
            .clone()
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
                first_unix_ms: Some(JUNE_MS + minutes.start * MINUTE_MS + 15_000),
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
    fn a_month_before_the_first_agent_is_unknown_even_where_missing_counts_as_down() {
        let mut agreement: Agreement = toml::from_str(AGREEMENT).unwrap();
        agreement.machine.missing = desserte_domain::machine::MissingPolicy::AsDown;
        let request = MonthRequest {
            agreement: &agreement,
            month: (2026, 6),
            now_unix_ms: JUNE_MS + 1_000 * MINUTE_MS,
        };
        let figured = |from, first_minute: i64| {
            let mut samples = samples(from..900, 0..0);
            samples.targets[0].first_unix_ms = Some(JUNE_MS + first_minute * MINUTE_MS + 15_000);
            let counts = request.figures(&samples, &[]).unwrap().figures.counts;
            (counts.unknown_slots, counts.down_slots, counts.up_slots)
        };
        assert_eq!(figured(600, 600), (600, 100, 300));
        let never = request.figures(&SiteSamples::default(), &[]).unwrap();
        assert_eq!(never.figures.counts.unknown_slots, 1_000);
        // Measured weeks before: what is missing since counts as the agreement says.
        assert_eq!(figured(600, -20_000), (0, 700, 300));
    }

    #[test]
    fn evidence_is_asked_for_around_outages_only() {
        let agreement: Agreement = toml::from_str(AGREEMENT).unwrap();
        let request = MonthRequest {
            agreement: &agreement,
            month: (2026, 6),
            now_unix_ms: JUNE_MS + 1_000 * MINUTE_MS,
        };
        let mut measured = samples(0..1_000, 100..110);
        let outages = [100..110, 130..140, 800..810];
        for one in &mut measured.targets[0].observations {
            let minute = (one.start_unix_ms - JUNE_MS) / MINUTE_MS;
            let down = outages.iter().any(|outage| outage.contains(&minute));
            one.received = if down { 0 } else { 5 };
        }
        let whole = request.figures(&measured, &[]).unwrap();
        let mut asked = Vec::new();
        let found = request
            .figures_asking(measured, &[], |(from, to)| {
                let minute = |at: i64| (at - JUNE_MS) / MINUTE_MS;
                asked.push((minute(from), minute(to)));
                Ok::<_, ()>(SiteSamples::default())
            })
            .unwrap()
            .unwrap();
        assert_eq!(asked, [(95, 200), (795, 870)]);
        assert_eq!(found, whole);
        assert_eq!(found.causes.len(), 3);
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
