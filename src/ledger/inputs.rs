//! Everything that a statement is made of beside the samples themselves, written down and hashed with
//! it. Whoever has these inputs and the batches that they name makes the same document again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use desserte_domain::period::{Period, time_zone};
use desserte_probe::wire::{hex, sha256};
use serde::{Deserialize, Serialize};

use crate::assess::NeighboursSeen;
use crate::registry::Anchor;

/// Version of this shape.
pub const FORMAT: u32 = 1;

/// What a statement is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Version of this shape.
    pub format: u32,
    /// The rules by which figures are made.
    pub rule_set: String,
    /// The agreement.
    pub agreement: String,
    /// Year and month, `yyyy-mm`, in its time zone.
    pub month: String,
    /// Version of the terms.
    pub version: u32,
    /// Which statement of the month it is.
    pub revision: u32,
    /// The present when it was made: slots after it had not passed.
    pub present_unix_ms: i64,
    /// Start of the period, Unix milliseconds.
    pub period_start_unix_ms: i64,
    /// End of the whole period.
    pub period_end_unix_ms: i64,
    /// The time zone's offsets from UTC in the period.
    pub utc_offsets: Vec<UtcOffset>,
    /// Leaves of the log that count: a batch that came later is no part of it.
    pub ledger_size: u64,
    /// Records of the registry that count, by their position.
    pub records_until: u64,
    /// When no collector ran, half-open, ascending.
    pub collector_down: Vec<Span>,
    /// Its sites, in the agreement's order.
    pub sites: Vec<SiteInputs>,
}

/// An offset from UTC, from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtcOffset {
    /// From when, Unix milliseconds.
    pub from_unix_ms: i64,
    /// Seconds east.
    pub seconds: i32,
}

/// An interval, half-open, Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Start.
    pub from_unix_ms: i64,
    /// End, not inside.
    pub to_unix_ms: i64,
}

/// What is known of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteInputs {
    /// The site.
    pub site: String,
    /// Agents that measured there, in the order of their identifiers.
    pub agents: Vec<AgentInputs>,
    /// Targets that had been measured there before the batches begin.
    pub measured_before: Vec<String>,
    /// Targets that stand for a part of the path.
    pub anchors: BTreeMap<String, Anchor>,
    /// What sites nearby did while this one was silent and then restarted.
    pub neighbours: Vec<NeighbourInputs>,
}

/// What the sites nearby did in one silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourInputs {
    /// The last sign of life before, Unix milliseconds.
    pub from_unix_ms: i64,
    /// The restart.
    pub to_unix_ms: i64,
    /// Sites that fell silent and restarted together with it.
    pub down: u32,
    /// Sites of which it is known.
    pub known: u32,
}

impl From<NeighboursSeen> for NeighbourInputs {
    fn from(seen: NeighboursSeen) -> Self {
        Self {
            from_unix_ms: seen.silence.from_unix_ms,
            to_unix_ms: seen.silence.to_unix_ms,
            down: seen.down.count,
            known: seen.down.total,
        }
    }
}

/// An agent and what of it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentInputs {
    /// The agent.
    pub agent: String,
    /// Its public key, 64 hexadecimal digits.
    pub public_key: String,
    /// Where it measured, oldest first.
    pub stays: Vec<Stay>,
    /// Lines that it was seen on at the site.
    pub lines: Vec<LineInputs>,
    /// Batches that count, in the order of their sealing: how many.
    pub batches: u64,
    /// SHA-256 over their names, in that order.
    pub batches_sha256: String,
    /// Batches among them whose predecessor never came here.
    pub open: Vec<String>,
}

/// A time in which an agent was somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// At this site; `false`: elsewhere.
    pub here: bool,
    /// From when, Unix milliseconds.
    pub from_unix_ms: i64,
    /// Until when; `null`: still.
    pub to_unix_ms: Option<i64>,
}

/// A line of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineInputs {
    /// Its name.
    pub key: String,
    /// Local interface.
    pub interface: String,
    /// Keyed hash of its gateway.
    pub gateway: Option<String>,
    /// Public address of the last batch that came over it.
    pub public_address: Option<IpAddr>,
    /// Somebody, or the enrolment, vouched for it.
    pub confirmed: bool,
}

impl Inputs {
    /// The text that is hashed: JSON in the order of the fields, on one line.
    pub fn canonical(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Its hash.
    pub fn sha256(&self) -> serde_json::Result<String> {
        Ok(hex(&sha256(self.canonical()?.as_bytes())))
    }

    /// Year and month.
    #[must_use]
    pub fn year_month(&self) -> Option<(i16, i8)> {
        parse_month(&self.month)
    }
}

/// Year and month of `yyyy-mm`.
#[must_use]
pub fn parse_month(text: &str) -> Option<(i16, i8)> {
    let (year, month) = text.split_once('-')?;
    let digits = |part: &str, length| {
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    };
    digits(year, 4)?;
    digits(month, 2)?;
    let month: i8 = month.parse().ok()?;
    (1..=12)
        .contains(&month)
        .then_some((year.parse().ok()?, month))
}

/// The offsets from UTC in a period: the one at its start, and each that begins in it.
#[must_use]
pub fn utc_offsets(period: &Period) -> Vec<UtcOffset> {
    let Ok(zone) = time_zone(&period.time_zone) else {
        return Vec::new();
    };
    let at = |unix_ms: i64| jiff::Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    let start = at(period.start_unix_ms);
    let first = UtcOffset {
        from_unix_ms: period.start_unix_ms,
        seconds: zone.to_offset(start).seconds(),
    };
    let later = zone
        .following(start)
        .take_while(|change| change.timestamp().as_millisecond() < period.end_unix_ms)
        .map(|change| UtcOffset {
            from_unix_ms: change.timestamp().as_millisecond(),
            seconds: change.offset().seconds(),
        });
    std::iter::once(first).chain(later).collect()
}

/// SHA-256 over the names of batches.
#[must_use]
pub fn batches_sha256<'a>(names: impl Iterator<Item = &'a [u8; 32]>) -> String {
    let bytes: Vec<u8> = names.flatten().copied().collect();
    hex(&sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_a_month_with_a_change_and_of_one_without() {
        let month = |zone, month| Period::month(zone, 2026, month, 60).unwrap();
        let brazzaville = utc_offsets(&month("Africa/Brazzaville", 6));
        assert_eq!(brazzaville.len(), 1);
        assert_eq!(brazzaville[0].seconds, 3_600);
        let casablanca = utc_offsets(&month("Europe/Paris", 3));
        let seconds: Vec<i32> = casablanca.iter().map(|one| one.seconds).collect();
        assert_eq!(seconds, [3_600, 7_200]);
        assert_eq!(casablanca[1].from_unix_ms, 1_774_746_000_000);
    }

    #[test]
    fn months_are_read_strictly() {
        assert_eq!(parse_month("2026-06"), Some((2026, 6)));
        for wrong in [
            "2026-6",
            "2026-13",
            "2026-00",
            "26-06",
            "2026-06-01",
            "+026-06",
            "",
        ] {
            assert_eq!(parse_month(wrong), None, "{wrong}");
        }
    }
}
