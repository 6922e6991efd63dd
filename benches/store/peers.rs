//! The peers: other stores, with the same rows, on the same machine, in the same run. Each takes rows in
//! the way that its makers advise for many at once, and keeps them durably before it answers where it
//! can.

mod postgres;

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use desserte::store::{
    StoreError,
    influx2::InfluxStore,
    samples::{Filling, SampleRow, SampleStore, SeriesFilter},
    server::{Server, Token},
};
use serde_json::json;

use self::postgres::Postgres;
use super::{bytes_below, source::DAY_MS};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// Another store. Rows come with the number of their series.
pub(crate) trait Peer {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// Keeps rows.
    fn put(&mut self, rows: &[(i64, SampleRow)]);
    /// The same where they may be there already.
    fn put_again(&mut self, rows: &[(i64, SampleRow)]) {
        self.put(rows);
    }
    /// Bytes on disk once everything is at rest.
    fn bytes(&mut self) -> f64;
    /// Rows of a series in a span.
    fn month(&mut self, series: &SampleRow, span: (i64, i64)) -> usize;
    /// Samples, and samples without an answer, of each series in a span, counted by the peer itself; how many
    /// series have some.
    fn shares(&mut self, span: (i64, i64)) -> usize;
}

/// Those that are there; who is not is named.
pub(crate) fn all(folder: &Path) -> Vec<Box<dyn Peer>> {
    let mut found: Vec<Box<dyn Peer>> = vec![Box::new(super::plain::Rows::new(
        &folder.join("plain.sqlite"),
    ))];
    match Victoria::start(&folder.join("victoria")) {
        Some(peer) => found.push(Box::new(peer)),
        None => println!("without VictoriaMetrics: apt-get install victoria-metrics"),
    }
    match Influx::start(&folder.join("influx")) {
        Some(peer) => found.push(Box::new(peer)),
        None => println!("without InfluxDB 2: tests/servers/influxd.sh could not build it"),
    }
    match Postgres::start(&folder.join("postgres")) {
        Some(peer) => found.push(Box::new(peer)),
        None => println!("without PostgreSQL: apt-get install postgresql, and be root"),
    }
    found
}

/// A server whose shell ends it by its id when this program ends.
struct Process(Child);

impl Process {
    fn start(log: &Path, program: &Path, arguments: &[&str]) -> Option<Self> {
        let child = Command::new("sh")
            .args([
                "-c",
                "log=$1; shift; \"$@\" >>\"$log\" 2>&1 & read -r _; kill -INT $!; wait",
                "sh",
            ])
            .arg(log)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        child.ok().map(Self)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    listener.local_addr().expect("address").port()
}

fn wait_for(port: u16) -> bool {
    for _ in 0..PATIENCE.as_millis() / 50 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn ask(port: u16, (method, path): (&str, &str), headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .and_then(|()| stream.write_all(body.as_bytes()))
    .expect("send");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answer");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), body.to_owned())
}

/// The columns that all peers keep, by name.
fn numbers(row: &SampleRow) -> [(&'static str, Option<i64>); 9] {
    [
        ("sequence", Some(row.sequence.cast_signed())),
        ("uncertainty_ms", Some(row.uncertainty_ms.into())),
        ("outcome", Some(row.outcome.code().into())),
        ("sent", Some(row.sent.into())),
        ("received", Some(row.received.into())),
        ("rtt_us_min", row.rtt_us_min.map(Into::into)),
        ("rtt_us_median", row.rtt_us_median.map(Into::into)),
        ("rtt_us_max", row.rtt_us_max.map(Into::into)),
        (
            "rtt_us_mean_successive_difference",
            row.rtt_us_mean_successive_difference.map(Into::into),
        ),
    ]
}

/// `VictoriaMetrics`, single node, by its endpoint for line protocol.
struct Victoria {
    port: u16,
    data: PathBuf,
    _process: Process,
}

impl Victoria {
    fn start(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).ok()?;
        let (port, data) = (free_port(), folder.join("data"));
        let process = Process::start(
            &folder.join("log"),
            Path::new("victoria-metrics"),
            &[
                &format!("-httpListenAddr=127.0.0.1:{port}"),
                &format!("-storageDataPath={}", data.display()),
                "-retentionPeriod=100y",
            ],
        )?;
        wait_for(port).then_some(Self {
            port,
            data,
            _process: process,
        })
    }
}

impl Peer for Victoria {
    fn name(&self) -> &'static str {
        "VictoriaMetrics"
    }

    fn put(&mut self, rows: &[(i64, SampleRow)]) {
        for piece in rows.chunks(10_000) {
            let mut body = String::new();
            for (series, row) in piece {
                let _ = write!(body, "s,series={series} ");
                let fields = numbers(row).into_iter();
                for (place, (name, value)) in fields.filter_map(|(n, v)| Some((n, v?))).enumerate()
                {
                    let comma = if place == 0 { "" } else { "," };
                    let _ = write!(body, "{comma}{name}={value}");
                }
                let _ = writeln!(body, " {}000000", row.time_unix_ms);
            }
            let (status, said) = ask(self.port, ("POST", "/write"), "", &body);
            assert_eq!(status, 204, "{said}");
        }
    }

    fn bytes(&mut self) -> f64 {
        ask(self.port, ("GET", "/internal/force_flush"), "", "");
        ask(self.port, ("GET", "/internal/force_merge"), "", "");
        std::thread::sleep(Duration::from_secs(8));
        bytes_below(&self.data)
    }

    fn month(&mut self, row: &SampleRow, (from, to): (i64, i64)) -> usize {
        let series = number_of(row);
        let path = format!(
            "/api/v1/export?match%5B%5D=%7Bseries%3D%22{series}%22%7D&start={}&end={}",
            from / 1_000,
            to / 1_000
        );
        let (status, body) = ask(self.port, ("GET", &path), "", "");
        assert_eq!(status, 200, "{body}");
        let sent = body
            .lines()
            .find(|line| line.contains("\"s_sent\""))
            .unwrap_or_default();
        let value: serde_json::Value = serde_json::from_str(sent).unwrap_or_default();
        value["values"].as_array().map_or(0, Vec::len)
    }

    fn shares(&mut self, (from, to): (i64, i64)) -> usize {
        let seconds = (to - from) / 1_000;
        let ask_for = |function: &str| {
            // What it answered once is not to be answered from memory.
            let path = format!(
                "/api/v1/query?nocache=1&query={function}&time={}",
                to / 1_000
            );
            let (status, body) = ask(self.port, ("GET", &path), "", "");
            assert_eq!(status, 200, "{body}");
            let answer: serde_json::Value = serde_json::from_str(&body).expect("json");
            answer["data"]["result"].as_array().map_or(0, Vec::len)
        };
        let all = ask_for(&format!("count_over_time(s_sent%5B{seconds}s%5D)"));
        ask_for(&format!("count_eq_over_time(s_received%5B{seconds}s%5D,0)"));
        all
    }
}

/// The number that a series of the bench has in its target's name.
fn number_of(row: &SampleRow) -> i64 {
    let target = row.series.target.as_str();
    target
        .rsplit('-')
        .next()
        .and_then(|one| one.parse().ok())
        .unwrap_or(0)
}

/// `InfluxDB` 2, by the product's own engine for it.
struct Influx {
    store: InfluxStore,
    engine: PathBuf,
    position: u64,
    _process: Process,
}

impl Influx {
    fn start(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).ok()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/influxd.sh");
        let built = Command::new(script).output().ok()?;
        let binary = String::from_utf8(built.stdout)
            .ok()
            .filter(|_| built.status.success())?;
        let (port, engine) = (free_port(), folder.join("engine"));
        let path = |name: &str| folder.join(name).display().to_string();
        let process = Process::start(
            &folder.join("log"),
            Path::new(binary.trim()),
            &[
                "--bolt-path",
                &path("bolt"),
                "--sqlite-path",
                &path("sqlite"),
                "--engine-path",
                &path("engine"),
                "--http-bind-address",
                &format!("127.0.0.1:{port}"),
                "--reporting-disabled",
                "--storage-cache-snapshot-write-cold-duration",
                "2s",
                "--storage-compact-full-write-cold-duration",
                "3s",
            ],
        )?;
        if !wait_for(port) {
            return None;
        }
        let setup = json!({"username": "bench", "password": "bench-bench", "org": "o", "bucket": "b", "token": "bench"});
        let (status, said) = ask(port, ("POST", "/api/v2/setup"), "", &setup.to_string());
        assert_eq!(status, 201, "{said}");
        let server = Server {
            url: format!("http://127.0.0.1:{port}"),
            org: "o".into(),
            bucket: "b".into(),
            token: Token::new("bench".into()),
        };
        let store = InfluxStore::open(&server, folder, "bench").ok()?;
        Some(Self {
            store,
            engine,
            position: 0,
            _process: process,
        })
    }
}

impl Peer for Influx {
    fn name(&self) -> &'static str {
        "InfluxDB 2"
    }

    fn put(&mut self, rows: &[(i64, SampleRow)]) {
        self.position += 1;
        let filling = Filling {
            position: self.position,
            samples: rows.iter().map(|(_, row)| row.clone()).collect(),
            evidence: vec![],
        };
        // A server whose cache is full asks to come again, as the collector then does; that is of its time.
        while let Err(error) = self.store.put(&filling) {
            let StoreError::Away { retry, .. } = error else {
                panic!("put: {error}");
            };
            std::thread::sleep(retry);
        }
    }

    fn bytes(&mut self) -> f64 {
        std::thread::sleep(Duration::from_secs(20));
        bytes_below(&self.engine)
    }

    fn month(&mut self, row: &SampleRow, (from, to): (i64, i64)) -> usize {
        let filter = SeriesFilter {
            site: Some(&row.series.site),
            target: Some(&row.series.target),
        };
        let series = self.store.series(filter).expect("series");
        self.store.scan(series[0].id, from, to).expect("scan").len()
    }

    fn shares(&mut self, (from, to): (i64, i64)) -> usize {
        let days = (from / DAY_MS, to / DAY_MS);
        let sums = self.store.sums(SeriesFilter::default(), days);
        sums.expect("sums").len()
    }
}
