//! Counts of sites and agents. Which agents are silent is told by the image of the registry and by what
//! arrived, without asking the registry: it is asked again with each tick of the assessment.

use std::sync::{Arc, PoisonError};

use super::{AgentEntry, App, Tally};

/// The site of an agent, and whether the agent is silent.
pub(super) type AgentStates = Vec<(Option<String>, bool)>;

/// What a viewer sees, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sites.
    pub sites: Tally,
    /// Agents that are not revoked.
    pub agents: u64,
    /// Those of them that are silent.
    pub silent_agents: u64,
}

impl App {
    /// Counts what the viewer sees.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts_with(self.tally())
    }

    /// Counts what the viewer sees, its sites counted before.
    #[must_use]
    pub fn counts_with(&self, sites: Tally) -> Counts {
        let (agents, silent_agents) = self.agent_counts();
        Counts {
            sites,
            agents,
            silent_agents,
        }
    }

    /// Counts for readers who are told that they changed: made once for all readers of a scope.
    #[must_use]
    pub fn told_counts(&self) -> Counts {
        let told = self.live.summaries();
        *self
            .told_counts
            .of(&self.viewer.scope, told, || self.counts())
    }

    /// Agents that are not revoked, and how many of them are silent.
    #[must_use]
    pub fn agent_counts(&self) -> (u64, u64) {
        let held = self
            .agent_states
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let held = Arc::clone(&held);
        let whole = self.viewer.scope.is_whole();
        let directory = self.directory();
        let seen = |site: &Option<String>| {
            whole
                || site
                    .as_deref()
                    .is_some_and(|site| directory.site(site).is_some())
        };
        held.iter()
            .filter(|(site, _)| seen(site))
            .fold((0, 0), |(total, silent), (_, is_silent)| {
                (total + 1, silent + u64::from(*is_silent))
            })
    }

    /// Counts the agents anew; answers whether anything changed.
    pub fn count_agents(&self) -> bool {
        let directory = self.whole();
        let states: AgentStates = directory
            .agents()
            .iter()
            .map(|agent| {
                let heard = self.source.last_batch_unix_ms(agent.id);
                let heard = heard.unwrap_or(agent.enrolled_unix_ms);
                let silent = self.silent_since(heard, agent.upload_seconds);
                (agent.site.clone(), silent)
            })
            .collect();
        let mut held = self
            .agent_states
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = **held != states;
        *held = Arc::new(states);
        changed
    }

    /// Whether an agent has sent nothing for longer than it should, counted from its enrolment
    /// as long as its first batch has not come.
    #[must_use]
    pub fn is_silent(&self, agent: &AgentEntry) -> bool {
        let heard = agent.last_batch_unix_ms.unwrap_or(agent.enrolled_unix_ms);
        self.silent_since(heard, agent.upload_seconds)
    }

    fn silent_since(&self, heard_unix_ms: i64, upload_seconds: u32) -> bool {
        self.now_unix_ms() - heard_unix_ms > self.silent_after_ms(upload_seconds, 0)
    }

    /// After how long without a sample nothing is known of a site, milliseconds: some upload
    /// intervals of its agent, and two slots for the one that is measured and the one that waits.
    #[must_use]
    pub fn silent_after_ms(&self, upload_seconds: u32, slot_seconds: u32) -> i64 {
        let uploads = i64::from(self.config.assessment.silent_after_uploads);
        uploads * i64::from(upload_seconds.max(1)) * 1_000 + 2 * i64::from(slot_seconds) * 1_000
    }
}
