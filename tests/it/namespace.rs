//! `desserte demo --measure-this-machine` where the machine has a gateway and a resolver to measure:
//! two network namespaces of the test's own, joined by a pair of virtual interfaces. Needs root and
//! iproute2; says that it was skipped where it has not got them.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

/// The neighbour: gateway and resolver of the measured namespace.
const NEIGHBOUR: &str = "192.0.2.2";
/// What is measured with the flag only.
const LINE_TARGETS: [&str; 2] = ["demo-passerelle", "demo-resolveur"];
/// How often it is asked for what it has to show, every two seconds: slots of 10 s, three of them to
/// turn, and reports within a minute.
const ASKED_MAX: u32 = 120;

fn ip(arguments: &[&str]) -> Output {
    Command::new("ip").args(arguments).output().unwrap()
}

fn done(arguments: &[&str]) {
    let output = ip(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ip {arguments:?}: {said}");
}

/// Two namespaces and a file of resolvers; all go when it is dropped.
struct Namespaces {
    measured: String,
    neighbour: String,
    settings: PathBuf,
    made_netns_folder: bool,
}

impl Namespaces {
    /// `None` where namespaces cannot be made.
    fn new() -> Option<Self> {
        let measured = format!("dsst-{}-a", std::process::id());
        let root = Command::new("id").arg("-u").output().ok()?;
        if root.stdout != b"0\n" {
            return None;
        }
        let made = Command::new("ip")
            .args(["netns", "add", &measured])
            .output();
        if !made.ok()?.status.success() {
            return None;
        }
        let folder = Path::new("/etc/netns");
        let namespaces = Self {
            neighbour: format!("dsst-{}-b", std::process::id()),
            settings: folder.join(&measured),
            made_netns_folder: !folder.exists(),
            measured,
        };
        namespaces.join();
        Some(namespaces)
    }

    fn join(&self) {
        let (a, b) = (self.measured.as_str(), self.neighbour.as_str());
        done(&["netns", "add", b]);
        done(&[
            "-n", a, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", b,
        ]);
        done(&["-n", b, "addr", "add", "192.0.2.2/24", "dev", "veth1"]);
        done(&["-n", b, "link", "set", "veth1", "up"]);
        done(&["-n", a, "link", "set", "lo", "up"]);
        done(&["-n", a, "addr", "add", "192.0.2.1/24", "dev", "veth0"]);
        done(&["-n", a, "link", "set", "veth0", "up"]);
        done(&["-n", a, "route", "add", "default", "via", NEIGHBOUR]);
        let pings = "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range";
        done(&["netns", "exec", a, "sh", "-c", pings]);
        // `ip netns exec` mounts this over /etc/resolv.conf, for what it starts only.
        fs::create_dir_all(&self.settings).unwrap();
        let resolvers = format!("nameserver {NEIGHBOUR}\n");
        fs::write(self.settings.join("resolv.conf"), resolvers).unwrap();
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.measured]);
        let _ = ip(&["netns", "del", &self.neighbour]);
        let _ = fs::remove_dir_all(&self.settings);
        if self.made_netns_folder {
            // Only when it is empty: another test may have put something there.
            let _ = fs::remove_dir("/etc/netns");
        }
    }
}

/// The demonstration inside the measured namespace; killed when it is dropped.
struct Demo<'n> {
    child: Child,
    web: String,
    namespace: &'n str,
}

impl<'n> Demo<'n> {
    fn start(namespace: &'n str, data: &Path, more: &[&str]) -> Self {
        // `ip netns exec` becomes the program: its process is the one to end.
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace, env!("CARGO_BIN_EXE_desserte")])
            .args(["demo", "--sites", "0", "--web", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let bound: Result<Value, _> = serde_json::from_str(&line);
        let web = bound
            .ok()
            .and_then(|bound| bound["web"].as_str().map(str::to_owned));
        let demo = Self {
            child,
            web: web.unwrap_or_default(),
            namespace,
        };
        assert!(!demo.web.is_empty(), "no address in {line:?}");
        demo
    }

    /// `GET` from inside the namespace: its loopback is not ours.
    fn get(&self, path: &str) -> Value {
        let host = self.web.trim_start_matches("http://");
        let (address, port) = host.rsplit_once(':').unwrap();
        let script = format!(
            "exec 3<>/dev/tcp/{address}/{port}; \
             printf 'GET {path} HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n' >&3; cat <&3"
        );
        let asked = ip(&["netns", "exec", self.namespace, "bash", "-c", &script]);
        let answer = String::from_utf8_lossy(&asked.stdout).into_owned();
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{path}: {answer:?} {asked:?}"));
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"))
    }

    /// The site at which the demonstration's agent measures.
    fn site(&self) -> Value {
        let agents = self.get("/api/v1/agents");
        let id = agents["items"][0]["site"].as_str().unwrap().to_owned();
        self.get(&format!("/api/v1/sites/{id}"))
    }

    /// Asks until the answer is as it should be.
    fn until(&self, what: &str, mut seen: impl FnMut(&Self) -> Result<(), String>) {
        let mut last = String::new();
        for _ in 0..ASKED_MAX {
            match seen(self) {
                Ok(()) => return,
                Err(otherwise) => last = otherwise,
            }
            sleep(Duration::from_secs(2));
        }
        panic!("no {what}: {last}");
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(told.unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "desserte demo ended with {status}");
    }
}

impl Drop for Demo<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn targets(site: &Value) -> Vec<&str> {
    let targets = site["targets"].as_array().unwrap();
    targets
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect()
}

/// The newest sample of a target.
fn latest<'s>(site: &'s Value, target: &str) -> &'s Value {
    site["latest"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["target"] == target)
        .unwrap_or(&Value::Null)
}

fn seen(so: bool, otherwise: &Value) -> Result<(), String> {
    if so {
        Ok(())
    } else {
        Err(otherwise.to_string())
    }
}

#[test]
fn the_demonstration_measures_this_machine_only_when_asked_and_sees_its_line_fail() {
    let Some(namespaces) = Namespaces::new() else {
        println!("skipped: network namespaces need root and iproute2");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(&namespaces.measured, data.path(), &[]);
    let site = demo.site();
    assert!(targets(&site).contains(&"demo-portail"), "{site}");
    assert!(!targets(&site).iter().any(|id| LINE_TARGETS.contains(id)));
    demo.stop();

    let asked = ["--measure-this-machine"];
    let demo = Demo::start(&namespaces.measured, data.path(), &asked);
    demo.until("gateway and resolver that answer", |demo| {
        let site = demo.site();
        let answers = |target| {
            let sample = latest(&site, target);
            sample["outcome"] == "ok" && sample["received"].as_u64() > Some(0)
        };
        seen(
            LINE_TARGETS.into_iter().all(answers) && site["state"] == "up",
            &site,
        )
    });
    let site = demo.site();
    let addresses: Vec<&Value> = site["targets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| LINE_TARGETS.contains(&one["id"].as_str().unwrap()))
        .map(|one| &one["address"])
        .collect();
    assert_eq!(addresses, [NEIGHBOUR, NEIGHBOUR], "{site}");

    done(&["-n", &namespaces.neighbour, "link", "set", "veth1", "down"]);
    demo.until("outage of the machine's own link", |demo| {
        let outages = demo.get("/api/v1/outages?open=true");
        let outage = &outages["items"][0];
        seen(outage["cause"] == "lan", &outages)
    });
    let outage = demo.get("/api/v1/outages?open=true")["items"][0].clone();
    let agents = demo.get("/api/v1/agents");
    assert_eq!(outage["agent"], agents["items"][0]["id"], "{outage}");
    assert_eq!(demo.site()["state"], "down");
    demo.stop();

    // The same folder without the flag again: both are the past's, and no schedule has an address.
    let demo = Demo::start(&namespaces.measured, data.path(), &[]);
    let site = demo.site();
    for target in site["targets"].as_array().unwrap() {
        let of_line = LINE_TARGETS.contains(&target["id"].as_str().unwrap());
        assert_eq!(target["address"].is_null(), of_line, "{site}");
    }
    demo.stop();
}
