//! What the spool must remember beside its records: the chain and the counters.
//!
//! Kept in two files that are written in turn, `state.a` and `state.b`: eight hexadecimal digits of
//! CRC-32, a space and JSON. The good one with the higher generation counts, so that damage to one
//! costs nothing but the last change, which the batches on disk tell again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{FileError, PRIVATE, read_if_there, write_whole};

const NAMES: [&str; 2] = ["state.a", "state.b"];

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    generation: u64,
    /// Batches sealed so far; names the next batch file.
    pub(super) seals: u64,
    /// Every entry up to here is in a batch (or was).
    pub(super) sealed_sequence: u64,
    /// Batch hash of the newest batch, 64 hexadecimal digits; empty before the first.
    pub(super) chain_head: String,
    pub(super) minutes_thinned: u64,
    pub(super) entries_lost: u64,
    pub(super) batches_refused: u64,
}

/// What is known of the state on disk.
pub(super) enum Found {
    /// Nothing: a new spool.
    Nothing,
    /// Files, but none of them good.
    Damaged,
    /// The newest good one.
    Good(State),
}

impl State {
    pub(super) fn load(folder: &Path) -> Result<Found, FileError> {
        let mut found = Found::Nothing;
        for name in NAMES {
            let Some(bytes) = read_if_there(&folder.join(name))? else {
                continue;
            };
            found = match (found, parse(&bytes)) {
                (Found::Good(a), Some(b)) if a.generation > b.generation => Found::Good(a),
                (_, Some(b)) => Found::Good(b),
                (Found::Nothing, None) => Found::Damaged,
                (other, None) => other,
            };
        }
        Ok(found)
    }

    pub(super) fn save(&mut self, folder: &Path) -> Result<(), FileError> {
        self.generation += 1;
        let json = serde_json::to_string(self).unwrap_or_default();
        let text = format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
        let name = if self.generation.is_multiple_of(2) {
            "state.a"
        } else {
            "state.b"
        };
        write_whole(&folder.join(name), text.as_bytes(), PRIVATE)
    }
}

fn parse(bytes: &[u8]) -> Option<State> {
    let (crc, json) = std::str::from_utf8(bytes)
        .ok()?
        .trim_end()
        .split_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32fast::hash(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}
