use std::convert::Infallible;

use desserte_domain::machine::MachineParameters;
use desserte_domain::observation::{Observation, Outcome};
use desserte_domain::slot::SlotRule;
use desserte_probe::report::{Fact, Kind, Neighbour};
use desserte_probe::wire::id::AgentId;
use proptest::prelude::*;

use super::super::{EvidenceRow, judge};
use super::*;

const SLOT_MS: i64 = 60_000;
const SLOTS: usize = 400;

fn test() -> SiteTest {
    SiteTest {
        rule: SlotRule {
            packets_per_slot: 1,
            minimum_sent: 1,
            ..SlotRule::default()
        },
        machine: MachineParameters {
            n_enter: 3,
            n_exit: 2,
            ..MachineParameters::default()
        },
        ..SiteTest::default()
    }
}

/// One request a slot: 0 nothing, 1 lost, more answered. In some lost slots the line says why.
fn everything(pattern: &[u8]) -> SiteSamples {
    let at = |slot: usize| i64::try_from(slot).unwrap() * SLOT_MS + 7_000;
    let measured = pattern.iter().enumerate().filter(|(_, what)| **what > 0);
    let observations: Vec<Observation> = measured
        .map(|(slot, what)| Observation {
            start_unix_ms: at(slot),
            uncertainty_ms: 5,
            sequence: slot as u64,
            sent: 1,
            received: u16::from(*what > 1),
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            line: None,
            outcome: Outcome::Timeout,
        })
        .collect();
    let mut target = TargetSamples {
        id: "portal".to_owned(),
        kind: Kind::Http,
        anchor: None,
        first_unix_ms: None,
        observations: Vec::new(),
        lost_by: Vec::new(),
    };
    target.add(AgentId([1; 16]), observations);
    let evidence = (0..pattern.len())
        .filter(|slot| pattern[*slot] > 0)
        .map(|slot| EvidenceRow {
            at_unix_ms: at(slot) + 1_000,
            agent: "a".to_owned(),
            boot: "b".to_owned(),
            line: Some("l".to_owned()),
            fact: Fact::Line {
                line: 0,
                carrier: Some(slot % 50 > 10),
                associated: None,
                route: Some(true),
                gateway: Neighbour::Reachable,
            },
        })
        .collect();
    SiteSamples {
        targets: vec![target],
        evidence,
        ..SiteSamples::default()
    }
}

/// What a store would give of a span, of the slots that have arrived.
fn part(all: &SiteSamples, arrived: &[bool], (from, to): (i64, i64), margin: i64) -> SiteSamples {
    let there = |at: i64| arrived[usize::try_from(at / SLOT_MS).unwrap()];
    let mut part = all.clone();
    for target in &mut part.targets {
        let inside = |at: i64| from <= at && at < to && there(at);
        target.observations.retain(|one| inside(one.start_unix_ms));
        target.lost_by.retain(|(at, _)| inside(*at));
    }
    part.evidence.retain(|row| {
        let at = row.at_unix_ms;
        from - margin <= at && at < to.saturating_add(margin) && there(at)
    });
    part
}

fn as_stored(judgement: &Judgement) -> Vec<SiteOutage> {
    let outages = judgement.outages.iter().zip(&judgement.agents);
    outages
        .map(|(outage, agent)| SiteOutage {
            id: 0,
            site: String::new(),
            start_unix_ms: outage.start_unix_ms,
            end_unix_ms: outage.end_unix_ms,
            slot_seconds: 60,
            down_slots: outage.down_slots,
            verdict: outage.cause.clone(),
            agent: agent.map(|agent| agent.to_string()),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Pieces in any order, some of them twice: the outages, their causes and the sums are those of
    /// one judgement of everything.
    #[test]
    fn whatever_comes_first_the_outages_are_those_of_one_judgement(
        lengths in proptest::collection::vec((0..4_u8, 1..20_usize), 20..60),
        order in proptest::collection::vec(0..1_000_usize, 40),
        start in 0..SLOTS,
    ) {
        let pattern: Vec<u8> = lengths
            .iter()
            .flat_map(|(what, length)| std::iter::repeat_n(*what, *length))
            .take(SLOTS)
            .chain(std::iter::repeat(2))
            .take(SLOTS)
            .collect();
        let all = everything(&pattern);
        let now = i64::try_from(SLOTS).unwrap() * SLOT_MS;
        let mut arrived = vec![false; SLOTS + 100];
        let slot_at = |slot: usize| i64::try_from(slot).unwrap() * SLOT_MS;
        let mut track = Track::new(test(), slot_at(start));
        let mut stored: Vec<SiteOutage> = Vec::new();
        let pieces: Vec<usize> = order.iter().map(|n| n % 40).chain(0..40).collect();
        for piece in pieces {
            let (first, end) = (piece * 10, piece * 10 + 10);
            arrived[first..end].fill(true);
            track.begin_at(slot_at(first));
            let window = Window::between(slot_at(first), slot_at(end), 60);
            let span = (window.start_unix_ms, window.end_unix_ms());
            prop_assert!(track.form(window, &part(&all, &arrived, span, 0).targets));
            let news = News { spans: vec![span], now_unix_ms: now, ..News::default() };
            let judgement = track
                .judge(&stored, &news, |span| {
                    Ok::<_, Infallible>(part(&all, &arrived, span, SAID_BEFORE_MS))
                })
                .unwrap();
            stored = as_stored(&judgement);
        }
        let window = Window::between(0, now, 60);
        let whole = judge(&test(), &all, window, Availability::Available);
        track.begin_at(0);
        let again = track
            .judge(&stored, &News::default(), |_| -> Result<SiteSamples, Infallible> {
                panic!("without news nothing is read")
            })
            .unwrap();
        prop_assert_eq!(&again.slots, &whole.slots);
        prop_assert_eq!(&stored, &as_stored(&whole));
        prop_assert_eq!(
            sums(again.window, &again.slots, &again.run, slot_at(33)),
            sums(whole.window, &whole.slots, &whole.run, slot_at(33))
        );
    }
}

#[test]
fn slots_are_forgotten_at_the_old_end_and_sums_begin_where_they_are_asked() {
    let all = everything(&[2, 2, 1, 1, 1, 0, 2, 2]);
    let mut track = Track::new(test(), 0);
    let window = Window::between(0, 8 * SLOT_MS, 60);
    assert!(track.form(window, &all.targets));
    let judged = |track: &mut Track| {
        track
            .judge(&[], &News::default(), |_| Ok::<_, Infallible>(all.clone()))
            .unwrap()
    };
    let whole = judged(&mut track);
    let of = |judgement: &Judgement, from| {
        let sums = sums(judgement.window, &judgement.slots, &judgement.run, from);
        (sums.up, sums.down, sums.unknown)
    };
    assert_eq!(of(&whole, i64::MIN / 2), (4, 3, 1));
    assert_eq!(of(&whole, 4 * SLOT_MS), (2, 1, 1));
    track.forget_before(SLOT_MS + 5);
    assert_eq!(track.window().start_unix_ms, SLOT_MS);
    assert_eq!(of(&judged(&mut track), 0), (3, 3, 1));
}

#[test]
fn another_set_of_targets_asks_for_everything_anew() {
    let mut all = everything(&[2, 2]);
    let mut track = Track::new(test(), 0);
    let window = Window::between(0, 2 * SLOT_MS, 60);
    assert!(track.form(window, &all.targets));
    let mut other = all.targets[0].clone();
    other.id = "second".to_owned();
    all.targets.push(other);
    assert!(!track.form(window, &all.targets));
}

#[test]
fn what_an_agent_still_holds_is_not_missing_yet() {
    let mut test = test();
    test.machine.missing = desserte_domain::machine::MissingPolicy::AsDown;
    let pattern: Vec<u8> = [2; 20].into_iter().chain([0; 10]).collect();
    let samples = everything(&pattern);
    let mut track = Track::new(test, 0);
    let window = Window::between(0, 30 * SLOT_MS, 60);
    assert!(track.form(window, &samples.targets));
    let mut outages = |waited_slots: i64| {
        let news = News {
            now_unix_ms: 30 * SLOT_MS,
            waited_from_unix_ms: Some((30 - waited_slots) * SLOT_MS),
            ..News::default()
        };
        let judged = track.judge(&[], &news, |_| Ok::<_, Infallible>(samples.clone()));
        judged.unwrap().outages.len()
    };
    assert_eq!(outages(15), 0, "all ten are waited for");
    assert_eq!(outages(5), 1, "five of them are overdue");
}

#[test]
fn what_was_before_the_first_measurement_is_no_outage() {
    let mut test = test();
    test.machine.missing = desserte_domain::machine::MissingPolicy::AsDown;
    let pattern: Vec<u8> = [0; 20]
        .into_iter()
        .chain([2; 5])
        .chain([0; 5])
        .chain([2; 5])
        .collect();
    let samples = everything(&pattern);
    let mut track = Track::new(test, 0);
    assert!(track.form(Window::between(0, 35 * SLOT_MS, 60), &samples.targets));
    let judged = track.judge(&[], &News::default(), |_| {
        Ok::<_, Infallible>(samples.clone())
    });
    let judged = judged.unwrap();
    assert_eq!(judged.outages.len(), 1);
    assert_eq!(judged.outages[0].start_unix_ms, 25 * SLOT_MS);
    assert_eq!(judged.run.states.len(), 35);
}

#[test]
fn an_outage_of_days_is_not_decided_with_each_upload_and_exactly_once_it_is_over() {
    const DOWN: usize = 3 * 1_440;
    const UPLOAD: usize = 5;
    let pattern: Vec<u8> = [vec![2; 10], vec![1; DOWN], vec![2; 20]].concat();
    let all = everything(&pattern);
    let mut arrived = vec![false; pattern.len() + 200];
    let slot_at = |slot: usize| i64::try_from(slot).unwrap() * SLOT_MS;
    let mut track = Track::new(test(), 0);
    let (mut stored, mut reads) = (Vec::new(), Vec::new());
    let mut upload = |track: &mut Track, first: usize, stored: &mut Vec<SiteOutage>| {
        let end = (first + UPLOAD).min(pattern.len());
        arrived[first..end].fill(true);
        let window = Window::between(slot_at(first), slot_at(end), 60);
        let span = (window.start_unix_ms, window.end_unix_ms());
        assert!(track.form(window, &part(&all, &arrived, span, 0).targets));
        let news = News {
            spans: vec![span],
            now_unix_ms: span.1,
            ..News::default()
        };
        let mut read = 0;
        let judged = track.judge(stored, &news, |span| {
            read += 1;
            let span = (span.0, span.1.min(slot_at(pattern.len())));
            Ok::<_, Infallible>(part(&all, &arrived, span, 0))
        });
        *stored = as_stored(&judged.unwrap());
        read
    };
    for first in (0..pattern.len()).step_by(UPLOAD) {
        reads.push(upload(&mut track, first, &mut stored));
    }
    let day = 1_440 / UPLOAD;
    let of = |uploads: std::ops::Range<usize>| reads[uploads].iter().sum::<i32>();
    assert!(of(3..day) > 200, "of the first day each is looked at");
    assert!(of(day + 10..3 * day) < 60, "then one in some");
    let window = Window::between(0, slot_at(pattern.len()), 60);
    let whole = judge(&test(), &all, window, Availability::Available);
    assert_eq!(stored, as_stored(&whole));
    // Late news of it is looked at whenever it comes.
    let mut track = Track::new(test(), 0);
    let mut stored = Vec::new();
    for first in (0..2_400).step_by(UPLOAD) {
        upload(&mut track, first, &mut stored);
    }
    assert_eq!(upload(&mut track, 2_400, &mut stored), 0);
    assert_eq!(upload(&mut track, 600, &mut stored), 1);
}
