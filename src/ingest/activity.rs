//! What is known of each agent right now, in memory, and what the listener counted since it started.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use desserte_probe::{
    clock::TimeMap,
    report::{Content, Evidence, Fact, Report},
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

/// What an agent said of its wall clock: it measures without it, but its owner may want it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// Its wall clock minus corrected time, milliseconds; `None` when it has no clock.
    pub offset_ms: Option<i64>,
    /// How far corrected time may be off, milliseconds.
    pub uncertainty_ms: u64,
    /// When, corrected, Unix milliseconds.
    pub at_unix_ms: i64,
}

/// What an agent said of the volume of its month: everything that it sent and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeSeen {
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// When, corrected, Unix milliseconds; the month is that of UTC.
    pub at_unix_ms: i64,
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
    /// Its clock.
    pub clock: Option<ClockSeen>,
    /// Its volume.
    pub volume: Option<VolumeSeen>,
    /// When it said what is known of it, corrected; an older batch that comes later says nothing new.
    pub said_unix_ms: Option<i64>,
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

    /// When the last batch of an agent was received.
    pub(crate) fn batch_unix_ms(&self, agent: AgentId) -> Option<i64> {
        self.lock().get(&agent)?.batch_unix_ms
    }

    /// Notes a batch; one that came before the newest changes nothing, and of one that was sealed
    /// before it (a backlog comes last) only the arrival is noted.
    pub(crate) fn batch(
        &self,
        (received_unix_ms, peer): (i64, Option<IpAddr>),
        map: Option<&TimeMap>,
        report: &Report,
    ) {
        let mut activities = self.lock();
        let activity = activities.entry(report.agent).or_default();
        if activity
            .batch_unix_ms
            .is_some_and(|at| at > received_unix_ms)
        {
            return;
        }
        activity.batch_unix_ms = Some(received_unix_ms);
        activity.peer = peer.or(activity.peer);
        let sealed = map.map(|map| map.corrected_unix_ms(report.sealed_boottime_ms));
        let said = sealed.map(|(at, _)| at);
        if activity.said_unix_ms.is_some() && said < activity.said_unix_ms {
            return;
        }
        activity.said_unix_ms = said.or(activity.said_unix_ms);
        activity.boot = Some(report.boot);
        activity.software = Some(report.software.clone());
        activity.spool = spool(report).or(activity.spool);
        if let (Some((at_unix_ms, uncertainty_ms)), Some(map)) = (sealed, map) {
            activity.clock = Some(ClockSeen {
                offset_ms: report
                    .sealed_wall_unix_ms
                    .map(|wall| map.wall_offset_ms(report.sealed_boottime_ms, wall)),
                uncertainty_ms,
                at_unix_ms,
            });
            activity.volume = volume(report, map).or(activity.volume);
        }
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

/// Evidence of a report, the newest first.
fn newest_first(report: &Report) -> impl Iterator<Item = &Evidence> {
    let minutes = report
        .entries
        .iter()
        .rev()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(minute),
            Content::Summary(_) => None,
        });
    minutes.flat_map(|minute| minute.evidence.iter().rev())
}

fn volume(report: &Report, map: &TimeMap) -> Option<VolumeSeen> {
    newest_first(report).find_map(|evidence| match evidence.fact {
        Fact::Volume {
            sent_bytes,
            received_bytes,
        } => Some(VolumeSeen {
            sent_bytes,
            received_bytes,
            at_unix_ms: map.corrected_unix_ms(evidence.boottime_ms).0,
        }),
        _ => None,
    })
}

fn spool(report: &Report) -> Option<SpoolState> {
    newest_first(report).find_map(|evidence| match evidence.fact {
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

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_probe::report::{Entry, Minute};
    use desserte_probe::wire::schedule::Profile;

    /// Boot time 0 is 1,000,000 ms after the epoch.
    fn map() -> TimeMap {
        TimeMap {
            exchanges: Vec::new(),
            reference_boottime_ms: 0,
            offset_unix_ms: 1_000_000,
            drift_ppm: 0,
            drift_uncertainty_ppm: 0,
            uncertainty_ms: 7,
        }
    }

    fn report(sealed_boottime_ms: u64, sent_bytes: u64) -> Report {
        let said = Evidence {
            boottime_ms: sealed_boottime_ms,
            fact: Fact::Volume {
                sent_bytes,
                received_bytes: 1,
            },
        };
        Report {
            version: 1,
            agent: AgentId([1; 16]),
            boot: BootId([2; 16]),
            software: "test".to_owned(),
            profile: Profile::Full,
            sealed_boottime_ms,
            sealed_wall_unix_ms: Some(1_000_250 + i64::try_from(sealed_boottime_ms).unwrap()),
            time_exchanges: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
            entries: vec![Entry {
                sequence: 1,
                written_boottime_ms: sealed_boottime_ms,
                content: Content::Minute(Minute {
                    samples: Vec::new(),
                    evidence: vec![said],
                }),
            }],
        }
    }

    #[test]
    fn clock_and_volume_are_those_said_last_and_a_backlog_takes_nothing_back() {
        let activities = Activities::default();
        activities.batch((50, None), Some(&map()), &report(60_000, 900));
        activities.batch((51, None), Some(&map()), &report(30_000, 400));
        let heard = activities.of(AgentId([1; 16]));
        assert_eq!(heard.batch_unix_ms, Some(51));
        let clock = heard.clock.unwrap();
        assert_eq!((clock.offset_ms, clock.uncertainty_ms), (Some(250), 7));
        assert_eq!(clock.at_unix_ms, 1_060_000);
        let volume = heard.volume.unwrap();
        assert_eq!((volume.sent_bytes, volume.at_unix_ms), (900, 1_060_000));
        // The next batch that was sealed later counts again.
        activities.batch((52, None), Some(&map()), &report(90_000, 1_000));
        let heard = activities.of(AgentId([1; 16]));
        assert_eq!(heard.volume.unwrap().sent_bytes, 1_000);
    }
}
