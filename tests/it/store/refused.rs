//! A server that answers otherwise than it should: what the store makes of each answer.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use desserte::store::{
    StoreError,
    influx2::InfluxStore,
    samples::{Filling, SampleRow, SampleStore as _, SeriesKey},
    server::{Server, Token},
};
use desserte_domain::observation::Outcome;
use desserte_probe::{report::Kind, wire::id::AgentId};

/// What the stub answers to writes, and what it was asked.
#[derive(Default)]
pub(super) struct Stub {
    pub(super) answer: Mutex<Option<Answer>>,
    writes: Mutex<Vec<usize>>,
}

/// Status for a body with so many lines.
type Answer = Box<dyn Fn(usize, &str) -> u16 + Send>;

pub(super) struct Running {
    pub(super) stub: Arc<Stub>,
    pub(super) server: Server,
    _runtime: tokio::runtime::Runtime,
}

/// A server whose bucket says whenever it is asked that it is empty.
pub(super) fn start() -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let stub = Arc::new(Stub::default());
    let routes = Router::new()
        .route("/api/v2/query", post(async || "\r\n"))
        .route("/api/v2/write", post(write))
        .with_state(Arc::clone(&stub));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, routes).await });
    Running {
        stub,
        server: Server {
            url,
            org: "o".into(),
            bucket: "b".into(),
            token: Token::new("secret-word".into()),
        },
        _runtime: runtime,
    }
}

async fn write(State(stub): State<Arc<Stub>>, body: Bytes) -> (StatusCode, &'static str) {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let lines = text.lines().count();
    let status = match &*stub.answer.lock().unwrap() {
        Some(answer) => answer(lines, &text),
        None => 204,
    };
    stub.writes.lock().unwrap().push(lines);
    (StatusCode::from_u16(status).unwrap(), "as told")
}

fn filling(rows: i64) -> Filling {
    let series = Arc::new(SeriesKey {
        site: "s".into(),
        agent: AgentId([1; 16]),
        target: "t".into(),
        kind: Kind::Icmp,
        slot_seconds: 60,
        line: None,
        family: None,
    });
    let samples = (0..rows).map(|minute| SampleRow {
        series: Arc::clone(&series),
        time_unix_ms: minute * 60_000,
        uncertainty_ms: 0,
        sequence: 77,
        outcome: Outcome::Ok,
        sent: 5,
        received: 5,
        rtt_us_min: None,
        rtt_us_median: None,
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: false,
        detail: None,
        summary_spacing_ms: None,
    });
    Filling {
        position: 4,
        samples: samples.collect(),
        evidence: vec![],
    }
}

/// Puts rows while the server answers so; what came of it, and the sizes of the writes.
fn put(
    rows: i64,
    answer: impl Fn(usize, &str) -> u16 + Send + 'static,
) -> (
    Result<(), StoreError>,
    Vec<usize>,
    InfluxStore,
    tempfile::TempDir,
) {
    let running = start();
    *running.stub.answer.lock().unwrap() = Some(Box::new(answer));
    let folder = tempfile::tempdir().unwrap();
    let store = InfluxStore::open(&running.server, folder.path(), "c").unwrap();
    let done = store.put(&filling(rows));
    let writes = running.stub.writes.lock().unwrap().clone();
    (done, writes, store, folder)
}

fn refused(folder: &tempfile::TempDir) -> Vec<(String, i64)> {
    rusqlite::Connection::open(folder.path().join("influxdb2.sqlite"))
        .unwrap()
        .prepare("SELECT line, lines FROM refused ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn a_bad_row_is_found_by_halving_and_kept_aside() {
    let bad = |lines: &str| lines.contains(" 300000000077");
    let (done, writes, store, folder) = put(8, move |_, text| if bad(text) { 400 } else { 204 });
    done.unwrap();
    assert_eq!(
        writes,
        [8, 4, 4, 2, 1, 1, 2, 1],
        "halves of 8, then the position"
    );
    let kept = refused(&folder);
    assert_eq!(kept.len(), 1);
    assert!(bad(&kept[0].0), "{kept:?}");
    assert_eq!(store.applied_position().unwrap(), 4);
}

#[test]
fn too_much_at_once_is_halved_and_nothing_is_lost() {
    let (done, writes, _store, folder) = put(10, |lines, _| if lines > 3 { 413 } else { 204 });
    done.unwrap();
    let taken: usize = writes.iter().filter(|lines| **lines <= 3).sum();
    assert_eq!(taken, 10 + 1);
    assert_eq!(refused(&folder), []);
}

#[test]
fn what_the_server_took_a_part_of_is_noted_and_gone_on_from() {
    let (done, writes, store, folder) = put(6, |lines, _| if lines > 1 { 422 } else { 204 });
    done.unwrap();
    assert_eq!(writes, [6, 1]);
    assert_eq!(refused(&folder)[0].1, 6);
    assert_eq!(store.applied_position().unwrap(), 4);
}

#[test]
fn a_refused_token_stops_and_says_so_and_an_overloaded_server_is_left_alone_for_a_while() {
    for (status, waits) in [
        (401, 60),
        (403, 60),
        (404, 60),
        (429, 1),
        (500, 1),
        (503, 1),
    ] {
        let (done, writes, store, folder) = put(3, move |_, _| status);
        let Err(StoreError::Away { retry, reason, .. }) = done else {
            panic!("{status}: {done:?}")
        };
        assert!(retry <= Duration::from_secs(waits), "{status}: {retry:?}");
        assert!(
            retry >= Duration::from_millis(waits * 500),
            "{status}: {retry:?}"
        );
        assert!(reason.contains(&status.to_string()), "{reason}");
        assert_eq!(writes, [3], "{status}");
        assert_eq!(store.applied_position().unwrap(), 0);
        let trouble = store.trouble().unwrap();
        assert!(!trouble.contains("secret-word") && !format!("{store:?}").contains("secret-word"));
        assert_eq!(refused(&folder), [], "{status}");
    }
}

#[test]
fn the_pause_grows_and_ends_with_the_first_answer() {
    let running = start();
    let folder = tempfile::tempdir().unwrap();
    let store = InfluxStore::open(&running.server, folder.path(), "c").unwrap();
    let pauses: Vec<Duration> = (0..9)
        .map(|_| {
            *running.stub.answer.lock().unwrap() = Some(Box::new(|_, _| 503));
            // Asking how far the bucket is succeeds, and is no sign that writing does.
            match store.put(&filling(1)) {
                Err(StoreError::Away { retry, .. }) => retry,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert!(pauses[8] <= Duration::from_mins(1), "{pauses:?}");
    assert!(pauses[8] > pauses[0], "{pauses:?}");
    *running.stub.answer.lock().unwrap() = None;
    store.put(&filling(1)).unwrap();
    assert_eq!(store.trouble(), None);
}

#[test]
fn a_server_that_is_not_there_or_a_token_that_is_none_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = Server {
        url: "http://127.0.0.1:9".into(),
        org: "o".into(),
        bucket: "b".into(),
        token: Token::new("t".into()),
    };
    let store = InfluxStore::open(&nobody, folder.path(), "c").unwrap();
    let done = store.put(&filling(1));
    assert!(matches!(done, Err(StoreError::Away { .. })), "{done:?}");
    let without = Server {
        token: Token::default(),
        ..nobody
    };
    let error = InfluxStore::open(&without, folder.path(), "c").unwrap_err();
    assert!(error.to_string().contains("INFLUX_TOKEN"), "{error}");
}
