//! The agent: measures, records, uploads, and tells how it fares.
//!
//! One loop owns the minute being filled and the marks on disk. Targets are measured by a task each,
//! uploads by one more; they meet in channels. Nothing that fails stops the loop: what cannot be
//! written is counted, what cannot be sent waits.

mod heartbeat;
mod line_probes;
mod measure;
mod minute;
mod pace;
mod recorder;
mod uploading;

use std::{
    fs::File,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::watch;

use self::{measure::Measurer, recorder::Recorder};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    evidence::{BootIdError, Roots},
    files::{FileError, at},
    identity::{Identity, IdentityError},
    kinds::{Measured, http, icmp, names::Names},
    schedule::Place,
    spool::{Limits, Spool, SpoolError},
    upload::{Attempts, KnownTime, Shared},
    volume::Volume,
    wire::schedule::{Measure, Schedule, Target},
};

/// What an agent is made of; tests and demonstrations give parts of their own.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// Data folder, with an identity in it.
    pub data: PathBuf,
    /// Configuration.
    pub config: Config,
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Where the machine is looked at.
    pub roots: Roots,
    /// Where names are asked for.
    pub names: Names,
    /// Whether this is the whole process: then systemd is told about it.
    pub notify_systemd: bool,
}

impl AgentOptions {
    /// An agent of this machine.
    #[must_use]
    pub fn new(data: &Path, config: Config) -> Self {
        Self {
            data: data.to_owned(),
            names: Names {
                reach: config.local_networks.clone(),
                ..Names::default()
            },
            config,
            clock: Arc::new(SystemClock),
            roots: Roots::default(),
            notify_systemd: false,
        }
    }
}

/// Why an agent could not start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No usable identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// No usable spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The boot could not be identified.
    #[error(transparent)]
    Boot(#[from] BootIdError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// No ICMP socket, and a target needs one.
    #[error(transparent)]
    Icmp(#[from] icmp::IcmpError),
    /// Another process runs this agent.
    #[error("{}: another process runs this agent", .0.display())]
    Locked(PathBuf),
}

/// Keeps a second process away from a data folder.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

fn lock_data(data: &Path) -> Result<Lock, AgentError> {
    let path = data.join("lock");
    let file = File::create(&path).map_err(at("create", &path))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| AgentError::Locked(data.to_owned()))?;
    Ok(Lock(file))
}

/// Whether a process runs the agent of this folder.
#[must_use]
pub fn is_running(data: &Path) -> bool {
    matches!(File::open(data.join("lock")), Ok(file)
        if flock(&file, FlockOperation::NonBlockingLockShared).is_err())
}

/// Runs an agent until `shutdown` becomes true (or its sender is gone): clean-stop mark, last entry,
/// one quick upload.
pub async fn run(options: AgentOptions, shutdown: watch::Receiver<bool>) -> Result<(), AgentError> {
    let identity = Arc::new(Identity::load(&options.data)?);
    let lock = lock_data(&options.data)?;
    let schedule = identity.schedule(&options.data)?;
    let limits = Limits {
        cap_bytes: options.config.spool_bytes_max,
        ..Limits::default()
    };
    let shared = Shared {
        boot: options.roots.boot_id()?,
        clock: Arc::clone(&options.clock),
        spool: Arc::new(Mutex::new(Spool::open(&options.data, limits)?)),
        volume: Arc::new(Volume::default()),
        attempts: Arc::new(Attempts::default()),
        time: Arc::new(Mutex::new(KnownTime::default())),
        identity,
    };
    let measurer = Arc::new(measurer(&options, &shared, &schedule)?);
    let recorder = Recorder::start(&options, shared, measurer, schedule)?;
    recorder.run(shutdown).await;
    drop(lock);
    Ok(())
}

fn measurer(
    options: &AgentOptions,
    shared: &Shared,
    schedule: &Schedule,
) -> Result<Measurer, AgentError> {
    let clock = Arc::clone(&shared.clock);
    let opened = icmp::Icmp::start(Arc::clone(&clock), Arc::clone(&shared.volume));
    let needed = schedule.active_line_probes
        || schedule
            .targets
            .iter()
            .any(|t| matches!(t.measure, Measure::Icmp { .. }));
    let icmp = match opened {
        Ok(icmp) => {
            tracing::info!(socket = ?icmp.socket, "ICMP socket");
            Some(icmp)
        }
        Err(error) if needed => return Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "no ICMP; no target needs it now");
            None
        }
    };
    let bench = bench(options, &shared.identity, &shared.volume);
    let parts = (bench, options.roots.clone());
    Ok(Measurer::new(&shared.identity, &shared.time, icmp, parts))
}

fn bench(options: &AgentOptions, identity: &Identity, volume: &Arc<Volume>) -> http::Bench {
    let mut names = options.names.clone();
    let collector = identity.collector.host.parse::<IpAddr>();
    if collector.is_ok_and(|address| address.is_loopback()) {
        names.reach = names.reach.with_own_machine();
    }
    http::Bench {
        clock: Arc::clone(&options.clock),
        names,
        roots: http::system_roots(),
        volume: Arc::clone(volume),
    }
}

/// Measures each target of the schedule once, at once. Nothing is recorded or sent.
pub async fn once(options: &AgentOptions) -> Result<Vec<(Target, Measured)>, AgentError> {
    let identity = Arc::new(Identity::load(&options.data)?);
    let schedule = identity.schedule(&options.data)?;
    let volume = Arc::new(Volume::default());
    let clock = Arc::clone(&options.clock);
    let needs_icmp = schedule
        .targets
        .iter()
        .any(|t| matches!(t.measure, Measure::Icmp { .. }));
    let icmp = if needs_icmp {
        Some(icmp::Icmp::start(Arc::clone(&clock), Arc::clone(&volume))?)
    } else {
        None
    };
    let parts = (bench(options, &identity, &volume), options.roots.clone());
    let time = Arc::new(Mutex::new(KnownTime::default()));
    let measurer = Arc::new(Measurer::new(&identity, &time, icmp, parts));
    let mut results = Vec::new();
    for target in schedule.targets {
        if !pace::is_ever_due(schedule.profile, &target) {
            continue;
        }
        let place = Place {
            gap: Duration::from_millis(200),
            ..Place::of(measurer.agent, &target)
        };
        let result = Arc::clone(&measurer).guarded(target.clone(), place).await;
        results.push((target, result));
    }
    Ok(results)
}
