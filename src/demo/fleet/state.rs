//! What a fleet must remember from one start to the next: its size, its secret, its starts.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use desserte_probe::wire::{hex, parse_hex, sha256};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use super::super::DemoError;
use super::super::world::DAY;
use super::super::world::script::Start;
use super::Size;

/// Its file in the data folder.
const FILE: &str = "demo-fleet.json";
/// The world of the demonstration: always the same, so that what is told of it in guides is seen.
const SEED: u64 = 2026;
/// The present agent of a site.
pub(super) const PRESENT: u8 = 1;
/// The one before it.
pub(super) const EARLIER: u8 = 0;
/// The past of the present agents begins so many minutes before the first start: a day.
const PRESENT_BEFORE: i64 = DAY;

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// Seed of the world.
    pub(super) seed: u64,
    /// Number of sites.
    pub(super) sites: u32,
    /// Days of history before the first start.
    pub(super) history_days: u32,
    /// What the agents' keys are made of, 64 hexadecimal digits.
    secret: String,
    /// Minute of the first start.
    first_start: i64,
    /// Starts: the minute, and the first of which nothing was told; none before the first.
    starts: Vec<(i64, Option<i64>)>,
}

impl State {
    /// Reads the fleet of a data folder, or makes one of this size. A folder keeps the fleet that it
    /// was made with. `None`: no fleet is there and none is wanted.
    pub(super) fn open(data: &Path, size: Size, now: i64) -> Result<Option<Self>, DemoError> {
        let path = data.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let state: Self = serde_json::from_slice(&bytes).map_err(|error| {
                    DemoError::Fleet(format!("read {}: {error}", path.display()))
                })?;
                if size.sites != state.sites || size.history_days != state.history_days {
                    tracing::warn!(
                        sites = state.sites,
                        history_days = state.history_days,
                        "this data folder keeps the fleet that it was made with"
                    );
                }
                Ok(Some(state))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secret: [u8; 32] = rand::random();
                Ok((size.sites > 0).then(|| Self {
                    seed: SEED,
                    sites: size.sites,
                    history_days: size.history_days.max(1),
                    secret: hex(&secret),
                    first_start: now,
                    starts: Vec::new(),
                }))
            }
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    /// Whether this is its first start.
    pub(super) fn is_new(&self) -> bool {
        self.starts.is_empty()
    }

    /// Writes a start down: `untold` is the first minute of which nothing was told yet.
    pub(super) fn start(&mut self, data: &Path, now: i64, untold: i64) -> Result<(), DemoError> {
        self.starts
            .push((now, (untold > i64::MIN).then_some(untold)));
        let path = data.join(FILE);
        let fresh = path.with_extension("new");
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| DemoError::Fleet(format!("write {}: {error}", path.display())))?;
        write_private(&fresh, &text)
            .and_then(|()| std::fs::rename(&fresh, &path))
            .map_err(|error| failed("write", &path, &error))
    }

    /// Starts, the oldest first.
    pub(super) fn starts(&self) -> Vec<Start> {
        let start = |(minute, untold): &(i64, Option<i64>)| Start {
            minute: *minute,
            untold: untold.unwrap_or(i64::MIN),
        };
        self.starts.iter().map(start).collect()
    }

    /// While the demonstration was off before this start, minutes.
    pub(super) fn away(&self) -> Option<(i64, i64)> {
        let (now, untold) = self.starts.last()?;
        untold
            .filter(|untold| untold < now)
            .map(|untold| (untold, *now))
    }

    /// Minute of the first start.
    pub(super) fn first_start_minute(&self) -> i64 {
        self.first_start
    }

    /// First minute of the history.
    pub(super) fn first_minute(&self) -> i64 {
        self.first_start - i64::from(self.history_days) * DAY
    }

    /// First minute of the present agents.
    pub(super) fn replaced_minute(&self) -> i64 {
        self.first_start - PRESENT_BEFORE
    }

    /// The key of a site's agent.
    pub(super) fn key(&self, site: &str, generation: u8) -> SigningKey {
        let secret: [u8; 32] = parse_hex("secret", &self.secret).unwrap_or_default();
        let parts = [
            b"desserte-demo-fleet\0",
            secret.as_slice(),
            &[generation],
            site.as_bytes(),
        ];
        SigningKey::from_bytes(&sha256(&parts.concat()))
    }
}

fn write_private(path: &PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(operation: &str, path: &Path, error: &std::io::Error) -> DemoError {
    DemoError::Fleet(format!("{operation} {}: {error}", path.display()))
}
