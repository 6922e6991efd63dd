//! What is true of a site now, told by a judgement of its slots.

use desserte_domain::live::{LiveInput, site_state};
use desserte_domain::slot::SlotState;

use super::super::judge::Judgement;
use super::super::test::SiteTest;
use super::Circumstances;
use crate::live::SiteLive;

/// What is true now; its newest sample and its sums are left to the caller.
pub(super) fn live_state(
    test: &SiteTest,
    judgement: &Judgement,
    circumstances: Circumstances,
    now: i64,
) -> SiteLive {
    let state = site_state(&LiveInput {
        availability: judgement.run.state_at_end,
        recent_slots: last_known(&judgement.slots, test),
        // A row that says "not sent" is no sign of life: the last slot that is known counts.
        last_sample_age_ms: last_known_unix_ms(judgement).map(|at| now - at),
        silent_after_ms: circumstances.silent_after_ms,
        excluded: circumstances.excluded,
    });
    let open = judgement
        .outages
        .last()
        .filter(|one| one.end_unix_ms.is_none());
    SiteLive {
        state,
        cause: open.map(|outage| outage.cause.cause),
        ..SiteLive::default()
    }
}

/// The last slots that are known, as many as may turn the machine. Slots at the end that wait for
/// an upload say nothing.
fn last_known<'s>(slots: &'s [SlotState], test: &SiteTest) -> &'s [SlotState] {
    let end = slots
        .iter()
        .rposition(|slot| *slot != SlotState::Unknown)
        .map_or(0, |last| last + 1);
    let most = usize::try_from(test.longest_run()).unwrap_or(usize::MAX);
    slots.get(end.saturating_sub(most)..end).unwrap_or_default()
}

/// Start of the last slot that is known.
pub(super) fn last_known_unix_ms(judgement: &Judgement) -> Option<i64> {
    let last = judgement
        .slots
        .iter()
        .rposition(|slot| *slot != SlotState::Unknown)?;
    Some(judgement.window.at(last))
}

/// Since when the state is what it is: an outage tells its start; else the first look that saw it.
pub(super) fn since(before: &SiteLive, fresh: &SiteLive, judgement: &Judgement) -> Option<i64> {
    use desserte_domain::live::SiteState;
    if fresh.state == SiteState::Down {
        return judgement.outages.last().map(|outage| outage.start_unix_ms);
    }
    if before.state == fresh.state && before.since_unix_ms.is_some() {
        return before.since_unix_ms;
    }
    let ended = judgement
        .outages
        .last()
        .and_then(|outage| outage.end_unix_ms);
    let first_known = judgement
        .slots
        .iter()
        .position(|slot| *slot != SlotState::Unknown)
        .map(|slot| judgement.window.at(slot));
    match fresh.state {
        SiteState::Up | SiteState::Degraded => ended.or(first_known),
        SiteState::Unknown => fresh.last_sample_unix_ms,
        SiteState::Down | SiteState::Excluded => Some(judgement.window.end_unix_ms()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_that_wait_for_an_upload_say_nothing() {
        use SlotState::{Bad, Good, Unknown};
        let test = SiteTest::default();
        assert_eq!(
            last_known(&[Bad, Good, Unknown, Unknown], &test),
            [Bad, Good]
        );
        assert!(last_known(&[Unknown], &test).is_empty());
        assert_eq!(
            last_known(&[Bad, Good, Good, Good, Good, Good], &test),
            [Good; 5]
        );
    }
}
