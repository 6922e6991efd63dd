//! The past, played back: the batches that the agents would have sent, each with the time at which
//! it would have come, through the same door as all others.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use desserte_probe::wire::CONTENT_TYPE_COLUMNS;
use tokio::task::JoinSet;

use super::World;
use super::chain::{Chain, Sealed};
use super::live::Agent;
use super::state::State;
use crate::app::Progress;
use crate::collector::Collector;
use crate::demo::DemoError;
use crate::demo::world::{DAY, MINUTE_MS, minute_of};
use crate::ingest::{BatchRequest, Refusal};

/// Sites played back at the same time.
const AT_ONCE: usize = 4;
/// Batches that the store may be behind: it and whoever reads must keep up.
const BEHIND_MAX: u64 = 24;
/// How long to wait for the store at a time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Plays the first day of the present agents back. At a later start there is none: what was measured
/// since the last one is sent over the wire.
pub(super) async fn last_day(
    world: &Arc<World>,
    agents: Vec<Agent>,
    state: &State,
    collector: &Arc<Collector>,
    progress: &Arc<Progress>,
) -> Result<Vec<Agent>, DemoError> {
    let first_start = state.first_start_minute();
    let mut waiting = agents.into_iter();
    let mut running: JoinSet<Result<Agent, DemoError>> = JoinSet::new();
    let mut played = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(mut agent) = waiting.next()
        {
            let (world, collector) = (Arc::clone(world), Arc::clone(collector));
            running.spawn(async move {
                let until = first_start.min(minute_of(collector.clock().unix_ms()));
                let job = Job {
                    world,
                    collector,
                    site: agent.site,
                };
                job.play(&mut agent.chain, until, true).await?;
                Ok(agent)
            });
        }
        let Some(done) = running.join_next().await else {
            return Ok(played);
        };
        played.push(done.map_err(|error| DemoError::Fleet(error.to_string()))??);
        progress.site_done(1);
    }
}

/// Plays the days before back, site by site.
pub(super) async fn earlier_days(
    world: &Arc<World>,
    chains: Vec<Chain>,
    collector: &Arc<Collector>,
    progress: &Arc<Progress>,
) -> Result<(), DemoError> {
    let mut waiting = (0_usize..).zip(chains);
    let mut running: JoinSet<Result<(), DemoError>> = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((site, chain)) = waiting.next()
        {
            let job = Job {
                world: Arc::clone(world),
                collector: Arc::clone(collector),
                site,
            };
            let progress = Arc::clone(progress);
            running.spawn(async move { job.earlier(chain, &progress).await });
        }
        let Some(done) = running.join_next().await else {
            return Ok(());
        };
        done.map_err(|error| DemoError::Fleet(error.to_string()))??;
        progress.site_done(1);
    }
}

struct Job {
    world: Arc<World>,
    collector: Arc<Collector>,
    site: usize,
}

impl Job {
    async fn earlier(&self, chain: Chain, progress: &Progress) -> Result<(), DemoError> {
        let last = self.collector.journal().last_batch_of(chain.agent());
        let last = last.map_err(|error| DemoError::Fleet(error.to_string()))?;
        let first = chain.next_minute();
        let mut chain = match &last {
            Some(last) => chain.resumed(last),
            None => chain,
        };
        let days = |chain: &Chain, from: i64| {
            u64::try_from((chain.next_minute() - from).max(0) / DAY).unwrap_or(0)
        };
        progress.day_done(days(&chain, first));
        loop {
            let before = chain.next_minute();
            if !self.play_one(&mut chain, i64::MAX, false).await? {
                return Ok(());
            }
            progress.day_done(u64::from(
                before.div_euclid(DAY) != chain.next_minute().div_euclid(DAY),
            ));
        }
    }

    /// Plays until there is nothing more before `until`; with `only_arrived` what would not have
    /// arrived yet is left for later.
    async fn play(
        &self,
        chain: &mut Chain,
        until: i64,
        only_arrived: bool,
    ) -> Result<(), DemoError> {
        while self.play_one(chain, until, only_arrived).await? {}
        Ok(())
    }

    async fn play_one(
        &self,
        chain: &mut Chain,
        until: i64,
        only_arrived: bool,
    ) -> Result<bool, DemoError> {
        let Some(sealed) = self.seal(chain, until).await? else {
            return Ok(false);
        };
        let now = self.collector.clock().unix_ms();
        if only_arrived && sealed.arrives_unix_ms > now + MINUTE_MS {
            return Ok(false);
        }
        self.keep_up().await?;
        self.accept(&sealed, now).await?;
        chain.advance(&sealed);
        Ok(true)
    }

    /// Sealing computes: not on the threads that serve.
    async fn seal(&self, chain: &Chain, until: i64) -> Result<Option<Sealed>, DemoError> {
        let (world, chain, site) = (Arc::clone(&self.world), chain.clone(), self.site);
        let done = tokio::task::spawn_blocking(move || {
            let Some(site) = world.sites().get(site) else {
                return Ok(None);
            };
            let until = until.min(minute_of(i64::MAX));
            chain.seal(&world.life(site), until, &[])
        });
        done.await
            .map_err(|error| DemoError::Fleet(error.to_string()))?
            .map_err(|error| DemoError::Fleet(error.to_string()))
    }

    /// Waits until the store is not far behind.
    async fn keep_up(&self) -> Result<(), DemoError> {
        loop {
            let last = self.collector.journal().last_position();
            let wanted = last.saturating_sub(BEHIND_MAX);
            if self.collector.applied_position() >= wanted {
                return Ok(());
            }
            let collector = Arc::clone(&self.collector);
            tokio::task::spawn_blocking(move || collector.wait_applied(wanted, PATIENCE))
                .await
                .map_err(|error| DemoError::Fleet(error.to_string()))?;
        }
    }

    async fn accept(&self, sealed: &Sealed, now_unix_ms: i64) -> Result<(), DemoError> {
        loop {
            let request = BatchRequest {
                envelope: sealed.envelope.clone(),
                content_type: Some(CONTENT_TYPE_COLUMNS.to_owned()),
                body: Bytes::copy_from_slice(&sealed.body),
                peer: None,
                received_unix_ms: sealed.arrives_unix_ms.min(now_unix_ms),
            };
            match self.collector.accept(request).await {
                Ok(_) => return Ok(()),
                Err(Refusal::TooManyRequests { .. } | Refusal::Unavailable(_)) => {
                    tokio::time::sleep(PATIENCE).await;
                }
                Err(refusal) => return Err(DemoError::Fleet(refusal.to_string())),
            }
        }
    }
}
