use super::*;
use crate::assess::months::MonthRequest;
use crate::assess::{SiteSamples, TargetSamples};
use crate::registry::NewExclusion;
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::observation::{Observation, Outcome};
use desserte_probe::report::Kind;

pub(crate) const TERMS: &str = "id = 'lot'\nversion = 3\ntitle = 'Lot'\nvalid_from = '2026-01-01'\n\
    time_zone = 'UTC'\nsites = ['one', 'two']\n\
    parties = { customer = 'M', contractor = 'O' }\n\
    objective = { availability_percent = '99.9' }\n[test]\ntargets = ['t']\n";
/// 2026-06-01T00:00:00Z.
const JUNE_MS: i64 = 1_780_272_000_000;
const MINUTE_MS: i64 = 60_000;

fn samples(bad: std::ops::Range<i64>) -> SiteSamples {
    let observation = |minute: i64| Observation {
        start_unix_ms: JUNE_MS + minute * MINUTE_MS + 15_000,
        uncertainty_ms: 20,
        sequence: 1,
        sent: 5,
        received: if bad.contains(&minute) { 0 } else { 5 },
        rtt_us_min: None,
        rtt_us_median: u32::try_from(20_000 + minute % 100).ok(),
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: false,
        line: None,
        outcome: Outcome::Ok,
    };
    SiteSamples {
        targets: vec![TargetSamples {
            id: "t".to_owned(),
            kind: Kind::Icmp,
            anchor: None,
            first_unix_ms: Some(JUNE_MS),
            observations: (0..43_300).map(observation).collect(),
            lost_by: Vec::new(),
        }],
        ..SiteSamples::default()
    }
}

pub(crate) fn record(id: i64, from_minute: i64, to_minute: i64) -> ExclusionRecord {
    ExclusionRecord {
        id,
        exclusion: NewExclusion {
            agreement: "lot".to_owned(),
            site: None,
            from_unix_ms: JUNE_MS + from_minute * MINUTE_MS,
            to_unix_ms: JUNE_MS + to_minute * MINUTE_MS,
            class: "maintenance".to_owned(),
            kind: ExclusionKind::PlannedWorks,
            requested_by: "A".to_owned(),
        },
        reason: "works".to_owned(),
        author: "test".to_owned(),
        entered_at_unix_ms: JUNE_MS,
        approved: Some(("B".to_owned(), JUNE_MS)),
        withdrawn_at_unix_ms: None,
        withdrawn: None,
    }
}

fn made(records: &[ExclusionRecord]) -> StatementDocument {
    made_of(TERMS, records)
}

/// A statement of June 2026 for two sites, one of them down for an hour on its first day.
pub(crate) fn made_of(terms: &str, records: &[ExclusionRecord]) -> StatementDocument {
    let terms: Agreement = toml::from_str(terms).unwrap();
    let request = MonthRequest {
        agreement: &terms,
        month: (2026, 6),
        now_unix_ms: JUNE_MS + 100 * 86_400_000,
    };
    let intervals: Vec<_> = records.iter().map(ExclusionRecord::interval).collect();
    let results = [samples(0..0), samples(1_000..1_060)]
        .map(|samples| request.figures(&samples, &intervals).unwrap());
    statement(&StatementInput {
        agreement: &terms,
        month: (2026, 6),
        revision: FIRST_REVISION,
        sites: &results.each_ref(),
        exclusions: records,
    })
}

#[test]
fn the_same_inputs_make_the_same_bytes_in_whatever_order_exclusions_come() {
    let (first, second) = (record(1, 2_000, 2_060), record(2, 1_000, 1_030));
    let outside = record(3, 50_000, 50_010);
    let document = made(&[first.clone(), outside.clone(), second.clone()]);
    let text = document.canonical().unwrap();
    assert_eq!(text, made(&[second, first, outside]).canonical().unwrap());
    let numbers: Vec<i64> = document.exclusions.iter().map(|one| one.id).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(document.total.down_slots, 30);
    assert_eq!(document.sites.len(), 2);
    assert!(document.is_final);
}

fn no_float(value: &serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => assert!(!number.is_f64(), "{number}"),
        serde_json::Value::Array(values) => values.iter().for_each(no_float),
        serde_json::Value::Object(members) => members.values().for_each(no_float),
        _ => {}
    }
}

#[test]
fn a_document_reads_back_and_holds_no_floating_point_number() {
    let document = made(&[]);
    let text = document.canonical().unwrap();
    let back: StatementDocument = serde_json::from_str(&text).unwrap();
    assert_eq!(back, document);
    assert!(text.ends_with("}\n") && !text.contains('\r'));
    no_float(&serde_json::from_str(&text).unwrap());
}

#[test]
fn what_a_month_means_beyond_its_availability_is_in_the_document() {
    let text = TERMS.replace(
        "objective = { availability_percent = '99.9' }",
        "objective = { availability_percent = '99.9', latency = { statistic = { percentile = \
         '0.95' }, at_most_us = 20090 } }\nrepair = { restore_within_minutes = 30 }\n\
         liability = { undetermined = 'charged' }\n\
         money = { currency = 'XAF', monthly_fee = '300000', credits = [{ rule = \
         'per_hour_of_late_repair', credit_percent = '5' }, { rule = 'missed_objective', \
         objective = 'latency', credit_percent = '1' }] }",
    );
    let document = made_of(&text, &[]);
    let [good, bad] = document.sites.as_slice() else {
        panic!("two sites");
    };
    let latency = good.latency.as_ref().unwrap();
    assert_eq!(
        (latency.samples, latency.rtt_us_p50, latency.rtt_us_p95),
        (43_200, 20_049, 20_094)
    );
    assert_eq!(good.quality[0].verdict, "missed");
    assert_eq!(good.quality[0].value.as_deref(), Some("20094"));
    assert_eq!(good.loss.as_ref().unwrap().lost.numerator, 0);
    assert_eq!(good.evidence.samples_needed, Some(2_995));
    assert_eq!(good.evidence.enough, Some(true));
    assert_eq!(bad.repair.incidents[0].verdict, "late");
    assert_eq!(bad.repair.incidents[0].late_minutes, "30.000000");
    let credit = bad.money.as_ref().unwrap().if_charged.as_ref().unwrap();
    let amounts: Vec<u64> = credit.steps.iter().map(|step| step.amount_minor).collect();
    assert_eq!(amounts, [15_000, 3_000]);
    assert_eq!(
        (credit.credit_minor, credit.payable_minor),
        (18_000, 282_000)
    );
    let total = document.total.money.as_ref().unwrap();
    assert_eq!(total.fee_period_minor, 600_000);
    assert_eq!(total.credit_if_charged_minor, 21_000);
    let estimate = document.total.rtt_us_p95_estimate.unwrap();
    assert!((19_800..20_400).contains(&estimate), "{estimate}");
    assert_eq!(
        (
            document.method.unseen_up_to_seconds,
            document.method.seen_from_seconds
        ),
        (240, 300)
    );
}
