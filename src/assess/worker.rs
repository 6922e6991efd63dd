//! Keeps outages and live states true: on samples that come, and on time that passes. Each site's slots
//! are kept in memory (`assess::track`), so that an arrival costs what it brings and not what lies
//! behind it.

mod arrivals;
mod follow;
mod near;
mod outages;
mod state;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::long::DAY_MS;
use super::test::SiteTest;
use super::track::{News, Track, sums};
use crate::app::{App, PLAN_DAYS, SourceError};
use crate::ingest::IngestEvent;
use arrivals::{Arrivals, Waiting};
use follow::{follow, outgrown};
use outages::{differ, site_outages, tell_outages, tell_samples};
use state::{last_known_unix_ms, live_state, since};

/// How often time alone is looked at: a silent agent's site becomes unknown within it.
const TICK: Duration = Duration::from_secs(2);
/// How often readers are told of counts that change, at most.
const COUNTS_EVERY: Duration = Duration::from_secs(1);
/// A site is looked at again after half a slot, within these bounds, milliseconds: often enough for
/// slots of seconds, seldom enough for thousands of sites.
const LOOK_EVERY_MS_MIN: i64 = 1_500;
const LOOK_EVERY_MS_MAX: i64 = 15_000;
/// How often the registry and the layers are asked whether another process wrote them.
const REGISTRY_POLL_TICKS: u64 = 1;
/// Sites whose stored outages are looked at again with each tick after the start.
const PROVED_EACH_TICK: usize = 8;

/// Sites looked at because time passed before it is seen what arrived meanwhile.
const LOOKS_AT_ONCE: usize = 32;

/// What the worker remembers of a site between two looks.
#[derive(Debug, Clone)]
struct Held {
    looked_unix_ms: i64,
    track: Track,
    /// Start of its last slot that is known.
    known_unix_ms: Option<i64>,
    /// What its state hung on beside its slots.
    circumstances: Circumstances,
}

/// What a site's state hangs on beside its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Circumstances {
    /// From when on an agent that has sent nothing is silent, milliseconds.
    silent_after_ms: i64,
    /// An exclusion holds.
    excluded: bool,
}

/// Judges every measured site once, then runs until the app stops.
pub async fn run(app: Arc<App>, events: broadcast::Receiver<IngestEvent>) {
    let arrivals = Arc::new(Arrivals::default());
    let follower = Arc::clone(&arrivals);
    let told = Arc::clone(&app);
    let following = tokio::spawn(async move { follower.follow(&told, events).await });
    let telling = tokio::spawn(tell_counts(Arc::clone(&app)));
    let mut worker = Worker::new(Arc::clone(&app)).on_thread(Worker::start).await;
    let mut ticker = tokio::time::interval(TICK);
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stop = app.shutdown.clone();
    while !*stop.borrow() {
        tokio::select! {
            () = arrivals.come() => {
                let waiting = arrivals.take();
                worker = worker.on_thread(move |worker| worker.arrived(&waiting)).await;
            }
            _ = ticker.tick() => worker = worker.on_thread(Worker::tick).await,
            () = std::future::ready(()), if !worker.due.is_empty() => {
                worker = worker.on_thread(|worker| worker.look_at_due(LOOKS_AT_ONCE)).await;
            }
            _ = stop.changed() => break,
        }
    }
    following.abort();
    telling.abort();
}

/// Tells readers of counts that changed. The country's sites are counted for it, which is not to be done
/// with each site that changes.
async fn tell_counts(app: Arc<App>) {
    let mut ticker = tokio::time::interval(COUNTS_EVERY);
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticker.tick().await;
        app.live.tell_counts();
    }
}

/// Judges every measured site once: what a collector does at its start.
pub fn catch_up(app: &Arc<App>) {
    let mut worker = Worker::new(Arc::clone(app));
    worker.start();
    worker.look_at_due(usize::MAX);
    worker.prove(usize::MAX);
}

/// Looks at sites, on samples that came and with the ticks of time; [`run`] drives it.
#[derive(Debug)]
pub struct Worker {
    app: Arc<App>,
    held: HashMap<String, Held>,
    /// Sites that wait for a look because time passed.
    due: VecDeque<String>,
    /// Sites whose stored outages were taken as they are since the start.
    unproven: Vec<String>,
    /// Version of the image in which sites without an agent were last parted with.
    parted_version: u64,
    registry_version: Option<(crate::registry::Version, jiff::civil::Date)>,
    layers_version: Option<i64>,
    ticks: u64,
}

impl Worker {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            held: HashMap::new(),
            due: VecDeque::new(),
            unproven: Vec::new(),
            parted_version: 0,
            registry_version: None,
            layers_version: None,
            ticks: 0,
        }
    }

    /// Judging is work for a processor, and reading the store waits for a disk: neither belongs on
    /// the threads that serve.
    async fn on_thread(mut self, work: impl FnOnce(&mut Self) + Send + 'static) -> Self {
        let app = Arc::clone(&self.app);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut self);
            self
        })
        .await;
        match done {
            Ok(worker) => worker,
            Err(error) => {
                tracing::error!(%error, "the assessment failed; it starts again");
                Self::new(app)
            }
        }
    }

    /// Has every measured site judged over the days that a plan looks back on. Outages that are stored as
    /// they come out keep their causes for the moment: to look at the evidence of all of them takes
    /// longer than who opens the page should wait. That is done by and by.
    pub fn start(&mut self) {
        let directory = self.app.directory();
        self.held.clear();
        self.due = directory.measured().map(|site| site.id.clone()).collect();
        self.unproven = self.due.iter().cloned().collect();
        self.app.live.change_counts();
    }

    /// Looks at everything of some sites, as if it had just come.
    fn prove(&mut self, sites: usize) {
        let now = self.app.now_unix_ms();
        let kept = self.unproven.len().saturating_sub(sites);
        for site in self.unproven.split_off(kept) {
            self.look(&site, &[(now - PLAN_DAYS * DAY_MS, now)], now);
        }
    }

    fn arrived(&mut self, waiting: &Waiting) {
        if waiting.overflowed {
            self.start();
        }
        for (site, spans) in &waiting.by_site {
            self.came(site, spans);
        }
        self.app.live.change_counts();
    }

    /// Looks at what was measured at a site in these spans, Unix milliseconds, half-open.
    pub fn came(&mut self, site: &str, spans: &[(i64, i64)]) {
        let now = self.app.now_unix_ms();
        self.look(site, spans, now);
        self.look_near(site, spans, now);
        tell_samples(&self.app, site, spans);
    }

    /// What is to be looked at because time passed.
    pub fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(REGISTRY_POLL_TICKS) {
            self.poll_registry();
        }
        self.part_with_unmeasured();
        if self.due.is_empty() {
            self.prove(PROVED_EACH_TICK);
            let directory = self.app.directory();
            let now = self.app.now_unix_ms();
            let measured = directory.measured().map(|site| &site.id);
            let due = measured.filter(|site| self.is_due(site, now));
            self.due = due.cloned().collect();
        }
        if self.app.count_agents() {
            self.app.live.change_counts();
        }
    }

    /// Looks at some of the sites that wait for it, if anything can have changed.
    pub fn look_at_due(&mut self, most: usize) {
        for site in self
            .due
            .drain(..most.min(self.due.len()))
            .collect::<Vec<_>>()
        {
            let now = self.app.now_unix_ms();
            if !self.is_due(&site, now) {
                continue;
            }
            if self.is_unchanged(&site, now) {
                if let Some(held) = self.held.get_mut(&site) {
                    held.looked_unix_ms = now;
                }
            } else {
                self.look(&site, &[], now);
            }
        }
    }

    /// A slot that is over may count now; silence and exclusions may begin or end.
    fn is_due(&self, site: &str, now: i64) -> bool {
        let slot_ms = self.app.directory().test(site).rule.slot_ms();
        let every_ms = (slot_ms / 2).clamp(LOOK_EVERY_MS_MIN, LOOK_EVERY_MS_MAX);
        let looked = self.held.get(site).map_or(0, |held| held.looked_unix_ms);
        now - looked >= every_ms
    }

    /// Whether a look would find what the last one found, although time passed: all that is over since
    /// the last slot that is known is still waited for, every sample lies in a slot that was formed, and
    /// what the state hangs on beside its slots is the same. (What arrives has a look of its own.)
    fn is_unchanged(&self, site: &str, now: i64) -> bool {
        let Some(held) = self.held.get(site) else {
            return false;
        };
        let test = self.app.directory().test(site);
        let newest = self.app.live.of(site).last_sample_unix_ms;
        let waited_for = |known: i64| now - known <= held.circumstances.silent_after_ms;
        held.track.test() == &test
            && !outgrown(&held.track, now)
            && held.known_unix_ms.is_some_and(waited_for)
            && newest.is_some_and(|at| at < held.track.window().end_unix_ms())
            && self
                .circumstances(site, &test, now)
                .is_ok_and(|now| now == held.circumstances)
    }

    fn circumstances(
        &self,
        site: &str,
        test: &SiteTest,
        now: i64,
    ) -> Result<Circumstances, SourceError> {
        let source = self.app.source();
        Ok(Circumstances {
            silent_after_ms: self.silent_after_ms(site, test),
            excluded: source.excluded_at(test.agreement.as_deref(), site, now)?,
        })
    }

    /// A site that lost its last agent is looked at no more: nobody measures it, so nothing is known of
    /// it, as after a restart. An outage that it is in stays open, as it does under an agent that is
    /// silent for good: only samples say that a line is back. It is told as unheard, and ends with the
    /// first good slots that an agent measures there again.
    fn part_with_unmeasured(&mut self) {
        let directory = self.app.directory();
        let parted = std::mem::replace(&mut self.parted_version, directory.version);
        if parted != directory.version {
            self.held.retain(|site, _| directory.is_measured(site));
            self.app.live.retain(|site| directory.is_measured(site));
        }
    }

    fn poll_registry(&mut self) {
        match self.app.source().registry_version() {
            Ok(version) if self.registry_version.replace(version) != Some(version) => {
                if let Err(error) = self.app.refresh_directory() {
                    tracing::warn!(%error, "the registry changed and could not be read");
                    self.registry_version = None;
                }
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the registry could not be asked"),
        }
        match self.app.layers_version() {
            Ok(version) => {
                let before = self.layers_version.replace(version);
                let changed = before.is_some_and(|before| before != version);
                if changed && let Err(error) = self.app.refresh_layers() {
                    tracing::warn!(%error, "the layers changed and could not be read");
                }
            }
            Err(error) => tracing::warn!(%error, "the layers could not be asked"),
        }
    }

    /// Looks at a site; a failure concerns that site only and is tried again at the next tick.
    fn look(&mut self, site: &str, arrived: &[(i64, i64)], now: i64) {
        if let Err(error) = self.assess(site, arrived, now) {
            // What arrived must not be forgotten: the next look reads everything.
            self.held.remove(site);
            tracing::warn!(%error, site, "site {site} could not be assessed");
        }
    }

    fn assess(&mut self, site: &str, arrived: &[(i64, i64)], now: i64) -> Result<(), SourceError> {
        let app = Arc::clone(&self.app);
        let directory = app.directory();
        let test = directory.test(site);
        let held = self.held.remove(site).map(|held| held.track);
        let mut track = follow(&app, site, (held, &test), (arrived, now))?;
        let window = track.window();
        let stored = app
            .source()
            .outages_between(site, window.start_unix_ms, i64::MAX)?;
        let news = News {
            spans: arrived.to_vec(),
            now_unix_ms: now,
            waited_from_unix_ms: Some(now - self.silent_after_ms(site, &test)),
        };
        let judgement = track.judge(&stored, &news, |span| app.source().samples(site, span))?;
        let found = site_outages(site, &test, &judgement);
        if differ(&stored, &found) {
            let found = app
                .source()
                .replace_outages(site, window.start_unix_ms, &test, &found)?;
            tell_outages(&app, &stored, &found);
        }
        if !directory.is_measured(site) {
            // What an agent measured here before it was moved: it says nothing of now.
            return Ok(());
        }
        let before = app.live.of(site);
        let circumstances = self.circumstances(site, &test, now)?;
        let last_sample = app.source().last_sample_unix_ms(site)?;
        let mut fresh = live_state(&test, &judgement, circumstances, now);
        fresh.last_sample_unix_ms = last_sample;
        fresh.since_unix_ms = since(&before, &fresh, &judgement);
        let from = |from: i64| sums(window, &judgement.slots, &judgement.run, from);
        let (day, month) = (from(now - DAY_MS), from(now - PLAN_DAYS * DAY_MS));
        fresh.last_day = (day.up, day.up + day.down);
        fresh.last_month = (month.up, month.down, month.unknown);
        let held = Held {
            looked_unix_ms: now,
            track,
            known_unix_ms: last_known_unix_ms(&judgement),
            circumstances,
        };
        self.held.insert(site.to_owned(), held);
        app.live.update(site, fresh);
        Ok(())
    }

    /// From when on an agent of the site that has sent nothing is silent, milliseconds.
    fn silent_after_ms(&self, site: &str, test: &SiteTest) -> i64 {
        let directory = self.app.directory();
        let upload_seconds = directory.site(site).and_then(|entry| entry.upload_seconds);
        self.app
            .silent_after_ms(upload_seconds.unwrap_or(0), test.rule.slot_seconds)
    }
}
