//! How often to measure: every slot, or as seldom as a line that is paid by the byte asks for.
//!
//! Metered: each target every five minutes; every minute while something fails, so that an outage
//! has its length and its cause. A single target that has been dead for an hour tells nothing new
//! each minute: it goes back to five, unless everything is dead, when sending costs nothing.

use std::time::Duration;

use crate::wire::schedule::{Measure, Profile, Target};

/// Between two measurements of a target while all is well.
const CALM: Duration = Duration::from_mins(5);
/// And while something fails.
const HURRIED: Duration = Duration::from_mins(1);
/// From then on a failure is known, when other targets answer.
const HURRY_MAX: Duration = Duration::from_hours(1);
/// Between two probes of the gateway: they stay in the site.
pub(super) const GATEWAY: Duration = Duration::from_secs(10);

/// Whether to hurry on a metered line.
#[derive(Debug, Default)]
pub(super) struct Hurry {
    since: Option<Duration>,
}

impl Hurry {
    /// `failing` of the targets last looked at, and whether the line itself fails.
    pub(super) fn look(&mut self, now: Duration, failing: &[bool], line_fails: bool) -> bool {
        let some = line_fails || failing.contains(&true);
        let all = line_fails || (some && !failing.contains(&false));
        if !some {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        all || now.saturating_sub(since) < HURRY_MAX
    }
}

/// Whether a profile measures a target at all: a metered line is not filled to see how fast it is.
pub(super) fn is_ever_due(profile: Profile, target: &Target) -> bool {
    profile == Profile::Full || !matches!(target.measure, Measure::Throughput { .. })
}

/// Whether a target is measured in this slot. `phase` spreads targets over the slots.
pub(super) fn is_due(
    profile: Profile,
    hurry: bool,
    target: &Target,
    phase: u64,
    slot: i64,
) -> bool {
    if profile == Profile::Full {
        return true;
    }
    if !is_ever_due(profile, target) {
        return false;
    }
    let every = if hurry { HURRIED } else { CALM };
    let slots = (every.as_secs() / u64::from(target.slot_seconds.max(1))).max(1);
    let slots = i64::try_from(slots).unwrap_or(1);
    let phase = i64::try_from(phase % slots.unsigned_abs()).unwrap_or(0);
    slot.rem_euclid(slots) == phase
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(slot_seconds: u32) -> Target {
        Target {
            id: "anchor".to_owned(),
            slot_seconds,
            measure: Measure::Tcp {
                host: "192.0.2.1".to_owned(),
                port: 443,
                timeout_ms: 1_000,
            },
        }
    }

    fn measured(profile: Profile, hurry: bool, slot_seconds: u32) -> usize {
        let target = target(slot_seconds);
        let slots = 3_600 / i64::from(slot_seconds);
        (0..slots)
            .filter(|slot| is_due(profile, hurry, &target, 7, *slot))
            .count()
    }

    #[test]
    fn a_metered_hour_has_twelve_measurements_and_sixty_while_something_fails() {
        assert_eq!(measured(Profile::Full, false, 60), 60);
        assert_eq!(measured(Profile::Metered, false, 60), 12);
        assert_eq!(measured(Profile::Metered, true, 60), 60);
        assert_eq!(measured(Profile::Metered, false, 10), 12);
        assert_eq!(measured(Profile::Metered, true, 10), 60);
        assert_eq!(
            measured(Profile::Metered, false, 300),
            12,
            "no slot is left out"
        );
    }

    #[test]
    fn throughput_is_never_measured_on_a_metered_line() {
        let throughput = Target {
            measure: Measure::Throughput {
                server: "collector".to_owned(),
                download: true,
                upload: true,
                seconds_max: 10,
                bytes_max: 1_000_000,
            },
            ..target(3_600)
        };
        let due = |profile| (0..9).any(|slot| is_due(profile, true, &throughput, 0, slot));
        assert!(due(Profile::Full) && !due(Profile::Metered));
    }

    #[test]
    fn one_dead_target_hurries_for_an_hour_and_a_dead_line_for_as_long_as_it_lasts() {
        let mut hurry = Hurry::default();
        let at = |minutes| Duration::from_mins(minutes);
        assert!(!hurry.look(at(0), &[false, false], false));
        assert!(hurry.look(at(1), &[true, false], false));
        assert!(hurry.look(at(60), &[true, false], false));
        assert!(!hurry.look(at(61), &[true, false], false));
        assert!(
            hurry.look(at(62), &[true, true], false),
            "everything is dead"
        );
        assert!(!hurry.look(at(63), &[false, false], false));
        assert!(
            hurry.look(at(64), &[false], true),
            "a new failure of the line"
        );
    }
}
