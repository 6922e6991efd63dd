use super::*;
use crate::agreement::Agreement;
use crate::credit::Promised;
use crate::exclusion::{Exclusion, ExclusionKind};
use crate::machine::Availability;
use crate::observation::Outcome;

fn observation(slot: i64, sent: u16, received: u16, rtt: Option<u32>) -> Observation {
    Observation {
        start_unix_ms: slot * 60_000 + 15_000,
        uncertainty_ms: 20,
        sequence: 1,
        sent,
        received,
        rtt_us_min: None,
        rtt_us_median: rtt,
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: false,
        line: None,
        outcome: Outcome::Ok,
    }
}

fn slot(count: Count, state: SlotState) -> AccountedSlot<'static> {
    AccountedSlot {
        start_unix_ms: 0,
        state,
        availability: Availability::Available,
        count,
        outside_service_hours: false,
        excluded_by: None,
        stopped_by: None,
    }
}

/// Slots 0 and 1 are available, 2 is down, 3 unknown, 4 excluded as up, 5 available.
fn time(excluded: &Exclusion) -> AvailableTime {
    let good = slot(Count::Up, SlotState::Good);
    let rows = [
        good,
        slot(Count::Up, SlotState::Bad),
        slot(Count::Down, SlotState::Bad),
        slot(Count::Up, SlotState::Unknown),
        AccountedSlot {
            excluded_by: Some(excluded),
            ..good
        },
        good,
    ];
    AvailableTime::of(0, &rows)
}

fn works() -> Exclusion {
    Exclusion {
        from_unix_ms: 0,
        to_unix_ms: 1,
        class: "works".to_owned(),
        kind: ExclusionKind::PlannedWorks,
    }
}

fn series(observations: &[Observation]) -> [TargetSeries<'_>; 1] {
    [TargetSeries {
        target: "t",
        observations,
    }]
}

#[test]
fn only_available_time_counts() {
    let (rule, works) = (SlotRule::default(), works());
    let time = time(&works);
    let all: Vec<_> = (0..7)
        .map(|slot| observation(slot, 5, 5, Some(u32::try_from(slot).unwrap() + 1)))
        .collect();
    assert_eq!(response_times(&rule, &time, &series(&all)), [1, 2, 6]);
    let held: Vec<bool> = (-1..7)
        .map(|slot| time.holds(&rule, slot * 60_000))
        .collect();
    assert_eq!(held, [false, true, true, false, false, false, true, false]);
    let vague = Observation {
        uncertainty_ms: 30_001,
        ..observation(0, 5, 5, Some(9))
    };
    assert_eq!(
        response_times(&rule, &time, &series(&[vague])),
        Vec::<u64>::new()
    );
}

#[test]
fn response_times_as_they_are_shown() {
    let figures = latency((1..=200).rev().collect()).unwrap();
    assert_eq!(figures.samples, 200);
    assert_eq!(figures.mean.to_string(), "20100/200");
    assert_eq!(
        (figures.percentiles, figures.longest),
        ([100, 190, 198], 200)
    );
    assert_eq!(figures.sketch.count(), 200);
    assert_eq!(latency(Vec::new()), None);
}

#[test]
fn loss_sums_a_targets_packets_in_a_slot() {
    let (rule, works) = (SlotRule::default(), works());
    let time = time(&works);
    let one = [
        observation(0, 5, 5, None),
        observation(0, 5, 4, None),
        observation(1, 10, 9, None),
        observation(2, 10, 0, None),
        observation(5, 0, 0, None),
    ];
    let two = [observation(5, 4, 3, None)];
    let both = [series(&one)[0], series(&two)[0]];
    let found = loss(&rule, &time, &both).unwrap();
    assert_eq!((found.sent, found.lost, found.slots), (24, 3, 3));
    assert_eq!(found.percentile_95.to_string(), "1/4");
    assert_eq!(loss(&rule, &time, &series(&[])), None);
}

#[test]
fn equal_shares_have_an_order() {
    let share = |lost, sent| LostShare(Fraction::of(lost, sent).unwrap());
    assert!(share(1, 5) < share(2, 10));
    assert!(share(2, 10) < share(1, 4));
    assert_eq!(share(1, 5).partial_cmp(&share(1, 5)), Some(Ordering::Equal));
}

#[test]
fn latency_is_kept_up_to_its_limit() {
    let judge = |statistic: &str, at_most_us: u32, values: &[u64]| {
        let objective: LatencyObjective = toml::from_str(&format!(
            "statistic = {statistic}\nat_most_us = {at_most_us}"
        ))
        .unwrap();
        objective.judge(&mut values.to_vec())
    };
    let values: Vec<u64> = (1..=100).collect();
    let percentile = "{ percentile = '0.95' }";
    assert_eq!(judge(percentile, 95, &values).verdict, QualityVerdict::Kept);
    assert_eq!(
        judge(percentile, 94, &values).verdict,
        QualityVerdict::Missed
    );
    let figure = judge(percentile, 94, &values).figure.unwrap();
    assert_eq!(
        (figure.samples, figure.value.to_string()),
        (100, "95/1".to_owned())
    );
    assert_eq!(figure.spreadsheet.unwrap().decimal_text(), "95.05");
    assert_eq!(judge("'mean'", 51, &values).verdict, QualityVerdict::Kept);
    assert_eq!(judge("'mean'", 50, &values).verdict, QualityVerdict::Missed);
    assert_eq!(
        judge("'mean'", 50, &values).figure.unwrap().spreadsheet,
        None
    );
    assert_eq!(
        judge("'mean'", 50, &[]).verdict,
        QualityVerdict::NothingMeasured
    );
}

#[test]
fn loss_is_judged_by_all_packets_or_by_the_slots() {
    let (rule, works) = (SlotRule::default(), works());
    let time = time(&works);
    let slots = [
        observation(0, 10, 10, None),
        observation(1, 10, 8, None),
        observation(5, 10, 10, None),
    ];
    let judge = |statistic: &str, at_most: &str, slots: &[Observation]| {
        let objective: LossObjective = toml::from_str(&format!(
            "statistic = {statistic}\nat_most_share = '{at_most}'"
        ))
        .unwrap();
        let found = objective.judge(&rule, &time, &series(slots));
        (found.verdict, found.figure.map(|one| one.value.to_string()))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        judge("'mean'", "0.07", &slots),
        (QualityVerdict::Kept, text("2/30"))
    );
    assert_eq!(judge("'mean'", "0.06", &slots).0, QualityVerdict::Missed);
    let median = "{ percentile = '0.5' }";
    assert_eq!(
        judge(median, "0", &slots),
        (QualityVerdict::Kept, text("0/10"))
    );
    let highest = "{ percentile = '1' }";
    assert_eq!(
        judge(highest, "0.2", &slots),
        (QualityVerdict::Kept, text("2/10"))
    );
    assert_eq!(judge(highest, "0.19", &slots).0, QualityVerdict::Missed);
    assert_eq!(
        judge("'mean'", "0", &[]),
        (QualityVerdict::NothingMeasured, None)
    );
}

#[test]
fn throughput_is_a_share_of_the_contracted_rate() {
    let rates = [10, 8, 6].map(|rate| Rate {
        start_unix_ms: 0,
        download_bits_per_second: Some(rate * 1_000_000),
        upload_bits_per_second: None,
    });
    let judge = |contract: &str| {
        let objective: ThroughputObjective = toml::from_str(&format!(
            "statistic = {{ percentile = '0.5' }}\nat_least_share = '0.80'\n{contract}"
        ))
        .unwrap();
        objective
            .judge(&rates)
            .map(|found| found.map(|one| one.verdict))
    };
    let download = |rate: u64| judge(&format!("download_bits_per_second = {rate}"));
    assert_eq!(download(10_000_000), [Some(QualityVerdict::Kept), None]);
    assert_eq!(download(10_000_001), [Some(QualityVerdict::Missed), None]);
    let both = judge("download_bits_per_second = 1\nupload_bits_per_second = 1");
    assert_eq!(
        both,
        [
            Some(QualityVerdict::Kept),
            Some(QualityVerdict::NothingMeasured)
        ]
    );
}

#[test]
fn a_promise_reads_the_targets_that_it_names_and_else_those_of_the_test() {
    let rtts = |rtt| [0, 1, 5].map(|slot| observation(slot, 5, 5, Some(rtt)));
    let (near, far) = (rtts(20_000), rtts(90_000));
    let series = [("near", &near), ("far", &far)].map(|(target, observations)| TargetSeries {
        target,
        observations,
    });
    let month = |named: &str| {
        let terms: Agreement = toml::from_str(&format!(
            "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
             time_zone = 'UTC'\nsites = ['s']\nparties = {{ customer = 'M', contractor = 'O' }}\n\
             [objective]\navailability_percent = '99.9'\n\
             latency = {{ statistic = 'mean', at_most_us = 50_000, targets = {named} }}\n\
             loss = {{ statistic = 'mean', at_most_share = '0.01' }}\n\
             [test]\ntargets = ['near']\n"
        ))
        .unwrap();
        terms.quality(&time(&works()), &series, &[])
    };
    let missed = |named| month(named).missed().collect::<Vec<_>>();
    // The figures of the month itself are always those of the test's own targets.
    let shown = month("['far']").latency.unwrap();
    assert_eq!(shown, month("[]").latency.unwrap());
    assert_eq!(missed("['far']"), [Promised::Latency]);
    assert_eq!(missed("['near']"), []);
    assert_eq!(missed("[]"), []);
    let verdicts = |named| {
        month(named)
            .promises
            .iter()
            .map(|one| one.judged.verdict)
            .collect::<Vec<_>>()
    };
    let (kept, over) = (QualityVerdict::Kept, QualityVerdict::Missed);
    assert_eq!(verdicts("['far']"), [over, kept]);
    // Both together: the mean lies between them.
    assert_eq!(verdicts("['near', 'far']"), [over, kept]);
    assert_eq!(
        verdicts("['nobody']"),
        [QualityVerdict::NothingMeasured, kept]
    );
}

#[test]
fn names_are_those_of_the_files() {
    for verdict in [
        QualityVerdict::Kept,
        QualityVerdict::Missed,
        QualityVerdict::NothingMeasured,
    ] {
        let written = serde_json::to_value(verdict).unwrap();
        assert_eq!(written, serde_json::json!(verdict.identifier()));
    }
    assert_eq!(Statistic::Mean.name(), "mean");
    let percentile = Statistic::Percentile("0.95".parse().unwrap());
    assert_eq!(percentile.name(), "percentile 0.95");
}
