//! Real servers that tests speak to: built or found once, on loopback, ended with whoever started them.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use desserte::store::server::{Server, Token};
use serde_json::{Value, json};

const ORG: &str = "desserte";
const TOKEN: &str = "a-token-of-the-tests";

/// An environment variable that says where to test.
fn given(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "where the tests find a server")]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// A server of InfluxDB 2.
pub(crate) struct Influx {
    url: String,
    org: String,
    org_id: String,
    token: String,
    /// The process, where it is ours.
    process: Option<Process>,
}

struct Process {
    binary: PathBuf,
    home: tempfile::TempDir,
    port: u16,
    /// A shell that ends the server by its id as soon as its own input ends: with us, however we end.
    shell: Option<Child>,
}

/// The server that all tests share; `None`, with word of it, where there is none and none can be built.
pub(crate) fn influx() -> Option<&'static Influx> {
    static SHARED: OnceLock<Option<Influx>> = OnceLock::new();
    SHARED
        .get_or_init(|| match given("INFLUX_URL") {
            Some(url) => Some(Influx::elsewhere(url)),
            None => Influx::start(),
        })
        .as_ref()
}

/// The binary of the server; `None` where it cannot be built.
fn influxd() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/influxd.sh");
    let output = Command::new(script)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let path = String::from_utf8(output.stdout).unwrap();
        return Some(PathBuf::from(path.trim()));
    }
    let ci = given("CI").is_some_and(|value| value == "true");
    assert!(!ci, "InfluxDB 2 cannot be tested: {said}");
    eprintln!("skipped: InfluxDB 2 is not tested here: {}", said.trim());
    None
}

impl Influx {
    /// A server of the user's own: `INFLUX_URL`, `INFLUX_ORG`, `INFLUX_TOKEN`. Buckets are made in it and
    /// deleted again by nobody.
    fn elsewhere(url: String) -> Self {
        let token = given("INFLUX_TOKEN").expect("INFLUX_TOKEN goes with INFLUX_URL");
        let org = given("INFLUX_ORG").unwrap_or_else(|| ORG.to_owned());
        let mut server = Self {
            url,
            org,
            org_id: String::new(),
            token,
            process: None,
        };
        let (status, found) = server.ask("GET", &format!("/api/v2/orgs?org={}", server.org), None);
        assert_eq!(status, 200, "{found}");
        found["orgs"][0]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut server.org_id);
        server
    }

    /// A server of the test's own, empty.
    pub(crate) fn start() -> Option<Self> {
        let binary = influxd()?;
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Self {
            url: format!("http://127.0.0.1:{port}"),
            org: ORG.to_owned(),
            org_id: String::new(),
            token: TOKEN.to_owned(),
            process: Some(Process {
                binary,
                home: tempfile::tempdir().unwrap(),
                port,
                shell: None,
            }),
        };
        server.run();
        let setup = json!({
            "username": "test", "password": "a-word-of-the-tests", "org": ORG, "bucket": "first",
            "token": TOKEN,
        });
        let (status, made) = server.ask("POST", "/api/v2/setup", Some(&setup));
        assert_eq!(status, 201, "{made}");
        made["org"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut server.org_id);
        Some(server)
    }

    /// Starts the process and waits until it answers.
    pub(crate) fn run(&mut self) {
        let process = self.process.as_mut().unwrap();
        let home = process.home.path();
        let shell = Command::new("sh")
            .args([
                "-c",
                "log=$1; shift; \"$@\" >>\"$log\" 2>&1 & read -r _; kill -9 $!; wait",
                "sh",
            ])
            .arg(home.join("log"))
            .arg(&process.binary)
            .arg("--bolt-path")
            .arg(home.join("bolt"))
            .arg("--sqlite-path")
            .arg(home.join("sqlite"))
            .arg("--engine-path")
            .arg(home.join("engine"))
            .args([
                "--http-bind-address",
                &format!("127.0.0.1:{}", process.port),
            ])
            .args([
                "--reporting-disabled",
                "--log-level",
                "error",
                "--storage-wal-fsync-delay",
                "0s",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        process.shell = Some(shell);
        for _ in 0..1_200 {
            if TcpStream::connect(("127.0.0.1", process.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(home.join("log")).unwrap_or_default();
        panic!("influxd does not answer: {log}");
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.as_mut().unwrap().end();
    }

    /// Where it keeps its points.
    pub(crate) fn engine(&self) -> PathBuf {
        self.process.as_ref().unwrap().home.path().join("engine")
    }

    /// A new bucket, as the store is told of it.
    pub(crate) fn bucket(&self) -> Server {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("test-{}-{number}", std::process::id());
        let wanted = json!({"orgID": self.org_id, "name": bucket, "retentionRules": []});
        let (status, made) = self.ask("POST", "/api/v2/buckets", Some(&wanted));
        assert_eq!(status, 201, "{made}");
        Server {
            url: self.url.clone(),
            org: self.org.clone(),
            bucket,
            token: Token::new(self.token.clone()),
        }
    }

    /// Asks a Flux query; the answer as CSV.
    pub(crate) fn flux(&self, query: &str) -> (u16, String) {
        let body = json!({"query": query, "type": "flux"});
        let path = format!("/api/v2/query?org={}", self.org);
        self.request("POST", &path, Some(&body))
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (status, body) = self.request(method, path, body);
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let token = &self.token;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Token {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }
}

impl Process {
    fn end(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            shell.wait().unwrap();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
