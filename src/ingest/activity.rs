//! What is known of each agent right now, in memory, and what the listener counted since it started.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use desserte_probe::{
    report::{Content, Fact, Report},
    wire::{
        heartbeat::Heartbeat,
        id::{AgentId, BootId},
    },
};

/// State of an agent's spool as it last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolState {
    /// Entries not yet receipted.
    pub entries: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Minutes thinned over the agent's life.
    pub minutes_thinned: u64,
    /// Entries lost over the agent's life.
    pub entries_lost: u64,
    /// Batches refused for good.
    pub batches_refused: u64,
}

/// What was last heard of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Activity {
    /// When its last batch was received, Unix milliseconds.
    pub batch_unix_ms: Option<i64>,
    /// The boot of that batch.
    pub boot: Option<BootId>,
    /// Its software.
    pub software: Option<String>,
    /// Where that batch came from.
    pub peer: Option<IpAddr>,
    /// Its spool.
    pub spool: Option<SpoolState>,
    /// When its last heartbeat was received, and its counter; known across restarts to some minutes.
    pub heartbeat: Option<(i64, u32)>,
    /// What the last heartbeat since the start said.
    pub heartbeat_said: Option<Heartbeat>,
}

/// Activities by agent.
#[derive(Debug, Default)]
pub(crate) struct Activities(Mutex<HashMap<AgentId, Activity>>);

impl Activities {
    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Activity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of(&self, agent: AgentId) -> Activity {
        self.lock().get(&agent).cloned().unwrap_or_default()
    }

    /// Notes a batch; one that is older than the newest changes nothing.
    pub(crate) fn batch(&self, received_unix_ms: i64, peer: Option<IpAddr>, report: &Report) {
        let mut activities = self.lock();
        let activity = activities.entry(report.agent).or_default();
        if activity
            .batch_unix_ms
            .is_some_and(|at| at > received_unix_ms)
        {
            return;
        }
        activity.batch_unix_ms = Some(received_unix_ms);
        activity.boot = Some(report.boot);
        activity.software = Some(report.software.clone());
        activity.peer = peer.or(activity.peer);
        activity.spool = spool(report).or(activity.spool);
    }

    /// Notes a heartbeat; `false` when its counter is not above the last one: a replay.
    pub(crate) fn heartbeat(&self, agent: AgentId, at_unix_ms: i64, beat: Heartbeat) -> bool {
        let mut activities = self.lock();
        let activity = activities.entry(agent).or_default();
        let replayed = activity
            .heartbeat
            .is_some_and(|(_, last)| beat.counter <= last);
        if !replayed {
            activity.heartbeat = Some((at_unix_ms, beat.counter));
            activity.heartbeat_said = Some(beat);
        }
        !replayed
    }

    /// Takes up a heartbeat that was written down before the start.
    pub(crate) fn restore_heartbeat(&self, agent: AgentId, heartbeat: Option<(i64, u32)>) {
        self.lock().entry(agent).or_default().heartbeat = heartbeat;
    }

    /// The last heartbeat of every agent: when, and its counter.
    pub(crate) fn heartbeats(&self) -> Vec<(AgentId, i64, u32)> {
        self.lock()
            .iter()
            .filter_map(|(agent, one)| one.heartbeat.map(|(at, counter)| (*agent, at, counter)))
            .collect()
    }
}

fn spool(report: &Report) -> Option<SpoolState> {
    let minutes = report
        .entries
        .iter()
        .rev()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(minute),
            Content::Summary(_) => None,
        });
    minutes
        .flat_map(|minute| minute.evidence.iter().rev())
        .find_map(|evidence| match evidence.fact {
            Fact::Spool {
                entries,
                bytes,
                minutes_thinned,
                entries_lost,
                batches_refused,
            } => Some(SpoolState {
                entries,
                bytes,
                minutes_thinned,
                entries_lost,
                batches_refused,
            }),
            _ => None,
        })
}

/// What was counted since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Batches journaled.
    pub accepted: u64,
    /// Batches that were there before.
    pub duplicates: u64,
    /// Samples in the batches journaled, summaries spelt out.
    pub samples: u64,
    /// Refusals by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Commits waited for, and for how long in all.
    pub commits: (u64, Duration),
    /// Heartbeats taken.
    pub heartbeats: u64,
    /// Heartbeats that were damaged, forged, replayed or of an agent that is not known.
    pub heartbeats_refused: u64,
}
