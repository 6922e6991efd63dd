//! What must hold whatever was measured.

use desserte_domain::account::{
    AccountInput, AccountedSlot, Count, MonthFigures, SlotCounts, account, accounted_slots,
};
use desserte_domain::exclusion::{EXCLUSION_KINDS, Exclusion, ExclusionMode};
use desserte_domain::machine::{Availability, Machine, MachineParameters, MissingPolicy, run};
use desserte_domain::observation::{Observation, Outcome};
use desserte_domain::outage::unavailable_ranges;
use desserte_domain::period::Period;
use desserte_domain::service_hours::{ServiceHours, ServiceWindow};
use desserte_domain::slot::{Rule, SlotRule, SlotState, form_slots};
use proptest::collection::vec;
use proptest::prelude::*;

fn slot() -> impl Strategy<Value = SlotState> {
    prop_oneof![
        4 => Just(SlotState::Good),
        3 => Just(SlotState::Bad),
        2 => Just(SlotState::Unknown),
    ]
}

/// Runs of one state, so that outages are common.
fn slots(count: usize) -> impl Strategy<Value = Vec<SlotState>> {
    vec((slot(), 1_usize..9), count).prop_map(move |runs| {
        let each = runs
            .into_iter()
            .flat_map(|(state, length)| std::iter::repeat_n(state, length));
        each.take(count).collect()
    })
}

fn missing() -> impl Strategy<Value = MissingPolicy> {
    prop_oneof![
        Just(MissingPolicy::Exclude),
        Just(MissingPolicy::AsDown),
        Just(MissingPolicy::AsUp),
        Just(MissingPolicy::Hold),
    ]
}

fn carry() -> impl Strategy<Value = Availability> {
    prop_oneof![
        Just(Availability::Available),
        Just(Availability::Unavailable)
    ]
}

fn parameters() -> impl Strategy<Value = MachineParameters> {
    (1_u32..7, 1_u32..7, missing(), 0_u32..12).prop_map(
        |(n_enter, n_exit, missing, lookahead_max_slots)| MachineParameters {
            n_enter,
            n_exit,
            missing,
            lookahead_max_slots,
        },
    )
}

/// Three days around a clock change, in slots of half an hour: 47 + 2 × 48 = 142.
const PERIOD_SLOTS: usize = 142;

fn period() -> Period {
    let day = |day| jiff::civil::Date::new(2026, 3, day).unwrap();
    Period::between("Europe/Bucharest", day(28), day(31), 1_800).unwrap()
}

#[derive(Debug, Clone)]
struct Month {
    slots: Vec<SlotState>,
    look_ahead: Vec<SlotState>,
    carry_in: Availability,
    machine: MachineParameters,
    mode: ExclusionMode,
    exclusions: Vec<Exclusion>,
    hours: Option<ServiceHours>,
}

impl Month {
    fn figures(&self) -> MonthFigures {
        account(&self.input(&period())).unwrap()
    }

    fn input<'a>(&'a self, period: &'a Period) -> AccountInput<'a> {
        AccountInput {
            period,
            slots: &self.slots,
            look_ahead: &self.look_ahead,
            slots_before_measuring: 0,
            carry_in: self.carry_in,
            machine: self.machine,
            exclusion_mode: self.mode,
            exclusions: &self.exclusions,
            service_hours: self.hours.as_ref(),
            minimum_measured_share: None,
        }
    }
}

fn month() -> impl Strategy<Value = Month> {
    let kind = prop::sample::select(EXCLUSION_KINDS.to_vec());
    let exclusion = (-10_i64..150, 0_i64..40, kind).prop_map(|(from, length, kind)| {
        let start = period().start_unix_ms + from * 1_800_000;
        let to_unix_ms = start + length * 1_800_000;
        Exclusion {
            from_unix_ms: start,
            to_unix_ms,
            class: "maintenance".to_owned(),
            kind,
        }
    });
    let mode = prop_oneof![Just(ExclusionMode::Remove), Just(ExclusionMode::AsUp)];
    let hours = prop_oneof![
        Just(None),
        Just(Some(ServiceHours {
            windows: vec![ServiceWindow {
                days: vec![5, 0],
                from: "20:00".parse().unwrap(),
                to: "07:00".parse().unwrap(),
            }],
            ..ServiceHours::default()
        })),
    ];
    let machine = (carry(), parameters());
    let calendar = (mode, vec(exclusion, 0..4), hours);
    (slots(PERIOD_SLOTS), vec(slot(), 0..20), machine, calendar).prop_map(
        |(slots, look_ahead, (carry_in, machine), (mode, exclusions, hours))| Month {
            slots,
            look_ahead,
            carry_in,
            machine,
            mode,
            exclusions,
            hours,
        },
    )
}

fn parts(counts: &SlotCounts) -> u64 {
    counts.up_slots + counts.down_slots + counts.unknown_slots + counts.excluded_slots
}

proptest! {
    #[test]
    fn every_slot_counts_once(month in month()) {
        let figures = month.figures();
        prop_assert_eq!(figures.counts.period_slots, PERIOD_SLOTS as u64);
        prop_assert_eq!(parts(&figures.counts), figures.counts.period_slots);
        for day in &figures.days {
            prop_assert_eq!(parts(&day.counts), day.counts.period_slots);
        }
        let days = figures.days.iter().fold(SlotCounts::default(), |sum, day| sum.plus(day.counts));
        prop_assert_eq!(days, figures.counts);
    }

    #[test]
    fn the_list_of_slots_adds_up_to_the_figures(month in month()) {
        let period = period();
        let figures = month.figures();
        let slots = accounted_slots(&month.input(&period)).unwrap();
        let of = |count| slots.iter().filter(|slot| slot.count == count).count() as u64;
        let counts = figures.counts;
        prop_assert_eq!(of(Count::Up), counts.up_slots);
        prop_assert_eq!(of(Count::Down), counts.down_slots);
        prop_assert_eq!(of(Count::Unknown), counts.unknown_slots);
        prop_assert_eq!(of(Count::Excluded), counts.excluded_slots);
        let stopped = |slot: &&AccountedSlot<'_>| slot.stopped_by.is_some();
        let down = slots.iter().filter(|slot| slot.count == Count::Down);
        prop_assert_eq!(down.filter(stopped).count() as u64, figures.stopped_slots);
        for slot in &slots {
            let explained = slot.outside_service_hours || slot.excluded_by.is_some();
            prop_assert!(explained || slot.count != Count::Excluded);
        }
    }

    #[test]
    fn a_stop_clock_changes_the_repair_time_only(month in month()) {
        let mut without = month.clone();
        without.exclusions.retain(|one| one.kind.leaves_out());
        let (with, without) = (month.figures(), without.figures());
        prop_assert_eq!(with.counts, without.counts);
        prop_assert_eq!(with.unknown_interval, without.unknown_interval);
        prop_assert_eq!(without.stopped_slots, 0);
        prop_assert!(with.stopped_slots <= with.counts.down_slots);
        if let (Some(net), Some(gross)) =
            (with.mean_time_to_repair_minutes, without.mean_time_to_repair_minutes)
        {
            prop_assert_eq!(net.denominator, gross.denominator);
            let slot = u64::from(period().slot_seconds);
            prop_assert_eq!(net.numerator + with.stopped_slots * slot, gross.numerator);
        }
    }

    #[test]
    fn availability_is_at_most_one_and_inside_its_interval(month in month()) {
        let figures = month.figures();
        prop_assert_eq!(figures.availability.is_none(), figures.counts.measured_slots == 0);
        if let Some(availability) = figures.availability {
            prop_assert!(availability.numerator <= availability.denominator);
        }
        if let (Some([least, most]), MissingPolicy::Exclude | MissingPolicy::Hold) =
            (figures.unknown_interval, month.machine.missing)
        {
            prop_assert!(least.approximate() <= most.approximate() + 1e-12);
            // Under hold every slot counts, so the figure is one of the possible truths' bounds.
            if month.machine.missing == MissingPolicy::Hold {
                let figure = figures.availability.unwrap().approximate();
                prop_assert!(least.approximate() <= figure + 1e-12);
                prop_assert!(figure <= most.approximate() + 1e-12);
            }
        }
    }

    #[test]
    fn outages_never_overlap_and_hold_all_downtime(month in month()) {
        let figures = month.figures();
        for pair in figures.outages.windows(2) {
            prop_assert!(pair[0].end_unix_ms < pair[1].start_unix_ms);
        }
        for outage in &figures.outages {
            prop_assert!(outage.start_unix_ms < outage.end_unix_ms && outage.down_slots > 0);
            prop_assert!(outage.start_unix_ms >= period().start_unix_ms);
            prop_assert!(outage.end_unix_ms <= period().end_unix_ms);
        }
        let down: u64 = figures.outages.iter().map(|outage| outage.down_slots).sum();
        prop_assert_eq!(down, figures.counts.down_slots);
    }

    #[test]
    fn one_state_less_bad_is_never_more_downtime(month in month(), which in 0..PERIOD_SLOTS) {
        let down = |slots: &[SlotState]| {
            let run = run(month.machine, month.carry_in, slots, &month.look_ahead);
            run.states.iter().filter(|state| **state == Availability::Unavailable).count()
        };
        let (mut better, mut worse) = (month.slots.clone(), month.slots.clone());
        better[which] = SlotState::Good;
        worse[which] = SlotState::Bad;
        prop_assert!(down(&better) <= down(&worse));
    }

    #[test]
    fn two_periods_are_one_when_the_look_ahead_suffices(
        slots in slots(120), cut in 1_usize..119, parameters in parameters(), carry_in in carry(),
    ) {
        let parameters = MachineParameters { lookahead_max_slots: 200, ..parameters };
        let whole = run(parameters, carry_in, &slots, &[]);
        let first = run(parameters, carry_in, &slots[..cut], &slots[cut..]);
        let second = run(parameters, first.state_at_end, &slots[cut..], &[]);
        prop_assert_eq!(&whole.states[..cut], &first.states[..]);
        // The second period does not see the bad slots before it: it may only differ in a run
        // that the cut divides, where the first period's verdict carries it.
        prop_assert_eq!(&whole.states[cut..], &second.states[..]);
    }

    #[test]
    fn slot_by_slot_ends_in_the_same_state(
        slots in slots(80), parameters in parameters(), carry_in in carry(),
    ) {
        let mut machine = Machine::new(parameters, carry_in);
        let mut changes = 0;
        for slot in &slots {
            changes += usize::from(machine.push(*slot).is_some());
        }
        let whole = run(parameters, carry_in, &slots, &[]);
        prop_assert_eq!(machine.state(), whole.state_at_end);
        prop_assert_eq!(machine.pending_from_slot().is_some() && parameters.lookahead_max_slots > 0,
            whole.open_from_slot.is_some());
        let ranges = unavailable_ranges(&whole.states);
        prop_assert!(ranges.len() <= changes / 2 + 1);
    }

    #[test]
    fn the_order_of_observations_changes_nothing(
        (given, shuffled) in vec(observation(), 0..60)
            .prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle())),
        rule in prop_oneof![Just(Rule::Any), Just(Rule::All), Just(Rule::Quorum(2))],
    ) {
        let rule = SlotRule { rule, ..SlotRule::default() };
        let form = |all: &[Observation]| {
            let targets: Vec<Vec<Observation>> = (0..3)
                .map(|target| all.iter().copied().filter(|o| o.sequence % 3 == target).collect())
                .collect();
            let targets: Vec<&[Observation]> = targets.iter().map(Vec::as_slice).collect();
            form_slots(&rule, 0, 10, &targets)
        };
        prop_assert_eq!(form(&given), form(&shuffled));
    }
}

fn observation() -> impl Strategy<Value = Observation> {
    let counts = (0_u16..6).prop_flat_map(|sent| (Just(sent), 0..=sent));
    let outcome = prop_oneof![4 => Just(Outcome::Timeout), 1 => Just(Outcome::NoRoute), 1 => Just(Outcome::NotSent)];
    (
        -60_000_i64..700_000,
        0_u32..40_000,
        0_u64..9,
        counts,
        outcome,
    )
        .prop_map(
            |(start_unix_ms, uncertainty_ms, sequence, (sent, received), outcome)| Observation {
                start_unix_ms,
                uncertainty_ms,
                sequence,
                sent,
                received,
                rtt_us_min: None,
                rtt_us_median: None,
                rtt_us_max: None,
                rtt_us_mean_successive_difference: None,
                coarse: false,
                line: None,
                outcome,
            },
        )
}
