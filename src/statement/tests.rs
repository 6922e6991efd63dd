use super::*;
use crate::assess::months::MonthRequest;
use crate::assess::{SiteSamples, TargetSamples};
use crate::registry::NewExclusion;
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::observation::{Observation, Outcome};
use desserte_probe::report::Kind;

const TERMS: &str = "id = 'lot'\nversion = 3\ntitle = 'Lot'\nvalid_from = '2026-01-01'\n\
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
        rtt_us_median: None,
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

fn record(id: i64, from_minute: i64, to_minute: i64) -> ExclusionRecord {
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
    let terms: Agreement = toml::from_str(TERMS).unwrap();
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

#[test]
fn a_document_reads_back_and_holds_no_floating_point_number() {
    let document = made(&[]);
    let text = document.canonical().unwrap();
    let back: StatementDocument = serde_json::from_str(&text).unwrap();
    assert_eq!(back, document);
    assert!(text.ends_with("}\n") && !text.contains('\r'));
    fn no_float(value: &serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => assert!(!number.is_f64(), "{number}"),
            serde_json::Value::Array(values) => values.iter().for_each(no_float),
            serde_json::Value::Object(members) => members.values().for_each(no_float),
            _ => {}
        }
    }
    no_float(&serde_json::from_str(&text).unwrap());
}
