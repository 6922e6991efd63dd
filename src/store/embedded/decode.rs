//! Rows of SQLite as values, and values as its texts.

use std::sync::Arc;

use desserte_domain::observation::Outcome;
use desserte_probe::report::{Family, Kind};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::{Serialize, de::DeserializeOwned};

use crate::store::{
    StoreError,
    samples::{EvidenceRow, SampleBlock, SampleRow, Series, SeriesFilter, SeriesId, SeriesKey},
    unsigned,
};

pub(super) fn read_series(
    connection: &Connection,
    filter: SeriesFilter<'_>,
) -> Result<Vec<Series>, StoreError> {
    connection
        .prepare_cached(
            "SELECT * FROM series WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR target = ?2)
             ORDER BY id",
        )
        .and_then(|mut statement| {
            statement
                .query_map([filter.site, filter.target], |row| {
                    Ok(Series {
                        id: SeriesId(row.get("id")?),
                        key: key(row)?,
                    })
                })?
                .collect()
        })
        .map_err(StoreError::database("series"))
}

pub(super) fn series_key(
    connection: &Connection,
    series: SeriesId,
) -> rusqlite::Result<Option<SeriesKey>> {
    connection
        .prepare_cached("SELECT * FROM series WHERE id = ?")?
        .query_row([series.0], key)
        .optional()
}

fn key(row: &Row<'_>) -> rusqlite::Result<SeriesKey> {
    let agent: String = row.get("agent")?;
    let kind: String = row.get("kind")?;
    let line: String = row.get("line")?;
    let family: String = row.get("family")?;
    Ok(SeriesKey {
        site: row.get("site")?,
        agent: agent.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
        target: row.get("target")?,
        kind: from_text::<Kind>(&kind)?,
        slot_seconds: row.get("slot_seconds")?,
        line: (!line.is_empty()).then_some(line),
        family: if family.is_empty() {
            None
        } else {
            Some(from_text::<Family>(&family)?)
        },
    })
}

fn outcome(code: u16) -> rusqlite::Result<Outcome> {
    Outcome::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, i64::from(code)))
}

pub(super) fn push(block: &mut SampleBlock, row: &Row<'_>) -> rusqlite::Result<()> {
    block.time_unix_ms.push(row.get(0)?);
    block.uncertainty_ms.push(row.get(1)?);
    block.sequence.push(unsigned(row.get(2)?));
    block.outcome.push(outcome(row.get(3)?)?);
    block.sent.push(row.get(4)?);
    block.received.push(row.get(5)?);
    block.rtt_us_min.push(row.get(6)?);
    block.rtt_us_median.push(row.get(7)?);
    block.rtt_us_max.push(row.get(8)?);
    block.rtt_us_mean_successive_difference.push(row.get(9)?);
    block.coarse.push(row.get(10)?);
    Ok(())
}

pub(super) fn sample(row: &Row<'_>, series: SeriesKey) -> rusqlite::Result<SampleRow> {
    let detail: Option<String> = row.get("detail")?;
    Ok(SampleRow {
        series: Arc::new(series),
        time_unix_ms: row.get("time_unix_ms")?,
        uncertainty_ms: row.get("uncertainty_ms")?,
        sequence: unsigned(row.get("sequence")?),
        outcome: outcome(row.get("outcome")?)?,
        sent: row.get("sent")?,
        received: row.get("received")?,
        rtt_us_min: row.get("rtt_us_min")?,
        rtt_us_median: row.get("rtt_us_median")?,
        rtt_us_max: row.get("rtt_us_max")?,
        rtt_us_mean_successive_difference: row.get("rtt_us_mean_successive_difference")?,
        coarse: row.get("coarse")?,
        detail: detail.and_then(|text| serde_json::from_str(&text).ok()),
        summary_spacing_ms: None,
    })
}

pub(super) fn evidence(row: &Row<'_>) -> rusqlite::Result<EvidenceRow> {
    let wrong = |_| rusqlite::Error::InvalidQuery;
    let (agent, boot): (String, String) = (row.get("agent")?, row.get("boot")?);
    let fact: String = row.get("fact")?;
    Ok(EvidenceRow {
        site: row.get("site")?,
        agent: agent.parse().map_err(wrong)?,
        boot: boot.parse().map_err(wrong)?,
        time_unix_ms: row.get("time_unix_ms")?,
        uncertainty_ms: row.get("uncertainty_ms")?,
        sequence: unsigned(row.get("sequence")?),
        ordinal: row.get("ordinal")?,
        line: row.get("line")?,
        target: row.get("target")?,
        fact: serde_json::from_str(&fact).map_err(|_| rusqlite::Error::InvalidQuery)?,
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged("detail", error))
}

/// The text of a unit variant, as on the wire.
pub(super) fn text(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

fn from_text<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| rusqlite::Error::InvalidQuery)
}
