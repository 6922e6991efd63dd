//! Keeps outages and live states true: on samples that come, and on time that passes.

mod arrivals;
mod outages;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use desserte_domain::live::{LiveInput, site_state};
use desserte_domain::machine::Availability;
use desserte_domain::slot::SlotState;
use tokio::sync::broadcast;

use super::judge::{Judgement, Window, judge};
use super::long::{DAY_MS, long_figures};
use super::test::SiteTest;
use crate::app::{App, PLAN_DAYS, SourceError};
use crate::ingest::IngestEvent;
use crate::live::{Change, SampleSeen, SiteLive};
use arrivals::{Arrivals, Waiting};
use outages::{differ, site_outages, tell_outages};

/// How often time alone is looked at: a silent agent's site becomes unknown within it.
const TICK: Duration = Duration::from_secs(2);
/// A site is looked at again after half a slot, within these bounds, milliseconds: often enough for
/// slots of seconds, seldom enough for thousands of sites.
const LOOK_EVERY_MS_MIN: i64 = 1_500;
const LOOK_EVERY_MS_MAX: i64 = 15_000;
/// How often the registry and the layers are asked whether another process wrote them.
const REGISTRY_POLL_TICKS: u64 = 1;
/// How often a site's long figures (a day, a month) are computed anew, milliseconds.
const LONG_FIGURES_EVERY_MS: i64 = 60_000;
/// Judged before a new sample at least, milliseconds: a run that unknown slots stretch must be seen
/// whole.
const LOOK_BACK_MS: i64 = 3_600_000;

/// What the worker remembers of a site between two looks.
#[derive(Debug, Clone, Default)]
struct Held {
    looked_unix_ms: i64,
    long_figures_unix_ms: i64,
}

/// Judges every measured site once, then runs until the app stops.
pub async fn run(app: Arc<App>, events: broadcast::Receiver<IngestEvent>) {
    let arrivals = Arc::new(Arrivals::default());
    let follower = Arc::clone(&arrivals);
    let told = Arc::clone(&app);
    let following = tokio::spawn(async move { follower.follow(&told, events).await });
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
            _ = stop.changed() => break,
        }
    }
    following.abort();
}

/// Judges every measured site once: what a collector does at its start.
pub fn catch_up(app: &Arc<App>) {
    Worker::new(Arc::clone(app)).start();
}

struct Worker {
    app: Arc<App>,
    held: HashMap<String, Held>,
    registry_version: Option<crate::registry::Version>,
    layers_version: Option<i64>,
    ticks: u64,
}

impl Worker {
    fn new(app: Arc<App>) -> Self {
        Self {
            app,
            held: HashMap::new(),
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

    /// Judges every measured site over the days that a plan looks back on.
    fn start(&mut self) {
        let directory = self.app.directory();
        let now = self.app.now_unix_ms();
        for site in directory.measured() {
            self.look(&site.id, now - PLAN_DAYS * DAY_MS, now);
        }
        self.app.live.tell(Change::Summary);
    }

    fn arrived(&mut self, waiting: &Waiting) {
        if waiting.overflowed {
            self.start();
        }
        let now = self.app.now_unix_ms();
        for arrived in waiting.by_site.values() {
            self.look(&arrived.site, arrived.from_unix_ms, now);
            self.tell_samples(arrived);
        }
        self.count_agents();
        self.app.live.tell(Change::Summary);
    }

    fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(REGISTRY_POLL_TICKS) {
            self.poll_registry();
        }
        let app = Arc::clone(&self.app);
        let directory = app.directory();
        let now = app.now_unix_ms();
        for site in directory.measured() {
            // A slot that is over may count now; silence and exclusions may begin or end.
            let slot_ms = directory.test(&site.id).rule.slot_ms();
            let every_ms = (slot_ms / 2).clamp(LOOK_EVERY_MS_MIN, LOOK_EVERY_MS_MAX);
            let looked = self
                .held
                .get(&site.id)
                .map_or(0, |held| held.looked_unix_ms);
            if now - looked >= every_ms {
                self.look(&site.id, now, now);
            }
        }
        self.count_agents();
    }

    fn count_agents(&self) {
        match self.app.count_agents() {
            Ok(true) => self.app.live.tell(Change::Summary),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "agents could not be counted"),
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
    fn look(&mut self, site: &str, from_unix_ms: i64, now: i64) {
        if let Err(error) = self.assess(site, from_unix_ms, now) {
            tracing::warn!(%error, site, "site {site} could not be assessed");
        }
    }

    fn assess(&mut self, site: &str, from_unix_ms: i64, now: i64) -> Result<(), SourceError> {
        let app = Arc::clone(&self.app);
        let test = app.directory().test(site);
        let judgement = recent(&app, site, &test, from_unix_ms, now)?;
        let stored =
            app.source()
                .outages_between(site, judgement.window.start_unix_ms, i64::MAX)?;
        let found = site_outages(site, &test, &judgement);
        if differ(&stored, &found) {
            let from = judgement.window.start_unix_ms;
            let found = app.source().replace_outages(site, from, &test, &found)?;
            tell_outages(&app, &stored, &found);
        }
        let before = app.live.of(site);
        let fresh = self.live_state(site, &test, &judgement, now)?;
        let mut fresh = SiteLive {
            last_day: before.last_day,
            last_month: before.last_month,
            ..fresh
        };
        fresh.since_unix_ms = since(&before, &fresh, &judgement);
        let held = self.held.entry(site.to_owned()).or_default();
        held.looked_unix_ms = now;
        if now - held.long_figures_unix_ms >= LONG_FIGURES_EVERY_MS {
            held.long_figures_unix_ms = now;
            let figures = long_figures(app.source(), site, &test, now)?;
            (fresh.last_day, fresh.last_month) = (figures.day, figures.plan);
        }
        if app.live.update(site, fresh) {
            app.live.tell(Change::Summary);
        }
        Ok(())
    }

    fn live_state(
        &self,
        site: &str,
        test: &SiteTest,
        judgement: &Judgement,
        now: i64,
    ) -> Result<SiteLive, SourceError> {
        let directory = self.app.directory();
        let upload_seconds = directory.site(site).and_then(|entry| entry.upload_seconds);
        let last_sample = self.app.source().last_sample_unix_ms(site)?;
        let recent = last_known(&judgement.slots, test);
        let excluded = {
            let source = self.app.source();
            source.excluded_at(test.agreement.as_deref(), site, now)?
        };
        let state = site_state(&LiveInput {
            availability: judgement.run.state_at_end,
            recent_slots: recent,
            // A row that says "not sent" is no sign of life: the last slot that is known counts.
            last_sample_age_ms: last_known_unix_ms(judgement).map(|at| now - at),
            silent_after_ms: self
                .app
                .silent_after_ms(upload_seconds.unwrap_or(0), test.rule.slot_seconds),
            excluded,
        });
        let open = judgement
            .outages
            .last()
            .filter(|one| one.end_unix_ms.is_none());
        Ok(SiteLive {
            state,
            cause: open.map(|outage| outage.cause.cause),
            last_sample_unix_ms: last_sample,
            ..SiteLive::default()
        })
    }

    fn tell_samples(&self, arrived: &IngestEvent) {
        let newest = match self.app.source().newest_samples(&arrived.site) {
            Ok(newest) => newest,
            Err(error) => {
                tracing::warn!(%error, "the newest samples could not be read");
                return;
            }
        };
        for (target, sample) in newest {
            if sample.start_unix_ms < arrived.from_unix_ms {
                continue;
            }
            self.app.live.tell(Change::Sample(SampleSeen {
                site: arrived.site.clone(),
                target,
                at_unix_ms: sample.start_unix_ms,
                rtt_us_median: sample.rtt_us_median,
                sent: sample.sent,
                received: sample.received,
            }));
        }
    }
}

/// Judges the site from before the first new sample, and from before any outage that reaches into
/// that: there the machine surely stands at *available*.
fn recent(
    app: &App,
    site: &str,
    test: &SiteTest,
    from_unix_ms: i64,
    now: i64,
) -> Result<Judgement, SourceError> {
    let slot_ms = test.rule.slot_ms();
    let margin = (2 * i64::from(test.longest_run()) * slot_ms).max(LOOK_BACK_MS);
    let run_ms = i64::from(test.longest_run()) * slot_ms;
    let mut start = from_unix_ms - margin;
    loop {
        let touching = app.source().outages_between(site, start - run_ms, start)?;
        let Some(first) = touching.iter().map(|outage| outage.start_unix_ms).min() else {
            break;
        };
        start = start.min(first) - run_ms;
    }
    let window = Window::between(start, now, test.rule.slot_seconds);
    let span = (window.start_unix_ms, window.end_unix_ms());
    let samples = app.source().samples(site, span)?;
    Ok(judge(test, &samples, window, Availability::Available))
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
fn last_known_unix_ms(judgement: &Judgement) -> Option<i64> {
    let last = judgement
        .slots
        .iter()
        .rposition(|slot| *slot != SlotState::Unknown)?;
    Some(judgement.window.at(last))
}

/// Since when the state is what it is: an outage tells its start; else the first look that saw it.
fn since(before: &SiteLive, fresh: &SiteLive, judgement: &Judgement) -> Option<i64> {
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
