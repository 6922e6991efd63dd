//! A target's last hours at a glance: what was sent and answered in each step.

use desserte_domain::observation::Observation;
use desserte_domain::slot::SlotState;

use super::evidence::between;
use super::history::{Step, StepState, row};
use super::judge::{TargetSamples, Window};
use super::test::SiteTest;

/// Steps of a strip: a quarter of an hour each over a day.
pub const STEPS: usize = 96;

/// The steps of a window, each decided by what counts for an agreement: a step in which too little
/// was sent is unknown, one without any answer is down, one that loses too much degraded.
#[must_use]
pub fn strip(test: &SiteTest, target: &TargetSamples, window: Window) -> Vec<Step> {
    let rule = test.rule_of(target.kind);
    (0..window.slots)
        .map(|step| {
            let inside: &[Observation] =
                between(&target.observations, window.at(step), window.at(step + 1));
            let (sent, received) = inside.iter().fold((0_u64, 0_u64), |(sent, received), one| {
                (
                    sent + u64::from(one.sent),
                    received + u64::from(one.received),
                )
            });
            let state = match rule.decide_target(sent, received) {
                SlotState::Unknown => StepState::Unknown,
                SlotState::Good => StepState::Up,
                SlotState::Bad if received == 0 => StepState::Down,
                SlotState::Bad => StepState::Degraded,
            };
            row(inside, window.at(step), state)
        })
        .collect()
}
