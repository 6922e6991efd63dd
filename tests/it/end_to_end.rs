//! Real agents, a real collector, real faults: the collector is killed in the middle of uploads, the
//! link is cut for a while, and in the end every measurement is there exactly once.
//!
//! The oracle is the target itself: it counts the requests that it was asked. Each is one
//! measurement with one request sent, so the history must hold as many, and never two in a slot.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

use crate::processes::{Agent, Collector, Relay, Target, desserte, get};

/// Kills of the collector: three, or many with `DESSERTE_REPEAT=long`.
fn kills() -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one parameter of the long tests"
    )]
    let long = std::env::var("DESSERTE_REPEAT").is_ok_and(|value| value == "long");
    if long { 40 } else { 3 }
}

const SLOT_SECONDS: u32 = 2;
/// Batches of the agent in Python, one sample of three packets each.
const PYTHON_BATCHES: usize = 12;

fn sites_csv(sites: &[&str]) -> String {
    let rows = sites.iter().enumerate().map(|(number, site)| {
        format!("{site},École {number},school,-4.2{number},15.2{number},B,B,,true\n")
    });
    let header = "id,name,kind,latitude,longitude,place,region,operator,invented\n".to_owned();
    std::iter::once(header).chain(rows).collect()
}

fn agreement(site: &str, url: &str) -> String {
    format!(
        r#"id = "agreement-{site}"
version = 1
title = "Essai de {site}"
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = ["{site}"]

[parties]
customer = "Essai"
contractor = "Essai"

[test]
targets = ["target-{site}"]
packets_per_slot = 1
minimum_sent = 1
slot_seconds = {SLOT_SECONDS}

[objective]
availability_percent = "99.5"

[[target]]
id = "target-{site}"
name = "Cible de {site}"

[target.measure.http]
url = "{url}"
status_from = 200
status_to = 299
timeout_ms = 1000
body_bytes_max = 4096
"#
    )
}

struct Bench {
    folder: tempfile::TempDir,
    target: Target,
    data: PathBuf,
}

impl Bench {
    /// A data folder with three sites, two of them with an agreement whose target counts.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("collector");
        let target = Target::start();
        let csv = folder.path().join("sites.csv");
        fs::write(&csv, sites_csv(&["site-a", "site-b", "site-p"])).unwrap();
        desserte(&[
            "import",
            "sites",
            text(&csv),
            "--data",
            text(&data),
            "--apply",
        ]);
        for site in ["site-a", "site-b"] {
            let file = folder.path().join(format!("{site}.toml"));
            fs::write(&file, agreement(site, &target.url(site))).unwrap();
            desserte(&["agreements", "add", text(&file), "--data", text(&data)]);
        }
        Self {
            folder,
            target,
            data,
        }
    }

    fn code(&self, site: &str) -> String {
        let data = text(&self.data);
        let answer = desserte(&[
            "agents", "code", "--site", site, "--data", data, "--format", "json",
        ]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    fn enrol(&self, site: &str, relay: &Relay) -> Agent {
        Agent::enrol(
            &self.folder.path().join(site),
            &relay.url(),
            &self.code(site),
        )
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Requests in the collector's history of a target, and the most in one slot.
fn history(collector: &Collector, site: &str, target: &str, step: u32) -> (u64, u64) {
    let now = jiff::Timestamp::from_millisecond(unix_ms()).unwrap();
    let from = now - jiff::SignedDuration::from_mins(20);
    let to = now + jiff::SignedDuration::from_secs(10);
    let path =
        format!("/api/v1/sites/{site}/history?target={target}&from={from}&to={to}&step={step}");
    let answer = get(&collector.web, &path);
    let sent = answer["sent"]
        .as_array()
        .unwrap_or_else(|| panic!("{path}: {answer}"));
    let sent = sent.iter().filter_map(Value::as_u64);
    sent.fold((0, 0), |(sum, most), one| (sum + one, most.max(one)))
}

fn unix_ms() -> i64 {
    use desserte_probe::clock::{Clock as _, SystemClock};
    SystemClock.unix_ms()
}

/// The small agent that was written from docs/agent-protocol.md alone: a batch a run, each sent
/// twice, and again after every failure, until all batches have their receipts.
fn python_agent(folder: &Path, collector: &str, code: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/python_agent.py");
    let (mut printed, mut failures) = (String::new(), 0);
    while names(&printed).len() < PYTHON_BATCHES {
        let output = Command::new("/usr/bin/python3")
            .arg(&script)
            .args(["--collector", collector, "--code", code, "--resend"])
            .args([
                "--state",
                text(&folder.join("python.json")),
                "--batches",
                "1",
            ])
            .output()
            .expect("python3 with python3-cryptography (tests/setup.sh network)");
        printed += &String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        failures += u32::from(!output.status.success());
        // Kills and cuts make it fail now and then; a defect makes it fail always.
        assert!(failures < 200, "the agent in Python fails:\n{errors}");
        sleep(Duration::from_millis(400));
    }
    printed
}

/// Names of the batches with a receipt.
fn names(printed: &str) -> std::collections::BTreeSet<String> {
    let receipts = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    receipts
        .map(|receipt| receipt["batch_hash"].to_string())
        .collect()
}

#[test]
fn kills_and_cuts_lose_nothing_and_double_nothing() {
    let bench = Bench::new();
    let mut collector = Collector::start(&bench.data);
    let relay = Relay::start(&collector.agents);
    let mut agents = [bench.enrol("site-a", &relay), bench.enrol("site-b", &relay)];
    for agent in &mut agents {
        agent.run();
    }
    let (folder, url, code) = (
        bench.folder.path().to_owned(),
        relay.url(),
        bench.code("site-p"),
    );
    let python = std::thread::spawn(move || python_agent(&folder, &url, &code));

    for round in 0..kills() {
        sleep(Duration::from_millis(2_500 + u64::from(round % 5) * 370));
        if round % 3 == 1 {
            relay.cut();
            sleep(Duration::from_secs(5));
            relay.restore();
            sleep(Duration::from_millis(300));
        }
        collector.kill();
        sleep(Duration::from_millis(700));
        collector = Collector::start(&bench.data);
        relay.lead_to(&collector.agents);
    }
    sleep(Duration::from_secs(4));

    for agent in &mut agents {
        agent.stop_with_an_empty_spool();
    }
    let printed = python.join().unwrap();
    assert_eq!(names(&printed).len(), PYTHON_BATCHES, "{printed}");

    sleep(Duration::from_secs(1));
    for (site, agent) in ["site-a", "site-b"].into_iter().zip(&agents) {
        let asked = bench.target.asked(site);
        let (kept, most) = history(&collector, site, &format!("target-{site}"), SLOT_SECONDS);
        assert!(asked > 5, "{site}: only {asked} measurements were made");
        assert_eq!(most, 1, "{site}: a slot was counted twice");
        let under_way = asked - agent.stops;
        assert!(
            (under_way..=asked).contains(&kept),
            "{site}: {asked} made, {kept} kept"
        );
    }
    let (kept, _) = history(&collector, "site-p", "example", 60);
    let batches = u64::try_from(PYTHON_BATCHES).unwrap();
    assert_eq!(
        kept,
        3 * batches,
        "three packets in each batch of the agent in Python"
    );
    collector.stop();
}
