//! A plan that is being made: one at a time, in the background, and how far it is.

use std::sync::{Mutex, PoisonError};

use desserte_planning::cost::CostParameters;
use desserte_planning::programme::Step;
use desserte_planning::scenario::Scenario;

use super::App;
use crate::planner::make;
use crate::plans::PlanStore;

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanningNow {
    /// Whether one is being made.
    pub running: bool,
    /// What was done last.
    pub step: Option<Step>,
    /// The plan that was made last.
    pub plan: Option<String>,
    /// Why the last one could not be made.
    pub error: Option<String>,
}

/// The one place where plans are made in this process.
#[derive(Debug, Default)]
pub struct Planning(Mutex<PlanningNow>);

impl Planning {
    /// How far it is.
    #[must_use]
    pub fn now(&self) -> PlanningNow {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the place; false when a plan is being made.
    #[must_use]
    pub fn begin(&self) -> bool {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = !now.running;
        if free {
            *now = PlanningNow {
                running: true,
                ..PlanningNow::default()
            };
        }
        free
    }

    fn step(&self, step: Step) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).step = Some(step);
    }

    fn end(&self, made: Result<Option<String>, String>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.running = false;
        match made {
            Ok(plan) => now.plan = plan,
            Err(error) => now.error = Some(error),
        }
    }
}

impl App {
    /// Where plans are made.
    #[must_use]
    pub fn planning(&self) -> &Planning {
        &self.planning
    }

    /// Plans that were made.
    #[must_use]
    pub fn plan_store(&self) -> &PlanStore {
        &self.plan_store
    }

    /// Makes and keeps a plan; the place was taken by [`Planning::begin`] and is free afterwards,
    /// whatever happens.
    pub fn make_plan(&self, scenario: Scenario, costs: &CostParameters) {
        let work = std::panic::AssertUnwindSafe(|| {
            let progress = |step| self.planning.step(step);
            let (directory, layers) = (self.directory(), self.layers());
            let made = make(
                &self.source,
                &directory,
                &layers,
                scenario,
                Some(costs),
                &progress,
            )
            .map_err(|error| error.to_string())?;
            let kept = self.plan_store.keep(&made, self.now_unix_ms());
            kept.map_err(|error| error.to_string())
        });
        let made = std::panic::catch_unwind(work);
        self.planning.end(made.unwrap_or_else(|_| {
            tracing::error!("making a plan panicked");
            Err("the planner failed; see the collector's log".to_owned())
        }));
    }
}
