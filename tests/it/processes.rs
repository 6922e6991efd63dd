//! The binaries under test as processes, and what stands around them: a target that counts, and a
//! relay that can be cut. All on loopback; everything ends with its owner.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{sleep, spawn},
    time::Duration,
};

use serde_json::Value;

/// Runs the collector's command line to its end; returns what it printed.
pub(crate) fn desserte(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "desserte {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The agent's binary lies beside the collector's when the workspace's tests were built.
fn probe_binary() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_desserte")).with_file_name("desserte-probe");
    assert!(
        path.exists(),
        "{} is missing: cargo test --workspace builds it",
        path.display()
    );
    path
}

/// `GET` on the web listener; the body as JSON.
pub(crate) fn get(web: &str, path: &str) -> Value {
    let host = web.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.lines().next().unwrap().contains(" 200"),
        "{path}: {answer}"
    );
    serde_json::from_str(body).unwrap()
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Process {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success(), "kill -s {name}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `desserte serve` on ports of the system's choice.
pub(crate) struct Collector {
    process: Process,
    pub(crate) agents: String,
    pub(crate) web: String,
}

impl Collector {
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_desserte"))
            .args([
                "serve",
                "--agents",
                "127.0.0.1:0",
                "--web",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let process = Process(child);
        let mut lines = BufReader::new(stdout).lines();
        let first = lines
            .next()
            .expect("desserte serve prints where it listens")
            .unwrap();
        let bound: Value = serde_json::from_str(&first).unwrap();
        spawn(move || lines.for_each(drop));
        let text = |key: &str| {
            bound[key]
                .as_str()
                .unwrap_or_else(|| panic!("{first}"))
                .to_owned()
        };
        Self {
            process,
            agents: text("agents"),
            web: text("web"),
        }
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// SIGTERM; the collector must end cleanly.
    pub(crate) fn stop(mut self) {
        self.process.signal("TERM");
        let status = self.process.0.wait().unwrap();
        assert!(status.success(), "desserte serve ended with {status}");
    }
}

/// `desserte serve` with more to say, whose log is kept.
pub(crate) struct Served {
    process: Process,
    pub(crate) web: String,
    log: std::thread::JoinHandle<String>,
}

impl Served {
    pub(crate) fn start(data: &Path, before: &[&str], after: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_desserte"))
            .args(before)
            .args([
                "serve",
                "--agents",
                "127.0.0.1:0",
                "--web",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .args(after)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let stdout = child.stdout.take().unwrap();
        let process = Process(child);
        let mut first = String::new();
        BufReader::new(stdout).read_line(&mut first).unwrap();
        let bound: Value =
            serde_json::from_str(&first).expect("desserte serve prints where it listens");
        Self {
            process,
            web: bound["web"].as_str().unwrap().to_owned(),
            log,
        }
    }

    /// SIGTERM; returns what was logged.
    pub(crate) fn stop(mut self) -> String {
        self.process.signal("TERM");
        let status = self.process.0.wait().unwrap();
        assert!(status.success(), "desserte serve ended with {status}");
        self.log.join().unwrap()
    }
}

/// An enrolled agent and its data folder.
pub(crate) struct Agent {
    data: PathBuf,
    process: Option<Process>,
    /// How often it was stopped: each time a request under way is asked and not recorded.
    pub(crate) stops: u64,
}

impl Agent {
    pub(crate) fn enrol(data: &Path, collector: &str, code: &str) -> Self {
        let output = Command::new(probe_binary())
            .args(["enrol", "--collector", collector, "--code", code, "--data"])
            .arg(data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "enrol: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // What is measured in tests is on this machine.
        let near = "local_networks = [\"127.0.0.0/8\"]\n";
        std::fs::write(data.join("agent.toml"), near).unwrap();
        Self {
            data: data.to_owned(),
            process: None,
            stops: 0,
        }
    }

    pub(crate) fn run(&mut self) {
        let child = Command::new(probe_binary())
            .args(["run", "--data"])
            .arg(&self.data)
            .spawn()
            .unwrap();
        self.process = Some(Process(child));
    }

    /// SIGTERM, and again after a short run while anything waits in the spool.
    pub(crate) fn stop_with_an_empty_spool(&mut self) {
        for _ in 0..10 {
            self.stop();
            let waiting = self.spool_entries();
            if waiting == 0 {
                return;
            }
            self.run();
            sleep(Duration::from_secs(6));
        }
        panic!("{}: the spool does not empty", self.data.display());
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("TERM");
            self.stops += 1;
            let status = process.0.wait().unwrap();
            assert!(status.success(), "desserte-probe run ended with {status}");
        }
    }

    fn spool_entries(&self) -> u64 {
        let output = Command::new(probe_binary())
            .args(["status", "--format", "json", "--data"])
            .arg(&self.data)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let status: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        status["spool"]["entries"]
            .as_u64()
            .unwrap_or_else(|| panic!("{status}"))
    }
}

/// An HTTP server on loopback that counts who asked for what.
pub(crate) struct Target {
    address: SocketAddr,
    asked: Arc<Mutex<HashMap<String, u64>>>,
}

impl Target {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(HashMap::new()));
        let counts = Arc::clone(&asked);
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let counts = Arc::clone(&counts);
                spawn(move || answer(stream, &counts));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) fn asked(&self, path: &str) -> u64 {
        self.asked
            .lock()
            .unwrap()
            .get(&format!("/{path}"))
            .copied()
            .unwrap_or(0)
    }
}

fn answer(mut stream: TcpStream, counts: &Mutex<HashMap<String, u64>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    *counts.lock().unwrap().entry(path).or_default() += 1;
    let mut header = String::new();
    while reader.read_line(&mut header).unwrap_or(0) > 2 {
        header.clear();
    }
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n");
}

/// A TCP relay in front of the collector: the link that can be cut.
pub(crate) struct Relay {
    address: SocketAddr,
    upstream: Arc<Mutex<String>>,
    open: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub(crate) fn start(collector: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            upstream: Arc::new(Mutex::new(host(collector))),
            open: Arc::new(AtomicBool::new(true)),
            streams: Arc::default(),
        };
        let (upstream, open) = (Arc::clone(&relay.upstream), Arc::clone(&relay.open));
        let streams = Arc::clone(&relay.streams);
        spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(upstream.lock().unwrap().as_str());
                let Ok(far) = far else { continue };
                if open.load(Ordering::SeqCst) {
                    join(&near, &far, &streams);
                }
            }
        });
        relay
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn lead_to(&self, collector: &str) {
        *self.upstream.lock().unwrap() = host(collector);
    }

    /// Cuts every connection and lets no new one through.
    pub(crate) fn cut(&self) {
        self.open.store(false, Ordering::SeqCst);
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn restore(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

fn host(url: &str) -> String {
    url.trim_start_matches("https://")
        .trim_end_matches('/')
        .to_owned()
}

fn join(near: &TcpStream, far: &TcpStream, streams: &Mutex<Vec<TcpStream>>) {
    let clone = |stream: &TcpStream| stream.try_clone().unwrap();
    streams.lock().unwrap().extend([clone(near), clone(far)]);
    for (mut from, mut to) in [(clone(near), clone(far)), (clone(far), clone(near))] {
        spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
