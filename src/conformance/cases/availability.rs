//! A period's slots, counted; and the same period again when late samples have come.

use desserte_domain::account::{AccountInput, MonthFigures, account};
use desserte_domain::decimal::{Decimal, Fraction};
use desserte_domain::exclusion::{Exclusion, ExclusionKind, ExclusionMode};
use desserte_domain::machine::{Availability, MachineParameters, MissingPolicy};
use desserte_domain::period::Period;
use desserte_domain::service_hours::{ServiceHours, ServiceWindow};
use desserte_domain::slot::SlotState;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Found, read};

/// Slots that one case may write out: a leap year of seconds, beyond any period.
const MAX_CASE_SLOTS: usize = 367 * 86_400;

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

pub(super) fn availability(input: &Value) -> Found {
    let case: AvailabilityCase = read(input)?;
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
    Ok(availability_fields(&figures)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevisionCase {
    period_slots: usize,
    rev1: FirstRevision,
    late: Late,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstRevision {
    unknown: usize,
    down: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Late {
    good: usize,
    bad_in_one_run: usize,
}

/// The same period twice: what is known at first, and with the late samples in the place of unknown
/// slots. The slots down at first are an outage that was carried in, so that any number of them is
/// down; the late bad ones must make an outage of their own, as the machine says.
pub(super) fn revision(input: &Value) -> Found {
    let case: RevisionCase = read(input)?;
    let (down, unknown) = (case.rev1.down, case.rev1.unknown);
    let late = case.late.good.checked_add(case.late.bad_in_one_run);
    let late = late.filter(|late| *late <= unknown);
    let late = late.ok_or("input.late: more than were unknown")?;
    if case.period_slots > MAX_CASE_SLOTS {
        return Err(format!(
            "input: a period has at most {MAX_CASE_SLOTS} slots"
        ));
    }
    let good = down
        .checked_add(unknown)
        .and_then(|named| case.period_slots.checked_sub(named))
        .ok_or("input.rev1: more than the period")?;
    let (before, after) = (good - good / 2, good / 2);
    let run = |state, count| std::iter::repeat_n(state, count);
    let first: Vec<SlotState> = run(SlotState::Bad, down)
        .chain(run(SlotState::Good, before))
        .chain(run(SlotState::Unknown, unknown))
        .chain(run(SlotState::Good, after))
        .collect();
    let second: Vec<SlotState> = run(SlotState::Bad, down)
        .chain(run(SlotState::Good, before))
        .chain(run(SlotState::Good, case.late.good))
        .chain(run(SlotState::Bad, case.late.bad_in_one_run))
        .chain(run(SlotState::Unknown, unknown - late))
        .chain(run(SlotState::Good, after))
        .collect();
    let period = period_of(case.period_slots);
    let carry_in = match down {
        0 => Availability::Available,
        _ => Availability::Unavailable,
    };
    let figures = |slots: &[SlotState]| {
        account(&AccountInput {
            period: &period,
            slots,
            look_ahead: &[SlotState::Good; 20],
            slots_before_measuring: 0,
            carry_in,
            machine: MachineParameters::default(),
            exclusion_mode: ExclusionMode::Remove,
            exclusions: &[],
            service_hours: None,
            minimum_measured_share: None,
        })
        .map_err(|error| format!("input: {error}"))
    };
    let (first, second) = (figures(&first)?, figures(&second)?);
    let fraction = |figures: &MonthFigures| json!(figures.availability.map(|one| one.to_string()));
    Ok(vec![
        ("rev1_fraction".to_owned(), fraction(&first)),
        ("rev2_fraction".to_owned(), fraction(&second)),
        ("rev1_pct_6dp".to_owned(), json!(first.availability_percent)),
        (
            "rev2_pct_6dp".to_owned(),
            json!(second.availability_percent),
        ),
    ])
}

/// A period of so many minutes from a midnight on.
fn period_of(slots: usize) -> Period {
    let first = jiff::civil::date(2026, 1, 1);
    let minutes = i64::try_from(slots).unwrap_or(i64::MAX);
    let days = minutes / 1_440 + i64::from(minutes % 1_440 != 0);
    Period {
        time_zone: "UTC".to_owned(),
        first_day: first,
        end_day: first
            .checked_add(jiff::Span::new().days(days.clamp(1, 36_600)))
            .unwrap_or(first),
        start_unix_ms: 1_767_225_600_000,
        end_unix_ms: 1_767_225_600_000 + minutes * 60_000,
        slot_seconds: 60,
    }
}
