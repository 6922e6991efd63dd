//! Evidence: what the machine tells about itself and its lines without a packet being sent.
//!
//! Everything is read from `/proc` and `/sys`; nobody's traffic is looked at. Gateways leave this
//! module as keyed hashes only. What cannot be known is `None`.

pub(crate) mod gateway_uptime;
mod line;
mod process;
mod route;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::{
    gateway_uptime::Community,
    line::{LineWatch, SeenLine, address_hash},
    process::{Previous, ProcessMark},
    route::Route,
};
use crate::{clock::Clock, report::Fact, wire::id::BootId};

/// Where the system is looked at; tests give folders of their own.
#[derive(Debug, Clone)]
pub struct Roots {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
    /// `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc: "/proc".into(),
            sys: "/sys".into(),
            resolv_conf: "/etc/resolv.conf".into(),
        }
    }
}

/// The boot could not be identified.
#[derive(Debug, thiserror::Error)]
#[error("read the boot identifier from {}: {reason}", path.display())]
pub struct BootIdError {
    path: PathBuf,
    reason: String,
}

impl Roots {
    /// The identifier that the kernel drew at boot.
    pub fn boot_id(&self) -> Result<BootId, BootIdError> {
        let path = self.proc.join("sys/kernel/random/boot_id");
        let read = std::fs::read_to_string(&path).map_err(|e| e.to_string());
        read.and_then(|text| {
            text.parse()
                .map_err(|e: crate::wire::WireError| e.to_string())
        })
        .map_err(|reason| BootIdError { path, reason })
    }

    /// The system's first resolver (resolv.conf(5)); `None` when the file names none that can be
    /// asked: an address with a zone is not kept.
    #[must_use]
    pub fn resolver(&self) -> Option<IpAddr> {
        let file = text(&self.resolv_conf)?;
        file.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let named = words.next() == Some("nameserver");
            named.then(|| words.next()?.parse().ok()).flatten()
        })
    }

    /// Mains and battery, where the machine has such a sensor.
    #[must_use]
    pub fn power(&self) -> Option<Fact> {
        let folder = self.sys.join("class/power_supply");
        let supplies: Vec<PathBuf> = std::fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|e| e.path())
            .collect();
        let online: Vec<bool> = supplies
            .iter()
            .filter(|s| matches!(text(&s.join("type")).as_deref(), Some("Mains" | "USB")))
            .filter_map(|s| flag(&s.join("online")))
            .collect();
        let mains = (!online.is_empty()).then(|| online.contains(&true));
        let battery_percent = supplies
            .iter()
            .filter(|s| text(&s.join("type")).as_deref() == Some("Battery"))
            .find_map(|s| text(&s.join("capacity"))?.parse().ok())
            .filter(|percent| *percent <= 100);
        (mains.is_some() || battery_percent.is_some()).then_some(Fact::Power {
            mains,
            battery_percent,
        })
    }
}

/// A small file without its line end; `None` when it cannot be read.
fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path)
        .ok()
        .map(|t| t.trim().to_owned())
}

fn flag(path: &Path) -> Option<bool> {
    match text(path)?.as_str() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// Sleep shorter than this is not told: reading two clocks is not atomic.
const SUSPEND_MS_MIN: u64 = 2_000;
/// A wall clock that moved by less was slewed, not stepped.
const STEP_MS_MIN: u64 = 1_000;

/// Watches the clocks against each other.
#[derive(Debug)]
pub struct ClockWatch {
    asleep: Duration,
    wall_minus_boot_ms: i64,
}

impl ClockWatch {
    /// Starts watching.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        let (asleep, wall_minus_boot_ms) = Self::read(clock);
        Self {
            asleep,
            wall_minus_boot_ms,
        }
    }

    fn read(clock: &dyn Clock) -> (Duration, i64) {
        let boot = clock.boottime_ms();
        let asleep = Duration::from_millis(boot).saturating_sub(clock.monotonic());
        (asleep, clock.unix_ms().saturating_sub_unsigned(boot))
    }

    /// What happened since the last look: sleep (boot time ran, monotonic time did not) and steps of
    /// the wall clock.
    pub fn look(&mut self, clock: &dyn Clock) -> Vec<Fact> {
        let (asleep, wall_minus_boot_ms) = Self::read(clock);
        let slept = asleep.saturating_sub(self.asleep).as_millis();
        let milliseconds = u64::try_from(slept).unwrap_or(u64::MAX);
        let step = wall_minus_boot_ms.saturating_sub(self.wall_minus_boot_ms);
        let mut facts = Vec::new();
        if milliseconds >= SUSPEND_MS_MIN {
            facts.push(Fact::Suspended { milliseconds });
        }
        if step.unsigned_abs() >= STEP_MS_MIN {
            facts.push(Fact::ClockStep { milliseconds: step });
        }
        (self.asleep, self.wall_minus_boot_ms) = (asleep, wall_minus_boot_ms);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn put(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    #[test]
    fn sleep_and_steps_are_told_apart() {
        let clock = ManualClock::new(1_780_000_000_000, 50_000);
        let mut watch = ClockWatch::new(&clock);
        clock.advance(Duration::from_mins(1));
        assert_eq!(watch.look(&clock), vec![]);
        clock.suspend(Duration::from_mins(10));
        assert_eq!(
            watch.look(&clock),
            vec![Fact::Suspended {
                milliseconds: 600_000
            }]
        );
        clock.set_unix_ms(clock.unix_ms() - 3_600_000);
        assert_eq!(
            watch.look(&clock),
            vec![Fact::ClockStep {
                milliseconds: -3_600_000
            }]
        );
        assert_eq!(watch.look(&clock), vec![]);
    }

    #[test]
    fn power_is_none_without_a_sensor() {
        let root = tempfile::tempdir().unwrap();
        let roots = Roots {
            proc: root.path().join("proc"),
            sys: root.path().to_owned(),
            ..Roots::default()
        };
        assert_eq!(roots.power(), None);
        put(root.path(), "class/power_supply/AC/type", "Mains\n");
        put(root.path(), "class/power_supply/AC/online", "0\n");
        put(root.path(), "class/power_supply/BAT0/type", "Battery\n");
        put(root.path(), "class/power_supply/BAT0/capacity", "77\n");
        let expected = Fact::Power {
            mains: Some(false),
            battery_percent: Some(77),
        };
        assert_eq!(roots.power(), Some(expected));
    }

    #[test]
    fn this_machine_has_a_boot_identifier_and_a_wrong_one_is_named() {
        assert!(Roots::default().boot_id().is_ok());
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "sys/kernel/random/boot_id", "nonsense");
        let roots = Roots {
            proc: root.path().to_owned(),
            sys: root.path().to_owned(),
            ..Roots::default()
        };
        assert!(roots.boot_id().unwrap_err().to_string().contains("boot_id"));
    }
}
