//! A period's figures for an agreement: the accounting of `sla-ref-1`.

mod count;
mod slots;

pub use count::{Count, slots_to_come};
pub use slots::{AccountedSlot, accounted_slots};

use jiff::civil::Date;
use serde::Serialize;

use count::{Treatment, count_slots};

use crate::decimal::{Decimal, Fraction};
use crate::exclusion::{Exclusion, ExclusionMode, stopped_slots};
use crate::machine::{Availability, MachineParameters, MachineRun, MissingPolicy, run_from};
use crate::outage::unavailable_ranges;
use crate::period::{Period, PeriodError};
use crate::service_hours::ServiceHours;
use crate::slot::SlotState;

/// All that a period's figures depend on.
#[derive(Debug, Clone)]
pub struct AccountInput<'a> {
    /// The period; cut it with [`Period::until`] while it runs.
    pub period: &'a Period,
    /// One state per slot of the period.
    pub slots: &'a [SlotState],
    /// Slots after the period's end known so far.
    pub look_ahead: &'a [SlotState],
    /// Slots before the first measurement that there ever was: unknown, whatever the agreement says
    /// of missing slots.
    pub slots_before_measuring: usize,
    /// State at the end of the previous period.
    pub carry_in: Availability,
    /// Parameters of the machine.
    pub machine: MachineParameters,
    /// How excluded slots count.
    pub exclusion_mode: ExclusionMode,
    /// Excluded intervals.
    pub exclusions: &'a [Exclusion],
    /// Hours that count; `None` = all.
    pub service_hours: Option<&'a ServiceHours>,
    /// Share of the slots that must be measured for the figure to be billed; `None` = not asked.
    pub minimum_measured_share: Option<Decimal>,
}

impl AccountInput<'_> {
    fn run(&self, machine: MachineParameters) -> MachineRun {
        let first = self.slots_before_measuring;
        run_from(first, machine, self.carry_in, self.slots, self.look_ahead)
    }

    /// The number of slots, which must be that of the period.
    fn check(&self) -> Result<usize, AccountError> {
        let (given, expected) = (self.slots.len(), self.period.slot_count());
        if given == expected {
            return Ok(expected);
        }
        Err(AccountError::SlotCount { given, expected })
    }
}

/// Why figures cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The slots are not those of the period.
    #[error("account period: {given} slots given for a period of {expected}")]
    SlotCount {
        /// Slots given.
        given: usize,
        /// Slots of the period.
        expected: usize,
    },
    /// The period's calendar.
    #[error("account period: {0}")]
    Period(#[from] PeriodError),
}

/// Counts of slots; those of a period are the sums of those of its days, and
/// `up + down + unknown + excluded = period` always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SlotCounts {
    /// All slots.
    pub period_slots: u64,
    /// Left out on both sides: excluded (mode `remove`) or outside service hours.
    pub excluded_slots: u64,
    /// Without data, under a policy that does not count them.
    pub unknown_slots: u64,
    /// `up + down`.
    pub measured_slots: u64,
    /// Counted as down.
    pub down_slots: u64,
    /// Counted as up.
    pub up_slots: u64,
    /// Measured slots whose own sample was good, whatever the machine says of them.
    pub raw_good_slots: u64,
    /// Slots counted as up whose own sample was bad: flapping, shown and not hidden.
    pub degraded_slots: u64,
}

impl SlotCounts {
    /// The counts of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            period_slots: self.period_slots + other.period_slots,
            excluded_slots: self.excluded_slots + other.excluded_slots,
            unknown_slots: self.unknown_slots + other.unknown_slots,
            measured_slots: self.measured_slots + other.measured_slots,
            down_slots: self.down_slots + other.down_slots,
            up_slots: self.up_slots + other.up_slots,
            raw_good_slots: self.raw_good_slots + other.raw_good_slots,
            degraded_slots: self.degraded_slots + other.degraded_slots,
        }
    }

    /// `up / measured`; `None` when nothing was measured.
    #[must_use]
    pub fn availability(&self) -> Option<Fraction> {
        Fraction::of(self.up_slots, self.measured_slots)
    }

    /// `measured / (period − excluded)`; `None` when all is excluded.
    #[must_use]
    pub fn coverage(&self) -> Option<Fraction> {
        Fraction::of(
            self.measured_slots,
            self.period_slots.saturating_sub(self.excluded_slots),
        )
    }
}

/// An outage as it counts in a period: clipped to it, with the slots counted as down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AccountedOutage {
    /// Start of its first slot, Unix milliseconds.
    pub start_unix_ms: i64,
    /// Start of the first good slot of its exit run, or the period's end.
    pub end_unix_ms: i64,
    /// Slots counted as down in it (at least 1).
    pub down_slots: u64,
    /// Those of them in a stop-clock: down, and off the repair time.
    pub stopped_slots: u64,
    /// It was not over at the period's end.
    pub reaches_period_end: bool,
}

/// Slots of one local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayFigures {
    /// The local day.
    pub day: Date,
    /// Its slots, as the period's one run of the machine judged them.
    #[serde(flatten)]
    pub counts: SlotCounts,
}

/// The figures of a period (a month, mostly).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthFigures {
    /// Counts of slots.
    #[serde(flatten)]
    pub counts: SlotCounts,
    /// `up / measured`, exact; `None` when nothing was measured.
    pub availability: Option<Fraction>,
    /// The same in percent with six decimals, half to even.
    pub availability_percent: Option<String>,
    /// Outages with at least one slot counted as down.
    pub outages: Vec<AccountedOutage>,
    /// Slots counted as down in a stop-clock: down, and off the repair time.
    pub stopped_slots: u64,
    /// `(down_slots − stopped_slots) / outages × slot_seconds / 60`, minutes; `None` without an
    /// outage.
    pub mean_time_to_repair_minutes: Option<Fraction>,
    /// `up_slots / outages × slot_seconds / 60`, minutes; `None` without an outage.
    pub mean_time_between_failures_minutes: Option<Fraction>,
    /// `measured / (period − excluded)`.
    pub coverage: Option<Fraction>,
    /// Whether enough was measured; `None` when the agreement asks for no minimum.
    pub billable: Option<bool>,
    /// Availability if every unknown slot had been bad, and if every one had been good.
    pub unknown_interval: Option<[Fraction; 2]>,
    /// First slot that later slots may still turn; `None` when the period is decided.
    pub open_from_slot: Option<usize>,
    /// State at the period's end: the next period's carry-in.
    pub state_at_end: Availability,
    /// Local days of the period that have a slot (not those still to come).
    pub days: Vec<DayFigures>,
}

/// Computes a period's figures.
pub fn account(input: &AccountInput<'_>) -> Result<MonthFigures, AccountError> {
    let expected = input.check()?;
    let treatment = Treatment::of(input)?;
    let machine = input.run(input.machine);
    let counted = count_slots(input, &treatment, &machine, input.machine.missing);
    let counts = sum(input.slots, &counted, 0..expected);
    let stopped = stopped_slots(input.period, input.exclusions);
    let outages = accounted_outages(input.period, &machine, &counted, &stopped);
    let stopped_slots = outages.iter().map(|outage| outage.stopped_slots).sum();
    let days = input
        .period
        .days()?
        .into_iter()
        .filter(|(_, slots)| !slots.is_empty())
        .map(|(day, slots)| DayFigures {
            day,
            counts: sum(input.slots, &counted, slots),
        })
        .collect();
    let availability = counts.availability();
    let coverage = counts.coverage();
    Ok(MonthFigures {
        counts,
        availability,
        availability_percent: availability.map(Fraction::percent_six_decimals_half_even),
        stopped_slots,
        mean_time_to_repair_minutes: mean_minutes(
            input.period,
            counts.down_slots.saturating_sub(stopped_slots),
            outages.len(),
        ),
        mean_time_between_failures_minutes: mean_minutes(
            input.period,
            counts.up_slots,
            outages.len(),
        ),
        outages,
        coverage,
        billable: input
            .minimum_measured_share
            .map(|share| coverage.is_some_and(|measured| share.compare_fraction(measured).is_ge())),
        unknown_interval: unknown_interval(input, &treatment, availability),
        open_from_slot: machine.open_from_slot,
        state_at_end: machine.state_at_end,
        days,
    })
}

fn sum(slots: &[SlotState], counted: &[Count], range: std::ops::Range<usize>) -> SlotCounts {
    let mut counts = SlotCounts::default();
    let rows = slots
        .iter()
        .zip(counted)
        .skip(range.start)
        .take(range.len());
    for (state, count) in rows {
        counts.period_slots += 1;
        match count {
            Count::Excluded => counts.excluded_slots += 1,
            Count::Unknown => counts.unknown_slots += 1,
            Count::Up => counts.up_slots += 1,
            Count::Down => counts.down_slots += 1,
        }
        let measured = matches!(count, Count::Up | Count::Down);
        counts.measured_slots += u64::from(measured);
        counts.raw_good_slots += u64::from(measured && *state == SlotState::Good);
        counts.degraded_slots += u64::from(*count == Count::Up && *state == SlotState::Bad);
    }
    counts
}

fn accounted_outages(
    period: &Period,
    machine: &MachineRun,
    counted: &[Count],
    stopped: &[bool],
) -> Vec<AccountedOutage> {
    unavailable_ranges(&machine.states)
        .into_iter()
        .filter_map(|range| {
            let inside = counted.get(range.clone()).unwrap_or_default();
            let down = |count: &&Count| **count == Count::Down;
            let down_slots = inside.iter().filter(down).count() as u64;
            let clock = stopped.get(range.clone()).unwrap_or_default();
            let both = inside.iter().zip(clock);
            let stopped_slots = both.filter(|(count, stop)| down(count) && **stop).count() as u64;
            (down_slots > 0).then_some(AccountedOutage {
                start_unix_ms: period.slot_start_unix_ms(range.start),
                end_unix_ms: period.slot_start_unix_ms(range.end),
                down_slots,
                stopped_slots,
                reaches_period_end: range.end == counted.len(),
            })
        })
        .collect()
}

/// `slots / outages × slot_seconds / 60`, minutes.
fn mean_minutes(period: &Period, slots: u64, outages: usize) -> Option<Fraction> {
    let outages = u64::try_from(outages).ok()?;
    Fraction::of(slots * u64::from(period.slot_seconds), outages * 60)
}

/// The bounds by running the machine twice more, with every unknown slot bad and with every one
/// good. More bad slots never make less downtime, so every possible truth lies between the two.
fn unknown_interval(
    input: &AccountInput<'_>,
    treatment: &Treatment,
    availability: Option<Fraction>,
) -> Option<[Fraction; 2]> {
    if !input.slots.contains(&SlotState::Unknown) && !input.look_ahead.contains(&SlotState::Unknown)
    {
        return availability.map(|exact| [exact, exact]);
    }
    // Every slot that nobody measured may have been either.
    let input = &AccountInput {
        slots_before_measuring: 0,
        ..input.clone()
    };
    let under = |missing| {
        let parameters = MachineParameters {
            missing,
            ..input.machine
        };
        let machine = input.run(parameters);
        let counted = count_slots(input, treatment, &machine, missing);
        sum(input.slots, &counted, 0..counted.len()).availability()
    };
    Some([under(MissingPolicy::AsDown)?, under(MissingPolicy::AsUp)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Bad, Good, Unknown};

    fn june() -> Period {
        Period::month("UTC", 2026, 6, 3_600).unwrap()
    }

    fn input<'a>(period: &'a Period, slots: &'a [SlotState]) -> AccountInput<'a> {
        AccountInput {
            period,
            slots,
            look_ahead: &[],
            slots_before_measuring: 0,
            carry_in: Availability::Available,
            machine: MachineParameters::default(),
            exclusion_mode: ExclusionMode::Remove,
            exclusions: &[],
            service_hours: None,
            minimum_measured_share: None,
        }
    }

    #[test]
    fn missing_slots_before_the_first_measurement_are_unknown_under_every_policy() {
        let period = june();
        let mut slots = vec![Good; 720];
        slots[..300].fill(Unknown);
        slots[500..510].fill(Unknown);
        for (missing, down) in [(MissingPolicy::AsDown, 10), (MissingPolicy::AsUp, 0)] {
            let figures = account(&AccountInput {
                slots_before_measuring: 300,
                machine: MachineParameters {
                    missing,
                    ..MachineParameters::default()
                },
                ..input(&period, &slots)
            })
            .unwrap();
            let counts = figures.counts;
            assert_eq!((counts.unknown_slots, counts.down_slots), (300, down));
            assert_eq!(counts.up_slots, 420 - down);
            // What nobody measured may have been either.
            let [least, _] = figures.unknown_interval.unwrap();
            assert_eq!(Some(least), Fraction::of(410, 720));
        }
    }

    #[test]
    fn slots_of_another_period_are_refused() {
        let period = june();
        let error = account(&input(&period, &[Good; 719])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "account period: 719 slots given for a period of 720"
        );
    }

    #[test]
    fn unknown_slots_widen_the_interval_by_what_they_may_hide() {
        let period = june();
        let mut slots = vec![Good; 720];
        // Two known bad slots each side of one unknown: an outage of five if it was bad.
        slots[10..15].copy_from_slice(&[Bad, Bad, Unknown, Bad, Bad]);
        let figures = account(&input(&period, &slots)).unwrap();
        assert_eq!(figures.availability.unwrap().to_string(), "719/719");
        let interval = figures.unknown_interval.unwrap().map(|one| one.to_string());
        assert_eq!(interval, ["715/720", "720/720"]);
        assert_eq!(figures.counts.degraded_slots, 4);
        assert_eq!(figures.counts.raw_good_slots, 715);
    }

    #[test]
    fn without_unknown_slots_the_interval_is_a_point_and_of_nothing_there_is_none() {
        let period = june();
        let figures = account(&input(&period, &[Good; 720])).unwrap();
        assert_eq!(
            figures.unknown_interval.unwrap().map(|one| one.numerator),
            [720, 720]
        );
        let none = period.until(period.start_unix_ms);
        let figures = account(&input(&none, &[])).unwrap();
        assert_eq!(figures.unknown_interval, None);
        assert_eq!(figures.availability, None);
        assert_eq!(figures.coverage, None);
    }

    #[test]
    fn exactly_the_minimum_measured_is_enough() {
        let period = june();
        let mut slots = vec![Good; 720];
        slots[..180].fill(Unknown);
        let billable = |share: &str| {
            let minimum_measured_share = Some(share.parse().unwrap());
            account(&AccountInput {
                minimum_measured_share,
                ..input(&period, &slots)
            })
            .unwrap()
            .billable
        };
        assert_eq!(billable("0.75"), Some(true));
        assert_eq!(billable("0.750000001"), Some(false));
    }

    #[test]
    fn an_open_end_is_said() {
        let period = june();
        let mut slots = vec![Good; 720];
        slots[717..].fill(Bad);
        let open = account(&input(&period, &slots)).unwrap();
        assert_eq!(open.open_from_slot, Some(717));
        assert_eq!(open.counts.down_slots, 0);
        let closed = account(&AccountInput {
            look_ahead: &[Bad, Bad],
            ..input(&period, &slots)
        });
        let closed = closed.unwrap();
        assert_eq!((closed.open_from_slot, closed.counts.down_slots), (None, 3));
        assert!(closed.outages[0].reaches_period_end);
        assert_eq!(closed.state_at_end, Availability::Unavailable);
    }
}
