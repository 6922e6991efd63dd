//! The binary at work: enrolled, killed, restarted, told to stop.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use desserte_probe::{
    agent::{AgentOptions, run},
    config::Config,
    kinds::reach::Reach,
    report::{Content, Fact, Neighbour, Outcome},
    wire::schedule::{Measure, Schedule, Target},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
};

use crate::{
    cli::BINARY,
    icmp::{DATAGRAM, inside_namespace},
    stub::{Seen, Stub},
    upload::schedule,
};

async fn web_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1_024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(b"HTTP/1.1 204 None\r\n\r\n").await;
        }
    });
    url
}

/// The configuration of an agent whose targets are this machine.
pub(crate) fn near() -> Config {
    Config {
        local_networks: Reach::with_loopback(),
        ..Config::default()
    }
}

fn measuring(url: String) -> Schedule {
    let measure = Measure::Http {
        url,
        status_from: 200,
        status_to: 299,
        timeout_ms: 500,
        body_bytes_max: 1_000,
    };
    let target = Target {
        id: "portal".into(),
        slot_seconds: 1,
        measure,
    };
    Schedule {
        targets: vec![target],
        ..schedule()
    }
}

fn start(data: &Path) -> Child {
    Command::new(BINARY)
        .args(["run", "--data", data.to_str().unwrap()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) async fn until(stub: &Stub, what: &str, reached: impl Fn(&Seen) -> bool) {
    for _ in 0..300 {
        if reached(&stub.seen.lock().unwrap()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never reached: {what}");
}

fn starts(seen: &Seen) -> Vec<Option<bool>> {
    let facts = seen
        .entries
        .values()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(&minute.evidence),
            Content::Summary(_) => None,
        });
    facts
        .flatten()
        .filter_map(|e| match e.fact {
            Fact::Started { clean_stop, .. } => Some(clean_stop),
            _ => None,
        })
        .collect()
}

fn good_samples(seen: &Seen) -> usize {
    let samples = seen
        .entries
        .values()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(&minute.samples),
            Content::Summary(_) => None,
        });
    samples
        .flatten()
        .filter(|s| s.outcome == Outcome::Ok && s.received == 1)
        .count()
}

fn enrol_and_measure_once(stub: &Stub, data: &Path) {
    let enrol = Command::new(BINARY)
        .args([
            "enrol",
            "--collector",
            &stub.url,
            "--code",
            &stub.code,
            "--data",
        ])
        .arg(data)
        .output()
        .unwrap();
    assert!(
        enrol.status.success(),
        "{}",
        String::from_utf8_lossy(&enrol.stderr)
    );
    let answer: serde_json::Value = serde_json::from_slice(&enrol.stdout).unwrap();
    assert_eq!(answer["site"], "s1");
    let near = "local_networks = [\"127.0.0.0/8\"]\n";
    std::fs::write(data.join("agent.toml"), near).unwrap();

    let once = Command::new(BINARY)
        .args(["once", "--format", "json", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let rows: serde_json::Value = serde_json::from_slice(&once.stdout).unwrap();
    assert_eq!(
        (&rows[0]["target"], &rows[0]["outcome"]),
        (&"portal".into(), &"ok".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_recorded_and_a_stop_is_told_from_it() {
    let stub = Stub::start(measuring(web_server().await)).await;
    let data = tempfile::tempdir().unwrap();
    enrol_and_measure_once(&stub, data.path());

    let mut child = start(data.path());
    until(&stub, "samples of the first process", |seen| {
        good_samples(seen) >= 3
    })
    .await;
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let before = stub.seen.lock().unwrap().entries.len();

    let mut child = start(data.path());
    until(&stub, "entries of the second process", |seen| {
        seen.entries.len() > before + 3
    })
    .await;
    let status = Command::new(BINARY)
        .args(["status", "--language", "en", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    let text = String::from_utf8(status.stdout).unwrap();
    assert!(
        text.contains("running") && text.contains("Mairie de Ouesso"),
        "{text}"
    );
    assert!(
        text.contains("portal") && text.contains("answers, 1/1"),
        "{text}"
    );
    let second = Command::new(BINARY)
        .args(["run", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process runs this agent"));

    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let mut child = start(data.path());
    until(&stub, "the third start", |seen| starts(seen).len() == 3).await;
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());

    let seen = stub.seen.lock().unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
    assert_eq!(starts(&seen), [None, Some(false), Some(true)]);
    let sequences: Vec<u64> = seen.entries.keys().map(|(_, sequence)| *sequence).collect();
    let all: Vec<u64> = (1..=sequences.len() as u64).collect();
    assert_eq!(sequences, all, "no gap, nothing twice");
}

/// The collector's demonstration runs agents in its own process.
#[tokio::test]
async fn an_agent_runs_inside_another_program_and_follows_a_new_schedule() {
    let stub = Stub::start(measuring(web_server().await)).await;
    let data = tempfile::tempdir().unwrap();
    desserte_probe::identity::enrol(data.path(), &stub.url, &stub.code)
        .await
        .unwrap();
    let (stop, stopped) = watch::channel(false);
    let options = AgentOptions::new(data.path(), near());
    let agent = tokio::spawn(run(options, stopped));
    until(&stub, "a sample", |seen| good_samples(seen) >= 1).await;
    {
        // A closed port: the only target starts failing.
        let mut schedule = stub.schedule.lock().unwrap();
        *schedule = Schedule {
            revision: 2,
            ..measuring("http://127.0.0.1:1/".into())
        };
    }
    until(&stub, "a failing sample", |seen| {
        seen.reports
            .iter()
            .flat_map(|r| &r.entries)
            .any(|entry| match &entry.content {
                Content::Minute(minute) => minute
                    .samples
                    .iter()
                    .any(|s| s.outcome == Outcome::Refused && s.received == 0),
                Content::Summary(_) => false,
            })
    })
    .await;
    until(&stub, "heartbeats", |seen| seen.beats.len() >= 2).await;
    stop.send(true).unwrap();
    agent.await.unwrap().unwrap();
    let seen = stub.seen.lock().unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
    assert!(seen.beats.is_sorted_by(|a, b| a < b), "{:?}", seen.beats);
    let last = seen.entries.values().next_back().unwrap();
    assert!(
        matches!(&last.content, Content::Minute(m)
            if m.evidence.iter().any(|e| matches!(e.fact, Fact::Stopping { .. }))),
        "the stop was uploaded: {last:?}"
    );
}

/// The small foreign agent of `tests/it/python_agent.py`, written from the protocol's page.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_agent_written_from_the_page_is_understood() {
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let found = Command::new(python)
            .args(["-c", "import cryptography"])
            .output();
        found.is_ok_and(|output| output.status.success())
    });
    let Some(python) = python else {
        println!("skipped: Python 3 with the package cryptography is not installed");
        return;
    };
    let stub = Stub::start(schedule()).await;
    let data = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/python_agent.py");
    let output = Command::new(python)
        .arg(script)
        .args([
            "--collector",
            &stub.url,
            "--code",
            &stub.code,
            "--batches",
            "3",
            "--resend",
        ])
        .arg("--state")
        .arg(data.path().join("state.json"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 6);
    let seen = stub.seen.lock().unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
    assert_eq!((seen.entries.len(), seen.posts), (3, 6));
}

/// A gateway in a namespace beside ours, which dies with the test. `/sys` still shows the interfaces of
/// the namespace it was mounted in, hence no carrier here.
pub(crate) const GATEWAY: &str = "unshare -n sleep 60 > /dev/null 2>&1 & peer=$!
sleep 0.3
ip link add dev veth0 type veth peer name veth1
ip link set veth1 netns $peer
nsenter -t $peer -n ip addr add 192.0.2.2/24 dev veth1
nsenter -t $peer -n ip link set veth1 up
ip addr add 192.0.2.1/24 dev veth0
ip link set veth0 up
ip route add default via 192.0.2.2";

pub(crate) fn facts(seen: &Seen, wanted: impl Fn(&Fact) -> bool) -> usize {
    let minutes = seen
        .entries
        .values()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(minute),
            Content::Summary(_) => None,
        });
    minutes
        .flat_map(|m| &m.evidence)
        .filter(|e| wanted(&e.fact))
        .count()
}

#[test]
fn the_gateway_is_probed_when_asked_for_and_named_by_its_hash() {
    let setup = format!("{DATAGRAM}\n{GATEWAY}");
    let name = "run::the_gateway_is_probed_when_asked_for_and_named_by_its_hash";
    if !inside_namespace(name, &setup) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stub = Stub::start(Schedule {
            active_line_probes: true,
            ..schedule()
        })
        .await;
        let data = tempfile::tempdir().unwrap();
        desserte_probe::identity::enrol(data.path(), &stub.url, &stub.code)
            .await
            .unwrap();
        let (_stop, stopped) = watch::channel(false);
        let agent = tokio::spawn(run(AgentOptions::new(data.path(), near()), stopped));
        until(&stub, "a gateway that answers", |seen| {
            facts(seen, |fact| {
                matches!(
                    fact,
                    Fact::Gateway {
                        sent: 2,
                        received: 2,
                        ..
                    }
                )
            }) > 0
                && facts(seen, |fact| {
                    matches!(
                        fact,
                        Fact::Line {
                            route: Some(true),
                            gateway: Neighbour::Reachable,
                            ..
                        }
                    )
                }) > 0
        })
        .await;
        agent.abort();
        let seen = stub.seen.lock().unwrap();
        let line = &seen.reports.last().unwrap().lines[0];
        assert_eq!(line.interface, "veth0");
        assert_eq!(line.gateway.as_ref().map(String::len), Some(32));
        let text = serde_json::to_string(&seen.reports).unwrap();
        assert!(!text.contains("192.0.2."), "no address leaves the machine");
    });
}
