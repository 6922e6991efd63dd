//! A recording of an agent that never was: one report a minute.

use desserte_probe::SOFTWARE;
use desserte_probe::report::{
    Content, Entry, Evidence, Fact, Kind, Minute, Outcome, Report, ReportedTarget, Sample,
    TimeExchange,
};
use desserte_probe::wire::VERSION;
use desserte_probe::wire::id::{AgentId, BootId};
use desserte_probe::wire::schedule::Profile;

/// 2026-06-10T08:00:00Z, when boot time was 0.
const START_MS: i64 = 1_781_078_400_000;

/// `minutes` reports as lines of JSON; in the bad minutes the target refused.
pub(crate) fn lines(minutes: u64, bad: std::ops::Range<u64>) -> String {
    let mut lines = String::new();
    for minute in 0..minutes {
        let report = report(minute, bad.contains(&minute));
        let received = START_MS + i64::try_from((minute + 1) * 60_000).unwrap();
        let at = jiff::Timestamp::from_millisecond(received).unwrap();
        let line = serde_json::json!({ "received_at": at.to_string(), "report": report });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}

fn report(minute: u64, refused: bool) -> Report {
    let start = minute * 60_000 + 20_000;
    let collector = START_MS + i64::try_from(start).unwrap();
    let rtt = (!refused).then_some(1_000);
    Report {
        version: VERSION,
        agent: AgentId([1; 16]),
        boot: BootId([2; 16]),
        software: SOFTWARE.to_owned(),
        profile: Profile::Full,
        sealed_boottime_ms: start + 30_000,
        sealed_wall_unix_ms: None,
        time_exchanges: vec![TimeExchange {
            sent_boottime_ms: start,
            received_boottime_ms: start + 10,
            collector_received_unix_ms: collector + 5,
            collector_sent_unix_ms: collector + 5,
        }],
        targets: vec![ReportedTarget {
            id: "portal".to_owned(),
            kind: Kind::Http,
            slot_seconds: 60,
        }],
        lines: Vec::new(),
        entries: vec![Entry {
            sequence: minute + 1,
            written_boottime_ms: start + 20_000,
            content: Content::Minute(Minute {
                samples: vec![Sample {
                    target: 0,
                    line: None,
                    start_boottime_ms: start,
                    outcome: if refused {
                        Outcome::Refused
                    } else {
                        Outcome::Ok
                    },
                    sent: 1,
                    received: u16::from(!refused),
                    rtt_us_min: rtt,
                    rtt_us_median: rtt,
                    rtt_us_max: rtt,
                    rtt_us_mean_successive_difference: None,
                    coarse: false,
                    detail: None,
                }],
                evidence: vec![Evidence {
                    boottime_ms: start,
                    fact: Fact::Collector {
                        attempts: 1,
                        answered: 1,
                    },
                }],
            }),
        }],
    }
}
