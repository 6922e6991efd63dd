//! How a site's box starts again: which boot a minute belongs to, and what the agent says when its
//! process starts.

use desserte_probe::wire::id::BootId;

use super::MINUTE_MS;
use super::draw::draw;
use super::fault::{Fault, FaultKind};
use super::site::Site;

/// A box was installed so long before its first entry, milliseconds: it stood on a table for a
/// while.
const INSTALLED_BEFORE_MS: i64 = 3 * 3_600_000;
/// A box has booted so long when its agent runs, milliseconds.
const BOOT_MS: i64 = 55_000;

/// A boot of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Its identifier.
    pub id: BootId,
    /// When its clock was at zero, Unix milliseconds.
    pub zero_unix_ms: i64,
    /// First minute that it measured.
    pub first: i64,
}

impl Boot {
    /// A moment on its clock, milliseconds; zero before it.
    #[must_use]
    pub fn boottime_ms(&self, unix_ms: i64) -> u64 {
        u64::try_from(unix_ms - self.zero_unix_ms).unwrap_or(0)
    }
}

/// The boots of a box that was installed for a minute, the first one first.
#[must_use]
pub fn boots(seed: u64, site: &Site, installed: i64, faults: &[Fault]) -> Vec<Boot> {
    let first = Boot {
        id: boot_id(seed, site, installed),
        zero_unix_ms: installed * MINUTE_MS - INSTALLED_BEFORE_MS,
        first: installed,
    };
    let again = faults
        .iter()
        .filter(|fault| fault.kind.starts_again() && fault.to > installed)
        .map(|fault| Boot {
            id: boot_id(seed, site, fault.to),
            zero_unix_ms: fault.to * MINUTE_MS - BOOT_MS,
            first: fault.to,
        });
    std::iter::once(first).chain(again).collect()
}

/// The boot that a minute belongs to.
#[must_use]
pub fn boot_at(boots: &[Boot], minute: i64) -> Option<(usize, &Boot)> {
    let after = boots.partition_point(|boot| boot.first <= minute);
    let last = after.checked_sub(1)?;
    Some((last, boots.get(last)?))
}

/// The restart that a fault ends with, as its agent tells of it: whether a mark of a clean stop was
/// there, and whether the machine booted.
#[must_use]
pub fn restart(kind: FaultKind) -> Option<(bool, bool)> {
    match kind {
        FaultKind::AgentCrash => Some((false, false)),
        kind if kind.starts_again() => Some((kind == FaultKind::PlannedStop, true)),
        _ => None,
    }
}

fn boot_id(seed: u64, site: &Site, minute: i64) -> BootId {
    let half = |what| draw(site.draw(seed, &[41, minute.unsigned_abs()]), &[what]);
    let bits = (u128::from(half(0)) << 64) | u128::from(half(1));
    BootId(bits.to_be_bytes())
}
