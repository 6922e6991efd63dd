#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring program: it stops where something fails, and its figures are approximate"
)]
//! The store beside plain rows of SQLite: what a month of many sites costs to take in, to keep and to
//! read. `make bench-store`, or `cargo bench --bench store -- SITES DAYS`.
//!
//! The samples are invented, from a fixed seed: a round trip that wanders, half a percent of slots
//! with loss, one fact a minute. They go through `Collector::accept` as signed batches of six hours.

#[path = "store/plain.rs"]
mod plain;
#[path = "store/source.rs"]
mod source;

use std::{path::Path, sync::Arc, time::Duration};

use desserte::{
    collector::Collector,
    ingest::Refusal,
    store::{
        embedded::EmbeddedStore,
        samples::{SampleStore, SeriesFilter},
    },
};
use desserte_domain::{
    machine::{Availability, MachineParameters, run},
    slot::{SlotRule, form_slots},
};
use desserte_probe::clock::{Clock, ManualClock, SystemClock};
use serde_json::json;

use source::{Agents, DAY_MS, START_MS};

/// Each figure of reading is the median of so many.
const TIMES: usize = 5;
/// How long the store may take to follow the journal.
const PATIENCE: Duration = Duration::from_mins(60);

struct Figure {
    name: &'static str,
    unit: &'static str,
    ours: f64,
    plain: Option<f64>,
    goal: Option<f64>,
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let sites = numbers.first().copied().unwrap_or(40);
    let days = numbers.get(1).copied().unwrap_or(30);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    println!("{sites} sites, 3 targets, {days} days of minutes");
    let figures = measure(folder.path(), sites, days);
    print(&figures);
    write(&figures);
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let clock = SystemClock;
    let before = clock.monotonic();
    let done = work();
    ((clock.monotonic() - before).as_secs_f64(), done)
}

fn median_seconds(mut work: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..TIMES).map(|_| seconds(&mut work).0).collect();
    all.sort_by(f64::total_cmp);
    all[TIMES / 2]
}

fn bytes_below(path: &Path) -> f64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0.0, |file| file.len() as f64);
    };
    entries
        .map(|entry| bytes_below(&entry.expect("entry").path()))
        .sum()
}

fn measure(folder: &Path, sites: usize, days: usize) -> Vec<Figure> {
    let data = folder.join("data");
    let now = START_MS + i64::try_from(days).expect("days") * DAY_MS;
    let clock = Arc::new(ManualClock::new(now, 5_000));
    let collector = Collector::open(&data, Arc::clone(&clock) as Arc<dyn Clock>).expect("open");
    let mut agents = Agents::enrol(&collector, sites, now);
    let batches = agents.batches(days);
    let samples = (sites * 3 * days * 1_440) as f64;
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let (ingest, ()) = seconds(|| {
        runtime.block_on(send(&collector, batches, &clock));
        let last = collector.journal().last_position();
        assert!(
            collector.wait_applied(last, PATIENCE),
            "the store does not follow"
        );
    });
    let (close, ()) = seconds(|| drop(collector));
    let journal = bytes_below(&data.join("journal.sqlite"));
    let kept = bytes_below(&data.join("samples"));

    let (open, store) = seconds(|| EmbeddedStore::open(&data.join("samples")).expect("open"));
    let series = store.series(SeriesFilter::default()).expect("series");
    let month = median_seconds(|| {
        let one = store
            .scan(series[series.len() / 2].id, START_MS, now)
            .expect("scan");
        assert_eq!(one.len(), days * 1_440);
    });
    let exact = median_seconds(|| exact_month(&store, now, days * 1_440));

    let rows = plain::Rows::make(&folder.join("plain.sqlite"), &store, now);
    let (plain_month, _) = (median_seconds(|| rows.scan(1, (START_MS, now))), ());
    let figure = |name, unit, ours, plain, goal| Figure {
        name,
        unit,
        ours,
        plain,
        goal,
    };
    vec![
        figure(
            "ingest with signatures, journal and store",
            "samples/s",
            samples / (ingest + close),
            None,
            Some(50_000.0),
        ),
        figure(
            "rows put into the store",
            "samples/s",
            rows.ours_per_second,
            Some(rows.per_second),
            Some(500_000.0),
        ),
        figure(
            "store on disk",
            "bytes/sample",
            kept / samples,
            Some(rows.bytes / samples),
            Some(7.5),
        ),
        figure(
            "journal on disk",
            "bytes/sample",
            journal / samples,
            None,
            Some(13.0),
        ),
        figure("open the store", "ms", open * 1e3, None, None),
        figure(
            "month of one series",
            "ms",
            month * 1e3,
            Some(plain_month * 1e3),
            Some(3.0),
        ),
        figure(
            "exact month, one core",
            "samples/s",
            samples / exact,
            None,
            Some(10_000_000.0),
        ),
    ]
}

/// The slots and outages of every series.
fn exact_month(store: &EmbeddedStore, now: i64, slots: usize) {
    for series in store.series(SeriesFilter::default()).expect("series") {
        let observations = store
            .scan(series.id, START_MS, now)
            .expect("scan")
            .observations(None);
        let slots = form_slots(&SlotRule::default(), START_MS, slots, &[&observations]);
        let run = run(
            MachineParameters::default(),
            Availability::Available,
            &slots,
            &[],
        );
        assert_eq!(run.states.len(), slots.len());
    }
}

/// Sends all batches, some at a time, as fast as they are taken.
async fn send(
    collector: &Arc<Collector>,
    batches: Vec<desserte::ingest::BatchRequest>,
    clock: &Arc<ManualClock>,
) {
    const AT_ONCE: usize = 16;
    let mut running = tokio::task::JoinSet::new();
    for batch in batches {
        if running.len() >= AT_ONCE {
            running.join_next().await.expect("one runs").expect("sent");
        }
        let (collector, clock) = (Arc::clone(collector), Arc::clone(clock));
        running.spawn(async move {
            loop {
                match collector.accept(batch.clone()).await {
                    Ok(_) => return,
                    Err(Refusal::Unavailable(_)) => {
                        tokio::time::sleep(Duration::from_millis(20)).await
                    }
                    Err(Refusal::TooManyRequests { .. }) => clock.advance(Duration::from_secs(5)),
                    Err(refused) => panic!("{refused}"),
                }
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.expect("sent");
    }
}

fn print(figures: &[Figure]) {
    let number = |value: Option<f64>| {
        value.map_or_else(
            || "-".to_owned(),
            |value| {
                if value >= 1_000.0 {
                    format!("{value:.0}")
                } else {
                    format!("{value:.2}")
                }
            },
        )
    };
    println!(
        "{:<44}{:>14}{:>14}{:>14}  unit",
        "", "ours", "plain SQLite", "goal"
    );
    for one in figures {
        let (ours, plain, goal) = (number(Some(one.ours)), number(one.plain), number(one.goal));
        println!(
            "{:<44}{ours:>14}{plain:>14}{goal:>14}  {}",
            one.name, one.unit
        );
    }
}

fn write(figures: &[Figure]) {
    let date = jiff::Timestamp::from_millisecond(SystemClock.unix_ms())
        .expect("date")
        .to_string();
    let cpu = cpu();
    let all: Vec<_> = figures
        .iter()
        .map(|one| json!({
            "figure": one.name, "unit": one.unit, "ours": one.ours,
            "peer": one.plain.map(|_| "plain rows in SQLite, same run"), "peer_value": one.plain,
            "goal": one.goal, "cpu": cpu, "date": date,
        }))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("folder");
    let path = folder.join("store.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&all).expect("json")).expect("write");
    println!(
        "{}",
        path.strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .unwrap_or(&path)
            .display()
    );
}

/// Model, cores and memory.
fn cpu() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal")
    )
}
