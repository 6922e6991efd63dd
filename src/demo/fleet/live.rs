//! The present: one scheduler looks at every agent once a second and sends what is due, a few
//! agents at the same time.

use std::sync::Arc;
use std::time::Duration;

use desserte_probe::report::TimeExchange;
use desserte_probe::upload::CollectorError;
use desserte_probe::wire::heartbeat::Heartbeat;
use desserte_probe::wire::id::BootId;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::World;
use super::chain::{Chain, failing};
use super::wire::{Wire, boot_prefix, prefix};
use crate::collector::Collector;
use crate::demo::DemoError;
use crate::demo::world::boots::{boot_at, boots};
use crate::demo::world::draw::{below, draw};
use crate::demo::world::minute::Life;
use crate::demo::world::{DAY, MINUTE_MS, minute_of};
use crate::registry::{HEARTBEAT_SECONDS, UPLOAD_SECONDS};

/// How often the agents are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Agents that upload at the same time.
const AT_ONCE: usize = 6;
/// A minute is measured to its end, and written so long afterwards, milliseconds.
const WRITTEN_MS: i64 = 2_000;
/// Minutes after a fault in which an agent still uploads each minute.
const EAGER_AFTER: i64 = 7;
/// Milliseconds between uploads while something fails.
const EAGER_MS: i64 = 60_000;
/// After a failed upload, milliseconds.
const AGAIN_MS: i64 = 15_000;
/// Exchanges of time kept of a boot.
const HEARD_MAX: usize = 16;
/// The script is written so many minutes ahead, and again when half of them are over.
const AHEAD: i64 = DAY;

/// An agent of the fleet.
#[derive(Debug)]
pub(super) struct Agent {
    /// Number of its site.
    pub(super) site: usize,
    /// What it has sent.
    pub(super) chain: Chain,
    heartbeat_key: [u8; 32],
    counter: u32,
    heard: Vec<(BootId, TimeExchange)>,
    next_upload_ms: i64,
    uploaded_ms: i64,
    next_beat_ms: i64,
}

impl Agent {
    /// An agent that counted its heartbeats so far.
    pub(super) fn new(site: usize, chain: Chain, heartbeat_key: [u8; 32], counter: u32) -> Self {
        Self {
            site,
            chain,
            heartbeat_key,
            // What was counted since the last was written down is jumped over.
            counter: counter.saturating_add(1_000),
            heard: Vec::new(),
            next_upload_ms: 0,
            uploaded_ms: 0,
            next_beat_ms: 0,
        }
    }

    fn spread(&mut self, now_ms: i64) {
        let part = |seconds: u32, what| {
            let drawn = draw(u64::try_from(self.site).unwrap_or(0), &[what]);
            i64::try_from(below(drawn, u64::from(seconds) * 1_000)).unwrap_or(0)
        };
        let (upload, beat) = (part(UPLOAD_SECONDS, 1), part(HEARTBEAT_SECONDS, 2));
        self.next_upload_ms = now_ms + upload;
        self.next_beat_ms = now_ms + beat;
    }

    /// Whether something is to be sent and can be.
    fn due(&self, life: &Life<'_>, now_ms: i64) -> bool {
        let minute = minute_of(now_ms);
        let written = minute_of(now_ms - WRITTEN_MS);
        if self.chain.next_minute() >= written || !life.reaches_collector(minute) {
            return false;
        }
        let eager = (written - EAGER_AFTER..written).any(|one| failing(life, one).is_some());
        now_ms >= self.next_upload_ms || (eager && now_ms >= self.uploaded_ms + EAGER_MS)
    }
}

/// Lives until told to stop.
pub(super) async fn run(
    wire: &Wire,
    (world, agents): (&Arc<World>, Vec<Agent>),
    collector: &Arc<Collector>,
    stop: watch::Receiver<bool>,
) -> Result<(), DemoError> {
    let now = collector.clock().unix_ms();
    let mut fleet = Fleet {
        wire: wire.clone(),
        world: Arc::clone(world),
        written_until: minute_of(now) + AHEAD,
        collector: Arc::clone(collector),
        socket: Arc::new(
            UdpSocket::bind(("127.0.0.1", 0))
                .await
                .map_err(|error| DemoError::Fleet(format!("heartbeats: {error}")))?,
        ),
        resting: agents,
        uploading: JoinSet::new(),
    };
    for agent in &mut fleet.resting {
        agent.spread(now);
    }
    let mut ticker = tokio::time::interval(TICK);
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = ticker.tick() => fleet.tick().await,
            Some(done) = fleet.uploading.join_next() => match done {
                Ok(agent) => fleet.resting.push(agent),
                Err(error) => tracing::error!(%error, "a simulated agent ended"),
            },
        }
    }
    while fleet.uploading.join_next().await.is_some() {}
    Ok(())
}

struct Fleet {
    wire: Wire,
    world: Arc<World>,
    written_until: i64,
    collector: Arc<Collector>,
    socket: Arc<UdpSocket>,
    resting: Vec<Agent>,
    uploading: JoinSet<Agent>,
}

impl Fleet {
    async fn tick(&mut self) {
        let now = self.collector.clock().unix_ms();
        if minute_of(now) > self.written_until - AHEAD / 2 {
            self.written_until = minute_of(now) + AHEAD;
            let (world, until) = (Arc::clone(&self.world), self.written_until);
            match tokio::task::spawn_blocking(move || world.until(until)).await {
                Ok(world) => self.world = Arc::new(world),
                Err(error) => tracing::error!(%error, "the script could not be written on"),
            }
        }
        self.beat(now).await;
        let mut resting = std::mem::take(&mut self.resting);
        while self.uploading.len() < AT_ONCE {
            let due = resting.iter().position(|agent| {
                let site = self.world.sites().get(agent.site);
                site.is_some_and(|site| agent.due(&self.world.life(site), now))
            });
            let Some(due) = due else { break };
            let upload = Upload {
                wire: self.wire.clone(),
                world: Arc::clone(&self.world),
                collector: Arc::clone(&self.collector),
                agent: resting.swap_remove(due),
            };
            self.uploading.spawn(upload.run());
        }
        self.resting = resting;
    }

    /// Sends the heartbeats that are due.
    async fn beat(&mut self, now: i64) {
        let Some(port) = self.collector.heartbeat_port() else {
            return;
        };
        for agent in &mut self.resting {
            if now < agent.next_beat_ms {
                continue;
            }
            agent.next_beat_ms = now + i64::from(HEARTBEAT_SECONDS) * 1_000;
            let Some(site) = self.world.sites().get(agent.site) else {
                continue;
            };
            let life = self.world.life(site);
            let minute = minute_of(now);
            if !life.measures(minute) || !life.reaches_collector(minute) {
                continue;
            }
            agent.counter = agent.counter.saturating_add(1);
            let beat = heartbeat(agent, &life, now);
            let key = agent.heartbeat_key;
            if let Err(error) = self.wire.beat(&self.socket, port, &beat, &key).await {
                tracing::debug!(%error, "simulated heartbeat not sent");
            }
        }
    }
}

fn heartbeat(agent: &Agent, life: &Life<'_>, now: i64) -> Heartbeat {
    let faults = life.script.of(life.site.number);
    let boots = boots(life.seed, life.site, agent.chain.first_minute(), faults);
    let boot = boot_at(&boots, minute_of(now)).map(|(_, boot)| *boot);
    let waiting = minute_of(now) - agent.chain.next_minute();
    Heartbeat {
        flags: u8::from(failing(life, minute_of(now)).is_some()),
        agent_prefix: prefix(&agent.chain.agent().0),
        boot_prefix: boot.map_or([0; 8], |boot| boot_prefix(boot.id)),
        counter: agent.counter,
        uptime_seconds: boot.map_or(0, |boot| {
            u32::try_from(boot.boottime_ms(now) / 1_000).unwrap_or(u32::MAX)
        }),
        spool_entries: u32::try_from(waiting.max(0)).unwrap_or(u32::MAX),
        gateway_prefix: [0; 4],
    }
}

/// One agent's upload.
struct Upload {
    wire: Wire,
    world: Arc<World>,
    collector: Arc<Collector>,
    agent: Agent,
}

impl Upload {
    /// Sends everything that waits, the oldest first; gives the agent back in any case.
    async fn run(mut self) -> Agent {
        let result = self.upload().await;
        let now = self.collector.clock().unix_ms();
        match result {
            Ok(()) => {
                self.agent.uploaded_ms = now;
                self.agent.next_upload_ms = now + i64::from(UPLOAD_SECONDS) * 1_000;
            }
            Err(error) => {
                tracing::debug!(%error, site = self.agent.site, "simulated upload failed");
                self.agent.uploaded_ms = now;
                self.agent.next_upload_ms = now + AGAIN_MS;
            }
        }
        self.agent
    }

    async fn upload(&mut self) -> Result<(), DemoError> {
        let failed = |error: CollectorError| DemoError::Fleet(error.to_string());
        let world = Arc::clone(&self.world);
        let Some(site) = world.sites().get(self.agent.site) else {
            return Ok(());
        };
        let life = world.life(site);
        let now = self.collector.clock().unix_ms();
        let installed = self.agent.chain.first_minute();
        let boots = boots(life.seed, site, installed, life.script.of(site.number));
        let mut connection = self.wire.open(self.agent.site).await.map_err(failed)?;
        if let Some((_, boot)) = boot_at(&boots, minute_of(now)) {
            let exchange = self
                .wire
                .time(&mut connection, boot)
                .await
                .map_err(failed)?;
            self.agent.hear(boot.id, exchange);
        }
        let until = minute_of(now - WRITTEN_MS);
        loop {
            let (chain, heard) = (self.agent.chain.clone(), self.agent.heard.clone());
            let (world, number) = (Arc::clone(&self.world), self.agent.site);
            let sealed = tokio::task::spawn_blocking(move || {
                let site = world.sites().get(number)?;
                Some(chain.seal(&world.life(site), until, &heard))
            });
            let sealed = sealed
                .await
                .map_err(|error| DemoError::Fleet(error.to_string()))?;
            let Some(sealed) = sealed
                .transpose()
                .map(Option::flatten)
                .map_err(|error| DemoError::Fleet(error.to_string()))?
            else {
                return Ok(());
            };
            self.wire
                .send(&mut connection, &sealed)
                .await
                .map_err(failed)?;
            self.agent.chain.advance(&sealed);
        }
    }
}

impl Agent {
    /// Keeps an exchange of time; those of earlier boots are of no more use.
    fn hear(&mut self, boot: BootId, exchange: TimeExchange) {
        self.heard.retain(|(of, _)| *of == boot);
        if self.heard.len() >= HEARD_MAX {
            self.heard.remove(0);
        }
        self.heard.push((boot, exchange));
    }
}

/// Milliseconds of a minute are those of the world.
const _: () = assert!(EAGER_MS == MINUTE_MS);
