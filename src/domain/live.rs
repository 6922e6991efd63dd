//! Live state of a site: what the map shows now.

use serde::{Deserialize, Serialize};

use crate::machine::Availability;
use crate::slot::SlotState;

/// State of a site on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// Every recent slot is good.
    Up,
    /// Available, but with bad slots or partial loss lately.
    Degraded,
    /// Inside an outage that its agent reports.
    Down,
    /// Nobody measures: silent agent, or none.
    Unknown,
    /// In an agreed exclusion.
    Excluded,
}

/// What the live state depends on.
#[derive(Debug, Clone, Copy)]
pub struct LiveInput<'a> {
    /// State of the machine after the last slot.
    pub availability: Availability,
    /// The last slots, oldest first (some `n_enter` of them; the caller's choice).
    pub recent_slots: &'a [SlotState],
    /// Age of the newest sample; `None` when there never was one.
    pub last_sample_age_ms: Option<i64>,
    /// Age from which an agent is silent: some upload intervals and a slot.
    pub silent_after_ms: i64,
    /// An exclusion holds now.
    pub excluded: bool,
}

/// The live state. A silent agent makes its site unknown, never down and never up: only samples
/// say anything about a line.
#[must_use]
pub fn site_state(input: &LiveInput<'_>) -> SiteState {
    if input.excluded {
        return SiteState::Excluded;
    }
    let silent = input
        .last_sample_age_ms
        .is_none_or(|age| age > input.silent_after_ms);
    let nothing_known = input
        .recent_slots
        .iter()
        .all(|slot| *slot == SlotState::Unknown);
    if silent || nothing_known {
        return SiteState::Unknown;
    }
    match input.availability {
        Availability::Unavailable => SiteState::Down,
        Availability::Available if input.recent_slots.contains(&SlotState::Bad) => {
            SiteState::Degraded
        }
        Availability::Available => SiteState::Up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Bad, Good, Unknown};

    fn input(recent_slots: &[SlotState]) -> LiveInput<'_> {
        LiveInput {
            availability: Availability::Available,
            recent_slots,
            last_sample_age_ms: Some(30_000),
            silent_after_ms: 180_000,
            excluded: false,
        }
    }

    #[test]
    fn a_silent_agent_is_unknown_whatever_was_before() {
        for availability in [Availability::Available, Availability::Unavailable] {
            for last_sample_age_ms in [None, Some(180_001)] {
                let input = LiveInput {
                    availability,
                    last_sample_age_ms,
                    ..input(&[Good, Good, Bad])
                };
                assert_eq!(site_state(&input), SiteState::Unknown);
            }
        }
    }

    #[test]
    fn up_degraded_down_and_excluded() {
        let edge = LiveInput {
            last_sample_age_ms: Some(180_000),
            ..input(&[Good])
        };
        assert_eq!(site_state(&edge), SiteState::Up);
        assert_eq!(site_state(&input(&[Good, Unknown])), SiteState::Up);
        assert_eq!(site_state(&input(&[Bad, Good])), SiteState::Degraded);
        assert_eq!(site_state(&input(&[Unknown, Unknown])), SiteState::Unknown);
        assert_eq!(site_state(&input(&[])), SiteState::Unknown);
        let down = LiveInput {
            availability: Availability::Unavailable,
            ..input(&[Bad])
        };
        assert_eq!(site_state(&down), SiteState::Down);
        assert_eq!(
            site_state(&LiveInput {
                excluded: true,
                ..down
            }),
            SiteState::Excluded
        );
    }
}
