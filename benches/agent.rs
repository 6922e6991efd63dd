//! What measuring costs and how true it is, beside `ping`, `fping` and `blackbox_exporter` in the same
//! run on the same machine. This program is our side: the agent's own kinds, one mode a question, each
//! in a process of its own so that its processor time can be told. `agent/run.py` is the referee: it
//! stamps the packets on the wire, runs the peers and writes the report.
//!
//! `icmp ADDRESS COUNT GAP_MS`: one round-trip time a line, microseconds, `-` when lost ·
//! `fleet TARGETS ROUNDS`: echoes of many targets at 1 Hz, sent and received ·
//! `https URL COUNT`: requests with fresh connections, received.

use std::error::Error;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use desserte_probe::clock::{Clock, SystemClock};
use desserte_probe::kinds::http::{self, Bench};
use desserte_probe::kinds::icmp::{self, Icmp};
use desserte_probe::kinds::names::Names;
use desserte_probe::kinds::reach::Reach;
use desserte_probe::volume::Volume;
use tokio::task::JoinSet;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Distance between two echoes to one target of the fleet.
const FLEET_PERIOD: Duration = Duration::from_secs(1);
/// Hosts of 127.1.0.0/16 that a fleet may have.
const FLEET_MAX: u32 = 60_000;
/// Bytes of a page that are read.
const BODY_BYTES_MAX: u32 = 65_536;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match words.as_slice() {
        ["icmp", address, count, gap_ms] => {
            let gap = Duration::from_millis(gap_ms.parse()?);
            runtime.block_on(echoes(address.parse()?, count.parse()?, gap))
        }
        ["fleet", targets, rounds] => runtime.block_on(fleet(targets.parse()?, rounds.parse()?)),
        ["https", url, count] => runtime.block_on(pages(url, count.parse()?)),
        _ => referee(&words),
    }
}

/// Hands over to the referee, with this program as our side.
fn referee(words: &[&str]) -> Outcome {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/agent/run.py");
    // Cargo adds a word of its own to a bench's arguments.
    let words = words.iter().filter(|word| **word != "--bench");
    // In a network of its own: packets of other programs are none of its business, and what the system
    // allows of ICMP sockets is its own to set.
    let ended = Command::new("unshare")
        .args(["--net", "--", "/usr/bin/python3"])
        .arg(script)
        .arg("--ours")
        .arg(std::env::current_exe()?)
        .args(words)
        .status()?;
    if ended.success() {
        Ok(())
    } else {
        Err("the referee failed".into())
    }
}

fn echo(address: IpAddr) -> icmp::Spec {
    icmp::Spec {
        address,
        packets: 1,
        payload_bytes: 16,
        timeout: TIMEOUT,
        gap: Duration::ZERO,
        hop_limit: None,
    }
}

async fn echoes(address: IpAddr, count: u32, gap: Duration) -> Outcome {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let icmp = Icmp::start(Arc::clone(&clock), Arc::new(Volume::default()))?;
    let mut ticks = tokio::time::interval(gap);
    let mut output = std::io::stdout().lock();
    for _ in 0..count {
        ticks.tick().await;
        let measured = icmp.measure(echo(address)).await;
        match measured.times {
            Some(times) => writeln!(output, "{} {}", times.median, u8::from(measured.coarse))?,
            None => writeln!(output, "- 0")?,
        }
    }
    Ok(())
}

async fn fleet(targets: u32, rounds: u32) -> Outcome {
    if targets > FLEET_MAX {
        return Err(format!("more than {FLEET_MAX} targets").into());
    }
    let icmp = Icmp::start(Arc::new(SystemClock), Arc::new(Volume::default()))?;
    let mut running = JoinSet::new();
    for number in 0..targets {
        let icmp = icmp.clone();
        running.spawn(async move {
            // Sends are spread over the period, as the agent's own are over a slot.
            tokio::time::sleep(FLEET_PERIOD * number / targets.max(1)).await;
            let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number);
            let mut ticks = tokio::time::interval(FLEET_PERIOD);
            let mut counted = (0_u64, 0_u64);
            for _ in 0..rounds {
                ticks.tick().await;
                let measured = icmp.measure(echo(address.into())).await;
                counted.0 += u64::from(measured.sent);
                counted.1 += u64::from(measured.received);
            }
            counted
        });
    }
    let mut total = (0, 0);
    while let Some(counted) = running.join_next().await {
        let counted = counted?;
        total = (total.0 + counted.0, total.1 + counted.1);
    }
    writeln!(std::io::stdout(), "{} {}", total.0, total.1)?;
    Ok(())
}

async fn pages(url: &str, count: u32) -> Outcome {
    let bench = Bench {
        clock: Arc::new(SystemClock),
        names: Names {
            reach: Reach::with_loopback(),
            ..Names::at(IpAddr::V4(Ipv4Addr::LOCALHOST))
        },
        roots: http::system_roots(),
        volume: Arc::new(Volume::default()),
    };
    let spec = http::Spec {
        url: url.to_owned(),
        statuses: (200, 299),
        timeout: TIMEOUT,
        body_bytes_max: BODY_BYTES_MAX,
    };
    let mut received = 0_u64;
    for _ in 0..count {
        let now = bench.clock.unix_ms();
        received += u64::from(bench.measure(&spec, Some(now)).await.received);
    }
    writeln!(std::io::stdout(), "{received}")?;
    Ok(())
}
