//! The demonstration's agent: a real one, enrolled with a code over the real listener, in a task of
//! this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use desserte_probe::agent::{AgentOptions, run};
use desserte_probe::clock::SystemClock;
use desserte_probe::config::Config;
use desserte_probe::identity::{Identity, enrol};
use desserte_probe::kinds::icmp::Icmp;
use desserte_probe::kinds::reach::Reach;
use desserte_probe::volume::Volume;
use desserte_probe::wire::schedule::Measure;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::DemoError;
use crate::registry::{Decision, Registry, SiteTarget, TargetDefinition};
use crate::serve;

/// Folder of the agent inside the demonstration's.
const FOLDER: &str = "agent";
/// The site at which the agent is said to be: the first town hall of the list.
const SITE_KIND: &str = "town_hall";
/// Author of what the demonstration enters.
const AUTHOR: &str = "demonstration";
/// Slots of the demonstration, seconds: short, so that a page shows something within a minute.
const SLOT_SECONDS: u32 = 10;
/// Identifier of the invented agreement.
const AGREEMENT: &str = "demo-portail";
const PORTAL: &str = "demo-portail";
const LOOPBACK: &str = "demo-boucle";
const GATEWAY: &str = "demo-passerelle";
const RESOLVER: &str = "demo-resolveur";

/// An agent that runs.
#[derive(Debug)]
pub(super) struct Running(JoinHandle<Result<(), String>>);

impl Running {
    /// Waits until the agent has stopped.
    pub(super) async fn ended(self) -> Result<(), DemoError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DemoError::Agent(error)),
            Err(error) => Err(DemoError::Agent(error.to_string())),
        }
    }
}

/// The site at which the agent measures.
pub(super) fn site(registry: &Registry) -> Result<String, DemoError> {
    registry
        .sites()?
        .into_iter()
        .find(|site| site.current.kind == SITE_KIND)
        .map(|site| site.id)
        .ok_or_else(|| DemoError::Shipped(format!("no site of kind {SITE_KIND}")))
}

/// Enters what the agent measures: the demonstration's page, and this machine's own loopback where
/// it may be pinged.
pub(super) fn enter_targets(
    registry: &Registry,
    page: SocketAddr,
    measure_this_machine: bool,
    now_unix_ms: i64,
) -> Result<(), DemoError> {
    let decision = Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms,
        reason: "demonstration",
    };
    let page = Measure::Http {
        url: format!("http://{page}/"),
        status_from: 200,
        status_to: 299,
        timeout_ms: 3_000,
        body_bytes_max: 4_096,
    };
    let mut targets = vec![target(PORTAL, "Portail de démonstration", page)];
    // Without a socket for pings (a sysctl, a capability) the page alone is measured.
    if Icmp::start(Arc::new(SystemClock), Arc::new(Volume::default())).is_ok() {
        targets.push(target(LOOPBACK, "Boucle locale", ping("127.0.0.1")));
        if measure_this_machine {
            let gateway = gateway().map(|host| target(GATEWAY, "Passerelle", ping(&host)));
            let resolver = resolver().map(|host| target(RESOLVER, "Résolveur", ping(&host)));
            targets.extend(gateway.into_iter().chain(resolver));
        }
    }
    for one in &targets {
        registry.put_target(one, decision)?;
    }
    let judged = judged(&targets);
    let measured: Vec<SiteTarget> = targets
        .into_iter()
        .map(|one| SiteTarget {
            target: one.id,
            slot_seconds: SLOT_SECONDS,
        })
        .collect();
    let site = site(registry)?;
    registry.set_site_targets(&site, &measured, decision)?;
    enter_agreement(registry, &site, &judged, decision)
}

/// What the agreement judges: this machine's line where it is measured, else the portal. The portal
/// is on loopback and answers whatever the line does.
fn judged(targets: &[TargetDefinition]) -> Vec<String> {
    let line: Vec<String> = targets
        .iter()
        .filter(|one| [GATEWAY, RESOLVER].contains(&one.id.as_str()))
        .map(|one| one.id.clone())
        .collect();
    if line.is_empty() {
        vec![PORTAL.to_owned()]
    } else {
        line
    }
}

/// Enters the agreement; a start that measures something else than the last one enters the next
/// version, so that nothing is measured which this start was not asked to.
fn enter_agreement(
    registry: &Registry,
    site: &str,
    judged: &[String],
    decision: Decision<'_>,
) -> Result<(), DemoError> {
    let version = match registry.agreement(AGREEMENT, None)? {
        None => 1,
        Some(before) if before.agreement.test.targets == judged => return Ok(()),
        Some(before) => before.agreement.version + 1,
    };
    registry.put_agreement(&agreement(site, judged, version), decision)?;
    Ok(())
}

/// An invented agreement, so that the figures of a month are there to be read.
fn agreement(site: &str, judged: &[String], version: u32) -> String {
    format!(
        "id = \"{AGREEMENT}\"\nversion = {version}\ntitle = \"Engagement inventé de démonstration\"\n\
         valid_from = \"2026-01-01\"\ntime_zone = \"Africa/Brazzaville\"\nsites = [\"{site}\"]\n\
         [parties]\ncustomer = \"Ministère (inventé)\"\ncontractor = \"Opérateur fictif A\"\n\
         [test]\ntargets = {judged:?}\npackets_per_slot = 5\nminimum_sent = 3\n\
         slot_seconds = {SLOT_SECONDS}\n[machine]\nn_enter = 3\nn_exit = 3\n\
         [objective]\navailability_percent = \"99.5\"\nminimum_measured_share = \"0.9\"\n"
    )
}

fn target(id: &str, name: &str, measure: Measure) -> TargetDefinition {
    TargetDefinition {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        measure,
        anchor: None,
    }
}

fn ping(host: &str) -> Measure {
    Measure::Icmp {
        host: host.to_owned(),
        packets: 5,
        payload_bytes: 16,
        timeout_ms: 1_000,
    }
}

/// The default gateway, from the kernel's routes (`/proc/net/route`: hexadecimal in the machine's
/// byte order).
fn gateway() -> Option<String> {
    let routes = std::fs::read_to_string("/proc/net/route").ok()?;
    routes.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace();
        let destination = columns.nth(1)?;
        let gateway = u32::from_str_radix(columns.next()?, 16).ok()?;
        let [a, b, c, d] = gateway.to_ne_bytes();
        (destination == "00000000" && gateway != 0).then(|| format!("{a}.{b}.{c}.{d}"))
    })
}

/// The first resolver of this machine.
fn resolver() -> Option<String> {
    let text = std::fs::read_to_string("/etc/resolv.conf").ok()?;
    text.lines().find_map(|line| {
        let address = line.strip_prefix("nameserver")?.trim();
        let address: std::net::IpAddr = address.parse().ok()?;
        Some(address.to_string())
    })
}

/// Enrols the agent where it is not enrolled with this collector's address yet, and runs it.
pub(super) async fn start(
    data: &Path,
    collector: &serve::Running,
    stop: watch::Receiver<bool>,
) -> Result<Running, DemoError> {
    let folder = folder(data, &collector.agents_url);
    if Identity::load(&folder).is_err() {
        let site = site(collector.collector.registry())?;
        let code = collector.collector.new_code(&site, AUTHOR)?.code.to_text();
        enrol(&folder, &collector.agents_url, &code)
            .await
            .map_err(|error| DemoError::Agent(error.to_string()))?;
    }
    let config = Config {
        local_networks: Reach::with_loopback(),
        ..Config::default()
    };
    let options = AgentOptions::new(&folder, config);
    Ok(Running(tokio::spawn(async move {
        run(options, stop).await.map_err(|error| error.to_string())
    })))
}

/// An agent keeps its collector's address: when the port had to change, another agent takes over.
fn folder(data: &Path, agents_url: &str) -> PathBuf {
    let port = agents_url.rsplit_once(':').map_or("", |(_, port)| port);
    data.join(format!("{FOLDER}-{port}"))
}
