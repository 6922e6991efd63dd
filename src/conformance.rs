//! `desserte conformance sla FILE`: worked cases in, one line a case out.
//!
//! A case passes through the same functions as the product's own figures
//! ([`desserte_domain::account`]); nothing is computed here but the reading of a case and the
//! comparison. A kind that is not built yet is a failure that says so.

use std::io::Write;

use desserte_domain::account::{AccountInput, MonthFigures, account};
use desserte_domain::aggregate::Aggregation;
use desserte_domain::decimal::{Decimal, Fraction};
use desserte_domain::exclusion::{Exclusion, ExclusionKind, ExclusionMode};
use desserte_domain::machine::{Availability, MachineParameters, MissingPolicy};
use desserte_domain::period::Period;
use desserte_domain::promise::keeps;
use desserte_domain::service_hours::{ServiceHours, ServiceWindow};
use desserte_domain::slot::{SlotRule, SlotState};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The slot model that the cases define; another model's cases mean other figures.
const MODEL: &str = "sla-ref-1";

/// Slots that one case may write out: a leap year of seconds, beyond any period.
const MAX_CASE_SLOTS: usize = 367 * 86_400;

/// Why a file of cases cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// The file is not of the expected shape.
    #[error("read conformance cases: {0}")]
    Read(#[from] serde_json::Error),
    /// The cases belong to another model.
    #[error("read conformance cases: model {0:?} is not {MODEL:?}")]
    Model(String),
    /// The report could not be written.
    #[error("write conformance report: {0}")]
    Write(#[from] std::io::Error),
}

#[derive(Deserialize)]
struct CaseFile {
    model: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: Value,
    expected: Map<String, Value>,
}

/// Runs every case of `json` and writes one line for each, `ID pass` or `ID fail` with the first
/// field that differs, then `N passed, N failed`. Answers whether all passed.
pub fn run_sla(json: &str, out: &mut dyn Write) -> Result<bool, ConformanceError> {
    let file: CaseFile = serde_json::from_str(json)?;
    if file.model != MODEL {
        return Err(ConformanceError::Model(file.model));
    }
    let mut failed = 0_usize;
    for case in &file.cases {
        match run_case(case) {
            Ok(()) => writeln!(out, "{} pass", case.id)?,
            Err(difference) => {
                failed += 1;
                writeln!(out, "{} fail {difference}", case.id)?;
            }
        }
    }
    writeln!(out, "{} passed, {failed} failed", file.cases.len() - failed)?;
    Ok(failed == 0)
}

/// Runs one case; `Err` says what differs.
fn run_case(case: &Case) -> Result<(), String> {
    let found = match case.kind.as_str() {
        "availability" => availability(&case.input),
        "loss_slots" => loss_slots(&case.input),
        "compliance" => compliance(&case.input),
        "aggregate" => aggregate(&case.input),
        other => Err(format!("kind: {other:?} is not built yet")),
    }?;
    compare(&case.expected, &found)
}

/// The first field that differs, in the order in which the figures are computed.
fn compare(expected: &Map<String, Value>, found: &[(&str, Value)]) -> Result<(), String> {
    if expected.is_empty() {
        return Err("expected: no field to compare".to_owned());
    }
    for (name, value) in found {
        if let Some(wanted) = expected.get(*name).filter(|wanted| *wanted != value) {
            return Err(format!("{name}: expected {wanted}, found {value}"));
        }
    }
    match expected
        .keys()
        .find(|name| !found.iter().any(|(known, _)| known == name))
    {
        Some(name) => Err(format!("{name}: this figure is not computed")),
        None => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AvailabilityCase {
    tz: String,
    period_local: [jiff::civil::Date; 2],
    slot_s: u32,
    n_enter: u32,
    n_exit: u32,
    missing_policy: MissingPolicy,
    exclusion_mode: ExclusionMode,
    carry_in: Availability,
    timeline_from_period_start: Vec<(String, usize)>,
    lookahead_after_period_end: Vec<(String, usize)>,
    exclusions_utc: Vec<(jiff::Timestamp, jiff::Timestamp, String)>,
    service_hours: Option<ServiceWindow>,
    min_coverage: Option<Decimal>,
}

fn availability(input: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let case = AvailabilityCase::deserialize(input).map_err(|error| format!("input: {error}"))?;
    let [from, to] = case.period_local;
    let period = Period::between(&case.tz, from, to, case.slot_s)
        .map_err(|error| format!("input.period_local: {error}"))?;
    let hours = case.service_hours.map(|window| ServiceHours {
        windows: vec![window],
        ..ServiceHours::default()
    });
    let exclusions: Vec<Exclusion> = case
        .exclusions_utc
        .into_iter()
        .map(|(from, to, class)| Exclusion {
            from_unix_ms: from.as_millisecond(),
            to_unix_ms: to.as_millisecond(),
            // What the agreements of the cases leave out is what they announced.
            kind: ExclusionKind::PlannedWorks,
            class,
        })
        .collect();
    let figures = account(&AccountInput {
        period: &period,
        slots: &timeline(&case.timeline_from_period_start)?,
        look_ahead: &timeline(&case.lookahead_after_period_end)?,
        slots_before_measuring: 0,
        carry_in: case.carry_in,
        machine: MachineParameters {
            n_enter: case.n_enter,
            n_exit: case.n_exit,
            missing: case.missing_policy,
            ..MachineParameters::default()
        },
        exclusion_mode: case.exclusion_mode,
        exclusions: &exclusions,
        service_hours: hours.as_ref(),
        minimum_measured_share: case.min_coverage,
    })
    .map_err(|error| format!("input: {error}"))?;
    Ok(availability_fields(&figures))
}

/// The product's figures under the names of the cases.
fn availability_fields(figures: &MonthFigures) -> Vec<(&'static str, Value)> {
    let counts = &figures.counts;
    let fraction = |value: Option<Fraction>| json!(value.map(|one| one.to_string()));
    let minutes = |value: Option<Fraction>| json!(value.map(Fraction::six_decimals_half_even));
    let outages: Vec<Value> = figures
        .outages
        .iter()
        .map(|outage| {
            json!({
                "start": instant(outage.start_unix_ms),
                "end": instant(outage.end_unix_ms),
                "down_slots": outage.down_slots,
            })
        })
        .collect();
    vec![
        ("period_slots", json!(counts.period_slots)),
        ("excluded_slots", json!(counts.excluded_slots)),
        ("unknown_slots", json!(counts.unknown_slots)),
        ("measured_slots", json!(counts.measured_slots)),
        ("down_slots", json!(counts.down_slots)),
        ("up_slots", json!(counts.up_slots)),
        ("availability_fraction", fraction(figures.availability)),
        (
            "availability_pct_6dp_half_even",
            json!(figures.availability_percent),
        ),
        ("raw_good_slots", json!(counts.raw_good_slots)),
        ("outage_count", json!(outages.len())),
        ("outages", json!(outages)),
        ("mttr_min", minutes(figures.mean_time_to_repair_minutes)),
        (
            "mtbf_min",
            minutes(figures.mean_time_between_failures_minutes),
        ),
        ("coverage_fraction", fraction(figures.coverage)),
        ("billable", json!(figures.billable)),
    ]
}

fn instant(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| format!("{unix_ms} ms"), |instant| instant.to_string())
}

/// Slots from their runs; `FLAP_BG` alternates, bad first.
fn timeline(runs: &[(String, usize)]) -> Result<Vec<SlotState>, String> {
    use SlotState::{Bad, Good, Unknown};
    let mut slots = Vec::new();
    for (state, count) in runs {
        let pattern = match state.as_str() {
            "G" => [Good, Good],
            "B" => [Bad, Bad],
            "U" => [Unknown, Unknown],
            "FLAP_BG" => [Bad, Good],
            other => return Err(format!("input: slot state {other:?} is not known")),
        };
        if *count > MAX_CASE_SLOTS - slots.len() {
            return Err(format!(
                "input: a timeline has at most {MAX_CASE_SLOTS} slots"
            ));
        }
        slots.extend(pattern.iter().cycle().take(*count));
    }
    Ok(slots)
}

/// The slots of a month or of a site, counted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    measured: u64,
    down: u64,
}

impl Counted {
    fn availability(&self) -> Result<Fraction, String> {
        let up = self.measured.checked_sub(self.down);
        up.and_then(|up| Fraction::of(up, self.measured))
            .ok_or_else(|| "input: more is down than measured, or nothing is".to_owned())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComplianceCase {
    target: Decimal,
    items: Vec<Counted>,
}

fn compliance(input: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let case = ComplianceCase::deserialize(input).map_err(|error| format!("input: {error}"))?;
    let mut results = Vec::new();
    for item in &case.items {
        let availability = item.availability()?;
        results.push(json!({
            "compliant": keeps(case.target, availability),
            "pct_2dp_floor": availability.percent_two_decimals_floor(),
            "pct_2dp_half_up": availability.percent_two_decimals_half_up(),
        }));
    }
    Ok(vec![("results", json!(results))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AggregateCase {
    sites: Vec<Counted>,
}

fn aggregate(input: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let case = AggregateCase::deserialize(input).map_err(|error| format!("input: {error}"))?;
    let sites = case.sites.iter().map(Counted::availability);
    let sites = sites.collect::<Result<Vec<Fraction>, String>>()?;
    let percent = |way: Aggregation| {
        let figure = way.of(&sites);
        json!(figure.map(Fraction::percent_six_decimals_half_even))
    };
    let pooled = Aggregation::Pooled.of(&sites);
    Ok(vec![
        ("pooled_fraction", json!(pooled.map(|one| one.to_string()))),
        ("pooled_pct_6dp", percent(Aggregation::Pooled)),
        ("mean_pct_6dp", percent(Aggregation::Mean)),
        ("worst_pct_6dp", percent(Aggregation::Worst)),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossCase {
    /// The same number for every slot …
    sent: Option<u64>,
    /// … or one for each.
    sent_list: Option<Vec<u64>>,
    received: Vec<u64>,
    min_sent: Option<u16>,
    #[serde(rename = "C")]
    threshold: Decimal,
}

fn loss_slots(input: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let case = LossCase::deserialize(input).map_err(|error| format!("input: {error}"))?;
    let sent = match (case.sent, case.sent_list) {
        (Some(sent), None) => vec![sent; case.received.len()],
        (None, Some(list)) if list.len() == case.received.len() => list,
        _ => return Err("input: sent or sent_list, as long as received".to_owned()),
    };
    let threshold = case
        .threshold
        .parts_per_million()
        .ok_or("input.C: finer than a millionth")?;
    let rule = SlotRule {
        minimum_sent: case.min_sent.unwrap_or(SlotRule::default().minimum_sent),
        loss_threshold_parts_per_million: threshold,
        ..SlotRule::default()
    };
    let states: Vec<&str> = sent
        .iter()
        .zip(&case.received)
        .map(
            |(sent, received)| match rule.decide_target(*sent, *received) {
                SlotState::Good => "G",
                SlotState::Bad => "B",
                SlotState::Unknown => "U",
            },
        )
        .collect();
    Ok(vec![("states", json!(states))])
}
