//! Whatever was measured and however it came: figures stay inside their bounds, money below its cap.

use std::collections::{BTreeMap, BTreeSet};

use desserte_domain::credit::{CreditBasis, MoneyTerms, Promised};
use desserte_domain::decimal::Fraction;
use desserte_domain::identity::{Settled, settle};
use desserte_domain::observation::{Observation, Outcome};
use desserte_domain::percentile::{interpolated, mean, nearest_rank};
use desserte_domain::slot::{SlotRule, form_slots};
use desserte_domain::sufficiency::{Z_95, autocorrelation, effective_samples_hundredths, wilson};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn terms() -> impl Strategy<Value = MoneyTerms> {
    let percent = 0_u32..=100;
    let rounding = select(vec!["down", "half_up", "half_even", "up"]);
    let counting = select(vec!["begun", "full", "exact"]);
    (
        vec((0_u32..6, percent.clone()), 0..6),
        proptest::option::of(percent),
        rounding,
        counting,
    )
        .prop_map(|(rules, cap, rounding, counting)| {
            let mut text = vec![format!(
                "currency = 'XAF'\nmonthly_fee = '1'\nrounding = '{rounding}'\n"
            )];
            if let Some(cap) = cap {
                text.push(format!("cap_percent = '{cap}'\n"));
            }
            for (rule, percent) in rules {
                text.push("[[credits]]\n".to_owned());
                let credit = format!("credit_percent = '{percent}'");
                text.push(match rule {
                    0 => format!(
                        "rule = 'tiers'\ntiers = [{{ from_percent = '99', credit_percent = '0' }}, \
                         {{ from_percent = '0', {credit} }}]\n"
                    ),
                    1 => format!(
                        "rule = 'per_hour_beyond_target'\n{credit}\ncounting = '{counting}'\n"
                    ),
                    2 => format!("rule = 'per_block'\nblock_minutes = 60\n{credit}\n"),
                    3 => format!(
                        "rule = 'per_hour_of_late_repair'\n{credit}\ncounting = '{counting}'\n"
                    ),
                    4 => format!("rule = 'unconnected_days'\ndays = 3\n{credit}\n"),
                    _ => format!("rule = 'missed_objective'\nobjective = 'loss'\n{credit}\n"),
                });
            }
            toml::from_str(&text.concat()).unwrap()
        })
}

fn basis() -> impl Strategy<Value = CreditBasis> {
    let availability = (0_u64..=1_000).prop_map(|up| Fraction::of(up, 1_000));
    (
        0_u64..10_000_000_000,
        select(vec![1_u32, 60, 300]),
        prop_oneof![Just(None), availability],
        0_u64..50_000,
        vec((0_u64..50_000, 1_u32..32), 0..5),
        vec(1_u64..50_000, 0..5),
        vec(1_u32..32, 0..4),
        any::<bool>(),
    )
        .prop_map(
            |(fee_minor, slot_seconds, availability, beyond, outages, late, runs, missed)| {
                CreditBasis {
                    fee_minor,
                    slot_seconds,
                    availability,
                    slots_beyond_target: beyond,
                    outages,
                    late_slots: late,
                    unconnected_runs: runs,
                    missed: if missed {
                        BTreeSet::from([Promised::Loss])
                    } else {
                        BTreeSet::new()
                    },
                }
            },
        )
}

fn observation(place: i64, good: bool) -> Observation {
    Observation {
        start_unix_ms: place * 20_000,
        uncertainty_ms: 20,
        sequence: u64::try_from(place).unwrap(),
        sent: 2,
        received: if good { 2 } else { 0 },
        rtt_us_min: None,
        rtt_us_median: None,
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: false,
        line: None,
        outcome: Outcome::Ok,
    }
}

/// What is kept of batches of entries, in whatever order they come.
fn kept(batches: &[Vec<(u64, bool)>]) -> (BTreeMap<u64, bool>, usize) {
    let mut kept = BTreeMap::new();
    let mut conflicts = 0;
    for (sequence, content) in batches.iter().flatten() {
        match settle(kept.get(sequence), content) {
            Settled::New => {
                kept.insert(*sequence, *content);
            }
            Settled::Same => {}
            Settled::Conflict => conflicts += 1,
        }
    }
    (kept, conflicts)
}

proptest! {
    #[test]
    fn credits_are_never_above_the_cap_or_the_fee(terms in terms(), basis in basis()) {
        let found = terms.apply(&basis);
        prop_assert!(found.credit_minor <= found.cap_minor);
        prop_assert!(found.cap_minor <= basis.fee_minor);
        prop_assert!(found.credit_minor <= found.sum_minor);
        prop_assert_eq!(found.steps.len(), terms.credits.len());
        let sum: u128 = found.steps.iter().map(|step| u128::from(step.amount_minor)).sum();
        prop_assert_eq!(u128::from(found.sum_minor), sum.min(u128::from(u64::MAX)));
    }

    #[test]
    fn less_downtime_never_costs_more(terms in terms(), basis in basis()) {
        let less = CreditBasis {
            slots_beyond_target: basis.slots_beyond_target / 2,
            late_slots: basis.late_slots.iter().map(|slots| slots / 2).collect(),
            outages: basis.outages.iter().map(|(slots, days)| (slots / 2, *days)).collect(),
            unconnected_runs: basis.unconnected_runs.iter().map(|run| run / 2).collect(),
            missed: BTreeSet::new(),
            ..basis.clone()
        };
        prop_assert!(terms.apply(&less).credit_minor <= terms.apply(&basis).credit_minor);
    }

    #[test]
    fn batches_permuted_doubled_or_split_keep_the_same_entries_and_slots(
        contents in vec(any::<bool>(), 1..40),
        cuts in vec(0_usize..40, 0..6),
        doubled in vec(any::<prop::sample::Index>(), 0..6),
        seed in any::<u64>(),
    ) {
        let entries: Vec<(u64, bool)> = (0_u64..).zip(contents).collect();
        let mut ends: Vec<usize> = cuts.into_iter().filter(|cut| *cut < entries.len()).collect();
        ends.push(entries.len());
        ends.sort_unstable();
        let mut batches = Vec::new();
        let mut start = 0;
        for end in ends {
            batches.push(entries[start..end].to_vec());
            start = end;
        }
        for which in doubled {
            batches.push(which.get(&batches).clone());
        }
        // Any order: sorted by a hash of seed and place.
        let mut order: Vec<usize> = (0..batches.len()).collect();
        order.sort_by_key(|place| (*place as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let shuffled: Vec<_> = order.into_iter().map(|place| batches[place].clone()).collect();
        let (one, none) = kept(&[entries]);
        let (other, conflicts) = kept(&shuffled);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!((none, conflicts), (0, 0));
        let slots = |kept: &BTreeMap<u64, bool>| {
            let all: Vec<_> = kept
                .iter()
                .map(|(place, good)| observation(i64::try_from(*place).unwrap(), *good))
                .collect();
            form_slots(&SlotRule::default(), 0, 14, &[&all])
        };
        prop_assert_eq!(slots(&one), slots(&other));
    }

    #[test]
    fn percentiles_are_values_between_the_least_and_the_greatest(
        mut values in vec(0_u64..1_000_000, 1..60), hundredths in 0_u64..=100,
    ) {
        let share = Fraction::of(hundredths, 100).unwrap();
        let (least, most) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
        let rank = nearest_rank(&mut values, share).unwrap();
        prop_assert!(values.contains(&rank));
        let between = interpolated(&mut values, share).unwrap();
        prop_assert!(least * between.denominator <= between.numerator);
        prop_assert!(between.numerator <= most * between.denominator);
        let mean = mean(&values).unwrap();
        prop_assert!(least * mean.denominator <= mean.numerator);
        prop_assert!(mean.numerator <= most * mean.denominator);
    }

    #[test]
    fn intervals_hold_the_share_and_correlation_never_adds_samples(
        n in 1_u32..100_000, bad in 0_u32..100_000, slots in vec(any::<bool>(), 2..200),
    ) {
        let good = n.saturating_sub(bad);
        let [low, high] = wilson(f64::from(n), f64::from(good), Z_95).unwrap();
        let share = f64::from(good) / f64::from(n);
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        prop_assert!(low <= share + 1e-12 && share <= high + 1e-12);
        let slots: Vec<_> = slots
            .into_iter()
            .map(|good| if good { desserte_domain::slot::SlotState::Good } else { desserte_domain::slot::SlotState::Bad })
            .collect();
        if let Some(rho) = autocorrelation(&slots) {
            prop_assert!(rho.numerator.abs() <= rho.denominator);
            let weighing = effective_samples_hundredths(slots.len() as u64, rho).unwrap_or(u128::MAX);
            prop_assert_eq!(weighing <= slots.len() as u128 * 100, rho.numerator >= 0 || weighing == slots.len() as u128 * 100);
        }
    }
}
