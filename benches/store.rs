#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring program: it stops where something fails, and its figures are approximate"
)]
//! The store beside others: what many series cost to take in, what a month costs to keep and to read.
//! `make bench-store`, or `cargo bench --bench store -- [NAME=NUMBER …]` with other sizes ([`Sizes`]).
//! `-- --limited limited=14000 limit=1024` makes a month of so many series and reads it under a limit of so many
//! MiB, and nothing else: that is 4 GB under 1 GiB.
//!
//! All peers get the same rows in the same groups, one after the other, on the same machine. The samples
//! are invented, from a fixed seed: a round trip that wanders, half a percent of slots without an answer.

#[path = "store/https.rs"]
mod https;
#[path = "store/ingest.rs"]
mod ingest;
#[path = "store/memory.rs"]
mod memory;
#[path = "store/peers.rs"]
mod peers;
#[path = "store/plain.rs"]
mod plain;
#[path = "store/report.rs"]
mod report;
#[path = "store/rows.rs"]
mod rows;
#[path = "store/source.rs"]
mod source;

use std::{path::Path, sync::Arc, time::Duration};

use desserte::{
    collector::Collector,
    store::{
        embedded::EmbeddedStore,
        samples::{Filling, SampleRow, SampleStore, SeriesFilter},
    },
};
use desserte_domain::{
    machine::{Availability, MachineParameters, run},
    slot::{SlotRule, form_slots},
};
use desserte_probe::clock::{Clock, ManualClock, SystemClock};

use ingest::{day, put_all, taking_in};
use peers::Peer;
use report::{Figure, print, write};
use rows::{Fleet, OF_SITE};
use source::{Agents, DAY_MS, START_MS};

/// Each figure of reading is the median of so many.
const TIMES: usize = 5;
/// Rows that are put at once.
const GROUP: usize = 50_000;
const MINUTE_MS: i64 = 60_000;
const DAYS: i64 = 30;
/// How long the store may take to follow the journal.
const PATIENCE: Duration = Duration::from_hours(1);

type Row = (i64, SampleRow);
/// How a peer takes rows.
type PutPeer = fn(&mut dyn Peer, &[Row]);

/// How much is done; each may be given as `NAME=NUMBER`.
struct Sizes {
    /// Series that come in interleaved, and minutes of them.
    many: (usize, usize),
    /// The same with more.
    more: (usize, usize),
    /// Series of a day that comes in minute by minute.
    day: usize,
    /// Series of a month that all peers keep.
    month: usize,
    /// Series of a month whose availability is computed exactly.
    exact: usize,
    /// Sites of a month in day sums.
    sites: usize,
    /// Series of a month, and the MiB under which they are read.
    limited: (usize, usize),
}

impl Sizes {
    fn of(arguments: &[String]) -> Self {
        let given = |name: &str, otherwise: usize| {
            let mut values = arguments
                .iter()
                .filter_map(|argument| argument.strip_prefix(name)?.strip_prefix('='));
            values
                .next()
                .map_or(otherwise, |value| value.parse().expect(name))
        };
        Self {
            many: (given("many", 100_000), given("many_minutes", 10)),
            more: (given("more", 500_000), given("more_minutes", 2)),
            day: given("day", 10_000),
            month: given("month", 60),
            exact: given("exact", 1_000),
            sites: given("sites", 10_000),
            limited: (given("limited", 240), given("limit", 48)),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|one| one == memory::CHILD) {
        memory::read_store(Path::new(&arguments[place + 1]));
        return;
    }
    let sizes = Sizes::of(&arguments);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    let mut figures = Vec::new();
    let place = |name: &str| folder.path().join(name);
    if arguments.iter().any(|one| one == "--limited") {
        memory::limited(&place("limited"), sizes.limited, &mut figures);
        print(&figures);
        return;
    }
    taking_in(&place("many"), sizes.many, &mut figures);
    taking_in(&place("more"), sizes.more, &mut figures);
    day(&place("day"), sizes.day, &mut figures);
    month(&place("month"), sizes.month, &mut figures);
    exact(&place("exact"), sizes.exact, &mut figures);
    country(&place("country"), sizes.sites, &mut figures);
    whole_path(&place("path"), &mut figures);
    memory::limited(&place("limited"), sizes.limited, &mut figures);
    print(&figures);
    write(&figures);
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let clock = SystemClock;
    let before = clock.monotonic();
    let done = work();
    (clock.monotonic().saturating_sub(before).as_secs_f64(), done)
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
    // Files of a server come and go.
    entries
        .filter_map(Result::ok)
        .map(|entry| bytes_below(&entry.path()))
        .sum()
}

/// Puts rows into the store and seals them; seconds.
fn put(store: &EmbeddedStore, position: &mut u64, rows: &[Row]) -> f64 {
    put_only(store, position, rows) + seconds(|| store.flush().expect("flush")).0
}

fn put_only(store: &EmbeddedStore, position: &mut u64, rows: &[Row]) -> f64 {
    let groups = rows.chunks(GROUP).map(|group| {
        *position += 1;
        let filling = Filling {
            position: *position,
            samples: group.iter().map(|(_, row)| row.clone()).collect(),
            evidence: vec![],
        };
        seconds(|| store.put(&filling).expect("put")).0
    });
    groups.sum()
}

/// A month of minutes of some series.
fn month(folder: &Path, series: usize, figures: &mut Vec<Figure>) {
    std::fs::create_dir_all(folder).expect("folder");
    let store = EmbeddedStore::open(&folder.join("ours")).expect("open");
    let mut others = peers::all(folder);
    let (mut position, mut count) = (0, 0.0);
    let mut fleet = Fleet::new(series);
    let mut last = None;
    println!("a month of {series} series");
    for day in 0..DAYS {
        let minutes = day * 1_440..(day + 1) * 1_440;
        let rows: Vec<Row> = minutes
            .flat_map(|minute| fleet.step(minute, MINUTE_MS))
            .collect();
        put(&store, &mut position, &rows);
        put_all(&mut others, &rows);
        count += rows.len() as f64;
        last = rows.into_iter().next_back();
    }
    let (_, row) = last.expect("a row");
    let span = (START_MS, START_MS + DAYS * DAY_MS);
    let expected = usize::try_from(DAYS * 1_440).expect("small");
    let peers = others
        .iter_mut()
        .map(|peer| (peer.name(), peer.bytes() / count))
        .collect();
    figures.push(Figure {
        name: "a sample on disk, after a month".into(),
        unit: "bytes",
        ours: bytes_below(&folder.join("ours")) / count,
        peers,
        goal: Some(7.5),
    });
    let filter = SeriesFilter {
        site: Some(&row.series.site),
        target: Some(&row.series.target),
    };
    let id = store.series(filter).expect("series")[0].id;
    let ours = median_seconds(|| {
        assert_eq!(
            store.scan(id, span.0, span.1).expect("scan").len(),
            expected
        );
    });
    let mut read = Vec::new();
    for peer in &mut others {
        let taken = median_seconds(|| assert_eq!(peer.month(&row, span), expected));
        read.push((peer.name(), taken * 1e3));
    }
    figures.push(Figure {
        name: "the month of one series, read".into(),
        unit: "ms",
        ours: ours * 1e3,
        peers: read,
        goal: Some(3.0),
    });
    let exact = median_seconds(|| exact_month(&store, span, expected));
    let mut counted = Vec::new();
    for peer in &mut others {
        let taken = median_seconds(|| assert_eq!(peer.shares(span), series));
        counted.push((peer.name(), count / taken));
    }
    figures.push(Figure {
        name: format!(
            "availability of a month, {series} series: ours exact, one core; peers count"
        ),
        unit: "samples/s",
        ours: count / exact,
        peers: counted,
        goal: Some(30_000_000.0),
    });
}

/// A month of many series, exactly.
fn exact(folder: &Path, series: usize, figures: &mut Vec<Figure>) {
    println!("a month of {series} series, ours alone");
    let store = memory::filled(folder, series);
    let span = (START_MS, START_MS + DAYS * DAY_MS);
    let slots = usize::try_from(DAYS * 1_440).expect("small");
    let taken = median_seconds(|| exact_month(&store, span, slots));
    for (what, unit, ours, goal) in [
        ("", "s", taken, None),
        (
            ", a core",
            "samples/s",
            (series * slots) as f64 / taken,
            Some(30_000_000.0),
        ),
    ] {
        figures.push(Figure {
            name: format!("exact availability of a month, {series} series{what}"),
            unit,
            ours,
            peers: vec![],
            goal,
        });
    }
}

/// The slots and outages of every series.
fn exact_month(store: &EmbeddedStore, (from, to): (i64, i64), slots: usize) {
    for series in store.series(SeriesFilter::default()).expect("series") {
        let block = store.scan(series.id, from, to).expect("scan");
        let observations = block.observations(None);
        let slots = form_slots(&SlotRule::default(), from, slots, &[&observations]);
        let parameters = MachineParameters::default();
        let run = run(parameters, Availability::Available, &slots, &[]);
        assert_eq!(run.states.len(), slots.len());
    }
}

/// A month of many sites from the sums of their days.
fn country(folder: &Path, sites: usize, figures: &mut Vec<Figure>) {
    println!("day sums of {sites} sites");
    std::fs::create_dir_all(folder).expect("folder");
    let store = EmbeddedStore::open(&folder.join("ours")).expect("open");
    let mut others = peers::all(folder);
    let series = sites * OF_SITE;
    let mut fleet = Fleet::new(series);
    let mut position = 0;
    for day in 0..DAYS {
        // A sample a day: a day's sums are as large, however many there are. The peers keep such a row a
        // day too, as who sums up days in them does.
        let rows = fleet.step(day, DAY_MS);
        put(&store, &mut position, &rows);
        put_all(&mut others, &rows);
    }
    let taken = median_seconds(|| month_of_sums(&store, series));
    let span = (START_MS, START_MS + DAYS * DAY_MS);
    let mut read = Vec::new();
    for peer in &mut others {
        let taken = median_seconds(|| assert_eq!(peer.shares(span), series));
        read.push((peer.name(), taken));
    }
    figures.push(Figure {
        name: format!("a month of {sites} sites, {OF_SITE} series each, from day sums"),
        unit: "s",
        ours: taken,
        peers: read,
        goal: Some(1.0),
    });
}

/// The shares of a month of all series from the sums of their days.
fn month_of_sums(store: &EmbeddedStore, series: usize) {
    let first = START_MS / DAY_MS;
    let sums = store
        .sums(SeriesFilter::default(), (first, first + DAYS))
        .expect("sums");
    let shares = sums
        .iter()
        .map(|(_, one)| 1.0 - one.silent as f64 / one.samples as f64);
    assert_eq!(shares.filter(|share| *share > 0.5).count(), series);
}

/// Signed batches over TLS, through journal and store.
fn whole_path(folder: &Path, figures: &mut Vec<Figure>) {
    const SITES: usize = 20;
    const DAYS: usize = 30;
    let now = START_MS + 30 * DAY_MS;
    let clock = Arc::new(ManualClock::new(now, 5_000));
    let collector = Collector::open(folder, Arc::clone(&clock) as Arc<dyn Clock>).expect("open");
    let batches = Agents::enrol(&collector, SITES, now).batches(DAYS);
    let samples = (SITES * 3 * DAYS * 1_440) as f64;
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let (taken, ()) = seconds(|| {
        runtime.block_on(https::send(&collector, batches, &clock));
        let last = collector.journal().last_position();
        assert!(
            collector.wait_applied(last, PATIENCE),
            "the store does not follow"
        );
    });
    drop(collector);
    figures.push(Figure {
        name: "signed batches over HTTPS, through journal and store".into(),
        unit: "samples/s",
        ours: samples / taken,
        peers: vec![],
        goal: Some(50_000.0),
    });
    figures.push(Figure {
        name: "a sample in the journal".into(),
        unit: "bytes",
        ours: bytes_below(&folder.join("journal.sqlite")) / samples,
        peers: vec![],
        goal: Some(13.0),
    });
}
