//! What the agents of one site saw on one day: postcard, its texts and identities named once and
//! times as differences, then zstd.

use std::collections::HashMap;
use std::hash::Hash;

use desserte_probe::{
    report::Fact,
    wire::id::{AgentId, BootId},
};
use serde::{Deserialize, Serialize};

use crate::store::{StoreError, samples::EvidenceRow};

/// Level of zstd.
const LEVEL: i32 = 3;
/// Most bytes of a day, unpacked.
const BYTES_MAX: usize = 512 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Written {
    origins: Vec<(AgentId, BootId)>,
    texts: Vec<String>,
    rows: Vec<WrittenRow>,
}

#[derive(Serialize, Deserialize)]
struct WrittenRow {
    /// Since the row before.
    milliseconds: i64,
    sequences: i64,
    origin: u32,
    uncertainty_ms: u32,
    ordinal: u32,
    line: Option<u32>,
    target: Option<u32>,
    fact: Fact,
}

fn damaged(reason: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("evidence of a day", reason)
}

/// Numbers for values, in the order in which they are first seen.
struct Numbers<T>(HashMap<T, u32>, Vec<T>);

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn of(&mut self, value: &T) -> u32 {
        if let Some(number) = self.0.get(value) {
            return *number;
        }
        let number = u32::try_from(self.1.len()).unwrap_or(u32::MAX);
        self.0.insert(value.clone(), number);
        self.1.push(value.clone());
        number
    }
}

/// Where a row lies among those of its site, and what it is.
fn place(row: &EvidenceRow) -> (i64, AgentId, BootId, u64, u32) {
    (
        row.time_unix_ms,
        row.agent,
        row.boot,
        row.sequence,
        row.ordinal,
    )
}

/// Rows in the order of their arrival become rows in the order of time; of the same, the first stays.
pub(super) fn settle(rows: &mut Vec<EvidenceRow>) {
    rows.sort_by_key(place);
    rows.dedup_by(|later, first| place(later) == place(first));
}

/// Writes rows of one site.
pub(super) fn seal(rows: &[EvidenceRow]) -> Result<Vec<u8>, StoreError> {
    let mut origins = Numbers(HashMap::new(), Vec::new());
    let mut texts = Numbers(HashMap::new(), Vec::new());
    let mut before = (0_i64, 0_u64);
    let written = rows
        .iter()
        .map(|row| {
            let since = (
                row.time_unix_ms.wrapping_sub(before.0),
                row.sequence.wrapping_sub(before.1).cast_signed(),
            );
            before = (row.time_unix_ms, row.sequence);
            WrittenRow {
                milliseconds: since.0,
                sequences: since.1,
                origin: origins.of(&(row.agent, row.boot)),
                uncertainty_ms: row.uncertainty_ms,
                ordinal: row.ordinal,
                line: row.line.as_ref().map(|line| texts.of(line)),
                target: row.target.as_ref().map(|target| texts.of(target)),
                fact: row.fact.clone(),
            }
        })
        .collect();
    let written = Written {
        rows: written,
        origins: origins.1,
        texts: texts.1,
    };
    let bytes = postcard::to_stdvec(&written).map_err(damaged)?;
    let packed = zstd::bulk::compress(&bytes, LEVEL).map_err(damaged)?;
    Ok(super::with_crc(&packed))
}

/// Reads rows of a site.
pub(super) fn rows(site: &str, body: &[u8]) -> Result<Vec<EvidenceRow>, StoreError> {
    let packed = super::without_crc(body).map_err(damaged)?;
    let bytes = super::unpack(packed, BYTES_MAX).map_err(damaged)?;
    let written: Written = postcard::from_bytes(&bytes).map_err(damaged)?;
    let text = |number: Option<u32>| match number {
        Some(number) => usize::try_from(number)
            .ok()
            .and_then(|number| written.texts.get(number))
            .cloned()
            .map(Some)
            .ok_or_else(|| damaged("a text that is not there")),
        None => Ok(None),
    };
    let mut before = (0_i64, 0_u64);
    let rows = written.rows.iter().map(|row| {
        before.0 = before.0.wrapping_add(row.milliseconds);
        before.1 = before.1.wrapping_add(row.sequences.cast_unsigned());
        let origin = usize::try_from(row.origin).ok();
        let (agent, boot) = origin
            .and_then(|origin| written.origins.get(origin))
            .ok_or_else(|| damaged("an agent that is not there"))?;
        Ok(EvidenceRow {
            site: site.to_owned(),
            agent: *agent,
            boot: *boot,
            time_unix_ms: before.0,
            uncertainty_ms: row.uncertainty_ms,
            sequence: before.1,
            ordinal: row.ordinal,
            line: text(row.line)?,
            target: text(row.target)?,
            fact: row.fact.clone(),
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_comes_back_in_the_order_of_time_and_once() {
        let row = |time_unix_ms, sequence, line: Option<&str>, fact| EvidenceRow {
            site: "a".into(),
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            time_unix_ms,
            uncertainty_ms: 3,
            sequence,
            ordinal: 1,
            line: line.map(str::to_owned),
            target: line.map(|_| "t".to_owned()),
            fact,
        };
        let captive = |intercepted| Fact::Captive { intercepted };
        let mut rows = vec![
            row(50, 9, Some("eth0"), captive(true)),
            row(-7, u64::MAX, None, Fact::Lag { milliseconds: 4 }),
            row(50, 9, Some("eth0"), captive(false)),
            row(50, 10, Some("wlan0"), captive(false)),
        ];
        settle(&mut rows);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].fact, captive(true), "the first stays");
        assert_eq!(super::rows("a", &seal(&rows).unwrap()).unwrap(), rows);
        assert!(super::rows("a", &[1, 2, 3]).is_err());
    }
}
