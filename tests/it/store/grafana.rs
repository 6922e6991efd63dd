//! The dashboards for Grafana: every query of theirs is asked of a real server with samples in it.

use std::{fs, path::Path, sync::Arc};

use desserte::store::{
    influx2::InfluxStore,
    samples::{EvidenceRow, Filling, SampleRow, SampleStore as _, SeriesKey},
};
use desserte_domain::observation::Outcome;
use desserte_probe::{
    report::{Fact, Family, Kind},
    wire::id::{AgentId, BootId},
};
use serde_json::Value;

use crate::servers::influx;

const HOUR_MS: i64 = 3_600_000;
/// 2026-06-01 00:00 UTC.
const START_MS: i64 = 1_780_272_000_000;

fn rows() -> Filling {
    let series = |target: &str| {
        Arc::new(SeriesKey {
            site: "mairie-owando".into(),
            agent: AgentId([1; 16]),
            target: target.into(),
            kind: Kind::Icmp,
            slot_seconds: 60,
            line: Some("gateway-00-ipv4".into()),
            family: Some(Family::Ipv4),
        })
    };
    let both = [series("anchor"), series("portal")];
    let samples = (0..240).map(|number| {
        let lost = number % 40 == 0;
        SampleRow {
            series: Arc::clone(&both[usize::try_from(number % 2).unwrap()]),
            time_unix_ms: START_MS + number * 30_000,
            uncertainty_ms: 4,
            sequence: u64::try_from(number).unwrap(),
            outcome: if lost { Outcome::Timeout } else { Outcome::Ok },
            sent: 5,
            received: if lost { 0 } else { 5 },
            rtt_us_min: (!lost).then_some(900),
            rtt_us_median: (!lost).then_some(1_000),
            rtt_us_max: (!lost).then_some(1_500),
            rtt_us_mean_successive_difference: (!lost).then_some(50),
            coarse: false,
            detail: None,
            summary_spacing_ms: None,
        }
    });
    Filling {
        position: 3,
        samples: samples.collect(),
        evidence: vec![EvidenceRow {
            site: "mairie-owando".into(),
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            time_unix_ms: START_MS + 60_000,
            uncertainty_ms: 3,
            sequence: 2,
            ordinal: 0,
            line: None,
            target: None,
            fact: Fact::Suspended { milliseconds: 12 },
        }],
    }
}

/// Every query below a value: of panels, and of the variables that are chosen above them.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(query) if name == "query" && query.contains("from(bucket") => {
                        found.push(query.clone());
                    }
                    other => queries(other, found),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| queries(member, found)),
        _ => {}
    }
}

#[test]
fn every_query_of_the_dashboards_has_an_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/grafana");
    let mut asked = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let board: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(board["id"], Value::Null, "{}", file.display());
        let before = asked.len();
        let mut found = Vec::new();
        queries(&board, &mut found);
        asked.extend(found.into_iter().map(|query| (file.clone(), query)));
        assert!(asked.len() > before, "{}: no query", file.display());
    }
    assert!(asked.len() >= 8, "{} queries", asked.len());
    let Some(server) = influx() else {
        return;
    };
    let bucket = server.bucket();
    let home = tempfile::tempdir().unwrap();
    let store = InfluxStore::open(&bucket, home.path(), "c").unwrap();
    store.put(&rows()).unwrap();
    let time = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().to_string();
    for (file, query) in asked {
        // As Grafana fills them in.
        let query = query
            .replace("v.timeRangeStart", &time(START_MS - HOUR_MS))
            .replace("v.timeRangeStop", &time(START_MS + 3 * HOUR_MS))
            .replace("v.windowPeriod", "5m")
            .replace("${bucket}", &bucket.bucket)
            .replace("${site}", "mairie-owando")
            .replace("${target}", "anchor");
        assert!(
            !query.contains("${") && !query.contains("v."),
            "{}: {query}",
            file.display()
        );
        let (status, answer) = server.flux(&query);
        assert_eq!(status, 200, "{}: {query}: {answer}", file.display());
        let rows = answer
            .lines()
            .filter(|line| line.starts_with(",_result,"))
            .count();
        assert!(
            rows > 0,
            "{}: nothing for {query}: {answer}",
            file.display()
        );
    }
}
