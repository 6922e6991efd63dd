//! What the server answers, as rows.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use desserte_domain::observation::Outcome;
use desserte_probe::{report::Kind, wire::id::AgentId};
use influxdb2::api::query::FluxRecord;
use influxdb2_structmap::value::Value;
use serde::de::DeserializeOwned;

use super::{catalogue::Catalogue, flux::MS_NS, line::UNKNOWN};
use crate::store::{
    StoreError,
    samples::{DaySums, EvidenceRow, SampleRow, SeriesId, SeriesKey},
};

fn wrong(reason: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("answer of the server of samples", reason)
}

fn text<'r>(record: &'r FluxRecord, column: &str) -> Result<&'r str, StoreError> {
    match record.values.get(column) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(wrong(format!("no text in {column}"))),
    }
}

/// A tag; `None` where it is not known.
fn tag(record: &FluxRecord, column: &str) -> Result<Option<String>, StoreError> {
    let value = text(record, column)?;
    Ok((value != UNKNOWN).then(|| value.to_owned()))
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Long(number) => Some(*number),
        _ => None,
    }
}

fn time_ns(record: &FluxRecord) -> Result<i64, StoreError> {
    match record.values.get("_time") {
        Some(Value::TimeRFC(time)) => time.timestamp_nanos_opt(),
        _ => None,
    }
    .ok_or_else(|| wrong("no time"))
}

fn named<T: DeserializeOwned>(value: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(value.to_owned())).map_err(wrong)
}

/// The series of a record that has its tags.
pub(super) fn key(record: &FluxRecord) -> Result<SeriesKey, StoreError> {
    let agent: AgentId = text(record, "agent")?.parse().map_err(wrong)?;
    let family = tag(record, "family")?;
    Ok(SeriesKey {
        site: text(record, "site")?.to_owned(),
        agent,
        target: text(record, "target")?.to_owned(),
        kind: named::<Kind>(text(record, "kind")?)?,
        slot_seconds: text(record, "slot_seconds")?.parse().map_err(wrong)?,
        line: tag(record, "line")?,
        family: family.as_deref().map(named).transpose()?,
    })
}

/// The greatest position; 0 without one.
pub(super) fn position(records: &[FluxRecord]) -> Result<u64, StoreError> {
    let mut greatest = 0;
    for record in records {
        let value = record.values.get("_value").and_then(integer);
        let value = value.ok_or_else(|| wrong("a position that is no number"))?;
        greatest = greatest.max(value.cast_unsigned());
    }
    Ok(greatest)
}

/// A point's fields by their names.
type Point<'r> = HashMap<&'r str, &'r Value>;

/// Records of one field each, put together as points by time and, where there is one, agent.
fn points(records: &[FluxRecord]) -> Result<BTreeMap<(i64, Option<&str>), Point<'_>>, StoreError> {
    let mut points: BTreeMap<(i64, Option<&str>), Point<'_>> = BTreeMap::new();
    for record in records {
        let agent = record
            .values
            .contains_key("agent")
            .then(|| text(record, "agent"));
        let place = (time_ns(record)?, agent.transpose()?);
        let value = record
            .values
            .get("_value")
            .ok_or_else(|| wrong("no value"))?;
        points
            .entry(place)
            .or_default()
            .insert(text(record, "_field")?, value);
    }
    Ok(points)
}

struct Fields<'p, 'r>(&'p Point<'r>);

impl Fields<'_, '_> {
    fn optional<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let number = integer(value).and_then(|number| T::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| wrong(format!("{name} is out of range")))
    }

    fn needed<T: TryFrom<i64>>(&self, name: &str) -> Result<T, StoreError> {
        self.optional(name)?
            .ok_or_else(|| wrong(format!("{name} is missing")))
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn sequence(&self) -> Option<u64> {
        self.0
            .get("sequence")
            .copied()
            .and_then(integer)
            .map(i64::cast_unsigned)
    }
}

/// Samples of one series, by time and sequence. Their series is left empty.
pub(super) fn samples(records: &[FluxRecord]) -> Result<Vec<SampleRow>, StoreError> {
    let nobody = Arc::new(SeriesKey {
        site: String::new(),
        agent: AgentId([0; 16]),
        target: String::new(),
        kind: Kind::Icmp,
        slot_seconds: 0,
        line: None,
        family: None,
    });
    let mut rows = Vec::new();
    for ((time, _), point) in &points(records)? {
        let fields = Fields(point);
        // Of a point that is only half asked for there is nothing to say.
        let Some(sequence) = fields.sequence() else {
            continue;
        };
        let code = fields.optional("outcome")?;
        let outcome = match code {
            None => Outcome::Ok,
            Some(code) => Outcome::from_code(code)
                .ok_or_else(|| wrong(format!("no outcome has code {code}")))?,
        };
        let detail = fields.text("detail").map(serde_json::from_str).transpose();
        rows.push(SampleRow {
            series: Arc::clone(&nobody),
            time_unix_ms: time.div_euclid(MS_NS),
            uncertainty_ms: fields.needed("uncertainty_ms")?,
            sequence,
            outcome,
            sent: fields.needed("sent")?,
            received: fields.needed("received")?,
            rtt_us_min: fields.optional("rtt_us_min")?,
            rtt_us_median: fields.optional("rtt_us_median")?,
            rtt_us_max: fields.optional("rtt_us_max")?,
            rtt_us_mean_successive_difference: fields
                .optional("rtt_us_mean_successive_difference")?,
            coarse: matches!(point.get("coarse"), Some(Value::Bool(true))),
            detail: detail.map_err(wrong)?,
            summary_spacing_ms: None,
        });
    }
    rows.sort_by_key(|row| (row.time_unix_ms, row.sequence));
    Ok(rows)
}

/// What agents of a site saw, by time.
pub(super) fn evidence(site: &str, records: &[FluxRecord]) -> Result<Vec<EvidenceRow>, StoreError> {
    let mut rows = Vec::new();
    for ((time, agent), point) in &points(records)? {
        let fields = Fields(point);
        let (Some(sequence), Some(agent)) = (fields.sequence(), agent) else {
            return Err(wrong("evidence without its number or its agent"));
        };
        let fact = fields
            .text("fact")
            .ok_or_else(|| wrong("evidence without a fact"))?;
        let boot = fields
            .text("boot")
            .ok_or_else(|| wrong("evidence without a boot"))?;
        rows.push(EvidenceRow {
            site: site.to_owned(),
            agent: agent.parse().map_err(wrong)?,
            boot: boot.parse().map_err(wrong)?,
            time_unix_ms: time.div_euclid(MS_NS),
            uncertainty_ms: fields.needed("uncertainty_ms")?,
            sequence,
            ordinal: fields.needed("ordinal")?,
            line: fields.text("line").map(str::to_owned),
            target: fields.text("target").map(str::to_owned),
            fact: serde_json::from_str(fact).map_err(wrong)?,
        });
    }
    rows.sort_by_key(|row| {
        (
            row.time_unix_ms,
            row.agent,
            row.boot,
            row.sequence,
            row.ordinal,
        )
    });
    Ok(rows)
}

/// Sums of series, from their packets summed and their samples counted.
pub(super) fn sums(
    catalogue: &Catalogue,
    summed: &[FluxRecord],
    counted: &[FluxRecord],
) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
    let mut found: BTreeMap<SeriesId, DaySums> = BTreeMap::new();
    for record in summed.iter().chain(counted) {
        let Some(series) = catalogue.known(&key(record)?) else {
            continue;
        };
        let value = record.values.get("_value").and_then(integer);
        let value = value.and_then(|value| u64::try_from(value).ok());
        let value = value.ok_or_else(|| wrong("a sum that is no number"))?;
        let sums = found.entry(series).or_default();
        match text(record, "_field")? {
            "sequence" => sums.samples += value,
            "silent" => sums.silent += value,
            "sent" => sums.sent += value,
            _ => sums.received += value,
        }
    }
    Ok(found.into_iter().collect())
}

/// The start of a record's step, Unix milliseconds, and its value. The first step begins where the span
/// that was asked for does.
pub(super) fn step<T: TryFrom<i64>>(
    record: &FluxRecord,
    step_ms: i64,
) -> Result<(i64, T), StoreError> {
    let at = time_ns(record)?.div_euclid(MS_NS);
    let value = record.values.get("_value").and_then(integer);
    let value = value.and_then(|value| T::try_from(value).ok());
    let value = value.ok_or_else(|| wrong("a step whose value is no number"))?;
    Ok((at - at.rem_euclid(step_ms), value))
}

/// Of what a record of sums is.
pub(super) fn target_and_field(record: &FluxRecord) -> Result<(&str, &str), StoreError> {
    Ok((text(record, "target")?, text(record, "_field")?))
}
