//! What makes a report acceptable beyond its shape. The agent checks what it sends, the collector
//! what it gets, with the same function.

use super::{
    Content, ENTRIES_MAX, EVIDENCE_MAX, Entry, Evidence, Fact, LINES_MAX, Minute, Report,
    SAMPLES_MAX, Sample, Summary, SummaryRun, TIME_EXCHANGES_MAX,
};
use crate::{
    report::{Detail, HOPS_MAX, Outcome},
    wire::{VERSION, parse_hex, schedule::TARGETS_MAX},
};

/// Longest text of a report (identifier of a target, interface, software), bytes.
pub const TEXT_BYTES_MAX: usize = 64;
/// Latest boot time that is believed: 100 years. It keeps all later arithmetic far from overflow.
pub const BOOTTIME_MS_MAX: u64 = 100 * 366 * 86_400_000;
/// Most slots in one run of a summary: 400 days of minutes.
pub const SUMMARY_SLOTS_MAX: u32 = 400 * 1_440;
/// Most runs in all summaries of a report.
pub const SUMMARY_RUNS_MAX: usize = 16_384;

/// Why a report is refused: the entry, the field and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{field}: {reason}", entry.map(|e| format!("entry {e}: ")).unwrap_or_default())]
pub struct ReportProblem {
    /// Sequence number of the entry; `None` when the report's own fields are wrong.
    pub entry: Option<u64>,
    /// Field, e.g. `samples[3].received`.
    pub field: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

type Checked = Result<(), ReportProblem>;

fn check(good: bool, field: impl FnOnce() -> String, reason: &'static str) -> Checked {
    if good {
        return Ok(());
    }
    Err(ReportProblem {
        entry: None,
        field: field(),
        reason,
    })
}

/// Checks limits, order, indices and the relations between the figures of every sample.
pub fn validate(report: &Report) -> Result<(), ReportProblem> {
    check_head(report)?;
    check_tables(report)?;
    check_time(report)?;
    let (mut samples, mut evidence, mut runs) = (0_usize, 0_usize, 0_usize);
    let mut previous = None;
    for entry in &report.entries {
        let in_entry = |problem: ReportProblem| ReportProblem {
            entry: Some(entry.sequence),
            ..problem
        };
        check(
            previous.is_none_or(|p| p < entry.sequence),
            || "sequence".into(),
            "does not ascend",
        )
        .map_err(in_entry)?;
        previous = Some(entry.sequence);
        match &entry.content {
            Content::Minute(minute) => {
                samples += minute.samples.len();
                evidence += minute.evidence.len();
            }
            Content::Summary(summary) => runs += summary.runs.len(),
        }
        check_entry(report, entry).map_err(in_entry)?;
    }
    check(
        samples <= SAMPLES_MAX,
        || "samples".into(),
        "too many in this report",
    )?;
    check(
        evidence <= EVIDENCE_MAX,
        || "evidence".into(),
        "too many in this report",
    )?;
    check(
        runs <= SUMMARY_RUNS_MAX,
        || "runs".into(),
        "too many in this report",
    )
}

fn check_head(report: &Report) -> Checked {
    check(
        report.version == VERSION,
        || "version".into(),
        "unknown version",
    )?;
    check(text(&report.software), || "software".into(), TEXT)?;
    check(
        report.sealed_boottime_ms <= BOOTTIME_MS_MAX,
        || "sealed_boottime_ms".into(),
        "beyond 100 years",
    )?;
    let count = report.entries.len();
    check(count > 0, || "entries".into(), "none")?;
    check(count <= ENTRIES_MAX, || "entries".into(), "too many")
}

const TEXT: &str = "must be 1 to 64 bytes without control characters";

fn text(value: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control)
}

fn check_tables(report: &Report) -> Checked {
    check(
        report.targets.len() <= TARGETS_MAX,
        || "targets".into(),
        "too many",
    )?;
    for (index, target) in report.targets.iter().enumerate() {
        check(text(&target.id), || format!("targets[{index}].id"), TEXT)?;
        check(
            (1..=86_400).contains(&target.slot_seconds),
            || format!("targets[{index}].slot_seconds"),
            "must be 1 to 86400",
        )?;
    }
    check(
        report.lines.len() <= LINES_MAX,
        || "lines".into(),
        "too many",
    )?;
    for (index, line) in report.lines.iter().enumerate() {
        check(
            text(&line.interface),
            || format!("lines[{index}].interface"),
            TEXT,
        )?;
        check(
            line.gateway
                .as_deref()
                .is_none_or(|g| parse_hex::<16>("gateway", g).is_ok()),
            || format!("lines[{index}].gateway"),
            "must be 32 hexadecimal digits",
        )?;
    }
    Ok(())
}

fn check_time(report: &Report) -> Checked {
    let exchanges = &report.time_exchanges;
    check(
        exchanges.len() <= TIME_EXCHANGES_MAX,
        || "time_exchanges".into(),
        "too many",
    )?;
    for (index, exchange) in exchanges.iter().enumerate() {
        let field = || format!("time_exchanges[{index}]");
        check(
            exchange.sent_boottime_ms <= exchange.received_boottime_ms
                && exchange.received_boottime_ms <= BOOTTIME_MS_MAX,
            field,
            "boot times must ascend",
        )?;
        check(
            exchange.collector_received_unix_ms <= exchange.collector_sent_unix_ms,
            field,
            "collector times must ascend",
        )?;
    }
    Ok(())
}

fn check_entry(report: &Report, entry: &Entry) -> Checked {
    check(
        entry.written_boottime_ms <= BOOTTIME_MS_MAX,
        || "written_boottime_ms".into(),
        "beyond 100 years",
    )?;
    match &entry.content {
        Content::Minute(minute) => check_minute(report, minute),
        Content::Summary(summary) => check_summary(report, entry.sequence, summary),
    }
}

fn check_minute(report: &Report, minute: &Minute) -> Checked {
    for (index, sample) in minute.samples.iter().enumerate() {
        check_sample(report, sample).map_err(|problem| ReportProblem {
            field: format!("samples[{index}].{}", problem.field),
            ..problem
        })?;
    }
    for (index, evidence) in minute.evidence.iter().enumerate() {
        check_evidence(report, evidence).map_err(|problem| ReportProblem {
            field: format!("evidence[{index}].{}", problem.field),
            ..problem
        })?;
    }
    Ok(())
}

const NO_TARGET: &str = "no such index in targets";
const NO_LINE: &str = "no such index in lines";

fn check_sample(report: &Report, sample: &Sample) -> Checked {
    check(
        usize::from(sample.target) < report.targets.len(),
        || "target".into(),
        NO_TARGET,
    )?;
    check(
        sample
            .line
            .is_none_or(|line| usize::from(line) < report.lines.len()),
        || "line".into(),
        NO_LINE,
    )?;
    check(
        sample.start_boottime_ms <= BOOTTIME_MS_MAX,
        || "start_boottime_ms".into(),
        "beyond 100 years",
    )?;
    check(
        sample.received <= sample.sent,
        || "received".into(),
        "more than sent",
    )?;
    check(
        sample.outcome != Outcome::Ok || (sample.sent > 0 && sample.sent == sample.received),
        || "outcome".into(),
        "ok needs every packet answered",
    )?;
    check_times(sample)?;
    let hops = match &sample.detail {
        Some(Detail::Path { hops }) => hops.as_slice(),
        _ => &[],
    };
    check(hops.len() <= HOPS_MAX, || "detail.hops".into(), "too many")?;
    check(
        hops.iter()
            .flatten()
            .all(|hop| parse_hex::<16>("address", &hop.address).is_ok()),
        || "detail.hops.address".into(),
        "must be 32 hexadecimal digits",
    )
}

/// A lost packet has no response time, and without an answer there is none at all.
fn check_times(sample: &Sample) -> Checked {
    let answered = sample.received > 0;
    let times = [sample.rtt_us_min, sample.rtt_us_median, sample.rtt_us_max];
    for (time, name) in times
        .iter()
        .zip(["rtt_us_min", "rtt_us_median", "rtt_us_max"])
    {
        check(
            time.is_some() == answered,
            || name.into(),
            "must be given exactly when something was received",
        )?;
    }
    check(
        times.is_sorted(),
        || "rtt_us_median".into(),
        "min, median and max must ascend",
    )?;
    let difference = sample.rtt_us_mean_successive_difference;
    check(
        difference.is_none() || sample.received >= 2,
        || "rtt_us_mean_successive_difference".into(),
        "needs two answers",
    )
}

fn check_evidence(report: &Report, evidence: &Evidence) -> Checked {
    check(
        evidence.boottime_ms <= BOOTTIME_MS_MAX,
        || "boottime_ms".into(),
        "beyond 100 years",
    )?;
    let line_known = |line: u16| {
        check(
            usize::from(line) < report.lines.len(),
            || "fact.line".into(),
            NO_LINE,
        )
    };
    let counts = |sent: u16, received: u16| {
        check(
            received <= sent,
            || "fact.received".into(),
            "more than sent",
        )
    };
    match &evidence.fact {
        Fact::Line { line, .. } => line_known(*line),
        Fact::Gateway {
            line,
            sent,
            received,
        }
        | Fact::FirstHop {
            line,
            sent,
            received,
        } => {
            line_known(*line)?;
            counts(*sent, *received)
        }
        Fact::Resolver { sent, received, .. } => counts(*sent, *received),
        Fact::Collector { attempts, answered } => counts(*attempts, *answered),
        Fact::IcmpError { target, .. } => check(
            usize::from(*target) < report.targets.len(),
            || "fact.target".into(),
            NO_TARGET,
        ),
        Fact::Power {
            battery_percent, ..
        } => check(
            battery_percent.is_none_or(|percent| percent <= 100),
            || "fact.battery_percent".into(),
            "more than 100",
        ),
        _ => Ok(()),
    }
}

fn check_summary(report: &Report, sequence: u64, summary: &Summary) -> Checked {
    check(
        summary.replaces_first <= summary.replaces_last && summary.replaces_last < sequence,
        || "replaces_last".into(),
        "must not be below replaces_first, and older than the summary itself",
    )?;
    for (index, run) in summary.runs.iter().enumerate() {
        check_run(report, run).map_err(|problem| ReportProblem {
            field: format!("runs[{index}].{}", problem.field),
            ..problem
        })?;
    }
    Ok(())
}

fn check_run(report: &Report, run: &SummaryRun) -> Checked {
    check(
        usize::from(run.target) < report.targets.len(),
        || "target".into(),
        NO_TARGET,
    )?;
    check(
        run.line
            .is_none_or(|line| usize::from(line) < report.lines.len()),
        || "line".into(),
        NO_LINE,
    )?;
    check(
        (1..=SUMMARY_SLOTS_MAX).contains(&run.slots),
        || "slots".into(),
        "must be 1 to 576000",
    )?;
    check(
        run.slots == 1 || run.interval_ms > 0,
        || "interval_ms".into(),
        "must not be 0",
    )?;
    let last = run
        .first_start_boottime_ms
        .saturating_add(u64::from(run.interval_ms) * u64::from(run.slots));
    check(
        last <= BOOTTIME_MS_MAX,
        || "first_start_boottime_ms".into(),
        "beyond 100 years",
    )?;
    check(
        run.sent_per_slot > 0,
        || "sent_per_slot".into(),
        "must not be 0",
    )?;
    check(
        [run.rtt_us_min, run.rtt_us_median, run.rtt_us_max].is_sorted(),
        || "rtt_us_median".into(),
        "min, median and max must ascend",
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        report::{Family, Kind, Line, ReportedTarget, TimeExchange},
        wire::{
            id::{AgentId, BootId},
            schedule::Profile,
        },
    };

    pub(in crate::report) fn sample() -> Sample {
        Sample {
            target: 0,
            line: Some(0),
            start_boottime_ms: 61_000,
            outcome: Outcome::Ok,
            sent: 5,
            received: 5,
            rtt_us_min: Some(900),
            rtt_us_median: Some(1_000),
            rtt_us_max: Some(1_400),
            rtt_us_mean_successive_difference: Some(80),
            coarse: false,
            detail: None,
        }
    }

    pub(in crate::report) fn report() -> Report {
        Report {
            version: VERSION,
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            software: "desserte-probe/0.1.0".into(),
            profile: Profile::Full,
            sealed_boottime_ms: 120_000,
            sealed_wall_unix_ms: Some(1_780_000_000_000),
            time_exchanges: vec![TimeExchange {
                sent_boottime_ms: 100,
                received_boottime_ms: 140,
                collector_received_unix_ms: 1_780_000_000_020,
                collector_sent_unix_ms: 1_780_000_000_021,
            }],
            targets: vec![ReportedTarget {
                id: "anchor".into(),
                kind: Kind::Icmp,
                slot_seconds: 60,
            }],
            lines: vec![Line {
                interface: "eth0".into(),
                gateway: Some("ab".repeat(16)),
                family: Family::Ipv4,
            }],
            entries: vec![Entry {
                sequence: 7,
                written_boottime_ms: 119_000,
                content: Content::Minute(Minute {
                    samples: vec![sample()],
                    evidence: vec![],
                }),
            }],
        }
    }

    fn problem_with(change: impl FnOnce(&mut Sample)) -> String {
        let mut changed = report();
        let Content::Minute(minute) = &mut changed.entries[0].content else {
            unreachable!()
        };
        change(&mut minute.samples[0]);
        validate(&changed).unwrap_err().to_string()
    }

    #[test]
    fn a_good_report_passes() {
        validate(&report()).unwrap();
    }

    #[test]
    fn each_problem_names_entry_field_and_reason() {
        type Case = (fn(&mut Sample), &'static str);
        let cases: [Case; 8] = [
            (
                |s| s.received = 6,
                "entry 7: samples[0].received: more than sent",
            ),
            (
                |s| s.received = 4,
                "entry 7: samples[0].outcome: ok needs every packet answered",
            ),
            (
                |s| s.rtt_us_min = None,
                "entry 7: samples[0].rtt_us_min: must be given exactly when something was received",
            ),
            (
                |s| (s.received, s.outcome) = (0, Outcome::Timeout),
                "entry 7: samples[0].rtt_us_min: must be given exactly when something was received",
            ),
            (
                |s| s.rtt_us_max = Some(1),
                "entry 7: samples[0].rtt_us_median: min, median and max must ascend",
            ),
            (
                |s| s.target = 1,
                "entry 7: samples[0].target: no such index in targets",
            ),
            (
                |s| s.line = Some(1),
                "entry 7: samples[0].line: no such index in lines",
            ),
            (
                |s| (s.received, s.sent) = (1, 1),
                "entry 7: samples[0].rtt_us_mean_successive_difference: needs two answers",
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(problem_with(change), expected);
        }
    }

    #[test]
    fn order_limits_and_texts_are_checked() {
        let mut changed = report();
        changed.entries.push(changed.entries[0].clone());
        assert_eq!(
            validate(&changed).unwrap_err().to_string(),
            "entry 7: sequence: does not ascend"
        );
        let mut changed = report();
        changed.software = "x".repeat(65);
        assert_eq!(validate(&changed).unwrap_err().field, "software");
        let mut changed = report();
        changed.entries.clear();
        assert_eq!(validate(&changed).unwrap_err().field, "entries");
        let mut changed = report();
        changed.lines[0].gateway = Some("00:11".into());
        assert_eq!(validate(&changed).unwrap_err().field, "lines[0].gateway");
    }
}
