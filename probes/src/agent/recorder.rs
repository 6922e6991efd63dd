//! The loop: takes results, writes an entry every recording interval, keeps the marks on disk.

mod captive;
mod probing;
mod telling;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};

use self::{captive::Captive, probing::Probing, telling::every};
use super::{
    AgentOptions,
    heartbeat::{self, Counter},
    line_probes::Parts,
    measure::{Measurer, SlotResult},
    minute::{Filling, failing},
    uploading::{self, Orders, UploadEvent},
};
use crate::{
    config::Config,
    evidence::{ClockWatch, LineWatch, Previous, ProcessMark, Roots, SeenLine},
    files::FileError,
    identity::store_schedule,
    report::Fact,
    status::TargetStatus,
    upload::{Shared, Uploader, lock},
    wire::schedule::Schedule,
};

/// Results that wait for the loop: a slot of every target, twice.
const RESULTS_MAX: usize = 2 * crate::wire::schedule::TARGETS_MAX;
/// Upload events that wait for the loop.
const EVENTS_MAX: usize = 8;
/// Spool, volume and power are told with every so many entries; they change slowly.
const SLOW_FACTS_EVERY: u64 = 15;
/// A record interval that began later than this was late: the machine is overloaded.
const LAG_MIN: Duration = Duration::from_secs(1);
pub(super) struct Recorder {
    data: PathBuf,
    config: Config,
    roots: Roots,
    notify_systemd: bool,
    shared: Shared,
    measurer: Arc<Measurer>,
    schedule: Schedule,
    filling: Filling,
    mark: ProcessMark,
    volume: Previous,
    lines: LineWatch,
    seen: Vec<SeenLine>,
    clocks: ClockWatch,
    last_tick: Duration,
    records: u64,
    targets: BTreeMap<String, TargetStatus>,
    failing: HashMap<String, bool>,
    last_receipt_unix_ms: Option<i64>,
    upload_error: Option<String>,
    counter: Counter,
    orders: Arc<Orders>,
    results: mpsc::Sender<SlotResult>,
    incoming: mpsc::Receiver<SlotResult>,
    tasks: JoinSet<()>,
    /// Address at which a target was last measured.
    addresses: HashMap<String, IpAddr>,
    probing: Probing,
    captive: Captive,
}

impl Recorder {
    pub(super) fn start(
        options: &AgentOptions,
        shared: Shared,
        measurer: Arc<Measurer>,
        schedule: Schedule,
    ) -> Result<Self, FileError> {
        let (mark, previous, started) = ProcessMark::start(&options.data)?;
        let (results, incoming) = mpsc::channel(RESULTS_MAX);
        let clock = &shared.clock;
        let mut recorder = Self {
            data: options.data.clone(),
            config: options.config.clone(),
            roots: options.roots.clone(),
            notify_systemd: options.notify_systemd,
            measurer,
            filling: Filling::default(),
            mark,
            volume: previous.unwrap_or(Previous {
                boot: shared.boot,
                written_boottime_ms: 0,
                month: String::new(),
                sent_bytes: 0,
                received_bytes: 0,
            }),
            lines: LineWatch::new(options.roots.clone(), shared.identity.line_key),
            seen: vec![],
            clocks: ClockWatch::new(clock.as_ref()),
            last_tick: clock.monotonic(),
            records: 0,
            targets: BTreeMap::new(),
            failing: HashMap::new(),
            last_receipt_unix_ms: None,
            upload_error: None,
            counter: Counter::open(&options.data)?,
            orders: Arc::new(Orders::default()),
            results,
            incoming,
            tasks: JoinSet::new(),
            addresses: HashMap::new(),
            probing: Probing::default(),
            captive: Captive::default(),
            schedule,
            shared,
        };
        recorder
            .filling
            .fact(recorder.shared.clock.boottime_ms(), started);
        recorder.seen = recorder.lines.look();
        Ok(recorder)
    }

    pub(super) async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let (events, mut upload_events) = mpsc::channel(EVENTS_MAX);
        let (stop, stopped) = watch::channel(false);
        self.follow_schedule();
        self.record(); // the start is on the disk before anything is measured
        let mut uploads = self.start_uploads(&events, &stopped);
        self.notify(sd_notify::NotifyState::Ready);
        let mut tick = every(self.record_period());
        let mut beat = every(self.heartbeat_period());
        let mut gateway = every(self.gateway_period());
        loop {
            tokio::select! {
                () = uploading::told(&mut shutdown) => break,
                Some(result) = self.incoming.recv() => self.take(&result),
                Some(round) = self.probing.rounds.join_next() => self.take_probed(round),
                Some(found) = self.captive.check.join_next() => self.take_captive(found),
                Some(event) = upload_events.recv() => {
                    if self.take_upload(event) {
                        tick = every(self.record_period());
                        beat = every(self.heartbeat_period());
                        gateway = every(self.gateway_period());
                    }
                }
                _ = tick.tick() => {
                    if uploads.is_finished() {
                        tracing::error!("uploading failed; started again");
                        uploads = self.start_uploads(&events, &stopped);
                    }
                    self.watch_lag();
                    self.record();
                    self.probe_lines(self.parts());
                    self.check_captive();
                }
                _ = gateway.tick() => self.probe_lines(Parts::GATEWAY),
                _ = beat.tick() => self.send_heartbeat(),
            }
        }
        self.stop();
        let _ = stop.send(true); // the task may have ended
        uploading::finish(uploads).await;
        while let Ok(event) = upload_events.try_recv() {
            self.take_upload(event);
        }
        self.write_status(); // what the last upload left behind
    }

    fn start_uploads(
        &self,
        events: &mpsc::Sender<UploadEvent>,
        stopped: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        tokio::spawn(uploading::run(
            Uploader::new(self.shared.clone()),
            Arc::clone(&self.orders),
            events.clone(),
            (stopped.clone(), self.record_period() / 2),
        ))
    }

    fn record_period(&self) -> Duration {
        Duration::from_secs(u64::from(self.schedule.record_seconds.clamp(1, 3_600)))
    }

    /// One task a target; the ones of the schedule before end here.
    fn follow_schedule(&mut self) {
        self.tasks = JoinSet::new();
        for target in &self.schedule.targets {
            let measurer = Arc::clone(&self.measurer);
            let profile = self.schedule.profile;
            self.tasks
                .spawn(measurer.follow(target.clone(), profile, self.results.clone()));
        }
        let known: Vec<&String> = self.schedule.targets.iter().map(|t| &t.id).collect();
        self.targets.retain(|id, _| known.contains(&id));
        self.failing.retain(|id, _| known.contains(&id));
        self.addresses.retain(|id, _| known.contains(&id));
        self.orders.revision.store(self.schedule.revision, Relaxed);
        self.orders
            .seconds
            .store(u64::from(self.schedule.upload_seconds), Relaxed);
    }

    /// A target that starts or stops failing is told at once.
    fn take(&mut self, SlotResult { target, measured }: &SlotResult) {
        self.filling.sample(target, measured, &self.seen);
        self.captive.look(&target.id, measured);
        let state = TargetStatus {
            id: target.id.clone(),
            outcome: measured.outcome,
            sent: measured.sent,
            received: measured.received,
            rtt_us_median: measured.times.map(|t| t.median),
        };
        self.targets.insert(target.id.clone(), state);
        if let Some(address) = measured.address {
            self.addresses.insert(target.id.clone(), address);
        }
        let Some(now) = failing(target, measured) else {
            return;
        };
        let before = self.failing.insert(target.id.clone(), now).unwrap_or(false);
        self.look_for_hurry();
        if before != now {
            let id = &target.id;
            tracing::info!(target = id, failing = now, "target {id} changed its state");
            self.record();
            self.orders.wake.notify_one();
        }
    }

    /// Returns whether the schedule changed.
    fn take_upload(&mut self, event: UploadEvent) -> bool {
        self.last_receipt_unix_ms = event
            .uploaded
            .last_receipt_unix_ms
            .or(self.last_receipt_unix_ms);
        self.upload_error = event.error;
        let Some(schedule) = event.uploaded.schedule else {
            return false;
        };
        tracing::info!(revision = schedule.revision, "new schedule");
        if let Err(error) = store_schedule(&self.data, &schedule) {
            tracing::error!(%error, "schedule not kept");
        }
        self.record(); // what was measured under the schedule before
        self.schedule = schedule;
        self.last_tick = self.shared.clock.monotonic(); // the ticks begin anew
        self.follow_schedule();
        true
    }

    fn watch_lag(&mut self) {
        let now = self.shared.clock.monotonic();
        let late = now.saturating_sub(self.last_tick + self.record_period());
        if late >= LAG_MIN && self.records > 1 {
            let milliseconds = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
            self.filling
                .fact(self.shared.clock.boottime_ms(), Fact::Lag { milliseconds });
        }
        self.last_tick = now;
    }

    fn write_status(&self) {
        if let Err(error) = self.status().write(&self.data) {
            tracing::warn!(%error, "status not written");
        }
    }

    /// Writes an entry, durable when this returns, and the marks beside it.
    fn record(&mut self) {
        let now = self.shared.clock.boottime_ms();
        self.seen = self.lines.look();
        for seen in &self.seen {
            self.filling.line_state(now, seen);
        }
        for fact in self.clocks.look(self.shared.clock.as_ref()) {
            self.filling.fact(now, fact);
        }
        let (attempts, answered) = self.shared.attempts.take();
        if attempts > 0 {
            self.filling
                .fact(now, Fact::Collector { attempts, answered });
        }
        if let Some(power) = self.roots.power() {
            self.filling.fact(now, power);
        }
        self.count_volume();
        if self.records.is_multiple_of(SLOW_FACTS_EVERY) {
            self.slow_facts(now);
        }
        self.append(now);
        self.records += 1;
        self.volume.boot = self.shared.boot;
        self.volume.written_boottime_ms = now;
        if let Err(error) = self.mark.running(&self.volume) {
            tracing::warn!(%error, "mark not written");
        }
        self.write_status();
        self.notify(sd_notify::NotifyState::Watchdog);
    }

    fn append(&mut self, now: u64) {
        let exchanges = lock(&self.shared.time).take_unrecorded();
        let wall = self.shared.clock.unix_ms();
        let draft = self.filling.take(
            (self.shared.boot, self.schedule.profile),
            (now, wall),
            exchanges,
        );
        if let Err(error) = lock(&self.shared.spool).append(&draft) {
            tracing::error!(%error, "entry not recorded");
        }
    }

    fn slow_facts(&mut self, now: u64) {
        let stats = lock(&self.shared.spool).stats();
        let facts = [
            Fact::Spool {
                entries: stats.entries,
                bytes: stats.bytes,
                minutes_thinned: stats.minutes_thinned,
                entries_lost: stats.entries_lost,
                batches_refused: stats.batches_refused,
            },
            Fact::Volume {
                sent_bytes: self.volume.sent_bytes,
                received_bytes: self.volume.received_bytes,
            },
        ];
        for fact in facts {
            self.filling.fact(now, fact);
        }
    }

    /// The month by the corrected time; by the wall clock while that is not known.
    fn count_volume(&mut self) {
        let (sent, received) = self.shared.volume.take();
        let now = self
            .measurer
            .unix_ms()
            .unwrap_or_else(|| self.shared.clock.unix_ms());
        let month = jiff::Timestamp::from_millisecond(now)
            .map(|t| t.strftime("%Y-%m").to_string())
            .unwrap_or_default();
        if month != self.volume.month {
            self.volume = Previous {
                month,
                sent_bytes: 0,
                received_bytes: 0,
                ..self.volume.clone()
            };
        }
        self.volume.sent_bytes += sent;
        self.volume.received_bytes += received;
        let used = self.volume.sent_bytes + self.volume.received_bytes;
        let limits = [
            self.config.monthly_volume_bytes_max,
            self.schedule.monthly_volume_bytes_max,
        ];
        let max = limits.into_iter().flatten().min().unwrap_or(u64::MAX);
        self.measurer
            .budget_left
            .store(max.saturating_sub(used), Relaxed);
        self.measurer.over_budget.store(used >= max, Relaxed);
    }

    /// The mark first: if the machine goes down while we finish, the stop was still a clean one.
    fn stop(&mut self) {
        self.notify(sd_notify::NotifyState::Stopping);
        self.tasks.abort_all();
        if let Err(error) = self.mark.stopping() {
            tracing::warn!(%error, "clean-stop mark not written");
        }
        while let Ok(SlotResult { target, measured }) = self.incoming.try_recv() {
            self.filling.sample(&target, &measured, &self.seen);
        }
        self.filling.fact(
            self.shared.clock.boottime_ms(),
            Fact::Stopping { machine: None },
        );
        self.record();
    }
}
